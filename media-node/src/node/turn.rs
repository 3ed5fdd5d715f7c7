//! Owns the loop: what has come is handled, what is due is done, and everything that this gave is sent at the end of each turn.

use std::net::SocketAddr;

use media_core::{
    DropReason, PeerId, Timestamp,
    engine::{Input, Outgoing},
    transport::Received,
};
use tokio::time::{Instant, sleep_until};

use super::MediaNode;
use crate::{
    command::Command,
    limits::{COMMANDS_PER_TURN, DATAGRAM_BYTES_MAX, GATHERED_FOR, GATHERED_FROM, RECEIVES_PER_TURN},
};

/// What a turn begins with.
enum Occasion {
    Datagrams,
    Command(Command),
    Due,
    /// Nobody can ask for anything any more.
    Abandoned,
}

impl MediaNode {
    /// Goes on until the drain is over, or nobody holds a handle any more.
    pub(crate) async fn run(mut self) {
        let timer = sleep_until(Instant::from_std(self.clock.anchor()));
        tokio::pin!(timer);
        let mut is_behind = false;
        while !self.is_over() {
            let due = self.next_due();
            timer.as_mut().reset(Instant::from_std(self.clock.instant(due)));
            let occasion = tokio::select! {
                // An error of the socket is about a datagram that was sent, and is fetched by receiving.
                _ = self.socket.readable() => Occasion::Datagrams,
                command = self.commands.recv() => command.map_or(Occasion::Abandoned, Occasion::Command),
                () = &mut timer => Occasion::Due,
            };
            self.now = self.now.max(self.clock.now());
            match occasion {
                Occasion::Datagrams => {
                    if !is_behind {
                        self.gather();
                    }
                    is_behind = !self.on_readable().await;
                }
                Occasion::Command(command) => {
                    self.on_command(command);
                    for _ in 1..COMMANDS_PER_TURN {
                        let Ok(command) = self.commands.try_recv() else { break };
                        self.on_command(command);
                    }
                }
                Occasion::Due => self.metrics.lagged(self.now.saturating_since(due)),
                Occasion::Abandoned => break,
            }
            self.do_what_is_due();
            self.flush().await;
            self.count();
        }
        self.part();
        self.flush().await;
    }

    fn next_due(&self) -> Timestamp {
        self.engine_timeout
            .min(self.transports.poll_timeout())
            .min(self.drain.deadline())
            .min(self.silence.poll_timeout())
    }

    fn do_what_is_due(&mut self) {
        if self.transports.poll_timeout() <= self.now {
            self.transports.handle_timeout(self.now);
            self.drain_transports();
        }
        if self.engine_timeout <= self.now {
            self.feed(Input::Timeout);
        }
        while let Some(peer) = self.silence.poll_gone(self.now) {
            self.changed = true;
            self.part_with(peer);
        }
    }

    /// Lets more datagrams come, if there are many who may send some. Not where more wait than one turn takes: a pause in each turn
    /// would bound what the node can read. The thread is this task's own, and has nothing else to do; a
    /// timer of the runtime would wake it for each of them.
    #[expect(clippy::disallowed_methods, reason = "a server's time is the machine's")]
    fn gather(&mut self) {
        if self.connected.len() >= GATHERED_FROM {
            std::thread::sleep(GATHERED_FOR);
            self.now = self.now.max(self.clock.now());
        }
    }

    /// Handles what has come, as much as one turn takes. Says whether that was all.
    async fn on_readable(&mut self) -> bool {
        for _ in 0..RECEIVES_PER_TURN {
            let mut inbound = std::mem::take(&mut self.inbound);
            let metrics = &self.metrics;
            let received = self.socket.receive(|from, datagram| {
                metrics.datagrams_in.inc();
                metrics.bytes_in.inc_by(datagram.len() as u64);
                if datagram.len() > DATAGRAM_BYTES_MAX {
                    metrics.dropped(DropReason::Oversized);
                } else {
                    inbound.push((from, datagram.to_vec()));
                }
            });
            self.now = self.now.max(self.clock.now());
            for (from, datagram) in inbound.drain(..) {
                self.on_datagram(from, datagram);
                if self.departures.is_full() {
                    self.flush().await;
                }
            }
            self.inbound = inbound;
            if received == 0 {
                return true;
            }
        }
        false
    }

    fn on_datagram(&mut self, from: SocketAddr, datagram: Vec<u8>) {
        match self.transports.handle_datagram(self.now, from, datagram) {
            Received::Media { peer, packet } => {
                self.silence.on_heard(self.now, peer);
                self.feed(Input::Datagram { peer, datagram: packet });
            }
            Received::Handled => self.drain_transports(),
            Received::Dropped { reason, .. } => self.metrics.dropped(reason),
        }
    }

    fn on_command(&mut self, command: Command) {
        self.changed = true;
        match command {
            Command::Open { peer, outbox, by_media } => {
                self.outboxes.insert(peer, outbox);
                if by_media {
                    self.silence.watch(self.now, peer);
                }
            }
            Command::Signal { peer, message } => {
                // Who was cut off may have said something before.
                if self.outboxes.contains_key(&peer) && !self.turns_away(peer, &message) {
                    self.feed(Input::Signal { peer, message: &message });
                }
            }
            Command::Close { peer } => {
                self.part_with(peer);
            }
            Command::Drain { within } => self.drain.begin(self.now + within),
        }
    }

    fn part_with(&mut self, peer: PeerId) {
        self.silence.forget(peer);
        if self.outboxes.remove(&peer).is_some() {
            self.feed(Input::Disconnected { peer });
        }
    }

    /// Sends what the transports have to say for themselves, and then what the engine gave out.
    async fn flush(&mut self) {
        self.send_batch().await;
        let mut departures = std::mem::take(&mut self.departures);
        for (peer, packet, is_last) in departures.by_peer() {
            self.protect(peer, packet);
            if is_last {
                self.send_batch().await;
            }
        }
        departures.clear();
        self.departures = departures;
    }

    fn protect(&mut self, peer: PeerId, packet: &Outgoing) {
        let Self { now, transports, batch, .. } = self;
        let protected = match packet {
            Outgoing::Rtp(packet) => {
                self.metrics.forwarded.inc();
                transports.protect(*now, peer, packet, batch.buffer())
            }
            Outgoing::Probe(packet) => transports.protect_rtp(*now, peer, packet, batch.buffer()),
            Outgoing::Rtcp(packet) => transports.protect_rtcp(*now, peer, packet, batch.buffer()),
            Outgoing::Signal(_) => return,
        };
        match protected {
            Ok(to) => batch.commit(to),
            Err(reason) => self.metrics.dropped(reason),
        }
    }

    async fn send_batch(&mut self) {
        let sent = self.batch.flush(&self.socket).await;
        self.metrics.datagrams_out.inc_by(sent.datagrams as u64);
        self.metrics.bytes_out.inc_by(sent.bytes as u64);
        self.metrics.unsent.inc_by(sent.dropped as u64);
    }

    /// Counts people, which takes a walk through all conferences, when their number may have changed.
    fn count(&mut self) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        let statistics = self.engine.statistics();
        self.metrics.conferences.set(statistics.conferences as i64);
        self.metrics.participants.set(statistics.present as i64);
        self.metrics.waiting.set(statistics.waiting as i64);
        self.metrics.channels.set(self.outboxes.len() as i64);
        self.metrics.connections.set(self.connected.len() as i64);
    }
}
