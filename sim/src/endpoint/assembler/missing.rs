//! Owns the sequence numbers that have not arrived: when to request each of them, and when to give it up. The schedule
//! follows libwebrtc's NACK requester: again after each round trip, ten times at most.

use std::{collections::BTreeMap, time::Duration};

use media_core::Timestamp;

/// How long a packet may be overtaken by later ones before it is requested.
pub(super) const REORDER_TOLERANCE: Duration = Duration::from_millis(10);
/// Requests per packet (libwebrtc `nack_requester.cc`, `kMaxNackRetries`).
const TRIES_MAX: u8 = 10;
/// Packets that are awaited at once, at most. libwebrtc stops at 1,000 (the same file, `kMaxNackPackets`); a power of two
/// beside it lets one gap as large as packets may overtake each other be awaited as a whole.
const AWAITED_MAX: usize = 1_024;
/// When a packet is given up, whatever was tried.
const AGE_MAX: Duration = Duration::from_secs(1);
/// Round-trip time before it is known (the same file takes 100 ms).
const RTT_START: Duration = Duration::from_millis(100);
/// Least time between two requests of the same packet.
const RTT_MIN: Duration = Duration::from_millis(10);

/// The numbers that are awaited.
#[derive(Clone, Debug)]
pub(super) struct Missing {
    awaited: BTreeMap<u64, Awaited>,
    rtt: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Awaited {
    since: Timestamp,
    /// When to request it, or, after the last try, to give it up.
    next: Timestamp,
    tries: u8,
}

impl Awaited {
    fn is_over(&self, now: Timestamp) -> bool {
        self.since + AGE_MAX <= now || (self.tries >= TRIES_MAX && self.next <= now)
    }
}

impl Missing {
    pub(super) fn new() -> Self {
        Self { awaited: BTreeMap::new(), rtt: RTT_START }
    }

    pub(super) fn set_rtt(&mut self, rtt: Duration) {
        self.rtt = rtt.max(RTT_MIN);
    }

    /// The numbers `from..to` were overtaken at `now`. Of more than can be awaited the oldest are given up; returns how
    /// many that were.
    pub(super) fn on_gap(&mut self, now: Timestamp, from: u64, to: u64) -> u64 {
        for sequence in from..to {
            self.awaited.insert(sequence, Awaited { since: now, next: now + REORDER_TOLERANCE, tries: 0 });
        }
        let excess = self.awaited.len().saturating_sub(AWAITED_MAX);
        for _ in 0..excess {
            self.awaited.pop_first();
        }
        excess as u64
    }

    /// Whether the number had been requested.
    pub(super) fn on_arrival(&mut self, sequence: u64) -> bool {
        self.awaited.remove(&sequence).is_some_and(|awaited| awaited.tries > 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.awaited.is_empty()
    }

    pub(super) fn is_awaited(&self, sequence: u64) -> bool {
        self.awaited.contains_key(&sequence)
    }

    /// When the oldest awaited number from `head` on was overtaken.
    pub(super) fn oldest_since(&self, head: u64) -> Option<Timestamp> {
        self.awaited.range(head..).map(|(_, awaited)| awaited.since).next()
    }

    /// How long a frame that does not need what is missing waits for it: one request and its answer.
    pub(super) fn patience(&self) -> Duration {
        self.rtt + REORDER_TOLERANCE * 2
    }

    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<u64> {
        let mut due = Vec::new();
        for (sequence, awaited) in &mut self.awaited {
            if awaited.next <= now && awaited.tries < TRIES_MAX && !awaited.is_over(now) {
                awaited.tries += 1;
                awaited.next = now + self.rtt;
                due.push(*sequence);
            }
        }
        due
    }

    /// Forgets what is to be given up at `now`; returns how many that were.
    pub(super) fn give_up(&mut self, now: Timestamp) -> u64 {
        let before = self.awaited.len();
        self.awaited.retain(|_, awaited| !awaited.is_over(now));
        (before - self.awaited.len()) as u64
    }

    pub(super) fn next_change(&self) -> Option<Timestamp> {
        self.awaited.values().map(|awaited| awaited.next.min(awaited.since + AGE_MAX)).min()
    }

    pub(super) fn forget_before(&mut self, sequence: u64) {
        while self.awaited.first_key_value().is_some_and(|(first, _)| *first < sequence) {
            self.awaited.pop_first();
        }
    }

    pub(super) fn clear(&mut self) {
        self.awaited.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_more_than_can_be_awaited_the_oldest_are_given_up() {
        let mut missing = Missing::new();
        assert_eq!(missing.on_gap(Timestamp::ZERO, 0, 1_000), 0);
        assert_eq!(missing.on_gap(Timestamp::ZERO, 2_000, 3_000), 976);
        assert!(!missing.is_awaited(975) && missing.is_awaited(976) && missing.is_awaited(2_999));
    }
}
