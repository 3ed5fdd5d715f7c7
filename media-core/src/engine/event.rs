//! Owns what an engine tells its caller beside what is to be sent.

use crate::{
    DropReason,
    forwarding::{SubscriptionReport, TrackReport},
    ids::{ConferenceId, ParticipantId, PeerId},
    media::{MediaKind, Permissions},
    signalling::Refusal,
};

/// What has happened. None of them carries a name, a token or media.
#[derive(Clone, Debug)]
pub enum Event {
    /// Emitted when a conference has begun.
    ConferenceStarted(ConferenceId),
    /// Emitted when a conference is over and its licence free.
    ConferenceEnded(ConferenceId),
    /// Emitted when somebody is in.
    Entered {
        /// Where.
        conference: ConferenceId,
        /// As whom.
        participant: ParticipantId,
        /// Through which connection.
        peer: PeerId,
    },
    /// Emitted when somebody is out.
    Left {
        /// Where.
        conference: ConferenceId,
        /// Who.
        participant: ParticipantId,
        /// Their connection.
        peer: PeerId,
    },
    /// Emitted when somebody may send more or less than before, at the moment from which it holds.
    PermissionsChanged {
        /// Who.
        participant: ParticipantId,
        /// What they may send.
        permissions: Permissions,
    },
    /// Emitted when a request is refused.
    Refused {
        /// Whose.
        peer: PeerId,
        /// Why.
        reason: Refusal,
    },
    /// Emitted when something from a peer goes no further.
    Dropped {
        /// From whom.
        peer: PeerId,
        /// Why.
        reason: DropReason,
    },
    /// Emitted when a publisher is asked for a key frame.
    KeyFrameRequested {
        /// Who.
        participant: ParticipantId,
        /// Camera or screen.
        kind: MediaKind,
        /// Which simulcast encoding.
        encoding: u8,
    },
    /// Emitted when a subscriber's view goes over to another simulcast layer.
    LayerSwitched {
        /// Who sees it.
        subscriber: ParticipantId,
        /// Whose picture.
        source: ParticipantId,
        /// Camera or screen.
        kind: MediaKind,
        /// The layer from here on.
        encoding: u8,
    },
    /// Emitted when a track is gone, with its account.
    TrackClosed(Box<TrackReport>),
    /// Emitted when a subscription is gone, with its account.
    SubscriptionClosed(Box<SubscriptionReport>),
}
