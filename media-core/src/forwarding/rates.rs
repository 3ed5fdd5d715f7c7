//! Owns the measurement of what an encoding costs on the wire: bytes of the last seconds, by temporal layer.

use std::time::Duration;

use crate::time::Timestamp;

/// Temporal layers that are told apart; what is above counts with the highest.
pub(super) const TEMPORAL_LAYERS: usize = 4;
/// Length of one bucket.
const BUCKET: Duration = Duration::from_millis(250);
/// Buckets that make up the measured time, the open one not counted: long enough that a key frame or a new slide is no
/// change of what a picture costs.
const BUCKETS: usize = 12;
/// Buckets before anything is said.
const BUCKETS_MIN: usize = 2;
/// A pause of so many buckets ends the stream: what comes after it is another.
const PAUSE: u64 = 4;

/// Bytes per temporal layer over the last three seconds.
#[derive(Debug, Default)]
pub(super) struct LayerRates {
    open: [u32; TEMPORAL_LAYERS],
    bucket: u64,
    newest: Option<Timestamp>,
    /// Apart from what each packet needs.
    closed: Box<Closed>,
}

/// What the closed buckets say.
#[derive(Debug, Default)]
struct Closed {
    /// The newest first.
    buckets: [[u32; TEMPORAL_LAYERS]; BUCKETS],
    /// Closed since the stream began or began again.
    seen: usize,
    shares: Option<LayerShares>,
    /// Bytes of each layer and those below it in the buckets that count, until one more is closed.
    sums: Option<[u64; TEMPORAL_LAYERS]>,
    /// `shares` are those of these buckets.
    has_shares: bool,
}

/// Shares of temporal layers, in percent of all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LayerShares {
    percent: [u64; TEMPORAL_LAYERS - 1],
    count: usize,
}

impl LayerShares {
    fn push(&mut self, percent: u64) {
        self.percent[self.count] = percent;
        self.count += 1;
    }

    /// From the lowest layer on.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.percent.into_iter().take(self.count)
    }
}

impl LayerRates {
    pub(super) fn on_packet(&mut self, now: Timestamp, temporal: u8, bytes: u32) {
        self.turn(now);
        self.newest = Some(now);
        let layer = &mut self.open[usize::from(temporal).min(TEMPORAL_LAYERS - 1)];
        *layer = layer.saturating_add(bytes);
    }

    /// When the last packet came.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// Bits per second of the temporal layers up to `temporal`; nothing before half a second was measured.
    pub(super) fn bps(&mut self, now: Timestamp, temporal: usize) -> Option<u64> {
        self.turn(now);
        self.closed.bps(temporal)
    }

    /// Whether all of the time that is measured has been seen. Before that a first key frame counts for too much.
    pub(super) fn is_settled(&self) -> bool {
        self.closed.seen >= BUCKETS
    }

    /// What each temporal layer but the highest costs together with those below it, in percent of all; as last measured.
    pub(super) fn shares(&mut self, now: Timestamp) -> Option<LayerShares> {
        self.turn(now);
        self.closed.shares()
    }

    /// What was sent so far says nothing of the rate from here on.
    pub(super) fn restart(&mut self) {
        let shares = self.closed.shares;
        *self = Self::default();
        self.closed.shares = shares;
    }

    fn turn(&mut self, now: Timestamp) {
        let bucket = now.as_nanos() / BUCKET.as_nanos() as u64;
        let passed = bucket.saturating_sub(self.bucket);
        if passed == 0 {
            return;
        }
        self.bucket = bucket;
        let newest = self.newest.map(|at| at.as_nanos() / BUCKET.as_nanos() as u64);
        let running = newest.is_some_and(|newest| bucket - newest <= PAUSE);
        self.closed.push(std::mem::take(&mut self.open), passed, running);
    }
}

