//! Owns what either end remembers of one stream: the largest index so far, and which of those before it were used.

use super::packet_index::guess;
use crate::{DropReason, replay_window::ReplayWindow};

/// One SSRC's indices.
pub(super) struct Stream {
    newest: Option<u64>,
    used: ReplayWindow,
}

impl Stream {
    pub(super) const fn new() -> Self {
        Self { newest: None, used: ReplayWindow::new() }
    }

    /// One that has come to `newest`, which itself was not used.
    #[cfg(test)]
    pub(super) const fn at(newest: u64) -> Self {
        Self { newest: Some(newest), used: ReplayWindow::new() }
    }

    /// The index that a packet with this number most probably has, if there can be one.
    pub(super) fn guess(&self, sequence: u16) -> Option<u64> {
        guess(self.newest, sequence)
    }

    /// Whether a packet with this number would be older than the newest.
    pub(super) fn is_behind(&self, sequence: u16) -> bool {
        self.newest.is_some_and(|newest| (sequence.wrapping_sub(newest as u16) as i16) < 0)
    }

    /// Whether an index may be used. Changes nothing.
    pub(super) fn check(&self, index: u64) -> Result<(), DropReason> {
        self.used.check(index)
    }

    /// An index is used, by a packet that is authentic or that this end made.
    pub(super) fn on_used(&mut self, index: u64) {
        self.used.on_authentic(index);
        self.newest = self.newest.max(Some(index));
    }
}
