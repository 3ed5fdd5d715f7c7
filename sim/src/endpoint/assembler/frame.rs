//! Owns the shapes of packets and frames, and the search for whole frames among packets.

use bytes::{Bytes, BytesMut};
use media_core::{Timestamp, limits::FRAME_DIFFS_MAX};

/// How far back, in frame numbers, lie the frames that one frame depends on (AV1 RTP specification, A.8.3: `frame_diff`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrameDiffs {
    count: u8,
    diffs: [u16; FRAME_DIFFS_MAX],
}

impl FrameDiffs {
    /// Depends on nothing.
    pub const NONE: Self = Self { count: 0, diffs: [0; FRAME_DIFFS_MAX] };

    /// Absent when there are more than [`FRAME_DIFFS_MAX`].
    pub fn new(diffs: &[u16]) -> Option<Self> {
        let mut kept = Self::NONE;
        kept.diffs.get_mut(..diffs.len())?.copy_from_slice(diffs);
        kept.count = diffs.len() as u8;
        Some(kept)
    }

    /// The differences.
    pub fn as_slice(&self) -> &[u16] {
        &self.diffs[..self.count as usize]
    }
}

/// One received RTP packet of a video stream, with what its dependency descriptor says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VideoPacket {
    /// RTP sequence number, unwrapped.
    pub sequence: u64,
    /// RTP timestamp, 90 kHz.
    pub timestamp: u32,
    /// First packet of its frame.
    pub start: bool,
    /// Last packet of its frame.
    pub end: bool,
    /// Frame number of the dependency descriptor; wraps.
    pub frame_number: u16,
    /// Spatial layer.
    pub spatial: u8,
    /// Temporal layer.
    pub temporal: u8,
    /// The frame starts a decodable sequence. The same in all packets of the frame; read from the first.
    pub key: bool,
    /// What the frame depends on. The same in all packets of the frame; read from the first. A frame that depends on
    /// nothing can be decoded by itself.
    pub diffs: FrameDiffs,
    /// RTP payload; empty in a padding packet, which belongs to no frame and only fills its sequence number.
    pub payload: Bytes,
}

/// A whole frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssembledFrame {
    /// The payloads of its packets in order.
    pub payload: BytesMut,
    /// When the first of its packets arrived.
    pub first_arrival: Timestamp,
    /// When the last of its packets arrived.
    pub last_arrival: Timestamp,
    /// Sequence number of its first packet.
    pub first_sequence: u64,
    /// RTP timestamp, 90 kHz.
    pub timestamp: u32,
    /// Frame number of the dependency descriptor.
    pub frame_number: u16,
    /// Spatial layer.
    pub spatial: u8,
    /// Temporal layer.
    pub temporal: u8,
    /// Whether it is a key frame.
    pub key: bool,
    /// Whether all frames it depends on came out and were decodable themselves.
    pub decodable: bool,
}

impl AssembledFrame {
    /// Without packets as yet.
    pub(super) fn starting(found: &Found, decodable: bool) -> Self {
        Self {
            payload: BytesMut::with_capacity(found.bytes),
            first_arrival: Timestamp::FAR_FUTURE,
            last_arrival: Timestamp::ZERO,
            first_sequence: found.first,
            timestamp: found.timestamp,
            frame_number: found.frame_number,
            spatial: found.spatial,
            temporal: found.temporal,
            key: found.key,
            decodable,
        }
    }

    pub(super) fn append(&mut self, packet: &VideoPacket, arrival: Timestamp) {
        self.payload.extend_from_slice(&packet.payload);
        self.first_arrival = self.first_arrival.min(arrival);
        self.last_arrival = self.last_arrival.max(arrival);
    }
}

/// A whole frame among the packets.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) timestamp: u32,
    pub(super) frame_number: u16,
    pub(super) spatial: u8,
    pub(super) temporal: u8,
    pub(super) key: bool,
    pub(super) diffs: FrameDiffs,
    pub(super) bytes: usize,
}

/// Whole frames in the order of their packets.
pub(super) fn find_frames<'a>(
    packets: impl Iterator<Item = (u64, &'a VideoPacket)>,
) -> impl Iterator<Item = Found> {
    let mut open: Option<Found> = None;
    packets.filter_map(move |(sequence, packet)| {
        if packet.payload.is_empty() {
            // Padding may stand between two packets of a frame after a sender's probe.
            if let Some(found) = &mut open
                && found.last + 1 == sequence
            {
                found.last = sequence;
            }
            return None;
        }
        if packet.start {
            open = Some(Found {
                first: sequence,
                last: sequence,
                timestamp: packet.timestamp,
                frame_number: packet.frame_number,
                spatial: packet.spatial,
                temporal: packet.temporal,
                key: packet.key,
                diffs: packet.diffs,
                bytes: packet.payload.len(),
            });
        } else {
            let found = open.as_mut()?;
            if found.last + 1 != sequence || found.frame_number != packet.frame_number {
                open = None;
                return None;
            }
            found.last = sequence;
            found.bytes += packet.payload.len();
        }
        if packet.end { open.take() } else { None }
    })
}
