//! Owns the memory of what was sent again to one subscriber, so that a subscriber who asks for ever is not served
//! for ever, and gets no more a second time than it got the first time (SEC-003).

use std::collections::VecDeque;

use crate::limits::{REPAIR_CACHE_PACKETS, RETRANSMISSIONS_MAX, RETRANSMISSIONS_REMEMBERED};

/// The last retransmitted numbers with their counts, and how many more there may be.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Retransmissions {
    credit: u16,
    counts: VecDeque<(u16, u8)>,
}

impl Retransmissions {
    /// A packet was sent for the first time: it may have to be sent again.
    pub(super) fn on_forwarded(&mut self) {
        self.credit = (self.credit + 1).min(REPAIR_CACHE_PACKETS as u16);
    }

    /// Whether `sequence` may be sent again, and counts it if so.
    pub(super) fn allow(&mut self, sequence: u16) -> bool {
        let Some(credit) = self.credit.checked_sub(1) else { return false };
        if let Some((_, count)) = self.counts.iter_mut().find(|(sent, _)| *sent == sequence) {
            if *count == RETRANSMISSIONS_MAX {
                return false;
            }
            *count += 1;
        } else {
            if self.counts.len() == RETRANSMISSIONS_REMEMBERED {
                self.counts.pop_front();
            }
            self.counts.push_back((sequence, 1));
        }
        self.credit = credit;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_sent_again_a_bounded_number_of_times() {
        let mut retransmissions = Retransmissions::default();
        (0..10).for_each(|_| retransmissions.on_forwarded());
        let allowed = (0..1_000).filter(|_| retransmissions.allow(7)).count();
        assert_eq!(allowed, usize::from(RETRANSMISSIONS_MAX));
        assert!(retransmissions.allow(8));
    }

    #[test]
    fn who_asks_for_everything_in_turn_gets_no_more_than_was_sent_first() {
        let mut retransmissions = Retransmissions::default();
        (0..400).for_each(|_| retransmissions.on_forwarded());
        let asked = (0..10).flat_map(|_| 0..400);
        assert_eq!(asked.filter(|sequence| retransmissions.allow(*sequence)).count(), 400);
    }
}
