//! Owns a TCP connection that moves bytes in one direction, as much of it as competes for a line: slow start, congestion
//! avoidance and the retransmission timer (RFC 5681, RFC 6298), and fast recovery after NewReno (RFC 6582). There are no
//! handshake, window of the receiver, delayed acknowledgement or bytes with a meaning.

use std::{collections::BTreeSet, time::Duration};

use media_core::Timestamp;

/// Bytes of one segment's payload, and with IP and TCP headers on the wire.
pub(super) const MSS: u64 = 1_460;
pub(super) const SEGMENT_BYTES: u32 = 1_500;
/// An acknowledgement on the wire.
pub(super) const ACK_BYTES: u32 = 40;
/// Segments of the first window (RFC 6928).
const INITIAL_WINDOW: f64 = 10.0;
/// The retransmission timer before any round trip is known, and between what it stays (RFC 6298 sections 2.1 and 2.4, except that
/// the least is what Linux has).
const RTO_INITIAL: Duration = Duration::from_secs(1);
const RTO_MIN: Duration = Duration::from_millis(200);
const RTO_MAX: Duration = Duration::from_secs(60);
/// Duplicate acknowledgements that mean a loss (RFC 5681 section 3.2).
const DUPLICATES: u32 = 3;

/// The sending end. Segments are counted, not bytes.
#[derive(Clone, Debug)]
pub(super) struct TcpSender {
    /// How many segments there are to send.
    total: u64,
    /// The first that is not acknowledged, and the next that was never sent.
    acknowledged: u64,
    next: u64,
    /// Congestion window and slow start threshold, in segments.
    window: f64,
    threshold: f64,
    duplicates: u32,
    /// In fast recovery until this segment is acknowledged.
    recover: Option<u64>,
    /// To be sent again before anything else.
    again: Option<u64>,
    rtt: RoundTrip,
    /// The segment whose round trip is measured, and when it left; none that is sent again (Karn's algorithm).
    timed: Option<(u64, Timestamp)>,
    timer: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct RoundTrip {
    smoothed: Option<Duration>,
    variation: Duration,
    timeout: Duration,
}

impl TcpSender {
    /// With so many segments to send.
    pub(super) fn new(total: u64) -> Self {
        Self {
            total,
            acknowledged: 0,
            next: 0,
            window: INITIAL_WINDOW,
            threshold: f64::INFINITY,
            duplicates: 0,
            recover: None,
            again: None,
            rtt: RoundTrip { smoothed: None, variation: Duration::ZERO, timeout: RTO_INITIAL },
            timed: None,
            timer: None,
        }
    }

    /// How many segments there are to send.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Whether nothing was sent yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.next == 0 && self.acknowledged == 0
    }

    /// Whether everything has arrived.
    pub(super) fn is_done(&self) -> bool {
        self.acknowledged >= self.total
    }

    /// The next segment to leave now.
    pub(super) fn poll_segment(&mut self, now: Timestamp) -> Option<u64> {
        if let Some(segment) = self.again.take() {
            self.timer = Some(now + self.rtt.timeout);
            return Some(segment);
        }
        let in_flight = (self.next - self.acknowledged) as f64;
        if self.next >= self.total || in_flight + 1.0 > self.window {
            return None;
        }
        let segment = self.next;
        self.next += 1;
        self.timed.get_or_insert((segment, now));
        self.timer.get_or_insert(now + self.rtt.timeout);
        Some(segment)
    }

    /// Everything before `upto` has arrived.
    pub(super) fn on_ack(&mut self, now: Timestamp, upto: u64) {
        if upto > self.next {
            // After a timeout everything counts as not sent; what was under way then may still be acknowledged.
            self.next = upto.min(self.total);
        }
        if upto <= self.acknowledged {
            self.on_duplicate(upto);
            return;
        }
        if let Some((segment, left)) = self.timed
            && upto > segment
        {
            self.rtt.on_sample(now.saturating_since(left));
            self.timed = None;
        }
        let newly = (upto - self.acknowledged) as f64;
        self.acknowledged = upto;
        self.timer = (self.next > self.acknowledged).then_some(now + self.rtt.timeout);
        match self.recover {
            Some(recover) if upto < recover => {
                // A partial acknowledgement: the next segment is missing, too (RFC 6582 section 3.2).
                self.again = Some(upto);
                self.window = (self.window - newly + 1.0).max(1.0);
            }
            Some(_) => {
                self.window = self.threshold;
                self.recover = None;
                self.duplicates = 0;
            }
            None => {
                self.duplicates = 0;
                self.window += if self.window < self.threshold { 1.0 } else { 1.0 / self.window };
            }
        }
    }

    /// When [`TcpSender::handle_timeout`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.timer
    }

    /// The retransmission timer has run out (RFC 5681 section 3.1, RFC 6298 section 5): everything is sent again.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        if self.timer.is_none_or(|at| at > now) {
            return;
        }
        self.threshold = self.halved();
        self.window = 1.0;
        self.next = self.acknowledged;
        self.duplicates = 0;
        (self.recover, self.again, self.timed) = (None, None, None);
        self.rtt.timeout = (2 * self.rtt.timeout).min(RTO_MAX);
        self.timer = None;
    }

    fn on_duplicate(&mut self, upto: u64) {
        if upto < self.acknowledged || self.next == self.acknowledged {
            return;
        }
        self.duplicates += 1;
        if self.recover.is_some() {
            self.window += 1.0;
        } else if self.duplicates == DUPLICATES {
            self.threshold = self.halved();
            self.window = self.threshold + f64::from(DUPLICATES);
            self.recover = Some(self.next);
            self.again = Some(self.acknowledged);
            self.timed = None;
        }
    }

    fn halved(&self) -> f64 {
        ((self.next - self.acknowledged) as f64 / 2.0).max(2.0)
    }
}

impl RoundTrip {
    /// RFC 6298 section 2.
    fn on_sample(&mut self, sample: Duration) {
        let smoothed = match self.smoothed {
            None => {
                self.variation = sample / 2;
                sample
            }
            Some(before) => {
                let difference = before.abs_diff(sample);
                self.variation = (3 * self.variation + difference) / 4;
                (7 * before + sample) / 8
            }
        };
        self.smoothed = Some(smoothed);
        self.timeout = (smoothed + 4 * self.variation).clamp(RTO_MIN, RTO_MAX);
    }
}

/// The receiving end: acknowledges each segment at once.
#[derive(Clone, Debug, Default)]
pub(super) struct TcpReceiver {
    upto: u64,
    ahead: BTreeSet<u64>,
}

impl TcpReceiver {
    /// A segment arrived; gives what is acknowledged with it.
    pub(super) fn on_segment(&mut self, segment: u64) -> u64 {
        if segment == self.upto {
            self.upto += 1;
            while self.ahead.remove(&self.upto) {
                self.upto += 1;
            }
        } else if segment > self.upto {
            self.ahead.insert(segment);
        }
        self.upto
    }
}
