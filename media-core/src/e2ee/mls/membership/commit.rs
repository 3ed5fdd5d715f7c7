//! Owns what one member's next commit does: whom it adds and removes, as the roster and the offers stand, and how much of
//! that at once. When it is made is [`Schedule`](super::schedule::Schedule)'s affair.

use std::collections::BTreeSet;

use super::{
    super::group::{GroupMember, Offer, OwnCommit},
    Membership, MembershipOutput, Pending,
};
use crate::{ids::ParticipantId, limits, signalling::Handshake, time::Timestamp};

impl Membership {
    /// Whom to add and whom to remove, as things stand.
    fn wants(&self) -> (Vec<&Offer>, Vec<u32>) {
        let gone = |member: &&GroupMember| {
            member.participant != self.config.participant
                && (!self.roster.contains_key(&member.participant)
                    || self.offers.contains_key(&member.participant))
        };
        let removes = self.members.iter().filter(gone).map(|member| member.leaf).collect();
        (self.offers.values().collect(), removes)
    }

    /// Something is different: there may be something to commit, or nothing any more.
    pub(super) fn reconsider(&mut self, now: Timestamp) {
        if !self.is_inside() {
            return self.schedule.rest();
        }
        let (adds, removes) = self.wants();
        let (adds, removes) = (!adds.is_empty(), !removes.is_empty());
        // Those who are about to be removed do not commit.
        let ahead = self.members.iter().filter(|member| {
            member.participant < self.config.participant
                && self.roster.contains_key(&member.participant)
                && !self.offers.contains_key(&member.participant)
        });
        let rank = ahead.count();
        self.schedule.plan(now, adds, removes, rank);
    }

    /// Makes a commit of what is wanted, as far as one may hold it.
    pub(super) fn commit(&mut self, now: Timestamp) {
        let (adds, removes) = self.wants();
        let returning = |leaf: &u32| {
            let member = self.members.iter().find(|member| member.leaf == *leaf);
            member.is_some_and(|member| self.offers.contains_key(&member.participant))
        };
        // Who is to be added anew has to go in the same commit; what does not fit waits for the next.
        let (mut out, others): (Vec<u32>, Vec<u32>) = removes.iter().copied().partition(returning);
        out.truncate(limits::REMOVALS_PER_COMMIT_MAX);
        out.extend(others);
        out.truncate(limits::REMOVALS_PER_COMMIT_MAX);
        out.sort_unstable();
        let (goes, stays): (Vec<_>, Vec<_>) =
            self.members.iter().partition(|member| out.contains(&member.leaf));
        let goes: BTreeSet<_> = goes.into_iter().map(|member| member.participant).collect();
        let stays: BTreeSet<_> = stays.into_iter().map(|member| member.participant).collect();
        let mut adds: Vec<&Offer> =
            adds.into_iter().filter(|offer| !stays.contains(&offer.identity.participant)).collect();
        adds.sort_by_key(|offer| !goes.contains(&offer.identity.participant));
        adds.truncate(limits::ADDS_PER_COMMIT_MAX);
        adds.sort_by_key(|offer| offer.identity.participant);
        let adds: Vec<Offer> = adds.into_iter().cloned().collect();
        let renew = self.schedule.renew;
        let Some(OwnCommit { commit, welcome }) = self.group.commit(&adds, &out, renew, &mut self.rng) else {
            return self.schedule.rest();
        };
        let added: Vec<ParticipantId> = adds.iter().map(|offer| offer.identity.participant).collect();
        let commit = Handshake::new(&commit);
        self.out.push_back(MembershipOutput::Commit {
            after: self.sequence,
            commit: commit.clone(),
            welcome: welcome.map(|welcome| Handshake::new(&welcome)),
            adds: added.clone(),
        });
        let answer_by = now + limits::COMMIT_ANSWER_WITHIN;
        self.pending = Some(Pending { commit, added, renews: renew, answer_by });
    }
}
