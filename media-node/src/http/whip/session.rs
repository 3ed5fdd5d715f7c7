//! Owns sessions of WHIP and WHEP: each is a participant whose side of signalling the server plays.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use axum::http::StatusCode;
use media_core::{
    MediaKind,
    signalling::{ClientMessage, Request, ServerMessage},
};
use tokio::sync::oneshot;

use crate::{
    command::{Channel, NodeHandle},
    entropy,
    http::problem::Problem,
    outbox::OutboxReader,
};

/// The request numbers that the server uses.
const JOIN: u32 = 1;
const NEGOTIATE: u32 = 2;
const WATCH: u32 = 3;

/// One session.
pub(super) struct Session {
    channel: Channel,
    reader: OutboxReader,
}

impl Session {
    pub(super) async fn open(node: &NodeHandle) -> Result<Self, Problem> {
        let (channel, reader) = node.open_for_media().await.map_err(|_| Problem::gone())?;
        Ok(Self { channel, reader })
    }

    async fn ask(&self, request: u32, body: Request) -> Result<(), Problem> {
        let message = ClientMessage { request, body }.encode();
        self.channel.signal(message.into()).await.map_err(|_| Problem::gone())
    }

    async fn next(&mut self) -> Option<ServerMessage> {
        let message = self.reader.next().await?;
        ServerMessage::decode(&message).ok()
    }

    /// Enters the conference.
    #[expect(clippy::wildcard_enum_match_arm, reason = "others are news, which matter later")]
    pub(super) async fn join(&mut self, join: Request) -> Result<(), Problem> {
        self.ask(JOIN, join).await?;
        while let Some(message) = self.next().await {
            match message {
                ServerMessage::Entered { .. } => return Ok(()),
                ServerMessage::Refused { reason, .. } => return Err(Problem::refused(reason)),
                // Nobody in front of an encoder would see that they are let in.
                ServerMessage::Waiting { .. } => return Err(Problem::new(StatusCode::FORBIDDEN, "lobby")),
                _ => {}
            }
        }
        Err(Problem::gone())
    }

    /// Agrees on the connection; gives the answer. Pictures are watched from the beginning.
    #[expect(clippy::wildcard_enum_match_arm, reason = "others are news of no concern")]
    pub(super) async fn negotiate(&mut self, offer: String) -> Result<String, Problem> {
        self.ask(NEGOTIATE, Request::Negotiate { offer }).await?;
        while let Some(message) = self.next().await {
            match message {
                ServerMessage::Answer { answer, .. } => return Ok(answer),
                ServerMessage::OfferRefused { reason, .. } => return Err(Problem::offer_refused(reason)),
                ServerMessage::Refused { request: NEGOTIATE, reason } => {
                    return Err(Problem::refused(reason));
                }
                message => self.on_news(&message).await,
            }
        }
        Err(Problem::gone())
    }

    /// Watches what there is to see.
    async fn on_news(&self, message: &ServerMessage) {
        if let ServerMessage::TrackAdded { track } = message
            && track.kind != MediaKind::Audio
        {
            let layer = Some(track.layers.saturating_sub(1));
            let watch = Request::Watch { source: track.participant, kind: track.kind, layer };
            // A node that is gone shows nothing.
            let _ = self.ask(WATCH, watch).await;
        }
    }

    pub(super) async fn close(self) {
        self.channel.close().await;
    }

    /// Goes on until the conference or the client ends it.
    async fn live(mut self, ended: oneshot::Receiver<()>) {
        let talk = async {
            while let Some(message) = self.next().await {
                if matches!(message, ServerMessage::Out { .. }) {
                    return;
                }
                self.on_news(&message).await;
            }
        };
        tokio::select! {
            () = talk => {}
            _ = ended => {}
        }
        self.close().await;
    }
}

/// The sessions that there are, by names that cannot be guessed: who knows one may end it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions(Arc<Mutex<BTreeMap<String, oneshot::Sender<()>>>>);

impl Sessions {
    /// Lets a session live; gives its name.
    pub(super) fn keep(&self, session: Session) -> Result<String, Problem> {
        let mut name = String::new();
        for byte in entropy::seed().map_err(|_| Problem::gone())? {
            // A string takes what is written.
            let _ = write!(name, "{byte:02x}");
        }
        let (end, ended) = oneshot::channel();
        self.lock().insert(name.clone(), end);
        let (sessions, own) = (self.clone(), name.clone());
        tokio::spawn(async move {
            session.live(ended).await;
            sessions.lock().remove(&own);
        });
        Ok(name)
    }

    /// Ends a session; false when there is none.
    pub(super) fn end(&self, name: &str) -> bool {
        self.lock().remove(name).is_some_and(|end| end.send(()).is_ok())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, oneshot::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
