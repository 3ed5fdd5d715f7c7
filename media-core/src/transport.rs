//! Owns the way between peers and the media node, hop by hop: one UDP port for all of them, ICE-lite, DTLS-SRTP, and SDP to
//! agree on it. End-to-end encryption is [`e2ee`](crate::e2ee)'s; what is protected here the media node reads.
//!
//! A connection comes from an offer of somebody who is in a conference ([`Transports::negotiate`]), so strangers make no
//! state here. What comes from an address is looked at only after an authenticated check has come from there.

mod connection;
mod dtls;
mod ice;
pub mod sdp;
pub mod srtp;
mod stun;

#[cfg(test)]
mod tests;

use core::net::SocketAddr;
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Instant,
};

use bytes::Bytes;
use dimpl::crypto::CryptoProvider;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng};
use slab::Slab;

use crate::{
    DropReason,
    forwarding::ForwardedRtp,
    ids::{PeerId, Ssrc},
    rtp::{Protocol, demux},
    signalling::{TrackInfo, TrackOffer},
    time::Timestamp,
};
use connection::{Connection, Opened};
use dtls::DtlsContext;
use sdp::{Agreement, LocalDescription, SdpRefusal};
use stun::BindingRequest;

pub use dtls::{Certificate, DtlsConfigError};

/// What the transports of a media node are made from.
pub struct TransportConfig {
    /// Shown to every peer; its fingerprint stands in every answer.
    pub certificate: Certificate,
    /// What DTLS computes with. It brings the randomness of handshakes with it.
    pub crypto: CryptoProvider,
    /// The caller's name for [`Timestamp::ZERO`] in the clock by which the DTLS crate counts.
    pub anchor: Instant,
    /// Where peers reach the media node.
    pub candidates: Vec<SocketAddr>,
    /// All other randomness: names and passwords of ICE, SSRCs of streams that an offer names without.
    pub seed: [u8; 32],
}

/// What became of an offer.
#[derive(Debug)]
pub struct Negotiated {
    /// For the peer.
    pub answer: String,
    /// What the peer is going to send.
    pub publish: Vec<TrackOffer>,
    /// Sections that the peer does not get as it offered them, by their mids.
    pub refused: Vec<(String, SdpRefusal)>,
    /// How many of the tracks found no section that could carry them.
    pub unplaced: usize,
}

/// What became of a datagram.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// RTP or RTCP in the clear and in the session's numbers, for the engine.
    Media {
        /// From whom.
        peer: PeerId,
        /// The packet.
        packet: Bytes,
    },
    /// It was for the transport itself.
    Handled,
    /// It went no further.
    Dropped {
        /// From whom, if that is known.
        peer: Option<PeerId>,
        /// Why.
        reason: DropReason,
    },
}

/// What has happened to a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportEvent {
    /// Emitted when the keys are there: media can flow both ways.
    Connected(PeerId),
    /// Emitted when a handshake failed, or the peer said goodbye: nothing flows until the peer makes another offer with another
    /// connection.
    Closed(PeerId, DropReason),
}

/// How much is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportCounts {
    /// One for each peer that has offered.
    pub connections: usize,
    /// Under which checks may come.
    pub names: usize,
    /// From which records and packets are taken.
    pub addresses: usize,
    /// Of handshakes.
    pub timers: usize,
}

/// All connections behind one UDP port.
pub struct Transports {
    dtls: DtlsContext,
    candidates: Vec<SocketAddr>,
    rng: ChaCha20Rng,
    connections: Slab<Connection>,
    by_peer: BTreeMap<PeerId, usize>,
    by_ufrag: BTreeMap<String, usize>,
    by_address: BTreeMap<SocketAddr, usize>,
    timers: BTreeSet<(Timestamp, usize)>,
    out: VecDeque<(SocketAddr, PeerId, Vec<u8>)>,
    events: VecDeque<TransportEvent>,
}

impl Transports {
    /// Without a connection.
    ///
    /// # Errors
    /// [`DtlsConfigError`] when the crypto provider lacks something.
    pub fn new(config: TransportConfig) -> Result<Self, DtlsConfigError> {
        Ok(Self {
            dtls: DtlsContext::new(config.certificate, config.crypto, config.anchor)?,
            candidates: config.candidates,
            rng: ChaCha20Rng::from_seed(config.seed),
            connections: Slab::new(),
            by_peer: BTreeMap::new(),
            by_ufrag: BTreeMap::new(),
            by_address: BTreeMap::new(),
            timers: BTreeSet::new(),
            out: VecDeque::new(),
            events: VecDeque::new(),
        })
    }

