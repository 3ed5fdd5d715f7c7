//! Owns one peer's connection: where it is, its handshake, its keys, and the numbers that it speaks in.

use core::net::SocketAddr;

use bytes::Bytes;

use super::{
    Negotiated, TransportEvent,
    dtls::{DtlsContext, Handshake, Keys},
    ice::IceLite,
    sdp::{Agreement, Fingerprint, Negotiation},
    stun::BindingRequest,
};
use crate::{
    DropReason,
    allowance::Allowance,
    forwarding::ForwardedRtp,
    ids::PeerId,
    limits::{
        ADDRESSES_PER_CONNECTION, CHECKS_PER_CONNECTION, RECORDS_PER_CONNECTION, UFRAGS_PER_CONNECTION,
    },
    time::Timestamp,
};

/// A packet without its protection, in the session's numbers.
pub(super) struct Opened(pub(super) Bytes);

/// One peer's connection.
pub(super) struct Connection {
    peer: PeerId,
    ufrags: Vec<String>,
    ice: IceLite,
    /// From where authenticated checks came, the latest last.
    addresses: Vec<SocketAddr>,
    checks: Allowance,
    records: Allowance,
    handshake: Handshake,
    keys: Option<Keys>,
    closed: bool,
    event: Option<TransportEvent>,
    waiting: Vec<Vec<u8>>,
    fingerprint: Fingerprint,
    pub(super) negotiation: Negotiation,
    /// When the timer of the caller fires.
    pub(super) scheduled: Timestamp,
}

impl Connection {
    /// After the first offer.
    pub(super) fn new(
        (now, peer): (Timestamp, PeerId),
        context: &DtlsContext,
        negotiation: Negotiation,
        agreement: Agreement,
    ) -> (Self, Negotiated) {
        let local = &agreement.local_ice;
        let connection = Self {
            peer,
            ufrags: vec![local.ufrag.clone()],
            ice: IceLite::new(now, local, &agreement.remote.ice.ufrag),
            addresses: Vec::new(),
            checks: Allowance::default(),
            records: Allowance::default(),
            handshake: Handshake::new(now, context, agreement.remote.fingerprint),
            keys: None,
            closed: false,
            event: None,
            waiting: Vec::new(),
            fingerprint: agreement.remote.fingerprint,
            negotiation,
            scheduled: Timestamp::FAR_FUTURE,
        };
        (connection, Negotiated::from(agreement))
    }

    /// After a later offer. After an ICE restart the peer's checks come under new names; those before it are taken as long as the
    /// peer has not chosen anew (RFC 8445 section 9), and older ones are forgotten: what stands beside the answer.
    pub(super) fn on_agreed(&mut self, agreement: Agreement) -> (Negotiated, Option<String>) {
        let mut forgotten = None;
        if agreement.restarts_ice {
            self.ice.restart(&agreement.local_ice, &agreement.remote.ice.ufrag);
            if self.ufrags.last() != Some(&agreement.local_ice.ufrag) {
                self.ufrags.push(agreement.local_ice.ufrag.clone());
            }
            forgotten = (self.ufrags.len() > UFRAGS_PER_CONNECTION).then(|| self.ufrags.remove(0));
        }
        (Negotiated::from(agreement), forgotten)
    }

    /// Whether an offer comes from the peer's other end of this connection: who shows another certificate begins anew.
    pub(super) fn is_with(&self, fingerprint: Fingerprint) -> bool {
        !self.closed && self.fingerprint == fingerprint
    }

    pub(super) const fn peer(&self) -> PeerId {
        self.peer
    }

    /// Under which names the peer's checks may come.
    pub(super) fn ufrags(&self) -> &[String] {
        &self.ufrags
    }

    pub(super) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    pub(super) fn last_address(&self) -> Option<SocketAddr> {
        self.addresses.last().copied()
    }

    /// Takes note of an address from which an authenticated check came; the oldest may have to be forgotten for it.
    pub(super) fn learn_address(&mut self, from: SocketAddr) -> Option<SocketAddr> {
        self.forget_address(from);
        self.addresses.push(from);
        (self.addresses.len() > ADDRESSES_PER_CONNECTION).then(|| self.addresses.remove(0))
    }

    pub(super) fn forget_address(&mut self, address: SocketAddr) {
        self.addresses.retain(|known| *known != address);
    }

