//! Owns one person's presence in a conference: what moderation made of it, and what of it outlives them.

use std::collections::BTreeSet;

use sim::scenario::{HolderId, MediaKind, Permissions};

use super::Connection;

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
    pub(super) holder: Option<HolderId>,
    pub(super) given: Given,
    pub(super) hand: bool,
    pub(super) sends: BTreeSet<MediaKind>,
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
    pub(super) fn new(who: Connection, holder: Option<HolderId>) -> Self {
        Self { who, holder, given: Given::NOTHING, hand: false, sends: BTreeSet::new() }
    }
}
