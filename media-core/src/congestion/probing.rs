//! Owns the search for more: short trains of packets at a rate above the estimate, and what their arrival says. When to search
//! is decided in `rate_search`.

use std::{collections::VecDeque, time::Duration};

use super::{WIRE_OVERHEAD_BYTES, sent_log::Cluster, sent_log::Sent};
use crate::Timestamp;

/// UDP payload of a padding packet: RTP header, transport-wide sequence number, and as much padding as one byte can count
/// (RFC 3550 section 5.1).
const PADDING_BYTES: u16 = 255 + 20;
/// A train lasts so long, at least, and has so many packets (libwebrtc's numbers). Where delay varies by itself it is longer,
/// up to the most, so that it shows more than the variation.
const TRAIN: Duration = Duration::from_millis(15);
const TRAIN_MAX: Duration = Duration::from_millis(100);
const TRAIN_VARIATIONS: f64 = 10.0;
const TRAIN_PACKETS: u32 = 5;
/// After which time a train's first padding is due.
const START: Duration = Duration::from_micros(10);
/// Trains that may wait for their turn.
const WAITING_MAX: usize = 4;
/// A train that has not left after this time is given up: nobody sends its padding.
const PATIENCE: Duration = Duration::from_secs(1);
/// Padding that was handed out and has not left, in packets.
const PROMISED_MAX: u64 = 8;
/// Of a train's bytes so many have to arrive.
const ARRIVED_SHARE: f64 = 0.8;
/// A train that arrives so much faster than it left was held up by something, and says nothing.
const FASTER_MAX: f64 = 2.0;
/// One that arrives slower than this share of its rate shows what the line carries, and not all of that is to be used.
const SLOWER: f64 = 0.9;
const SLOWER_USED: f64 = 0.95;

/// A train that leaves.
#[derive(Debug)]
struct Train {
    cluster: Cluster,
    bps: f64,
    length: Duration,
    began: Timestamp,
    /// Bytes that left or were handed out as padding, and those of them that have not left yet.
    bytes: u64,
    promised: u64,
    packets: u32,
}

/// What is known of a train that arrives.
#[derive(Debug)]
struct Measured {
    cluster: Cluster,
    bps: f64,
    /// When the last packet left, and the bytes of all.
    left: Option<(Timestamp, u64)>,
    bytes: u64,
    packets: u32,
    first_sent: Timestamp,
    last_sent: Timestamp,
    last_sent_bytes: u32,
    first_arrival: i64,
    last_arrival: i64,
    first_arrival_bytes: u32,
}

/// What a train has shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// What was tried.
    pub(super) tried_bps: f64,
    /// What the path carries, for all that the train shows.
    pub(super) bps: f64,
    /// The rate at which it arrived over that at which it left.
    pub(super) kept: f64,
}

/// Trains: those that wait, the one that leaves, and those that arrive.
#[derive(Debug, Default)]
#[repr(C)]
pub(super) struct Probing {
    leaving: Option<Train>,
    /// Rates, and for how long.
    waiting: VecDeque<(f64, Duration)>,
    arriving: VecDeque<Measured>,
    cluster: Cluster,
    length: Duration,
}

impl Probing {
    /// By how much the delay of packets varies, in milliseconds, on a path without a queue.
    pub(super) fn set_variation(&mut self, ms: f64) {
        self.length = Duration::from_secs_f64(TRAIN_VARIATIONS * ms / 1e3).clamp(TRAIN, TRAIN_MAX);
    }

    /// Whether trains have to be long.
    pub(super) fn is_long(&self) -> bool {
        self.length > 2 * TRAIN
    }

    /// Asks for a train at this rate.
    pub(super) fn ask(&mut self, now: Timestamp, bps: f64) {
        self.ask_for(now, bps, self.length.max(TRAIN));
    }

