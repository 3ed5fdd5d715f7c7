//! Owns the checks of keys that change with the people in a conference (E2E-005, E2E-008, E2E-010): who can decrypt what is
//! what the oracle of secrecy says, frame by frame.

use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    oracle::{
        course::Course,
        secrecy::{DECODES_WITHIN, Secrecy},
        wire::Wire,
    },
    rehearsal::RunEvidence,
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "frames-open-exactly-where-their-epoch-is-lived",
        requirements: &["E2E-005", "E2E-010"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(frames),
    },
    Check {
        name: "every-entry-and-departure-begins-an-epoch",
        requirements: &["E2E-005"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(changes),
    },
    Check {
        name: "at-rest-everybody-is-in-one-epoch",
        requirements: &["E2E-005", "E2E-010"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(rest),
    },
    Check {
        name: "no-key-seals-twice-under-one-counter",
        requirements: &["E2E-008"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(counters),
    },
    Check {
        name: "worn-keys-are-replaced-in-time",
        requirements: &["E2E-008"],
        scenarios: &["worn-keys"],
        judge: Judge::Run(worn),
    },
];

fn frames(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    Secrecy::of(run.run()).judge_frames(&mut findings);
    findings
}

fn changes(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    Secrecy::of(run.run()).judge_changes(&mut findings);
    findings
}

fn rest(run: &RunEvidence) -> Findings {
    let run = run.run();
    let course = Course::follow(run, &Wire::read(run), &mut Findings::new());
    let mut findings = Findings::new();
    Secrecy::of(run).judge_rest(&course, &mut findings);
    findings
}

fn counters(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    Secrecy::of(run.run()).judge_counters(&mut findings);
    findings
}

/// A key that has sealed as many frames as the scenario allows is replaced before much more are sealed, and nobody notices:
/// what the other checks say of frames holds all the time.
fn worn(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let run = run.run();
    let Some(limit) = run.scenario.limits.frames_per_key else { return findings };
    let mut renewals = 0;
    let sealed: u64 = run.people.iter().map(|person| person.sealed.len() as u64).sum();
    for person in &run.people {
        // At most so many are sealed while the commit is under way.
        let rate = person.sealed.len() as u64 * 1_000 / run.scenario.duration.as_millis().max(1) as u64 + 1;
        let slack = rate * DECODES_WITHIN.as_secs();
        for (_, frame) in &person.sealed {
            findings.expect_at(frame.counter < limit + slack, Some(frame.at), || {
                format!("{} sealed frame {} with one key", person.report.name, frame.counter)
            });
        }
        let renewed = |change: &&media_core::e2ee::mls::EpochChange| {
            !change.first && change.added.is_empty() && change.removed.is_empty()
        };
        let lived = person.encrypted.epochs.iter().map(|epoch| &epoch.change).filter(renewed).count();
        // Nor sooner: each renewal is for a key under which the limit was reached.
        findings.expect(lived as u64 <= sealed / limit, || {
            format!("{} lived {lived} renewals while {sealed} frames were sealed", person.report.name)
        });
        renewals += lived;
    }
    findings.expect(renewals > 0, || "no key was replaced".to_owned());
    findings.count("epochs that only renew keys", renewals as u64);
    findings
}
