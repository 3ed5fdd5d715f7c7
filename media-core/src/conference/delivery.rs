//! Owns the order of a conference's MLS messages: it is the delivery service of RFC 9420 section 14, as a server that learns
//! no secret can be one. Who is in the group it takes from what members say; the members know better, and go by that.
//!
//! - Of commits to the same epoch the first one counts; the others are refused, and their committers try again.
//! - When nobody who is present is in the group, the one who waits with the lowest number makes a new one.
//! - Those members who were in first get the key packages of who wants in, as many as
//!   [`limits::COMMITTERS_MAX`](crate::limits::COMMITTERS_MAX): should the first not commit, the next one does.

use std::collections::{BTreeMap, BTreeSet};

use super::{Directory, Place, effect::Effects, running::Running};
use crate::{
    ids::ParticipantId,
    limits::{COMMITTERS_MAX, KEY_PACKAGE_BYTES_MAX},
    signalling::{Handshake, Refusal, ServerMessage},
};

/// What a commit brings, beside its place in the order.
pub(super) struct Committed {
    pub(super) commit: Handshake,
    pub(super) welcome: Option<Handshake>,
    pub(super) adds: Vec<ParticipantId>,
}

/// The handshake messages of one conference.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    /// Of the last commit.
    pub(super) sequence: u64,
    /// Present members, in the order in which they came in.
    pub(super) group: Vec<ParticipantId>,
    /// Who waits for a place, with what they offered. Only who is present offers, one thing each, so that there are no more
    /// than participants.
    pub(super) offers: BTreeMap<ParticipantId, Handshake>,
}

impl Delivery {
    /// Those who get key packages.
    fn committers(&self) -> &[ParticipantId] {
        &self.group[..self.group.len().min(COMMITTERS_MAX)]
    }

    fn check(&self, by: ParticipantId, after: u64, committed: &Committed) -> Result<(), Refusal> {
        let Committed { welcome, adds, .. } = committed;
        if !self.group.contains(&by) {
            return Err(Refusal::NotInGroup);
        }
        if after != self.sequence {
            return Err(Refusal::StaleCommit);
        }
        let each: BTreeSet<_> = adds.iter().collect();
        // Members follow no commit that adds somebody whom they are not shown: who has left meanwhile would split them.
        let waits = adds.iter().all(|added| self.offers.contains_key(added));
        if !waits || each.len() != adds.len() || welcome.is_some() == adds.is_empty() {
            return Err(Refusal::BadCommit);
        }
        Ok(())
    }
}

impl Directory {
    /// Somebody wants to be in the group.
    pub(super) fn on_key_package(
        &mut self,
        place: Place,
        request: u32,
        key_package: Handshake,
    ) -> Result<(), Refusal> {
        let Place { conference, participant, peer, .. } = place;
        let running = self.conferences.get_mut(&conference).ok_or(Refusal::NotIn)?;
        if key_package.as_bytes().len() > KEY_PACKAGE_BYTES_MAX {
            return Err(Refusal::BadKeyPackage);
        }
        self.effects.send(peer, ServerMessage::Done { request });
        running.take_from_group(participant, &mut self.effects);
        running.delivery.offers.insert(participant, key_package.clone());
        if running.delivery.group.is_empty() {
            running.found_group(&mut self.effects);
            return Ok(());
        }
        let message = ServerMessage::KeyPackage { participant, key_package };
        for member in running.delivery.committers() {
            running.send_to(*member, message.clone(), &mut self.effects);
        }
        Ok(())
    }

    /// A member brings the group into its next epoch.
    pub(super) fn on_commit(
        &mut self,
        place: Place,
        request: u32,
        after: u64,
        committed: Committed,
    ) -> Result<(), Refusal> {
        let Place { conference, participant: by, peer, .. } = place;
        let running = self.conferences.get_mut(&conference).ok_or(Refusal::NotIn)?;
        running.delivery.check(by, after, &committed)?;
        self.effects.send(peer, ServerMessage::Done { request });
        let Committed { commit, welcome, adds } = committed;
        running.delivery.sequence += 1;
        let sequence = running.delivery.sequence;
        for member in &running.delivery.group {
            running.send_to(
                *member,
                ServerMessage::Commit { sequence, commit: commit.clone() },
                &mut self.effects,
            );
        }
        let before = running.delivery.committers().len();
        for added in adds {
            running.delivery.offers.remove(&added);
            if let Some(welcome) = &welcome {
                let welcome = ServerMessage::Welcome { sequence, welcome: welcome.clone() };
                running.send_to(added, welcome, &mut self.effects);
            }
            running.delivery.group.push(added);
        }
        running.show_offers(before, &mut self.effects);
        Ok(())
    }
}

impl Running {
    /// Somebody is gone, from the conference or from its group: others commit in their place, or make a new group.
    pub(super) fn on_gone(&mut self, participant: ParticipantId, effects: &mut Effects) {
        self.delivery.offers.remove(&participant);
        self.take_from_group(participant, effects);
        self.found_group(effects);
    }

    fn take_from_group(&mut self, participant: ParticipantId, effects: &mut Effects) {
        let Some(at) = self.delivery.group.iter().position(|member| *member == participant) else { return };
        let before = self.delivery.committers().len();
        self.delivery.group.remove(at);
        self.show_offers(if at < before { before - 1 } else { before }, effects);
    }

    /// Who commits from now on, beside the first so many, learns who waits.
    fn show_offers(&self, before: usize, effects: &mut Effects) {
        for member in &self.delivery.committers()[before..] {
            for (participant, key_package) in &self.delivery.offers {
                let (participant, key_package) = (*participant, key_package.clone());
                self.send_to(*member, ServerMessage::KeyPackage { participant, key_package }, effects);
            }
        }
    }

    fn found_group(&mut self, effects: &mut Effects) {
        if !self.delivery.group.is_empty() {
            return;
        }
        let Some((founder, _)) = self.delivery.offers.pop_first() else { return };
        self.delivery.group.push(founder);
        self.send_to(founder, ServerMessage::FoundGroup { sequence: self.delivery.sequence }, effects);
        self.show_offers(0, effects);
    }

    fn send_to(&self, participant: ParticipantId, message: ServerMessage, effects: &mut Effects) {
        if let Some(attendee) = self.roster.get(participant) {
            effects.send(attendee.peer, message);
        }
    }
}
