//! The test vectors of RFC 9605 appendix C: C.1 (headers), C.2 (AES-CTR with HMAC) and C.3 (frames), all of each.
#![expect(clippy::similar_names, reason = "sealer and sealed, opener and opened are what they are called")]

use aws_lc_rs::{hkdf::Prk, hmac};
use serde::Deserialize;

use super::Keys;
use crate::e2ee::{
    BaseKey, CipherSuite, KeyId, Opened, Opener, Sealer,
    ctr_hmac::CtrHmac,
    frame_key::{FrameKey, KEY_LABEL, SALT_LABEL, expand},
    header::Header,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderVector {
    kid: u64,
    ctr: u64,
    encoded: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AeadVector {
    cipher_suite: u16,
    key: String,
    enc_key: String,
    auth_key: String,
    nonce: String,
    aad: String,
    pt: String,
    ct: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FrameVector {
    cipher_suite: u16,
    kid: u64,
    ctr: u64,
    base_key: String,
    sframe_key_label: String,
    sframe_salt_label: String,
    sframe_secret: String,
    sframe_key: String,
    sframe_salt: String,
    metadata: String,
    nonce: String,
    aad: String,
    pt: String,
    ct: String,
}

fn hex(digits: &str) -> Vec<u8> {
    hex::decode(digits).unwrap()
}

fn frame_vectors() -> Vec<FrameVector> {
    let files = [
        include_str!("../../../../fixtures/rfc9605/sframe_aes_ctr_hmac.json"),
        include_str!("../../../../fixtures/rfc9605/aes_gcm.json"),
    ];
    files.iter().flat_map(|text| serde_json::from_str::<Vec<_>>(text).unwrap()).collect()
}

impl FrameVector {
    fn suite(&self) -> CipherSuite {
        CipherSuite::from_id(self.cipher_suite).unwrap()
    }
}

#[test]
fn every_header_vector_is_encoded_and_decoded() {
    let text = include_str!("../../../../fixtures/rfc9605/header.json");
    let vectors: Vec<HeaderVector> = serde_json::from_str(text).unwrap();
    assert_eq!(vectors.len(), 17 * 17, "each of 17 key ids with each of 17 counters");
    for vector in vectors {
        let header = Header { sender: KeyId(vector.kid), counter: vector.ctr };
        let expected = hex(&vector.encoded);
        assert_eq!(header.encode().as_bytes(), expected, "{header:?}");
        assert_eq!(Header::decode(&expected), Ok((header, expected.len())));
    }
}

#[test]
fn every_vector_of_aes_ctr_with_hmac_is_sealed_and_opened() {
    let text = include_str!("../../../../fixtures/rfc9605/aes_ctr_hmac.json");
    let vectors: Vec<AeadVector> = serde_json::from_str(text).unwrap();
    assert_eq!(vectors.iter().map(|vector| vector.cipher_suite).collect::<Vec<_>>(), [1, 2, 3]);
    for vector in vectors {
        assert_eq!(vector.key, format!("{}{}", vector.enc_key, vector.auth_key));
        let tag_bytes = CipherSuite::from_id(vector.cipher_suite).unwrap().tag_bytes();
        let aead = CtrHmac::new(&hex(&vector.key), tag_bytes);
        let nonce: [u8; 12] = hex(&vector.nonce).try_into().unwrap();
        let (aad, plaintext, sealed) = (hex(&vector.aad), hex(&vector.pt), hex(&vector.ct));
        let (ciphertext, tag) = sealed.split_at(sealed.len() - tag_bytes);

        let mut in_out = plaintext.clone();
        let full_tag = aead.seal(nonce, &aad, &mut in_out).unwrap();
        assert_eq!((&in_out[..], &full_tag.as_ref()[..tag_bytes]), (ciphertext, tag));

        let mut opened = vec![0; ciphertext.len()];
        aead.open(nonce, &aad, ciphertext, tag, &mut opened).unwrap();
        assert_eq!(opened, plaintext);
    }
}

#[test]
fn every_suite_has_a_vector() {
    let suites: Vec<_> = frame_vectors().iter().map(FrameVector::suite).collect();
    assert_eq!(suites, CipherSuite::ALL);
}

#[test]
fn every_vector_is_sealed_byte_for_byte() {
    for vector in frame_vectors() {
        let base = BaseKey::from_bytes(&hex(&vector.base_key)).unwrap();
        let mut sealer = Sealer::starting_at(vector.suite(), KeyId(vector.kid), &base, vector.ctr);
        let mut sealed = Vec::new();
        sealer.seal(&hex(&vector.pt), &hex(&vector.metadata), &mut sealed).unwrap();
        assert_eq!(hex::encode(sealed), vector.ct);
    }
}

#[test]
fn every_vector_is_opened() {
    for vector in frame_vectors() {
        let keys = Keys::of(KeyId(vector.kid), &hex(&vector.base_key));
        let mut opener = Opener::new(vector.suite(), keys);
        let mut plaintext = Vec::new();
        let opened = opener.open(&hex(&vector.ct), &hex(&vector.metadata), &mut plaintext);
        assert_eq!(opened, Ok(Opened { sender: KeyId(vector.kid), counter: vector.ctr }));
        assert_eq!(hex::encode(plaintext), vector.pt);
    }
}

#[test]
fn every_step_between_base_key_and_nonce_is_the_vectors() {
    for vector in frame_vectors() {
        let number = [&vector.kid.to_be_bytes()[..], &vector.cipher_suite.to_be_bytes()].concat();
        assert_eq!([&KEY_LABEL[..], &number].concat(), hex(&vector.sframe_key_label));
        assert_eq!([&SALT_LABEL[..], &number].concat(), hex(&vector.sframe_salt_label));

        // HKDF-Extract with an empty salt is HMAC with a key of zeros (RFC 5869 section 2.2).
        let (hash, zeros) = match vector.suite() {
            CipherSuite::Aes128CtrHmacSha256_80
            | CipherSuite::Aes128CtrHmacSha256_64
            | CipherSuite::Aes128CtrHmacSha256_32
            | CipherSuite::Aes128GcmSha256 => (hmac::HMAC_SHA256, 32),
            CipherSuite::Aes256GcmSha512 => (hmac::HMAC_SHA512, 64),
        };
        let secret = hmac::sign(&hmac::Key::new(hash, &vec![0; zeros]), &hex(&vector.base_key));
        assert_eq!(hex::encode(secret), vector.sframe_secret);

        let secret = Prk::new_less_safe(vector.suite().hkdf(), secret.as_ref());
        let mut key = vec![0; vector.suite().key_bytes()];
        expand(&secret, &[&hex(&vector.sframe_key_label)], &mut key);
        assert_eq!(hex::encode(key), vector.sframe_key);
        let mut salt = [0; 12];
        expand(&secret, &[&hex(&vector.sframe_salt_label)], &mut salt);
        assert_eq!(hex::encode(salt), vector.sframe_salt);

        let base = BaseKey::from_bytes(&hex(&vector.base_key)).unwrap();
        let key = FrameKey::derive(vector.suite(), KeyId(vector.kid), &base);
        assert_eq!(hex::encode(key.nonce(vector.ctr)), vector.nonce);

        let header = Header { sender: KeyId(vector.kid), counter: vector.ctr }.encode();
        assert_eq!([header.as_bytes(), &hex(&vector.metadata)].concat(), hex(&vector.aad));
    }
}
