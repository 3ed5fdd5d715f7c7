//! Owns how long packets waited for a wire, interval by interval, in classes of length: what a percentile over a part of
//! a run needs, in little room.

use std::{ops::Range, time::Duration};

use media_core::Timestamp;

use super::{Grid, Intervals};

/// Upper ends of the classes in milliseconds, themselves included. What waited longer than the last is in a class of its
/// own.
const CLASSES_MS: [u64; CLASSES - 1] = [0, 1, 2, 5, 10, 20, 30, 40, 50, 75, 100, 150, 200, 300, 500];
const CLASSES: usize = 16;
const PS_PER_MS: u64 = 1_000_000_000;

/// The time from the offer of a packet to its first bit on the wire, over the packets that got onto the wire, by the
/// interval of the run's [`Grid`] in which they did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueDelays(Intervals<[u32; CLASSES]>);

impl QueueDelays {
    pub(crate) fn new(grid: Grid) -> Self {
        Self(Intervals::new(grid))
    }

    pub(crate) fn on_served(&mut self, at: Timestamp, queue_delay_ps: u64) {
        let above = |end: &u64| queue_delay_ps > *end * PS_PER_MS;
        let class = CLASSES_MS.iter().take_while(|end| above(end)).count();
        self.0.at(at)[class] += 1;
    }

    /// A bound that `percent` (0 to 100) of the packets which got onto the wire during `window` did not exceed: the upper
    /// end of the class in which the percentile lies (nearest rank), and [`Duration::MAX`] beyond 500 ms. Intervals that lie in
    /// the window in part count as a whole. Absent when no packet got onto the wire.
    pub fn percentile(&self, percent: u64, window: Range<Timestamp>) -> Option<Duration> {
        let mut counts = [0_u64; CLASSES];
        for interval in self.0.within(window) {
            for (sum, count) in counts.iter_mut().zip(interval) {
                *sum += u64::from(*count);
            }
        }
        let rank = (counts.iter().sum::<u64>() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let class = counts.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(CLASSES_MS.get(class).map_or(Duration::MAX, |ms| Duration::from_millis(*ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delays(waits: &[(u64, u64)]) -> QueueDelays {
        let mut delays = QueueDelays::new(Grid::of(Duration::from_secs(10)));
        for (at, micros) in waits {
            delays.on_served(Timestamp::from_millis(*at), *micros * 1_000_000);
        }
        delays
    }

    fn window(from: u64, to: u64) -> Range<Timestamp> {
        Timestamp::from_millis(from)..Timestamp::from_millis(to)
    }

    #[test]
    fn a_percentile_is_the_end_of_the_class_of_its_nearest_rank() {
        let mut waits: Vec<(u64, u64)> = (0..95).map(|at| (at, 900)).collect();
        waits.extend((95..99).map(|at| (at, 100_000)));
        waits.push((99, 100_001));
        let delays = delays(&waits);
        let percentile =
            |percent| delays.percentile(percent, window(0, 10_000)).map(|delay| delay.as_millis());
        assert_eq!(percentile(95), Some(1));
        assert_eq!(percentile(96), Some(100));
        assert_eq!(percentile(99), Some(100));
        assert_eq!(percentile(100), Some(150));
    }

    #[test]
    fn only_the_window_counts() {
        let delays = delays(&[(400, 0), (1_000, 40_000), (1_600, 700_000)]);
        assert_eq!(delays.percentile(100, window(0, 500)), Some(Duration::ZERO));
        assert_eq!(delays.percentile(100, window(1_000, 1_500)), Some(Duration::from_millis(40)));
        assert_eq!(delays.percentile(100, window(0, 10_000)), Some(Duration::MAX));
        assert_eq!(delays.percentile(95, window(2_000, 10_000)), None, "nothing was sent");
    }
}
