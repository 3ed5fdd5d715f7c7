//! MLS.
mod crypto;
mod hpke;
#[cfg(test)]
mod probe;
mod provider;
mod signer;
mod storage;
mod suite;
pub use suite::MlsSuite;
