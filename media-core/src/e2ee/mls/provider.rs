//! Owns what `openmls` is given to work with: cryptography, the caller's randomness, and storage.

use std::{cell::RefCell, convert::Infallible};

use openmls_traits::{OpenMlsProvider, random::OpenMlsRand};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::{crypto::Crypto, storage::Storage};

/// One member's.
pub(super) struct Provider {
    pub(super) crypto: Crypto,
    randomness: Randomness,
    pub(super) storage: Storage,
}

impl Provider {
    pub(super) fn new(rng: &mut impl Rng) -> Self {
        Self {
            crypto: Crypto::new(rng),
            randomness: Randomness(RefCell::new(ChaCha20Rng::from_rng(rng))),
            storage: Storage::default(),
        }
    }

    /// Randomness for what comes next. What was drawn before says nothing about it: whoever saw the member's memory is shut
    /// out again.
    pub(super) fn reseed(&self, seed: &[u8; 32]) {
        *self.randomness.0.borrow_mut() = ChaCha20Rng::from_seed(*seed);
    }

    pub(super) const fn rand_ref(&self) -> &Randomness {
        &self.randomness
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Crypto;
    type RandProvider = Randomness;
    type StorageProvider = Storage;

    fn storage(&self) -> &Storage {
        &self.storage
    }

    fn crypto(&self) -> &Crypto {
        &self.crypto
    }

    fn rand(&self) -> &Randomness {
        &self.randomness
    }
}

/// What the caller's randomness was expanded to.
pub(super) struct Randomness(RefCell<ChaCha20Rng>);

impl OpenMlsRand for Randomness {
    type Error = Infallible;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], Infallible> {
        let mut bytes = [0; N];
        self.0.borrow_mut().fill_bytes(&mut bytes);
        Ok(bytes)
    }

    fn random_vec(&self, len: usize) -> Result<Vec<u8>, Infallible> {
        let mut bytes = vec![0; len];
        self.0.borrow_mut().fill_bytes(&mut bytes);
        Ok(bytes)
    }
}
