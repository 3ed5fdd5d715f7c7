//! Owns what is different about a participant whose way to the media node is a WebRTC stack of somebody else's: offers in place
//! of lists of tracks, a handshake before anything flows, and datagrams that only the stack understands. What is said, sealed,
//! played and judged is the same.

mod hand_over;
mod numbers;
mod repairs;
mod stack;

use std::{net::SocketAddr, time::Instant};

use bytes::Bytes;
use media_core::{
    Timestamp,
    rtp::{Protocol, demux},
    signalling::{Refusal, Request},
};

use super::{Endpoint, Observation, publisher::Publisher};
use crate::{address, packet::Datagram, trace::Channel as Wire};
use stack::Stack;

/// The side of a participant that speaks WebRTC.
pub(super) struct WebRtc {
    /// [`Timestamp::ZERO`] in the stack's clock.
    anchor: Instant,
    stack: Option<Stack>,
    /// Something has changed since the last offer.
    wants_offer: bool,
    /// An offer is under way.
    offering: bool,
    /// When the stack wants to be woken.
    next: Option<Timestamp>,
}

impl WebRtc {
    pub(super) fn new() -> Self {
        Self { anchor: repeatable::anchor(), stack: None, wants_offer: false, offering: false, next: None }
    }

    /// When the stack has something to do.
    pub(super) const fn poll_timeout(&self) -> Option<Timestamp> {
        self.next
    }
}

impl Endpoint {
    /// Whether media can flow: always, unless a stack has to connect first.
    pub(super) fn is_connected(&self) -> bool {
        let connected = |webrtc: &WebRtc| webrtc.stack.as_ref().is_some_and(Stack::is_connected);
        self.webrtc.as_ref().is_none_or(connected)
    }

    /// A new stay has a new connection.
    pub(super) fn begin_webrtc(&mut self, now: Timestamp) {
        if let Some(webrtc) = &mut self.webrtc {
            let local = address::of_client(self.own_index);
            webrtc.stack = Some(Stack::new(now, webrtc.anchor, local));
            webrtc.wants_offer = false;
            webrtc.offering = false;
        }
    }

    /// Outside: no connection any more.
    pub(super) fn end_webrtc(&mut self) {
        if let Some(webrtc) = &mut self.webrtc {
            webrtc.stack = None;
            webrtc.next = None;
        }
    }

    /// What is sent or received has changed: the next offer says so. False for clients that make none.
    pub(super) const fn wants_offer(&mut self) -> bool {
        match &mut self.webrtc {
            Some(webrtc) => {
                webrtc.wants_offer = true;
                true
            }
            None => false,
        }
    }

    /// The client is on another line: ICE begins anew (RFC 8445 section 9), and DTLS and SRTP go on. False for clients without.
    pub(super) fn restarts_ice(&mut self) -> bool {
        if let Some(stack) = self.webrtc.as_mut().and_then(|webrtc| webrtc.stack.as_mut()) {
            stack.restart_ice();
        }
        self.wants_offer()
    }

    /// The media node's answer to the last offer; none if it cannot be served.
    pub(super) fn on_webrtc_answer(&mut self, now: Timestamp, request: u32, answer: Option<&str>) {
        let (name, _) = self.session.answered(request);
        let Some(webrtc) = &mut self.webrtc else { return };
        webrtc.offering = false;
        let taken =
            answer.map(|answer| webrtc.stack.as_mut().is_some_and(|stack| stack.on_answer(now, answer)));
        self.observations.push_back(match taken {
            Some(true) => Observation::Done(name),
            Some(false) => Observation::Malformed,
            None => Observation::Refused(name, Refusal::BadTracks),
        });
    }

    /// A datagram of the media node for the stack.
    pub(super) fn on_webrtc_datagram(&mut self, now: Timestamp, datagram: &Bytes) {
        let Some(stack) = self.webrtc.as_mut().and_then(|webrtc| webrtc.stack.as_mut()) else { return };
        stack.handle_datagram(now, address::of_media_node(), datagram);
    }

    /// Brings the stack up to date: its timers, an offer that is due, packets from it and for it.
    pub(super) fn advance_webrtc(&mut self, now: Timestamp) {
        let Some(webrtc) = &mut self.webrtc else { return };
        let Some(stack) = &mut webrtc.stack else {
            // What was meant for a connection that is gone.
            return self.out.retain(|datagram| datagram.channel != Wire::Media);
        };
        if webrtc.next.is_some_and(|at| at <= now) {
            stack.handle_timeout(now);
        }
        if webrtc.wants_offer && !webrtc.offering {
            webrtc.wants_offer = false;
            let tracks: Vec<_> = self.publishers.iter().map(Publisher::offer).collect();
            let incoming =
                |video| self.incoming.iter().filter(|held| held.info.kind.is_video() == video).count();
            let incoming = [incoming(false), incoming(true)];
            // Who neither sends nor receives has nothing to offer.
            if !tracks.is_empty() || incoming != [0, 0] {
                webrtc.offering = true;
                let offer = stack.offer(now, &tracks, incoming);
                self.session.request(now, Request::Negotiate { offer });
            }
        }
        while let Some(packet) = self.poll_webrtc_packet() {
            self.on_media(now, &packet);
        }
        self.flush_webrtc(now);
    }

    fn poll_webrtc_packet(&mut self) -> Option<Bytes> {
        self.webrtc.as_mut()?.stack.as_mut()?.poll_packet()
    }

    /// Media that wait go through the stack; what comes out of it goes to the network.
    fn flush_webrtc(&mut self, now: Timestamp) {
        let Some(peer) = self.peer() else { return };
        let Some(webrtc) = &mut self.webrtc else { return };
        let Some(stack) = &mut webrtc.stack else { return };
        for datagram in std::mem::take(&mut self.out) {
            if datagram.channel != Wire::Media {
                self.out.push_back(datagram);
                continue;
            }
            match demux(&datagram.bytes) {
                Protocol::Rtp => stack.send_rtp(now, &datagram.bytes),
                Protocol::Rtcp => stack.send_rtcp(now, datagram.bytes),
                Protocol::Other => {}
            }
        }
        let expected: SocketAddr = address::of_media_node();
        while let Some((to, bytes)) = stack.poll_datagram() {
            // Nobody else is on this network.
            if to == expected {
                self.out.push_back(Datagram { peer, channel: Wire::Media, bytes });
            }
        }
        webrtc.next = stack.poll_timeout().map(|at| at.max(now));
    }
}