    /// Answers an offer of somebody who is in a conference. The first makes a connection; later ones change what flows over it.
    /// `tracks` are those that the peer can receive at the moment.
    ///
    /// # Errors
    /// [`SdpRefusal`] says what is wrong with the offer. Everything is as before then.
    pub fn negotiate(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        offer: &str,
        tracks: &[TrackInfo],
    ) -> Result<Negotiated, SdpRefusal> {
        let spare = random_credentials(&mut self.rng);
        let fingerprint = sdp::fingerprint_of(offer)?;
        let known = self.by_peer.get(&peer).copied();
        if let Some(index) = known.filter(|index| self.connections[*index].is_with(fingerprint)) {
            let rng = &mut self.rng;
            let connection = &mut self.connections[index];
            connection.negotiation.set_spare_ice(spare);
            let agreement = connection.negotiation.answer(offer, tracks, &mut || Ssrc(rng.next_u32()))?;
            let (negotiated, forgotten) = connection.on_agreed(agreement);
            if let Some(forgotten) = forgotten {
                self.by_ufrag.remove(&forgotten);
            }
            for ufrag in connection.ufrags() {
                self.by_ufrag.insert(ufrag.clone(), index);
            }
            return Ok(negotiated);
        }
        let local = LocalDescription {
            ice: spare,
            fingerprint: self.dtls.fingerprint(),
            candidates: self.candidates.clone(),
            session: self.rng.next_u64() >> 2,
        };
        let ufrag = local.ice.ufrag.clone();
        let rng = &mut self.rng;
        let mut fresh_ssrc = || Ssrc(rng.next_u32());
        let mut negotiation = sdp::Negotiation::new(local);
        let agreement = negotiation.answer(offer, tracks, &mut fresh_ssrc)?;
        self.remove(peer);
        let (connection, negotiated) = Connection::new((now, peer), &self.dtls, negotiation, agreement);
        let index = self.connections.insert(connection);
        self.by_peer.insert(peer, index);
        self.by_ufrag.insert(ufrag, index);
        Ok(negotiated)
    }

    /// Whether this peer has a connection, open or about to be.
    pub fn contains(&self, peer: PeerId) -> bool {
        self.by_peer.contains_key(&peer)
    }

    /// How much is remembered at the moment.
    pub fn counts(&self) -> TransportCounts {
        TransportCounts {
            connections: self.connections.len(),
            names: self.by_ufrag.len(),
            addresses: self.by_address.len(),
            timers: self.timers.len(),
        }
    }

    /// Forgets a peer's connection.
    pub fn remove(&mut self, peer: PeerId) {
        let Some(index) = self.by_peer.remove(&peer) else { return };
        let connection = self.connections.remove(index);
        for ufrag in connection.ufrags() {
            self.by_ufrag.remove(ufrag);
        }
        for address in connection.addresses() {
            self.by_address.remove(address);
        }
        self.timers.remove(&(connection.scheduled, index));
    }

    /// A datagram from the network.
    pub fn handle_datagram(&mut self, now: Timestamp, from: SocketAddr, datagram: Vec<u8>) -> Received {
        match datagram.first() {
            Some(0..=3) => self.on_stun(now, from, &datagram),
            Some(20..=63) => self.on_dtls(now, from, &datagram),
            Some(128..=191) => self.on_srtp(now, from, datagram),
            _ => Received::Dropped { peer: None, reason: DropReason::UnknownProtocol },
        }
    }

    fn on_stun(&mut self, now: Timestamp, from: SocketAddr, datagram: &[u8]) -> Received {
        let dropped = |peer, reason| Received::Dropped { peer, reason };
        let request = match BindingRequest::read(datagram) {
            Ok(request) => request,
            Err(reason) => return dropped(None, reason),
        };
        let named = std::str::from_utf8(request.username.0).ok().and_then(|name| self.by_ufrag.get(name));
        let Some(index) = named.copied() else { return dropped(None, DropReason::UnknownConnection) };
        let connection = &mut self.connections[index];
        let peer = connection.peer();
        match connection.handle_check(now, from, &request) {
            Err(reason) => dropped(Some(peer), reason),
            Ok(answer) => {
                self.out.push_back((from, peer, answer));
                // Of two peers that check from one address the later has it: one of them is a liar, or a NAT gave it away.
                if let Some(before) = self.by_address.insert(from, index).filter(|before| *before != index) {
                    self.connections[before].forget_address(from);
                }
                if let Some(forgotten) = self.connections[index].learn_address(from) {
                    self.by_address.remove(&forgotten);
                }
                Received::Handled
            }
        }
    }

    fn on_dtls(&mut self, now: Timestamp, from: SocketAddr, record: &[u8]) -> Received {
        let Some(index) = self.by_address.get(&from).copied() else {
            return Received::Dropped { peer: None, reason: DropReason::UnknownConnection };
        };
        let connection = &mut self.connections[index];
        let peer = connection.peer();
        if let Err(reason) = connection.handle_record(now, &self.dtls, record) {
            return Received::Dropped { peer: Some(peer), reason };
        }
        self.after_handshake(index, Some(from));
        Received::Handled
    }

