//! Owns the AEAD key and salt of one sender, derived once from its base key (RFC 9605 section 4.4.2) and kept, since
//! setting up AES-GCM costs more than sealing an audio frame.

use aws_lc_rs::{
    aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    error::Unspecified,
    hkdf::{KeyType, Prk, Salt},
};
use zeroize::Zeroizing;

use super::{
    ctr_hmac::CtrHmac,
    key::{BaseKey, KeyId},
    suite::{CipherSuite, KEY_BYTES_MAX},
};

pub(super) const KEY_LABEL: &[u8; 22] = b"SFrame 1.0 Secret key ";
pub(super) const SALT_LABEL: &[u8; 23] = b"SFrame 1.0 Secret salt ";

/// What seals and opens the frames of one sender.
pub(super) struct FrameKey {
    aead: Aead,
    salt: Zeroizing<[u8; NONCE_LEN]>,
}

/// The AEAD of a suite, set up with one sender's key.
enum Aead {
    Gcm(LessSafeKey),
    CtrHmac(Box<CtrHmac>),
}

impl FrameKey {
    pub(super) fn derive(suite: CipherSuite, sender: KeyId, base: &BaseKey) -> Self {
        let secret = extract(suite, base);
        let mut key = Zeroizing::new([0; KEY_BYTES_MAX]);
        let key = &mut key[..suite.key_bytes()];
        expand(&secret, &[KEY_LABEL, &sender.0.to_be_bytes(), &suite.id().to_be_bytes()], key);
        let mut salt = Zeroizing::new([0; NONCE_LEN]);
        expand(&secret, &[SALT_LABEL, &sender.0.to_be_bytes(), &suite.id().to_be_bytes()], &mut *salt);
        Self { aead: Aead::new(suite, key), salt }
    }

    /// Encrypts what stands in `frame` from `start` on, and appends the tag. The caller never gives the same counter
    /// twice. After an error `frame` still holds plaintext.
    pub(super) fn seal(
        &self,
        counter: u64,
        aad: &[u8],
        frame: &mut Vec<u8>,
        start: usize,
    ) -> Result<(), Unspecified> {
        let nonce = self.nonce(counter);
        match &self.aead {
            Aead::Gcm(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut frame[start..])?;
                frame.extend_from_slice(tag.as_ref());
            }
            Aead::CtrHmac(key) => {
                let tag = key.seal(nonce, aad, &mut frame[start..])?;
                frame.extend_from_slice(&tag.as_ref()[..key.tag_bytes()]);
            }
        }
        Ok(())
    }

    /// Verifies `tag` in constant time and decrypts into `out`, which is as long as `ciphertext`. After an error
    /// `out` holds nothing that may be used.
    pub(super) fn open(
        &self,
        counter: u64,
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Unspecified> {
        let nonce = self.nonce(counter);
        match &self.aead {
            Aead::Gcm(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                key.open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, out)
            }
            Aead::CtrHmac(key) => key.open(nonce, aad, ciphertext, tag, out),
        }
    }

    /// The exclusive or of the salt and the counter, which falls on its last eight bytes (RFC 9605 section 4.4.3).
    pub(super) fn nonce(&self, counter: u64) -> [u8; NONCE_LEN] {
        let mut nonce = *self.salt;
        for (byte, digit) in nonce[NONCE_LEN - 8..].iter_mut().zip(counter.to_be_bytes()) {
            *byte ^= digit;
        }
        nonce
    }
}

impl Aead {
    fn new(suite: CipherSuite, key: &[u8]) -> Self {
        let algorithm = match suite {
            CipherSuite::Aes128CtrHmacSha256_80
            | CipherSuite::Aes128CtrHmacSha256_64
            | CipherSuite::Aes128CtrHmacSha256_32 => {
                return Self::CtrHmac(Box::new(CtrHmac::new(key, suite.tag_bytes())));
            }
            CipherSuite::Aes128GcmSha256 => &AES_128_GCM,
            CipherSuite::Aes256GcmSha512 => &AES_256_GCM,
        };
        let key = UnboundKey::new(algorithm, key).expect("the key has the length of the suite's AEAD");
        Self::Gcm(LessSafeKey::new(key))
    }
}

/// `HKDF-Extract` with an empty salt.
fn extract(suite: CipherSuite, base: &BaseKey) -> Prk {
    Salt::new(suite.hkdf(), &[]).extract(base.expose())
}

/// `HKDF-Expand` of as many bytes as `out` has.
pub(super) fn expand(secret: &Prk, info: &[&[u8]], out: &mut [u8]) {
    secret
        .expand(info, Length(out.len()))
        .and_then(|okm| okm.fill(out))
        .expect("HKDF gives up to 255 hashes, and no key here is longer than two");
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}
