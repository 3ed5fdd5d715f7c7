//! Owns the division of a run into intervals, and values that are kept for each of them.

use std::{ops::Range, time::Duration};

use media_core::Timestamp;

/// How a run is divided: into intervals of equal length from its beginning, the last of which may be shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    interval: Duration,
    end: Duration,
    /// The interval's nanoseconds, and the index of the last one: asked for with every packet.
    interval_ns: u64,
    last: usize,
}

impl Grid {
    /// Length of an interval in runs of up to a minute.
    pub const INTERVAL: Duration = Duration::from_millis(500);
    /// Intervals of a run, at most. Longer runs have longer intervals, whole multiples of [`Grid::INTERVAL`].
    pub const INTERVALS_MAX: usize = 120;

    /// The grid of a run of `duration`.
    pub fn of(duration: Duration) -> Self {
        let shortest = Self::INTERVAL.as_nanos() * Self::INTERVALS_MAX as u128;
        let factor = duration.as_nanos().div_ceil(shortest).max(1);
        let interval = Self::INTERVAL * u32::try_from(factor).unwrap_or(u32::MAX);
        let end = duration.max(Duration::from_nanos(1));
        Self {
            interval,
            end,
            interval_ns: u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX),
            last: end.as_nanos().div_ceil(interval.as_nanos()) as usize - 1,
        }
    }

    /// Length of all intervals but the last, which may be shorter.
    pub fn interval(self) -> Duration {
        self.interval
    }

    /// How many intervals there are; at least one.
    pub fn count(self) -> usize {
        self.last + 1
    }

    /// Length of an interval.
    pub fn length(self, index: usize) -> Duration {
        let from = self.interval * index as u32;
        self.end.saturating_sub(from).min(self.interval)
    }

    /// The interval that contains `at`. What happens at the end of the run belongs to the last one.
    fn index(self, at: Timestamp) -> usize {
        let index = at.as_nanos() / self.interval_ns;
        usize::try_from(index).unwrap_or(usize::MAX).min(self.last)
    }
}

impl Default for Grid {
    /// The grid of a minute.
    fn default() -> Self {
        Self::of(Self::INTERVAL * Self::INTERVALS_MAX as u32)
    }
}

/// A value for each interval; takes no room for those after the last that was touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Intervals<T> {
    grid: Grid,
    values: Vec<T>,
}

impl<T: Clone + Default> Intervals<T> {
    pub(crate) fn new(grid: Grid) -> Self {
        Self { grid, values: Vec::new() }
    }

    /// The value of the interval that contains `at`.
    pub(crate) fn at(&mut self, at: Timestamp) -> &mut T {
        let index = self.grid.index(at);
        self.nth(index)
    }

    /// Hands `spread` the time that `from..to` has in each interval.
    pub(crate) fn over(&mut self, from: Timestamp, to: Timestamp, mut spread: impl FnMut(&mut T, Duration)) {
        let mut from = from;
        while from < to {
            let index = self.grid.index(from);
            let end = Timestamp::ZERO + self.grid.interval * (index as u32 + 1);
            // The last interval takes all that is left.
            let until = if index + 1 == self.grid.count() { to } else { end.min(to) };
            spread(self.nth(index), until.saturating_since(from));
            from = until;
        }
    }

    /// The values of the intervals of which a part lies in `window`.
    pub(crate) fn within(&self, window: Range<Timestamp>) -> impl Iterator<Item = &T> {
        let length = self.grid.interval.as_nanos();
        let from = u128::from(window.start.as_nanos()) / length;
        let until = u128::from(window.end.as_nanos()).div_ceil(length);
        let last = self.grid.count() as u128 - 1;
        let index = |value: u128| usize::try_from(value).unwrap_or(usize::MAX);
        self.values.iter().take(index(until)).skip(index(from.min(last)))
    }

    /// Adds the values of another line of the same grid.
    pub(crate) fn merge(&mut self, other: &Self, mut add: impl FnMut(&mut T, &T)) {
        for (index, value) in other.values.iter().enumerate() {
            add(self.nth(index), value);
        }
    }

    /// One number for each interval of the grid; none at all where all are zero.
    pub(crate) fn column(&self, number: impl Fn(&T) -> u32) -> Vec<u32> {
        super::unless_empty(self.all().iter().map(number).collect())
    }

    /// As [`Intervals::column`], of a number of bytes as a rate in kbit/s.
    pub(crate) fn rates(&self, bytes: impl Fn(&T) -> u64) -> Vec<u32> {
        super::unless_empty(super::rates(self.grid, self.all().iter().map(bytes)))
    }

    fn all(&self) -> Vec<T> {
        let mut all = self.values.clone();
        all.resize(self.grid.count(), T::default());
        all
    }

    fn nth(&mut self, index: usize) -> &mut T {
        if self.values.len() <= index {
            self.values.resize(index + 1, T::default());
        }
        &mut self.values[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn no_run_has_more_intervals_than_the_bound_and_short_ones_have_half_seconds() {
        for (length, interval, count) in [
            (seconds(1), 500, 2),
            (Duration::from_millis(1_250), 500, 3),
            (seconds(60), 500, 120),
            (seconds(61), 1_000, 61),
            (seconds(3_600), 30_000, 120),
        ] {
            let grid = Grid::of(length);
            assert_eq!(grid.interval(), Duration::from_millis(interval), "{length:?}");
            assert_eq!(grid.count(), count, "{length:?}");
            let sum: Duration = (0..count).map(|index| grid.length(index)).sum();
            assert_eq!(sum, length, "the intervals are the whole run");
        }
    }

    #[test]
    fn a_stretch_of_time_is_dealt_to_its_intervals_without_loss() {
        let mut line: Intervals<Duration> = Intervals::new(Grid::of(seconds(2)));
        line.over(Timestamp::from_millis(300), Timestamp::from_millis(1_600), |value, time| *value += time);
        assert_eq!(line.column(|time| time.as_millis() as u32), [200, 500, 500, 100]);
    }

    #[test]
    fn what_happens_at_the_end_belongs_to_the_last_interval() {
        let mut line: Intervals<u32> = Intervals::new(Grid::of(seconds(1)));
        for at in [0, 499, 500, 999, 1_000, 5_000] {
            *line.at(Timestamp::from_millis(at)) += 1;
        }
        assert_eq!(line.column(|count| *count), [2, 4]);
    }

    #[test]
    fn a_rate_goes_by_the_length_of_its_interval() {
        let mut line: Intervals<u64> = Intervals::new(Grid::of(Duration::from_millis(600)));
        *line.at(Timestamp::ZERO) = 1_000;
        *line.at(Timestamp::from_millis(550)) = 1_000;
        assert_eq!(line.rates(|bytes| *bytes), [16, 80]);
    }

    #[test]
    fn a_line_of_nothing_is_empty() {
        let mut line: Intervals<u32> = Intervals::new(Grid::of(seconds(1)));
        *line.at(Timestamp::ZERO) = 0;
        assert!(line.column(|count| *count).is_empty());
    }
}
