//! Owns the host of the media nodes: the engine, one reliable channel for each peer's signalling, and the observer on the
//! wire. The engine decides; this host only carries. When the engine crashes, connections and timers go with it; the
//! observer and the records of the run do not. One node at a time holds the conferences; the others have addresses of their
//! own and nothing behind them.

mod clock;
mod lives;
mod record;
mod webrtc;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use crate::{
    channel::{Channel, ChannelState, Stray},
    endpoint::{Marker, credential},
    node::{Arrivals, BACKBONE_DELAY, HostId, Load, MEDIA_NODE, Record},
    packet::{Datagram, node_of, person_of},
    sabotage::Sabotage,
    saboteur::Saboteur,
    scenario::{Scenario, SiteIndex},
    seed::Seed,
    tap::Observer,
    trace::{Channel as Wire, Trace},
};
use bytes::Bytes;
use lives::Lives;
pub(crate) use lives::engine_seed;
use media_core::{
    DropReason, PeerId, Timestamp,
    conference::ConferenceConfig,
    engine::{Engine, EngineConfig, Event, Input, Outgoing, Output, Transmit},
    forwarding::{SubscriptionReport, TrackReport},
};
pub use record::{Captured, ServerRecord};
use webrtc::WebRtcSide;

/// The media node.
pub struct MediaNode {
    /// Absent while the node is down.
    engine: Option<Engine>,
    lives: Lives,
    webrtc: WebRtcSide,
    saboteur: Saboteur,
    /// Host of each person, by index.
    hosts: Arc<Vec<HostId>>,
    now: Timestamp,
    channels: BTreeMap<PeerId, Channel>,
    timers: BTreeSet<(Timestamp, PeerId)>,
    scheduled: BTreeMap<PeerId, Timestamp>,
    engine_timeout: Timestamp,
    arrivals: Arrivals<(Datagram, Option<SiteIndex>)>,
    observer: Observer,
    trace: Trace,
    capture: Option<Vec<Captured>>,
    events: Vec<(Timestamp, Event)>,
    drops: BTreeMap<(PeerId, DropReason), u64>,
    /// Accounts of tracks that crashes cut off, as they stood.
    tracks: Vec<TrackReport>,
    subscriptions: Vec<SubscriptionReport>,
}

/// How a scenario's engine is configured in its first life.
pub(crate) fn engine_config(scenario: &Scenario, seed: Seed) -> EngineConfig {
    let holders = scenario.people.iter().filter_map(|person| person.holder).map(|holder| holder.0).max();
    let holders = (0..holders.map_or(0, |last| last + 1)).map(|holder| credential(seed, holder)).collect();
    EngineConfig {
        conference: ConferenceConfig {
            licences: scenario.licences.count,
            valid_until: Some(scenario.licences.valid_until),
            participants_max: scenario.limits.participants_max,
            holders,
            ..ConferenceConfig::default()
        },
        speakers: scenario.limits.speakers,
        downlink: media_core::limits::DOWNLINK_DEFAULT,
        seed: lives::engine_seed(seed, 0),
    }
}

impl MediaNode {
    /// The node for a scenario. `hosts` tells each person's host.
    ///
    /// # Panics
    /// When the scenario's configuration is impossible, which its validation refuses.
    pub fn new(
        scenario: &Scenario,
        hosts: Arc<Vec<HostId>>,
        (seed, marker): (Seed, Marker),
        sabotage: Option<Sabotage>,
        keep_packets: bool,
    ) -> Self {
        let mut config = engine_config(scenario, seed);
        let saboteur = Saboteur::new(sabotage, scenario, &mut config, seed);
        let mut lives = Lives::new(config, scenario, seed);
        Self {
            engine: Some(lives.begin(false)),
            lives,
            webrtc: WebRtcSide::new(scenario, seed),
            saboteur,
            hosts,
            now: Timestamp::ZERO,
            channels: BTreeMap::new(),
            timers: BTreeSet::new(),
            scheduled: BTreeMap::new(),
            engine_timeout: Timestamp::FAR_FUTURE,
            arrivals: Arrivals::new(),
            observer: Observer::new(&marker, scenario.end()),
            trace: Trace::digest_only(),
            capture: keep_packets.then(Vec::new),
            events: Vec::new(),
            drops: BTreeMap::new(),
            tracks: Vec::new(),
            subscriptions: Vec::new(),
        }
    }

