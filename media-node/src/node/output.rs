//! Owns what is done with the outputs of the engine and of the transports.

use bytes::Bytes;
use media_core::{
    PeerId,
    engine::{Event, Input, Outgoing, Output, Transmit},
    transport::TransportEvent,
};

use super::MediaNode;

impl MediaNode {
    pub(super) fn drain_engine(&mut self) {
        loop {
            match self.engine.poll_output() {
                Output::Transmit(Transmit { peer, packet }) => self.transmit(peer, packet),
                Output::Event(event) => self.on_event(&event),
                Output::Offered { peer, request, offer } => self.on_offer(peer, request, &offer),
                Output::Timeout(at, _) => {
                    self.engine_timeout = at;
                    return;
                }
            }
        }
    }

    fn transmit(&mut self, peer: PeerId, packet: Outgoing) {
        match packet {
            Outgoing::Signal(message) => self.tell(peer, message),
            Outgoing::Rtp(_) | Outgoing::Rtcp(_) | Outgoing::Probe(_) => self.departures.push(peer, packet),
        }
    }

    /// Tells a client something. Who does not read is cut off.
    pub(super) fn tell(&mut self, peer: PeerId, message: Bytes) {
        let Some(outbox) = self.outboxes.get(&peer) else { return };
        if outbox.push(message).is_err() {
            self.outboxes.remove(&peer);
            self.metrics.slow_readers.inc();
            self.followups.push_back(Input::Disconnected { peer });
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the others are accounts of what went well")]
    fn on_event(&mut self, event: &Event) {
        match *event {
            Event::ConferenceStarted(_) | Event::ConferenceEnded(_) => self.changed = true,
            Event::Entered { peer, .. } => {
                self.changed = true;
                self.inside.insert(peer);
                // Nothing is to be sent before there is a connection.
                self.followups.push_back(Input::Connection { peer, open: false });
            }
            Event::Left { peer, .. } => {
                self.changed = true;
                self.inside.remove(&peer);
                self.connected.remove(&peer);
                self.transports.remove(peer);
            }
            Event::Refused { .. } => {
                self.metrics.refused.inc();
            }
            Event::Dropped { reason, .. } => self.metrics.dropped(reason),
            _ => {}
        }
    }

    /// An offer of somebody who is in. What is wrong with it only they hear of.
    fn on_offer(&mut self, peer: PeerId, request: u32, offer: &str) {
        let tracks = self.engine.tracks_for(peer);
        let input = match self.transports.negotiate(self.now, peer, offer, &tracks) {
            Ok(negotiated) => {
                Input::Answered { peer, request, tracks: negotiated.publish, answer: negotiated.answer }
            }
            Err(refusal) => {
                self.metrics.refused.inc();
                Input::OfferRefused { peer, request, reason: refusal.name() }
            }
        };
        self.followups.push_back(input);
    }

    /// Sends what the transports have to say for themselves, and tells the engine whose connection is there.
    pub(super) fn drain_transports(&mut self) {
        while let Some((to, _, datagram)) = self.transports.poll_datagram() {
            self.batch.push(to, &datagram);
        }
        while let Some(event) = self.transports.poll_event() {
            let (peer, open) = match event {
                TransportEvent::Connected(peer) => (peer, true),
                TransportEvent::Closed(peer, reason) => {
                    self.metrics.dropped(reason);
                    (peer, false)
                }
            };
            self.changed = true;
            if open {
                self.connected.insert(peer);
            } else {
                self.connected.remove(&peer);
            }
            self.feed(Input::Connection { peer, open });
        }
    }
}
