//! Owns the geometry of time lines: lists of numbers become paths of SVG. Coordinates are integers: milliseconds of the run
//! to the right, thousandths of the full height down. Colours are the style sheet's.

use std::fmt::Write as _;

/// Height of every chart in its own units.
pub(super) const HEIGHT: u64 = 1_000;

/// How a run's intervals lie on the axis of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Length of the run in milliseconds; at least 1.
    pub(super) end_ms: u64,
    /// Length of an interval in milliseconds; at least 1.
    pub(super) interval_ms: u64,
}

impl Axis {
    /// Where an interval begins, in milliseconds.
    pub(super) fn start_ms(self, index: usize) -> u64 {
        (index as u64 * self.interval_ms).min(self.end_ms)
    }

    /// Whole seconds that are worth a mark: at most ten, the first at zero.
    pub(super) fn marks(self) -> impl Iterator<Item = u64> {
        let seconds = self.end_ms.div_ceil(1_000);
        let step = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600].into_iter().find(|step| seconds / step <= 10);
        (0..=seconds).step_by(step.unwrap_or(1_200) as usize).filter(move |mark| mark * 1_000 <= self.end_ms)
    }

    /// The place of a moment in hundredths of a percent of the width.
    pub(super) fn share(self, at_ms: u64) -> f64 {
        (at_ms.min(self.end_ms) * 10_000 / self.end_ms) as f64 / 100.0
    }
}

/// Bars that rise from the ground, `max` at full height. Equal neighbours share a bar; zeros have none.
pub(super) fn rising(axis: Axis, values: &[u32], max: u32) -> String {
    bars(axis, values, max, |height| (HEIGHT - height, height))
}

/// Bars that hang from above, `max` at full height.
pub(super) fn hanging(axis: Axis, values: &[u32], max: u32) -> String {
    bars(axis, values, max, |height| (0, height))
}

/// A line in steps, `max` at full height.
pub(super) fn stepped(axis: Axis, values: &[u32], max: u32) -> String {
    let mut path = String::new();
    for (index, value) in values.iter().enumerate() {
        let y = HEIGHT - height(*value, max);
        let start = if index == 0 { "M0 " } else { "V" };
        _ = write!(path, "{start}{y}H{}", axis.start_ms(index + 1));
    }
    path
}

/// The sum of two lists; a missing number is zero.
pub(super) fn sum(one: &[u32], other: &[u32]) -> Vec<u32> {
    let at = |list: &[u32], index: usize| list.get(index).copied().unwrap_or_default();
    (0..one.len().max(other.len())).map(|index| at(one, index).saturating_add(at(other, index))).collect()
}

fn bars(axis: Axis, values: &[u32], max: u32, place: impl Fn(u64) -> (u64, u64)) -> String {
    let mut path = String::new();
    let mut index = 0;
    for equal in values.chunk_by(|one, next| height(*one, max) == height(*next, max)) {
        let (from, to) = (axis.start_ms(index), axis.start_ms(index + equal.len()));
        index += equal.len();
        let (y, height) = place(height(equal[0], max));
        if height > 0 {
            _ = write!(path, "M{from} {y}H{to}v{height}H{from}z");
        }
    }
    path
}

/// In thousandths of `max`. What is not zero can be seen.
fn height(value: u32, max: u32) -> u64 {
    let height = u64::from(value.min(max)) * HEIGHT / u64::from(max.max(1));
    if value > 0 { height.max(HEIGHT / 40) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AXIS: Axis = Axis { end_ms: 1_750, interval_ms: 500 };

    #[test]
    fn bars_stand_where_their_intervals_are_and_the_last_may_be_shorter() {
        assert_eq!(rising(AXIS, &[0, 10, 10, 5], 10), "M500 0H1500v1000H500zM1500 500H1750v500H1500z");
        assert_eq!(hanging(AXIS, &[5, 0, 0, 0], 10), "M0 0H500v500H0z");
        assert_eq!(rising(AXIS, &[0, 0], 10), "");
    }

    #[test]
    fn a_step_line_reaches_over_the_whole_run() {
        assert_eq!(stepped(AXIS, &[0, 10, 5, 5], 10), "M0 1000H500V0H1000V500H1500V500H1750");
    }

    #[test]
    fn a_value_that_is_not_zero_can_be_seen_and_none_leaves_the_chart() {
        assert_eq!(height(1, 1_000_000), HEIGHT / 40);
        assert_eq!(height(30, 10), HEIGHT);
        assert_eq!(height(0, 0), 0);
    }

    #[test]
    fn no_axis_has_more_than_eleven_marks() {
        for end_ms in [1, 999, 6_000, 7_000, 30_000, 61_000, 3_600_000] {
            let marks: Vec<_> = Axis { end_ms, interval_ms: 500 }.marks().collect();
            assert!((1..=11).contains(&marks.len()) && marks[0] == 0, "{end_ms}: {marks:?}");
        }
    }
}
