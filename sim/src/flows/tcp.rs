//! Owns a TCP connection that moves bytes in one direction, as much of it as competes for a line: slow start, congestion
//! avoidance and the retransmission timer (RFC 5681, RFC 6298), and recovery by selective acknowledgements (RFC 6675), as Reno
//! does it since. There are no handshake, window of the receiver, delayed acknowledgement or bytes with a meaning.

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
const RTO_MAX: Duration = Duration::from_mins(1);
/// Segments behind a missing one that mean it is lost (RFC 6675 section 2).
const BEHIND_LOST: usize = 3;

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
    /// What arrived beyond what is acknowledged.
    ahead: BTreeSet<u64>,
    /// What was sent again in this recovery.
    resent: BTreeSet<u64>,
    /// The first of them goes without looking at the window (RFC 6675 section 5, step 4.3).
    has_resent: bool,
    /// In recovery until this segment is acknowledged; after a timeout nothing before it begins another.
    recover: u64,
    is_recovering: bool,
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
            ahead: BTreeSet::new(),
            resent: BTreeSet::new(),
            has_resent: false,
            recover: 0,
            is_recovering: false,
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
        let lost = self.next_lost();
        let is_first = lost.is_some() && !self.has_resent;
        if !is_first && self.in_flight() + 1.0 > self.window {
            return None;
        }
        if let Some(segment) = lost {
            self.resent.insert(segment);
            self.has_resent = true;
            self.timer = Some(now + self.rtt.timeout);
            return Some(segment);
        }
        if self.next >= self.total {
            return None;
        }
        let segment = self.next;
        self.next += 1;
        self.timed.get_or_insert((segment, now));
        self.timer.get_or_insert(now + self.rtt.timeout);
        Some(segment)
    }

    /// Everything before `upto` has arrived, and `segment` just now.
    pub(super) fn on_ack(&mut self, now: Timestamp, upto: u64, segment: u64) {
        // After a timeout everything counts as not sent; what was under way then may still be acknowledged.
        self.next = self.next.max(upto);
        if segment > upto && segment < self.next {
            self.ahead.insert(segment);
        }
        if upto > self.acknowledged {
            self.on_progress(now, upto);
        }
        if !self.is_recovering && self.ahead.len() >= BEHIND_LOST && self.acknowledged >= self.recover {
            self.threshold = (self.in_flight() / 2.0).max(2.0);
            self.window = self.threshold;
            self.recover = self.next;
            self.is_recovering = true;
            self.has_resent = false;
            self.timed = None;
        }
    }

    fn on_progress(&mut self, now: Timestamp, upto: u64) {
        if let Some((timed, left)) = self.timed
            && upto > timed
        {
            self.rtt.on_sample(now.saturating_since(left));
            self.timed = None;
        }
        self.acknowledged = upto;
        self.ahead = self.ahead.split_off(&upto);
        self.resent = self.resent.split_off(&upto);
        self.timer = (self.next > self.acknowledged).then_some(now + self.rtt.timeout);
        if self.is_recovering && upto >= self.recover {
            self.is_recovering = false;
            self.resent.clear();
        } else if !self.is_recovering {
            self.window += if self.window < self.threshold { 1.0 } else { 1.0 / self.window };
        }
    }

    /// Up to which segment missing ones count as lost.
    fn lost_before(&self) -> u64 {
        self.ahead.iter().rev().nth(BEHIND_LOST - 1).copied().unwrap_or(self.acknowledged)
    }

    /// The first lost segment that was not sent again.
    fn next_lost(&self) -> Option<u64> {
        let from = self.resent.last().map_or(self.acknowledged, |last| last + 1).max(self.acknowledged);
        self.is_recovering
            .then(|| (from..self.lost_before()).find(|segment| !self.ahead.contains(segment)))?
    }

    /// Segments on their way (RFC 6675 section 4).
    fn in_flight(&self) -> f64 {
        let sent = self.next - self.acknowledged - self.ahead.len() as u64;
        if !self.is_recovering {
            return sent as f64;
        }
        let border = self.lost_before();
        let lost = border - self.acknowledged - self.ahead.range(..border).count() as u64;
        (sent - lost + self.resent.len() as u64) as f64
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
        self.threshold = (self.in_flight() / 2.0).max(2.0);
        self.window = 1.0;
        self.recover = self.recover.max(self.next);
        self.next = self.acknowledged;
        self.is_recovering = false;
        self.timed = None;
        self.ahead.clear();
        self.resent.clear();
        self.rtt.timeout = (2 * self.rtt.timeout).min(RTO_MAX);
        self.timer = None;
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
