//! Owns the receiver's side of transport-wide feedback: which packets came and when, until the sender is told
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use std::{collections::VecDeque, num::NonZeroU64, time::Duration};

use super::WIRE_OVERHEAD_BYTES;
use crate::{Ssrc, Timestamp, limits, rtp::rtcp, rtp::sequence::SequenceUnwrapper};

/// Time between two feedback packets, at least.
pub const FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);
/// The same where feedback would be more than [`SHARE_PERCENT`] of what comes.
const FEEDBACK_INTERVAL_MAX: Duration = Duration::from_millis(500);
/// Of the bytes that come, so many percent go back as feedback, as long as [`FEEDBACK_INTERVAL_MAX`] allows it.
const SHARE_PERCENT: i64 = 3;
/// Feedback of no packet at all: IP and UDP, RTCP header with both SSRCs, TWCC header, two chunks.
const FEEDBACK_BYTES: i64 = WIRE_OVERHEAD_BYTES as i64 + 12 + 8 + 4;
/// Feedback that may be written ahead of what comes, and the most that is remembered of it, in hundredths of bytes.
const DEBT: i64 = 100 * 300;
const DEBT_MAX: i64 = 2 * DEBT;
/// Numbers that were spoken of already and are spoken of again when one among them comes late.
const SPOKEN_KEPT: u64 = 512;
/// Resolution of arrival times (section 3.1.5).
const TICK_NANOS: u64 = 250_000;
/// Ticks in a multiple of the reference time (section 3.1).
const TICKS_PER_REFERENCE: i64 = 256;

/// A time in ticks of [`TICK_NANOS`], which with the possibility that there is none takes a word.
#[derive(Clone, Copy, Debug)]
struct Tick(NonZeroU64);

impl Tick {
    fn of(now: Timestamp) -> Self {
        Self(NonZeroU64::MIN.saturating_add(now.as_nanos() / TICK_NANOS))
    }

    fn count(self) -> i64 {
        (self.0.get() - 1) as i64
    }
}

/// What arrived since the last feedback.
#[derive(Debug, Default)]
pub struct ArrivalLog {
    unwrapper: SequenceUnwrapper,
    /// When the packet numbered `first` and those after it arrived.
    arrivals: VecDeque<Option<Tick>>,
    first: u64,
    /// The number with which the next feedback begins.
    next: u64,
    /// When the first packet arrived that no feedback speaks of.
    waiting_since: Option<Timestamp>,
    /// What feedback cost beyond its share, in hundredths of bytes.
    debt: i64,
    feedback_count: u8,
    /// Kept for its memory.
    statuses: Vec<Option<i16>>,
}

impl ArrivalLog {
    /// A packet with this transport-wide sequence number came; `bytes` on the wire. Duplicates, and packets more than
    /// [`limits::FEEDBACK_STATUSES_MAX`] behind the newest, are passed over.
    pub fn on_packet(&mut self, now: Timestamp, sequence: u16, bytes: u32) {
        self.debt = (self.debt - SHARE_PERCENT * i64::from(bytes)).max(0);
        let number = self.unwrapper.unwrap(sequence);
        let end = self.first + self.arrivals.len() as u64;
        if self.arrivals.is_empty() || number >= end + limits::FEEDBACK_STATUSES_MAX as u64 {
            self.arrivals.clear();
            (self.first, self.next) = (number, number);
        } else if number < self.first {
            return;
        }
        let index = (number - self.first) as usize;
        if index >= self.arrivals.len() {
            self.arrivals.resize(index + 1, None);
        } else if self.arrivals[index].is_some() {
            return;
        }
        self.arrivals[index] = Some(Tick::of(now));
        self.next = self.next.min(number);
        self.forget();
        self.waiting_since.get_or_insert(now);
    }

    /// When [`ArrivalLog::write_feedback`] has something to say.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let waited = if self.is_prompt() { FEEDBACK_INTERVAL } else { FEEDBACK_INTERVAL_MAX };
        self.waiting_since.map(|since| since + waited)
    }

    /// Whether feedback comes [`FEEDBACK_INTERVAL`] after what it speaks of, and not later: what came lately is worth it. That
    /// stays so while nothing but packets of more than a few bytes comes.
    pub fn is_prompt(&self) -> bool {
        let statuses = (self.first + self.arrivals.len() as u64).saturating_sub(self.next) as i64;
        self.debt + 100 * (FEEDBACK_BYTES + statuses) <= DEBT
    }

    /// Appends at most one feedback packet, if one is due. To be called until it says that there was none: a datagram each.
    pub fn write_feedback(&mut self, now: Timestamp, sender: Ssrc, media: Ssrc, out: &mut Vec<u8>) -> bool {
        if self.poll_timeout().is_none_or(|due| due > now) {
            return false;
        }
        let reference = self.collect_statuses();
        let before = out.len();
        let (base, count) = (self.next as u16, self.feedback_count);
        let told = rtcp::write_twcc(sender, media, base, reference, count, &self.statuses, out);
        self.feedback_count = self.feedback_count.wrapping_add(1);
        self.next += told as u64;
        let cost = (out.len() - before) as i64 + i64::from(WIRE_OVERHEAD_BYTES);
        self.debt = (self.debt + 100 * cost).min(DEBT_MAX);
        if told == 0 || self.next >= self.first + self.arrivals.len() as u64 {
            self.waiting_since = None;
            self.forget();
        }
        told > 0
    }

    /// Fills in the statuses from the next number on, as far as one packet's deltas reach, and gives the reference time.
    fn collect_statuses(&mut self) -> i32 {
        self.statuses.clear();
        let skipped = (self.next - self.first) as usize;
        let mut waiting = self.arrivals.iter().skip(skipped).copied();
        let base = self.arrivals.iter().skip(skipped).find_map(|arrival| *arrival).map_or(0, Tick::count);
        let reference = base.div_euclid(TICKS_PER_REFERENCE);
        let mut before = reference * TICKS_PER_REFERENCE;
        for arrival in waiting.by_ref() {
            let Some(tick) = arrival.map(Tick::count) else {
                self.statuses.push(None);
                continue;
            };
            let Ok(delta) = i16::try_from(tick - before) else { break };
            self.statuses.push(Some(delta));
            before = tick;
        }
        reference as i32
    }

    /// Keeps no more than there is a bound for, and of what was spoken of only the newest.
    fn forget(&mut self) {
        let kept_from = self.next.saturating_sub(SPOKEN_KEPT);
        while self.arrivals.len() > limits::FEEDBACK_STATUSES_MAX
            || (self.first < kept_from && self.arrivals.len() > 1)
        {
            self.arrivals.pop_front();
            self.first += 1;
        }
        self.next = self.next.max(self.first);
    }
}

#[cfg(test)]
mod tests;
