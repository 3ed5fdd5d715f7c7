//! Owns the check of lines that lose in bursts, deliver out of order or twice, hold packets up, or slow down for a while
//! (NET-008): each disturbance reaches its line, none costs more than its bound, and when it is over nothing is left of it.

use std::time::Duration;

use media_core::Timestamp;
use sim::{endpoint::PersonRecord, link::LinkDrop, run::Run, site::Carried};

use super::span::{intervals, second, sum};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// When the disturbances begin, and when the last of them is over.
const BEGIN: Timestamp = second(6);
const OVER: Timestamp = second(10);
/// Frames a second that a picture shows before and after.
const FRAMES_MIN: f64 = 28.0;

pub(super) const CHECKS: &[Check] = &[Check {
    name: "rough-ways-cost-no-more-than-their-bounds",
    requirements: &["NET-008"],
    scenarios: &["rough-ways"],
    judge: Judge::Run(rough_ways),
}];

/// One line's disturbance.
struct Roughness {
    /// The line, and whoever is behind it.
    name: &'static str,
    /// How strongly the line was disturbed, by its own account, and from where to where that has to lie.
    measure: fn(&Carried, &PersonRecord) -> f64,
    from: f64,
    to: f64,
    /// Longest gap of the sound in milliseconds.
    gap_ms: f64,
    /// Share of the sound that is concealed while it lasts.
    concealed: f64,
    /// Time for which the picture stands still in all, in milliseconds.
    frozen_ms: u64,
    /// When nothing is left of it.
    calm: Timestamp,
}

/// A seventh of what was offered in 28 s passed in the four of the disturbance and more: shares of the whole run are about a
/// fifth of those of the disturbance.
const ROUGH: &[Roughness] = &[
    Roughness {
        name: "bursts",
        measure: |carried, _| share(carried.stats.dropped(LinkDrop::Loss), carried),
        from: 0.03,
        to: 0.12,
        gap_ms: 400.0,
        concealed: 0.20,
        frozen_ms: 2_500,
        calm: second(12),
    },
    Roughness {
        name: "overtaken",
        measure: |carried, _| share(carried.stats.reordered, carried),
        from: 0.02,
        to: 0.08,
        gap_ms: 60.0,
        concealed: 0.02,
        frozen_ms: 0,
        calm: second(12),
    },
    Roughness {
        name: "twice",
        measure: |carried, _| share(carried.stats.duplicated, carried),
        from: 0.02,
        to: 0.08,
        gap_ms: 0.0,
        concealed: 0.0,
        frozen_ms: 0,
        calm: second(12),
    },
    Roughness {
        name: "spikes",
        // What comes after the spike waits behind what it holds up: nothing arrives for a second.
        measure: |_, person| person.report.audio.map_or(0.0, |audio| audio.longest_gap_ms / 1e3),
        from: 0.5,
        to: 1.1,
        gap_ms: 1_100.0,
        concealed: 0.50,
        frozen_ms: 4_000,
        calm: second(16),
    },
    Roughness {
        name: "tenth",
        measure: |carried, _| carried.stats.queue_delay_max().as_secs_f64(),
        from: 0.1,
        to: 2.1,
        gap_ms: 500.0,
        concealed: 0.10,
        frozen_ms: 2_000,
        calm: second(25),
    },
];

fn share(count: u64, carried: &Carried) -> f64 {
    count as f64 / carried.stats.offered.max(1) as f64
}

fn rough_ways(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    for rough in ROUGH {
        let person = run.people.iter().find(|person| person.report.name == rough.name);
        let link = run.links.iter().find(|(site, _)| run.scenario.site(*site).name == rough.name);
        let (Some(person), Some((_, meter))) = (person, link) else {
            findings.expect(false, || format!("nobody is behind a line {}", rough.name));
            continue;
        };
        let strength = (rough.measure)(&meter.down, person);
        findings.figure(&format!("{} felt", rough.name), "", strength);
        findings.expect((rough.from..=rough.to).contains(&strength), || {
            format!("{}: the line was disturbed by {strength:.3}", rough.name)
        });
        bounded(run, rough, person, &mut findings);
        calm(run, rough, person, &mut findings);
    }
    findings
}

fn bounded(run: &Run, rough: &Roughness, person: &PersonRecord, findings: &mut Findings) {
    let name = rough.name;
    let gap = person.report.audio.map_or(f64::INFINITY, |audio| audio.longest_gap_ms);
    findings.figure(&format!("{name} gap"), "ms", gap);
    findings.expect(gap <= rough.gap_ms, || format!("{name}: nothing is heard for {gap} ms"));
    let during = intervals(run, BEGIN..OVER);
    let concealed = sum(&person.timeline.concealed_steps, &during) as f64;
    let heard = concealed + sum(&person.timeline.played_steps, &during) as f64;
    findings.figure(&format!("{name} concealed"), "", concealed / heard);
    findings.expect(concealed <= rough.concealed * heard && heard > 0.0, || {
        format!("{name}: {concealed} of {heard} steps of sound are concealed")
    });
    let frozen = sum(&person.timeline.frozen_ms, &intervals(run, BEGIN..rough.calm));
    findings.figure(&format!("{name} frozen"), "ms", frozen as f64);
    findings
        .expect(frozen <= rough.frozen_ms, || format!("{name}: the picture stands still for {frozen} ms"));
}

/// Before and after, nothing is missing.
fn calm(run: &Run, rough: &Roughness, person: &PersonRecord, findings: &mut Findings) {
    let (name, end, half) = (rough.name, run.scenario.end(), Duration::from_millis(500));
    for (when, window) in [("before", second(3)..BEGIN - half), ("after", rough.calm..end - half)] {
        let seconds = window.end.saturating_since(window.start).as_secs_f64();
        let calm = intervals(run, window);
        let frames = sum(&person.timeline.frames, &calm) as f64 / seconds;
        findings.expect(frames >= FRAMES_MIN, || format!("{name}: {frames:.1} frames a second {when}"));
        let concealed = sum(&person.timeline.concealed_steps, &calm);
        let frozen = sum(&person.timeline.frozen_ms, &calm);
        findings.expect(concealed == 0 && frozen == 0, || {
            format!("{name}: {concealed} steps of sound concealed and {frozen} ms frozen {when}")
        });
    }
}
