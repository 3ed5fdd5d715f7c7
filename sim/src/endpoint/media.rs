//! Owns the participant's media in motion: what is received and opened, what is asked for, what is sent.

use bytes::Bytes;
use media_core::{
    DropReason, MediaKind, ParticipantId, Ssrc, Timestamp,
    limits::NACK_ENTRIES_MAX,
    rtp::{Protocol, RtpView, demux, rtcp},
    signalling::Request,
};

use super::{
    Endpoint, Incoming, compounds::Compounds, incoming::belongs, layout::Picture, opened::Opening,
    publisher::Sending,
};
use crate::{
    adversary::Misbehaviour,
    packet::{Datagram, IP_UDP_BYTES},
    sabotage::Sabotage,
    trace::Channel as Wire,
};

impl Endpoint {
    pub(super) fn on_media(&mut self, now: Timestamp, bytes: &Bytes) {
        self.adversary.on_received(now, bytes);
        let handled = match demux(bytes) {
            Protocol::Rtp => self.on_rtp(now, bytes),
            Protocol::Rtcp => self.on_rtcp(bytes),
            Protocol::Other => Err(DropReason::UnknownProtocol),
        };
        if let Err(reason) = handled {
            self.refused.count(reason);
        }
    }

    fn on_rtp(&mut self, now: Timestamp, bytes: &Bytes) -> Result<(), DropReason> {
        let view = RtpView::parse(bytes)?;
        let Some(encryption) = &mut self.encryption else {
            self.frames.decoded += u64::from(self.sabotage == Some(Sabotage::PlayUnopened));
            return Err(DropReason::NoKey);
        };
        let mut opening = Opening { now, encryption, marker: &self.marker };
        let found = self
            .incoming
            .iter_mut()
            .find_map(|incoming| belongs(&incoming.info, view.ssrc()).map(|repaired| (incoming, repaired)));
        let (incoming, repaired) = found.ok_or(DropReason::ForeignSsrc)?;
        self.receiving.on_packet(now, incoming.info.kind, bytes.len() as u32 + IP_UDP_BYTES);
        let original = if repaired { Some(view.retransmitted()?.0) } else { None };
        let handled = incoming.handle_packet(now, bytes, &view, original, &mut opening);
        self.ask_for_repairs(now);
        handled
    }

    fn on_rtcp(&mut self, bytes: &Bytes) -> Result<(), DropReason> {
        let (mut nacks, mut key_frames) = (Vec::new(), Vec::new());
        rtcp::read(bytes, |feedback| match feedback {
            rtcp::Feedback::Nack { media, sequence } => nacks.push((media, sequence)),
            rtcp::Feedback::PictureLoss { media } | rtcp::Feedback::FullIntraRequest { media } => {
                key_frames.push(media);
            }
            rtcp::Feedback::SenderReport { .. }
            | rtcp::Feedback::ReceiverReport { .. }
            | rtcp::Feedback::TransportFeedback(_)
            | rtcp::Feedback::Remb { .. }
            | rtcp::Feedback::Goodbye { .. } => {}
        })?;
        for (media, sequence) in nacks {
            let number = &mut self.transport_sequence;
            let again =
                self.publishers.iter_mut().find_map(|publisher| publisher.on_nack(media, sequence, number));
            if let Some(packet) = again {
                self.send_media(packet);
            }
        }
        for media in key_frames {
            for publisher in &mut self.publishers {
                publisher.on_key_frame_wanted(media);
            }
        }
        Ok(())
    }

    /// Everything that time brings: frames to send, frames to play, repairs to ask for.
    pub(super) fn advance_media(&mut self, now: Timestamp) {
        self.send_frames(now);
        while let Some(packet) = self.pacer.poll(now) {
            self.send_media(packet);
        }
        if let Some(encryption) = &mut self.encryption {
            let mut opening = Opening { now, encryption, marker: &self.marker };
            for incoming in &mut self.incoming {
                if incoming.poll_timeout().is_some_and(|at| at <= now) {
                    incoming.handle_timeout(now, &mut opening);
                }
            }
        }
        if self.heard_after.is_none() {
            let first = self.incoming.iter().filter_map(Incoming::first_played).min();
            if let (Some(first), Some(opened)) = (first, self.opened_at) {
                self.heard_after = Some(first.saturating_since(opened));
            }
        }
        self.ask_for_repairs(now);
    }

