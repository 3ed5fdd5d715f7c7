//! Owns whether delay is growing: a line through the last groups' delays, held against a threshold that adapts to how much a
//! path varies by itself (draft-ietf-rmcat-gcc-02 sections 5.3 and 5.4, with the constants that libwebrtc has come to).

use super::inter_arrival::Variation;

/// Groups that the line is laid through.
const GROUPS: usize = 20;
/// Sums that are made side by side; a divisor of the number of groups.
const LANES: usize = 4;
/// How much of the smoothed delay stays with each new group.
const SMOOTHING: f64 = 0.9;
/// By which the slope is multiplied, besides the number of groups.
const GAIN: f64 = 4.0;
/// The number of groups counts up to this.
const GROUPS_COUNTED_MAX: u32 = 60;
/// The threshold at the beginning, and between what it stays, in milliseconds (section 5.4 gives the latter).
const THRESHOLD_MS: f64 = 12.5;
const THRESHOLD_MIN_MS: f64 = 6.0;
const THRESHOLD_MAX_MS: f64 = 600.0;
/// How fast it goes up and down, for each millisecond of difference and of time.
const RISE: f64 = 0.0087;
const FALL: f64 = 0.039;
/// What exceeds it by more is a spike, and teaches nothing (section 5.4).
const SPIKE_MS: f64 = 15.0;
/// The longest step in time by which it adapts.
const STEP_MAX_MS: f64 = 100.0;
/// For how long delay has to grow (section 5.4).
const OVERUSE_MS: f64 = 10.0;

/// Groups over which the variation is averaged, and the most that one counts.
const VARIATION_GROUPS: f64 = 32.0;
const VARIATION_MAX_MS: f64 = 100.0;

/// What delay says of the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Usage {
    /// A queue drains.
    Under,
    /// Nothing changes.
    #[default]
    Normal,
    /// A queue grows.
    Over,
}

/// The line and its threshold.
#[derive(Debug)]
pub(super) struct Trendline {
    /// Arrivals and smoothed delays, in milliseconds from the first group. A new one takes the place of the oldest.
    arrivals_ms: [f64; GROUPS],
    delays_ms: [f64; GROUPS],
    /// How many there have been.
    count: usize,
    first_arrival: i64,
    groups: u32,
    accumulated_ms: f64,
    smoothed_ms: f64,
    slope: f64,
    variation_ms: f64,
    threshold_ms: f64,
    adapted_at_ms: f64,
    /// For how long the threshold has been exceeded, and in how many groups.
    over: Option<(f64, u32)>,
    usage: Usage,
}

impl Default for Trendline {
    fn default() -> Self {
        Self {
            arrivals_ms: [0.0; GROUPS],
            delays_ms: [0.0; GROUPS],
            count: 0,
            first_arrival: 0,
            groups: 0,
            accumulated_ms: 0.0,
            smoothed_ms: 0.0,
            slope: 0.0,
            variation_ms: 0.0,
            threshold_ms: THRESHOLD_MS,
            adapted_at_ms: 0.0,
            over: None,
            usage: Usage::Normal,
        }
    }
}

impl Trendline {
    /// Another group is complete.
    pub(super) fn on_group(&mut self, group: Variation) {
        if self.groups == 0 {
            self.first_arrival = group.arrival;
        }
        let arrival_ms = group.arrival.saturating_sub(self.first_arrival) as f64 / 1e3;
        self.groups = (self.groups + 1).min(GROUPS_COUNTED_MAX);
        self.accumulated_ms += group.delay_ms;
        self.variation_ms +=
            (group.delay_ms.abs().min(VARIATION_MAX_MS) - self.variation_ms) / VARIATION_GROUPS;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.accumulated_ms;
        let place = self.count % GROUPS;
        (self.arrivals_ms[place], self.delays_ms[place]) = (arrival_ms, self.smoothed_ms);
        self.count += 1;
        let slope = if self.count >= GROUPS { self.fitted().unwrap_or(self.slope) } else { self.slope };
        self.judge(slope, group.sent_ms);
        self.adapt(slope, arrival_ms);
        self.slope = slope;
    }

    /// What the last group says.
    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    /// By how much the delay of one group differs from the next one's, on average, in milliseconds.
    pub(super) fn variation_ms(&self) -> f64 {
        self.variation_ms
    }

