//! MLS.
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
