//! Owns the sending direction: what is to be sent, what is in flight, when to send it again, and how much may be in
//! flight. Congestion control is slow start and additive increase (RFC 5681) from an initial window of 10 segments
//! (RFC 6928); loss is told from selective acknowledgements (RFC 6675, three segments beyond) or by the timer.

use std::{collections::VecDeque, time::Duration};

use media_core::Timestamp;

use super::{
    receiver::WINDOW_SEGMENTS,
    rtt::RttEstimator,
    wire::{PAYLOAD_BYTES_MAX, SYN_BYTES},
};

/// RFC 6928.
const WINDOW_START: u32 = 10;
/// Segments received beyond a missing one that make it lost (RFC 5681 section 3.2, RFC 6675 `DupThresh`).
const DUPLICATES_MIN: u32 = 3;

/// A segment to put on the wire.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) sequence: u32,
    pub(super) payload: Vec<u8>,
    /// Whether it was sent before.
    pub(super) again: bool,
}

/// A segment that is not acknowledged in order.
#[derive(Clone, Debug)]
struct InFlight {
    payload: Vec<u8>,
    sent: Timestamp,
    /// Sent more than once: its acknowledgement measures nothing (Karn), and only the timer finds it lost again.
    again: bool,
    received: bool,
    lost: bool,
}

/// The sending direction.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// Bytes of the stream that were not sent yet.
    stream: VecDeque<u8>,
    syn_waits: bool,
    /// Segments from `first` on.
    flight: VecDeque<InFlight>,
    /// Number of the first segment that is not acknowledged in order.
    first: u32,
    window: u32,
    /// Segments acknowledged since the window last grew, in congestion avoidance.
    credit: u32,
    slow_start_until: u32,
    /// End of the loss episode: the window shrinks once until this number is acknowledged.
    recovery: Option<u32>,
    rtt: RttEstimator,
    timer: Option<Timestamp>,
    /// When the timer last expired.
    expired: Option<Timestamp>,
}

impl Sender {
    pub(super) fn new() -> Self {
        Self {
            stream: VecDeque::new(),
            syn_waits: false,
            flight: VecDeque::new(),
            first: 0,
            window: WINDOW_START,
            credit: 0,
            slow_start_until: u32::MAX,
            recovery: None,
            rtt: RttEstimator::default(),
            timer: None,
            expired: None,
        }
    }

    pub(super) fn queue_syn(&mut self) {
        self.syn_waits = true;
    }

    pub(super) fn queue(&mut self, record: Vec<u8>) {
        self.stream.extend(record);
    }

    /// Progress is due from `now` on when nothing was due before.
    pub(super) fn touch(&self, now: Timestamp, progress_at: &mut Timestamp) {
        if !self.is_waiting() {
            *progress_at = now;
        }
    }

    /// Whether something is to be sent or acknowledged.
    pub(super) fn is_waiting(&self) -> bool {
        self.syn_waits || !self.stream.is_empty() || !self.flight.is_empty()
    }

    pub(super) fn bytes_waiting(&self) -> usize {
        self.stream.len() + self.flight.iter().map(|segment| segment.payload.len()).sum::<usize>()
    }

    pub(super) fn syn_acknowledged(&self) -> bool {
        self.first > 0
    }

    pub(super) fn timeout(&self) -> Option<Timestamp> {
        self.timer
    }

    pub(super) fn smoothed_rtt(&self) -> Option<Duration> {
        self.rtt.smoothed()
    }

    /// Forgets what was not delivered. What is in flight may still be acknowledged.
    pub(super) fn clear(&mut self) {
        self.first += self.flight.len() as u32;
        self.stream.clear();
        self.flight.clear();
        self.syn_waits = false;
        self.timer = None;
    }

    /// Whether segments up to `ack` were sent at all.
    pub(super) fn can_acknowledge(&self, ack: u32) -> bool {
        ack <= self.first + self.flight.len() as u32
    }

    /// The peer received everything below `ack` and what the map says beyond. True when that is news.
    pub(super) fn on_ack(&mut self, now: Timestamp, ack: u32, sack: u64) -> bool {
        let mut newly = 0;
        let mut sample = None;
        let mut note = |segment: &InFlight| {
            newly += 1;
            if !segment.again {
                sample = Some(now.saturating_since(segment.sent));
            }
        };
        let in_order = ack > self.first;
        while self.first < ack
            && let Some(segment) = self.flight.pop_front()
        {
            self.first += 1;
            if !segment.received {
                note(&segment);
            }
        }
        // An old acknowledgement, overtaken by newer ones, has a map of other segments.
        if ack == self.first {
            for (place, segment) in self.flight.iter_mut().skip(1).enumerate().take(64) {
                if sack >> place & 1 == 1 && !segment.received {
                    segment.received = true;
                    segment.lost = false;
                    note(segment);
                }
            }
        }
        if let Some(rtt) = sample {
            self.rtt.on_sample(rtt);
        }
        if in_order {
            self.timer = (!self.flight.is_empty()).then(|| now + self.rtt.rto());
        }
        if self.recovery.is_some_and(|until| ack >= until) {
            self.recovery = None;
        }
        if self.recovery.is_none() {
            self.grow(newly);
        }
        self.find_losses(now);
        newly > 0
    }

