//! Owns the AEAD that RFC 9605 section 4.5.1 makes of AES-128 in counter mode and HMAC-SHA256, encrypting first: for
//! interoperability, see [`super::suite`].

use aws_lc_rs::{
    aead::NONCE_LEN,
    cipher::{AES_128, AES_128_KEY_LEN, EncryptingKey, EncryptionContext, UnboundCipherKey},
    error::Unspecified,
    hmac,
    iv::FixedLength,
};
use subtle::ConstantTimeEq;

/// One sender's keys of AES and HMAC, both set up once. The library wipes them when they are dropped.
pub(super) struct CtrHmac {
    cipher: EncryptingKey,
    authentication: hmac::Key,
    tag_bytes: usize,
}

impl CtrHmac {
    /// Of `key`, the key of AES-128 followed by that of HMAC, with tags of so many bytes.
    pub(super) fn new(key: &[u8], tag_bytes: usize) -> Self {
        let (cipher, authentication) = key.split_at(AES_128_KEY_LEN);
        let cipher = UnboundCipherKey::new(&AES_128, cipher)
            .and_then(EncryptingKey::ctr)
            .expect("the key has the length of AES-128's");
        Self { cipher, authentication: hmac::Key::new(hmac::HMAC_SHA256, authentication), tag_bytes }
    }

    /// Encrypts in place. Of the tag that is given back, the suite's leading bytes belong into the frame.
    pub(super) fn seal(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        in_out: &mut [u8],
    ) -> Result<hmac::Tag, Unspecified> {
        self.apply_keystream(nonce, in_out)?;
        Ok(self.tag(nonce, aad, in_out))
    }

    /// Verifies `tag` in constant time, and only then decrypts into `out`, which is as long as `ciphertext`.
    pub(super) fn open(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        ciphertext: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(), Unspecified> {
        let expected = self.tag(nonce, aad, ciphertext);
        // Slices of different lengths are unequal, so a tag of another suite's length never passes.
        if !bool::from(expected.as_ref()[..self.tag_bytes].ct_eq(tag)) {
            return Err(Unspecified);
        }
        out.copy_from_slice(ciphertext);
        self.apply_keystream(nonce, out)
    }

    /// Bytes of a tag in a frame.
    pub(super) const fn tag_bytes(&self) -> usize {
        self.tag_bytes
    }

    /// Counter mode from block zero behind the nonce. It is its own inverse.
    fn apply_keystream(&self, nonce: [u8; NONCE_LEN], in_out: &mut [u8]) -> Result<(), Unspecified> {
        let mut block = [0; 16];
        block[..NONCE_LEN].copy_from_slice(&nonce);
        let context = EncryptionContext::Iv128(FixedLength::from(block));
        self.cipher.less_safe_encrypt(in_out, context).map(drop)
    }

    /// HMAC over the lengths of associated data, ciphertext and tag, the nonce, the associated data and the ciphertext.
    /// The lengths stand first, so no byte can be moved from one part to the other.
    fn tag(&self, nonce: [u8; NONCE_LEN], aad: &[u8], ciphertext: &[u8]) -> hmac::Tag {
        let mut head = [0; 24 + NONCE_LEN];
        for (place, length) in head.chunks_exact_mut(8).zip([aad.len(), ciphertext.len(), self.tag_bytes]) {
            place.copy_from_slice(&(length as u64).to_be_bytes());
        }
        head[24..].copy_from_slice(&nonce);
        let mut context = hmac::Context::with_key(&self.authentication);
        for part in [&head[..], aad, ciphertext] {
            context.update(part);
        }
        context.sign()
    }
}
