//! Owns the order of time at the media node: what arrives and what is due, one after the other, and the turns of its lives.

use media_core::{Timestamp, engine::Input};

use super::MediaNode;
use crate::{
    node::{HostId, Load, Node, Record},
    packet::person_of,
};

impl MediaNode {
    /// When something happens next without input from outside.
    fn next_timer(&self) -> Timestamp {
        let channels = self.timers.first().map_or(Timestamp::FAR_FUTURE, |(at, _)| *at);
        let transports = self.webrtc.poll_timeout();
        [self.engine_timeout, transports, self.saboteur.poll_timeout(), self.lives.poll_timeout()]
            .into_iter()
            .fold(channels, Timestamp::min)
    }

    /// The node crashes; or it, or the next one, carries on.
    fn on_turn(&mut self, out: &mut dyn FnMut(HostId, Record)) {
        self.close_accounts();
        let Some(engine) = self.engine.take() else {
            self.engine = Some(self.lives.begin(self.saboteur.forgets_conferences()));
            return self.feed(Input::Timeout, out);
        };
        self.lives.on_crash(self.now, &engine);
        self.webrtc.on_crash();
        self.saboteur.on_crash();
        self.channels.clear();
        self.timers.clear();
        self.scheduled.clear();
        self.engine_timeout = Timestamp::FAR_FUTURE;
    }

    fn on_timer(&mut self, out: &mut dyn FnMut(HostId, Record)) {
        if self.lives.poll_timeout() <= self.now {
            self.on_turn(out);
        }
        for (peer, message) in self.saboteur.handle_timeout(self.now) {
            self.feed(Input::Signal { peer, message: &message }, out);
        }
        for transmit in self.saboteur.poll_forged() {
            self.transmit(transmit, out);
        }
        for (peer, message) in self.saboteur.poll_late(self.now) {
            self.send_message(peer, message, out);
        }
        if self.webrtc.poll_timeout() <= self.now {
            self.advance_transports(out);
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
}

impl Node for MediaNode {
    fn handle_record(&mut self, _: HostId, record: Record) {
        assert!(record.at >= self.now, "the media node got a record from the past");
        if let Load::Datagram(datagram, site) = record.load {
            // Ties are broken by person: on which host somebody sits decides nothing.
            let person = person_of(datagram.peer).0 as u32;
            self.arrivals.push(record.at, person, (datagram, site));
        }
    }

    fn advance(&mut self, end: Timestamp, out: &mut dyn FnMut(HostId, Record)) {
        loop {
            let arrival = self.arrivals.next_at().unwrap_or(Timestamp::FAR_FUTURE);
            let timer = self.next_timer();
            let next = arrival.min(timer);
            if next >= end {
                break;
            }
            self.now = self.now.max(next);
            if arrival <= timer {
                if let Some((datagram, site)) = self.arrivals.pop() {
                    self.on_datagram(datagram, site, out);
                }
            } else {
                self.on_timer(out);
            }
        }
        self.now = self.now.max(end);
    }
}
