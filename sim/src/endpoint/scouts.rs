//! Owns the search for another media node while the one that a client speaks with is silent: a connection to each of the
//! others in turn, beside the present one, which is given up only when another node accepts one. So a dead line
//! costs nobody a connection that would have survived it (JOIN-005), and a dead node costs no more than the silence after
//! which the search begins (JOIN-006). It is what RFC 8305 does between addresses, later in life.
//!
//! A node that does not hold the conferences refuses connections: who finds one that does not has found the right one.

use std::time::Duration;

use media_core::{PeerId, Timestamp};

use super::entry::ANSWER_MAX;
use crate::{
    channel::{Channel, ChannelState, KEEP_ALIVE_AFTER, KEEP_ALIVE_INTERVAL},
    packet::{Datagram, NodeIndex, peer_of},
    sabotage::Sabotage,
    scenario::PersonIndex,
    trace::Channel as Wire,
};

/// Silence after which a client looks elsewhere: a question for a sign of life has gone without an answer until the next
/// one is due.
const SILENCE: Duration = KEEP_ALIVE_AFTER.saturating_add(KEEP_ALIVE_INTERVAL);
/// Pause between one node that refused and the next.
const PAUSE: Duration = Duration::from_millis(250);

/// A connection to a media node.
pub(super) struct Connection {
    pub(super) node: NodeIndex,
    pub(super) peer: PeerId,
    pub(super) channel: Channel,
}

/// Connections of one person, which have a number each, and the nodes that can be tried.
pub(super) struct Scouts {
    person: PersonIndex,
    nodes: NodeIndex,
    sabotage: Option<Sabotage>,
    opened: u32,
    /// The connection under way, and since when.
    out: Option<(Timestamp, Connection)>,
    /// The node that was asked last.
    last: NodeIndex,
    /// Who was refused waits so long.
    not_before: Timestamp,
}

impl Scouts {
    pub(super) fn new(person: PersonIndex, nodes: NodeIndex) -> Self {
        let not_before = Timestamp::ZERO;
        Self { person, nodes, sabotage: None, opened: 0, out: None, last: 0, not_before }
    }

    pub(super) fn set_sabotage(&mut self, sabotage: Option<Sabotage>) {
        self.sabotage = sabotage;
    }

    /// The node to try after `node`.
    pub(super) fn next(&self, node: NodeIndex) -> NodeIndex {
        if self.nodes < 2 { node } else { (node + 1) % self.nodes }
    }

    /// A new connection to `node`.
    pub(super) fn connect(&mut self, now: Timestamp, node: NodeIndex) -> Connection {
        let peer = peer_of(self.person, self.opened, node);
        self.opened += 1;
        Connection { node, peer, channel: Channel::connect(now) }
    }

    /// When there is something to do for who has heard of `node` last at `heard`.
    pub(super) fn poll_timeout(&self, heard: Timestamp) -> Option<Timestamp> {
        if self.nodes < 2 || self.sabotage == Some(Sabotage::ClientsLookNowhere) {
            return None;
        }
        let Some((since, scout)) = &self.out else { return Some((heard + SILENCE).max(self.not_before)) };
        let gives_up = Some(*since + ANSWER_MAX);
        [scout.channel.poll_timeout(), gives_up].into_iter().flatten().min()
    }

    /// Looks further, unless `node` has been heard of again.
    pub(super) fn handle_timeout(&mut self, now: Timestamp, heard: Timestamp, node: NodeIndex) {
        if self.poll_timeout(heard).is_none_or(|due| due > now) {
            return;
        }
        if let Some((since, scout)) = &mut self.out {
            scout.channel.handle_timeout(now);
            if *since + ANSWER_MAX <= now {
                self.out = None;
            }
        }
        if self.out.is_none() && heard + SILENCE <= now {
            self.last = self.next(self.last);
            if self.last == node {
                self.last = self.next(node);
            }
            self.out = Some((now, self.connect(now, self.last)));
        }
    }

    /// Whether a datagram was for a scout.
    pub(super) fn handle_datagram(&mut self, now: Timestamp, datagram: &Datagram) -> bool {
        let Some((_, scout)) = self.out.as_mut().filter(|(_, scout)| scout.peer == datagram.peer) else {
            return false;
        };
        if datagram.channel == Wire::Signalling {
            scout.channel.handle_segment(now, &datagram.bytes);
        }
        if matches!(scout.channel.state(), ChannelState::Closed { .. }) {
            self.out = None;
            self.not_before = now + PAUSE;
        }
        true
    }

    /// A connection to a node that accepted it.
    pub(super) fn poll_found(&mut self) -> Option<Connection> {
        let open = |(_, scout): &mut (Timestamp, Connection)| scout.channel.state() == ChannelState::Open;
        self.out.take_if(open).map(|(_, scout)| scout)
    }

    /// There is nobody to be looked for any more.
    pub(super) fn forget(&mut self) {
        self.out = None;
    }

    pub(super) fn poll_datagram(&mut self, now: Timestamp) -> Option<Datagram> {
        let (_, scout) = self.out.as_mut()?;
        let bytes = scout.channel.poll_segment(now)?.into();
        Some(Datagram { peer: scout.peer, channel: Wire::Signalling, bytes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// What a node without conferences says to a client that knocks.
    fn refused(datagram: &Datagram) -> Datagram {
        let bytes = Channel::refusal(&datagram.bytes).expect("a SYN is refused");
        Datagram { peer: datagram.peer, channel: Wire::Signalling, bytes: bytes.into() }
    }

    fn knock(scouts: &mut Scouts, now: Timestamp, heard: Timestamp) -> Datagram {
        scouts.handle_timeout(now, heard, 0);
        scouts.poll_datagram(now).expect("a scout is sent")
    }

    #[test]
    fn nobody_is_looked_for_while_the_node_answers_or_when_there_is_no_other() {
        let mut scouts = Scouts::new(PersonIndex(1), 2);
        assert_eq!(scouts.poll_timeout(ms(1_000)), Some(ms(4_000)));
        scouts.handle_timeout(ms(4_000), ms(3_999), 0);
        assert!(scouts.poll_datagram(ms(4_000)).is_none());
        assert_eq!(Scouts::new(PersonIndex(1), 1).poll_timeout(ms(0)), None);
    }

    #[test]
    fn a_node_that_refuses_is_asked_again_after_a_pause_on_another_connection() {
        let mut scouts = Scouts::new(PersonIndex(1), 2);
        let first = knock(&mut scouts, ms(4_000), ms(1_000));
        assert!(scouts.handle_datagram(ms(4_020), &refused(&first)));
        assert_eq!(scouts.poll_timeout(ms(1_000)), Some(ms(4_270)));
        let second = knock(&mut scouts, ms(4_270), ms(1_000));
        assert_ne!(first.peer, second.peer);
        assert!(scouts.poll_found().is_none());
    }

    #[test]
    fn every_other_node_is_asked_in_turn_and_the_silent_one_is_not() {
        let mut scouts = Scouts::new(PersonIndex(1), 3);
        let mut asked = Vec::new();
        for round in 0..4 {
            let now = ms(4_000 + 1_000 * round);
            let knocked = knock(&mut scouts, now, ms(1_000));
            asked.push(crate::packet::node_of(knocked.peer));
            scouts.handle_datagram(now, &refused(&knocked));
        }
        assert_eq!(asked, [1, 2, 1, 2]);
    }
}