    fn on_srtp(&mut self, now: Timestamp, from: SocketAddr, packet: Vec<u8>) -> Received {
        let Some(index) = self.by_address.get(&from).copied() else {
            return Received::Dropped { peer: None, reason: DropReason::UnknownConnection };
        };
        let connection = &mut self.connections[index];
        let peer = connection.peer();
        let is_rtcp = demux(&packet) == Protocol::Rtcp;
        match connection.open(now, from, packet, is_rtcp) {
            Ok(Opened(packet)) => Received::Media { peer, packet },
            Err(reason) => Received::Dropped { peer: Some(peer), reason },
        }
    }

    /// Sends what a handshake has to say, and tells what became of it.
    fn after_handshake(&mut self, index: usize, from: Option<SocketAddr>) {
        let connection = &mut self.connections[index];
        let peer = connection.peer();
        let to = from.or(connection.last_address());
        for record in connection.take_records() {
            if let Some(to) = to {
                self.out.push_back((to, peer, record));
            }
        }
        self.events.extend(connection.take_event());
        let next = connection.poll_timeout();
        if next != connection.scheduled {
            self.timers.remove(&(connection.scheduled, index));
            connection.scheduled = next;
            if next < Timestamp::FAR_FUTURE {
                self.timers.insert((next, index));
            }
        }
    }

    /// When [`Transports::handle_timeout`] has something to do; far in the future if never.
    pub fn poll_timeout(&self) -> Timestamp {
        self.timers.first().map_or(Timestamp::FAR_FUTURE, |(at, _)| *at)
    }

    /// The time that [`Transports::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while let Some((at, index)) = self.timers.first().copied().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, index));
            let connection = &mut self.connections[index];
            connection.scheduled = Timestamp::FAR_FUTURE;
            connection.handle_timeout(now, &self.dtls);
            self.after_handshake(index, None);
        }
    }

    /// The next datagram of the transport's own: where to, for whom, and its bytes.
    pub fn poll_datagram(&mut self) -> Option<(SocketAddr, PeerId, Vec<u8>)> {
        self.out.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<TransportEvent> {
        self.events.pop_front()
    }

    /// Appends the protected form of a forwarded packet to `out`, and says where it goes.
    ///
    /// # Errors
    /// [`DropReason`] when the peer cannot be reached at the moment. `out` is as before then.
    pub fn protect(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        packet: &ForwardedRtp,
        out: &mut Vec<u8>,
    ) -> Result<SocketAddr, DropReason> {
        self.open_connection(peer)?.protect(now, packet, out)
    }

    /// The same for an RTP packet or an RTCP compound that stands in bytes.
    ///
    /// # Errors
    /// As [`Transports::protect`].
    pub fn protect_plain(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        packet: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<SocketAddr, DropReason> {
        match demux(packet) {
            Protocol::Rtp => self.protect_rtp(now, peer, packet, out),
            Protocol::Rtcp => self.protect_rtcp(now, peer, packet, out),
            Protocol::Other => Err(DropReason::UnknownProtocol),
        }
    }

    /// The same for an RTP packet that stands in bytes.
    ///
    /// # Errors
    /// As [`Transports::protect`].
    pub fn protect_rtp(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        packet: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<SocketAddr, DropReason> {
        self.open_connection(peer)?.protect_rtp(now, packet, out)
    }

    /// The same for an RTCP compound.
    ///
    /// # Errors
    /// As [`Transports::protect`].
    pub fn protect_rtcp(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        packet: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<SocketAddr, DropReason> {
        self.open_connection(peer)?.protect_rtcp(now, packet, out)
    }

    fn open_connection(&mut self, peer: PeerId) -> Result<&mut Connection, DropReason> {
        let index = self.by_peer.get(&peer).ok_or(DropReason::UnknownConnection)?;
        Ok(&mut self.connections[*index])
    }
}

/// A name with 48 random bits and a password with 144 (RFC 8839 section 5.4 asks for 24 and 128), in characters of ICE.
fn random_credentials(rng: &mut ChaCha20Rng) -> sdp::IceCredentials {
    const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = |length: usize| -> String {
        let mut bytes = vec![0; length];
        rng.fill_bytes(&mut bytes);
        bytes.iter().map(|byte| char::from(CHARACTERS[usize::from(byte % 64)])).collect()
    };
    sdp::IceCredentials { ufrag: text(8), pwd: text(24) }
}

impl From<Agreement> for Negotiated {
    fn from(agreement: Agreement) -> Self {
        let Agreement { answer, publish, refused, unplaced, .. } = agreement;
        Self { answer, publish, refused, unplaced }
    }
}
