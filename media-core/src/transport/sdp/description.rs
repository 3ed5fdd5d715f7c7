//! Owns what both ends say of themselves apart from media: ICE credentials, certificate and addresses.

use core::net::SocketAddr;
use std::fmt;

use super::{fingerprint::Fingerprint, refusal::SdpRefusal};
use crate::limits::ICE_CREDENTIAL_BYTES_MAX;

/// What ICE's connectivity checks are signed with (RFC 8839 section 5.4).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// The user name fragment: 4 to 256 letters, digits, `+` and `/`. No secret.
    pub ufrag: String,
    /// The password: 22 to 256 of the same. A secret.
    pub pwd: String,
}

impl IceCredentials {
    /// Of what stands in a description.
    pub(super) fn read(ufrag: &str, pwd: &str) -> Result<Self, SdpRefusal> {
        let fits = |text: &str, least: usize| {
            (least..=ICE_CREDENTIAL_BYTES_MAX).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
        };
        if !fits(ufrag, 4) || !fits(pwd, 22) {
            return Err(SdpRefusal::NoIce);
        }
        Ok(Self { ufrag: ufrag.to_owned(), pwd: pwd.to_owned() })
    }
}

impl fmt::Debug for IceCredentials {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IceCredentials({}, ..)", self.ufrag)
    }
}

/// What the media node says of itself to one peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalDescription {
    /// For the peer's connectivity checks.
    pub ice: IceCredentials,
    /// Of the certificate that it shows in the handshake.
    pub fingerprint: Fingerprint,
    /// Where it is reached, the best first.
    pub candidates: Vec<SocketAddr>,
    /// The number of the session (RFC 8866 section 5.2), below 2^63.
    pub session: u64,
}

/// What a peer says of itself. It begins the DTLS handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteDescription {
    /// For connectivity checks towards it.
    pub ice: IceCredentials,
    /// Of the certificate that it has to show in the handshake.
    pub fingerprint: Fingerprint,
}
