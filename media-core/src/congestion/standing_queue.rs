//! Owns how long packets wait on the path: one-way delay over the least that was seen lately. Clocks need not agree; one that
//! runs away is followed, because the least is forgotten.

use std::time::Duration;

use crate::Timestamp;

/// For how long the least delay is remembered, at least; twice as long at most.
const MEMORY: Duration = Duration::from_secs(15);

/// One-way delays of a path. The two clocks' difference is in each, and cancels out.
#[derive(Debug, Default)]
pub(super) struct StandingQueue {
    /// The least in the present stretch of [`MEMORY`] and in the one before.
    least: Option<i64>,
    least_before: Option<i64>,
    stretch_began: Timestamp,
    /// The least of the last feedback over the least of all.
    queue_micros: i64,
}

impl StandingQueue {
    /// The least `arrival - departure` among the packets of one feedback, in microseconds of two clocks.
    pub(super) fn on_least_delay(&mut self, now: Timestamp, micros: i64) {
        if now.saturating_since(self.stretch_began) > MEMORY {
            self.least_before = self.least.take();
            self.stretch_began = now;
        }
        let least = self.least.map_or(micros, |least| least.min(micros));
        self.least = Some(least);
        let base = self.least_before.map_or(least, |before| before.min(least));
        self.queue_micros = micros.saturating_sub(base);
    }

    /// How long packets wait.
    pub(super) fn delay(&self) -> Duration {
        Duration::from_micros(self.queue_micros as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_shows_as_delay_over_the_least() {
        let mut queue = StandingQueue::default();
        for (ms, micros) in [(0, -5_000_000), (100, -4_990_000), (200, -4_920_000)] {
            queue.on_least_delay(Timestamp::from_millis(ms), micros);
        }
        assert_eq!(queue.delay(), Duration::from_millis(80));
    }

    #[test]
    fn a_path_that_became_longer_is_no_queue_for_ever() {
        let mut queue = StandingQueue::default();
        queue.on_least_delay(Timestamp::ZERO, 10_000);
        for second in 1..40 {
            queue.on_least_delay(Timestamp::from_millis(second * 1000), 90_000);
            assert_eq!(queue.delay().is_zero(), second >= 32, "{second}");
        }
    }

    #[test]
    fn absurd_times_are_borne() {
        let mut queue = StandingQueue::default();
        for micros in [i64::MIN, i64::MAX, 0, i64::MIN] {
            queue.on_least_delay(Timestamp::ZERO, micros);
        }
        assert_eq!(queue.delay(), Duration::ZERO);
    }
}
