//! Owns the spacing of outgoing media: a large key frame does not leave as one burst. Audio and feedback never wait.
//! The rate is fixed by the encoder's targets (libwebrtc paces at 2.5 times the target); estimating what the path
//! carries is not done here.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use media_core::Timestamp;

use crate::packet::IP_UDP_BYTES;

/// Pacing rate over target rate, as libwebrtc's default `kDefaultPaceMultiplier`.
const PACE_MULTIPLIER: f64 = 2.5;

/// Packets of pictures on their way out.
#[derive(Debug, Default)]
pub(super) struct Pacer {
    queue: VecDeque<Bytes>,
    next: Timestamp,
    bits_per_second: f64,
}

impl Pacer {
    /// The encoders together aim at `bits_per_second`.
    pub(super) fn set_target(&mut self, bits_per_second: u32) {
        self.bits_per_second = f64::from(bits_per_second) * PACE_MULTIPLIER;
    }

    pub(super) fn push(&mut self, packet: Bytes) {
        self.queue.push_back(packet);
    }

    pub(super) fn poll(&mut self, now: Timestamp) -> Option<Bytes> {
        if self.poll_timeout()? > now {
            return None;
        }
        let packet = self.queue.pop_front()?;
        let bits = 8.0 * f64::from(packet.len() as u32 + IP_UDP_BYTES);
        let spacing = if self.bits_per_second > 0.0 { bits / self.bits_per_second } else { 0.0 };
        self.next = self.next.max(now) + Duration::from_nanos((spacing * 1e9) as u64);
        Some(packet)
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        (!self.queue.is_empty()).then_some(self.next)
    }

    /// What waits is of no use any more.
    pub(super) fn clear(&mut self) {
        self.queue.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_leaves_at_the_paced_rate() {
        let mut pacer = Pacer::default();
        pacer.set_target(1_000_000);
        for _ in 0..101 {
            pacer.push(Bytes::from_static(&[0; 972]));
        }
        let mut now = Timestamp::ZERO;
        while pacer.poll(now).is_some() {
            if let Some(next) = pacer.poll_timeout() {
                now = next;
            }
        }
        // 100 gaps of 8,000 bits at 2.5 Mbit/s.
        assert_eq!(now.as_millis(), 320);
    }
}
