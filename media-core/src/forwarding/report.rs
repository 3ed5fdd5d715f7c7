//! Owns the accounts of streams (FWD-007): for each track `received + recovered = admitted + held + dropped`, for each
//! subscription `offered = forwarded + waiting + dropped`. Nothing vanishes without a name.

use crate::{
    DropCounters,
    ids::{ConferenceId, ParticipantId},
    media::MediaKind,
};

/// The account of one published track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackReport {
    /// Where.
    pub conference: ConferenceId,
    /// Who sends it.
    pub source: ParticipantId,
    /// What it is.
    pub kind: MediaKind,
    /// Packets on its SSRCs, retransmissions included.
    pub received: u64,
    /// Frames of a microphone whose own packets were lost, and that came along with later ones.
    pub recovered: u64,
    /// Packets offered to the subscribers.
    pub admitted: u64,
    /// Packets of a microphone that is not forwarded, held back in case it becomes loud.
    pub held: u64,
    /// Packets that went no further, by reason.
    pub dropped: DropCounters,
}

impl TrackReport {
    /// Whether the account balances.
    pub fn balances(&self) -> bool {
        self.received + self.recovered == self.admitted + self.held + self.dropped.total()
    }
}

/// The account of one subscriber's view of one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionReport {
    /// Where.
    pub conference: ConferenceId,
    /// Who sends it.
    pub source: ParticipantId,
    /// Who receives it.
    pub subscriber: ParticipantId,
    /// What it is.
    pub kind: MediaKind,
    /// Packets admitted on the track while the subscription lasted, by the track's own count.
    pub offered: u64,
    /// Packets sent to the subscriber for the first time.
    pub forwarded: u64,
    /// Packets that wait until the subscriber's path has room.
    pub waiting: u64,
    /// Packets sent again after a NACK.
    pub retransmitted: u64,
    /// Offered packets that were not sent, by reason.
    pub dropped: DropCounters,
    /// What the subscriber asked for in vain (packets no longer in the cache, beyond the limit).
    pub refused: DropCounters,
}

impl SubscriptionReport {
    /// Whether the account balances.
    pub fn balances(&self) -> bool {
        self.offered == self.forwarded + self.waiting + self.dropped.total()
    }
}
