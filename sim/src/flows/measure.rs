//! Owns the course of a case in numbers, and the figures that are read from it.

use std::time::Duration;

use media_core::Timestamp;

use super::{Bound, Case, Direction, Figure};
use crate::link::RateTimeline;

/// Time between two samples.
const STEP: Duration = Duration::from_millis(50);

/// A queue that stays short for so many steps, a second, is back.
const CALM_STEPS: usize = 20;

/// What is written down while a case runs.
#[derive(Debug)]
pub(super) struct Recorder {
    samples: u32,
    /// Bytes that wait, forward and backward, at each sample.
    queued: Vec<[u64; 2]>,
    flows: Vec<Totals>,
}

#[derive(Clone, Debug, Default)]
struct Totals {
    sent: (u64, u64),
    received: (u64, u64),
    samples: Vec<Sample>,
}

/// One flow at one moment; bytes and packets since the beginning.
#[derive(Clone, Copy, Debug)]
struct Sample {
    estimate_bps: Option<u64>,
    sent: (u64, u64),
    received: (u64, u64),
}

impl Recorder {
    pub(super) fn new(flows: usize) -> Self {
        Self { samples: 0, queued: Vec::new(), flows: vec![Totals::default(); flows] }
    }

    pub(super) fn next_sample(&self) -> Timestamp {
        Timestamp::ZERO + STEP * self.samples
    }

    pub(super) fn on_sent(&mut self, flow: usize, bytes: u32) {
        let sent = &mut self.flows[flow].sent;
        *sent = (sent.0 + u64::from(bytes), sent.1 + 1);
    }

    pub(super) fn on_received(&mut self, flow: usize, bytes: u32) {
        let received = &mut self.flows[flow].received;
        *received = (received.0 + u64::from(bytes), received.1 + 1);
    }

    pub(super) fn on_sample(&mut self, queued: [u64; 2], estimates: impl Iterator<Item = Option<u64>>) {
        self.queued.push(queued);
        for (flow, estimate_bps) in self.flows.iter_mut().zip(estimates) {
            flow.samples.push(Sample { estimate_bps, sent: flow.sent, received: flow.received });
        }
        self.samples += 1;
    }

    pub(super) fn finish(self, case: &Case) -> Course {
        let mut flows = Vec::new();
        let mut totals = self.flows.into_iter();
        for media in &case.media {
            flows.extend(
                totals.next().map(|totals| FlowCourse::new(&media.name, media.direction, true, totals)),
            );
        }
        for tcp in &case.tcp {
            let all: Vec<_> = totals.by_ref().take(tcp.count).collect();
            flows.push(FlowCourse::new(&tcp.name, Direction::Forward, false, joined(&all)));
        }
        let rates = [&case.forward.rate, &case.backward.rate].map(Clone::clone);
        let course = Course { rates, queued: self.queued, flows, measured: Vec::new() };
        let measured = case.bounds.iter().map(|bound| course.measure(bound)).collect();
        Course { measured, ..course }
    }
}

/// Flows that are alike count as one.
fn joined(flows: &[Totals]) -> Totals {
    let mut all = Totals::default();
    for flow in flows {
        if all.samples.is_empty() {
            all.samples.clone_from(&flow.samples);
            continue;
        }
        for (sum, sample) in all.samples.iter_mut().zip(&flow.samples) {
            sum.sent = (sum.sent.0 + sample.sent.0, sum.sent.1 + sample.sent.1);
            sum.received = (sum.received.0 + sample.received.0, sum.received.1 + sample.received.1);
        }
    }
    all
}

/// What became of a case.
#[derive(Clone, Debug)]
pub struct Course {
    rates: [RateTimeline; 2],
    queued: Vec<[u64; 2]>,
    /// Flows of media, then TCP flows by their names.
    pub flows: Vec<FlowCourse>,
    /// Every bound of the case with what was measured.
    pub measured: Vec<Measured>,
}

