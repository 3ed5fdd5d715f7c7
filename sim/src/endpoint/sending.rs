//! Owns what a participant sends, from frames that are due to datagrams: sealed and cut by its [`Publisher`]s, in turn and
//! numbered by its [`Uplink`](super::uplink::Uplink), bent by its bad side if it has one.

use bytes::Bytes;
use media_core::{
    MediaKind, Ssrc, Timestamp,
    rtp::{RED_PAYLOAD_TYPE, rtcp},
};

use super::{
    Endpoint,
    adaptation::{self, Candidate},
    compounds::Compounds,
    outgoing::Unnumbered,
    publisher::{Publisher, Sending},
    redundancy::Redundancy,
    uplink::Waiting,
};
use crate::{adversary::Misbehaviour, packet::Datagram, sabotage::Sabotage, trace::Channel as Wire};

/// Whether the server takes redundant audio apart.
const fn server_takes_red() -> bool {
    true
}

impl Endpoint {
    /// Sends what is due: feedback, audio, and pictures and repairs whose turn it is.
    pub(super) fn advance_sending(&mut self, now: Timestamp) {
        if self.session.participant().is_none() {
            // Devices run on; nobody gets what they give.
            return self.send_frames(now);
        }
        self.uplink.handle_timeout(now);
        self.adapt(now);
        self.send_arrivals(now);
        self.send_frames(now);
        let given_up = self.uplink.give_up_stale(now);
        self.uplink_record.given_up_frames += given_up.frames;
        for (kind, place) in given_up.broken {
            for publisher in self.publishers.iter_mut().filter(|publisher| publisher.kind == kind) {
                publisher.on_given_up(place);
            }
        }
        while let Some(packet) = self.uplink.poll(now) {
            match packet {
                Waiting::Media(packet) => self.leave(now, packet),
                Waiting::Repair(mut bytes) => {
                    self.uplink.on_leaving(now, &mut bytes);
                    self.send_media(Bytes::from(bytes));
                }
            }
        }
        for padding in self.uplink.poll_padding(now) {
            self.uplink_record.probes += 1;
            self.send_media(Bytes::from(padding));
        }
    }

    /// The client is on another line and says so at once, as a client's check of its new address does (RFC 8445 section 2.2):
    /// by an empty report (RFC 3550 section 6.1). What the old line carried says nothing of this one.
    pub(super) fn on_moved(&mut self, now: Timestamp) {
        if self.session.participant().is_none() {
            return;
        }
        self.uplink.on_moved(now);
        self.adaptation.on_moved(now);
        self.redundancy = Redundancy::default();
        if self.restarts_ice() {
            return;
        }
        let mut report = Vec::new();
        rtcp::write_receiver_report(self.own_ssrc(), &[], &mut report);
        self.send_feedback(now, Bytes::from(report));
    }

    /// When [`Endpoint::advance_sending`] has something to do beside the frames that are due.
    pub(super) fn sending_timeout(&self) -> Option<Timestamp> {
        self.session.participant()?;
        let timeouts =
            [self.uplink.poll_timeout(), self.arrivals.poll_timeout(), self.adaptation.poll_timeout()];
        timeouts.into_iter().flatten().min()
    }

    /// Encodes what is asked for as far as the line carries it beside the audio.
    pub(super) fn adapt(&mut self, now: Timestamp) {
        let (mut audio_bps, mut candidates) = (0, Vec::<Candidate>::new());
        for publisher in self.publishers.iter().filter(|publisher| self.may_send(publisher.kind)) {
            candidates.extend(publisher.candidates());
            if !publisher.kind.is_video() {
                audio_bps += publisher.audio_bps(self.redundancy.depth());
            }
        }
        self.redundancy.on_loss(now, self.uplink.loss());
        self.uplink.set_demand(audio_bps + adaptation::room_for(&candidates));
        let budget_bps = self.uplink.estimate_bps().saturating_sub(audio_bps);
        self.adaptation.choose(now, &candidates, budget_bps);
        for publisher in &mut self.publishers {
            publisher.adapt(now, &self.adaptation);
        }
    }

    /// This kind of media, as far as the client knows, or cares.
    fn may_send(&self, kind: MediaKind) -> bool {
        let disobeys =
            self.adversary.is(Misbehaviour::IgnoreMode) || self.sabotage == Some(Sabotage::AudienceChatters);
        self.session.participant().is_some()
            && self.is_connected()
            && (disobeys || self.session.permissions().allows(kind))
    }

