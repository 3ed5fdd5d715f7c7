//! Owns a split of the group by its server: to one half it tells one commit, to the other half another one that was made
//! for the same epoch.

use std::collections::BTreeSet;

use media_core::{
    PeerId,
    signalling::{ClientMessage, Request, ServerMessage},
};

/// A split that is prepared, or done.
pub(crate) struct Fork {
    /// Who gets the other commit.
    pub(crate) half: BTreeSet<PeerId>,
    /// Of the commit that the others get.
    sequence: Option<u64>,
    done: bool,
}

impl Fork {
    pub(crate) const fn new(half: BTreeSet<PeerId>) -> Self {
        Self { half, sequence: None, done: false }
    }

    /// The first commit out of the half goes to the half alone, as if it were the next for everybody.
    pub(super) fn on_request(
        &mut self,
        peer: PeerId,
        message: &ClientMessage,
    ) -> Option<Vec<(PeerId, ServerMessage)>> {
        let Request::Commit { after, commit, .. } = &message.body else { return None };
        if self.done || !self.half.contains(&peer) {
            return None;
        }
        self.done = true;
        let lie = ServerMessage::Commit { sequence: after + 1, commit: commit.clone() };
        Some(self.half.iter().map(|to| (*to, lie.clone())).collect())
    }

    /// Whether a commit is not for somebody: the first one that is told to all but the half.
    pub(super) fn keeps_back(&mut self, to: PeerId, message: &ServerMessage) -> bool {
        let ServerMessage::Commit { sequence, .. } = message else { return false };
        self.half.contains(&to) && *self.sequence.get_or_insert(*sequence) == *sequence
    }
}
