//! Owns a media node of the city: the engine and its signalling channels, on media as metadata. It is the engine that every
//! other rehearsal has; only what stands between it and the network is lighter.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use media_core::{
    DropReason, PeerId, Timestamp,
    conference::{ConferenceConfig, ControlState, Statistics},
    engine::{Engine, EngineConfig, Event, Input, Outgoing, Output, Transmit},
    forwarding::ForwardedRtp,
    limits,
    rtp::{Protocol, RtpView, demux},
    secret::Token,
};

use super::{
    CitySabotage, Means,
    digest::Digest,
    edge,
    load::{self, Load},
    plan::Fault,
};
use crate::{
    channel::{Channel, ChannelState, Stray},
    endpoint::light::LightPacket,
    media_node::engine_seed,
    node::{BACKBONE_DELAY, HostId, WindowHost},
    packet::{Datagram, person_of},
    seed::Seed,
    trace::Channel as Wire,
};

/// One in so many packets is stated wrongly under [`CitySabotage::WrongLength`].
const WRONG_EVERY: u64 = 1_000;
/// From then on nodes are silent under [`CitySabotage::SilentNodes`].
const SILENT_FROM: Timestamp = Timestamp::from_millis(6_000);

/// What a node did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeRecord {
    /// Media packets that came.
    pub received: u64,
    /// Media packets that went out.
    pub forwarded: u64,
    /// Those of them that carry a part of a picture.
    pub forwarded_video: u64,
    /// Bytes of all that went out, IP and UDP headers included.
    pub forwarded_bytes: u64,
    /// Transport-wide feedback and other RTCP that came.
    pub feedback: u64,
    /// Padding that probed paths.
    pub probes: u64,
    /// Forwarded in each second.
    pub forwarded_per_second: Vec<u64>,
    /// What went no further, and why.
    pub drops: BTreeMap<DropReason, u64>,
    /// Conferences that began.
    pub started: u64,
    /// Conferences at once, at most.
    pub conferences_most: u32,
    /// People at once, at most.
    pub participants_most: u32,
    /// How it stood at the end.
    pub statistics: Statistics,
}

/// A media node.
pub(super) struct CityNode {
    config: EngineConfig,
    seed: (Seed, u64),
    engine: Option<Engine>,
    /// While it is down.
    stored: Option<(ControlState, Timestamp)>,
    crash: Option<Fault>,
    /// Host of each person.
    hosts: Arc<Vec<HostId>>,
    now: Timestamp,
    channels: BTreeMap<PeerId, Channel>,
    timers: BTreeSet<(Timestamp, PeerId)>,
    scheduled: BTreeMap<PeerId, Timestamp>,
    engine_timeout: Timestamp,
    pending: Vec<(Timestamp, Load)>,
    means: Means,
    sabotage: Option<CitySabotage>,
    /// Kept for its memory.
    written: Vec<u8>,
    digest: Digest,
    record: NodeRecord,
}

impl CityNode {
    /// Node `index`, with so many licences, whose holders show `holders`.
    pub(super) fn new(
        (index, licences): (u64, u32),
        holders: Vec<Token>,
        participants_max: u32,
        hosts: Arc<Vec<HostId>>,
        seed: Seed,
    ) -> Self {
        let config = EngineConfig {
            conference: ConferenceConfig {
                licences,
                participants_max,
                holders,
                ..ConferenceConfig::default()
            },
            speakers: limits::SPEAKERS_DEFAULT,
            downlink: limits::DOWNLINK_DEFAULT,
            seed: engine_seed(seed, index),
        };
        let engine = Engine::new(config.clone()).expect("the city was validated");
        Self {
            config,
            seed: (seed, index),
            engine: Some(engine),
            stored: None,
            crash: None,
            hosts,
            now: Timestamp::ZERO,
            channels: BTreeMap::new(),
            timers: BTreeSet::new(),
            scheduled: BTreeMap::new(),
            engine_timeout: Timestamp::FAR_FUTURE,
            pending: Vec::new(),
            means: Means::quick(1),
            sabotage: None,
            written: Vec::new(),
            digest: Digest::default(),
            record: NodeRecord::default(),
        }
    }

    pub(super) fn with_crash(self, crash: Option<Fault>) -> Self {
        Self { crash, ..self }
    }

    pub(super) fn with_means(self, means: Means, sabotage: Option<CitySabotage>) -> Self {
        Self { means, sabotage, ..self }
    }

    pub(super) fn finish(mut self) -> (NodeRecord, u64) {
        self.record.statistics = self.engine.as_ref().map(Engine::statistics).unwrap_or_default();
        (self.record, self.digest.value())
    }

