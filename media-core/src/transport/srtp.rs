//! Owns SRTP and SRTCP (RFC 3711) with AES-GCM (RFC 7714) and with AES-CM and HMAC-SHA1, which every WebRTC endpoint has to
//! know (RFC 8827 section 6.5). A session has one master key for each direction, from which the keys of its packets are
//! derived once: the key derivation rate is zero, as DTLS-SRTP has it (RFC 5764 section 4.1.2). There are no master key
//! identifiers.
//!
//! [`SrtpSender`] protects, [`SrtpReceiver`] opens. Both are told packets, no times and no addresses.

mod cipher;
mod derivation;
mod forwarded;
mod layout;
mod packet_index;
mod profile;
mod receiver;
mod sender;
mod stream;

#[cfg(test)]
mod tests;

pub use derivation::{MasterKey, MasterKeyError};
pub use profile::SrtpProfile;
pub use receiver::SrtpReceiver;
pub use sender::{ProtectError, SrtpSender};
