//! Owns the media node's side of WebRTC in a rehearsal: its transports, which of its peers need one, and from which building's
//! line each address comes. What passes in the clear behind it is what the observer sees and saboteurs bend.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    time::Instant,
};

use bytes::Bytes;
use media_core::{
    PeerId, Timestamp,
    engine::{Event, Input},
    transport::{Certificate, Received, TransportConfig, TransportEvent, Transports},
};
use rand_core::Rng as _;

use super::MediaNode;
use crate::{
    address,
    node::{HostId, Record},
    packet::{Datagram, person_of},
    scenario::{ClientKind, PersonIndex, Scenario, SiteIndex},
    seed::Seed,
    trace::Channel as Wire,
};

const CERTIFICATE: &[u8] = include_bytes!("../../../fixtures/webrtc/certificate.der");
const PRIVATE_KEY: &[u8] = include_bytes!("../../../fixtures/webrtc/private-key.der");

/// The transports of one life of the media node, and who needs one.
pub(super) struct WebRtcSide {
    people: BTreeSet<PersonIndex>,
    seed: Seed,
    life: u64,
    /// [`Timestamp::ZERO`] in the clock of the DTLS crate.
    anchor: Instant,
    transports: Transports,
    /// The building behind which an address was seen last.
    sites: BTreeMap<SocketAddr, SiteIndex>,
}

impl WebRtcSide {
    pub(super) fn new(scenario: &Scenario, seed: Seed) -> Self {
        let people = scenario.people.iter().enumerate();
        let people = people.filter(|(_, person)| person.client == ClientKind::Webrtc);
        let anchor = repeatable::anchor();
        Self {
            people: people.map(|(index, _)| PersonIndex(index)).collect(),
            seed,
            life: 0,
            anchor,
            transports: transports(seed, 0, anchor),
            sites: BTreeMap::new(),
        }
    }

    /// Whether media of this peer go over a transport.
    pub(super) fn speaks(&self, peer: PeerId) -> bool {
        self.people.contains(&person_of(peer))
    }

    /// When a transport has something to do.
    pub(super) fn poll_timeout(&self) -> Timestamp {
        self.transports.poll_timeout()
    }

    /// Everything is lost. The next life has other passwords.
    pub(super) fn on_crash(&mut self) {
        self.life += 1;
        self.transports = transports(self.seed, self.life, self.anchor);
        self.sites.clear();
    }
}

fn transports(seed: Seed, life: u64, anchor: Instant) -> Transports {
    let mut bytes = [0; 32];
    seed.stream_at("transport", life).fill_bytes(&mut bytes);
    let config = TransportConfig {
        certificate: Certificate { certificate: CERTIFICATE.to_vec(), private_key: PRIVATE_KEY.to_vec() },
        crypto: dimpl::crypto::rust_crypto::default_provider(),
        anchor,
        candidates: vec![address::of_media_node()],
        seed: bytes,
    };
    Transports::new(config).expect("RustCrypto has what DTLS 1.2 needs")
}

impl MediaNode {
    /// A datagram of a peer that speaks WebRTC.
    pub(super) fn on_webrtc(
        &mut self,
        datagram: &Datagram,
        site: Option<SiteIndex>,
        out: &mut dyn FnMut(HostId, Record),
    ) {
        self.observer.on_protected_ingress(self.now, datagram);
        let Some(site) = site else { return };
        let from = address::outside(datagram.peer, site);
        self.observer.on_address(datagram.peer, from.ip());
        self.webrtc.sites.insert(from, site);
        match self.webrtc.transports.handle_datagram(self.now, from, datagram.bytes.to_vec()) {
            Received::Media { peer, packet } => {
                self.observer.on_opened(self.now, peer, &packet);
                self.on_media(peer, packet, out);
            }
            Received::Handled => {}
            Received::Dropped { peer, reason } => {
                *self.drops.entry((peer.unwrap_or(datagram.peer), reason)).or_default() += 1;
            }
        }
        self.drain_transports(out);
    }

    /// Timers of handshakes.
    pub(super) fn advance_transports(&mut self, out: &mut dyn FnMut(HostId, Record)) {
        self.webrtc.transports.handle_timeout(self.now);
        self.drain_transports(out);
    }

    fn drain_transports(&mut self, out: &mut dyn FnMut(HostId, Record)) {
        while let Some((to, peer, bytes)) = self.webrtc.transports.poll_datagram() {
            self.send_datagram(peer, to, bytes, out);
        }
        while let Some(event) = self.webrtc.transports.poll_event() {
            let (peer, open) = match event {
                TransportEvent::Connected(peer) => (peer, true),
                TransportEvent::Closed(peer, reason) => {
                    *self.drops.entry((peer, reason)).or_default() += 1;
                    (peer, false)
                }
            };
            self.feed(Input::Connection { peer, open }, out);
        }
    }

    fn send_datagram(
        &mut self,
        peer: PeerId,
        to: SocketAddr,
        bytes: Vec<u8>,
        out: &mut dyn FnMut(HostId, Record),
    ) {
        let Some(site) = self.webrtc.sites.get(&to).copied() else { return };
        let datagram = Datagram { peer, channel: Wire::Media, bytes: Bytes::from(bytes) };
        self.observer.on_protected_egress(self.now, &datagram);
        self.send_to(datagram, Some(site), out);
    }

    /// A packet in the clear for a peer that speaks WebRTC.
    pub(super) fn send_protected(
        &mut self,
        peer: PeerId,
        packet: &[u8],
        out: &mut dyn FnMut(HostId, Record),
    ) {
        let mut bytes = Vec::with_capacity(packet.len() + 20);
        match self.webrtc.transports.protect_plain(self.now, peer, packet, &mut bytes) {
            Ok(to) => {
                self.observer.on_closing(self.now, peer, packet);
                self.send_datagram(peer, to, bytes, out);
            }
            Err(reason) => *self.drops.entry((peer, reason)).or_default() += 1,
        }
    }

    /// An offer of somebody who is in: read, and answered in the same instant.
    pub(super) fn on_offer(
        &mut self,
        peer: PeerId,
        request: u32,
        offer: &str,
        out: &mut dyn FnMut(HostId, Record),
    ) {
        let tracks = self.engine.as_ref().map(|engine| engine.tracks_for(peer)).unwrap_or_default();
        match self.webrtc.transports.negotiate(self.now, peer, offer, &tracks) {
            Ok(negotiated) => {
                self.observer.on_agreed(self.now, peer, request, &negotiated.publish);
                let tracks = negotiated.publish;
                let answer = self.saboteur.on_answer(peer, negotiated.answer, self.webrtc.sites.keys());
                self.feed(Input::Answered { peer, request, tracks, answer }, out);
            }
            Err(refusal) => {
                self.feed(Input::OfferRefused { peer, request, reason: refusal.name() }, out);
            }
        }
    }

    /// Who comes in by WebRTC gets nothing before their connection is there; who is out needs none.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only who comes and goes matters")]
    pub(super) fn inform_webrtc(&mut self, event: &Event, out: &mut dyn FnMut(HostId, Record)) {
        match *event {
            Event::Entered { peer, .. } if self.webrtc.speaks(peer) => {
                self.feed(Input::Connection { peer, open: false }, out);
            }
            Event::Left { peer, .. } => self.webrtc.transports.remove(peer),
            _ => {}
        }
    }
}
