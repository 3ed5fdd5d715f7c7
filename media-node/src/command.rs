//! Owns what HTTP asks of the media node, and the handle by which it does. The node is one task that nobody shares anything with.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use media_core::PeerId;
use tokio::sync::mpsc;

use crate::{
    limits::COMMANDS_MAX,
    outbox::{Outbox, OutboxReader, outbox},
};

/// What is asked.
#[derive(Debug)]
pub(crate) enum Command {
    /// A signalling channel was opened.
    Open {
        /// By this peer, whom nobody was before.
        peer: PeerId,
        /// For what it is told.
        outbox: Outbox,
        /// Whether its media alone show that it is there: nobody waits at the other end of the outbox.
        by_media: bool,
    },
    /// A message came on it.
    Signal {
        /// From whom.
        peer: PeerId,
        /// JSON.
        message: Bytes,
    },
    /// It is closed, by the client.
    Close {
        /// Whose.
        peer: PeerId,
    },
    /// Nobody new is to be let in, and everybody out after a while.
    Drain {
        /// How long those who are in may stay.
        within: Duration,
    },
}

/// The media node is gone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NodeGone;

/// By which the media node is asked.
#[derive(Clone, Debug)]
pub(crate) struct NodeHandle {
    commands: mpsc::Sender<Command>,
    peers: Arc<AtomicU32>,
}

impl NodeHandle {
    /// With the other end for the node.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Command>) {
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        (Self { commands, peers: Arc::default() }, receiver)
    }

    /// A channel for a new peer, who is there for as long as it is open.
    pub(crate) async fn open(&self) -> Result<(Channel, OutboxReader), NodeGone> {
        self.begin(false).await
    }

    /// A channel for a new peer, who is gone when nothing more comes over the connection.
    pub(crate) async fn open_for_media(&self) -> Result<(Channel, OutboxReader), NodeGone> {
        self.begin(true).await
    }

    async fn begin(&self, by_media: bool) -> Result<(Channel, OutboxReader), NodeGone> {
        let peer = PeerId(self.peers.fetch_add(1, Ordering::Relaxed));
        let (outbox, reader) = outbox();
        self.send(Command::Open { peer, outbox, by_media }).await?;
        Ok((Channel { peer, node: self.clone() }, reader))
    }

    /// Begins the end. A second call can only bring it nearer.
    pub(crate) async fn drain(&self, within: Duration) -> Result<(), NodeGone> {
        self.send(Command::Drain { within }).await
    }

    async fn send(&self, command: Command) -> Result<(), NodeGone> {
        self.commands.send(command).await.map_err(|_| NodeGone)
    }
}

/// One peer's way to the node. It is to be closed.
#[derive(Debug)]
pub(crate) struct Channel {
    peer: PeerId,
    node: NodeHandle,
}

impl Channel {
    /// A message for the engine.
    pub(crate) async fn signal(&self, message: Bytes) -> Result<(), NodeGone> {
        self.node.send(Command::Signal { peer: self.peer, message }).await
    }

    /// The peer is gone.
    pub(crate) async fn close(self) {
        // A node that is gone knows no peers.
        let _ = self.node.send(Command::Close { peer: self.peer }).await;
    }
}
