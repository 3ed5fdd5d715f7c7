//! Owns the retransmission timeout: RFC 6298 with Linux's minimum of 200 ms (`TCP_RTO_MIN`). Time is exact here, so the
//! clock granularity G of the RFC is zero.

use std::time::Duration;

/// Before the first measurement (RFC 6298 section 2.1).
const RTO_START: Duration = Duration::from_secs(1);
/// Linux's choice; the RFC asks for a second (section 2.4) but allows for finer clocks.
const RTO_MIN: Duration = Duration::from_millis(200);
/// RFC 6298 section 2.5.
const RTO_MAX: Duration = Duration::from_mins(1);
/// Doublings after which the maximum is reached in any case.
const BACKOFF_MAX: u32 = 9;

/// Smoothed round-trip time and the timeout that follows.
#[derive(Clone, Debug, Default)]
pub(super) struct RttEstimator {
    /// Smoothed round-trip time and its variation.
    smoothed: Option<(Duration, Duration)>,
    minimum: Option<Duration>,
    backoff: u32,
}

impl RttEstimator {
    /// Something has arrived that had not before: the path is there, and the back-off ends. Karn's rule (section 3) would
    /// keep it until a segment arrives that was sent once only; the timestamps of RFC 7323, which these segments have room
    /// for, tell retransmissions apart.
    pub(super) fn on_progress(&mut self) {
        self.backoff = 0;
    }

    /// A round trip of a segment that was sent once only.
    pub(super) fn on_sample(&mut self, rtt: Duration) {
        self.minimum = Some(self.minimum.map_or(rtt, |minimum| minimum.min(rtt)));
        self.smoothed = Some(match self.smoothed {
            None => (rtt, rtt / 2),
            Some((smoothed, variation)) => {
                (smoothed * 7 / 8 + rtt / 8, variation * 3 / 4 + smoothed.abs_diff(rtt) / 4)
            }
        });
    }

    /// The timer expired (section 5.5).
    pub(super) fn on_timeout(&mut self) {
        self.backoff = (self.backoff + 1).min(BACKOFF_MAX);
    }

    /// The timeout for what is sent next.
    pub(super) fn rto(&self) -> Duration {
        (self.first_rto() * (1 << self.backoff)).min(RTO_MAX)
    }

    /// The timeout without back-off.
    pub(super) fn first_rto(&self) -> Duration {
        self.smoothed.map_or(RTO_START, |(smoothed, variation)| (smoothed + variation * 4).max(RTO_MIN))
    }

    /// Whether the timer has expired more than once since the last measurement.
    pub(super) fn is_backed_off(&self) -> bool {
        self.backoff > 1
    }

    /// The shortest so far; 0 before the first.
    pub(super) fn minimum(&self) -> Duration {
        self.minimum.unwrap_or_default()
    }

    pub(super) fn smoothed(&self) -> Option<Duration> {
        self.smoothed.map(|(smoothed, _)| smoothed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_timeout_starts_at_a_second_and_doubles_up_to_a_minute() {
        let mut rtt = RttEstimator::default();
        let mut timeouts = Vec::new();
        for _ in 0..8 {
            timeouts.push(rtt.rto().as_secs());
            rtt.on_timeout();
        }
        assert_eq!(timeouts, [1, 2, 4, 8, 16, 32, 60, 60]);
        (0..1_000).for_each(|_| rtt.on_timeout());
        assert_eq!(rtt.rto(), RTO_MAX);
    }

    #[test]
    fn the_first_measurement_gives_three_times_itself_and_progress_ends_the_backoff() {
        let mut rtt = RttEstimator::default();
        rtt.on_timeout();
        rtt.on_sample(ms(100));
        assert_eq!(rtt.rto(), ms(600));
        rtt.on_progress();
        assert_eq!(rtt.rto(), ms(300));
        // Section 2.3: RTTVAR = 3/4 x 50 + 1/4 x 40, SRTT = 7/8 x 100 + 1/8 x 140.
        rtt.on_sample(ms(140));
        assert_eq!(rtt.rto(), ms(105) + (Duration::from_micros(37_500) + ms(10)) * 4);
    }

    #[test]
    fn a_steady_fast_path_still_waits_200_ms() {
        let mut rtt = RttEstimator::default();
        (0..100).for_each(|_| rtt.on_sample(ms(5)));
        assert_eq!(rtt.rto(), RTO_MIN);
    }
}
