//! Owns the checks on licences (LIC); who may moderate is judged in [`moderation`].

use std::time::Duration;

use media_core::signalling::{Refusal, Request, ServerMessage};
use sim::endpoint::Observation;

use super::{ledger::starts, moderation, transcript::Transcript};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Longest silence that participants of an undisturbed conference get: a few packets of 20 ms may come late, more may
/// not.
const SILENCE_MAX: Duration = Duration::from_millis(200);
/// From a request at the server until its sender knows that it was refused.
const TOLD_WITHIN: Duration = Duration::from_secs(1);

pub(super) const CHECKS: [Check; 4] = [
    Check {
        name: "only-licence-holders-start",
        requirements: &["LIC-001"],
        scenarios: &["licences"],
        judge: Judge::Run(only_holders_start),
    },
    Check {
        name: "a-licence-carries-one-conference",
        requirements: &["LIC-002"],
        scenarios: &["licences"],
        judge: Judge::Run(a_licence_carries_one),
    },
    Check {
        name: "only-host-and-named-holders-moderate",
        requirements: &["LIC-003"],
        scenarios: &["moderation", "licences", "lobby"],
        judge: Judge::Run(moderation::judge),
    },
    Check {
        name: "no-start-after-the-term-and-no-cut-off",
        requirements: &["LIC-004"],
        scenarios: &["term"],
        judge: Judge::Run(the_term_ends_starts_only),
    },
];

fn only_holders_start(evidence: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    judge_starts(&mut findings, &Transcript::read(evidence.run()), Refusal::NoLicence);
    findings
}

fn a_licence_carries_one(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let mut findings = Findings::new();
    judge_starts(&mut findings, &transcript, Refusal::LicenceInUse);
    let handed_over = |body: &Request| matches!(body, Request::HandOver { .. });
    let freed = transcript.exchanges.iter().filter(|asked| handed_over(asked.body) && asked.is_done());
    findings.count("licences freed by handing over", freed.count() as u64);
    findings
}

fn the_term_ends_starts_only(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let mut findings = Findings::new();
    judge_starts(&mut findings, &transcript, Refusal::LicenceExpired);
    judge_beyond_the_term(&mut findings, &transcript);
    findings
}

/// Judges the starts that are to be refused as `reason`, and those that are to succeed. Both have to be there.
fn judge_starts(findings: &mut Findings, transcript: &Transcript<'_>, reason: Refusal) {
    let (mut refused, mut succeeded) = (0, 0);
    for start in starts(transcript) {
        let forbidden = start.due.contains(&reason);
        if !forbidden && !start.due.is_empty() {
            continue;
        }
        let asked = start.exchange;
        let who = transcript.name(asked.person);
        findings.expect_at(start.is_right(), Some(asked.at), || {
            let wanted = if forbidden { format!("a refusal as {reason:?}") } else { "to get in".to_owned() };
            format!("{who} asked to start and {}, expected {wanted}", asked.outcome())
        });
        succeeded += u64::from(asked.entered().is_some());
        if asked.refusal() == Some(reason) {
            refused += 1;
            let refusal = Observation::Refused("start", reason);
            let told = transcript.observed(asked.person, asked.at, |seen| *seen == refusal);
            findings.expect_at(
                told.is_some_and(|told| told.saturating_since(asked.at) <= TOLD_WITHIN),
                Some(asked.at),
                || format!("{who} was refused as {reason:?} and does not know it"),
            );
        }
    }
    findings.count(&format!("starts refused as {reason:?}"), refused);
    findings.count("starts that succeeded", succeeded);
    findings.expect(refused > 0, || format!("no start was refused as {reason:?}"));
    findings.expect(succeeded > 0, || "no start succeeded".to_owned());
}

/// Conferences that run when the term ends go on, and people still come in.
fn judge_beyond_the_term(findings: &mut Findings, transcript: &Transcript<'_>) {
    let run = transcript.run;
    let over = run.scenario.licences.valid_until;
    let mut carried_on = 0;
    for stay in transcript.stays.iter().filter(|stay| stay.from < over && stay.until > over) {
        carried_on += 1;
        let who = transcript.name(stay.person);
        let out = run.server.tap.messages.iter().find(|message| {
            message.peer == stay.peer
                && message.at >= over
                && matches!(message.body, ServerMessage::Out { .. })
        });
        findings.expect_at(out.is_none(), out.map(|out| out.at), || {
            format!("{who} was put out of a conference that ran when the term ended")
        });
        let silence = transcript.longest_silence(stay.peer, over, stay.until.min(run.scenario.end()));
        findings.figure("longest silence after the term", "ms", silence.as_secs_f64() * 1e3);
        findings.expect_at(silence <= SILENCE_MAX, Some(over), || {
            format!("{who} heard nothing for {silence:?} after the term had ended")
        });
    }
    findings.count("stays beyond the term", carried_on);
    findings.expect(carried_on >= 2, || "no conference ran when the term ended".to_owned());
    let joins = transcript.exchanges.iter().filter(|asked| matches!(asked.body, Request::Join { .. }));
    for join in joins.filter(|join| join.at >= over) {
        findings.count("joins after the term", 1);
        findings.expect_at(join.entered().is_some(), Some(join.at), || {
            let who = transcript.name(join.person);
            format!("{who} joined a running conference after the term and {}", join.outcome())
        });
    }
}
