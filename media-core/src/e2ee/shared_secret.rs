//! Owns the keys of a conference whose secret stands in its invitation link, behind `#`, which a browser never sends
//! to the server. One base key for each sender's stay is derived from it.
//!
//! What this gives: the server, and whoever has not seen the link, can neither read a frame nor forge one.
//!
//! What this does not give, so that it is a step towards MLS (E2E-005, E2E-006, E2E-009) and not its equal:
//! - No forward secrecy and no healing: who has seen the link once can read everything of the conference, from
//!   before they came and after they left or were removed, if they get the packets.
//! - Every member can derive every sender's key, so any member can forge a frame in another's name.
//! - Nothing here knows the roster: whoever has the link is a sender.
//! - A (key, nonce) pair is unique only as far as key ids are (see [`KeyId::of_stay`]).

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use rand_core::Rng;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    frame_key::expand,
    key::{BaseKey, KeyId, KeySource},
};

const LABEL: &[u8] = b"generalprobe sframe base key v1 ";

/// 256 random bits that all members of a conference have in common. Wiped when dropped, never shown.
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

/// Derives the base key of any sender: HKDF-SHA256 (RFC 5869) of the secret with an empty salt and, as info, a label
/// and the key id in eight bytes. It knows a key for every id; who belongs to the conference is told by the tag.
#[derive(Clone, Debug)]
pub struct SharedSecretKeys {
    secret: ConferenceSecret,
}

impl SharedSecretKeys {
    /// The keys of the conference with this secret.
    pub const fn new(secret: ConferenceSecret) -> Self {
        Self { secret }
    }

    /// The base key of one sender's stay.
    pub fn derive(&self, sender: KeyId) -> BaseKey {
        let mut bytes = Zeroizing::new([0; 32]);
        let secret = Salt::new(HKDF_SHA256, &[]).extract(&self.secret.0);
        expand(&secret, &[LABEL, &sender.0.to_be_bytes()], &mut *bytes);
        BaseKey::from_hash(&bytes)
    }
}

impl KeySource for SharedSecretKeys {
    fn base_key(&mut self, sender: KeyId) -> Option<BaseKey> {
        Some(self.derive(sender))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_lc_rs::hmac;

    use super::{ConferenceSecret, LABEL, SharedSecretKeys};
    use crate::e2ee::KeyId;

    #[test]
    fn a_base_key_is_hkdf_of_the_secret_and_the_key_id() {
        // RFC 5869 written out: extract with a salt of zeros, then the first block of expand.
        let prk = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[0; 32]), &[3; 32]);
        let info = [LABEL, &[0, 0, 0xAB, 0xCD, 0xEF, 1, 2, 3], &[1]].concat();
        let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, prk.as_ref()), &info);
        let keys = SharedSecretKeys::new(ConferenceSecret::from_bytes([3; 32]));
        assert_eq!(keys.derive(KeyId(0xABCD_EF01_0203)).expose(), expected.as_ref());
    }

    #[test]
    fn every_sender_and_every_conference_has_its_own_key() {
        let mut seen = BTreeSet::new();
        for secret in 0..10 {
            let keys = SharedSecretKeys::new(ConferenceSecret::from_bytes([secret; 32]));
            for sender in 0..100 {
                assert!(seen.insert(keys.derive(KeyId(sender)).expose().to_vec()));
            }
        }
    }

    #[test]
    fn the_secret_is_never_shown() {
        let shown = format!("{:?}", SharedSecretKeys::new(ConferenceSecret::from_bytes([3; 32])));
        assert_eq!(shown, "SharedSecretKeys { secret: ConferenceSecret(..) }");
    }
}
