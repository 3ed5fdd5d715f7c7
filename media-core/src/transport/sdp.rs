//! Owns session descriptions: a WebRTC client's offers, the media node's answers (RFC 3264, RFC 8829, RFC 9429), and the translation between the
//! numbers that a client chose for payload types, header extensions and SSRCs, and those of the session.
//!
//! [`Negotiation`] is what has been agreed with one peer over all its offers, [`Dialect`] the translation of its packets. The
//! media node only answers; it never makes an offer. It is ICE-lite, has one transport for everything (RFC 9143), and waits for
//! the peer's DTLS handshake.

mod answer;
mod description;
mod dialect;
mod encodings;
mod extensions;
mod fingerprint;
mod formats;
mod negotiation;
mod offer;
mod refusal;
mod section;

#[cfg(test)]
mod tests;

pub use description::{IceCredentials, LocalDescription, RemoteDescription};
pub use dialect::Dialect;
pub use fingerprint::Fingerprint;
pub use negotiation::{Agreement, Negotiation};
pub use refusal::SdpRefusal;

/// The certificate that an offer shows, by which a peer's later offers are told from those of another connection.
///
/// # Errors
/// As [`Negotiation::answer`].
pub(super) fn fingerprint_of(offer: &str) -> Result<Fingerprint, SdpRefusal> {
    let session = offer::parse(offer)?;
    Ok(offer::Offer::read(&session)?.remote.fingerprint)
}
