//! Owns who a key belongs to, the secret that frame keys are derived from, and the place where key agreement comes
//! in. How frame keys are derived is [`super::frame_key`]'s affair.

use std::fmt;

use rand_core::Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::header::Header;
use crate::{drop_reason::DropReason, ids::ParticipantId};

/// Which sender's key sealed a frame: SFrame's KID (RFC 9605 section 4.3). Stands in clear in every frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub u64);

impl KeyId {
    /// Low bits that are of the epoch. With 64 members an id fits into two bytes.
    pub const EPOCH_BITS: u32 = 8;
    const EPOCH_MASK: u64 = (1 << Self::EPOCH_BITS) - 1;
    /// Low bits that are drawn at random; the bits above them are the participant's number.
    pub const RANDOM_BITS: u32 = 40;
    const STAY_BITS: u32 = u64::BITS - Self::RANDOM_BITS;

    /// A fresh id for one stay of one sender, which says whose stay it is: a receiver refuses frames under the name of
    /// anybody else (see [`KeyId::is_of`]).
    ///
    /// A sender counts its frames from zero in each stay, so two stays under one secret and one id would use a (key,
    /// nonce) pair twice. A server never gives two stays one number; if it loses its state the numbers begin anew, and
    /// then only the random part tells them apart. Each pair of stays with one number has equal ids with a probability of
    /// 2^-40: a conference of 1,000 that goes on under its secret over ten restarts has fewer than 50,000 such pairs, and
    /// two equal ids with a probability of 5e-8.
    pub fn of_stay(participant: ParticipantId, rng: &mut impl Rng) -> Self {
        let number = u64::from(participant.0) << Self::RANDOM_BITS;
        Self(number | rng.next_u64() >> Self::STAY_BITS)
    }

    /// Whether it is the id of a stay of this participant. The upper 8 bits of the participant's number are not in the id:
    /// who shares the others came 16,777,216 stays earlier.
    pub const fn is_of(self, participant: ParticipantId) -> bool {
        self.0 >> Self::RANDOM_BITS == participant.0 as u64 & ((1 << Self::STAY_BITS) - 1)
    }

    /// The id of a member's frames in an epoch of the group (RFC 9605 section 5.2): the member's leaf, then the low bits of
    /// the epoch.
    pub const fn of_sender(leaf: u32, epoch: u64) -> Self {
        Self((leaf as u64) << Self::EPOCH_BITS | epoch & Self::EPOCH_MASK)
    }

    /// The leaf of the member who sealed the frame, if there can be one.
    pub fn leaf(self) -> Option<u32> {
        u32::try_from(self.0 >> Self::EPOCH_BITS).ok()
    }

    /// How many epochs after `epoch` the frame's is; negative for one that came before. Right as long as they lie less than
    /// half of all distinguishable epochs apart.
    pub const fn epochs_after(self, epoch: u64) -> i64 {
        let ahead = self.0.wrapping_sub(epoch) & Self::EPOCH_MASK;
        if ahead > Self::EPOCH_MASK / 2 { ahead as i64 - Self::EPOCH_MASK as i64 - 1 } else { ahead as i64 }
    }

    /// The id in a sealed frame. It is authentic only once the frame has been opened.
    ///
    /// # Errors
    /// [`DropReason::Malformed`] when the frame has no whole header.
    pub fn of_frame(sealed: &[u8]) -> Result<Self, DropReason> {
        Header::decode(sealed).map(|(header, _)| header.sender)
    }

    /// The id and the counter in a sealed frame, authentic or not.
    ///
    /// # Errors
    /// [`DropReason::Malformed`] when the frame has no whole header.
    pub fn with_counter(sealed: &[u8]) -> Result<(Self, u64), DropReason> {
        Header::decode(sealed).map(|(header, _)| (header.sender, header.counter))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

/// The secret of one sender that its frame key and salt are derived from (RFC 9605 section 4.4.2). Wiped when
/// dropped, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct BaseKey {
    bytes: [u8; Self::BYTES_MAX],
    length: usize,
}

impl BaseKey {
    /// The shortest that is taken: the security level of AES-128.
    pub const BYTES_MIN: usize = 16;
    /// The longest: one output of SHA-512.
    pub const BYTES_MAX: usize = 64;

    /// Of 16 to 64 bytes with at least 128 bits of entropy (not a password).
    ///
    /// # Errors
    /// If there are fewer or more bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BaseKeyLength> {
        if !(Self::BYTES_MIN..=Self::BYTES_MAX).contains(&bytes.len()) {
            return Err(BaseKeyLength(bytes.len()));
        }
        let mut key = Self { bytes: [0; Self::BYTES_MAX], length: bytes.len() };
        key.bytes[..bytes.len()].copy_from_slice(bytes);
        Ok(key)
    }

    pub(super) fn from_hash(hash: &[u8; 32]) -> Self {
        let mut key = Self { bytes: [0; Self::BYTES_MAX], length: hash.len() };
        key.bytes[..hash.len()].copy_from_slice(hash);
        key
    }

    pub(super) fn expose(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl fmt::Debug for BaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BaseKey(..)")
    }
}

/// A base key of so many bytes is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a base key has 16 to 64 bytes, not {0}")]
pub struct BaseKeyLength(pub usize);

/// Where the keys of senders come from. Key agreement (MLS, RFC 9605 section 5.2) implements this.
pub trait KeySource {
    /// The base key of a sender, or `None` if this endpoint has none: its frames are refused as
    /// [`crate::DropReason::NoKey`].
    ///
    /// Asked for every frame of a sender of whom no frame was authentic so far, so an answer must be cheap; the same
    /// sender always has the same answer until the source no longer knows it.
    fn base_key(&mut self, sender: KeyId) -> Option<BaseKey>;
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::{BaseKey, BaseKeyLength, KeyId};
    use crate::ids::ParticipantId;

    #[test]
    fn all_random_bits_of_a_key_id_vary_and_the_others_say_whose_stay_it_is() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let stay = ParticipantId(0x12_3456);
        let ids: Vec<_> = (0..200).map(|_| KeyId::of_stay(stay, &mut rng)).collect();
        assert_eq!(ids.iter().fold(0, |seen, id| seen | id.0), 0x12_3456 << 40 | ((1 << 40) - 1));
        assert_eq!(ids.iter().fold(u64::MAX, |seen, id| seen & id.0), 0x12_3456 << 40);
        assert!(ids.iter().all(|id| id.is_of(stay) && !id.is_of(ParticipantId(0x12_3457))));
    }

    #[test]
    fn a_key_id_of_any_participant_is_of_that_one() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for number in [0, 1, 0xff_ffff, 0x100_0000, u32::MAX] {
            assert!(KeyId::of_stay(ParticipantId(number), &mut rng).is_of(ParticipantId(number)), "{number}");
        }
    }

    #[test]
    fn a_base_key_is_never_shown() {
        assert_eq!(format!("{:?}", BaseKey::from_bytes(&[7; 16]).unwrap()), "BaseKey(..)");
    }

    #[test]
    fn a_base_key_of_impossible_length_is_refused() {
        for length in [0, 15, 65, 1000] {
            assert_eq!(BaseKey::from_bytes(&vec![0; length]).unwrap_err(), BaseKeyLength(length));
        }
        for length in 16..=64 {
            assert_eq!(BaseKey::from_bytes(&vec![9; length]).unwrap().expose(), vec![9; length]);
        }
    }
}
