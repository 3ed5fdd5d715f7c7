//! Owns the MLS cipher suites (RFC 9420 section 17.1) that this engine speaks.

use openmls_traits::types::{Ciphersuite, SignatureScheme};
use serde::{Deserialize, Serialize};

/// Which cryptography a group uses. All members of a group use the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum MlsSuite {
    /// `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519`, 1: what every client has to speak (RFC 9420 section 17.1).
    #[default]
    X25519Ed25519,
    /// `MLS_128_DHKEMP256_AES128GCM_SHA256_P256`, 2: for clients that are bound to NIST's curves.
    P256,
}

impl MlsSuite {
    /// Every suite, by rising identifier.
    pub const ALL: [Self; 2] = [Self::X25519Ed25519, Self::P256];

    /// The IANA "MLS Cipher Suites" value.
    pub const fn id(self) -> u16 {
        match self {
            Self::X25519Ed25519 => 1,
            Self::P256 => 2,
        }
    }

    pub(super) const fn openmls(self) -> Ciphersuite {
        match self {
            Self::X25519Ed25519 => Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
            Self::P256 => Ciphersuite::MLS_128_DHKEMP256_AES128GCM_SHA256_P256,
        }
    }

    pub(super) const fn signature_scheme(self) -> SignatureScheme {
        match self {
            Self::X25519Ed25519 => SignatureScheme::ED25519,
            Self::P256 => SignatureScheme::ECDSA_SECP256R1_SHA256,
        }
    }
}

impl TryFrom<u16> for MlsSuite {
    type Error = String;

    fn try_from(id: u16) -> Result<Self, Self::Error> {
        Self::ALL
            .into_iter()
            .find(|suite| suite.id() == id)
            .ok_or_else(|| format!("{id} is not an MLS cipher suite that is spoken here (1 and 2 are)"))
    }
}

impl From<MlsSuite> for u16 {
    fn from(suite: MlsSuite) -> Self {
        suite.id()
    }
}
