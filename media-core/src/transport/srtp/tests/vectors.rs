//! The vectors of RFC 3711 appendix B and of RFC 7714 sections 16 and 17.

use super::*;
use crate::{
    Ssrc,
    transport::srtp::{
        cipher::{Cipher, Clear, Place},
        profile::SALT_BYTES_MAX,
    },
};

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.replace([' ', '\n'], "")).unwrap()
}

fn salt(text: &str) -> [u8; SALT_BYTES_MAX] {
    let mut salt = [0; SALT_BYTES_MAX];
    let bytes = bytes(text);
    salt[..bytes.len()].copy_from_slice(&bytes);
    salt
}

#[test]
fn keys_are_derived_as_in_rfc_3711_b_3() {
    let master = MasterKey::new(
        SrtpProfile::Aes128CmHmacSha1_80,
        &bytes("E1F97A0D3E018BE0D64FA32C06DE4139"),
        &bytes("0EC675AD498AFEEBB6960B3AABE6"),
    )
    .unwrap();
    for (label, expected) in [
        (0, "C61E7A93744F39EE10734AFE3FF7A087"),
        (2, "30CBBC08863D8C85D49DB34A9AE1"),
        (1, "CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"),
    ] {
        let expected = bytes(expected);
        let mut out = vec![0xff; expected.len()];
        master.derive(label, &mut out);
        assert_eq!(out, expected, "label {label}");
    }
}

#[test]
fn the_key_stream_is_that_of_rfc_3711_b_2() {
    let key = bytes("2B7E151628AED2A6ABF7158809CF4F3C");
    let cipher =
        Cipher::new(SrtpProfile::Aes128CmHmacSha1_80, &key, salt("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"), &[0; 20]);
    let mut body = [0; 48];
    let clear = Clear { header: &[], trailer: [0; 4], is_rtcp: false };
    cipher.seal(Place { ssrc: Ssrc(0), index: 0 }, clear, &mut body).unwrap();
    let expected =
        "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0";
    assert_eq!(body.to_vec(), bytes(expected));
}

/// The key of RFC 7714 sections 16 and 17, which is a session key: nothing is derived from it.
fn ciphers(profile: SrtpProfile) -> [Cipher; 2] {
    let key: Vec<u8> = (0..profile.key_bytes() as u8).collect();
    std::array::from_fn(|_| Cipher::new(profile, &key, salt("517569642070726f2071756f"), &[]))
}

fn session(profile: SrtpProfile) -> (SrtpSender, SrtpReceiver) {
    let sender = SrtpSender::with_ciphers(profile, ciphers(profile));
    (sender, SrtpReceiver::with_ciphers(profile, ciphers(profile)))
}

#[test]
fn rtp_under_aes_gcm_is_as_in_rfc_7714_16() {
    let header = bytes("8040f17b8041f8d35501a0b2");
    let payload = b"Gallia est omnis divisa in partes tres";
    for (profile, ciphertext) in [
        (
            SrtpProfile::AeadAes128Gcm,
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833
             899d7f27beb16a9152cf765ee4390cce",
        ),
        (
            SrtpProfile::AeadAes256Gcm,
            "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b
             7aa3db36dfffd6b0f9bb7878d7a76c13",
        ),
    ] {
        let (mut sender, mut receiver) = session(profile);
        let mut packet = Vec::new();
        sender.protect_rtp(&header, payload, &mut packet).unwrap();
        assert_eq!(packet, [header.clone(), bytes(ciphertext)].concat(), "{profile:?}");
        receiver.unprotect_rtp(&mut packet).unwrap();
        assert_eq!(packet, [&header[..], payload].concat(), "{profile:?}");
    }
}

#[test]
fn rtcp_under_aes_gcm_is_as_in_rfc_7714_17() {
    let plain = bytes(
        "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61
         deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    );
    for (profile, expected) in [
        (
            SrtpProfile::AeadAes128Gcm,
            "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b46
             86303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
        ),
        (
            SrtpProfile::AeadAes256Gcm,
            "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658
             c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
        ),
    ] {
        let (mut sender, mut receiver) = session(profile);
        sender.begin_at(Ssrc(u32::from_be_bytes(*b"Mars")), 0x5d4);
        let mut packet = Vec::new();
        sender.protect_rtcp(&plain, &mut packet).unwrap();
        assert_eq!(packet, bytes(expected), "{profile:?}");
        receiver.unprotect_rtcp(&mut packet).unwrap();
        assert_eq!(packet, plain, "{profile:?}");
    }
}
