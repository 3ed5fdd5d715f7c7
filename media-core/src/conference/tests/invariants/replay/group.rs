//! Owns what follows for a conference's group from what its members are told: who is in it, in which order, and that nobody
//! misses a commit.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    conference::running::Running,
    ids::{ParticipantId, PeerId},
    limits::COMMITTERS_MAX,
};

/// One conference's group, put together from what its members are told.
#[derive(Debug, Default)]
pub(super) struct Group {
    sequence: u64,
    /// In the order of their coming, with the number of the last message that each has got.
    members: Vec<(PeerId, u64)>,
    /// Who offered and was not taken in yet.
    offers: BTreeMap<ParticipantId, PeerId>,
    /// Which member knows of whose offer.
    told: BTreeSet<(PeerId, ParticipantId)>,
}

impl Group {
    pub(super) fn on_offered(&mut self, participant: ParticipantId, peer: PeerId) {
        self.on_gone(participant, peer);
        self.offers.insert(participant, peer);
    }

    pub(super) fn on_gone(&mut self, participant: ParticipantId, peer: PeerId) {
        self.members.retain(|(member, _)| *member != peer);
        self.told.retain(|(member, offered)| *member != peer && *offered != participant);
        self.offers.remove(&participant);
    }

    pub(super) fn on_found(&mut self, peer: PeerId, sequence: u64) {
        assert!(self.members.is_empty(), "there is a group already");
        assert_eq!(sequence, self.sequence, "numbers go on");
        let first = self.offers.pop_first();
        assert_eq!(first.map(|(_, peer)| peer), Some(peer), "somebody else waited with a lower number");
        self.members.push((peer, sequence));
    }

    pub(super) fn on_key_package(&mut self, peer: PeerId, participant: ParticipantId) {
        let place = self.members.iter().position(|(member, _)| *member == peer);
        assert!(place.is_some_and(|place| place < COMMITTERS_MAX), "is told who is not to commit");
        assert!(self.offers.contains_key(&participant), "is told of who does not wait");
        assert!(self.told.insert((peer, participant)), "is told twice");
    }

    pub(super) fn on_commit(&mut self, peer: PeerId, sequence: u64) {
        let found = self.members.iter_mut().find(|(member, _)| *member == peer);
        let (_, last) = found.expect("only members hear of commits");
        assert_eq!(sequence, *last + 1, "misses a commit, or hears it twice");
        *last = sequence;
        self.sequence = self.sequence.max(sequence);
    }

    pub(super) fn on_welcome(&mut self, participant: ParticipantId, peer: PeerId, sequence: u64) {
        assert_eq!(self.offers.remove(&participant), Some(peer), "is welcomed without having asked for it");
        assert_eq!(sequence, self.sequence, "members hear of it first");
        self.told.retain(|(_, offered)| *offered != participant);
        self.members.push((peer, sequence));
    }

    /// All members are equally far, everybody who is to commit knows of everybody who waits, and nobody waits in vain.
    pub(super) fn assert_matches(&self, running: &Running) {
        let delivery = &running.delivery;
        let peer = |participant: &ParticipantId| running.roster.get(*participant).expect("is present").peer;
        let members: Vec<_> = delivery.group.iter().map(|member| (peer(member), self.sequence)).collect();
        assert_eq!((&self.members, self.sequence), (&members, delivery.sequence));
        assert!(self.offers.keys().eq(delivery.offers.keys()));
        assert!(self.offers.is_empty() || !self.members.is_empty(), "nobody takes in who waits");
        for (member, _) in self.members.iter().take(COMMITTERS_MAX) {
            for offered in self.offers.keys() {
                assert!(self.told.contains(&(*member, *offered)), "{member:?} does not know of {offered:?}");
            }
        }
    }
}
