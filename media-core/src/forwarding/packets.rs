//! Owns the way of an RTP packet through the server: admission at the door, then the fan-out to those who want it.
//! Decisions are made on metadata; the payload goes along as a handle.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    ForwardedRtp, Forwarder, ForwardingOutput, TrackIndex,
    member::PublishedSsrc,
    output::forwarded_bytes_max,
    pump,
    redundancy::{frames_before, unpack},
    repair::SourcePacket,
    schedule,
    speakers::Hearing,
    subscription::Offered,
};
use crate::{
    Codec, DropReason,
    ids::PeerId,
    limits::{DATAGRAM_BYTES_MAX, SPEAKER_HELD_PACKETS, SPEAKER_LEVEL_MIN},
    rtp::{PROBE_SSRC, PacketMeta, RtpHeader, RtpView, red::RED_PAYLOAD_TYPE},
    time::Timestamp,
};

/// A packet that has passed the door, with its place in the publisher's numbering.
pub(super) struct Admitted {
    track: TrackIndex,
    encoding: u8,
    sequence: u64,
    packet: Arc<SourcePacket>,
}

impl Forwarder {
    /// An RTP packet from a peer. Whatever is wrong with it is counted, never an error.
    pub fn handle_rtp(&mut self, now: Timestamp, peer: PeerId, datagram: &Bytes, absent: u16) {
        let Some(member) = self.by_peer.get(&peer).copied() else {
            return self.drop_from(peer, DropReason::NotJoined);
        };
        let view = match RtpView::parse_front(datagram, usize::from(absent)) {
            Ok(view) => view,
            Err(reason) => return self.drop_from(peer, reason),
        };
        let index = member;
        let member = &mut self.members[index.0];
        member.downlink.on_arrival(now, view.transport_sequence(), datagram.len() + usize::from(absent));
        schedule(now, member.downlink.poll_timeout_kept(), (member, index), &mut self.path_timers);
        if view.ssrc() == PROBE_SSRC {
            return;
        }
        let member = &self.members[index.0];
        let Some(published) = member.published(view.ssrc()) else {
            return self.drop_from(peer, DropReason::ForeignSsrc);
        };
        let track = &mut self.tracks[published.track.0];
        track.received += 1;
        let permitted = member.permissions.allows(track.kind);
        let redundant = view.payload_type() == RED_PAYLOAD_TYPE && track.codec == Codec::Opus;
        if permitted && redundant && !published.retransmissions {
            self.recover(now, published, &view, datagram);
        }
        let track = &mut self.tracks[published.track.0];
        let admitted = if permitted {
            self.admit(now, published, (&view, datagram, absent))
        } else {
            track.bar();
            Err(DropReason::NotPermitted)
        };
        match admitted {
            Ok(Some(admitted)) => self.on_admitted(now, admitted),
            Ok(None) => {}
            Err(reason) => {
                self.tracks[published.track.0].dropped.count(reason);
                self.drop_from(peer, reason);
                if reason == DropReason::UnknownTemplate {
                    self.on_structure_missing(now, published);
                }
            }
        }
        self.reschedule(published.track, published.encoding);
    }

    /// A picture whose structure never came: the key frame that carries it was lost, or not permitted. Without another
    /// one its viewers would wait for ever.
    fn on_structure_missing(&mut self, now: Timestamp, published: PublishedSsrc) {
        let PublishedSsrc { track: index, encoding, .. } = published;
        let track = &mut self.tracks[index.0];
        if track.demand & 1 << encoding != 0 {
            track.encodings[usize::from(encoding)].key_frames.want();
            self.ask_for_key_frame(now, index, encoding);
        }
    }

