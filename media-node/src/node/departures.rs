//! Owns packets that leave at the end of a turn. They leave by whom they are for, so that what belongs to a connection is fetched
//! from memory once for all of a turn's packets, and those go to the kernel together.

use media_core::{PeerId, engine::Outgoing};

use crate::limits::DEPARTURES_MAX;

/// Packets in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Departures {
    packets: Vec<(PeerId, Outgoing)>,
    /// Kept for its memory.
    order: Vec<(PeerId, u32)>,
}

impl Departures {
    pub(super) fn push(&mut self, peer: PeerId, packet: Outgoing) {
        self.packets.push((peer, packet));
    }

    /// Whether it is time to send.
    pub(super) const fn is_full(&self) -> bool {
        self.packets.len() >= DEPARTURES_MAX
    }

    /// Everything, by peers; what is for one peer keeps its order. With each comes whether it is the last for its peer.
    pub(super) fn by_peer(&mut self) -> impl Iterator<Item = (PeerId, &Outgoing, bool)> {
        self.order.clear();
        self.order.extend(self.packets.iter().zip(0..).map(|((peer, _), place)| (*peer, place)));
        // Places make them all different. Each packet's copies come in one order, so that these are runs, which merge quickly.
        self.order.sort();
        let next = self.order.iter().skip(1).map(|(peer, _)| Some(*peer)).chain([None]);
        self.order.iter().zip(next).filter_map(|((peer, place), next)| {
            let (_, packet) = self.packets.get(*place as usize)?;
            Some((*peer, packet, next != Some(*peer)))
        })
    }

    pub(super) fn clear(&mut self) {
        self.packets.clear();
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use media_core::{PeerId, engine::Outgoing};

    use super::Departures;
    use crate::limits::DEPARTURES_MAX;

    fn probe(number: u8) -> Outgoing {
        Outgoing::Probe(Bytes::from(vec![number]))
    }

    #[test]
    fn packets_leave_by_peers_and_each_peers_in_their_order() {
        let mut departures = Departures::default();
        for (peer, number) in [(2, 0), (1, 1), (2, 2), (3, 3), (1, 4)] {
            departures.push(PeerId(peer), probe(number));
        }
        let left: Vec<_> = departures
            .by_peer()
            .map(|(peer, packet, is_last)| match packet {
                Outgoing::Probe(bytes) => (peer.0, bytes[0], is_last),
                Outgoing::Signal(_) | Outgoing::Rtp(_) | Outgoing::Rtcp(_) => {
                    panic!("only probes were pushed")
                }
            })
            .collect();
        assert_eq!(left, [(1, 1, false), (1, 4, true), (2, 0, false), (2, 2, true), (3, 3, true)]);
        departures.clear();
        assert_eq!(departures.by_peer().count(), 0);
    }

    #[test]
    fn too_many_do_not_wait_for_the_end_of_a_turn() {
        let mut departures = Departures::default();
        for _ in 0..DEPARTURES_MAX {
            assert!(!departures.is_full());
            departures.push(PeerId(1), probe(0));
        }
        assert!(departures.is_full());
    }
}
