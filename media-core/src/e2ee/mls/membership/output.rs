//! Owns what a membership has to say.

use super::super::group::Rejection;
use crate::{ids::ParticipantId, signalling::Handshake};

/// What has to be sent, or is to be known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MembershipOutput {
    /// To be sent as [`Request::OfferKeyPackage`](crate::signalling::Request::OfferKeyPackage).
    Offer(Handshake),
    /// To be sent as [`Request::Commit`](crate::signalling::Request::Commit).
    Commit {
        /// The last handshake message that is known.
        after: u64,
        /// For the members.
        commit: Handshake,
        /// For those who are added.
        welcome: Option<Handshake>,
        /// Who they are, by rising number.
        adds: Vec<ParticipantId>,
    },
    /// The group is in another epoch, and [`Membership::sealer`](super::Membership::sealer) seals for it.
    Epoch(EpochChange),
    /// Somebody whom the server presented was not believed, or a message came to nothing.
    Rejected(Option<ParticipantId>, Rejection),
    /// This stay cannot follow the group any more, and asks to be added anew.
    LeftBehind,
}

/// What is different in an epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochChange {
    /// Its number in the group.
    pub epoch: u64,
    /// Whether this stay comes into the group with it.
    pub first: bool,
    /// Who else came in: they need key frames, having seen none.
    pub added: Vec<ParticipantId>,
    /// Who is out.
    pub removed: Vec<ParticipantId>,
}
