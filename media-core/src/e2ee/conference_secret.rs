//! Owns the secret in a conference's invitation link. It stands behind `#`, which a browser never sends to the server, so that
//! whoever shows that they have it was invited by somebody inside and not by the server. No key is derived from it: who has
//! the link can ask to be taken into the group, and reads nothing that was sealed before.

use std::fmt;

use rand_core::Rng;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 256 random bits that everybody who was invited has in common. Wiped when dropped, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ConferenceSecret([u8; 32]);

impl ConferenceSecret {
    /// A secret for a new conference, from its first member's randomness.
    pub fn random(rng: &mut impl Rng) -> Self {
        let mut bytes = [0; 32];
        rng.fill_bytes(&mut bytes);
        let secret = Self(bytes);
        bytes.zeroize();
        secret
    }

    pub(super) const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A secret of given bytes, as read from a link.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for ConferenceSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConferenceSecret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::ConferenceSecret;

    #[test]
    fn the_secret_is_never_shown() {
        assert_eq!(format!("{:?}", ConferenceSecret::from_bytes([3; 32])), "ConferenceSecret(..)");
    }
}
