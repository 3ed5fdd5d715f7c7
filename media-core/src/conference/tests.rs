//! Owns the harness in which the claims about conferences are made: a directory, peers that ask, and the effects of
//! each request.

mod crash;
mod delivery;
mod entry;
mod exit;
mod invariants;
mod licence;
mod limits;
mod mode;
mod moderation;
mod resume;
mod suites;
mod tracks;

use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{ConferenceConfig, Directory, Effect};
use crate::{
    Timestamp,
    ids::{ParticipantId, PeerId},
    media::Permissions,
    secret::Token,
    signalling::{
        ClientInfo, ClientMessage, Encryption, EndpointKind, LinkToken, Mode, Refusal, Request, Role,
        ServerMessage,
    },
};

/// A desk that encrypts.
const DESK: ClientInfo = ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) };
const AUDIO: Permissions = Permissions { audio: true, video: false, screen: false };
const AUDIO_VIDEO: Permissions = Permissions { audio: true, video: true, screen: false };

/// The credential of holder `index`.
fn credential(index: u8) -> Token {
    Token::from_bytes([index + 1; 16])
}

/// Six holders with a licence each.
fn config() -> ConferenceConfig {
    ConferenceConfig { licences: 6, holders: (0..6).map(credential).collect(), ..ConferenceConfig::default() }
}

/// A directory, and the time.
struct Hall {
    config: ConferenceConfig,
    directory: Directory,
    now: Timestamp,
    request: u32,
}

impl Hall {
    fn new(config: ConferenceConfig) -> Self {
        let directory = Directory::new(config.clone(), ChaCha20Rng::seed_from_u64(1)).unwrap();
        Self { config, directory, now: Timestamp::ZERO, request: 0 }
    }

    /// What a request leads to.
    fn ask(&mut self, peer: u32, body: Request) -> Vec<Effect> {
        self.request += 1;
        let message = ClientMessage { request: self.request, body };
        self.directory.handle_request(self.now, PeerId(peer), message);
        self.drain()
    }

    /// What a request leads to that must be granted.
    fn done(&mut self, peer: u32, body: Request) -> Vec<Effect> {
        let effects = self.ask(peer, body);
        let done = ServerMessage::Done { request: self.request };
        assert!(to(&effects, peer).contains(&&done), "not done: {effects:?}");
        effects
    }

    /// Why a request is refused. Refusals have no other effect than that they are told.
    fn refused(&mut self, peer: u32, body: Request) -> Refusal {
        match self.ask(peer, body).as_slice() {
            [
                Effect::Refused { reason, .. },
                Effect::Send { peer: receiver, message: ServerMessage::Refused { request, reason: told } },
            ] => {
                assert_eq!((*told, *request, *receiver), (*reason, self.request, PeerId(peer)));
                *reason
            }
            effects => panic!("not just refused: {effects:?}"),
        }
    }

    fn disconnect(&mut self, peer: u32) -> Vec<Effect> {
        self.directory.handle_disconnect(self.now, PeerId(peer));
        self.drain()
    }

    /// Lets time pass, as far as the directory wants to be called.
    fn pass(&mut self, time: Duration) -> Vec<Effect> {
        self.now = self.now + time;
        if self.directory.poll_timeout().is_some_and(|due| due <= self.now) {
            self.directory.handle_timeout(self.now);
        }
        self.drain()
    }

    /// Holder `holder` starts a conference over connection `peer`: its link.
    fn start_as(&mut self, peer: u32, holder: u8, mode: Mode, lobby: bool) -> LinkToken {
        let effects = self.ask(peer, start(holder, mode, lobby));
        let mut messages = to(&effects, peer).into_iter();
        let link = messages.find_map(|message| {
            let ServerMessage::Entered { invitation, .. } = message else { return None };
            invitation.as_ref().map(|invitation| invitation.link.clone())
        });
        link.expect("a start is answered with a link")
    }

    /// Holder 0 starts a discussion without lobby over connection 0.
    fn start(&mut self) -> LinkToken {
        self.start_as(0, 0, Mode::Discussion, false)
    }

    /// Holder 0 starts a presentation without lobby over connection 0.
    fn present(&mut self) -> LinkToken {
        self.start_as(0, 0, Mode::Presenter, false)
    }

    /// A guest comes in.
    fn guest(&mut self, peer: u32, link: &LinkToken) -> ParticipantId {
        self.ask(peer, join(link));
        self.participant(peer)
    }

    /// A holder comes in.
    fn holder(&mut self, peer: u32, link: &LinkToken, holder: u8) -> ParticipantId {
        self.ask(peer, join_as(link, holder));
        self.participant(peer)
    }

    /// Who comes in to be named moderator.
    fn moderator(&mut self, peer: u32, link: &LinkToken, holder: u8) -> ParticipantId {
        let participant = self.holder(peer, link, holder);
        self.done(0, Request::NameModerator { participant });
        participant
    }

    fn participant(&self, peer: u32) -> ParticipantId {
        self.directory.participant_of(PeerId(peer)).expect("is in")
    }

    fn is_in(&self, peer: u32) -> bool {
        self.directory.participant_of(PeerId(peer)).is_some()
    }

    fn permissions(&self, peer: u32) -> Permissions {
        self.directory.permissions_of(PeerId(peer)).expect("is in")
    }

    fn role(&self, peer: u32) -> Role {
        let place = self.directory.present(PeerId(peer)).expect("is in");
        let running = &self.directory.conferences[&place.conference];
        running.role_of(running.roster.get(place.participant).unwrap().holder)
    }

    fn drain(&mut self) -> Vec<Effect> {
        std::iter::from_fn(|| self.directory.poll_effect()).collect()
    }
}

fn start(holder: u8, mode: Mode, lobby: bool) -> Request {
    Request::Start { credential: Some(credential(holder)), name: "host".into(), mode, lobby, client: DESK }
}

fn join(link: &LinkToken) -> Request {
    Request::Join {
        link: link.clone(),
        credential: None,
        resume: None,
        attempt: None,
        name: "guest".into(),
        client: DESK,
    }
}

fn join_as(link: &LinkToken, holder: u8) -> Request {
    let credential = Some(credential(holder));
    Request::Join {
        link: link.clone(),
        credential,
        resume: None,
        attempt: None,
        name: "holder".into(),
        client: DESK,
    }
}

/// What is sent to somebody.
fn to(effects: &[Effect], receiver: u32) -> Vec<&ServerMessage> {
    let sent = effects.iter().filter_map(|effect| {
        let Effect::Send { peer, message } = effect else { return None };
        (*peer == PeerId(receiver)).then_some(message)
    });
    sent.collect()
}

/// Whose permissions change, in order.
fn changes(effects: &[Effect]) -> Vec<(ParticipantId, Permissions)> {
    let changed = effects.iter().filter_map(|effect| {
        let Effect::PermissionsChanged { participant, permissions } = effect else { return None };
        Some((*participant, *permissions))
    });
    changed.collect()
}

/// Where in the order the first effect of a kind stands.
fn position(effects: &[Effect], is: impl Fn(&Effect) -> bool) -> usize {
    effects.iter().position(is).unwrap_or_else(|| panic!("is not among {effects:?}"))
}

/// Every effect that concerns media stands before the acknowledgement.
fn assert_media_first(effects: &[Effect]) {
    let answer = position(effects, |effect| {
        matches!(effect, Effect::Send { message: ServerMessage::Done { .. }, .. })
    });
    let late = effects[answer..].iter().find(|effect| !matches!(effect, Effect::Send { .. }));
    assert_eq!(late, None, "an effect on media stands behind the acknowledgement");
}
