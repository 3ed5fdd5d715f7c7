//! Owns a member's signature key. Signatures are deterministic in both suites: Ed25519 by definition (RFC 8032), ECDSA
//! after RFC 6979.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use openmls_traits::{
    signatures::{Signer as OpenMlsSigner, SignerError},
    types::SignatureScheme,
};
use p256::ecdsa::{Signature, SigningKey, signature::Signer as _};
use rand_core::Rng;
use zeroize::Zeroizing;

use super::suite::MlsSuite;

/// Signs in the name of one stay of one participant.
pub(super) enum Signer {
    Ed25519(Box<Ed25519KeyPair>),
    P256(Box<SigningKey>),
}

impl Signer {
    /// A fresh key out of the caller's randomness.
    pub(super) fn random(suite: MlsSuite, rng: &mut impl Rng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        loop {
            rng.fill_bytes(&mut *seed);
            match suite {
                MlsSuite::X25519Ed25519 => {
                    if let Ok(pair) = Ed25519KeyPair::from_seed_unchecked(&*seed) {
                        return Self::Ed25519(Box::new(pair));
                    }
                }
                // Refused when it is no scalar of the curve's order: less often than once in 2^32 draws.
                MlsSuite::P256 => {
                    if let Ok(key) = SigningKey::from_slice(&*seed) {
                        return Self::P256(Box::new(key));
                    }
                }
            }
        }
    }

    pub(super) fn public_key(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Self::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
        }
    }
}

impl OpenMlsSigner for Signer {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        match self {
            Self::Ed25519(pair) => Ok(pair.sign(payload).as_ref().to_vec()),
            Self::P256(key) => {
                let signature: Signature = key.sign(payload);
                Ok(signature.to_der().as_bytes().to_vec())
            }
        }
    }

    fn signature_scheme(&self) -> SignatureScheme {
        match self {
            Self::Ed25519(_) => MlsSuite::X25519Ed25519.signature_scheme(),
            Self::P256(_) => MlsSuite::P256.signature_scheme(),
        }
    }
}
