//! Owns a hostile host that does not hand on the group's commits as they were ordered: it withholds one from one member,
//! gives one twice, gives an old one again, and forks the group by giving its two halves different commits under one number.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{
    ParticipantId, PeerId, Timestamp,
    signalling::{ClientMessage, Handshake, Refusal, Request, ServerMessage},
};

use super::{Saboteur, ghosts::ATTACK_AT};
use crate::sabotage::Sabotage;

/// What the host remembers of commits.
#[derive(Default)]
pub(super) struct Handshakes {
    /// The commits that are on their way to the engine, with whose they are.
    committers: BTreeMap<Vec<u8>, PeerId>,
    /// What each member was given last.
    last: BTreeMap<PeerId, (u64, Handshake)>,
    /// Whom one was withheld from.
    victim: Option<PeerId>,
    /// Who was given one twice, or an old one.
    repeated: BTreeSet<PeerId>,
    fork: Option<Fork>,
}

/// The half of a group for which the host orders commits by itself.
struct Fork {
    peers: BTreeSet<PeerId>,
    /// Of the last commit.
    sequence: u64,
    /// The commits that the host has ordered by itself.
    ordered: BTreeSet<Vec<u8>>,
}

impl Saboteur {
    fn is_forking(&self) -> bool {
        self.is(Sabotage::ForkedGroup) || self.is(Sabotage::StaleCodes)
    }

    /// A client brings a commit. Those of the half that the host has forked off the engine never sees.
    pub(super) fn takes_commit(&mut self, peer: PeerId, message: &ClientMessage) -> bool {
        let Request::Commit { after, commit, welcome, adds } = &message.body else { return false };
        let Some(fork) = self.handshakes.fork.as_mut().filter(|fork| fork.peers.contains(&peer)) else {
            self.handshakes.committers.insert(commit.as_bytes().to_vec(), peer);
            return false;
        };
        if *after != fork.sequence {
            let reason = Refusal::StaleCommit;
            self.say(peer, &ServerMessage::Refused { request: message.request, reason });
            return true;
        }
        fork.sequence += 1;
        fork.ordered.insert(commit.as_bytes().to_vec());
        let (sequence, peers) = (fork.sequence, fork.peers.clone());
        self.say(peer, &ServerMessage::Done { request: message.request });
        for member in peers {
            self.say(member, &ServerMessage::Commit { sequence, commit: commit.clone() });
        }
        if let Some(welcome) = welcome {
            let added: Vec<PeerId> = adds.iter().filter_map(|added| self.peer_of(*added)).collect();
            for added in added {
                self.say(added, &ServerMessage::Welcome { sequence, welcome: welcome.clone() });
            }
        }
        true
    }

    fn peer_of(&self, participant: ParticipantId) -> Option<PeerId> {
        self.signals.peer(participant)
    }

    /// Whether a commit of the engine does not reach a member; and what reaches them beside it.
    pub(super) fn withholds_commit(&mut self, now: Timestamp, peer: PeerId, message: &ServerMessage) -> bool {
        let ServerMessage::Commit { sequence, commit } = message else { return false };
        let before = self.handshakes.last.insert(peer, (*sequence, commit.clone()));
        if now < ATTACK_AT {
            return false;
        }
        let own = self.handshakes.committers.get(commit.as_bytes()) == Some(&peer);
        if self.is(Sabotage::WithheldCommit) || self.is(Sabotage::LostForGood) {
            let withheld = !own && self.handshakes.victim.is_none();
            if withheld {
                self.handshakes.victim = Some(peer);
            }
            return withheld;
        }
        if self.is_forking() {
            let committer = self.handshakes.committers.get(commit.as_bytes()).copied();
            self.fork(committer, *sequence);
            let forked =
                |fork: &Fork| fork.peers.contains(&peer) && !fork.ordered.contains(commit.as_bytes());
            return self.handshakes.fork.as_ref().is_some_and(forked);
        }
        let again =
            if self.is(Sabotage::RepeatedCommit) { Some((*sequence, commit.clone())) } else { before };
        let repeats = self.is(Sabotage::RepeatedCommit) || self.is(Sabotage::OldCommit);
        if let Some((sequence, commit)) = again.filter(|_| repeats && self.handshakes.repeated.insert(peer)) {
            self.say(peer, &ServerMessage::Commit { sequence, commit });
        }
        false
    }

    /// Whether somebody is in the half that has no epoch of its own yet: a frame of the others' would tell them that there is
    /// one, and they would ask to be let into it.
    pub(super) fn keeps_in_the_dark(&self, peer: PeerId) -> bool {
        let waits = |fork: &Fork| fork.peers.contains(&peer) && fork.ordered.is_empty();
        self.handshakes.fork.as_ref().is_some_and(waits)
    }

    /// From this commit on every other member is in another group.
    fn fork(&mut self, committer: Option<PeerId>, sequence: u64) {
        if self.handshakes.fork.is_some() {
            return;
        }
        // The next in turn to commit is among them, or they would notice the others' epoch before they have one of their own.
        let others = self.inside.keys().copied().filter(|peer| Some(*peer) != committer);
        let peers = others.step_by(2).collect();
        self.handshakes.fork = Some(Fork { peers, sequence: sequence - 1, ordered: BTreeSet::new() });
    }
}
