//! Owns what an outsider knows of a conference's group: who is in it, and which commits they have heard.

use std::collections::BTreeMap;

use media_core::{ParticipantId, PeerId, signalling::ServerMessage};

use super::{super::super::Verdict, Ledger, require};

/// One conference's group.
#[derive(Debug, Default)]
pub(super) struct Group {
    /// Of the last commit.
    pub(super) sequence: u64,
    /// Each member with the number of the last handshake message that they heard.
    members: BTreeMap<PeerId, u64>,
}

impl Group {
    pub(super) fn on_gone(&mut self, peer: PeerId) {
        self.members.remove(&peer);
    }

    /// When everything is said, nobody is behind.
    pub(super) fn audit(&self) -> Verdict {
        let behind = self.members.iter().find(|(_, heard)| **heard != self.sequence);
        require(behind.is_none(), || format!("{behind:?} is not at {}", self.sequence))
    }

    fn on_found(&mut self, peer: PeerId, sequence: u64) -> Verdict {
        require(self.members.is_empty(), || format!("{peer} founds a group beside {:?}", self.members))?;
        require(sequence == self.sequence, || format!("a group is founded at {sequence}"))?;
        self.members.insert(peer, sequence);
        Ok(())
    }

    fn on_commit(&mut self, peer: PeerId, sequence: u64) -> Verdict {
        let heard = self.members.get_mut(&peer);
        let heard = heard.ok_or_else(|| format!("{peer} hears a commit and is not in the group"))?;
        require(sequence == *heard + 1, || format!("{peer} hears {sequence} after {heard}"))?;
        *heard = sequence;
        self.sequence = sequence;
        Ok(())
    }

    fn on_welcome(&mut self, peer: PeerId, sequence: u64) -> Verdict {
        require(sequence == self.sequence, || format!("{peer} is welcomed at {sequence}"))?;
        let before = self.members.insert(peer, sequence);
        require(before.is_none(), || format!("{peer} is welcomed twice"))
    }

    fn on_key_package(&self, peer: PeerId, whose: Option<PeerId>) -> Verdict {
        require(self.members.contains_key(&peer), || format!("{peer} is to commit and is not in the group"))?;
        let whose = whose.ok_or_else(|| format!("{peer} is to add somebody who is not there"))?;
        require(!self.members.contains_key(&whose), || format!("{whose} is to be added and is in the group"))
    }
}

impl Ledger {
    /// The last commit that somebody's conference knows of.
    pub(in super::super) fn sequence(&self, peer: PeerId) -> u64 {
        let conference = self.inside.get(&peer).map(|presence| presence.conference);
        conference.and_then(|conference| self.groups.get(&conference)).map_or(0, |group| group.sequence)
    }

    /// Somebody's key package was accepted: they are not in the group until they are taken in.
    pub(super) fn on_offered(&mut self, peer: PeerId) {
        if let Some(presence) = self.inside.get(&peer) {
            self.groups.entry(presence.conference).or_default().on_gone(peer);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is not about the group")]
    pub(super) fn on_handshake(&mut self, peer: PeerId, message: &ServerMessage) -> Verdict {
        let presence = self.inside.get(&peer);
        let conference = presence.map(|presence| presence.conference);
        let conference = conference.ok_or_else(|| format!("{peer} is told of a group from outside"))?;
        let whose = |participant: ParticipantId| {
            self.peer_of(participant).filter(|peer| self.inside[peer].conference == conference)
        };
        let offers = match message {
            ServerMessage::KeyPackage { participant, .. } => whose(*participant),
            _ => None,
        };
        let group = self.groups.entry(conference).or_default();
        match message {
            ServerMessage::FoundGroup { sequence } => group.on_found(peer, *sequence),
            ServerMessage::Commit { sequence, .. } => group.on_commit(peer, *sequence),
            ServerMessage::Welcome { sequence, .. } => group.on_welcome(peer, *sequence),
            ServerMessage::KeyPackage { .. } => group.on_key_package(peer, offers),
            _ => Ok(()),
        }
    }
}
