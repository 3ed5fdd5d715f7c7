//! Owns what the model knows of one stay: what it was shown, what it offered, in which epoch it is.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{ParticipantId, Timestamp, signalling::Handshake};

use super::{Keys, tree::Person};

/// One stay of somebody.
pub(crate) struct Stay {
    pub(crate) person: Person,
    pub(super) link: [u8; 32],
    pub(super) roster: BTreeMap<ParticipantId, String>,
    /// Who wants in, with what they offered.
    pub(super) heard: BTreeMap<ParticipantId, Handshake>,
    pub(super) offered: Option<Handshake>,
    pub(super) sequence: u64,
    pub(super) pending: Option<Handshake>,
    /// When the pending commit was made.
    pub(super) asked_at: Timestamp,
    /// Own commits that others came before; their refusals are of no interest.
    pub(super) overtaken: u32,
    pub(crate) inside: Option<usize>,
    /// Commits that were read in this epoch: the keys that a message is read with are gone after that (RFC 9420 section 9.2).
    pub(super) read: BTreeSet<Handshake>,
    /// Frames that were sealed in this epoch, and how many may be before it wears out.
    pub(super) sealed: u64,
    pub(super) renew_after_frames: u64,
    /// Whether it wants fresh keys.
    pub(super) renews: bool,
    /// Since when it has a reason to think that the group went on without it.
    pub(super) behind_since: Option<Timestamp>,
    pub(super) keys: Keys,
}

impl Stay {
    pub(crate) fn new(person: Person, link: [u8; 32], roster: &[Person], renew_after_frames: u64) -> Self {
        Self {
            person,
            link,
            roster: roster.iter().cloned().collect(),
            heard: BTreeMap::new(),
            offered: None,
            sequence: 0,
            pending: None,
            asked_at: Timestamp::ZERO,
            overtaken: 0,
            inside: None,
            read: BTreeSet::new(),
            sealed: 0,
            renew_after_frames,
            renews: false,
            behind_since: None,
            keys: Keys::default(),
        }
    }

    pub(super) fn shows(&self, (participant, name): &Person) -> bool {
        self.roster.get(participant) == Some(name)
    }

    pub(super) fn on_behind(&mut self, now: Timestamp) {
        self.behind_since.get_or_insert(now);
    }

    pub(super) fn leave(&mut self, now: Timestamp) {
        self.inside = None;
        self.pending = None;
        self.overtaken = 0;
        self.behind_since = None;
        self.heard.clear();
        self.keys.end(now);
    }
}
