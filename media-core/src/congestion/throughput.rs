//! Owns how much arrives: the acknowledged bitrate over the last packets, and the rate at which the same packets were sent.

use std::{collections::VecDeque, time::Duration};

use crate::{Timestamp, limits};

/// Over so much time, at least.
const WINDOW_MICROS: i64 = 400_000;
/// And over so many packets.
const PACKETS_MIN: usize = 12;
/// What is older takes no part, however few packets there are.
const WINDOW_MAX_MICROS: i64 = 2_000_000;
/// The least time between two departures that counts.
const MICROSECOND: Duration = Duration::from_micros(1);

#[derive(Clone, Copy, Debug)]
struct Arrival {
    sent: Timestamp,
    micros: i64,
    bytes: u32,
    /// It was sent before the one that arrived before it.
    is_overtaken: bool,
}

/// The last packets that arrived.
#[derive(Debug, Default)]
pub(super) struct Throughput {
    arrivals: VecDeque<Arrival>,
    bytes: u64,
    /// How many of them were overtaken. Mostly none, so that the first was sent first and the last last.
    overtaken: usize,
}

/// Rates over the last packets, in bits per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    /// What arrives; never more than was sent, so that what a line had held up does not count as its rate.
    pub(super) acknowledged_bps: f64,
    /// What was sent of that.
    pub(super) sent_bps: f64,
}

impl Throughput {
    /// In the order of arrival; `micros` by the receiver's clock.
    pub(super) fn on_arrival(&mut self, sent: Timestamp, micros: i64, bytes: u32) {
        let mut before = self.arrivals.back();
        if before.is_some_and(|last| micros.saturating_sub(last.micros).saturating_abs() > WINDOW_MAX_MICROS)
        {
            self.clear();
            before = None;
        }
        let is_overtaken = before.is_some_and(|last| sent < last.sent);
        self.overtaken += usize::from(is_overtaken);
        self.arrivals.push_back(Arrival { sent, micros, bytes, is_overtaken });
        self.bytes += u64::from(bytes);
        while self.arrivals.len() > limits::THROUGHPUT_PACKETS_MAX
            || (self.arrivals.len() > PACKETS_MIN
                && micros.saturating_sub(self.arrivals[1].micros) > WINDOW_MICROS)
        {
            let oldest = self.arrivals.pop_front().expect("the loop looked at two");
            self.bytes -= u64::from(oldest.bytes);
            if let Some(first) = self.arrivals.front_mut() {
                self.overtaken -= usize::from(std::mem::take(&mut first.is_overtaken));
            }
        }
    }

    /// What is known is of no use after a long silence.
    pub(super) fn clear(&mut self) {
        self.arrivals.clear();
        (self.bytes, self.overtaken) = (0, 0);
    }

    /// How much arrives and was sent; nothing while too few packets have arrived.
    pub(super) fn rates(&self) -> Option<Rates> {
        if self.arrivals.len() < PACKETS_MIN {
            return None;
        }
        let (first, last) = (self.arrivals.front()?, self.arrivals.back()?);
        // The first packet's time on the wire lies before its arrival.
        let bits = (self.bytes - u64::from(first.bytes)) as f64 * 8e6;
        let received_micros = last.micros.saturating_sub(first.micros).max(1) as f64;
        let (earliest, latest) = self.departures(first, last);
        let sent_micros =
            (latest.saturating_since(earliest).max(MICROSECOND).as_nanos() as u64 / 1_000) as f64;
        let sent_bps = bits / sent_micros;
        Some(Rates { acknowledged_bps: (bits / received_micros).min(sent_bps), sent_bps })
    }

    /// When the earliest and the latest of them left.
    fn departures(&self, first: &Arrival, last: &Arrival) -> (Timestamp, Timestamp) {
        if self.overtaken == 0 {
            return (first.sent, last.sent);
        }
        let sent = || self.arrivals.iter().map(|arrival| arrival.sent);
        (sent().min().unwrap_or(first.sent), sent().max().unwrap_or(last.sent))
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
        let bps = after(100, 5, 10).rates().unwrap().acknowledged_bps;
        assert!((bps - 800_000.0).abs() < 1.0, "{bps}");
    }

    #[test]
    fn a_burst_that_a_line_held_up_is_not_faster_than_it_was_sent() {
        let bps = after(100, 10, 1).rates().unwrap().acknowledged_bps;
        assert!((bps - 800_000.0).abs() < 1.0, "{bps}");
    }

    #[test]
    fn a_few_packets_say_nothing() {
        assert_eq!(after(PACKETS_MIN as u64 - 1, 10, 10).rates(), None);
    }

    #[test]
    fn what_was_overtaken_counts_from_its_own_departure() {
        let mut throughput = Throughput::default();
        // Every fourth packet arrives behind the two that left after it.
        for n in 0..200_u64 {
            let sent = [0, 2, 3, 1][(n % 4) as usize] + n / 4 * 4;
            throughput.on_arrival(Timestamp::from_millis(10 * sent), n as i64 * 10_000, 1000);
            let sent = throughput.arrivals.iter().map(|arrival| arrival.sent);
            let overtaken = sent.clone().zip(sent.skip(1)).filter(|(before, after)| after < before).count();
            assert_eq!(throughput.overtaken, overtaken, "{n}");
        }
        let (first, last) = (throughput.arrivals[0], throughput.arrivals[throughput.arrivals.len() - 1]);
        let ends = throughput.departures(&first, &last);
        assert_eq!(ends, (Timestamp::from_millis(1_570), Timestamp::from_millis(1_990)));
    }

    #[test]
    fn a_leap_in_time_begins_anew() {
        let mut throughput = after(100, 5, 5);
        throughput.on_arrival(Timestamp::from_millis(600), i64::MAX, 1000);
        assert_eq!(throughput.rates(), None);
        throughput.on_arrival(Timestamp::from_millis(600), i64::MIN, 1000);
        assert_eq!(throughput.rates(), None);
    }
}
