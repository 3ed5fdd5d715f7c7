//! Owns the media node: one task that has the engine, the transports and the media socket to itself. HTTP asks it by commands
//! ([`crate::command`]); the engine decides, the transports carry, this task only passes things on.

mod departures;
mod drain;
mod output;
mod silence;
mod turn;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::SocketAddr,
    sync::Arc,
};

use media_core::{
    PeerId, Timestamp,
    conference::ConferenceConfig,
    engine::{Engine, EngineConfig, Input},
    limits::DOWNLINK_DEFAULT,
    transport::{TransportConfig, Transports},
};
use tokio::sync::mpsc;

use crate::{
    certificate, clock::Clock, command::Command, entropy, metrics::Metrics, outbox::Outbox,
    send_batch::SendBatch, server::StartError, socket::MediaSocket,
};

use departures::Departures;
use drain::Drain;
use silence::Silence;

/// The media node.
pub(crate) struct MediaNode {
    clock: Clock,
    now: Timestamp,
    engine: Engine,
    engine_timeout: Timestamp,
    transports: Transports,
    socket: MediaSocket,
    departures: Departures,
    batch: SendBatch,
    commands: mpsc::Receiver<Command>,
    outboxes: BTreeMap<PeerId, Outbox>,
    /// Who is in a conference.
    inside: BTreeSet<PeerId>,
    /// Whose media can flow.
    connected: BTreeSet<PeerId>,
    /// What the engine is to be told when everything that it has said is done.
    followups: VecDeque<Input<'static>>,
    inbound: Vec<(SocketAddr, Vec<u8>)>,
    drain: Drain,
    silence: Silence,
    /// Somebody came, left or waits since the people were counted.
    changed: bool,
    metrics: Arc<Metrics>,
}

impl MediaNode {
    /// The node behind a socket, reached at `candidates`.
    pub(crate) fn new(
        conference: ConferenceConfig,
        speakers: usize,
        (socket, candidates): (MediaSocket, Vec<SocketAddr>),
        commands: mpsc::Receiver<Command>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, StartError> {
        let clock = Clock::start();
        let seed = || entropy::seed().map_err(|_| StartError::NoEntropy);
        let engine =
            Engine::new(EngineConfig { conference, speakers, downlink: DOWNLINK_DEFAULT, seed: seed()? })?;
        let transports = Transports::new(TransportConfig {
            certificate: certificate::generate()?,
            crypto: dimpl::crypto::aws_lc_rs::default_provider(),
            anchor: clock.anchor(),
            candidates,
            seed: seed()?,
        })?;
        Ok(Self {
            clock,
            now: Timestamp::ZERO,
            engine,
            engine_timeout: Timestamp::FAR_FUTURE,
            transports,
            departures: Departures::default(),
            batch: SendBatch::new(socket.segments_max()),
            socket,
            commands,
            outboxes: BTreeMap::new(),
            inside: BTreeSet::new(),
            connected: BTreeSet::new(),
            followups: VecDeque::new(),
            inbound: Vec::new(),
            drain: Drain::default(),
            silence: Silence::default(),
            changed: false,
            metrics,
        })
    }

    /// Tells the engine something, does what it says, and tells it what came of that.
    fn feed(&mut self, input: Input<'_>) {
        self.take(input);
        while let Some(input) = self.followups.pop_front() {
            self.take(input);
        }
    }

    fn take(&mut self, input: Input<'_>) {
        self.engine.handle_input(self.now, input).expect("time goes on, and outputs are polled");
        self.drain_engine();
    }
}