    /// The other end has said something that is no news. If the timer has expired more than once, the path was cut, and
    /// is not any more: what is missing is sent at the pace of the first try instead of waiting for the rest of the
    /// back-off (in the spirit of RFC 6069, which has routers tell).
    pub(super) fn on_sign_of_life(&mut self, now: Timestamp) {
        if let (Some(timer), Some(last)) = (&mut self.timer, self.expired)
            && self.rtt.is_backed_off()
            && last + self.rtt.first_rto() <= now
        {
            *timer = now.min(*timer);
        }
    }

    /// What may be sent at `now`: first what was lost, then new segments.
    pub(super) fn poll(&mut self, now: Timestamp) -> Option<Outgoing> {
        if self.in_flight() >= self.window {
            return None;
        }
        let outgoing = self.poll_lost(now).or_else(|| self.poll_new(now))?;
        if self.timer.is_none() {
            self.timer = Some(now + self.rtt.rto());
        }
        Some(outgoing)
    }

    /// The retransmission timer (RFC 6298 section 5): everything in flight is taken as lost, and sent again from one
    /// segment up.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        if self.timer.is_none_or(|timer| timer > now) {
            return;
        }
        // A lost SYN says nothing about congestion in established state: RFC 5681 section 3.1 asks for a window of one.
        if self.syn_acknowledged() {
            self.slow_start_until = (self.in_flight() / 2).max(2);
        }
        self.window = 1;
        self.credit = 0;
        self.recovery = None;
        for segment in &mut self.flight {
            segment.lost = !segment.received;
        }
        self.rtt.on_timeout();
        self.expired = Some(now);
        self.timer = Some(now + self.rtt.rto());
    }

    fn in_flight(&self) -> u32 {
        self.flight.iter().filter(|segment| !segment.received && !segment.lost).count() as u32
    }

    fn poll_lost(&mut self, now: Timestamp) -> Option<Outgoing> {
        let place = self.flight.iter().position(|segment| segment.lost)?;
        let segment = self.flight.get_mut(place)?;
        segment.lost = false;
        segment.again = true;
        segment.sent = now;
        Some(Outgoing { sequence: self.first + place as u32, payload: segment.payload.clone(), again: true })
    }

    fn poll_new(&mut self, now: Timestamp) -> Option<Outgoing> {
        if self.flight.len() as u32 >= WINDOW_SEGMENTS {
            return None;
        }
        let payload: Vec<u8> = if self.syn_waits {
            self.syn_waits = false;
            vec![0; SYN_BYTES]
        } else {
            let bytes = self.stream.len().min(PAYLOAD_BYTES_MAX);
            self.stream.drain(..bytes).collect()
        };
        if payload.is_empty() {
            return None;
        }
        let sequence = self.first.checked_add(self.flight.len() as u32)?;
        self.flight.push_back(InFlight {
            payload: payload.clone(),
            sent: now,
            again: false,
            received: false,
            lost: false,
        });
        Some(Outgoing { sequence, payload, again: false })
    }

    fn grow(&mut self, newly: u32) {
        for _ in 0..newly {
            if self.window >= WINDOW_SEGMENTS {
                return;
            }
            if self.window < self.slow_start_until {
                self.window += 1;
                continue;
            }
            self.credit += 1;
            if self.credit >= self.window {
                self.credit = 0;
                self.window += 1;
            }
        }
    }

    /// Marks as lost what three later segments overtook, and halves the window once per episode.
    fn find_losses(&mut self, now: Timestamp) {
        let mut beyond = self.flight.iter().filter(|segment| segment.received).count() as u32;
        let mut found = false;
        for segment in &mut self.flight {
            if segment.received {
                beyond -= 1;
            } else if beyond >= DUPLICATES_MIN && !segment.again && !segment.lost {
                segment.lost = true;
                found = true;
            }
        }
        if !found {
            return;
        }
        self.timer = Some(now + self.rtt.rto());
        if self.recovery.is_none() {
            self.slow_start_until = (self.window / 2).max(2);
            self.window = self.slow_start_until;
            self.credit = 0;
            self.recovery = Some(self.first + self.flight.len() as u32);
        }
    }
}
