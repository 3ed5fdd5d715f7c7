//! Owns the spacing of what is sent to one peer: a large frame does not leave as one burst. What does not wait (audio,
//! feedback) is only charged.

use std::{collections::VecDeque, time::Duration};

use crate::Timestamp;

/// What may leave at once after a pause, as time at the pace: fewer timers, and no path notices.
const BURST: Duration = Duration::from_millis(5);

/// Packets on their way out, in order.
#[derive(Debug)]
pub struct Pacer<T> {
    queue: VecDeque<(u32, T)>,
    queued_bytes: u64,
    bps: u64,
    /// When the path has taken everything that was sent before.
    next: Timestamp,
}

impl<T> Default for Pacer<T> {
    fn default() -> Self {
        Self { queue: VecDeque::new(), queued_bytes: 0, bps: 0, next: Timestamp::ZERO }
    }
}

impl<T> Pacer<T> {
    /// From here on at `bps`, in bits per second on the wire.
    pub fn set_rate(&mut self, bps: u64) {
        self.bps = bps;
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

    /// When [`Pacer::poll`] has something to give.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        (!self.queue.is_empty()).then_some(self.next - BURST)
    }

    /// A packet of `bytes` on the wire left without waiting.
    pub fn charge(&mut self, now: Timestamp, bytes: u32) {
        let nanos = if self.bps == 0 { 0 } else { 8_000_000_000 * u64::from(bytes) / self.bps };
        self.next = self.next.max(now) + Duration::from_nanos(nanos);
    }

    /// How long what waits takes to leave at the present rate.
    pub fn backlog(&self) -> Duration {
        let nanos = if self.bps == 0 { 0 } else { 8_000_000_000 * self.queued_bytes / self.bps };
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