    /// Reads a permitted packet and finds its place in the stream; a retransmission becomes the packet that it
    /// repairs. Nothing is returned for a microphone's packet that is held back, or went out with what was.
    fn admit(
        &mut self,
        now: Timestamp,
        published: PublishedSsrc,
        (view, datagram, absent): (&RtpView<'_>, &Bytes, u16),
    ) -> Result<Option<Admitted>, DropReason> {
        let PublishedSsrc { track: index, encoding: encoding_index, .. } = published;
        let track = &mut self.tracks[index.0];
        let encoding = &mut track.encodings[usize::from(encoding_index)];
        let repaired;
        let (view, datagram) = if published.retransmissions {
            if view.payload_type() != track.codec.rtx_payload_type() {
                return Err(DropReason::UnknownPayloadType);
            }
            repaired = unwrap_retransmission(view, encoding.offer.ssrc, track.codec.payload_type())?;
            (&RtpView::parse_front(&repaired, usize::from(absent))?, &repaired)
        } else {
            (view, datagram)
        };
        let redundant = view.payload_type() == RED_PAYLOAD_TYPE && track.codec == Codec::Opus;
        if view.payload_type() != track.codec.payload_type() && !redundant {
            return Err(DropReason::UnknownPayloadType);
        }
        let frame = if track.kind.is_video() {
            let frame = encoding.frames.frame_meta(view)?;
            // Padding that probes for bandwidth belongs to no frame, but it has a number.
            if frame.is_none() && view.payload_len() > 0 {
                return Err(DropReason::BadExtension);
            }
            frame
        } else {
            None
        };
        let mut meta = PacketMeta::from_view(view, frame);
        if redundant {
            meta = unpack(view, meta, track.codec.payload_type())?.primary;
        }
        if !track.kind.is_video() && meta.audio_level.is_none() {
            return Err(DropReason::BadExtension);
        }
        if forwarded_bytes_max(view) > DATAGRAM_BYTES_MAX {
            return Err(DropReason::Oversized);
        }
        self.take(now, published, SourcePacket::new(meta, datagram.clone()))
    }

    /// Gives a packet its place in the stream.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        published: PublishedSsrc,
        packet: SourcePacket,
    ) -> Result<Option<Admitted>, DropReason> {
        let PublishedSsrc { track: index, encoding: encoding_index, .. } = published;
        let track = &mut self.tracks[index.0];
        let encoding = &mut track.encodings[usize::from(encoding_index)];
        let frame = packet.meta.frame;
        let newest = encoding.numbers.newest();
        let sequence = encoding.unwrap(packet.meta.sequence, published.retransmissions)?;
        let packet = encoding.cache.insert(sequence, packet)?;
        let expected = newest.map_or(sequence, |newest| (newest + 1).max(encoding.permitted_from));
        if sequence > expected {
            encoding.missing.on_gap(now, expected, sequence);
        } else {
            encoding.missing.on_received(sequence);
        }
        if frame.is_some_and(|frame| frame.key && frame.start) {
            encoding.key_frames.on_served();
        }
        let temporal = frame.map_or(0, |frame| frame.temporal);
        encoding.rates.on_packet(now, temporal, packet.meta.wire_bytes());
        let admitted = Admitted { track: index, encoding: encoding_index, sequence, packet };
        Ok(if track.kind.is_video() || self.hear(now, &admitted) { Some(admitted) } else { None })
    }

    /// Whether a microphone's packet goes through by itself. Otherwise it is held back, or goes out together with what
    /// was held back before.
    fn hear(&mut self, now: Timestamp, admitted: &Admitted) -> bool {
        let track = &mut self.tracks[admitted.track.0];
        let Some(room) = self.rooms.get_mut(&track.conference) else { return false };
        // What comes late belongs to a time that was decided on: it fills its place, if one was reserved.
        if track.encodings[0].is_behind(admitted.sequence) {
            return true;
        }
        let level = admitted.packet.meta.audio_level.map_or(127, |level| level.level);
        let level = track.voice.weigh(now, level);
        let hearing = room.speakers.hear(now, admitted.track, level);
        if hearing == Hearing::Forwarded {
            return true;
        }
        // In the order of sending: what begins a stretch must not be overtaken by what follows it.
        let at = track.held.partition_point(|held| *held < admitted.sequence);
        track.held.insert(at, admitted.sequence);
        if hearing == Hearing::Taken {
            self.release_held(now, admitted.track, admitted.sequence);
        } else if track.held.len() > SPEAKER_HELD_PACKETS
            && let Some(oldest) = track.held.pop_front()
        {
            track.pass_over(oldest);
        }
        false
    }