    fn send_frames(&mut self, now: Timestamp) {
        let permitted: Vec<bool> =
            self.publishers.iter().map(|publisher| self.may_send(publisher.kind)).collect();
        let forges = self.adversary.is(Misbehaviour::ForgeSender);
        let own = self.session.participant().filter(|_| forges);
        let sealer = self.encryption.as_mut().and_then(|encryption| match own {
            Some(own) => encryption.forger(own),
            None => encryption.sealer(),
        });
        let mut sending = Sending {
            sealer,
            forges,
            epoch: self.encrypted.epochs.len().saturating_sub(1),
            sabotage: self.sabotage,
            silent: self.adversary.is(Misbehaviour::LoudestInSilence),
            marker: &self.marker,
            redundancy: if server_takes_red() { self.redundancy.depth() } else { 0 },
            is_light: false,
        };
        let mut packets = Vec::new();
        for (publisher, permitted) in self.publishers.iter_mut().zip(permitted) {
            while publisher.poll(now, permitted, &mut sending, &mut packets) {}
        }
        for packet in packets {
            if packet.kind.is_video() {
                self.uplink.push(now, Waiting::Media(packet));
            } else {
                self.uplink.charge(now, &packet.bytes);
                self.leave(now, packet);
            }
        }
    }

    /// A part of a frame leaves at this moment.
    fn leave(&mut self, now: Timestamp, mut packet: Unnumbered) {
        let Some(publisher) = self.publishers.iter_mut().find(|publisher| publisher.kind == packet.kind)
        else {
            return;
        };
        publisher.on_leaving(&mut packet);
        self.uplink.on_leaving(now, &mut packet.bytes);
        let bytes = Bytes::from(packet.bytes);
        publisher.on_left(packet.encoding, &bytes);
        let redundant = bytes.get(1).is_some_and(|second| second & 0x7f == RED_PAYLOAD_TYPE);
        self.uplink_record.redundant += u64::from(redundant);
        self.send_media(bytes);
    }

    /// Feedback leaves without waiting.
    pub(super) fn send_feedback(&mut self, now: Timestamp, bytes: Bytes) {
        self.uplink.charge(now, &bytes);
        self.send_media(bytes);
    }

    pub(super) fn send_media(&mut self, bytes: Bytes) {
        if self.adversary.leaves_packets_alone() {
            return self.send_unchanged(bytes);
        }
        let victim = self.incoming.first().map(|incoming| incoming.info.ssrc);
        for bytes in self.adversary.on_sending(bytes, victim) {
            self.send_unchanged(bytes);
        }
    }

    pub(super) fn send_unchanged(&mut self, bytes: Bytes) {
        let Some(peer) = self.peer() else { return };
        self.out.push_back(Datagram { peer, channel: Wire::Media, bytes });
    }

    /// The SSRC by which this client goes in feedback.
    pub(super) fn own_ssrc(&self) -> Ssrc {
        self.published.first().map_or(Ssrc(2), |(ssrc, _)| *ssrc)
    }

    /// Tells the server what arrived and when.
    fn send_arrivals(&mut self, now: Timestamp) {
        let own = self.own_ssrc();
        let media = self.incoming.first().map_or(Ssrc(0), |incoming| incoming.info.ssrc);
        loop {
            let mut feedback = Vec::new();
            if !self.arrivals.write_feedback(now, own, media, &mut feedback) {
                return;
            }
            self.send_feedback(now, Bytes::from(feedback));
        }
    }

    pub(super) fn send_reports(&mut self, now: Timestamp) {
        let mut compounds = Compounds::default();
        for publisher in &self.publishers {
            compounds.add(|out| publisher.write_reports(now, self.clock_unix_ns, out));
        }
        let own = self.own_ssrc();
        let reports = self.incoming.iter_mut();
        let blocks: Vec<rtcp::ReportBlock> =
            reports.filter_map(|incoming| incoming.reception.report(incoming.info.ssrc)).collect();
        let rtt = self.session.channel.as_ref().and_then(|(_, channel)| channel.smoothed_rtt());
        for blocks in blocks.chunks(31) {
            compounds.add(|out| {
                rtcp::write_receiver_report(own, blocks, out);
            });
        }
        for incoming in &mut self.incoming {
            if let Some(rtt) = rtt {
                incoming.set_rtt(rtt);
            }
        }
        for datagram in compounds.finish() {
            self.send_feedback(now, datagram);
        }
    }

    /// A packet of the stream `media` is asked for again.
    pub(super) fn send_again(&mut self, now: Timestamp, media: Ssrc, sequence: u16) {
        let again = self.publishers.iter_mut().find_map(|publisher| publisher.on_nack(media, sequence));
        if let Some(packet) = again {
            self.uplink.push(now, Waiting::Repair(packet));
        }
    }

    /// A track is sent no more: what waits of it is not, either.
    pub(super) fn forget_waiting(&mut self, publisher: &Publisher) {
        self.uplink.forget(publisher.kind);
    }
}
