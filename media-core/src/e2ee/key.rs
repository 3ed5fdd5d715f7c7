//! Owns who a key belongs to, the secret that frame keys are derived from, and the place where key agreement comes
//! in. How frame keys are derived is [`super::frame_key`]'s affair.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::header::Header;
use crate::drop_reason::DropReason;

/// Which sender's key sealed a frame: SFrame's KID (RFC 9605 section 4.3). Stands in clear in every frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub u64);

impl KeyId {
    /// Low bits that are of the epoch. With 64 members an id fits into two bytes.
    pub const EPOCH_BITS: u32 = 8;
    const EPOCH_MASK: u64 = (1 << Self::EPOCH_BITS) - 1;

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

/// Where the keys of senders come from: an epoch of the group (see [`super::mls`]), or whatever else somebody agreed on.
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
    use super::{BaseKey, BaseKeyLength, KeyId};

    #[test]
    fn a_key_id_says_whose_frame_it_is_and_of_which_epoch() {
        for leaf in [0, 1, 63, 0xff_ffff, u32::MAX] {
            for epoch in [0, 1, 0xff, 0x100, u64::MAX] {
                let id = KeyId::of_sender(leaf, epoch);
                assert_eq!((id.leaf(), id.epochs_after(epoch)), (Some(leaf), 0), "{leaf} {epoch}");
                assert_eq!(KeyId::of_sender(leaf, epoch.wrapping_add(127)).epochs_after(epoch), 127);
                assert_eq!(KeyId::of_sender(leaf, epoch.wrapping_sub(128)).epochs_after(epoch), -128);
            }
        }
        assert_eq!(KeyId(1 << 40).leaf(), None);
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
