//! Owns the check that a media node which does not hand on the group's commits as they were ordered fools nobody
//! (E2E-009, E2E-004): who lacks one notices, says nothing and asks anew; what comes again changes nothing; and the halves
//! of a forked group see different codes, and open nothing of each other.

use std::{collections::BTreeSet, time::Duration};

use media_core::{DropReason, Timestamp, e2ee::mls::Rejection, limits, signalling::ServerMessage};
use sim::{run::Run, sabotage::Sabotage, scenario::PersonIndex};

use super::{
    e2e::received,
    groups::{self, Present, present},
};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

/// How long after a commit that they were not given somebody understands the others again.
const BACK_MAX: Duration = limits::BEHIND_MAX.saturating_add(Duration::from_secs(2));
/// Before the end nothing is attacked any more, and who was fooled has come back.
const REST: Duration = Duration::from_secs(2);
/// From then on the media node is hostile.
const ATTACK_AT: Timestamp = Timestamp::from_nanos(3_000_000_000);

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "a-withheld-commit-is-noticed",
        requirements: &["E2E-004", "E2E-009"],
        scenarios: &["ghosts"],
        judge: Judge::Compare(|evidence, rehearse| {
            judged(evidence, rehearse, Sabotage::LostForGood, &[(Sabotage::WithheldCommit, withheld)])
        }),
    },
    Check {
        name: "a-forked-group-shows",
        requirements: &["E2E-009"],
        scenarios: &["ghosts"],
        judge: Judge::Compare(|evidence, rehearse| {
            let attacks: [Attack; 3] = [
                (Sabotage::ForkedGroup, forked),
                (Sabotage::RepeatedCommit, unmoved),
                (Sabotage::OldCommit, unmoved),
            ];
            judged(evidence, rehearse, Sabotage::StaleCodes, &attacks)
        }),
    },
];

/// What the media node does, and what has to come of it.
type Attack = (Sabotage, fn(Sabotage, &Run, &mut Findings));

/// Each attack in a run of its own. Where clients are broken, too, it is the first.
fn judged(
    evidence: &RunEvidence,
    rehearse: &dyn Rehearse,
    broken: Sabotage,
    attacks: &[Attack],
) -> Result<Findings, HarnessError> {
    let mut findings = Findings::new();
    for (attack, judge) in attacks {
        if evidence.run().sabotage == Some(broken) {
            judge(*attack, evidence.run(), &mut findings);
            break;
        }
        let settings = Settings { sabotage: Some(*attack), ..Settings::default() };
        let run = rehearse.with_settings(settings).fixture(&evidence.scenario, evidence.seed)?;
        judge(*attack, run.run(), &mut findings);
    }
    Ok(findings)
}

fn withheld(attack: Sabotage, run: &Run, findings: &mut Findings) {
    let commits = run.server.tap.messages.iter();
    let commit = commits.filter(|seen| matches!(seen.body, ServerMessage::Commit { .. }));
    let Some(at) = commit.map(|seen| seen.at).find(|at| *at >= ATTACK_AT) else {
        return findings.expect(false, || format!("{attack}: there was no commit to withhold"));
    };
    let behind = |who: &usize| !run.people[*who].encrypted.left_behind.is_empty();
    let behind: Vec<usize> = (0..run.people.len()).filter(behind).collect();
    let [victim] = behind[..] else {
        return findings.expect(false, || format!("{attack}: {} people noticed", behind.len()));
    };
    let (person, name) = (&run.people[victim], &run.scenario.people[victim].name);
    let noticed = person.encrypted.left_behind[0];
    let back = person.encrypted.epochs.iter().map(|epoch| epoch.at).find(|at| *at > noticed);
    let end = back.unwrap_or(run.scenario.end());
    let said = person.sealed.iter().filter(|(_, frame)| frame.at > noticed && frame.at < end).count();
    findings.expect(said == 0, || format!("{attack}: {name} sealed {said} frames outside the group"));
    findings.expect(back.is_some_and(|back| back <= at + BACK_MAX), || {
        format!("{attack}: {name} was back at {back:?}, {BACK_MAX:?} after {at:?} at most")
    });
    findings.figure("noticed after", "ms", noticed.saturating_since(at).as_secs_f64() * 1e3);
    findings.figure("back after", "ms", end.saturating_since(at).as_secs_f64() * 1e3);
    let present = present(run, findings);
    groups::one_code(attack.name(), &present, findings);
    for other in present.iter().filter(|one| one.who.0 != victim) {
        let tracks =
            received(run).filter(|(listener, source, _)| listener.0 == victim && *source == Some(other.who));
        let decoded = tracks.flat_map(|(.., track)| &track.decoded).map(|frame| frame.at);
        let again = decoded.filter(|at| *at > noticed).min();
        findings.expect(again.is_some_and(|again| again <= at + BACK_MAX), || {
            format!("{attack}: {name} decoded {} again at {again:?}", other.name)
        });
    }
}

/// What came again was refused; nobody lost the group, and nobody's moved.
fn unmoved(attack: Sabotage, run: &Run, findings: &mut Findings) {
    let refused = groups::rejections(run, Rejection::Invalid);
    findings.expect(refused > 0, || format!("{attack}: nobody refused what came again"));
    findings.count(&format!("refused under {attack}"), refused);
    for person in &run.people {
        let lost = person.encrypted.left_behind.len();
        findings.expect(lost == 0, || format!("{attack}: {} lost the group", person.report.name));
        for epochs in person.encrypted.epochs.windows(2) {
            let onward = epochs[0].stay != epochs[1].stay || epochs[0].change.epoch < epochs[1].change.epoch;
            findings.expect(onward, || format!("{attack}: {} went back an epoch", person.report.name));
        }
    }
    let present = present(run, findings);
    groups::one_code(attack.name(), &present, findings);
    let people = present.iter().map(|one| one.who).collect();
    groups::understand(attack.name(), run, &people, run.scenario.end() - REST, findings);
}

/// The halves see different codes, understand themselves, and open nothing of each other.
fn forked(attack: Sabotage, run: &Run, findings: &mut Findings) {
    let present = present(run, findings);
    let codes = groups::codes(&present).into_values().next().unwrap_or_default();
    findings.expect(codes.len() == 2 && codes.values().all(|people| *people > 1), || {
        format!("{attack}: {} people see {} codes", present.len(), codes.len())
    });
    for code in codes.keys() {
        let half = |one: &&Present<'_>| one.epoch.code == *code;
        let half: BTreeSet<PersonIndex> = present.iter().filter(half).map(|one| one.who).collect();
        groups::understand(attack.name(), run, &half, run.scenario.end() - REST, findings);
    }
    groups::only_own_epochs(attack.name(), run, findings);
    let refused: u64 = received(run).map(|(.., track)| track.refused.get(DropReason::BadTag)).sum();
    findings.expect(refused > 0, || format!("{attack}: nobody refused a frame of the other half"));
    findings.count(&format!("refused under {attack}"), refused);
}