impl Closed {
    /// A bucket is closed, and so many empty ones behind it that `passed` have gone by; `running`: the stream goes on.
    fn push(&mut self, bucket: [u32; TEMPORAL_LAYERS], passed: u64, running: bool) {
        (self.sums, self.has_shares) = (None, false);
        let mut bucket = bucket;
        for _ in 0..passed.min(BUCKETS as u64) {
            self.buckets.rotate_right(1);
            self.buckets[0] = std::mem::take(&mut bucket);
        }
        self.seen = if running { (self.seen + passed as usize).min(BUCKETS) } else { 0 };
    }

    fn bps(&mut self, temporal: usize) -> Option<u64> {
        if self.seen < BUCKETS_MIN {
            return None;
        }
        let buckets = self.seen.min(BUCKETS);
        let closed = &self.buckets[..buckets];
        let sums = self.sums.get_or_insert_with(|| sums(closed));
        Some(sums[temporal.min(TEMPORAL_LAYERS - 1)] * 8_000 / (BUCKET.as_millis() as u64 * buckets as u64))
    }

    fn shares(&mut self) -> Option<LayerShares> {
        let all = self.bps(TEMPORAL_LAYERS - 1).filter(|all| *all > 0);
        if let Some(all) = all.filter(|_| !std::mem::replace(&mut self.has_shares, true)) {
            let carries = |layer: &usize| self.buckets.iter().any(|bucket| bucket[*layer] > 0);
            let top = (0..TEMPORAL_LAYERS).rev().find(carries).unwrap_or_default();
            let mut shares = LayerShares::default();
            for layer in 0..top {
                shares.push(self.bps(layer).unwrap_or_default() * 100 / all);
            }
            self.shares = Some(shares);
        }
        self.shares
    }
}

/// Bytes of each layer and those below it.
fn sums(buckets: &[[u32; TEMPORAL_LAYERS]]) -> [u64; TEMPORAL_LAYERS] {
    let mut sums = [0; TEMPORAL_LAYERS];
    for bucket in buckets {
        let mut below = 0;
        for (sum, bytes) in sums.iter_mut().zip(bucket) {
            below += u64::from(*bytes);
            *sum += below;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_stream_is_measured_by_layer() {
        let mut rates = LayerRates::default();
        for step in 0..100 {
            rates.on_packet(Timestamp::from_millis(step * 20), (step % 2) as u8, 1_000);
        }
        let now = Timestamp::from_millis(2_000);
        assert_eq!(rates.bps(now, 0), Some(200_000));
        assert_eq!(rates.bps(now, 1), Some(400_000));
        assert_eq!(rates.shares(now).unwrap().iter().collect::<Vec<_>>(), [50]);
        rates.restart();
        assert_eq!(rates.bps(now, 1), None);
        assert_eq!(rates.shares(now).unwrap().iter().collect::<Vec<_>>(), [50], "as last measured");
    }

    #[test]
    fn a_stream_that_begins_again_is_unknown_for_half_a_second() {
        let mut rates = LayerRates::default();
        assert_eq!(rates.bps(Timestamp::from_millis(1_000), 0), None);
        for step in 0..30 {
            rates.on_packet(Timestamp::from_millis(10_000 + step * 20), 0, 1_000);
            let now = Timestamp::from_millis(10_000 + step * 20);
            assert_eq!(rates.bps(now, 0).is_some(), step >= 25, "{step}");
        }
    }

    #[test]
    fn what_has_stopped_is_unknown_after_a_second_however_often_it_is_asked_for() {
        let mut rates = LayerRates::default();
        for step in 0..60 {
            rates.on_packet(Timestamp::from_millis(step * 20), 0, 1_000);
        }
        for ms in (1_300..2_200).step_by(100) {
            assert!(rates.bps(Timestamp::from_millis(ms), 0) > Some(0), "{ms}");
        }
        assert_eq!(rates.bps(Timestamp::from_millis(2_560), 0), None);
        // What it sends when it is wanted again is not averaged with the silence before.
        (0..60).for_each(|step| rates.on_packet(Timestamp::from_millis(4_000 + step * 20), 0, 1_000));
        assert_eq!(rates.bps(Timestamp::from_millis(5_180), 0), Some(400_000));
    }
}
