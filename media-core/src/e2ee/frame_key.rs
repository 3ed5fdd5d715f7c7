//! Owns the AEAD key and salt of one sender, derived once from its base key (RFC 9605 section 4.4.2) and kept, since
//! setting up AES-GCM costs more than sealing an audio frame.

use aws_lc_rs::{
    aead::{Aad, LessSafeKey, NONCE_LEN, Nonce, Tag, UnboundKey},
    error::Unspecified,
    hkdf::{KeyType, Prk, Salt},
};
use zeroize::Zeroizing;

use super::{
    key::{BaseKey, KeyId},
    suite::CipherSuite,
};

pub(super) const KEY_LABEL: &[u8; 22] = b"SFrame 1.0 Secret key ";
pub(super) const SALT_LABEL: &[u8; 23] = b"SFrame 1.0 Secret salt ";

/// What seals and opens the frames of one sender.
pub(super) struct FrameKey {
    aead: LessSafeKey,
    salt: Zeroizing<[u8; NONCE_LEN]>,
}

impl FrameKey {
    pub(super) fn derive(suite: CipherSuite, sender: KeyId, base: &BaseKey) -> Self {
        let secret = extract(suite, base);
        let mut key = Zeroizing::new([0; 32]);
        let key = &mut key[..suite.key_bytes()];
        expand(&secret, &[KEY_LABEL, &sender.0.to_be_bytes(), &suite.id().to_be_bytes()], key);
        let mut salt = Zeroizing::new([0; NONCE_LEN]);
        expand(&secret, &[SALT_LABEL, &sender.0.to_be_bytes(), &suite.id().to_be_bytes()], &mut *salt);
        let aead = UnboundKey::new(suite.aead(), key).expect("the key has the length of the suite's AEAD");
        Self { aead: LessSafeKey::new(aead), salt }
    }

    /// Encrypts in place. The caller never gives the same counter twice.
    pub(super) fn seal(&self, counter: u64, aad: &[u8], in_out: &mut [u8]) -> Result<Tag, Unspecified> {
        self.aead.seal_in_place_separate_tag(self.nonce(counter), Aad::from(aad), in_out)
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
        self.aead.open_separate_gather(self.nonce(counter), Aad::from(aad), ciphertext, tag, out)
    }

    /// The exclusive or of the salt and the counter, which falls on its last eight bytes (RFC 9605 section 4.4.3).
    pub(super) fn nonce(&self, counter: u64) -> Nonce {
        let mut nonce = *self.salt;
        for (byte, digit) in nonce[NONCE_LEN - 8..].iter_mut().zip(counter.to_be_bytes()) {
            *byte ^= digit;
        }
        Nonce::assume_unique_for_key(nonce)
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
        .expect("HKDF gives up to 255 hashes, and no key here is longer than one");
}

struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}
