//! Owns one person's presence in a conference: what moderation made of it, and what of it outlives them.

use std::collections::BTreeSet;

use sim::scenario::{HolderId, MediaKind, Permissions};

use super::{Connection, EntryNumber, StayNumber, entry::Claim, group::ArrivalNumber};

/// Where somebody stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Not here.
    Outside,
    /// In the lobby: nothing to send, nothing to receive (JOIN-007).
    Waiting,
    /// In.
    In,
}

/// Somebody who is in.
#[derive(Clone, Debug)]
pub(super) struct Attendee {
    pub(super) who: Connection,
    pub(super) arrival: ArrivalNumber,
    pub(super) holder: Option<HolderId>,
    pub(super) stay: StayNumber,
    pub(super) entry: Option<(EntryNumber, u32)>,
    pub(super) given: Given,
    pub(super) hand: bool,
    pub(super) sends: BTreeSet<MediaKind>,
}

/// Somebody who was in and may come back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Absentee {
    pub(super) holder: Option<HolderId>,
    /// Valid until they leave by themselves or are put out.
    pub(super) stay: Option<StayNumber>,
    pub(super) given: Given,
}

/// How somebody goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// By their own or a moderator's wish.
    Meant,
    /// The connection broke, or the media node did.
    Vanished,
}

/// What moderation gave and took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Given {
    /// At most this, in any mode.
    pub(super) cap: Permissions,
    /// The word in presenter mode (PRES-005).
    pub(super) grant: Permissions,
}

impl Given {
    pub(super) const NOTHING: Self = Self { cap: Permissions::ALL, grant: Permissions::NONE };
}

impl Attendee {
    pub(super) fn new((who, arrival): (Connection, ArrivalNumber), claim: Claim, stay: StayNumber) -> Self {
        let Claim { holder, entry, .. } = claim;
        Self { who, arrival, holder, stay, entry, given: Given::NOTHING, hand: false, sends: BTreeSet::new() }
    }
}
