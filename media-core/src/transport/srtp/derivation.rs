//! Owns the master key of one direction and the session keys that follow from it (RFC 3711 section 4.3; RFC 7714 section
//! 11 for AES-GCM).

use std::fmt;

use aws_lc_rs::{
    cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey},
    iv::FixedLength,
};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::{
    cipher::Cipher,
    profile::{KEY_BYTES_MAX, SALT_BYTES_MAX, SrtpProfile},
};

/// Bytes of the key of HMAC-SHA1 (RFC 3711 section 8.2).
pub(super) const AUTHENTICATION_KEY_BYTES: usize = 20;

/// Labels of what is derived (RFC 3711 section 4.3.2): for RTP, and three more for RTCP.
const ENCRYPTION: u8 = 0;
const AUTHENTICATION: u8 = 1;
const SALT: u8 = 2;
/// What is added to them for RTCP.
const RTCP: u8 = 3;

/// A master key and salt do not have the lengths of the profile.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "a master key of {key_bytes} and a salt of {salt_bytes} bytes do not belong to {profile:?}, expected {} and {}",
    .profile.key_bytes(), .profile.salt_bytes()
)]
pub struct MasterKeyError {
    /// What it was for.
    pub profile: SrtpProfile,
    /// Bytes of the key.
    pub key_bytes: usize,
    /// Bytes of the salt.
    pub salt_bytes: usize,
}

/// The secret of one direction of a session, as DTLS exports it (RFC 5764 section 4.2). Wiped when dropped, never shown.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey {
    #[zeroize(skip)]
    profile: SrtpProfile,
    key: [u8; KEY_BYTES_MAX],
    /// Salts shorter than that of AES-CM have zeros behind them.
    salt: [u8; SALT_BYTES_MAX],
}

impl MasterKey {
    /// From key and salt.
    ///
    /// # Errors
    /// [`MasterKeyError`] when one of them is longer or shorter than the profile's.
    pub fn new(profile: SrtpProfile, key: &[u8], salt: &[u8]) -> Result<Self, MasterKeyError> {
        let (key_bytes, salt_bytes) = (key.len(), salt.len());
        if (key_bytes, salt_bytes) != (profile.key_bytes(), profile.salt_bytes()) {
            return Err(MasterKeyError { profile, key_bytes, salt_bytes });
        }
        let mut master = Self { profile, key: [0; KEY_BYTES_MAX], salt: [0; SALT_BYTES_MAX] };
        master.key[..key_bytes].copy_from_slice(key);
        master.salt[..salt_bytes].copy_from_slice(salt);
        Ok(master)
    }

    /// Which profile it is for.
    pub const fn profile(&self) -> SrtpProfile {
        self.profile
    }

    /// What protects RTP.
    pub(super) fn rtp(&self) -> Cipher {
        self.cipher(0)
    }

    /// What protects RTCP.
    pub(super) fn rtcp(&self) -> Cipher {
        self.cipher(RTCP)
    }

    fn cipher(&self, first: u8) -> Cipher {
        let mut key = [0; KEY_BYTES_MAX];
        let mut salt = [0; SALT_BYTES_MAX];
        let mut authentication = [0; AUTHENTICATION_KEY_BYTES];
        let key = &mut key[..self.profile.key_bytes()];
        self.derive(first + ENCRYPTION, key);
        self.derive(first + SALT, &mut salt[..self.profile.salt_bytes()]);
        self.derive(first + AUTHENTICATION, &mut authentication);
        let cipher = Cipher::new(self.profile, key, salt, &authentication);
        key.zeroize();
        salt.zeroize();
        authentication.zeroize();
        cipher
    }

    /// The key stream of AES in counter mode from the block that label and salt make.
    pub(super) fn derive(&self, label: u8, out: &mut [u8]) {
        let algorithm = if self.profile.key_bytes() == 32 { &AES_256 } else { &AES_128 };
        let mut block = [0; 16];
        block[..SALT_BYTES_MAX].copy_from_slice(&self.salt);
        block[7] ^= label;
        out.fill(0);
        let context = EncryptionContext::Iv128(FixedLength::from(block));
        UnboundCipherKey::new(algorithm, &self.key[..self.profile.key_bytes()])
            .and_then(EncryptingKey::ctr)
            .and_then(|key| key.less_safe_encrypt(out, context).map(drop))
            .expect("the key has the length of the algorithm's");
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("profile", &self.profile).finish_non_exhaustive()
    }
}
