//! Owns the memory of what was sent again to one subscriber, so that a subscriber who asks for ever is not served
//! for ever (SEC-003).

use std::collections::VecDeque;

use crate::limits::{RETRANSMISSIONS_MAX, RETRANSMISSIONS_REMEMBERED};

/// The last retransmitted numbers with their counts.
#[derive(Debug, Default)]
pub(super) struct Retransmissions(VecDeque<(u16, u8)>);

impl Retransmissions {
    /// Whether `sequence` may be sent again, and counts it if so.
    pub(super) fn allow(&mut self, sequence: u16) -> bool {
        if let Some((_, count)) = self.0.iter_mut().find(|(sent, _)| *sent == sequence) {
            *count += 1;
            return *count <= RETRANSMISSIONS_MAX;
        }
        if self.0.len() == RETRANSMISSIONS_REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((sequence, 1));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_sent_again_a_bounded_number_of_times() {
        let mut retransmissions = Retransmissions::default();
        let allowed = (0..10).filter(|_| retransmissions.allow(7)).count();
        assert_eq!(allowed, usize::from(RETRANSMISSIONS_MAX));
        assert!(retransmissions.allow(8));
    }
}
