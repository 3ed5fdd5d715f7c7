//! Owns a hostile host that goes on sending everything to people who are out of the conference: media as it comes in, and
//! the commits of the group (E2E-006).

use std::collections::BTreeMap;

use bytes::Bytes;
use media_core::{
    ConferenceId, PeerId,
    engine::{Outgoing, Transmit},
    signalling::{Request, ServerMessage},
};

use super::Saboteur;
use crate::sabotage::Sabotage;

/// Who is out, and what they have been given.
#[derive(Default)]
pub(super) struct Outsiders {
    peers: BTreeMap<PeerId, ConferenceId>,
    /// The last commit that went to all of them.
    sequence: u64,
}

impl Saboteur {
    fn feeds_outsiders(&self) -> bool {
        self.is(Sabotage::FeedTheRemoved) || self.is(Sabotage::RemovedListenOn)
    }

    /// Somebody asks for something: whether they leave by it.
    pub(super) fn note_leaving(&mut self, peer: PeerId, body: &Request) {
        if matches!(body, Request::Leave) {
            self.note_outsider(peer);
            self.inside.remove(&peer);
        }
    }

    /// Somebody is out. To be called before it is forgotten where they were.
    pub(super) fn note_outsider(&mut self, peer: PeerId) {
        let conference = self.inside.get(&peer).filter(|_| self.feeds_outsiders());
        self.outsiders.peers.extend(conference.map(|conference| (peer, *conference)));
    }

    /// A message to somebody who is in: those who are out get the commits, too.
    pub(super) fn feed_commit(&mut self, peer: PeerId, message: &ServerMessage) {
        let ServerMessage::Commit { sequence, .. } = message else { return };
        let Some(conference) = self.inside.get(&peer) else { return };
        if !self.feeds_outsiders() || *sequence <= self.outsiders.sequence {
            return;
        }
        self.outsiders.sequence = *sequence;
        for (outsider, _) in self.outsiders.peers.iter().filter(|(_, other)| *other == conference) {
            let packet = Outgoing::Signal(message.encode().into());
            self.forged.push(Transmit { peer: *outsider, packet });
        }
    }

    /// Media from somebody who is in: those who are out get it as it is.
    pub(super) fn feed_media(&mut self, peer: PeerId, bytes: &Bytes) {
        if !self.feeds_outsiders() || self.outsiders.peers.contains_key(&peer) {
            return;
        }
        let Some(conference) = self.inside.get(&peer) else { return };
        for (outsider, _) in self.outsiders.peers.iter().filter(|(_, other)| *other == conference) {
            // The bytes go out as they are.
            let packet = Outgoing::Rtcp(bytes.clone());
            self.forged.push(Transmit { peer: *outsider, packet });
        }
    }
}