    /// Asks for a train of this length.
    pub(super) fn ask_for(&mut self, now: Timestamp, bps: f64, length: Duration) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back((bps, length));
        }
        self.start(now);
    }

    /// Nothing more is to be tried.
    pub(super) fn stop(&mut self) {
        self.waiting.clear();
        self.arriving.clear();
        self.leaving = None;
    }

    /// Whether a train waits, leaves or is expected back.
    pub(super) fn is_busy(&self) -> bool {
        !self.waiting.is_empty() || self.leaving.is_some() || !self.arriving.is_empty()
    }

    /// The rate of the train that leaves.
    pub(super) fn bps(&self) -> Option<f64> {
        self.leaving.as_ref().map(|train| train.bps)
    }

    /// A packet leaves; which train it belongs to.
    pub(super) fn on_sent(&mut self, now: Timestamp, bytes: u32) -> Cluster {
        let Some(train) = &mut self.leaving else { return 0 };
        let promised = train.promised.min(u64::from(bytes));
        train.promised -= promised;
        train.bytes += u64::from(bytes) - promised;
        train.packets += 1;
        let cluster = train.cluster;
        let seconds = train.length.as_secs_f64();
        if train.packets >= TRAIN_PACKETS && train.bytes as f64 * 8.0 >= train.bps * seconds {
            if let Some(measured) = self.arriving.iter_mut().find(|measured| measured.cluster == cluster) {
                measured.left = Some((now, train.bytes));
            }
            self.leaving = None;
            self.start(now);
        }
        cluster
    }

    /// When the next padding of a train is due.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let train = self.leaving.as_ref()?;
        Some(train.began + Duration::from_nanos((train.bytes as f64 * 8e9 / train.bps) as u64))
    }

    /// UDP payload of the padding to send now. A train whose padding nobody sent is given up for the next one.
    pub(super) fn poll_padding(&mut self, now: Timestamp) -> Option<u16> {
        let bytes = u64::from(PADDING_BYTES) + u64::from(WIRE_OVERHEAD_BYTES);
        while self.poll_timeout()? <= now {
            let train = self.leaving.as_mut()?;
            if now.saturating_since(train.began) <= PATIENCE && train.promised <= PROMISED_MAX * bytes {
                train.bytes += bytes;
                train.promised += bytes;
                return Some(PADDING_BYTES);
            }
            self.give_up();
            self.start(now);
        }
        None
    }

    /// A packet of a train arrived, by the receiver's clock.
    pub(super) fn on_arrival(&mut self, sent: Sent, micros: i64) {
        if let Some(measured) = self.arriving.iter_mut().find(|train| train.cluster == sent.cluster) {
            measured.on_arrival(sent, micros);
        }
    }

    /// What has been found since the last time. Trains that do not come back are forgotten.
    pub(super) fn poll_found(&mut self, now: Timestamp, patience: Duration) -> Option<Found> {
        let found = self.arriving.iter().position(|train| train.found().is_some());
        if let Some(index) = found {
            return self.arriving.remove(index).and_then(|train| train.found());
        }
        self.arriving.retain(|train| train.left.is_none_or(|(at, _)| now.saturating_since(at) < patience));
        None
    }

    fn give_up(&mut self) {
        if let Some(train) = self.leaving.take() {
            self.arriving.retain(|measured| measured.cluster != train.cluster);
        }
    }

    fn start(&mut self, now: Timestamp) {
        if self.leaving.is_none()
            && let Some((bps, length)) = self.waiting.pop_front()
        {
            self.cluster = self.cluster.wrapping_add(1).max(1);
            let cluster = self.cluster;
            self.arriving.push_back(Measured::new(cluster, bps));
            // Not in this very moment: whoever asks for the next time has done what is due now.
            let began = now + START;
            self.leaving = Some(Train { cluster, bps, length, began, bytes: 0, promised: 0, packets: 0 });
        }
    }
}

