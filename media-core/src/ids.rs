//! Owns the identifiers that cross module borders. All are plain numbers: none is a secret, none gives access.

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    };
}

id! {
    /// A transport association (one client's connection), given by the caller of the engine. A client that
    /// reconnects has a new one.
    PeerId
}
id! {
    /// A conference. Never reused within one engine.
    ConferenceId
}
id! {
    /// One person's (or AVC room's) stay in a conference. Never reused within one engine: who rejoins has a new one.
    ParticipantId
}
id! {
    /// An account that may hold a licence while it hosts. The credential that proves it stays in the licence pool.
    HolderId
}
id! {
    /// An invitation link's public number, by which it is revoked. The secret part is the token.
    InvitationId
}
id! {
    /// An RTP synchronisation source (RFC 3550 section 3).
    Ssrc
}
