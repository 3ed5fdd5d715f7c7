//! Owns a member's signature key. Signatures are deterministic in both suites: Ed25519 by definition (RFC 8032), ECDSA
//! after RFC 6979.

use std::cell::Cell;

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

/// Signs everything but a commit whose removals are in another order than these. It has to be noticed here: after the
/// signature a commit is encrypted, and each encryption uses up a key, so that a second try would have other bytes.
pub(super) struct InOrder<'a> {
    pub(super) signer: &'a Signer,
    /// By rising leaf.
    pub(super) removes: &'a [u32],
    /// Whether a signature was denied.
    pub(super) refused: Cell<bool>,
}

/// What is signed of a commit begins with it, after the length (RFC 9420 sections 5.1.2 and 6.1).
const COMMIT_LABEL: &[u8] = b"MLS 1.0 FramedContentTBS";
/// A proposal that stands in the commit itself (RFC 9420 section 12.4), of the kind that removes (section 17.4).
const REMOVE: [u8; 3] = [1, 0, 3];

impl InOrder<'_> {
    fn is_in_order(&self, payload: &[u8]) -> bool {
        let removes = self.removes.iter().flat_map(|leaf| REMOVE.into_iter().chain(leaf.to_be_bytes()));
        let removes: Vec<u8> = removes.collect();
        removes.is_empty() || payload.windows(removes.len()).any(|part| part == removes)
    }
}

impl OpenMlsSigner for InOrder<'_> {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        let of_commit = payload.get(1..).is_some_and(|payload| payload.starts_with(COMMIT_LABEL));
        if of_commit && !self.is_in_order(payload) {
            self.refused.set(true);
            return Err(SignerError::SigningError);
        }
        self.signer.sign(payload)
    }

    fn signature_scheme(&self) -> SignatureScheme {
        self.signer.signature_scheme()
    }
}
