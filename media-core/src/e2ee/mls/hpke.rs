//! Owns the two HPKE configurations (RFC 9180) of [`MlsSuite`](super::MlsSuite), by crate `hpke`: DHKEM over X25519 or P-256,
//! HKDF-SHA256, AES-128-GCM, always in base mode.

use ::hpke::{
    Deserializable, Kem as HpkeKem, OpModeR, OpModeS, Serializable,
    aead::AesGcm128,
    kdf::HkdfSha256,
    kem::{DhP256HkdfSha256, X25519HkdfSha256},
    setup_receiver, setup_sender_with_rng, single_shot_open, single_shot_seal_with_rng,
};
use openmls_traits::types::{
    CryptoError, ExporterSecret, HpkeAeadType, HpkeCiphertext, HpkeConfig, HpkeKdfType, HpkeKemType,
    HpkeKeyPair, KemOutput,
};
use rand_chacha::ChaCha20Rng;

/// The key encapsulation of a configuration.
#[derive(Clone, Copy)]
pub(super) enum Kem {
    X25519,
    P256,
}

impl Kem {
    pub(super) fn of(config: &HpkeConfig) -> Result<Self, CryptoError> {
        match config {
            HpkeConfig(HpkeKemType::DhKem25519, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => {
                Ok(Self::X25519)
            }
            HpkeConfig(HpkeKemType::DhKemP256, HpkeKdfType::HkdfSha256, HpkeAeadType::AesGcm128) => {
                Ok(Self::P256)
            }
            _ => Err(CryptoError::UnsupportedCiphersuite),
        }
    }

    pub(super) fn derive(self, ikm: &[u8]) -> HpkeKeyPair {
        match self {
            Self::X25519 => derive::<X25519HkdfSha256>(ikm),
            Self::P256 => derive::<DhP256HkdfSha256>(ikm),
        }
    }

    pub(super) fn seal(
        self,
        pk: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
        rng: &mut ChaCha20Rng,
    ) -> Result<HpkeCiphertext, CryptoError> {
        match self {
            Self::X25519 => seal::<X25519HkdfSha256>(pk, info, aad, plaintext, rng),
            Self::P256 => seal::<DhP256HkdfSha256>(pk, info, aad, plaintext, rng),
        }
    }

    pub(super) fn open(
        self,
        input: &HpkeCiphertext,
        sk: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        match self {
            Self::X25519 => open::<X25519HkdfSha256>(input, sk, info, aad),
            Self::P256 => open::<DhP256HkdfSha256>(input, sk, info, aad),
        }
    }

    /// A secret for whoever has the private key; `export` is the exporter's context and the secret's length.
    pub(super) fn export_to(
        self,
        pk: &[u8],
        info: &[u8],
        export: (&[u8], usize),
        rng: &mut ChaCha20Rng,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        match self {
            Self::X25519 => export_to::<X25519HkdfSha256>(pk, info, export, rng),
            Self::P256 => export_to::<DhP256HkdfSha256>(pk, info, export, rng),
        }
    }

    /// The secret that [`Kem::export_to`] made.
    pub(super) fn export_from(
        self,
        enc: &[u8],
        sk: &[u8],
        info: &[u8],
        export: (&[u8], usize),
    ) -> Result<ExporterSecret, CryptoError> {
        match self {
            Self::X25519 => export_from::<X25519HkdfSha256>(enc, sk, info, export),
            Self::P256 => export_from::<DhP256HkdfSha256>(enc, sk, info, export),
        }
    }
}

fn derive<K: HpkeKem>(ikm: &[u8]) -> HpkeKeyPair {
    let (private, public) = K::derive_keypair(ikm);
    HpkeKeyPair { private: private.to_bytes().as_slice().into(), public: public.to_bytes().to_vec() }
}

fn public<K: HpkeKem>(bytes: &[u8]) -> Result<K::PublicKey, CryptoError> {
    K::PublicKey::from_bytes(bytes).map_err(|_| CryptoError::InvalidPublicKey)
}

fn private<K: HpkeKem>(bytes: &[u8]) -> Result<K::PrivateKey, CryptoError> {
    K::PrivateKey::from_bytes(bytes).map_err(|_| CryptoError::InvalidLength)
}

fn encapped<K: HpkeKem>(bytes: &[u8]) -> Result<K::EncappedKey, CryptoError> {
    K::EncappedKey::from_bytes(bytes).map_err(|_| CryptoError::HpkeDecryptionError)
}

fn seal<K: HpkeKem>(
    pk: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    rng: &mut ChaCha20Rng,
) -> Result<HpkeCiphertext, CryptoError> {
    let pk = public::<K>(pk)?;
    let (enc, ciphertext) =
        single_shot_seal_with_rng::<AesGcm128, HkdfSha256, K>(&OpModeS::Base, &pk, info, plaintext, aad, rng)
            .map_err(|_| CryptoError::HpkeEncryptionError)?;
    Ok(HpkeCiphertext { kem_output: enc.to_bytes().to_vec().into(), ciphertext: ciphertext.into() })
}

fn open<K: HpkeKem>(
    input: &HpkeCiphertext,
    sk: &[u8],
    info: &[u8],
    aad: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let (sk, enc) = (private::<K>(sk)?, encapped::<K>(input.kem_output.as_slice())?);
    let ciphertext = input.ciphertext.as_slice();
    single_shot_open::<AesGcm128, HkdfSha256, K>(&OpModeR::Base, &sk, &enc, info, ciphertext, aad)
        .map_err(|_| CryptoError::HpkeDecryptionError)
}

fn export_to<K: HpkeKem>(
    pk: &[u8],
    info: &[u8],
    (context, length): (&[u8], usize),
    rng: &mut ChaCha20Rng,
) -> Result<(KemOutput, ExporterSecret), CryptoError> {
    let pk = public::<K>(pk)?;
    let (enc, sender) = setup_sender_with_rng::<AesGcm128, HkdfSha256, K>(&OpModeS::Base, &pk, info, rng)
        .map_err(|_| CryptoError::SenderSetupError)?;
    let mut secret = vec![0; length];
    sender.export(context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
    Ok((enc.to_bytes().to_vec(), secret.into()))
}

fn export_from<K: HpkeKem>(
    enc: &[u8],
    sk: &[u8],
    info: &[u8],
    (context, length): (&[u8], usize),
) -> Result<ExporterSecret, CryptoError> {
    let (sk, enc) = (private::<K>(sk)?, encapped::<K>(enc)?);
    let receiver = setup_receiver::<AesGcm128, HkdfSha256, K>(&OpModeR::Base, &sk, &enc, info)
        .map_err(|_| CryptoError::ReceiverSetupError)?;
    let mut secret = vec![0; length];
    receiver.export(context, &mut secret).map_err(|_| CryptoError::ExporterError)?;
    Ok(secret.into())
}
