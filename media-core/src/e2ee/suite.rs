//! Owns the cipher suites of SFrame (RFC 9605 section 4.5) that this engine speaks. The AES-CTR suites with their
//! short tags are deliberately absent: a whole frame carries a tag once, so 16 bytes are affordable.

use aws_lc_rs::{aead, hkdf};

/// Bytes of an authentication tag, in both suites (RFC 9605 section 4.5, `Nt`).
pub const TAG_BYTES: usize = 16;

/// Which AEAD seals the frames and which hash derives their keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CipherSuite {
    /// `AES_128_GCM_SHA256_128`, 0x0004.
    #[default]
    Aes128GcmSha256,
    /// `AES_256_GCM_SHA512_128`, 0x0005.
    Aes256GcmSha512,
}

impl CipherSuite {
    /// Every suite, by rising identifier.
    pub const ALL: [Self; 2] = [Self::Aes128GcmSha256, Self::Aes256GcmSha512];

    /// The IANA "SFrame Cipher Suites" value.
    pub const fn id(self) -> u16 {
        match self {
            Self::Aes128GcmSha256 => 0x0004,
            Self::Aes256GcmSha512 => 0x0005,
        }
    }

    /// The suite of an IANA value, if it is one of these.
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.id() == id)
    }

    /// Bytes of the AEAD key (`Nk`).
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128GcmSha256 => 16,
            Self::Aes256GcmSha512 => 32,
        }
    }

    pub(super) fn aead(self) -> &'static aead::Algorithm {
        match self {
            Self::Aes128GcmSha256 => &aead::AES_128_GCM,
            Self::Aes256GcmSha512 => &aead::AES_256_GCM,
        }
    }

    pub(super) fn hkdf(self) -> hkdf::Algorithm {
        match self {
            Self::Aes128GcmSha256 => hkdf::HKDF_SHA256,
            Self::Aes256GcmSha512 => hkdf::HKDF_SHA512,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CipherSuite;

    #[test]
    fn a_suite_is_found_by_its_identifier_and_no_other_is() {
        for id in 0..=u16::MAX {
            let expected = CipherSuite::ALL.into_iter().find(|suite| suite.id() == id);
            assert_eq!(CipherSuite::from_id(id), expected);
            assert_eq!(expected.is_some(), id == 4 || id == 5, "{id}");
        }
    }
}
