//! Owns TCP flows on the test bed: one that never ends, or transfers with pauses between them (RFC 8867 section 5.7: files of
//! 100 kB to 1 MB, uniformly distributed, and exponential pauses).

use std::time::Duration;

use media_core::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng as _;

use super::{
    ends::{Content, Ends, Packet},
    tcp::{ACK_BYTES, MSS, SEGMENT_BYTES, TcpReceiver, TcpSender},
};

/// The smallest and the largest file, in bytes.
const FILE_BYTES: (u64, u64) = (100_000, 1_000_000);

#[derive(Debug)]
pub(super) struct TcpFlow {
    pause_mean: Option<Duration>,
    rng: ChaCha8Rng,
    sender: TcpSender,
    receiver: TcpReceiver,
    /// Segments of the transfers before: numbers of late packets stay apart.
    before: u64,
    begins: Timestamp,
    acks: Vec<(u64, u64)>,
}

impl TcpFlow {
    pub(super) fn new(start: Timestamp, pause_mean: Option<Duration>, mut rng: ChaCha8Rng) -> Self {
        let begins = start + pause_mean.map_or(Duration::ZERO, |mean| exponential(&mut rng, mean));
        let total = pause_mean.map_or(u64::MAX, |_| file_segments(&mut rng));
        Self {
            pause_mean,
            rng,
            sender: TcpSender::new(total),
            receiver: TcpReceiver::default(),
            before: 0,
            begins,
            acks: Vec::new(),
        }
    }

    /// The next transfer, after a pause.
    fn begin_again(&mut self, now: Timestamp, mean: Duration) {
        self.before += self.sender.total();
        self.begins = now + exponential(&mut self.rng, mean);
        self.sender = TcpSender::new(file_segments(&mut self.rng));
        self.receiver = TcpReceiver::default();
    }
}

impl Ends for TcpFlow {
    fn on_packet(&mut self, now: Timestamp, packet: Packet) {
        match packet.content {
            Content::Segment(segment) => {
                if let Some(segment) = segment.checked_sub(self.before) {
                    self.acks.push((self.before + self.receiver.on_segment(segment), self.before + segment));
                }
            }
            Content::Ack { upto, segment } => {
                let own = upto.checked_sub(self.before).zip(segment.checked_sub(self.before));
                if let Some((upto, segment)) = own.filter(|_| now >= self.begins) {
                    self.sender.on_ack(now, upto, segment);
                }
                if let Some(mean) = self.pause_mean.filter(|_| self.sender.is_done()) {
                    self.begin_again(now, mean);
                }
            }
            Content::Media { .. } | Content::Feedback(_) => {}
        }
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        self.sender.handle_timeout(now);
    }

    fn poll_timeout(&self) -> Option<Timestamp> {
        self.sender.poll_timeout().or_else(|| self.sender.is_fresh().then_some(self.begins))
    }

    fn poll_packet(&mut self, now: Timestamp) -> Option<(u32, Content)> {
        if let Some((upto, segment)) = self.acks.pop() {
            return Some((ACK_BYTES, Content::Ack { upto, segment }));
        }
        if now < self.begins {
            return None;
        }
        let segment = self.sender.poll_segment(now)?;
        Some((SEGMENT_BYTES, Content::Segment(self.before + segment)))
    }

    fn estimate_bps(&self, _: Timestamp) -> Option<u64> {
        None
    }
}

fn file_segments(rng: &mut ChaCha8Rng) -> u64 {
    let bytes = FILE_BYTES.0 + rng.next_u64() % (FILE_BYTES.1 - FILE_BYTES.0 + 1);
    bytes.div_ceil(MSS)
}

/// By comparisons alone (von Neumann, "Various techniques used in connection with random digits", 1951), so that no
/// platform's logarithm decides.
fn exponential(rng: &mut ChaCha8Rng, mean: Duration) -> Duration {
    let mut whole = 0;
    loop {
        let first = rng.next_u32();
        let (mut last, mut run) = (first, 1);
        loop {
            let next = rng.next_u32();
            if next >= last {
                break;
            }
            (last, run) = (next, run + 1);
        }
        if run % 2 == 1 {
            return mean * whole + Duration::from_nanos(((mean.as_nanos() * u128::from(first)) >> 32) as u64);
        }
        whole += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn pauses_are_exponential() {
        let mut rng = Seed::new(7).stream("pauses");
        let count = 20_000;
        let pauses: Vec<f64> =
            (0..count).map(|_| exponential(&mut rng, Duration::from_secs(10)).as_secs_f64()).collect();
        let mean = pauses.iter().sum::<f64>() / f64::from(count);
        // Standard error of the mean: 10 / sqrt(20,000) = 0.07; of the share beyond the mean: 0.0034.
        assert!((mean - 10.0).abs() < 0.22, "{mean}");
        let beyond = pauses.iter().filter(|pause| **pause > 10.0).count() as f64 / f64::from(count);
        assert!((beyond - (-1.0_f64).exp()).abs() < 0.011, "{beyond}");
    }
}