    /// Sends what was held back of the words that brought the microphone its place, to the packet `taking` that did,
    /// and forgets the silence before. When the words began earlier than what is held back, their beginning is gone
    /// already, and a burst from their middle would only delay what follows.
    fn release_held(&mut self, now: Timestamp, index: TrackIndex, taking: u64) {
        let voiced = |packet: &Arc<SourcePacket>| {
            packet.meta.audio_level.is_some_and(|level| level.level <= SPEAKER_LEVEL_MIN)
        };
        let track = &self.tracks[index.0];
        let first = track.held.front().and_then(|sequence| track.encodings[0].cache.get(*sequence));
        let began_earlier = track.held.len() > SPEAKER_HELD_PACKETS && first.is_some_and(voiced);
        let mut speaks = false;
        while let Some(sequence) = self.tracks[index.0].held.pop_front() {
            let track = &mut self.tracks[index.0];
            let packet = track.encodings[0].cache.get(sequence).cloned();
            speaks |= sequence == taking || !began_earlier && packet.as_ref().is_some_and(voiced);
            match packet.filter(|_| speaks) {
                Some(packet) => {
                    self.on_admitted(now, Admitted { track: index, encoding: 0, sequence, packet });
                }
                None => track.pass_over(sequence),
            }
        }
    }

    /// The fan-out: to each subscriber of the track what it lets through, under its own numbers.
    pub(super) fn on_admitted(&mut self, now: Timestamp, admitted: Admitted) {
        let Admitted { track: index, encoding, sequence, packet } = admitted;
        let ahead = self.tracks[index.0].admit(encoding, sequence);
        let track = &self.tracks[index.0];
        let is_picture = track.kind.is_video();
        let mut demand_may_change = false;
        let mut wants_key_frame = false;
        for held in &track.subscriptions {
            let subscription = &mut self.subscriptions[held.0];
            let at = subscription.member;
            let member = &mut self.members[at.0];
            if !member.connected {
                subscription.miss();
                continue;
            }
            let crowded = is_picture && member.downlink.is_crowded();
            let offered = Offered { encoding, sequence, ahead, crowded, meta: &packet.meta };
            let passed = subscription.offer(now, track, offered);
            wants_key_frame |=
                is_picture && !crowded && subscription.awaits(track, encoding) && subscription.may_ask(now);
            let Ok(passed) = passed else { continue };
            demand_may_change |= passed.started;
            if passed.switched {
                self.out.push_back(ForwardingOutput::LayerSwitched {
                    subscriber: subscription.subscriber,
                    source: track.owner,
                    kind: track.kind,
                    encoding,
                });
            }
            let stream = (subscription.ssrc, track.codec.payload_type());
            let mut forwarded = ForwardedRtp::copy_of(&packet, stream, passed.numbers);
            if is_picture {
                if let Some(packet) = member.downlink.pass(now, *held, forwarded) {
                    subscription.on_sent(false);
                    self.out.push_back(ForwardingOutput::Rtp { peer: member.peer, packet });
                } else {
                    pump(now, member, &mut self.subscriptions, &mut self.out);
                }
            } else {
                subscription.on_sent(false);
                if member.downlink.loses() {
                    let cache = &track.encodings[0].cache;
                    forwarded.redundant = frames_before(subscription, cache, sequence, &packet);
                }
                let packet = member.downlink.send_now(now, forwarded);
                self.out.push_back(ForwardingOutput::Rtp { peer: member.peer, packet });
            }
            let sooner = member.downlink.poll_sooner();
            schedule(now, sooner, (member, at), &mut self.path_timers);
        }
        if wants_key_frame {
            self.tracks[index.0].encodings[usize::from(encoding)].key_frames.want();
            self.request_key_frame(now, index, encoding);
        }
        if demand_may_change {
            self.update_demand(now, index);
        }
    }
}

/// The packet that a retransmission repairs, as the publisher sent it first (RFC 4588 section 4).
fn unwrap_retransmission(
    view: &RtpView<'_>,
    ssrc: crate::Ssrc,
    payload_type: u8,
) -> Result<Bytes, DropReason> {
    // libwebrtc and str0m probe with it.
    if view.payload_len() == 0 {
        return Err(DropReason::Padding);
    }
    let (sequence, payload) = view.retransmitted()?;
    let extensions: Vec<(u8, &[u8])> = view.extensions().collect();
    let header = RtpHeader {
        ssrc,
        sequence,
        timestamp: view.timestamp(),
        payload_type,
        marker: view.marker(),
        extensions: &extensions,
    };
    let mut packet = Vec::with_capacity(header.len() + payload.len());
    header.write(payload, &mut packet);
    Ok(Bytes::from(packet))
}
