//! Owns redundant audio (RFC 2198) at the server: what came along with a later frame takes the place of what was lost on the
//! way in, and goes along with a later frame where a subscriber's path loses. Frames are sealed one by one, so no key is
//! needed for either.

use std::sync::Arc;

use bytes::{BufMut, Bytes};

use super::{
    ForwardedRtp, Forwarder, SourcePacket, member::PublishedSsrc, repair::RepairCache,
    subscription::Subscription,
};
use crate::{
    DropReason,
    limits::{DATAGRAM_BYTES_MAX, REDUNDANT_BLOCKS_MAX},
    rtp::{
        PacketMeta, RtpView,
        red::{self, RED_PAYLOAD_TYPE, RedView, Redundant},
    },
    time::Timestamp,
};

/// Room for the header of a packet in front of redundant frames.
const HEADER_ROOM: usize = 32;

/// What a redundant packet holds, each as a packet of its own.
pub(super) struct Unpacked {
    /// What was sent before, oldest first.
    before: Vec<PacketMeta>,
    /// The packet's own frame.
    pub(super) primary: PacketMeta,
}

/// Takes a redundant packet apart; `meta` is that of the whole.
pub(super) fn unpack(view: &RtpView<'_>, meta: PacketMeta, payload_type: u8) -> Result<Unpacked, DropReason> {
    let red = RedView::parse(view.payload(), payload_type)?;
    let mut end = view.payload_offset() + view.payload_len();
    let mut place = |length: usize| {
        end -= length;
        (end as u16, length as u16)
    };
    let (payload_offset, payload_len) = place(red.primary().len());
    let primary = PacketMeta { payload_type, payload_offset, payload_len, ..meta };
    let frames: Vec<_> = red.redundant(meta.sequence, meta.timestamp).collect();
    let mut before: Vec<PacketMeta> = frames
        .iter()
        .rev()
        .map(|frame| {
            let (payload_offset, payload_len) = place(frame.payload.len());
            let (sequence, timestamp) = (frame.sequence, frame.timestamp);
            PacketMeta { sequence, timestamp, payload_offset, payload_len, ..primary }
        })
        .collect();
    before.reverse();
    Ok(Unpacked { before, primary })
}

impl Forwarder {
    /// Takes from a redundant packet what was lost. What is there already is passed over: that it comes again is its purpose.
    pub(super) fn recover(
        &mut self,
        now: Timestamp,
        published: PublishedSsrc,
        view: &RtpView<'_>,
        datagram: &Bytes,
    ) {
        let codec = self.tracks[published.track.0].codec;
        let meta = PacketMeta::from_view(view, None);
        let Ok(unpacked) = unpack(view, meta, codec.payload_type()) else { return };
        for meta in unpacked.before {
            let taken = self.take(now, published, SourcePacket::new(meta, datagram.clone()));
            if let Ok(admitted) = taken {
                self.tracks[published.track.0].recovered += 1;
                if let Some(admitted) = admitted {
                    self.on_admitted(now, admitted);
                }
            }
        }
    }
}

/// The frames that go along with the frame `sequence` of a microphone, oldest first: those directly before it that this subscriber
/// was sent, as far as they fit.
pub(super) fn frames_before(
    subscription: &Subscription,
    cache: &RepairCache,
    sequence: u64,
    packet: &SourcePacket,
) -> Option<Box<[Arc<SourcePacket>]>> {
    let mut found = Vec::new();
    let mut bytes = HEADER_ROOM + packet.payload_bytes();
    let mut least = 1;
    for back in 1..=REDUNDANT_BLOCKS_MAX as u64 {
        let before = sequence.checked_sub(back).filter(|before| subscription.was_sent(*before));
        let Some(before) = before.and_then(|before| cache.get(before)) else { break };
        bytes += before.payload_bytes();
        let offset = packet.meta.timestamp.wrapping_sub(before.meta.timestamp);
        let fits = bytes + red::overhead_bytes(found.len() + 1) <= DATAGRAM_BYTES_MAX
            // Older by its timestamp, too: a receiver refuses blocks that are not in order of time.
            && (least..=Redundant::OFFSET_MAX).contains(&offset)
            && (1..=Redundant::BYTES_MAX).contains(&before.payload_bytes());
        if !fits {
            break;
        }
        least = offset + 1;
        found.push(Arc::clone(before));
    }
    found.reverse();
    (!found.is_empty()).then(|| found.into_boxed_slice())
}

impl ForwardedRtp {
    /// Appends the payload of a packet with redundant frames.
    pub(super) fn write_redundant_payload(&self, frames: &[Arc<SourcePacket>], out: &mut impl BufMut) {
        let blocks: Vec<Redundant<'_>> = frames
            .iter()
            .filter_map(|frame| {
                let offset = self.source.meta.timestamp.wrapping_sub(frame.meta.timestamp);
                Redundant::new(offset, frame.payload())
            })
            .collect();
        red::write(&blocks, self.payload_type, self.source.payload(), out);
    }

    /// The payload type on the wire.
    pub(super) fn wire_payload_type(&self) -> u8 {
        if self.redundant.is_some() { RED_PAYLOAD_TYPE } else { self.payload_type }
    }

    /// Bytes that redundant frames add.
    pub(super) fn redundant_bytes(&self) -> u32 {
        let Some(frames) = &self.redundant else { return 0 };
        let payloads: usize = frames.iter().map(|frame| frame.payload_bytes()).sum();
        (payloads + red::overhead_bytes(frames.len())) as u32
    }
}
