//! Owns what a misbehaving host does when connections end, when presenters change, and with messages to publishers.

use std::{collections::BTreeMap, time::Duration};

use media_core::{
    ParticipantId, PeerId, Timestamp,
    signalling::{ClientMessage, Request, ServerMessage},
};

use super::Saboteur;
use crate::sabotage::Sabotage;

/// How long [`Sabotage::SilentSuccessor`] and [`Sabotage::LateDemand`] last.
const TOO_LONG: Duration = Duration::from_millis(1_500);

/// What is remembered of signalling.
#[derive(Default)]
pub(super) struct Signals {
    peers: BTreeMap<ParticipantId, PeerId>,
    /// Who was named presenter last, and until when nothing of theirs gets through.
    successor: Option<(PeerId, Timestamp)>,
    /// Messages that leave late, in order.
    late: Vec<(Timestamp, PeerId, Vec<u8>)>,
}

impl Signals {
    pub(super) fn on_entered(&mut self, participant: ParticipantId, peer: PeerId) {
        self.peers.insert(participant, peer);
    }

    /// The connection of somebody who has come in.
    pub(super) fn peer(&self, participant: ParticipantId) -> Option<PeerId> {
        self.peers.get(&participant).copied()
    }

    pub(super) fn on_request(&mut self, now: Timestamp, body: &Request) {
        if let Request::NamePresenter { participant } = body
            && let Some(peer) = self.peers.get(participant)
        {
            self.successor = Some((*peer, now + TOO_LONG));
        }
    }

    pub(super) fn poll_timeout(&self) -> Timestamp {
        self.late.first().map_or(Timestamp::FAR_FUTURE, |(at, ..)| *at)
    }
}

impl Saboteur {
    /// A connection is gone: what the host asks for in the name of who had it.
    pub(crate) fn on_closed(&mut self, peer: PeerId) -> Option<Vec<u8>> {
        let is_host = self.hosts.values().any(|host| *host == peer);
        let end = ClientMessage { request: u32::MAX, body: Request::End };
        (self.is(Sabotage::HostTakesAll) && is_host).then(|| end.encode())
    }

    /// Whether a packet of a peer is kept from the engine.
    pub(crate) fn silences(&self, now: Timestamp, peer: PeerId) -> bool {
        let is_successor = |(who, until): (PeerId, Timestamp)| who == peer && now < until;
        self.is(Sabotage::SilentSuccessor) && self.signals.successor.is_some_and(is_successor)
    }

    /// Keeps a message back, or hands it back to be sent.
    pub(crate) fn delay(&mut self, now: Timestamp, peer: PeerId, message: Vec<u8>) -> Option<Vec<u8>> {
        let wanted = |message: &[u8]| {
            let decoded = ServerMessage::decode(message);
            matches!(decoded, Ok(ServerMessage::Demand { encodings: 1.., .. }))
        };
        if self.is(Sabotage::LateDemand) && wanted(&message) {
            self.signals.late.push((now + TOO_LONG, peer, message));
            return None;
        }
        Some(message)
    }

    /// Messages that were kept back long enough.
    pub(crate) fn poll_late(&mut self, now: Timestamp) -> Vec<(PeerId, Vec<u8>)> {
        let due = self.signals.late.partition_point(|(at, ..)| *at <= now);
        self.signals.late.drain(..due).map(|(_, peer, message)| (peer, message)).collect()
    }

    /// Whether the store is empty when the node comes back from a crash.
    pub(crate) fn forgets_conferences(&self) -> bool {
        self.is(Sabotage::CrashForgetsConferences)
    }

    /// Whether it does not matter to which node something was addressed.
    pub(crate) fn answers_for_the_dead(&self) -> bool {
        self.is(Sabotage::DeadNodeAnswers)
    }
}