    fn on_load(&mut self, load: Load, out: &mut [Vec<u8>]) {
        if self.engine.is_none() {
            return;
        }
        match load {
            Load::Front { peer, front, absent } => {
                self.on_media_came(peer, front.len() + usize::from(absent));
                self.feed(Input::Front { peer, front, absent }, out);
            }
            Load::Datagram(Datagram { peer, channel: Wire::Media, bytes }) => {
                if demux(&bytes) == Protocol::Rtp {
                    self.on_media_came(peer, bytes.len());
                } else {
                    self.record.feedback += 1;
                }
                self.feed(Input::Datagram { peer, datagram: bytes }, out);
            }
            Load::Datagram(Datagram { peer, bytes, .. }) => self.on_segment(peer, &bytes, out),
            Load::Media { .. } | Load::Link { .. } => {}
        }
    }

    fn on_media_came(&mut self, peer: PeerId, bytes: usize) {
        self.record.received += 1;
        self.digest.add([u64::from(peer.0), self.now.as_nanos(), bytes as u64]);
    }

    fn on_segment(&mut self, peer: PeerId, segment: &[u8], out: &mut [Vec<u8>]) {
        if !self.channels.contains_key(&peer) {
            match Channel::stray(segment) {
                Stray::Opens => drop(self.channels.insert(peer, Channel::accept(self.now))),
                Stray::Reset(reset) => {
                    let bytes = Bytes::from(reset);
                    return self.send(Datagram { peer, channel: Wire::Signalling, bytes }, out);
                }
                Stray::Ignored => return,
            }
        }
        if let Some(channel) = self.channels.get_mut(&peer) {
            channel.handle_segment(self.now, segment);
        }
        self.drain_channel(peer, out);
    }

    fn drain_channel(&mut self, peer: PeerId, out: &mut [Vec<u8>]) {
        while let Some(message) = self.channels.get_mut(&peer).and_then(Channel::poll_message) {
            self.feed(Input::Signal { peer, message: &message }, out);
        }
        let closed = |channel: &Channel| matches!(channel.state(), ChannelState::Closed { .. });
        if self.channels.get(&peer).is_some_and(closed) {
            self.flush_channel(peer, out);
            self.channels.remove(&peer);
            self.reschedule(peer);
            self.feed(Input::Disconnected { peer }, out);
        }
        self.flush_channel(peer, out);
    }

