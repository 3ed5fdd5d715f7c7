//! Owns a media packet as it travels when media are metadata: what a client reads in front of the ciphertext, and what it would
//! find inside, of fixed size and `Copy`.

use media_core::{Ssrc, Timestamp, rtp::PROBE_SSRC};

/// What stands at the place of a frame, at the beginning of the first of its packets: [`Inside`].
pub const INSIDE_BYTES: usize = 10;

/// What a receiver finds in a frame once it is opened, as far as it plays a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inside {
    /// When it was captured.
    pub captured: Timestamp,
    /// Whether it is speech; otherwise comfort noise.
    pub voice: bool,
    /// Whether a copy of the frame before is inside.
    pub copy_before: bool,
    /// How many frames back the frame is that it depends on; 0 where it depends on none.
    pub diff: u8,
}

impl Inside {
    /// As it stands in place of the frame.
    pub fn bytes(&self) -> [u8; INSIDE_BYTES] {
        let mut bytes = [0; INSIDE_BYTES];
        bytes[..8].copy_from_slice(&self.captured.as_nanos().to_be_bytes());
        bytes[8] = u8::from(self.voice) | u8::from(self.copy_before) << 1;
        bytes[9] = self.diff;
        bytes
    }

    /// What stands at the beginning of `payload`; nothing in a payload that is too short for it.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let bytes: [u8; INSIDE_BYTES] = payload.get(..INSIDE_BYTES)?.try_into().ok()?;
        let (nanos, facts) = bytes.split_first_chunk::<8>()?;
        Some(Self {
            captured: Timestamp::from_nanos(u64::from_be_bytes(*nanos)),
            voice: facts[0] & 1 != 0,
            copy_before: facts[0] & 2 != 0,
            diff: facts[1],
        })
    }
}

/// The place of a packet in its frame, and what the frame is (dependency descriptor).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties, as in the descriptor")]
pub struct FramePart {
    /// It is part of a picture; otherwise it is sound.
    pub video: bool,
    /// First packet of its frame.
    pub start: bool,
    /// Last packet of its frame.
    pub end: bool,
    /// Decoding can start with the frame.
    pub key: bool,
    /// Number of the frame, wrapping.
    pub number: u16,
    /// Simulcast or spatial layer.
    pub spatial: u8,
    /// Temporal layer.
    pub temporal: u8,
}

/// A media packet from the server to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LightPacket {
    /// The stream, or that of its retransmissions.
    pub ssrc: Ssrc,
    /// RTP timestamp.
    pub timestamp: u32,
    /// RTP sequence number; in a retransmission that of the packet which it repairs.
    pub sequence: u16,
    /// Transport-wide sequence number.
    pub transport: u16,
    /// Bytes of the UDP payload.
    pub bytes: u16,
    /// Bytes of RTP payload.
    pub payload: u16,
    /// Of which frame it is a part.
    pub part: FramePart,
    /// What is inside.
    pub inside: Inside,
}

/// A frame of sound that goes along with a later one (RFC 2198).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// By how much its sequence number is smaller.
    pub behind: u16,
    /// Its own timestamp.
    pub timestamp: u32,
    /// What is inside.
    pub inside: Inside,
}

impl LightPacket {
    /// Padding that probes the path: nothing but bytes with a number.
    pub fn padding(transport: u16, bytes: u16) -> Self {
        Self {
            ssrc: PROBE_SSRC,
            timestamp: 0,
            sequence: 0,
            transport,
            bytes,
            payload: 0,
            part: FramePart::default(),
            inside: Inside::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_a_frame_comes_out_as_it_went_in_and_a_short_payload_holds_nothing() {
        let inside = Inside {
            captured: Timestamp::from_nanos(0x0102_0304_0506_0708),
            voice: false,
            copy_before: true,
            diff: 4,
        };
        assert_eq!(Inside::read(&inside.bytes()), Some(inside));
        let other = Inside { voice: true, copy_before: false, ..inside };
        assert_eq!(Inside::read(&other.bytes()), Some(other));
        assert_eq!(Inside::read(&inside.bytes()[1..]), None);
    }
}
