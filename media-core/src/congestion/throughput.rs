//! Owns how much arrives: the acknowledged bitrate over the last packets, and the rate at which the same packets were sent.

use std::{collections::VecDeque, time::Duration};

use crate::{Timestamp, limits};

/// Over so much time, at least.
const WINDOW_MICROS: i64 = 400_000;
/// And over so many packets.
const PACKETS_MIN: usize = 12;
/// What is older takes no part, however few packets there are.
const WINDOW_MAX_MICROS: i64 = 2_000_000;

#[derive(Clone, Copy, Debug)]
struct Arrival {
    sent: Timestamp,
    micros: i64,
    bytes: u32,
}

/// The last packets that arrived.
#[derive(Debug, Default)]
pub(super) struct Throughput {
    arrivals: VecDeque<Arrival>,
    bytes: u64,
}

impl Throughput {
    /// In the order of arrival; `micros` by the receiver's clock.
    pub(super) fn on_arrival(&mut self, sent: Timestamp, micros: i64, bytes: u32) {
        if self
            .arrivals
            .back()
            .is_some_and(|last| micros.saturating_sub(last.micros).saturating_abs() > WINDOW_MAX_MICROS)
        {
            self.clear();
        }
        self.arrivals.push_back(Arrival { sent, micros, bytes });
        self.bytes += u64::from(bytes);
        while self.arrivals.len() > limits::THROUGHPUT_PACKETS_MAX
            || (self.arrivals.len() > PACKETS_MIN
                && micros.saturating_sub(self.arrivals[1].micros) > WINDOW_MICROS)
        {
            let oldest = self.arrivals.pop_front().expect("the loop looked at two");
            self.bytes -= u64::from(oldest.bytes);
        }
    }

    /// What is known is of no use after a long silence.
    pub(super) fn clear(&mut self) {
        self.arrivals.clear();
        self.bytes = 0;
    }

    /// What arrives, in bits per second; never more than was sent, so that what a line had held up does not count as its
    /// rate.
    pub(super) fn acknowledged_bps(&self) -> Option<f64> {
        let (first, last) = self.ends()?;
        let micros = last.micros.saturating_sub(first.micros).max(1) as f64;
        // The first packet's time on the wire lies before its arrival.
        let received = (self.bytes - u64::from(first.bytes)) as f64 * 8e6 / micros;
        Some(received.min(self.sent_bps()?))
    }

    /// What was sent of that, in bits per second.
    pub(super) fn sent_bps(&self) -> Option<f64> {
        let (first, _) = self.ends()?;
        let (mut earliest, mut latest) = (first.sent, first.sent);
        for arrival in &self.arrivals {
            earliest = earliest.min(arrival.sent);
            latest = latest.max(arrival.sent);
        }
        let micros = latest.saturating_since(earliest).max(Duration::from_micros(1)).as_micros() as f64;
        Some((self.bytes - u64::from(first.bytes)) as f64 * 8e6 / micros)
    }

    fn ends(&self) -> Option<(Arrival, Arrival)> {
        if self.arrivals.len() < PACKETS_MIN {
            return None;
        }
        Some((*self.arrivals.front()?, *self.arrivals.back()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets of 1,000 bytes, sent each `sent_ms` and arriving each `arrival_ms`.
    fn after(count: u64, sent_ms: u64, arrival_ms: i64) -> Throughput {
        let mut throughput = Throughput::default();
        for n in 0..count {
            let micros = n as i64 * arrival_ms * 1000;
            throughput.on_arrival(Timestamp::from_millis(n * sent_ms), micros, 1000);
        }
        throughput
    }

    #[test]
    fn what_arrives_is_measured_by_the_receivers_clock() {
        let bps = after(100, 5, 10).acknowledged_bps().unwrap();
        assert!((bps - 800_000.0).abs() < 1.0, "{bps}");
    }

    #[test]
    fn a_burst_that_a_line_held_up_is_not_faster_than_it_was_sent() {
        let bps = after(100, 10, 1).acknowledged_bps().unwrap();
        assert!((bps - 800_000.0).abs() < 1.0, "{bps}");
    }

    #[test]
    fn a_few_packets_say_nothing() {
        assert_eq!(after(PACKETS_MIN as u64 - 1, 10, 10).acknowledged_bps(), None);
    }

    #[test]
    fn a_leap_in_time_begins_anew() {
        let mut throughput = after(100, 5, 5);
        throughput.on_arrival(Timestamp::from_millis(600), i64::MAX, 1000);
        assert_eq!(throughput.acknowledged_bps(), None);
        throughput.on_arrival(Timestamp::from_millis(600), i64::MIN, 1000);
        assert_eq!(throughput.acknowledged_bps(), None);
    }
}
