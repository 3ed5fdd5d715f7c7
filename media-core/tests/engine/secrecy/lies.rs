//! Owns what a hostile server does with what passes through its hands. It knows what a server knows: who is who, all that
//! was ever said, all frames as they came.

mod damage;
mod fork;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use media_core::{
    ParticipantId, PeerId,
    signalling::{ClientMessage, Handshake, ServerMessage},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::{census::Census, hall::Frame};
pub(crate) use fork::Fork;

/// Frames that a hostile server keeps at hand.
const RECORDED_MAX: usize = 400;

/// What the server does at present, beside its duty.
pub(crate) struct Lies {
    rng: ChaCha20Rng,
    /// One frame in so many is accompanied by a forged one; none if zero.
    pub(crate) damage_one_in: u32,
    /// Whether who has left gets frames and commits all the same.
    pub(crate) eavesdroppers: bool,
    /// Whom commits do not reach.
    pub(crate) withheld: BTreeSet<PeerId>,
    /// Whom key packages do not reach.
    pub(crate) deaf: BTreeSet<PeerId>,
    /// Whether each commit comes twice.
    pub(crate) twice: bool,
    /// Whether the next two who offer key packages have them swapped, for each of those who get them.
    pub(crate) swap: bool,
    swapped: BTreeMap<PeerId, (ParticipantId, Handshake)>,
    /// Who is not shown, and to whom.
    pub(crate) hidden: BTreeMap<String, BTreeSet<PeerId>>,
    pub(crate) fork: Option<Fork>,
    /// All commits, welcomes and key packages so far.
    pub(crate) overheard: Vec<ServerMessage>,
    passed_on: usize,
    frames: Vec<(ParticipantId, Rc<Frame>)>,
}

impl Default for Lies {
    fn default() -> Self {
        Self {
            rng: ChaCha20Rng::seed_from_u64(0x11E5),
            damage_one_in: 0,
            eavesdroppers: false,
            withheld: BTreeSet::new(),
            deaf: BTreeSet::new(),
            twice: false,
            swap: false,
            swapped: BTreeMap::new(),
            hidden: BTreeMap::new(),
            fork: None,
            overheard: Vec::new(),
            passed_on: 0,
            frames: Vec::new(),
        }
    }
}

impl Lies {
    /// From here on the server does its duty, and nothing else. Who is hidden stays so: the roster is told once.
    pub(crate) fn end(&mut self) {
        let hidden = std::mem::take(&mut self.hidden);
        *self = Self { hidden, ..Self::default() };
    }

    /// What is told instead of doing what was asked for.
    pub(crate) fn on_request(
        &mut self,
        peer: PeerId,
        message: &ClientMessage,
    ) -> Option<Vec<(PeerId, ServerMessage)>> {
        self.fork.as_mut()?.on_request(peer, message)
    }

    /// What reaches somebody instead of a message.
    pub(crate) fn on_message(
        &mut self,
        to: PeerId,
        mut message: ServerMessage,
        census: &mut Census,
    ) -> Vec<ServerMessage> {
        match &mut message {
            ServerMessage::Commit { .. } => {
                if self.overheard.last() != Some(&message) {
                    self.overheard.push(message.clone());
                }
                if self.withheld.contains(&to) {
                    census.count("withheld commit");
                    return Vec::new();
                }
                if self.fork.as_mut().is_some_and(|fork| fork.keeps_back(to, &message)) {
                    census.count("commit kept from one half");
                    return Vec::new();
                }
                if self.twice {
                    census.count("commit told twice");
                    return vec![message.clone(), message];
                }
            }
            ServerMessage::KeyPackage { participant, key_package } => {
                let (participant, key_package) = (*participant, key_package.clone());
                self.overheard.push(message.clone());
                if self.deaf.contains(&to) {
                    return Vec::new();
                }
                if self.swap {
                    return self.swap(to, participant, key_package, census);
                }
            }
            ServerMessage::Welcome { .. } => self.overheard.push(message.clone()),
            ServerMessage::Entered { participant: own, roster, .. } => {
                let own = *own;
                roster.retain(|member| member.participant == own || !self.is_hidden(&member.name, to));
            }
            ServerMessage::Member { member } if self.is_hidden(&member.name, to) => {
                census.count("somebody hidden");
                return Vec::new();
            }
            _ => {}
        }
        vec![message]
    }

    fn is_hidden(&self, name: &str, from: PeerId) -> bool {
        self.hidden.get(name).is_some_and(|victims| victims.contains(&from))
    }

    fn swap(
        &mut self,
        to: PeerId,
        participant: ParticipantId,
        key_package: Handshake,
        census: &mut Census,
    ) -> Vec<ServerMessage> {
        match self.swapped.remove(&to) {
            Some((other, others)) if other != participant => {
                census.count("swapped key packages");
                vec![
                    ServerMessage::KeyPackage { participant: other, key_package },
                    ServerMessage::KeyPackage { participant, key_package: others },
                ]
            }
            _ => {
                self.swapped.insert(to, (participant, key_package));
                Vec::new()
            }
        }
    }

    /// Commits that were ordered since this was asked last.
    pub(crate) fn fresh_commits(&mut self) -> Vec<ServerMessage> {
        let fresh = self.overheard[self.passed_on..].iter();
        let commits = fresh.filter(|message| matches!(message, ServerMessage::Commit { .. })).cloned();
        let commits = commits.collect();
        self.passed_on = self.overheard.len();
        commits
    }

    /// What accompanies a frame on its way, and in whose track.
    pub(crate) fn on_frame(
        &mut self,
        to: PeerId,
        track: ParticipantId,
        frame: &Rc<Frame>,
        census: &mut Census,
    ) -> Vec<(ParticipantId, Rc<Frame>)> {
        if self.damage_one_in == 0 {
            return Vec::new();
        }
        if self.frames.len() < RECORDED_MAX {
            self.frames.push((track, Rc::clone(frame)));
        } else {
            let at = self.rng.next_u32() as usize % RECORDED_MAX;
            self.frames[at] = (track, Rc::clone(frame));
        }
        if !self.rng.next_u32().is_multiple_of(self.damage_one_in) {
            return Vec::new();
        }
        let other = self.frames[self.rng.next_u32() as usize % self.frames.len()].clone();
        damage::forge(&mut self.rng, (track, frame), &other, to, census)
    }
}
