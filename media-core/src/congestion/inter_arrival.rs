//! Owns groups of packets: what leaves within a few milliseconds counts as one, and the delay between two groups is what the
//! trend is made of (draft-ietf-rmcat-gcc-02 section 5.2).

use crate::Timestamp;

/// Packets that leave within this time are one group (section 5.2).
const GROUP_MICROS: i64 = 5_000;
/// Packets that arrive with no more than this between them, after having waited, are one group, too.
const BURST_MICROS: i64 = 5_000;
/// Such a burst ends after this time.
const BURST_MAX_MICROS: i64 = 100_000;
/// After a leap of the receiver's clock groups begin anew.
const LEAP_MICROS: i64 = 3_000_000;

/// How one group compares with the one before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Variation {
    /// Time between their departures.
    pub(super) sent_ms: f64,
    /// How much longer the time between their arrivals was.
    pub(super) delay_ms: f64,
    /// When the later one arrived, in microseconds of the receiver's clock.
    pub(super) arrival: i64,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: i64,
    last_sent: i64,
    first_arrival: i64,
    last_arrival: i64,
}

/// The present group and the one before.
#[derive(Debug, Default)]
pub(super) struct InterArrival {
    current: Option<Group>,
    previous: Option<Group>,
}

impl InterArrival {
    /// A packet, in the order of arrival. Gives the variation between two groups when one is complete.
    pub(super) fn on_arrival(&mut self, sent: Timestamp, arrival: i64) -> Option<Variation> {
        let sent = (sent.as_nanos() / 1000) as i64;
        let Some(group) = &mut self.current else {
            self.current = Some(Group::new(sent, arrival));
            return None;
        };
        if arrival.saturating_sub(group.last_arrival).saturating_abs() > LEAP_MICROS {
            *self = Self { current: Some(Group::new(sent, arrival)), previous: None };
            return None;
        }
        if sent < group.first_sent {
            return None;
        }
        if group.takes(sent, arrival) {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrival = group.last_arrival.max(arrival);
            return None;
        }
        let complete = *group;
        self.current = Some(Group::new(sent, arrival));
        let before = self.previous.replace(complete)?;
        let sent = complete.last_sent - before.last_sent;
        let arrived = complete.last_arrival - before.last_arrival;
        Some(Variation {
            sent_ms: sent as f64 / 1e3,
            delay_ms: (arrived - sent) as f64 / 1e3,
            arrival: complete.last_arrival,
        })
    }
}

impl Group {
    fn new(sent: i64, arrival: i64) -> Self {
        Self { first_sent: sent, last_sent: sent, first_arrival: arrival, last_arrival: arrival }
    }

    fn takes(&self, sent: i64, arrival: i64) -> bool {
        let gap = arrival - self.last_arrival;
        let caught_up = gap - (sent - self.last_sent) < 0;
        let burst = caught_up && gap <= BURST_MICROS && arrival - self.first_arrival < BURST_MAX_MICROS;
        burst || sent - self.first_sent <= GROUP_MICROS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variations(packets: &[(u64, i64)]) -> Vec<Variation> {
        let mut groups = InterArrival::default();
        packets
            .iter()
            .filter_map(|(sent, at)| groups.on_arrival(Timestamp::from_millis(*sent), at * 1000))
            .collect()
    }

    #[test]
    fn packets_sent_together_are_one_group() {
        let found = variations(&[(0, 50), (2, 54), (4, 58), (20, 74), (22, 78), (40, 94)]);
        assert_eq!(found, [Variation { sent_ms: 18.0, delay_ms: 2.0, arrival: 78_000 }]);
    }

    #[test]
    fn a_burst_that_a_line_held_up_is_one_group() {
        let found =
            variations(&[(0, 50), (20, 150), (40, 151), (60, 152), (80, 153), (200, 250), (220, 270)]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], Variation { sent_ms: 80.0, delay_ms: 23.0, arrival: 153_000 });
    }

    #[test]
    fn a_leap_of_the_receivers_clock_begins_anew() {
        let found = variations(&[(0, 50), (20, 70), (40, 9_000_000), (60, 9_000_020), (80, 9_000_040)]);
        assert_eq!(found, [Variation { sent_ms: 20.0, delay_ms: 0.0, arrival: 9_000_020_000 }]);
    }
}
