//! Owns who a key belongs to, the secret that frame keys are derived from, and the place where key agreement comes
//! in. How frame keys are derived is [`super::frame_key`]'s affair.

use std::fmt;

use rand_core::Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Which sender's key sealed a frame: SFrame's KID (RFC 9605 section 4.3). Stands in clear in every frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub u64);

impl KeyId {
    /// Bits of a random key id. 48 fit into a JSON number of any client (2^53).
    pub const RANDOM_BITS: u32 = 48;

    /// A fresh id for one stay of one sender.
    ///
    /// A sender counts its frames from zero in each stay, so two stays under one secret and one id would use a (key,
    /// nonce) pair twice. Drawn at random, n stays under one secret hold two equal ids with a probability of at most
    /// n (n - 1) / 2^49: 1.8e-9 for 1,000 stays, 7.7e-6 for 65,536, which is
    /// [`crate::limits::KNOWN_SENDERS_MAX`].
    pub fn random(rng: &mut impl Rng) -> Self {
        Self(rng.next_u64() >> (u64::BITS - Self::RANDOM_BITS))
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

    #[test]
    fn a_random_key_id_has_48_bits_and_all_of_them_vary() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let ids: Vec<_> = (0..200).map(|_| KeyId::random(&mut rng).0).collect();
        assert_eq!(ids.iter().fold(0, |seen, id| seen | id), (1 << 48) - 1);
        assert_eq!(ids.iter().fold(u64::MAX, |seen, id| seen & id), 0);
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