    fn feed(&mut self, input: Input<'_>, out: &mut [Vec<u8>]) {
        let Some(engine) = &mut self.engine else { return };
        engine.handle_input(self.now, input).expect("the host keeps the engine's contract");
        while let Some(engine) = &mut self.engine {
            match engine.poll_output() {
                Output::Timeout(at, _) => {
                    self.engine_timeout = at;
                    break;
                }
                Output::Transmit(Transmit { peer, packet }) => self.transmit(peer, packet, out),
                Output::Event(event) => self.on_event(&event),
                // Nobody in a rehearsal of a city speaks WebRTC.
                Output::Offered { .. } => {}
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some events are counted")]
    fn on_event(&mut self, event: &Event) {
        match event {
            Event::Dropped { reason, .. } => *self.record.drops.entry(*reason).or_default() += 1,
            Event::ConferenceStarted(_) => self.record.started += 1,
            _ => {}
        }
        if matches!(event, Event::ConferenceStarted(_) | Event::Entered { .. }) {
            let statistics = self.engine.as_ref().map(Engine::statistics).unwrap_or_default();
            self.record.conferences_most = self.record.conferences_most.max(statistics.conferences as u32);
            self.record.participants_most = self.record.participants_most.max(statistics.present as u32);
        }
    }

    fn transmit(&mut self, peer: PeerId, packet: Outgoing, out: &mut [Vec<u8>]) {
        match packet {
            Outgoing::Signal(message) => {
                if let Some(channel) = self.channels.get_mut(&peer) {
                    channel.send(self.now, message.into());
                    self.flush_channel(peer, out);
                }
            }
            Outgoing::Rtp(packet) => self.forward(peer, &packet, out),
            Outgoing::Rtcp(bytes) => self.send(Datagram { peer, channel: Wire::Media, bytes }, out),
            Outgoing::Probe(bytes) => {
                self.record.probes += 1;
                let transport = RtpView::parse(&bytes)
                    .ok()
                    .and_then(|view| view.transport_sequence())
                    .unwrap_or_default();
                let packet = LightPacket::padding(transport, bytes.len() as u16);
                if let Some(host) = self.hosts.get(person_of(peer).0) {
                    load::write_media(
                        self.now + BACKBONE_DELAY,
                        peer,
                        &packet,
                        &[],
                        &mut out[*host as usize],
                    );
                }
            }
        }
    }

    fn forward(&mut self, peer: PeerId, packet: &ForwardedRtp, out: &mut [Vec<u8>]) {
        let mut light = edge::light(packet);
        if !self.means.is_light {
            self.written.clear();
            packet.write(&mut self.written);
            light = edge::read_again(light, &self.written);
        }
        self.count_forwarded(&light);
        match self.sabotage {
            Some(CitySabotage::WrongLength) if self.record.forwarded.is_multiple_of(WRONG_EVERY) => {
                light.bytes -= 1;
            }
            Some(CitySabotage::SilentNodes) if !light.part.video && self.now > SILENT_FROM => return,
            Some(_) | None => {}
        }
        let earlier = if packet.redundant.is_some() { edge::earlier(packet) } else { Vec::new() };
        if let Some(host) = self.hosts.get(person_of(peer).0) {
            let batch = &mut out[*host as usize];
            load::write_media(self.now + BACKBONE_DELAY, peer, &light, &earlier, batch);
        }
    }

    fn count_forwarded(&mut self, packet: &LightPacket) {
        self.record.forwarded += 1;
        self.record.forwarded_video += u64::from(packet.part.video);
        self.record.forwarded_bytes += u64::from(packet.bytes) + 28;
        let second = (self.now.as_nanos() / 1_000_000_000) as usize;
        let seconds = &mut self.record.forwarded_per_second;
        if seconds.len() <= second {
            seconds.resize(second + 1, 0);
        }
        seconds[second] += 1;
    }

    fn flush_channel(&mut self, peer: PeerId, out: &mut [Vec<u8>]) {
        while let Some(segment) =
            self.channels.get_mut(&peer).and_then(|channel| channel.poll_segment(self.now))
        {
            self.send(Datagram { peer, channel: Wire::Signalling, bytes: Bytes::from(segment) }, out);
        }
        self.reschedule(peer);
    }

    fn send(&mut self, datagram: Datagram, out: &mut [Vec<u8>]) {
        if let Some(host) = self.hosts.get(person_of(datagram.peer).0) {
            Load::Datagram(datagram).write(self.now + BACKBONE_DELAY, &mut out[*host as usize]);
        }
    }

    fn reschedule(&mut self, peer: PeerId) {
        let next = self.channels.get(&peer).and_then(Channel::poll_timeout);
        if self.scheduled.get(&peer).copied() == next {
            return;
        }
        if let Some(before) = self.scheduled.remove(&peer) {
            self.timers.remove(&(before, peer));
        }
        if let Some(next) = next {
            self.scheduled.insert(peer, next);
            self.timers.insert((next, peer));
        }
    }

    /// When the node crashes, or the next life begins.
    fn turn(&self) -> Timestamp {
        let Some(crash) = self.crash else { return Timestamp::FAR_FUTURE };
        if self.engine.is_some() { crash.from } else { crash.until }
    }

    fn on_turn(&mut self, out: &mut [Vec<u8>]) {
        if let Some(engine) = self.engine.take() {
            self.stored = Some((engine.control_state(), self.now));
            self.channels.clear();
            self.timers.clear();
            self.scheduled.clear();
            self.engine_timeout = Timestamp::FAR_FUTURE;
            return;
        }
        self.crash = None;
        if let Some((state, crashed_at)) = self.stored.take() {
            let mut config = self.config.clone();
            // A token must not be made twice.
            config.seed = engine_seed(self.seed.0, self.seed.1 + 1_000);
            let engine = if self.sabotage == Some(CitySabotage::ForgetfulNode) {
                Engine::new(config).expect("the city was validated")
            } else {
                Engine::resume(config, state, crashed_at).expect("the store holds what the engine gave")
            };
            self.engine = Some(engine);
            self.feed(Input::Timeout, out);
        }
    }

    fn on_timers(&mut self, out: &mut [Vec<u8>]) {
        if self.turn() <= self.now {
            self.on_turn(out);
        }
        if self.engine_timeout <= self.now {
            self.engine_timeout = Timestamp::FAR_FUTURE;
            self.feed(Input::Timeout, out);
        }
        while let Some((at, peer)) = self.timers.first().copied().filter(|(at, _)| *at <= self.now) {
            self.timers.remove(&(at, peer));
            self.scheduled.remove(&peer);
            if let Some(channel) = self.channels.get_mut(&peer) {
                channel.handle_timeout(self.now);
            }
            self.drain_channel(peer, out);
        }
    }

    fn next_timer(&self) -> Timestamp {
        let channels = self.timers.first().map_or(Timestamp::FAR_FUTURE, |(at, _)| *at);
        channels.min(self.engine_timeout).min(self.turn())
    }
}

impl WindowHost for CityNode {
    fn take(&mut self, _: HostId, batch: &[u8]) {
        load::read(batch, |at, load| self.pending.push((at, load)));
    }

    fn advance(&mut self, end: Timestamp, out: &mut [Vec<u8>]) {
        let mut pending = std::mem::take(&mut self.pending);
        // On which host somebody sits decides nothing: those who come at one time come by number.
        pending.sort_by_key(|(at, load)| (*at, load.peer().map(|peer| person_of(peer).0)));
        for (at, load) in pending.drain(..) {
            assert!(at < end, "what comes in a window is due in it");
            while self.next_timer() < at {
                self.now = self.now.max(self.next_timer());
                self.on_timers(out);
            }
            self.now = self.now.max(at);
            self.on_load(load, out);
        }
        while self.next_timer() < end {
            self.now = self.now.max(self.next_timer());
            self.on_timers(out);
        }
        self.now = self.now.max(end);
        self.pending = pending;
    }
}
