//! A link against queueing theory: the M/D/1 queue, and rates that change.

use std::time::Duration;

use media_core::time::Timestamp;
use rand_core::Rng;

use super::{DELAY, deliveries, link};
use crate::{
    link::{LinkConfig, RateTimeline},
    seed::Seed,
};

/// 1250 bytes are served in 1 ms.
const BPS: u64 = 10_000_000;
const WIRE_BYTES: u32 = 1250;
const SERVICE: Duration = Duration::from_millis(1);

/// Consecutive packets whose mean waits are taken for independent. Waits are correlated over some
/// `1/(1 - rho)^2` packets, 100 at the highest load tried here.
const BATCH: usize = 4000;
const BATCHES: usize = 50;

/// Times from the offer to the first bit on the wire, in services, when packets come as a Poisson process at `load` of
/// the rate.
fn waits(load: f64) -> Vec<f64> {
    let mut link = link(LinkConfig::clean(BPS, DELAY, u64::MAX));
    let mut draws = Seed::new(7).stream("link");
    let mut offered = Vec::with_capacity(BATCH * BATCHES);
    let mut arrived = Vec::with_capacity(BATCH * BATCHES);
    let mut now = Timestamp::ZERO;
    for number in 0..BATCH * BATCHES {
        // In (0, 1], so that the logarithm is finite.
        let uniform = (f64::from(draws.next_u32()) + 1.0) / 2_f64.powi(32);
        now = now + SERVICE.mul_f64(-uniform.ln() / load);
        link.offer(now, WIRE_BYTES, number as u64);
        offered.push(now);
        arrived.extend(deliveries(&mut link, now));
    }
    arrived.extend(deliveries(&mut link, super::END));
    let wait = |(at, offered): (Timestamp, Timestamp)| {
        at.saturating_since(offered + DELAY + SERVICE).as_secs_f64() / SERVICE.as_secs_f64()
    };
    arrived.iter().map(|delivery| delivery.at).zip(offered).map(wait).collect()
}

/// The mean of some figure of the waits and the standard deviation of that mean, by batch means.
fn batch_mean(waits: &[f64], figure: impl Fn(f64) -> f64) -> (f64, f64) {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let batches: Vec<f64> = waits
        .chunks(BATCH)
        .map(|batch| mean(&batch.iter().copied().map(&figure).collect::<Vec<_>>()))
        .collect();
    let overall = mean(&batches);
    let variance =
        batches.iter().map(|batch| (batch - overall).powi(2)).sum::<f64>() / (batches.len() - 1) as f64;
    (overall, (variance / batches.len() as f64).sqrt())
}

#[test]
fn poisson_arrivals_wait_as_long_as_the_m_d_1_queue_says() {
    for load in [0.3, 0.6, 0.9] {
        let waits = waits(load);
        assert_eq!(waits.len(), BATCH * BATCHES);
        // Pollaczek and Khinchine for a constant service: rho / (2 mu (1 - rho)), in services.
        let theory = load / (2.0 * (1.0 - load));
        let (mean, sigma) = batch_mean(&waits, |wait| wait);
        // The confidence is 99.7 %, and narrow enough to mean something.
        assert!(sigma < 0.03 * theory, "{load}: sigma {sigma} of {theory}");
        assert!((mean - theory).abs() <= 3.0 * sigma, "{load}: {mean}, theory {theory}, sigma {sigma}");
        // Poisson arrivals see the time average: a share of 1 - rho finds the link idle.
        let (idle, sigma) = batch_mean(&waits, |wait| f64::from(u8::from(wait == 0.0)));
        assert!((idle - (1.0 - load)).abs() <= 3.0 * sigma, "{load}: {idle} idle, sigma {sigma}");
    }
}

#[test]
fn each_step_of_a_changing_rate_delivers_its_rate_within_a_thousandth() {
    // The steps of RFC 8867 section 5.1, and an outage.
    let steps = [(0, 1_000_000), (40, 2_500_000), (60, 600_000), (80, 0), (90, 1_000_000), (100, 1_000)];
    let timeline = steps.iter().map(|&(second, bps)| (Timestamp::from_millis(second * 1000), bps));
    let rate = RateTimeline::from_steps(timeline.collect()).unwrap();
    for wire_bytes in [100, 1237] {
        let clean = LinkConfig::clean(0, Duration::ZERO, u64::MAX);
        let mut link = link(LinkConfig { rate: rate.clone(), ..clean });
        for number in 0..14_000_000 / u64::from(wire_bytes) {
            link.offer(Timestamp::ZERO, wire_bytes, number);
        }
        for pair in steps.windows(2) {
            let [(from, bps), (until, _)] = *pair else { unreachable!("windows of two") };
            let packets = deliveries(&mut link, Timestamp::from_millis(until * 1000)).len() as u64;
            let bits = packets * u64::from(wire_bytes) * 8;
            let theory = bps * (until - from);
            // A packet that lies across a border is counted where it ends.
            let off = bits.abs_diff(theory).saturating_sub(u64::from(wire_bytes) * 8);
            assert!(off * 1000 <= theory, "{bps} bit/s: {bits} bits of {theory}");
        }
    }
}
