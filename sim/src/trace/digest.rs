//! Owns the hash by which runs are compared: XXH3 with 128 bits. It finds accidents; it is no defence against
//! somebody who wants two runs to look alike, and nothing here needs one.

use std::fmt;

use xxhash_rust::xxh3::xxh3_128;

use super::{Channel, TraceRecord};

/// Bytes hashed for each record: the digest so far, position, time, both ends, length, kind, content.
const CHAINED_BYTES: usize = 16 + 8 + 8 + 4 + 4 + 4 + 1 + 16;

/// A 128-bit digest; shown as 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 16]);

impl Digest {
    /// The digest of a trace without a packet.
    pub const EMPTY: Self = Self([0; 16]);

    pub(super) fn of(bytes: &[u8]) -> Self {
        Self(xxh3_128(bytes).to_be_bytes())
    }

    pub(super) fn first_u64(self) -> u64 {
        (u128::from_be_bytes(self.0) >> 64) as u64
    }

    /// The digest of everything in `self`, followed by a record. All fields have fixed places, so no two records
    /// give the same bytes.
    pub(super) fn chained(self, record: &TraceRecord, position: u64, content: Self) -> Self {
        let kind = match record.kind {
            Channel::Signalling => 0,
            Channel::Media => 1,
        };
        let mut bytes = [0; CHAINED_BYTES];
        let mut rest = &mut bytes[..];
        for field in [
            &self.0[..],
            &position.to_le_bytes(),
            &record.at.as_nanos().to_le_bytes(),
            &record.from.to_le_bytes(),
            &record.to.to_le_bytes(),
            &record.len.to_le_bytes(),
            &[kind],
            &content.0,
        ] {
            let (place, following) = rest.split_at_mut(field.len());
            place.copy_from_slice(field);
            rest = following;
        }
        debug_assert!(rest.is_empty(), "every byte belongs to a field");
        Self::of(&bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}
