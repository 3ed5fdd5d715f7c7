//! Owns what a path has lately been seen to carry without a queue. An estimate may say more, but that is a guess: others may use
//! the rest.

use std::time::Duration;

use crate::Timestamp;

/// For how long what arrived counts.
const REMEMBERED: Duration = Duration::from_secs(10);

/// The most that has arrived lately, in bits per second.
#[derive(Debug, Default)]
pub(super) struct Proven {
    best: Option<(f64, Timestamp)>,
}

impl Proven {
    /// So much arrives, and nothing waits.
    pub(super) fn on_arrival(&mut self, now: Timestamp, bps: f64) {
        let is_kept = |(best, at)| bps < best && now.saturating_since(at) <= REMEMBERED;
        if !self.best.is_some_and(is_kept) {
            self.best = Some((bps, now));
        }
    }

    /// A queue, losses or a silence have brought the estimate down to this.
    pub(super) fn on_reduced(&mut self, bps: f64) {
        if let Some((best, _)) = &mut self.best {
            *best = best.min(bps);
        }
    }

    /// The most that has arrived.
    pub(super) fn bps(&self) -> f64 {
        self.best.map_or(0.0, |(bps, _)| bps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_of_the_last_seconds_counts_until_a_queue_says_otherwise() {
        let mut proven = Proven::default();
        assert!(proven.bps() < 1e-9);
        for (ms, bps, shown) in
            [(0, 500.0, 500.0), (1_000, 300.0, 500.0), (9_000, 400.0, 500.0), (10_001, 350.0, 350.0)]
        {
            proven.on_arrival(Timestamp::from_millis(ms), bps);
            assert!((proven.bps() - shown).abs() < 1e-9, "{ms}");
        }
        proven.on_reduced(200.0);
        assert!((proven.bps() - 200.0).abs() < 1e-9);
    }
}
