//! Owns what was sent on a path, until feedback speaks of it or it is too old. What feedback claims of packets that were
//! never sent finds nothing here.

use std::collections::VecDeque;

use crate::{Timestamp, limits};

/// Which probe a packet belongs to; 0 is none.
pub(super) type Cluster = u16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The number was passed over by the sender.
    Unsent,
    /// No feedback speaks of it yet.
    UnderWay,
    /// Feedback says that it is missing; it may still come.
    Missing,
    Arrived,
}

/// One packet, in two words: a path has hundreds of them under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    pub(super) at: Timestamp,
    bytes: u16,
    pub(super) cluster: Cluster,
    fate: Fate,
}

impl Sent {
    /// Bytes on the wire.
    pub(super) fn bytes(&self) -> u32 {
        u32::from(self.bytes)
    }
}

#[cfg(test)]
impl Sent {
    pub(super) fn on_its_way(at: Timestamp, bytes: u32, cluster: Cluster) -> Self {
        Self { at, bytes: bytes as u16, cluster, fate: Fate::UnderWay }
    }
}

/// What feedback has changed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told {
    /// The packet arrived, of which nothing was known before.
    Arrived(Sent),
    /// It arrived after it had been called missing.
    ArrivedLate(Sent),
    /// It is missing, of which nothing was known before.
    Missing,
}

/// Packets in the order of their transport-wide sequence numbers.
#[derive(Debug, Default)]
pub(super) struct SentLog {
    packets: VecDeque<Sent>,
    /// The number after the newest, without wrapping.
    end: u64,
    bytes_under_way: u64,
}

impl SentLog {
    /// Numbers come in order; those that are left out count as never sent.
    pub(super) fn on_sent(&mut self, at: Timestamp, sequence: u16, bytes: u32, cluster: Cluster) {
        let ahead = sequence.wrapping_sub(self.end as u16);
        if self.packets.is_empty() {
            self.end += u64::from(ahead);
        } else if ahead >= 0x8000 {
            // A number that was used already says nothing when it comes back.
            return;
        } else if usize::from(ahead) >= limits::SENT_PACKETS_MAX {
            self.packets.clear();
            self.bytes_under_way = 0;
            self.end += u64::from(ahead);
        } else {
            let unsent = Sent { at, bytes: 0, cluster: 0, fate: Fate::Unsent };
            (0..ahead).for_each(|_| self.push(unsent));
        }
        // No datagram is longer than what 16 bits count.
        let bytes = u16::try_from(bytes).unwrap_or(u16::MAX);
        self.bytes_under_way += u64::from(bytes);
        self.push(Sent { at, bytes, cluster, fate: Fate::UnderWay });
    }

    /// Feedback speaks of a packet.
    pub(super) fn on_status(&mut self, sequence: u16, arrived: bool) -> Option<Told> {
        let back = usize::from((self.end as u16).wrapping_sub(1).wrapping_sub(sequence));
        let index = self.packets.len().checked_sub(1)?.checked_sub(back)?;
        let packet = &mut self.packets[index];
        let was = packet.fate;
        packet.fate = match (was, arrived) {
            (Fate::UnderWay, false) => Fate::Missing,
            (Fate::UnderWay | Fate::Missing, true) => Fate::Arrived,
            (Fate::Unsent | Fate::Arrived, _) | (Fate::Missing, false) => return None,
        };
        if was == Fate::UnderWay {
            self.bytes_under_way -= u64::from(packet.bytes);
        }
        Some(match (was, arrived) {
            (Fate::Missing, _) => Told::ArrivedLate(*packet),
            (_, true) => Told::Arrived(*packet),
            _ => Told::Missing,
        })
    }

    /// Forgets what was sent before; feedback that spoke of it was lost, or the packet is of no use any more. And what has
    /// arrived: nothing that feedback may still say of it counts.
    pub(super) fn forget_before(&mut self, at: Timestamp) {
        let is_done = |packet: &Sent| packet.at < at || matches!(packet.fate, Fate::Arrived | Fate::Unsent);
        while self.packets.front().is_some_and(is_done) {
            self.pop();
        }
    }

