//! Owns the SFrame header (RFC 9605 section 4.3): one configuration byte, then the key id and the counter where
//! they do not fit into it.
//!
//! ```text
//!  0 1 2 3 4 5 6 7
//! +-+-+-+-+-+-+-+-+
//! |X|  K  |Y|  C  |   X = 0: K is the key id; X = 1: the key id follows in K + 1 bytes. Y and C: the counter.
//! +-+-+-+-+-+-+-+-+
//! ```

use crate::drop_reason::DropReason;

use super::key::KeyId;

/// Bytes of the longest header: configuration, key id and counter of eight bytes each.
pub const HEADER_BYTES_MAX: usize = 17;

/// The largest number that stands in the configuration byte itself.
const INLINE_MAX: u64 = 7;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) sender: KeyId,
    pub(super) counter: u64,
}

impl Header {
    /// The one encoding of this header: both numbers as short as they can be.
    pub(super) fn encode(self) -> EncodedHeader {
        let mut encoded = EncodedHeader { bytes: [0; HEADER_BYTES_MAX], length: 1 };
        let key = encoded.push(self.sender.0);
        let counter = encoded.push(self.counter);
        encoded.bytes[0] = key << 4 | counter;
        encoded
    }

    /// Reads a header; also gives its length in bytes. A number that is longer than it must be is malformed: a
    /// sender must not write it (RFC 9605 section 4.3).
    pub(super) fn decode(bytes: &[u8]) -> Result<(Self, usize), DropReason> {
        let (&config, rest) = bytes.split_first().ok_or(DropReason::Malformed)?;
        let (sender, rest) = take_number(config >> 4, rest)?;
        let (counter, rest) = take_number(config & 15, rest)?;
        Ok((Self { sender: KeyId(sender), counter }, bytes.len() - rest.len()))
    }
}

/// A header as it stands on the wire.
#[derive(Clone, Copy)]
pub(super) struct EncodedHeader {
    bytes: [u8; HEADER_BYTES_MAX],
    length: usize,
}

impl EncodedHeader {
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Appends a number unless it fits into the configuration byte; gives its four bits of that byte.
    fn push(&mut self, number: u64) -> u8 {
        if number <= INLINE_MAX {
            return number as u8;
        }
        let zeros = number.leading_zeros() as usize / 8;
        let significant = &number.to_be_bytes()[zeros..];
        self.bytes[self.length..self.length + significant.len()].copy_from_slice(significant);
        self.length += significant.len();
        8 | (significant.len() - 1) as u8
    }
}

/// Reads one number by its four bits of the configuration byte.
fn take_number(nibble: u8, bytes: &[u8]) -> Result<(u64, &[u8]), DropReason> {
    let low = nibble & 7;
    if nibble & 8 == 0 {
        return Ok((u64::from(low), bytes));
    }
    let (digits, rest) = bytes.split_at_checked(usize::from(low) + 1).ok_or(DropReason::Malformed)?;
    let number = digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit));
    if digits[0] == 0 || number <= INLINE_MAX {
        return Err(DropReason::Malformed);
    }
    Ok((number, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HEADER_BYTES_MAX, Header};
    use crate::{drop_reason::DropReason, e2ee::key::KeyId};

    /// A number of any length, not only of eight bytes.
    fn arb_number() -> impl Strategy<Value = u64> {
        (any::<u64>(), 0..64_u32).prop_map(|(number, shift)| number >> shift)
    }

    proptest! {
        #[test]
        fn a_header_survives_the_wire(sender in arb_number(), counter in arb_number(), tail in any::<[u8; 3]>()) {
            let header = Header { sender: KeyId(sender), counter };
            let encoded = header.encode();
            let mut bytes = encoded.as_bytes().to_vec();
            prop_assert!(bytes.len() <= HEADER_BYTES_MAX);
            bytes.extend(tail);
            prop_assert_eq!(Header::decode(&bytes), Ok((header, bytes.len() - tail.len())));
        }

        #[test]
        fn whatever_decodes_is_the_only_encoding(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
            if let Ok((header, length)) = Header::decode(&bytes) {
                let encoded = header.encode();
                prop_assert_eq!(encoded.as_bytes(), &bytes[..length]);
            }
        }
    }

    #[test]
    fn a_cut_header_is_malformed() {
        let encoded = Header { sender: KeyId(u64::MAX), counter: 256 }.encode();
        for length in 0..encoded.as_bytes().len() {
            assert_eq!(Header::decode(&encoded.as_bytes()[..length]), Err(DropReason::Malformed));
        }
    }

    #[test]
    fn a_number_longer_than_it_must_be_is_malformed() {
        // Key id 7 in one byte, counter 7 in one byte, key id 255 in two bytes.
        for bytes in [&[0x80, 7][..], &[0x08, 7], &[0x90, 0, 255]] {
            assert_eq!(Header::decode(bytes), Err(DropReason::Malformed), "{bytes:x?}");
        }
        assert!(Header::decode(&[0x80, 8]).is_ok());
    }
}
