//! Owns the bound on how often a peer may ask for something that others feel: so many times at once, and so often in the
//! long run. What is bounded, and what happens beyond, is the user's affair.

use std::time::Duration;

use crate::time::Timestamp;

/// So many times at once, and once in each interval in the long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Times at once, 1 or more.
    pub burst: u32,
    /// In the long run one in this time.
    pub interval: Duration,
}

/// How much of a [`RateLimit`] is used up: the generic cell rate algorithm (ITU-T I.371, annex A), which needs one time
/// and no timer.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowance {
    /// When nothing of it will be used up any more.
    full_at: Timestamp,
}

impl Allowance {
    /// Uses up one, if there is one.
    pub(crate) fn take(&mut self, now: Timestamp, limit: RateLimit) -> bool {
        self.take_many(now, 1, limit)
    }

    /// Uses up so many at once, or none if there are not as many.
    pub(crate) fn take_many(&mut self, now: Timestamp, count: u32, limit: RateLimit) -> bool {
        let next = self.full_at.max(now) + limit.interval * count;
        let allowed = next.saturating_since(now) <= limit.interval * limit.burst;
        if allowed {
            self.full_at = next;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { burst: 3, interval: Duration::from_secs(1) };

    #[test]
    fn a_burst_passes_at_once_and_then_one_in_each_interval() {
        let mut allowance = Allowance::default();
        let passed: Vec<u64> =
            (0..5_000).filter(|millis| allowance.take(Timestamp::from_millis(*millis), LIMIT)).collect();
        assert_eq!(passed, [0, 1, 2, 1_000, 2_000, 3_000, 4_000]);
    }

    #[test]
    fn who_wants_many_gets_all_of_them_or_none() {
        let mut allowance = Allowance::default();
        assert!(!allowance.take_many(Timestamp::ZERO, 4, LIMIT));
        assert!(allowance.take_many(Timestamp::ZERO, 2, LIMIT));
        assert!(!allowance.take_many(Timestamp::ZERO, 2, LIMIT));
        assert!(allowance.take_many(Timestamp::from_millis(1_000), 2, LIMIT));
    }

    #[test]
    fn after_a_rest_there_is_a_whole_burst_again_and_no_more() {
        let mut allowance = Allowance::default();
        let burst = |allowance: &mut Allowance, at| (0..10).filter(|_| allowance.take(at, LIMIT)).count();
        assert_eq!(burst(&mut allowance, Timestamp::ZERO), 3);
        assert_eq!(burst(&mut allowance, Timestamp::from_millis(100_000)), 3);
    }
}