    /// The end: what is known of the run.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only closed accounts are of interest")]
    pub fn finish(mut self) -> ServerRecord {
        self.close_accounts();
        let (mut tracks, mut subscriptions) = (self.tracks, self.subscriptions);
        for (_, event) in &self.events {
            match event {
                Event::TrackClosed(report) => tracks.push((**report).clone()),
                Event::SubscriptionClosed(report) => subscriptions.push((**report).clone()),
                _ => {}
            }
        }
        ServerRecord {
            tap: self.observer.tap,
            events: self.events,
            drops: self.drops,
            tracks,
            subscriptions,
            statistics: self.engine.as_ref().map(Engine::statistics).unwrap_or_default(),
            trace: self.trace,
            capture: self.capture,
        }
    }

    fn on_datagram(
        &mut self,
        datagram: Datagram,
        site: Option<SiteIndex>,
        out: &mut dyn FnMut(HostId, Record),
    ) {
        let peer = datagram.peer;
        self.trace.record(
            self.now,
            person_of(peer).0 as u32 + 1,
            MEDIA_NODE,
            datagram.channel,
            &datagram.bytes,
        );
        self.keep(true, &datagram);
        if self.engine.is_none() || !self.is_addressed(peer) {
            return self.on_lost(&datagram, out);
        }
        if datagram.channel == Wire::Media && self.webrtc.speaks(peer) {
            return self.on_webrtc(&datagram, site, out);
        }
        self.observer.on_ingress(self.now, &datagram);
        match datagram.channel {
            Wire::Signalling => self.on_segment(peer, &datagram.bytes, out),
            Wire::Media => self.on_media(peer, datagram.bytes, out),
        }
    }

    /// A packet of media in the clear.
    fn on_media(&mut self, peer: PeerId, packet: Bytes, out: &mut dyn FnMut(HostId, Record)) {
        if self.saboteur.silences(self.now, peer) {
            return;
        }
        let datagram = self.saboteur.on_media(self.now, peer, packet);
        self.feed(Input::Datagram { peer, datagram }, out);
        for transmit in self.saboteur.poll_forged() {
            self.transmit(transmit, out);
        }
    }

    /// Whether something goes to the node that holds the conferences.
    fn is_addressed(&self, peer: PeerId) -> bool {
        node_of(peer) == self.lives.node() || self.saboteur.answers_for_the_dead()
    }

    /// Something for a node that is down, or that holds no conferences and lets nobody in.
    fn on_lost(&mut self, datagram: &Datagram, out: &mut dyn FnMut(HostId, Record)) {
        self.observer.on_lost(self.now, datagram);
        let Datagram { peer, channel, ref bytes } = *datagram;
        if node_of(peer) > self.lives.node()
            && channel == Wire::Signalling
            && let Some(reset) = Channel::refusal(bytes)
        {
            self.send(Datagram { peer, channel, bytes: reset.into() }, out);
        }
    }

