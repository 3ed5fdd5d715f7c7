//! Owns the estimate of how much later than the fastest packet the others arrive, and the delay that follows from it.
//! `NetEq` keeps a histogram of relative arrival delays in steps of 20 ms and takes its 95 % quantile; here the
//! histogram covers a sliding window instead of being forgotten exponentially, so that it stays in integers.

use std::{collections::VecDeque, time::Duration};

use media_core::Timestamp;

use super::STEP;

/// Packets in the window: 4 s of speech. `NetEq` looks for the fastest packet in 2 s and forgets by 1.7 % per packet.
const WINDOW_PACKETS: usize = 200;
/// Share of packets that are to arrive in time, in percent (`NetEq`'s default quantile).
const QUANTILE_PERCENT: usize = 95;
/// Largest target in steps: 400 ms.
const TARGET_STEPS_MAX: usize = 20;
/// Target before anything is known, in steps.
const TARGET_STEPS_START: usize = 2;
/// Packets before the estimate replaces the start value.
const PACKETS_MIN: usize = 10;

/// Relative arrival delays of the recent packets.
#[derive(Clone, Debug)]
pub(super) struct ArrivalDelays {
    window: VecDeque<Arrival>,
    /// Packets of the window by whole steps of relative delay, rounded up; the last place takes all above.
    histogram: [u16; TARGET_STEPS_MAX + 1],
    fastest: i64,
}

#[derive(Clone, Copy, Debug)]
struct Arrival {
    /// Arrival minus timestamp, in nanoseconds of an arbitrary origin.
    offset: i64,
    bucket: u8,
}

impl ArrivalDelays {
    pub(super) fn new() -> Self {
        Self {
            window: VecDeque::with_capacity(WINDOW_PACKETS),
            histogram: [0; TARGET_STEPS_MAX + 1],
            fastest: i64::MAX,
        }
    }

    /// A packet with `rtp_timestamp` (48 kHz, unwrapped) arrived at `now`.
    pub(super) fn on_arrival(&mut self, now: Timestamp, rtp_timestamp: u64) {
        if self.window.len() == WINDOW_PACKETS
            && let Some(oldest) = self.window.pop_front()
        {
            self.histogram[oldest.bucket as usize] -= 1;
            if oldest.offset == self.fastest {
                self.fastest = self.window.iter().map(|arrival| arrival.offset).min().unwrap_or(i64::MAX);
            }
        }
        let offset = offset(now, rtp_timestamp);
        self.fastest = self.fastest.min(offset);
        let behind = offset.saturating_sub(self.fastest) as u64;
        let bucket = behind.div_ceil(STEP.as_nanos() as u64).min(TARGET_STEPS_MAX as u64) as u8;
        self.histogram[bucket as usize] += 1;
        self.window.push_back(Arrival { offset, bucket });
    }

    /// The delay that lets 95 % of the recent packets arrive in time: 20 to 400 ms.
    pub(super) fn target(&self) -> Duration {
        STEP * self.target_steps() as u32
    }

    /// How much later than the fastest packet of the window the sample at `rtp_timestamp` is played at `at`.
    pub(super) fn behind_fastest(&self, at: Timestamp, rtp_timestamp: u64) -> Duration {
        let behind = offset(at, rtp_timestamp).saturating_sub(self.fastest);
        Duration::from_nanos(u64::try_from(behind).unwrap_or(0))
    }

    fn target_steps(&self) -> usize {
        if self.window.len() < PACKETS_MIN {
            return TARGET_STEPS_START;
        }
        let rank = (self.window.len() * QUANTILE_PERCENT).div_ceil(100);
        let mut seen = 0;
        let quantile = self.histogram.iter().position(|packets| {
            seen += usize::from(*packets);
            seen >= rank
        });
        quantile.unwrap_or(TARGET_STEPS_MAX).clamp(1, TARGET_STEPS_MAX)
    }
}

/// RTP ticks (48 kHz) in `duration`.
pub(super) fn ticks(duration: Duration) -> u64 {
    (duration.as_nanos() * 48 / 1_000_000) as u64
}

/// Arrival minus timestamp in nanoseconds; only differences of it mean anything.
fn offset(now: Timestamp, rtp_timestamp: u64) -> i64 {
    let sent = i128::from(rtp_timestamp) * 1_000_000 / 48;
    (i128::from(now.as_nanos()) - sent).clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}
