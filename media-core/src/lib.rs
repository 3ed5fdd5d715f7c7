//! Owns what a conference server and an encrypting client decide, without clock, entropy, socket or runtime: time
//! and randomness come in, packets and events go out.

mod allowance;
pub mod conference;
pub mod congestion;
pub mod drop_reason;
pub mod e2ee;
pub mod engine;
pub mod forwarding;
pub mod ids;
pub mod limits;
pub mod media;
mod replay_window;
pub mod rtp;
pub mod secret;
pub mod signalling;
pub mod time;
pub mod transport;

pub use allowance::RateLimit;
pub use drop_reason::{DropCounters, DropReason};
pub use ids::{ConferenceId, HolderId, InvitationId, ParticipantId, PeerId, Ssrc};
pub use media::{Codec, MediaKind, Permissions};
pub use time::Timestamp;