    /// A segment of signalling. Who goes on with a channel that was lost in a crash learns that it was.
    fn on_segment(&mut self, peer: PeerId, segment: &[u8], out: &mut dyn FnMut(HostId, Record)) {
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

    /// Takes whole messages from a peer's channel, and notices when it has closed.
    fn drain_channel(&mut self, peer: PeerId, out: &mut dyn FnMut(HostId, Record)) {
        while let Some(message) = self.channels.get_mut(&peer).and_then(Channel::poll_message) {
            self.observer.on_request(self.now, peer, &message);
            for (peer, message) in self.saboteur.on_request(self.now, peer, message) {
                self.feed(Input::Signal { peer, message: &message }, out);
            }
            for transmit in self.saboteur.poll_forged() {
                self.transmit(transmit, out);
            }
        }
        let closed = |channel: &Channel| matches!(channel.state(), ChannelState::Closed { .. });
        if self.channels.get(&peer).is_some_and(closed) {
            self.flush_channel(peer, out);
            self.channels.remove(&peer);
            self.observer.on_closed(self.now, peer);
            self.reschedule(peer);
            if let Some(message) = self.saboteur.on_closed(peer) {
                self.feed(Input::Signal { peer, message: &message }, out);
            }
            self.feed(Input::Disconnected { peer }, out);
        }
        self.flush_channel(peer, out);
    }

    fn feed(&mut self, input: Input<'_>, out: &mut dyn FnMut(HostId, Record)) {
        let Some(engine) = &mut self.engine else { return };
        engine.handle_input(self.now, input).expect("the host keeps the engine's contract");
        let mut outputs = VecDeque::new();
        loop {
            match engine.poll_output() {
                Output::Timeout(at, _) => {
                    assert!(at > self.now || outputs.is_empty(), "the engine makes progress");
                    self.engine_timeout = at;
                    break;
                }
                output @ (Output::Transmit(_) | Output::Event(_) | Output::Offered { .. }) => {
                    outputs.push_back(output);
                }
            }
        }
        for output in outputs {
            match output {
                Output::Transmit(transmit) => self.transmit(transmit, out),
                Output::Event(event) => self.on_event(event, out),
                Output::Offered { peer, request, offer } => self.on_offer(peer, request, &offer, out),
                Output::Timeout(..) => {}
            }
        }
    }

    fn on_event(&mut self, event: Event, out: &mut dyn FnMut(HostId, Record)) {
        for datagram in self.saboteur.on_event(&event) {
            self.send(datagram, out);
        }
        self.inform_webrtc(&event, out);
        if let Event::Dropped { peer, reason } = event {
            *self.drops.entry((peer, reason)).or_default() += 1;
        } else {
            self.events.push((self.now, event));
        }
    }

    fn transmit(&mut self, transmit: Transmit, out: &mut dyn FnMut(HostId, Record)) {
        let Transmit { peer, packet } = transmit;
        match packet {
            Outgoing::Signal(message) => {
                let message = self.saboteur.on_message(self.now, peer, message.into());
                if self.saboteur.withholds(self.now, peer, &message) {
                    return;
                }
                self.observer.on_message(self.now, peer, &message);
                if let Some(message) = self.saboteur.delay(self.now, peer, message) {
                    self.send_message(peer, message, out);
                }
            }
            Outgoing::Rtp(packet) => {
                let mut bytes = Vec::with_capacity(media_core::limits::DATAGRAM_BYTES_MAX);
                packet.write(&mut bytes);
                self.send_media(peer, bytes, out);
            }
            Outgoing::Rtcp(bytes) | Outgoing::Probe(bytes) => self.send_media(peer, bytes.to_vec(), out),
        }
    }

    fn send_message(&mut self, peer: PeerId, message: Vec<u8>, out: &mut dyn FnMut(HostId, Record)) {
        if let Some(channel) = self.channels.get_mut(&peer) {
            channel.send(self.now, message);
            self.flush_channel(peer, out);
        }
    }

    fn send_media(&mut self, peer: PeerId, bytes: Vec<u8>, out: &mut dyn FnMut(HostId, Record)) {
        for (peer, bytes) in self.saboteur.on_outgoing_media(self.now, peer, bytes) {
            if self.webrtc.speaks(peer) {
                self.send_protected(peer, &bytes, out);
                continue;
            }
            self.send(Datagram { peer, channel: Wire::Media, bytes: Bytes::from(bytes) }, out);
        }
    }

    fn flush_channel(&mut self, peer: PeerId, out: &mut dyn FnMut(HostId, Record)) {
        while let Some(segment) =
            self.channels.get_mut(&peer).and_then(|channel| channel.poll_segment(self.now))
        {
            self.send(Datagram { peer, channel: Wire::Signalling, bytes: Bytes::from(segment) }, out);
        }
        self.reschedule(peer);
    }

    fn send(&mut self, datagram: Datagram, out: &mut dyn FnMut(HostId, Record)) {
        self.observer.on_egress(self.now, &datagram);
        self.send_to(datagram, None, out);
    }

    /// Sends to the line of a building, or to where the connection is believed to be.
    fn send_to(&mut self, datagram: Datagram, site: Option<SiteIndex>, out: &mut dyn FnMut(HostId, Record)) {
        let person = person_of(datagram.peer);
        self.trace.record(self.now, MEDIA_NODE, person.0 as u32 + 1, datagram.channel, &datagram.bytes);
        self.keep(false, &datagram);
        if let Some(host) = self.hosts.get(person.0) {
            out(*host, Record { at: self.now + BACKBONE_DELAY, load: Load::Datagram(datagram, site) });
        }
    }

    fn keep(&mut self, inbound: bool, datagram: &Datagram) {
        if let Some(capture) = &mut self.capture {
            capture.push(Captured { at: self.now, inbound, datagram: datagram.clone() });
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

    /// The accounts that stand open are kept as they are: what a crash takes away has to be explained, too (FWD-007).
    fn close_accounts(&mut self) {
        let Some(engine) = &self.engine else { return };
        let (tracks, subscriptions) = engine.reports();
        self.tracks.extend(tracks);
        self.subscriptions.extend(subscriptions);
    }
}
