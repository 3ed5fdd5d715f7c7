//! Owns the protection of one packet with session keys: AES-GCM (RFC 7714 sections 8 and 9), or AES-CM and HMAC-SHA1
//! (RFC 3711 sections 4.1.1 and 4.2.1). Where the parts of a packet lie is [`layout`](super::layout)'s business.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey},
    error::Unspecified,
    hmac,
    iv::FixedLength,
};
use subtle::ConstantTimeEq;

use super::profile::{SALT_BYTES_MAX, SrtpProfile, TAG_BYTES_MAX};
use crate::Ssrc;

/// Which packet it is: no two packets of a session may have the same place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) ssrc: Ssrc,
    /// 48 bits in RTP, 31 in RTCP.
    pub(super) index: u64,
}

/// What is authenticated and not encrypted. The first part stands in front of what is encrypted, the second behind it or
/// nowhere.
#[derive(Clone, Copy)]
pub(super) struct Clear<'a> {
    pub(super) header: &'a [u8],
    /// RTP: the rollover counter, which AES-GCM has in its nonce already. RTCP: the index with its flag.
    pub(super) trailer: [u8; 4],
    pub(super) is_rtcp: bool,
}

/// The session keys of RTP or of RTCP, set up once. The library wipes them when they are dropped; salts are no secrets on
/// their own.
#[expect(clippy::large_enum_variant, reason = "a session has two of them")]
pub(super) enum Cipher {
    Gcm { key: LessSafeKey, salt: [u8; NONCE_LEN] },
    CmHmac { key: EncryptingKey, salt: [u8; SALT_BYTES_MAX], authentication: hmac::Key, tag_bytes: usize },
}

impl Cipher {
    pub(super) fn new(
        profile: SrtpProfile,
        key: &[u8],
        salt: [u8; SALT_BYTES_MAX],
        authentication: &[u8],
    ) -> Self {
        let algorithm = match profile {
            SrtpProfile::AeadAes128Gcm => &AES_128_GCM,
            SrtpProfile::AeadAes256Gcm => &AES_256_GCM,
            SrtpProfile::Aes128CmHmacSha1_80 => {
                let key = UnboundCipherKey::new(&AES_128, key)
                    .and_then(EncryptingKey::ctr)
                    .expect("the key has the length of AES-128's");
                let authentication = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, authentication);
                return Self::CmHmac { key, salt, authentication, tag_bytes: profile.tag_bytes() };
            }
        };
        let key = UnboundKey::new(algorithm, key).expect("the key has the length of the algorithm's");
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&salt[..NONCE_LEN]);
        Self::Gcm { key: LessSafeKey::new(key), salt: nonce }
    }

    /// Encrypts `body` in place and gives the tag, of which the profile's leading bytes belong into the packet.
    pub(super) fn seal(
        &self,
        place: Place,
        clear: Clear<'_>,
        body: &mut [u8],
    ) -> Result<[u8; TAG_BYTES_MAX], Unspecified> {
        let mut out = [0; TAG_BYTES_MAX];
        match self {
            Self::Gcm { key, salt } => {
                let mut room = [0; 12];
                let aad = Aad::from(associated(clear, &mut room));
                let tag = key.seal_in_place_separate_tag(nonce(salt, place), aad, body)?;
                out.copy_from_slice(tag.as_ref());
            }
            Self::CmHmac { key, salt, authentication, tag_bytes } => {
                apply_keystream(key, salt, place, body)?;
                let tag = authenticate(authentication, clear, body);
                out[..*tag_bytes].copy_from_slice(&tag.as_ref()[..*tag_bytes]);
            }
        }
        Ok(out)
    }

    /// Verifies `tag` and decrypts `body` in place; what a failure leaves in it is of no use to anybody.
    pub(super) fn open(
        &self,
        place: Place,
        clear: Clear<'_>,
        body: &mut [u8],
        tag: &[u8],
    ) -> Result<(), Unspecified> {
        match self {
            Self::Gcm { key, salt } => {
                let mut room = [0; 12];
                let aad = Aad::from(associated(clear, &mut room));
                key.open_in_place_separate_tag(nonce(salt, place), aad, tag, body).map(drop)
            }
            Self::CmHmac { key, salt, authentication, tag_bytes } => {
                let expected = authenticate(authentication, clear, body);
                if !bool::from(expected.as_ref()[..*tag_bytes].ct_eq(tag)) {
                    return Err(Unspecified);
                }
                apply_keystream(key, salt, place, body)
            }
        }
    }
}

/// RFC 7714 sections 8.2 (RTP: the header) and 9.3 (RTCP: the header, then the index with its flag).
fn associated<'a>(clear: Clear<'a>, room: &'a mut [u8; 12]) -> &'a [u8] {
    if !clear.is_rtcp {
        return clear.header;
    }
    room[..8].copy_from_slice(clear.header);
    room[8..].copy_from_slice(&clear.trailer);
    room
}

/// RFC 7714 sections 8.1 and 9.1: two zero bytes, the SSRC, the index in 48 bits; exclusive or with the salt.
fn nonce(salt: &[u8; NONCE_LEN], place: Place) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[2..6].copy_from_slice(&place.ssrc.0.to_be_bytes());
    bytes[6..].copy_from_slice(&place.index.to_be_bytes()[2..]);
    for (byte, salt) in bytes.iter_mut().zip(salt) {
        *byte ^= salt;
    }
    Nonce::assume_unique_for_key(bytes)
}

/// RFC 3711 section 4.1.1: the counter starts at salt x 2^16 XOR SSRC x 2^64 XOR index x 2^16. It is its own inverse.
fn apply_keystream(
    key: &EncryptingKey,
    salt: &[u8; SALT_BYTES_MAX],
    place: Place,
    body: &mut [u8],
) -> Result<(), Unspecified> {
    let mut block = [0; 16];
    block[4..8].copy_from_slice(&place.ssrc.0.to_be_bytes());
    block[8..14].copy_from_slice(&place.index.to_be_bytes()[2..]);
    for (byte, salt) in block.iter_mut().zip(salt) {
        *byte ^= salt;
    }
    key.less_safe_encrypt(body, EncryptionContext::Iv128(FixedLength::from(block))).map(drop)
}

/// RFC 3711 section 4.2: over the packet as it is sent, then the rollover counter or the index.
fn authenticate(key: &hmac::Key, clear: Clear<'_>, body: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    for part in [clear.header, body, &clear.trailer] {
        context.update(part);
    }
    context.sign()
}
