//! Owns what a participant makes of the media and the feedback that come to it: what is counted, opened, and asked for.

use bytes::Bytes;
use media_core::{
    DropReason, MediaKind, ParticipantId, Timestamp,
    limits::NACK_ENTRIES_MAX,
    rtp::{PROBE_SSRC, Protocol, RtpView, demux, rtcp},
    signalling::Request,
};

use super::{Endpoint, Incoming, compounds::Compounds, incoming::belongs, layout::Picture, opened::Opening};
use crate::{packet::IP_UDP_BYTES, sabotage::Sabotage};

impl Endpoint {
    pub(super) fn on_media(&mut self, now: Timestamp, bytes: &Bytes) {
        self.adversary.on_received(now, bytes);
        let handled = match demux(bytes) {
            Protocol::Rtp => self.on_rtp(now, bytes),
            Protocol::Rtcp => self.on_rtcp(now, bytes),
            Protocol::Other => Err(DropReason::UnknownProtocol),
        };
        if let Err(reason) = handled {
            self.refused.count(reason);
        }
    }

    fn on_rtp(&mut self, now: Timestamp, bytes: &Bytes) -> Result<(), DropReason> {
        let view = RtpView::parse(bytes)?;
        let wire_bytes = bytes.len() as u32 + IP_UDP_BYTES;
        // Whatever it is, and whether it can be opened or not: the line has carried it.
        if let Some(sequence) = view.transport_sequence() {
            self.arrivals.on_packet(now, sequence, wire_bytes);
        }
        if view.ssrc() == PROBE_SSRC {
            return Ok(());
        }
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
        self.receiving.on_packet(now, incoming.info.kind, wire_bytes);
        let original = if repaired { Some(view.retransmitted()?.0) } else { None };
        let handled = incoming.handle_packet(now, bytes, &view, original, &mut opening);
        self.ask_for_repairs(now);
        handled
    }

    fn on_rtcp(&mut self, now: Timestamp, bytes: &Bytes) -> Result<(), DropReason> {
        let (mut nacks, mut key_frames) = (Vec::new(), Vec::new());
        let (uplink, record) = (&mut self.uplink, &mut self.uplink_record);
        rtcp::read(bytes, |feedback| match feedback {
            rtcp::Feedback::Nack { media, sequence } => nacks.push((media, sequence)),
            rtcp::Feedback::PictureLoss { media } | rtcp::Feedback::FullIntraRequest { media } => {
                key_frames.push(media);
            }
            rtcp::Feedback::TransportFeedback(arrivals) => {
                uplink.on_feedback(now, &arrivals);
                record.feedback += 1;
            }
            rtcp::Feedback::SenderReport { .. }
            | rtcp::Feedback::ReceiverReport { .. }
            | rtcp::Feedback::Remb { .. }
            | rtcp::Feedback::Goodbye { .. } => {}
        })?;
        // A WebRTC stack has sent them again by itself.
        if self.webrtc.is_none() {
            for (media, sequence) in nacks {
                self.send_again(now, media, sequence);
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
        self.advance_sending(now);
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

    fn ask_for_repairs(&mut self, now: Timestamp) {
        let mut compounds = Compounds::default();
        let own = self.own_ssrc();
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
            self.send_feedback(now, datagram);
        }
    }

    pub(super) fn on_demand(&mut self, now: Timestamp, kind: MediaKind, encodings: u8) {
        if self.sabotage == Some(Sabotage::PublishersNeverRest) && encodings == 0 {
            return;
        }
        for publisher in self.publishers.iter_mut().filter(|publisher| publisher.kind == kind) {
            publisher.set_demand(encodings);
        }
        self.adapt(now);
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