    /// Bytes on the wire of which no feedback speaks.
    pub(super) fn bytes_under_way(&self) -> u64 {
        self.bytes_under_way
    }

    fn push(&mut self, packet: Sent) {
        if self.packets.len() == limits::SENT_PACKETS_MAX {
            self.pop();
        }
        self.packets.push_back(packet);
        self.end += 1;
    }

    fn pop(&mut self) {
        if let Some(packet) = self.packets.pop_front()
            && packet.fate == Fate::UnderWay
        {
            self.bytes_under_way -= u64::from(packet.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(sequences: &[u16]) -> SentLog {
        let mut log = SentLog::default();
        for (n, sequence) in sequences.iter().enumerate() {
            log.on_sent(Timestamp::from_millis(n as u64), *sequence, 100, 0);
        }
        log
    }

    #[test]
    fn packets_that_were_never_sent_are_not_acknowledged() {
        let mut log = log(&[65_535, 0, 3]);
        assert!(matches!(log.on_status(65_535, true), Some(Told::Arrived(_))));
        assert!(log.on_status(65_534, true).is_none());
        assert!(log.on_status(1, true).is_none(), "a number that was left out");
        assert!(log.on_status(4, true).is_none());
        assert_eq!(log.bytes_under_way(), 200);
    }

    #[test]
    fn a_packet_is_acknowledged_once_and_may_come_late() {
        let mut log = log(&[7, 8]);
        assert!(matches!(log.on_status(7, false), Some(Told::Missing)));
        assert!(log.on_status(7, false).is_none());
        assert!(matches!(log.on_status(7, true), Some(Told::ArrivedLate(_))));
        assert!(log.on_status(7, true).is_none());
        assert!(log.on_status(7, false).is_none(), "what has arrived stays so");
        assert_eq!(log.bytes_under_way(), 100);
    }

    #[test]
    fn a_number_that_comes_back_or_leaps_leaves_the_account_right() {
        let mut log = log(&[7, 8, 7]);
        assert_eq!(log.bytes_under_way(), 200);
        log.on_sent(Timestamp::from_millis(9), 20_000, 50, 0);
        assert_eq!(log.bytes_under_way(), 50);
        assert!(log.on_status(8, true).is_none());
        assert!(matches!(log.on_status(20_000, true), Some(Told::Arrived(_))));
        assert_eq!(log.bytes_under_way(), 0);
    }

    #[test]
    fn what_has_arrived_is_forgotten_and_what_is_missing_is_not() {
        assert_eq!(size_of::<Sent>(), 16);
        let mut log = log(&[7, 8, 9, 10]);
        for (sequence, arrived) in [(7, true), (8, false), (9, true)] {
            log.on_status(sequence, arrived);
        }
        log.forget_before(Timestamp::ZERO);
        assert_eq!(log.packets.len(), 3);
        assert!(log.on_status(7, true).is_none());
        assert!(matches!(log.on_status(8, true), Some(Told::ArrivedLate(_))));
        log.forget_before(Timestamp::ZERO);
        assert_eq!((log.packets.len(), log.bytes_under_way()), (1, 100));
        log.on_status(10, true);
        log.forget_before(Timestamp::ZERO);
        log.on_sent(Timestamp::from_millis(5), 11, 100, 0);
        assert!(matches!(log.on_status(11, true), Some(Told::Arrived(_))));
    }

    #[test]
    fn no_more_packets_are_remembered_than_the_bound_says() {
        let mut log = SentLog::default();
        for n in 0..3 * limits::SENT_PACKETS_MAX {
            log.on_sent(Timestamp::from_millis(n as u64), n as u16, 1, 0);
        }
        assert_eq!(log.packets.len(), limits::SENT_PACKETS_MAX);
        assert_eq!(log.bytes_under_way(), limits::SENT_PACKETS_MAX as u64);
        log.forget_before(Timestamp::FAR_FUTURE);
        assert_eq!(log.bytes_under_way(), 0);
    }
}
