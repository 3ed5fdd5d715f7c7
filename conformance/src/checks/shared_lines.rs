//! Owns the checks of people who share a line and want more than it carries: it is used and its queue stays short
//! (NET-006), and nobody is starved for it.

use std::{ops::Range, time::Duration};

use media_core::Timestamp;
use sim::{
    run::Run,
    site::{Carried, PathSpec},
};

use super::span::{intervals, mean, second};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

const SCENARIOS: &[&str] = &["shared-lines", "crowded-line"];

/// Which share of a bottleneck's rate is in use in steady state. Pictures come in steps, and who tries the next one may find that
/// others are in the way: so much may be left.
const USED: Range<f64> = 0.65..0.98;
/// The standing queue (NET-006), for 95 of 100 packets.
const QUEUE_MAX: Duration = Duration::from_millis(100);
/// Jain's index of the shares: of two it is 0.75 where one has 3.7 times what the other has.
const JAIN_MIN: f64 = 0.75;
/// From here on everybody is in and the estimates have found what there is.
const STEADY: Timestamp = second(12);
/// Over this time shares are compared.
const COMPARED: Duration = Duration::from_secs(30);
/// The site that is no bottleneck.
const SOUND_SITE: &str = "hq";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "bottlenecks-are-used-and-their-queues-are-short",
        requirements: &["NET-006"],
        scenarios: SCENARIOS,
        judge: Judge::Run(used_and_short),
    },
    Check {
        name: "short-queues-are-not-bought-by-starving-somebody",
        requirements: &["NET-006"],
        scenarios: SCENARIOS,
        judge: Judge::Run(nobody_starves),
    },
];

/// The ways down to the sites that share, with names and descriptions.
fn bottlenecks(run: &Run) -> impl Iterator<Item = (&str, &Carried, &PathSpec)> {
    let ways = run.links.iter().map(|(site, meter)| {
        let site = run.scenario.site(*site);
        (site.name.as_str(), &meter.down, &site.link.down)
    });
    ways.filter(|(name, ..)| *name != SOUND_SITE)
}

fn used_and_short(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    let end = run.scenario.end();
    let seconds = STEADY.as_millis() as usize / 1_000..end.as_millis() as usize / 1_000;
    for (name, carried, path) in bottlenecks(run) {
        let bytes: u64 = carried.bytes_per_second.iter().take(seconds.end).skip(seconds.start).sum();
        let used = bytes as f64 * 8.0 / (f64::from(path.rate_kbps) * 1e3 * seconds.len() as f64);
        findings.figure("used", "", used);
        findings
            .expect(USED.contains(&used), || format!("{name}: {:.1} % of the line is used", used * 100.0));
        let queue = carried.queue_delays.percentile(95, STEADY..end).unwrap_or(Duration::MAX);
        findings.figure("queue at most", "ms", queue.min(Duration::from_secs(1)).as_secs_f64() * 1e3);
        findings.expect(queue <= QUEUE_MAX, || {
            format!("{name}: a packet in twenty waits longer than {QUEUE_MAX:?}: {}", told(queue))
        });
    }
    findings
}

fn nobody_starves(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    let end = run.scenario.end();
    findings.expect(end.saturating_since(STEADY) >= COMPARED, || "the run is too short".to_owned());
    let compared = intervals(run, STEADY..STEADY + COMPARED);
    for (name, ..) in bottlenecks(run) {
        let sharing = run.people.iter().filter(|person| person.report.site == name);
        let rates: Vec<f64> = sharing.map(|person| mean(&person.timeline.video_kbps, &compared)).collect();
        findings.expect(rates.len() >= 2, || format!("{name}: {} people share nothing", rates.len()));
        let index = jain(&rates);
        findings.figure("Jain's index", "", index);
        findings.count("people who share", rates.len() as u64);
        findings
            .expect(index >= JAIN_MIN, || format!("{name}: Jain's index is {index:.3}: {rates:.0?} kbit/s"));
    }
    findings
}

/// How long packets wait, in words. What is beyond the meter's longest, and what was never measured, has no number.
pub(super) fn told(queue: Duration) -> String {
    if queue == Duration::MAX { "longer than is measured".to_owned() } else { format!("up to {queue:?}") }
}

/// The square of the sum over the number times the sum of the squares (Jain, Chiu and Hawe 1984): 1 when all are equal, 1/n
/// when one has everything.
fn jain(rates: &[f64]) -> f64 {
    let sum: f64 = rates.iter().sum();
    let squares: f64 = rates.iter().map(|rate| rate * rate).sum();
    sum * sum / (rates.len() as f64 * squares)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_one_for_equals_and_a_share_for_a_monopoly() {
        assert!((jain(&[3.0, 3.0, 3.0]) - 1.0).abs() < 1e-12);
        assert!((jain(&[0.0, 5.0, 0.0, 0.0]) - 0.25).abs() < 1e-12);
        assert!(jain(&[0.0, 0.0]).is_nan(), "and nothing is no share");
    }
}