    /// A check of the path; gives the answer.
    pub(super) fn handle_check(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        request: &BindingRequest<'_>,
    ) -> Result<Vec<u8>, DropReason> {
        if !self.checks.take(now, CHECKS_PER_CONNECTION) {
            return Err(DropReason::HandshakeLimit);
        }
        self.ice.on_request(now, from, request)
    }

    /// A DTLS record from one of the peer's addresses.
    pub(super) fn handle_record(
        &mut self,
        now: Timestamp,
        context: &DtlsContext,
        record: &[u8],
    ) -> Result<(), DropReason> {
        if self.closed {
            return Err(DropReason::PeerClosed);
        }
        if !self.records.take(now, RECORDS_PER_CONNECTION) {
            return Err(DropReason::HandshakeLimit);
        }
        let handled = self.handshake.handle_record(now, context, record, &mut self.waiting);
        self.on_progress(handled);
        Ok(())
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, context: &DtlsContext) {
        let handled = self.handshake.handle_timeout(now, context, &mut self.waiting);
        self.on_progress(handled);
    }

    fn on_progress(&mut self, handled: Result<(), DropReason>) {
        if let Err(reason) = handled {
            self.closed = true;
            self.keys = None;
            self.event = Some(TransportEvent::Closed(self.peer, reason));
        } else if let Some(keys) = self.handshake.take_keys() {
            self.keys = Some(keys);
            self.event = Some(TransportEvent::Connected(self.peer));
        }
    }

    pub(super) fn take_records(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.waiting)
    }

    pub(super) fn take_event(&mut self) -> Option<TransportEvent> {
        self.event.take()
    }

    pub(super) fn poll_timeout(&self) -> Timestamp {
        if self.closed { Timestamp::FAR_FUTURE } else { self.handshake.poll_timeout() }
    }

    /// Takes the protection off a packet.
    pub(super) fn open(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        mut packet: Vec<u8>,
        is_rtcp: bool,
    ) -> Result<Opened, DropReason> {
        let keys = self.keys.as_mut().ok_or(DropReason::NotConnected)?;
        if is_rtcp {
            keys.receiver.unprotect_rtcp(&mut packet)?;
        } else {
            keys.receiver.unprotect_rtp(&mut packet)?;
        }
        self.ice.on_heard(now, from);
        if is_rtcp {
            self.negotiation.dialect().incoming_rtcp(&mut packet);
        } else {
            self.negotiation.dialect_mut().incoming_rtp(&mut packet)?;
        }
        Ok(Opened(Bytes::from(packet)))
    }

    pub(super) fn protect(
        &mut self,
        now: Timestamp,
        packet: &ForwardedRtp,
        out: &mut Vec<u8>,
    ) -> Result<SocketAddr, DropReason> {
        let to = self.destination(now)?;
        let begin = out.len();
        if packet.redundant.is_some() && !self.negotiation.dialect().takes_red() {
            ForwardedRtp { redundant: None, ..packet.clone() }.write(out);
        } else {
            packet.write(out);
        }
        self.seal(begin, out).map(|()| to)
    }

    pub(super) fn protect_rtp(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<SocketAddr, DropReason> {
        let to = self.destination(now)?;
        let begin = out.len();
        out.extend_from_slice(packet);
        self.seal(begin, out).map(|()| to)
    }

    pub(super) fn protect_rtcp(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<SocketAddr, DropReason> {
        let to = self.destination(now)?;
        let mut translated = packet.to_vec();
        self.negotiation.dialect().outgoing_rtcp(&mut translated);
        let keys = self.keys.as_mut().ok_or(DropReason::NotConnected)?;
        keys.sender.protect_rtcp(&translated, out).map_err(|_| DropReason::NotProtected)?;
        Ok(to)
    }

    fn destination(&self, now: Timestamp) -> Result<SocketAddr, DropReason> {
        if self.keys.is_none() {
            return Err(DropReason::NotConnected);
        }
        self.ice.destination(now).ok_or(DropReason::NoConsent)
    }

    /// Translates and protects what stands in `out` from `begin` on.
    fn seal(&mut self, begin: usize, out: &mut Vec<u8>) -> Result<(), DropReason> {
        let dialect = self.negotiation.dialect();
        if !dialect.is_plain() {
            dialect.outgoing_rtp(&mut out[begin..]);
        }
        let keys = self.keys.as_mut().ok_or(DropReason::NotConnected)?;
        keys.sender.protect_rtp_in_place(begin, out).map_err(|_| DropReason::NotProtected)
    }
}
