//! Owns the sending direction: what is to be sent, what is in flight, and when to send it again. Loss is told from
//! selective acknowledgements (RFC 6675, three segments beyond), from the time at which segments were sent
//! ([`super::loss`]), or by the timer.

use std::{collections::VecDeque, time::Duration};

use bytes::BytesMut;
use media_core::Timestamp;

use super::{
    loss::{Rack, probe_at},
    receiver::WINDOW_SEGMENTS,
    rtt::RttEstimator,
    window::Window,
    wire::{PAYLOAD_BYTES_MAX, SYN_BYTES},
};

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
    /// Sent more than once: its acknowledgement measures nothing (Karn).
    again: bool,
    received: bool,
    lost: bool,
}

/// The sending direction.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    /// Bytes of the stream that were not sent yet.
    stream: BytesMut,
    syn_waits: bool,
    /// Segments from `first` on.
    flight: VecDeque<InFlight>,
    /// Number of the first segment that is not acknowledged in order.
    first: u32,
    window: Window,
    rtt: RttEstimator,
    rack: Rack,
    /// When something may turn out to be lost by the time at which it was sent.
    reordering: Option<Timestamp>,
    /// When the last segment is repeated, if nothing comes back.
    probe: Option<Timestamp>,
    probe_is_due: bool,
    timer: Option<Timestamp>,
    /// When the timer last expired.
    expired: Option<Timestamp>,
}

impl Sender {
    pub(super) fn new() -> Self {
        Self {
            stream: BytesMut::new(),
            syn_waits: false,
            flight: VecDeque::new(),
            first: 0,
            window: Window::new(),
            rtt: RttEstimator::default(),
            rack: Rack::default(),
            reordering: None,
            probe: None,
            probe_is_due: false,
            timer: None,
            expired: None,
        }
    }

    pub(super) fn queue_syn(&mut self) {
        self.syn_waits = true;
    }

    pub(super) fn queue(&mut self, record: &[u8]) {
        self.stream.extend_from_slice(record);
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
        [self.timer, self.reordering, self.probe].into_iter().flatten().min()
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
        self.reordering = None;
        self.probe = None;
        self.probe_is_due = false;
    }

    /// Whether segments up to `ack` were sent at all.
    pub(super) fn can_acknowledge(&self, ack: u32) -> bool {
        ack <= self.first + self.flight.len() as u32
    }

    /// The peer received everything below `ack` and what the map says beyond. True when that is news.
    pub(super) fn on_ack(&mut self, now: Timestamp, ack: u32, sack: u64) -> bool {
        let mut newly = 0;
        let mut sample = None;
        let (rack, rtt) = (&mut self.rack, &self.rtt);
        let mut note = |segment: &InFlight, sequence: u32| {
            newly += 1;
            rack.on_delivered(now, (segment.sent, sequence, segment.again), rtt);
            if !segment.again {
                sample = Some(now.saturating_since(segment.sent));
            }
        };
        let in_order = ack > self.first;
        while self.first < ack
            && let Some(segment) = self.flight.pop_front()
        {
            if !segment.received {
                note(&segment, self.first);
            }
            self.first += 1;
        }
        // An old acknowledgement, overtaken by newer ones, has a map of other segments.
        if ack == self.first {
            for (place, segment) in self.flight.iter_mut().skip(1).enumerate().take(64) {
                if sack >> place & 1 == 1 && !segment.received {
                    segment.received = true;
                    segment.lost = false;
                    note(segment, ack + 1 + place as u32);
                }
            }
        }
        if let Some(rtt) = sample {
            self.rtt.on_sample(rtt);
        }
        if newly > 0 {
            self.rtt.on_progress();
        }
        if in_order {
            self.timer = (!self.flight.is_empty()).then(|| now + self.rtt.rto());
            self.arm_probe(now);
        }
        self.window.on_ack(ack, newly);
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
        if std::mem::take(&mut self.probe_is_due)
            && let Some(probe) = self.poll_new(now).or_else(|| self.poll_last(now))
        {
            return Some(probe);
        }
        if self.in_flight() >= self.window.size() {
            return None;
        }
        let outgoing = self.poll_lost(now).or_else(|| self.poll_new(now))?;
        if self.timer.is_none() {
            self.timer = Some(now + self.rtt.rto());
        }
        if !outgoing.again {
            self.arm_probe(now);
        }
        Some(outgoing)
    }

