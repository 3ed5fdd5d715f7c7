//! Owns the names of the cryptography that a conference's clients have in common. The server compares them; what they mean
//! only clients know.

use serde::{Deserialize, Serialize};

/// How a client encrypts end to end, in IANA's numbers. All clients of a conference do it like the one that started it, so
/// that nobody is talked into anything weaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encryption {
    /// "MLS Cipher Suites" (RFC 9420 section 17.1): how members agree on keys.
    pub mls: u16,
    /// "SFrame Cipher Suites" (RFC 9605 section 8.1): how frames are sealed.
    pub sframe: u16,
}

impl Encryption {
    /// MLS suites that a conference can be started with: 1 and 2, those that this project's clients speak.
    pub const MLS: [u16; 2] = [1, 2];
    /// SFrame suites that a conference can be started with: AES-128-GCM and AES-256-GCM. The others have tags of 4 to 10
    /// bytes.
    pub const SFRAME: [u16; 2] = [4, 5];

    /// `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519` and `AES_128_GCM_SHA256_128`.
    pub const DEFAULT: Self = Self { mls: Self::MLS[0], sframe: Self::SFRAME[0] };

    /// Whether a conference can be started with it.
    pub fn is_known(self) -> bool {
        Self::MLS.contains(&self.mls) && Self::SFRAME.contains(&self.sframe)
    }
}

impl Default for Encryption {
    fn default() -> Self {
        Self::DEFAULT
    }
}
