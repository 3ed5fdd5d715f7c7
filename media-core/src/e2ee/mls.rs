//! Owns the agreement on keys: MLS (RFC 9420) groups by `openmls`, with randomness and time passed in, so that equal seeds give
//! equal bytes. [`Membership`] is one stay's part in the group of its conference; what of its messages goes to whom, and in
//! which order, is the server's part, which needs no secret (`conference`).

mod crypto;
mod epochs;
mod group;
mod hpke;
mod identity;
mod membership;
mod provider;
mod signer;
mod storage;
mod suite;
mod verification;

pub use group::{GroupMember, Rejection};
pub use membership::{EpochChange, Membership, MembershipConfig, MembershipOutput};
pub use suite::MlsSuite;
pub use verification::VerificationCode;

#[cfg(test)]
mod tests;
