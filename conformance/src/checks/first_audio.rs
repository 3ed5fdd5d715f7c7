//! Owns the check of the time from opening the link to the first sound (JOIN-003), for the classes of lines that the
//! requirement names, with joins enough for a 95th percentile.

use sim::run::Run;

use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Fewer joins make no 95th percentile.
const JOINS_MIN: usize = 20;
/// Sites by class, and the 95th percentile that is allowed there in milliseconds.
const JOINS: &[(&str, f64)] = &[("healthy", 2_000.0), ("weak", 4_000.0), ("lossy", 8_000.0)];
/// The same of the rush of everybody at once.
const RUSH: &[(&str, f64)] = &[("office", 4_000.0)];

pub(super) const CHECKS: &[Check] = &[Check {
    name: "the-first-sound-comes-in-time",
    requirements: &["JOIN-003"],
    scenarios: &["joins", "rush", "webrtc-joins"],
    judge: Judge::Run(first_sounds),
}];

fn first_sounds(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    let classes = if run.scenario.name == "rush" { RUSH } else { JOINS };
    for (site, bound) in classes {
        let times = times(run, site);
        findings.expect(times.len() >= JOINS_MIN, || {
            format!("{} people came in over {site}, too few for a percentile", times.len())
        });
        let rank = (times.len() * 95).div_ceil(100).max(1);
        let percentile = times.get(rank - 1).copied().unwrap_or(f64::INFINITY);
        findings.count("joins", times.len() as u64);
        if percentile.is_finite() {
            findings.figure(&format!("{site} p95"), "ms", percentile);
        }
        findings.expect(percentile <= *bound, || {
            let never = times.iter().filter(|time| time.is_infinite()).count();
            format!("{site}: first sound after {percentile:.0} ms (95th percentile of {}), {never} never heard any; at most {bound:.0} ms", times.len())
        });
    }
    for person in &run.people {
        let join = &person.report.join;
        if let (Some(entered), Some(first)) = (join.entered_ms, join.first_audio_ms) {
            let name = &person.report.name;
            findings.expect(first > entered, || format!("{name} heard somebody before they were in"));
        }
    }
    findings
}

/// Times to the first sound of everybody behind a line, rising; without end for who never heard anything.
fn times(run: &Run, site: &str) -> Vec<f64> {
    let people = run.people.iter().filter(|person| person.report.site == site);
    let mut times: Vec<f64> =
        people.map(|person| person.report.join.first_audio_ms.unwrap_or(f64::INFINITY)).collect();
    times.sort_unstable_by(f64::total_cmp);
    times
}