    /// Least squares over all points. Several sums are made side by side, so that none waits for the one before.
    fn fitted(&self) -> Option<f64> {
        let mean = |sums: [f64; LANES]| sums.iter().sum::<f64>() / GROUPS as f64;
        let (mut sums_x, mut sums_y) = ([0.0; LANES], [0.0; LANES]);
        for (xs, ys) in self.lanes() {
            for lane in 0..LANES {
                sums_x[lane] += xs[lane];
                sums_y[lane] += ys[lane];
            }
        }
        let (mean_x, mean_y) = (mean(sums_x), mean(sums_y));
        let (mut products, mut squares) = ([0.0; LANES], [0.0; LANES]);
        for (xs, ys) in self.lanes() {
            for lane in 0..LANES {
                let x = xs[lane] - mean_x;
                products[lane] += x * (ys[lane] - mean_y);
                squares[lane] += x * x;
            }
        }
        let denominator = squares.iter().sum::<f64>();
        (denominator > 0.0).then(|| products.iter().sum::<f64>() / denominator)
    }

    fn lanes(&self) -> impl Iterator<Item = (&[f64; LANES], &[f64; LANES])> {
        let (xs, _) = self.arrivals_ms.as_chunks::<LANES>();
        let (ys, _) = self.delays_ms.as_chunks::<LANES>();
        xs.iter().zip(ys)
    }

    fn judge(&mut self, slope: f64, sent_ms: f64) {
        let trend_ms = self.trend_ms(slope);
        if trend_ms > self.threshold_ms {
            let (time, groups) = self.over.map_or((sent_ms / 2.0, 1), |(t, n)| (t + sent_ms, n + 1));
            self.over = Some((time, groups));
            if time > OVERUSE_MS && groups > 1 && slope >= self.slope {
                self.over = Some((0.0, 0));
                self.usage = Usage::Over;
            }
        } else {
            self.over = None;
            self.usage = if trend_ms < -self.threshold_ms { Usage::Under } else { Usage::Normal };
        }
    }

    fn trend_ms(&self, slope: f64) -> f64 {
        f64::from(self.groups) * slope * GAIN
    }

    fn adapt(&mut self, slope: f64, at_ms: f64) {
        let trend_ms = self.trend_ms(slope).abs();
        let step_ms = (at_ms - self.adapted_at_ms).clamp(0.0, STEP_MAX_MS);
        self.adapted_at_ms = at_ms;
        if trend_ms > self.threshold_ms + SPIKE_MS {
            return;
        }
        let speed = if trend_ms < self.threshold_ms { FALL } else { RISE };
        self.threshold_ms += speed * (trend_ms - self.threshold_ms) * step_ms;
        self.threshold_ms = self.threshold_ms.clamp(THRESHOLD_MIN_MS, THRESHOLD_MAX_MS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first usage other than normal among `groups` groups, 10 ms apart, each `delay_ms` later than the one before.
    fn first_notice(groups: usize, mut delay_ms: impl FnMut(usize) -> f64) -> Option<(usize, Usage)> {
        let mut trend = Trendline::default();
        let mut arrival_ms = 0.0;
        (0..groups).find_map(|n| {
            let delay_ms = delay_ms(n);
            arrival_ms += 10.0 + delay_ms;
            let arrival = (arrival_ms * 1e3) as i64;
            trend.on_group(Variation { sent_ms: 10.0, delay_ms, arrival });
            (trend.usage() != Usage::Normal).then_some((n, trend.usage()))
        })
    }

    #[test]
    fn a_growing_queue_is_overuse() {
        let (n, usage) = first_notice(100, |n| if n < 40 { 0.0 } else { 2.0 }).unwrap();
        assert_eq!(usage, Usage::Over);
        assert!((41..55).contains(&n), "{n}");
    }

    #[test]
    fn a_draining_queue_is_underuse() {
        assert_eq!(first_notice(100, |n| if n < 40 { 0.0 } else { -2.0 }).unwrap().1, Usage::Under);
    }

    #[test]
    fn a_steady_path_is_neither() {
        assert_eq!(first_notice(500, |_| 0.0), None);
    }

    #[test]
    fn a_few_milliseconds_to_and_fro_are_neither() {
        assert_eq!(first_notice(500, |n| if n % 2 == 0 { 3.0 } else { -3.0 }), None);
    }
}
