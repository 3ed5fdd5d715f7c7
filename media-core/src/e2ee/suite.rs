//! Owns the cipher suites of SFrame (RFC 9605 section 4.5) and what they differ in.
//!
//! Conferences are encrypted with the two AES-GCM suites. The three of AES-CTR with HMAC are there to speak with others
//! that have nothing else, and no conference takes them ([`CipherSuite::is_for_conferences`]): they cost more time, and two of
//! them save bytes by a tag shorter than 80 bits, which can be guessed. At 2^20 packets per second, which one server can
//! send, a tag of 4 bytes is forged about hourly (2^32 guesses take 4,096 s); one of 8 bytes takes 2^44 s.

use aws_lc_rs::hkdf;

/// Bytes of the longest authentication tag (RFC 9605 section 4.5, `Nt`).
pub const TAG_BYTES_MAX: usize = 16;
/// Bytes of the longest key (`Nk`).
pub(super) const KEY_BYTES_MAX: usize = 48;

/// Which AEAD seals the frames and which hash derives their keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CipherSuite {
    /// `AES_128_CTR_HMAC_SHA256_80`, 0x0001. For interoperability only.
    Aes128CtrHmacSha256_80,
    /// `AES_128_CTR_HMAC_SHA256_64`, 0x0002. For interoperability only.
    Aes128CtrHmacSha256_64,
    /// `AES_128_CTR_HMAC_SHA256_32`, 0x0003. For interoperability only; its tags can be forged within hours.
    Aes128CtrHmacSha256_32,
    /// `AES_128_GCM_SHA256_128`, 0x0004.
    #[default]
    Aes128GcmSha256,
    /// `AES_256_GCM_SHA512_128`, 0x0005.
    Aes256GcmSha512,
}

impl CipherSuite {
    /// Every suite, by rising identifier.
    pub const ALL: [Self; 5] = [
        Self::Aes128CtrHmacSha256_80,
        Self::Aes128CtrHmacSha256_64,
        Self::Aes128CtrHmacSha256_32,
        Self::Aes128GcmSha256,
        Self::Aes256GcmSha512,
    ];

    /// The IANA "SFrame Cipher Suites" value.
    pub const fn id(self) -> u16 {
        match self {
            Self::Aes128CtrHmacSha256_80 => 0x0001,
            Self::Aes128CtrHmacSha256_64 => 0x0002,
            Self::Aes128CtrHmacSha256_32 => 0x0003,
            Self::Aes128GcmSha256 => 0x0004,
            Self::Aes256GcmSha512 => 0x0005,
        }
    }

    /// The suite of an IANA value, if it is one of these.
    pub fn from_id(id: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.id() == id)
    }

    /// Whether a conference may be encrypted with it: only with AES-GCM, whose tag has 128 bits. Whoever negotiates a
    /// suite refuses all others.
    pub const fn is_for_conferences(self) -> bool {
        match self {
            Self::Aes128CtrHmacSha256_80 | Self::Aes128CtrHmacSha256_64 | Self::Aes128CtrHmacSha256_32 => {
                false
            }
            Self::Aes128GcmSha256 | Self::Aes256GcmSha512 => true,
        }
    }

    /// Bytes of the AEAD key (`Nk`). With AES-CTR it is the key of AES and, behind it, that of HMAC.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128CtrHmacSha256_80 | Self::Aes128CtrHmacSha256_64 | Self::Aes128CtrHmacSha256_32 => 48,
            Self::Aes128GcmSha256 => 16,
            Self::Aes256GcmSha512 => 32,
        }
    }

    /// Bytes of the authentication tag (`Nt`), at most [`TAG_BYTES_MAX`].
    pub const fn tag_bytes(self) -> usize {
        match self {
            Self::Aes128CtrHmacSha256_80 => 10,
            Self::Aes128CtrHmacSha256_64 => 8,
            Self::Aes128CtrHmacSha256_32 => 4,
            Self::Aes128GcmSha256 | Self::Aes256GcmSha512 => TAG_BYTES_MAX,
        }
    }

    pub(super) fn hkdf(self) -> hkdf::Algorithm {
        match self {
            Self::Aes128CtrHmacSha256_80
            | Self::Aes128CtrHmacSha256_64
            | Self::Aes128CtrHmacSha256_32
            | Self::Aes128GcmSha256 => hkdf::HKDF_SHA256,
            Self::Aes256GcmSha512 => hkdf::HKDF_SHA512,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CipherSuite, KEY_BYTES_MAX, TAG_BYTES_MAX};

    #[test]
    fn a_suite_is_found_by_its_identifier_and_no_other_is() {
        for id in 0..=u16::MAX {
            let expected = CipherSuite::ALL.into_iter().find(|suite| suite.id() == id);
            assert_eq!(CipherSuite::from_id(id), expected);
            assert_eq!(expected.is_some(), (1..=5).contains(&id), "{id}");
        }
    }

    #[test]
    fn conferences_take_a_suite_exactly_when_its_tag_has_128_bits() {
        for suite in CipherSuite::ALL {
            assert_eq!(suite.is_for_conferences(), suite.tag_bytes() == 16, "{suite:?}");
        }
        assert!(CipherSuite::default().is_for_conferences());
    }

    #[test]
    fn no_key_and_no_tag_is_longer_than_the_bounds_that_buffers_have() {
        assert_eq!(CipherSuite::ALL.map(CipherSuite::key_bytes).iter().max(), Some(&KEY_BYTES_MAX));
        assert_eq!(CipherSuite::ALL.map(CipherSuite::tag_bytes).iter().max(), Some(&TAG_BYTES_MAX));
    }
}
