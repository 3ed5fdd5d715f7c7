//! Owns the question which packets a publisher's encoding still lacks, and when to ask for them. Asking happens once
//! for all subscribers (FWD-003).

use std::time::Duration;

use crate::{
    limits::{MISSING_MAX, NACK_INTERVAL, NACK_TRIES_MAX, REORDER_TOLERANCE},
    time::Timestamp,
};

#[derive(Clone, Copy, Debug)]
struct Missing {
    sequence: u64,
    next: Timestamp,
    tries: u8,
}

/// Packets of one encoding that were skipped, oldest first.
#[derive(Debug, Default)]
pub(super) struct MissingPackets {
    list: Vec<Missing>,
}

impl MissingPackets {
    /// Notes the numbers in `from..to` as skipped. Of a gap beyond [`MISSING_MAX`] only the newest are asked for: a
    /// receiver that lost more needs a key frame anyway.
    pub(super) fn on_gap(&mut self, now: Timestamp, from: u64, to: u64) {
        let from = from.max(to.saturating_sub(MISSING_MAX as u64));
        let room = MISSING_MAX - (to - from) as usize;
        if self.list.len() > room {
            self.list.drain(..self.list.len() - room);
        }
        self.list.extend((from..to).map(|sequence| Missing {
            sequence,
            next: now + REORDER_TOLERANCE,
            tries: 0,
        }));
    }

    /// Forgets a number that came after all.
    pub(super) fn on_received(&mut self, sequence: u64) {
        if let Ok(at) = self.list.binary_search_by_key(&sequence, |missing| missing.sequence) {
            self.list.remove(at);
        }
    }

    /// Forgets everything: nobody needs it any more.
    pub(super) fn clear(&mut self) {
        self.list.clear();
    }

    /// The numbers to ask for at `now`, as they stand on the wire.
    pub(super) fn poll_nack(&mut self, now: Timestamp) -> impl Iterator<Item = u16> {
        self.list.retain(|missing| missing.next > now || missing.tries < NACK_TRIES_MAX);
        self.list.iter_mut().filter(move |missing| missing.next <= now).map(move |missing| {
            missing.tries += 1;
            missing.next = now + NACK_INTERVAL * u32::from(missing.tries);
            missing.sequence as u16
        })
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        // A microsecond later, so that gaps that become due together are asked for together.
        self.list.iter().map(|missing| missing.next).min().map(|next| next + Duration::from_micros(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_skipped_packet_is_asked_for_after_the_reorder_tolerance_and_a_bounded_number_of_times() {
        let mut missing = MissingPackets::default();
        missing.on_gap(at(0), 7, 9);
        assert_eq!(missing.poll_nack(at(1)).count(), 0);
        let mut asked = Vec::new();
        for millis in 0..5_000 {
            asked.extend(missing.poll_nack(at(millis)));
        }
        assert_eq!(asked.len(), 2 * usize::from(NACK_TRIES_MAX));
        assert!(missing.poll_timeout().is_none());
    }

    #[test]
    fn a_packet_that_came_after_all_is_not_asked_for() {
        let mut missing = MissingPackets::default();
        missing.on_gap(at(0), 7, 9);
        missing.on_received(7);
        assert_eq!(missing.poll_nack(at(50)).collect::<Vec<_>>(), [8]);
    }

    #[test]
    fn a_huge_gap_is_asked_for_only_up_to_the_limit() {
        let mut missing = MissingPackets::default();
        missing.on_gap(at(0), 0, 10);
        missing.on_gap(at(0), 100, 60_000);
        assert_eq!(missing.poll_nack(at(50)).count(), MISSING_MAX);
    }
}