/// What became of one flow.
#[derive(Clone, Debug)]
pub struct FlowCourse {
    /// Its name.
    pub name: String,
    /// Its way.
    pub direction: Direction,
    /// Whether it is under test.
    pub is_media: bool,
    samples: Vec<Sample>,
}

/// A bound and what was measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What was expected.
    pub bound: Bound,
    /// Absent when there was nothing to measure.
    pub value: Option<f64>,
}

impl Measured {
    /// Whether it was as expected.
    pub fn holds(&self) -> bool {
        self.value.is_some_and(|value| (self.bound.at_least..=self.bound.at_most).contains(&value))
    }
}

impl FlowCourse {
    fn new(name: &str, direction: Direction, is_media: bool, totals: Totals) -> Self {
        Self { name: name.to_owned(), direction, is_media, samples: totals.samples }
    }

    fn at(&self, at: Timestamp) -> Option<&Sample> {
        self.samples.get(index(at).min(self.samples.len().checked_sub(1)?))
    }

    /// Bytes received from one time to another.
    fn received_bytes(&self, from: Timestamp, until: Timestamp) -> Option<u64> {
        Some(self.at(until)?.received.0 - self.at(from)?.received.0)
    }

    /// Estimates in kbit/s while it sends.
    fn estimates(&self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = (usize, f64)> {
        let samples = self.samples.iter().enumerate().skip(index(from)).take(index(until) - index(from));
        samples.filter_map(|(n, sample)| Some((n, sample.estimate_bps? as f64 / 1e3)))
    }

    /// Mean rates in kbit/s at which it sent, in steps of `step`.
    pub fn sent_kbps(&self, step: Duration) -> Vec<f64> {
        let stride = (step.as_nanos() / STEP.as_nanos()).max(1) as usize;
        let sums: Vec<u64> = self.samples.iter().step_by(stride).map(|sample| sample.sent.0).collect();
        sums.windows(2).map(|pair| (pair[1] - pair[0]) as f64 * 8.0 / 1e3 / step.as_secs_f64()).collect()
    }

    /// Its estimate in kbit/s, in steps of `step`; absent while it does not send.
    pub fn estimate_kbps(&self, step: Duration) -> Vec<Option<f64>> {
        let stride = (step.as_nanos() / STEP.as_nanos()).max(1) as usize;
        let every = self.samples.iter().step_by(stride);
        every.map(|sample| sample.estimate_bps.map(|bps| bps as f64 / 1e3)).collect()
    }
}

impl Course {
    /// The bottleneck's rate in kbit/s, in steps of `step`.
    pub fn capacity_kbps(&self, direction: Direction, step: Duration) -> Vec<f64> {
        let stride = (step.as_nanos() / STEP.as_nanos()).max(1) as usize;
        (0..self.queued.len()).step_by(stride).map(|n| self.bps_at(direction, n) / 1e3).collect()
    }

    /// The longest time that the queue takes to leave, in milliseconds, in steps of `step`.
    pub fn queue_ms(&self, direction: Direction, step: Duration) -> Vec<f64> {
        let stride = (step.as_nanos() / STEP.as_nanos()).max(1) as usize;
        let all: Vec<f64> = (0..self.queued.len()).map(|n| self.queue_ms_at(direction, n)).collect();
        all.chunks(stride).map(|chunk| chunk.iter().copied().fold(0.0, f64::max)).collect()
    }

    fn bps_at(&self, direction: Direction, sample: usize) -> f64 {
        self.rates[direction as usize].bps_at(Timestamp::ZERO + STEP * sample as u32) as f64
    }

    fn queue_ms_at(&self, direction: Direction, sample: usize) -> f64 {
        self.queued[sample][direction as usize] as f64 * 8e3 / self.bps_at(direction, sample)
    }

    fn queues(&self, bound: &Bound) -> Vec<f64> {
        let last = index(bound.until).min(self.queued.len());
        (index(bound.from)..last).map(|n| self.queue_ms_at(bound.direction, n)).collect()
    }