    fn send_frames(&mut self, now: Timestamp) {
        let permissions = self.session.permissions();
        let disobeys =
            self.adversary.is(Misbehaviour::IgnoreMode) || self.sabotage == Some(Sabotage::AudienceChatters);
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
            transport_sequence: &mut self.transport_sequence,
        };
        let mut packets = Vec::new();
        let (mut at_once, mut paced) = (Vec::new(), Vec::new());
        for publisher in &mut self.publishers {
            let permitted = disobeys || permissions.allows(publisher.kind);
            while publisher.poll(now, permitted, &mut sending, &mut packets) {}
            let queue = if publisher.kind.is_video() { &mut paced } else { &mut at_once };
            queue.append(&mut packets);
        }
        for packet in at_once {
            self.send_media(packet);
        }
        for packet in paced {
            self.pacer.push(packet);
        }
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

    fn ask_for_repairs(&mut self, now: Timestamp) {
        let mut compounds = Compounds::default();
        let own = self.published.first().map_or(Ssrc(2), |(ssrc, _)| *ssrc);
        for incoming in &mut self.incoming {
            let (missing, key_frame) = incoming.poll_feedback(now);
            let media = incoming.info.ssrc;
            for missing in missing.chunks(NACK_ENTRIES_MAX) {
                compounds.add(|out| {
                    rtcp::write_nack(own, media, missing, out);
                });
            }
            if key_frame {
                compounds.add(|out| rtcp::write_pli(own, media, out));
            }
        }
        for datagram in compounds.finish() {
            self.send_media(datagram);
        }
    }

    pub(super) fn send_reports(&mut self, now: Timestamp) {
        let mut compounds = Compounds::default();
        for publisher in &self.publishers {
            compounds.add(|out| publisher.write_reports(now, self.clock_unix_ns, out));
        }
        let own = self.published.first().map_or(Ssrc(2), |(ssrc, _)| *ssrc);
        let blocks: Vec<rtcp::ReportBlock> = self.incoming.iter().filter_map(super::report::block).collect();
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
            self.send_media(datagram);
        }
    }

    pub(super) fn on_demand(&mut self, now: Timestamp, kind: MediaKind, encodings: u8) {
        if self.sabotage == Some(Sabotage::PublishersNeverRest) && encodings == 0 {
            return;
        }
        for publisher in self.publishers.iter_mut().filter(|publisher| publisher.kind == kind) {
            publisher.set_demand(now, encodings);
        }
        let target = self.publishers.iter().filter(|publisher| publisher.kind.is_video());
        self.pacer.set_target(target.map(super::Publisher::target_bps).sum());
    }

    /// Brings what is asked for in line with what the viewer wants, and tells the meters what to expect.
    pub(super) fn update_watching(&mut self, now: Timestamp) {
        let own = self.session.participant();
        let video = |incoming: &&Incoming| incoming.info.kind.is_video();
        let tracks: Vec<Picture> = self
            .incoming
            .iter()
            .filter(video)
            .map(|incoming| (incoming.info.participant, incoming.info.kind))
            .filter(|(participant, _)| Some(*participant) != own)
            .collect();
        if own.is_some() {
            for ((source, kind), layer) in self.layout.poll_changes(&tracks, &self.session.roster) {
                self.session.request(now, Request::Watch { source, kind, layer });
            }
        }
        for incoming in &mut self.incoming {
            let picture = (incoming.info.participant, incoming.info.kind);
            let source = self.session.roster.get(&incoming.info.participant);
            let flows = source.is_some_and(|member| member.permissions.allows(incoming.info.kind));
            incoming.set_wanted(now, self.layout.is_wanted(picture), flows);
        }
    }

    pub(super) fn on_track_removed(&mut self, now: Timestamp, participant: ParticipantId, kind: MediaKind) {
        self.layout.on_removed((participant, kind));
        let gone =
            |incoming: &Incoming| incoming.info.participant == participant && incoming.info.kind == kind;
        while let Some(at) = self.incoming.iter().position(gone) {
            let incoming = self.incoming.remove(at);
            self.keep(incoming, now);
        }
    }

    /// Keeps what is known of a received track that is over.
    pub(super) fn keep(&mut self, incoming: Incoming, now: Timestamp) {
        let (track, line) = incoming.finish(now);
        self.frames.merge(&track.frames);
        self.received.push(track);
        if let Some(line) = line {
            self.hearing.merge(&line);
        }
    }
}