impl Measured {
    fn new(cluster: Cluster, bps: f64) -> Self {
        Self {
            cluster,
            bps,
            left: None,
            bytes: 0,
            packets: 0,
            first_sent: Timestamp::FAR_FUTURE,
            last_sent: Timestamp::ZERO,
            last_sent_bytes: 0,
            first_arrival: i64::MAX,
            last_arrival: i64::MIN,
            first_arrival_bytes: 0,
        }
    }

    fn on_arrival(&mut self, sent: Sent, micros: i64) {
        self.packets += 1;
        self.bytes += u64::from(sent.bytes());
        self.first_sent = self.first_sent.min(sent.at);
        if sent.at >= self.last_sent {
            (self.last_sent, self.last_sent_bytes) = (sent.at, sent.bytes());
        }
        if micros < self.first_arrival {
            (self.first_arrival, self.first_arrival_bytes) = (micros, sent.bytes());
        }
        self.last_arrival = self.last_arrival.max(micros);
    }

    /// The last packet's time on the wire lies after its departure, the first one's before its arrival.
    fn found(&self) -> Option<Found> {
        let enough = self.bytes as f64 >= ARRIVED_SHARE * self.left?.1 as f64;
        let sent_micros = self.last_sent.saturating_since(self.first_sent).as_micros() as f64;
        let arrived_micros = self.last_arrival.saturating_sub(self.first_arrival) as f64;
        if !enough || self.packets * 5 < TRAIN_PACKETS * 4 || sent_micros <= 0.0 || arrived_micros <= 0.0 {
            return None;
        }
        let sent_bps = self.bytes.saturating_sub(u64::from(self.last_sent_bytes)) as f64 * 8e6 / sent_micros;
        let arrived_bps =
            self.bytes.saturating_sub(u64::from(self.first_arrival_bytes)) as f64 * 8e6 / arrived_micros;
        let bps = if arrived_bps > FASTER_MAX * sent_bps {
            0.0
        } else if arrived_bps < SLOWER * sent_bps {
            SLOWER_USED * arrived_bps
        } else {
            arrived_bps.min(sent_bps)
        };
        Some(Found { tried_bps: self.bps, bps, kept: arrived_bps / sent_bps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_MEGABIT: f64 = 500_000.0;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    #[test]
    fn padding_that_nobody_sent_in_time_leaves_no_timer_in_the_past() {
        let mut probing = Probing::default();
        probing.ask(at(0), HALF_MEGABIT);
        probing.ask(at(0), HALF_MEGABIT);
        for ms in [1_001, 1_002, 5_000, 9_000] {
            while probing.poll_padding(at(ms)).is_some() {}
            assert!(probing.poll_timeout().is_none_or(|due| due > at(ms)), "{ms}");
        }
        assert!(!probing.is_busy());
    }

    #[test]
    fn a_train_shows_at_which_rate_it_arrived() {
        for (arrival_micros, shown) in [(4_848, HALF_MEGABIT), (9_696, 0.95 * HALF_MEGABIT / 2.0)] {
            let mut probing = Probing::default();
            probing.ask(at(0), HALF_MEGABIT);
            let (mut sent, mut now) = (Vec::new(), at(0));
            while let Some(due) = probing.poll_timeout() {
                now = now.max(due);
                let bytes = u32::from(probing.poll_padding(now).unwrap()) + WIRE_OVERHEAD_BYTES;
                sent.push((now, bytes, probing.on_sent(now, bytes)));
            }
            assert_eq!(sent.len(), 5);
            for (n, (at, bytes, cluster)) in (0..).zip(sent) {
                probing.on_arrival(Sent::on_its_way(at, bytes, cluster), n * arrival_micros);
            }
            let found = probing.poll_found(now, PATIENCE).unwrap();
            assert!((found.bps / shown - 1.0).abs() < 0.01, "{found:?} instead of {shown}");
            assert!(!probing.is_busy());
        }
    }
}