    fn measure(&self, bound: &Bound) -> Measured {
        let flow = bound.flow.map(|flow| &self.flows[flow]);
        let estimates = || flow.into_iter().flat_map(|flow| flow.estimates(bound.from, bound.until));
        let kbps: Vec<f64> = estimates().map(|(_, kbps)| kbps).collect();
        let least = kbps.iter().copied().reduce(f64::min);
        let highest = kbps.iter().copied().reduce(f64::max);
        let seconds = bound.until.saturating_since(bound.from).as_secs_f64();
        let value = match bound.figure {
            Figure::Utilisation => self.utilisation(bound),
            Figure::QueueP95Ms => percentile_95(self.queues(bound)),
            Figure::QueueMaxMs => self.queues(bound).into_iter().reduce(f64::max),
            Figure::QueueBelowAfterS => {
                let is_below = |calm: &[f64]| calm.iter().all(|ms| *ms < bound.level);
                let first = self.queues(bound).windows(CALM_STEPS).position(is_below);
                first.map(|n| n as f64 * STEP.as_secs_f64())
            }
            Figure::EstimateMeanKbps => {
                (!kbps.is_empty()).then(|| kbps.iter().sum::<f64>() / kbps.len() as f64)
            }
            Figure::EstimateMinKbps => least,
            Figure::EstimateMaxKbps => highest,
            Figure::EstimateSteadiness => least.zip(highest).map(|(least, highest)| least / highest),
            Figure::EstimateReachesAfterS => estimates()
                .find(|(_, kbps)| *kbps >= bound.level)
                .map(|(n, _)| (n - index(bound.from)) as f64 * STEP.as_secs_f64()),
            Figure::ReceivedKbps => flow
                .and_then(|flow| flow.received_bytes(bound.from, bound.until))
                .map(|bytes| bytes as f64 * 8.0 / 1e3 / seconds),
            Figure::Fairness => self.fairness(bound),
            Figure::LostShare => self.lost_share(bound),
        };
        Measured { bound: bound.clone(), value }
    }

    fn utilisation(&self, bound: &Bound) -> Option<f64> {
        let flows = self.flows.iter().filter(|flow| flow.direction == bound.direction);
        let carried: u64 = flows.filter_map(|flow| flow.received_bytes(bound.from, bound.until)).sum();
        let samples = index(bound.from)..index(bound.until).min(self.queued.len());
        let bits: f64 = samples.map(|n| self.bps_at(bound.direction, n) * STEP.as_secs_f64()).sum();
        (bits > 0.0).then(|| carried as f64 * 8.0 / bits)
    }

    /// (sum of x)^2 / (n * sum of x^2) (Jain, Chiu, Hawe 1984).
    fn fairness(&self, bound: &Bound) -> Option<f64> {
        let flows = self.flows.iter().filter(|flow| flow.is_media && flow.direction == bound.direction);
        let shares: Vec<f64> = flows
            .filter_map(|flow| flow.received_bytes(bound.from, bound.until))
            .map(|bytes| bytes as f64)
            .collect();
        let (sum, squares) =
            (shares.iter().sum::<f64>(), shares.iter().map(|share| share * share).sum::<f64>());
        (shares.len() > 1 && squares > 0.0).then(|| sum * sum / (shares.len() as f64 * squares))
    }

    fn lost_share(&self, bound: &Bound) -> Option<f64> {
        let (mut sent, mut received) = (0, 0);
        let chosen = bound.flow.map(|flow| &self.flows[flow].name);
        for flow in &self.flows {
            if flow.is_media && chosen.is_none_or(|name| *name == flow.name) {
                let (from, until) = (flow.at(bound.from)?, flow.at(bound.until)?);
                sent += until.sent.1 - from.sent.1;
                received += until.received.1 - from.received.1;
            }
        }
        (sent > 0).then(|| (1.0 - received as f64 / sent as f64).max(0.0))
    }
}

fn index(at: Timestamp) -> usize {
    (at.as_nanos() / STEP.as_nanos() as u64) as usize
}

fn percentile_95(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get((values.len() * 95).div_ceil(100).checked_sub(1)?).copied()
}
