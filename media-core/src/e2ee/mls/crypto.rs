//! Owns the cryptography that `openmls` asks for, out of aws-lc-rs (hashes, AEAD, signatures) and `hpke` (RFC 9180), for
//! exactly the suites of [`MlsSuite`](super::MlsSuite).
//!
//! It draws no randomness while it works: `openmls` encrypts the secrets of a commit on several threads, whose order
//! nobody knows, and equal seeds have to give equal bytes. The ephemeral key of an encryption is derived from a secret of
//! the member and everything that is encrypted instead, as RFC 6979 does for signatures; equal inputs give the equal
//! ciphertext, and say no more than that they are equal.

use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest, hkdf, hmac, signature,
};
use openmls_traits::{
    crypto::OpenMlsCrypto,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
        HpkeKeyPair, KemOutput, SignatureScheme,
    },
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use tls_codec::SecretVLBytes;
use zeroize::Zeroizing;

use super::{hpke, suite::MlsSuite};

/// The cryptography of one member.
pub(super) struct Crypto {
    /// What ephemeral keys are derived from.
    hedge: Zeroizing<[u8; 32]>,
}

impl Crypto {
    pub(super) fn new(rng: &mut impl Rng) -> Self {
        let mut hedge = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *hedge);
        Self { hedge }
    }

    /// The randomness of one encryption.
    fn ephemeral(&self, parts: [&[u8]; 4]) -> ChaCha20Rng {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &*self.hedge));
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut seed = Zeroizing::new([0; 32]);
        seed.copy_from_slice(context.sign().as_ref());
        ChaCha20Rng::from_seed(*seed)
    }
}

fn sha256_only(hash: HashType) -> Result<(), CryptoError> {
    matches!(hash, HashType::Sha2_256).then_some(()).ok_or(CryptoError::UnsupportedHashAlgorithm)
}

fn aead_key(alg: AeadType, key: &[u8], nonce: &[u8]) -> Result<(LessSafeKey, Nonce), CryptoError> {
    if !matches!(alg, AeadType::Aes128Gcm) {
        return Err(CryptoError::UnsupportedAeadAlgorithm);
    }
    let key = UnboundKey::new(&AES_128_GCM, key).map_err(|_| CryptoError::InvalidLength)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| CryptoError::InvalidLength)?;
    Ok((LessSafeKey::new(key), nonce))
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl OpenMlsCrypto for Crypto {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        let known = MlsSuite::ALL.iter().any(|suite| suite.openmls() == ciphersuite);
        known.then_some(()).ok_or(CryptoError::UnsupportedCiphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        MlsSuite::ALL.iter().map(|suite| suite.openmls()).collect()
    }

    /// `HKDF-Extract` is HMAC with the salt as the key (RFC 5869 section 2.2).
    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.hmac(hash, salt, ikm)
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        sha256_only(hash)?;
        Ok(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().into())
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        sha256_only(hash)?;
        let mut okm = vec![0; okm_len];
        hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, prk)
            .expand(&[info], Length(okm_len))
            .and_then(|expanded| expanded.fill(&mut okm))
            .map_err(|_| CryptoError::HkdfOutputLengthInvalid)?;
        Ok(okm.into())
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        sha256_only(hash)?;
        Ok(digest::digest(&digest::SHA256, data).as_ref().to_vec())
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (key, nonce) = aead_key(alg, key, nonce)?;
        let mut sealed = data.to_vec();
        key.seal_in_place_append_tag(nonce, Aad::from(aad), &mut sealed)
            .map_err(|_| CryptoError::CryptoLibraryError)?;
        Ok(sealed)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (key, nonce) = aead_key(alg, key, nonce)?;
        let mut opened = Zeroizing::new(ct_tag.to_vec());
        let plaintext = key
            .open_in_place(nonce, Aad::from(aad), &mut opened)
            .map_err(|_| CryptoError::AeadDecryptionError)?;
        Ok(plaintext.to_vec())
    }

    /// Never: signature keys are made by [`Signer`](super::signer::Signer) from the caller's randomness.
    fn signature_key_gen(&self, _: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        Err(CryptoError::InsufficientRandomness)
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        let algorithm: &dyn signature::VerificationAlgorithm = match alg {
            SignatureScheme::ED25519 => &signature::ED25519,
            SignatureScheme::ECDSA_SECP256R1_SHA256 => &signature::ECDSA_P256_SHA256_ASN1,
            SignatureScheme::ECDSA_SECP384R1_SHA384
            | SignatureScheme::ECDSA_SECP521R1_SHA512
            | SignatureScheme::ED448 => return Err(CryptoError::UnsupportedSignatureScheme),
        };
        signature::UnparsedPublicKey::new(algorithm, pk)
            .verify(data, signature)
            .map_err(|_| CryptoError::InvalidSignature)
    }

    /// Never: members sign by [`Signer`](super::signer::Signer).
    fn sign(&self, _: SignatureScheme, _: &[u8], _: &[u8]) -> Result<Vec<u8>, CryptoError> {
        Err(CryptoError::UnsupportedSignatureScheme)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let mut rng = self.ephemeral([pk_r, info, aad, ptxt]);
        hpke::Kem::of(&config)?.seal(pk_r, info, aad, ptxt, &mut rng)
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        hpke::Kem::of(&config)?.open(input, sk_r, info, aad)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        let mut rng = self.ephemeral([pk_r, info, exporter_context, b"export"]);
        hpke::Kem::of(&config)?.export_to(pk_r, info, (exporter_context, exporter_length), &mut rng)
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        hpke::Kem::of(&config)?.export_from(enc, sk_r, info, (exporter_context, exporter_length))
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        Ok(hpke::Kem::of(&config)?.derive(ikm))
    }
}
