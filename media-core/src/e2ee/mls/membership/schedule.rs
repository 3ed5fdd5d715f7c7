//! Owns when a member commits, gives up following, and asks anew. Times are of the member's own clock.

use std::time::Duration;

use crate::{limits, time::Timestamp};

/// What is due when.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// When to commit, unless somebody else does before.
    commit_at: Option<Timestamp>,
    /// When to ask again to be added.
    pub(super) offer_at: Option<Timestamp>,
    /// Whether fresh keys of this member's own are wanted.
    pub(super) renew: bool,
    /// Since when there is something to commit.
    wanted_since: Option<Timestamp>,
    /// When the present epoch began.
    changed_at: Timestamp,
    /// No commit before.
    not_before: Timestamp,
    /// Since when the group is somewhere else.
    ahead_since: Option<Timestamp>,
}

impl Schedule {
    /// Another epoch has begun.
    pub(super) fn on_epoch(&mut self, now: Timestamp) {
        self.changed_at = now;
        self.ahead_since = None;
        self.offer_at = None;
        self.rest();
    }

    /// The group is in an epoch that this member does not know.
    pub(super) fn on_ahead(&mut self, now: Timestamp) {
        self.ahead_since.get_or_insert(now);
    }

    /// A commit was ordered that this member did not believe. If others did, their frames will say so; until then it must not
    /// commit, or there would be two groups.
    pub(super) fn on_doubt(&mut self, now: Timestamp) {
        self.not_before = now + limits::BEHIND_MAX;
    }

    /// When to commit. Who may be behind does not: it would go on beside the group.
    pub(super) fn commit_at(&self) -> Option<Timestamp> {
        self.commit_at.filter(|_| self.ahead_since.is_none())
    }

    pub(super) fn leave_at(&self) -> Option<Timestamp> {
        self.ahead_since.map(|since| since + limits::BEHIND_MAX)
    }

    /// Whether it is time to ask to be added anew.
    pub(super) fn takes_leave(&self, now: Timestamp) -> bool {
        self.leave_at().is_some_and(|at| at <= now)
    }

    /// A key package was sent.
    pub(super) fn on_offer(&mut self, now: Timestamp) {
        self.ahead_since = None;
        self.rest();
        self.offer_at = Some(now + limits::WELCOME_WITHIN);
    }

    /// A welcome came to nothing.
    pub(super) fn on_turned_down(&mut self, now: Timestamp) {
        self.offer_at = Some(now + limits::OFFER_INTERVAL);
    }

    /// The server refused: a commit, or while `outside` an offer.
    pub(super) fn on_refused(&mut self, now: Timestamp, outside: bool) {
        self.not_before = now + limits::COMMIT_DELAY;
        if outside {
            self.offer_at = Some(now + limits::OFFER_INTERVAL);
        }
    }

    /// Whether it is time to offer again.
    pub(super) fn offers_again(&self, now: Timestamp) -> bool {
        self.offer_at.is_some_and(|at| at <= now)
    }

    /// Whether it is time to commit.
    pub(super) fn commits(&self, now: Timestamp) -> bool {
        self.commit_at().is_some_and(|at| at <= now)
    }

    /// There is nothing to commit.
    pub(super) fn rest(&mut self) {
        self.commit_at = None;
        self.wanted_since = None;
    }

    /// There may be something to commit; `rank` members come before this one. Those who come are gathered, so that many at
    /// once make few epochs; who is to go, goes soon.
    pub(super) fn plan(&mut self, now: Timestamp, adds: bool, removes: bool, rank: usize) {
        if !(adds || removes || self.renew) {
            return self.rest();
        }
        let since = *self.wanted_since.get_or_insert(now);
        let spacing = if removes { limits::COMMIT_DELAY } else { limits::COMMIT_INTERVAL };
        // Fresh keys of one's own nobody else can commit.
        let rank = if self.renew { 0 } else { rank.min(limits::COMMITTERS_MAX) as u32 };
        let turn: Duration = limits::COMMIT_TURN * rank;
        let at = (since + limits::COMMIT_DELAY).max(self.changed_at + spacing) + turn;
        self.commit_at = Some(at.max(self.not_before));
    }
}
