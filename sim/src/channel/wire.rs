//! Owns the bytes of a segment: a header as long as TCP's with the timestamp option (RFC 9293, RFC 7323), then payload.

use super::SEGMENT_BYTES_MAX;

/// Header bytes: TCP's 20, and 12 of options.
const HEADER_BYTES: usize = 32;
/// Payload bytes of a full segment.
pub(super) const PAYLOAD_BYTES_MAX: usize = SEGMENT_BYTES_MAX - HEADER_BYTES;
/// Further option bytes of a SYN: maximum segment size, window scale, SACK permitted (20 bytes of options in all).
pub(super) const SYN_BYTES: usize = 8;
/// First bytes of every segment. The first is not one that RFC 7983 gives to another protocol of a media port.
const MAGIC: [u8; 2] = [0xf5, 0x01];

/// What a segment is besides its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// Data, or a bare acknowledgement.
    None,
    /// The first of its direction.
    Syn,
    /// Asks for an acknowledgement: TCP's keep-alive, which repeats an old number for that (RFC 9293 section 3.8.4).
    Probe,
    /// Nothing is known of this channel here (RFC 9293 section 3.10.7.1).
    Reset,
}

impl Flag {
    const ALL: [Self; 4] = [Self::None, Self::Syn, Self::Probe, Self::Reset];

    fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| *flag as u8 == byte)
    }
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) flag: Flag,
    /// Number of the segment in its direction; of a reset, the number that is expected next; else meaningless without
    /// payload.
    pub(super) sequence: u32,
    /// All segments below this number were received.
    pub(super) ack: u32,
    /// Bit i: segment ack + 1 + i was received (RFC 2018, as a map).
    pub(super) sack: u64,
    /// Empty in a bare acknowledgement.
    pub(super) payload: Vec<u8>,
}

impl Segment {
    pub(super) fn acknowledgement(ack: u32, sack: u64) -> Self {
        Self { flag: Flag::None, sequence: 0, ack, sack, payload: Vec::new() }
    }

    pub(super) fn probe(ack: u32, sack: u64) -> Self {
        Self { flag: Flag::Probe, ..Self::acknowledgement(ack, sack) }
    }

    /// The answer to a segment of a channel that is not known here.
    pub(super) fn reset_of(&self) -> Self {
        Self { flag: Flag::Reset, sequence: self.ack, ..Self::acknowledgement(0, 0) }
    }

    /// Whether it takes a sequence number.
    pub(super) fn carries(&self) -> bool {
        !self.payload.is_empty()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.payload.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.push(self.flag as u8);
        bytes.push(0);
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.sequence.to_be_bytes());
        bytes.extend_from_slice(&self.ack.to_be_bytes());
        bytes.extend_from_slice(&self.sack.to_be_bytes());
        bytes.resize(HEADER_BYTES, 0);
        bytes.extend_from_slice(&self.payload);
        let sum = checksum(&bytes);
        bytes[4..8].copy_from_slice(&sum.to_be_bytes());
        bytes
    }

    /// Absent when the bytes are no segment or damaged.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > SEGMENT_BYTES_MAX {
            return None;
        }
        let (header, payload) = bytes.split_first_chunk::<HEADER_BYTES>()?;
        let (magic, rest) = header.split_first_chunk::<4>()?;
        let (sum, rest) = rest.split_first_chunk::<4>()?;
        let (sequence, rest) = rest.split_first_chunk::<4>()?;
        let (ack, rest) = rest.split_first_chunk::<4>()?;
        let (sack, _) = rest.split_first_chunk::<8>()?;
        let flag = Flag::from_byte(magic[2])?;
        let is_bare = matches!(flag, Flag::Probe | Flag::Reset);
        if magic[..2] != MAGIC
            || magic[3] != 0
            || is_bare && !payload.is_empty()
            || u32::from_be_bytes(*sum) != checksum(bytes)
        {
            return None;
        }
        Some(Self {
            flag,
            sequence: u32::from_be_bytes(*sequence),
            ack: u32::from_be_bytes(*ack),
            sack: u64::from_be_bytes(*sack),
            payload: payload.to_vec(),
        })
    }
}

/// FNV-1a over everything but the checksum itself. Like TCP's it finds accidents, not attacks.
fn checksum(bytes: &[u8]) -> u32 {
    let covered = bytes.iter().take(4).chain(bytes.iter().skip(8));
    covered.fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
