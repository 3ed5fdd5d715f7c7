//! Owns what RTCP from peers does: repairs, key frames, clocks. A peer's word counts only for streams that it sends
//! or receives itself (SEC-003).

use super::{ForwardedRtp, Forwarder, MemberIndex};
use crate::{
    DropReason,
    ids::{PeerId, Ssrc},
    rtp::rtcp::{self, Feedback},
    time::Timestamp,
};

/// What of a compound concerns the forwarder, without borrowing the packet.
enum Act {
    Repair(Ssrc, u16),
    KeyFrame(Ssrc),
    Clock(Ssrc, u64, u32),
    Unused,
}

impl Forwarder {
    /// An RTCP packet from a peer.
    pub fn handle_rtcp(&mut self, now: Timestamp, peer: PeerId, packet: &[u8]) {
        let Some(member) = self.by_peer.get(&peer).copied() else {
            return self.drop_from(peer, DropReason::NotJoined);
        };
        let mut acts = Vec::new();
        let downlink = &mut self.members[member.0].downlink;
        let read = rtcp::read(packet, |feedback| {
            acts.extend(match feedback {
                Feedback::TransportFeedback(feedback) => {
                    downlink.on_feedback(now, &feedback);
                    None
                }
                Feedback::Nack { media, sequence } => Some(Act::Repair(media, sequence)),
                Feedback::PictureLoss { media } | Feedback::FullIntraRequest { media } => {
                    Some(Act::KeyFrame(media))
                }
                Feedback::SenderReport { ssrc, ntp, rtp_timestamp, .. } => {
                    Some(Act::Clock(ssrc, ntp, rtp_timestamp))
                }
                Feedback::Remb { .. } => Some(Act::Unused),
                Feedback::ReceiverReport { .. } | Feedback::Goodbye { .. } => None,
            });
        });
        for act in acts {
            let done = match act {
                Act::Repair(media, sequence) => self.on_nack(now, member, media, sequence),
                Act::KeyFrame(media) => self.on_key_frame_wanted(now, member, media),
                Act::Clock(ssrc, ntp, rtp) => self.on_clock(member, ssrc, ntp, rtp),
                Act::Unused => Err(DropReason::UnusedFeedback),
            };
            if let Err(reason) = done {
                self.drop_from(peer, reason);
            }
        }
        if let Err(reason) = read {
            self.drop_from(peer, reason);
        }
        self.advance_path(now, member);
    }

    fn on_nack(
        &mut self,
        now: Timestamp,
        member: MemberIndex,
        media: Ssrc,
        sequence: u16,
    ) -> Result<(), DropReason> {
        let index = self.members[member.0].subscription(media).ok_or(DropReason::ForeignFeedback)?;
        let subscription = &mut self.subscriptions[index.0];
        let track = &self.tracks[subscription.track.0];
        let source = subscription.find(sequence).and_then(|(encoding, source)| {
            let packet = track.encodings.get(usize::from(encoding))?.cache.get(source)?;
            Some((encoding, source, packet.clone()))
        });
        let Some((encoding, source, packet)) = source else {
            subscription.refused.count(DropReason::NotInCache);
            return Err(DropReason::NotInCache);
        };
        if !subscription.retransmissions.allow(sequence) {
            subscription.refused.count(DropReason::RepairLimit);
            return Err(DropReason::RepairLimit);
        }
        let Some(numbers) = subscription.place_again(now, encoding, source, packet.meta.timestamp) else {
            return Err(DropReason::NotInCache);
        };
        let packet = ForwardedRtp {
            ssrc: subscription.rtx_ssrc,
            sequence: subscription.rtx_sequence,
            timestamp: numbers.timestamp,
            payload_type: track.codec.rtx_payload_type(),
            marker: packet.meta.marker,
            transport_sequence: 0,
            original_sequence: Some(numbers.sequence),
            redundant: None,
            source: packet,
        };
        self.members[member.0].downlink.push_repair(index, packet);
        Ok(())
    }

    fn on_key_frame_wanted(
        &mut self,
        now: Timestamp,
        member: MemberIndex,
        media: Ssrc,
    ) -> Result<(), DropReason> {
        let index = self.members[member.0].subscription(media).ok_or(DropReason::ForeignFeedback)?;
        let subscription = &mut self.subscriptions[index.0];
        let track = subscription.track;
        if !self.tracks[track.0].kind.is_video() {
            return Err(DropReason::ForeignFeedback);
        }
        let Some(encoding) = subscription.needed(&self.tracks[track.0]) else { return Ok(()) };
        let requests = &mut self.tracks[track.0].encodings[usize::from(encoding)].key_frames;
        // What is on its way for somebody else costs nobody anything.
        if !requests.is_wanted() && !subscription.ask_again(now) {
            return Err(DropReason::KeyFrameLimit);
        }
        requests.want();
        self.request_key_frame(now, track, encoding);
        self.reschedule(track, encoding);
        Ok(())
    }

    fn on_clock(&mut self, member: MemberIndex, ssrc: Ssrc, ntp: u64, rtp: u32) -> Result<(), DropReason> {
        let published = self.members[member.0].published(ssrc).ok_or(DropReason::ForeignFeedback)?;
        let track = &mut self.tracks[published.track.0];
        track.encodings[usize::from(published.encoding)].clock = Some((ntp, rtp));
        Ok(())
    }
}
