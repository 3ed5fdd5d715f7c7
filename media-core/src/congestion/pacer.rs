//! Owns the spacing of what is sent to one peer: a large frame does not leave as one burst. What does not wait (audio,
//! feedback) is only charged.

use std::{collections::VecDeque, time::Duration};

use crate::Timestamp;

/// The longest that what was sent without waiting keeps the others waiting.
const DEBT_MAX: Duration = Duration::from_millis(250);
/// What may leave at once after a pause unless told otherwise, as time at the pace: fewer timers, and no path notices.
pub const BURST_SHORT: Duration = Duration::from_millis(5);

/// Packets on their way out, in order.
#[derive(Debug)]
#[repr(C)]
pub struct Pacer<T> {
    queue: VecDeque<(u32, T)>,
    queued_bytes: u64,
    bps: u64,
    burst: Duration,
    /// When the path has taken everything that was sent before.
    next: Timestamp,
}

impl<T> Default for Pacer<T> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), queued_bytes: 0, bps: 0, burst: BURST_SHORT, next: Timestamp::ZERO }
    }
}

impl<T> Pacer<T> {
    /// From here on at `bps`, in bits per second on the wire.
    pub fn set_rate(&mut self, bps: u64) {
        self.bps = bps;
    }

    /// So much may leave at once after a pause, as time at the pace.
    pub fn set_burst(&mut self, burst: Duration) {
        self.burst = burst;
    }

    /// Puts a packet of `bytes` on the wire in the queue.
    pub fn push(&mut self, bytes: u32, packet: T) {
        self.queued_bytes += u64::from(bytes);
        self.queue.push_back((bytes, packet));
    }

    /// The next packet, if it is time.
    pub fn poll(&mut self, now: Timestamp) -> Option<T> {
        if self.poll_timeout()? > now {
            return None;
        }
        let (bytes, packet) = self.queue.pop_front()?;
        self.queued_bytes -= u64::from(bytes);
        self.charge(now, bytes);
        Some(packet)
    }

    /// Charges a packet of `bytes` on the wire that may leave at this moment, before it ever waits; says no when others wait
    /// already, or it is not time.
    pub fn passes(&mut self, now: Timestamp, bytes: u32) -> bool {
        let passes = self.queue.is_empty() && self.next - self.burst <= now;
        if passes {
            self.charge(now, bytes);
        }
        passes
    }

    /// When [`Pacer::poll`] has something to give.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        (!self.queue.is_empty()).then_some(self.next - self.burst)
    }

    /// A packet of `bytes` on the wire left without waiting. What does not wait makes the others wait, but not for longer than
    /// `DEBT_MAX`: a rate that was too low for it may rise at any time.
    pub fn charge(&mut self, now: Timestamp, bytes: u32) {
        let from = self.next.clamp(now, now + DEBT_MAX);
        self.next = from + self.time_for(u64::from(bytes));
    }

    /// How long what waits takes to leave at the present rate.
    pub fn backlog(&self) -> Duration {
        if self.queue.is_empty() { Duration::ZERO } else { self.time_for(self.queued_bytes) }
    }

    /// Without a rate nothing takes time.
    fn time_for(&self, bytes: u64) -> Duration {
        let nanos = bytes.saturating_mul(8_000_000_000).checked_div(self.bps).unwrap_or(0);
        Duration::from_nanos(nanos)
    }

    /// Takes out everything but what `keeps` says, in order.
    pub fn retain(&mut self, mut keeps: impl FnMut(&T) -> bool) {
        let queued = &mut self.queued_bytes;
        self.queue.retain(|(bytes, packet)| {
            let keeps = keeps(packet);
            if !keeps {
                *queued -= u64::from(*bytes);
            }
            keeps
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    fn pacer(bps: u64, packets: u32) -> Pacer<u32> {
        let mut pacer = Pacer::default();
        pacer.set_rate(bps);
        (0..packets).for_each(|n| pacer.push(1000, n));
        pacer
    }

    #[test]
    fn packets_leave_in_order_at_the_rate() {
        let mut pacer = pacer(800_000, 3);
        assert_eq!(pacer.backlog(), Duration::from_millis(30));
        assert_eq!((pacer.poll(at(5)), pacer.poll(at(9))), (Some(0), None));
        assert_eq!(pacer.poll_timeout(), Some(at(10)));
        assert_eq!((pacer.poll(at(10)), pacer.poll(at(20)), pacer.poll(at(99))), (Some(1), Some(2), None));
        assert_eq!(pacer.poll_timeout(), None);
    }

    #[test]
    fn what_may_leave_at_once_is_what_would_not_have_waited() {
        for (waiting, ms) in [(0, 5), (0, 4), (1, 20)] {
            let (mut one, mut other) = (pacer(800_000, waiting), pacer(800_000, waiting));
            one.charge(at(0), 1000);
            other.charge(at(0), 1000);
            other.push(1000, 7);
            let waits = waiting > 0 || other.poll(at(ms)).is_none();
            assert_eq!(one.passes(at(ms), 1000), !waits, "{waiting} {ms}");
            if !waits {
                assert_eq!(one.next, other.next);
            }
        }
    }

    #[test]
    fn a_long_burst_lets_a_frame_out_at_once_and_the_next_at_the_rate() {
        let mut pacer = pacer(800_000, 6);
        pacer.set_burst(Duration::from_millis(40));
        let mut out = |ms| std::iter::from_fn(|| pacer.poll(at(ms))).count();
        assert_eq!((out(100), out(109), out(110), out(120)), (5, 0, 1, 0));
    }

    #[test]
    fn what_does_not_wait_delays_the_others() {
        let mut pacer = pacer(800_000, 1);
        pacer.charge(at(0), 1500);
        assert_eq!(pacer.poll_timeout(), Some(at(10)));
    }

    #[test]
    fn what_does_not_wait_does_not_delay_the_others_for_ever() {
        let mut pacer = pacer(10_000, 1);
        (0..100).for_each(|ms| pacer.charge(at(20 * ms), 160));
        assert!(pacer.poll_timeout() < Some(at(2400)), "{:?}", pacer.poll_timeout());
    }

    #[test]
    fn what_is_taken_out_does_not_count() {
        let mut pacer = pacer(800_000, 4);
        pacer.retain(|n| n % 2 == 1);
        assert_eq!(pacer.backlog(), Duration::from_millis(20));
        assert_eq!(pacer.poll(at(0)), Some(1));
    }
}
