//! Owns sums over a part of a participant's time line. A part begins and ends with intervals of the run's grid.

use std::ops::Range;

use media_core::Timestamp;
use sim::{run::Run, timeline::Grid};

/// The intervals of a run that lie wholly between two times.
pub(super) fn intervals(run: &Run, window: Range<Timestamp>) -> Range<usize> {
    let length = Grid::of(run.scenario.duration).interval().as_nanos();
    let from = u128::from(window.start.as_nanos()).div_ceil(length) as usize;
    let until = (u128::from(window.end.as_nanos()) / length) as usize;
    from..until.max(from)
}

/// The sum of a line over intervals. A line in which there was nothing is empty.
pub(super) fn sum(line: &[u32], intervals: &Range<usize>) -> u64 {
    let inside = line.iter().take(intervals.end).skip(intervals.start);
    inside.map(|value| u64::from(*value)).sum()
}

/// The mean of a line over intervals.
pub(super) fn mean(line: &[u32], intervals: &Range<usize>) -> f64 {
    sum(line, intervals) as f64 / intervals.len().max(1) as f64
}

/// Seconds of the run as a time.
pub(super) const fn second(second: u64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}