    /// One of the timers has come.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        if self.reordering.is_some_and(|at| at <= now) {
            self.find_losses(now);
        }
        if self.probe.take_if(|at| *at <= now).is_some() {
            self.probe_is_due = true;
            self.timer = Some(now + self.rtt.rto());
        }
        if self.timer.is_some_and(|at| at <= now) {
            self.on_expired(now);
        }
    }

    /// The retransmission timer (RFC 6298 section 5): everything in flight is taken as lost, and sent again from one
    /// segment up.
    fn on_expired(&mut self, now: Timestamp) {
        self.window.on_expired(self.in_flight(), self.syn_acknowledged());
        for segment in &mut self.flight {
            segment.lost = !segment.received;
        }
        self.probe = None;
        self.reordering = None;
        self.rtt.on_timeout();
        self.expired = Some(now);
        self.timer = Some(now + self.rtt.rto());
    }

    /// Once for each tail: a probe that is not answered leaves it to the timer (RFC 8985 section 7.2).
    fn arm_probe(&mut self, now: Timestamp) {
        let may = !self.window.is_recovering()
            && !self.flight.is_empty()
            && !self.flight.iter().any(|segment| segment.lost);
        self.probe = may.then(|| probe_at(now, &self.rtt)).flatten();
    }

    fn in_flight(&self) -> u32 {
        self.flight.iter().filter(|segment| !segment.received && !segment.lost).count() as u32
    }

    fn poll_lost(&mut self, now: Timestamp) -> Option<Outgoing> {
        let place = self.flight.iter().position(|segment| segment.lost)?;
        self.send_again(now, place)
    }

    fn send_again(&mut self, now: Timestamp, place: usize) -> Option<Outgoing> {
        let segment = self.flight.get_mut(place)?;
        segment.lost = false;
        segment.again = true;
        segment.sent = now;
        Some(Outgoing { sequence: self.first + place as u32, payload: segment.payload.clone(), again: true })
    }

    /// The last segment that has not arrived, once more.
    fn poll_last(&mut self, now: Timestamp) -> Option<Outgoing> {
        let place = self.flight.iter().rposition(|segment| !segment.received)?;
        self.send_again(now, place)
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
            let payload = self.stream.split_to(bytes).to_vec();
            if self.stream.is_empty() {
                // What is sent for minutes at most once keeps no room.
                self.stream = BytesMut::new();
            }
            payload
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

    /// Marks as lost what three later segments or time overtook, and halves the window once per episode.
    fn find_losses(&mut self, now: Timestamp) {
        let mut beyond = self.flight.iter().filter(|segment| segment.received).count() as u32;
        let mut found = false;
        self.reordering = None;
        for (sequence, segment) in (self.first..).zip(&mut self.flight) {
            if segment.received {
                beyond -= 1;
                continue;
            }
            let lost_at = self.rack.lost_at(segment.sent, sequence, &self.rtt);
            let late = lost_at.is_some_and(|at| at <= now);
            if !segment.lost && (late || beyond >= DUPLICATES_MIN && !segment.again) {
                segment.lost = true;
                found = true;
            } else if let Some(at) = lost_at.filter(|_| !segment.lost) {
                self.reordering = Some(self.reordering.map_or(at, |before| before.min(at)));
            }
        }
        if !found {
            return;
        }
        self.timer = Some(now + self.rtt.rto());
        self.probe = None;
        self.window.on_loss(self.first + self.flight.len() as u32);
    }
}
