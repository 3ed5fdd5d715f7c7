//! Owns a link's rate over time. Serving packets at that rate is the transmitter's work.

use media_core::time::Timestamp;

use super::{PS_PER_SECOND, picoseconds};

/// Bits per second over time, in steps: each rate holds until the next step, the last one for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateTimeline {
    /// The first at [`Timestamp::ZERO`], times strictly increasing.
    steps: Vec<(Timestamp, u64)>,
}

impl RateTimeline {
    /// One rate for ever; 0 is an outage.
    pub fn constant(bps: u64) -> Self {
        Self { steps: vec![(Timestamp::ZERO, bps)] }
    }

    /// The rates in bits per second from the given times on; 0 is an outage.
    ///
    /// # Errors
    /// When the first step is not at [`Timestamp::ZERO`] or times do not strictly increase.
    pub fn from_steps(steps: Vec<(Timestamp, u64)>) -> Result<Self, RateTimelineError> {
        if steps.first().is_none_or(|&(at, _)| at != Timestamp::ZERO) {
            return Err(RateTimelineError::Start);
        }
        match steps.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            Some(pair) => Err(RateTimelineError::Order(pair[1].0)),
            None => Ok(Self { steps }),
        }
    }

    /// Times and bits per second.
    pub fn steps(&self) -> &[(Timestamp, u64)] {
        &self.steps
    }

    /// Bits per second at a time.
    pub fn bps_at(&self, at: Timestamp) -> u64 {
        self.steps[self.step_at(picoseconds(at))].1
    }

    /// Forgets the steps and holds one rate.
    pub(super) fn hold(&mut self, bps: u64) {
        self.steps.clear();
        self.steps.push((Timestamp::ZERO, bps));
    }

    /// The picosecond in which `work` (bits times [`PS_PER_SECOND`]) begun at `from_ps` is done, rounded up, and the
    /// work the rest of that picosecond could still do. Absent when the rate stays 0 for ever.
    pub(super) fn finish(&self, from_ps: u64, work: u128) -> Option<(u64, u128)> {
        let (mut at, mut left, mut step) = (from_ps, work, self.step_at(from_ps));
        loop {
            let bps = self.steps[step].1;
            let end = self.steps.get(step + 1).map(|&(at, _)| picoseconds(at));
            if bps > 0 {
                let needed = time_for(left, bps);
                if end.is_none_or(|end| at.saturating_add(needed) <= end) {
                    let spare = (u128::from(needed) * u128::from(bps)).saturating_sub(left);
                    return Some((at.saturating_add(needed), spare));
                }
                left -= u128::from(end? - at) * u128::from(bps);
            }
            (at, step) = (end?, step + 1);
        }
    }

    /// The work (bits times [`PS_PER_SECOND`]) that can be done from one time to another.
    pub(super) fn work_between(&self, from_ps: u64, to_ps: u64) -> u128 {
        let first = self.step_at(from_ps);
        let mut work = 0;
        for (step, &(at, bps)) in self.steps.iter().enumerate().skip(first) {
            let start = picoseconds(at).max(from_ps);
            if start >= to_ps {
                break;
            }
            let end = self.steps.get(step + 1).map_or(to_ps, |&(at, _)| picoseconds(at).min(to_ps));
            work += u128::from(end - start) * u128::from(bps);
        }
        work
    }

    fn step_at(&self, at_ps: u64) -> usize {
        // The first step is at zero, so at least one step is not later than `at_ps`.
        self.steps.partition_point(|&(at, _)| picoseconds(at) <= at_ps) - 1
    }
}

/// The picoseconds that `work` takes at a rate, rounded up. What takes longer than time lasts takes until its end.
fn time_for(work: u128, bps: u64) -> u64 {
    // The work of whatever fits a datagram is a number of 64 bits, and dividing such is a tenth of the labour.
    match u64::try_from(work) {
        Ok(work) => work.div_ceil(bps),
        Err(_) => u64::try_from(work.div_ceil(u128::from(bps))).unwrap_or(u64::MAX),
    }
}

/// The work of a packet: its bits times [`PS_PER_SECOND`], so that a rate of `r` bit/s does `r` of it in each
/// picosecond.
pub(super) fn work_of(wire_bytes: u32) -> u128 {
    u128::from(wire_bytes) * 8 * PS_PER_SECOND
}

/// Why steps are not a timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RateTimelineError {
    /// The rate at the start is missing.
    #[error("a rate timeline begins with the rate at 0 s")]
    Start,
    /// A step is not later than the one before it.
    #[error("the rate step at {0} is not later than the step before it")]
    Order(Timestamp),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> u64 {
        picoseconds(Timestamp::from_millis(millis))
    }

    fn stepped() -> RateTimeline {
        let at = Timestamp::from_millis;
        RateTimeline::from_steps(vec![(at(0), 1000), (at(10), 0), (at(20), 4000), (at(30), 1000)]).unwrap()
    }

    #[test]
    fn steps_out_of_order_are_refused() {
        let at = Timestamp::from_millis;
        assert_eq!(RateTimeline::from_steps(vec![]), Err(RateTimelineError::Start));
        assert_eq!(RateTimeline::from_steps(vec![(at(1), 5)]), Err(RateTimelineError::Start));
        assert_eq!(
            RateTimeline::from_steps(vec![(at(0), 5), (at(2), 6), (at(2), 7)]),
            Err(RateTimelineError::Order(at(2)))
        );
    }

    #[test]
    fn a_packet_across_steps_takes_each_steps_rate() {
        // From 5 ms: 5 ms at 1000 bit/s do 5 bits, 10 ms of outage none, 10 ms at 4000 bit/s do 40 bits.
        let bits = |bits: u128| bits * PS_PER_SECOND;
        let timeline = stepped();
        assert_eq!(timeline.finish(ms(5), bits(5)), Some((ms(10), 0)));
        assert_eq!(timeline.finish(ms(5), bits(25)), Some((ms(25), 0)));
        assert_eq!(timeline.finish(ms(5), bits(48)), Some((ms(33), 0)));
        assert_eq!(timeline.work_between(ms(5), ms(33)), bits(48));
        assert_eq!(timeline.work_between(ms(12), ms(18)), 0);
    }

    #[test]
    fn an_outage_without_an_end_never_finishes() {
        assert_eq!(RateTimeline::constant(0).finish(0, 1), None);
    }

    #[test]
    fn the_rate_at_a_time_is_the_last_steps() {
        let at = Timestamp::from_millis;
        let rates = [0, 9, 10, 20, 29, 1000].map(|millis| stepped().bps_at(at(millis)));
        assert_eq!(rates, [1000, 1000, 0, 4000, 4000, 1000]);
    }
}
