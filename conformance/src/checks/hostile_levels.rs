//! Owns the check of lying audio levels. A client says itself how loud it is, and the loudest are forwarded; a liar must
//! not take a place from people who speak for longer than it takes to doubt it. What was spoken, and what of it reached
//! whom, is read from the wire; the same scenario without the lie says how much of it is lost in any case.

use std::time::Duration;

use media_core::limits::{SPEAKER_FLAT, SPEAKER_HANGOVER, SPEAKER_LEVEL_MIN, SPEAKER_RISE};
use sim::{
    adversary::Misbehaviour,
    packet::person_of,
    run::Run,
    scenario::{Action, PersonIndex},
};

use super::flows::Flows;
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

/// A packet of a microphone.
const PACKET: Duration = Duration::from_millis(20);
/// Speech of all others together, as a share of it, that may be lost more or less than without the lie, beyond what a liar
/// is believed: who competes for the places differs in the two runs.
const DIFFERENCE: f64 = 0.02;

pub(super) const CHECKS: &[Check] = &[Check {
    name: "a-lying-level-silences-nobody-for-long",
    requirements: &["SEC-003", "FWD-005"],
    scenarios: &["hostile-levels"],
    judge: Judge::Compare(judge),
}];

fn judge(evidence: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let attacked = evidence.run();
    let settings = Settings { sabotage: attacked.sabotage, ..Settings::default() };
    let calm = rehearse.with_settings(settings).text(&attacked.scenario.well_behaved().to_toml())?;
    let lies = |action| {
        matches!(action, Action::Misbehave(Misbehaviour::AlwaysLoudest | Misbehaviour::LoudestInSilence))
    };
    let spells = attacked.scenario.steps.iter().filter(|step| lies(step.action)).count();
    // Believed until the level has stood still for long enough, and in its place until others may take it.
    let believed = (SPEAKER_FLAT + SPEAKER_HANGOVER + SPEAKER_RISE).as_millis() / PACKET.as_millis();
    let mut findings = Findings::new();
    findings.expect(spells > 0, || "nobody lied".to_owned());
    let people = (0..attacked.people.len()).map(PersonIndex);
    for listener in people.filter(|who| !attacked.scenario.misbehaves(*who)) {
        let behaves = |who| !attacked.scenario.misbehaves(who);
        let (spoken, lost) = speech(attacked, listener, &behaves);
        let (spoken_before, lost_before) = speech(calm.run(), listener, &behaves);
        let share = DIFFERENCE * spoken as f64;
        let name = &attacked.scenario.person(listener).name;
        findings.expect(spoken == spoken_before && spoken > 0, || {
            format!("others spoke {spoken} packets to {name}, without the lie {spoken_before}")
        });
        let most = lost_before as f64 + (spells as u128 * believed) as f64 + share;
        findings.expect(lost as f64 <= most, || {
            format!("{name} missed {lost} of {spoken} packets of speech, without the lie {lost_before}")
        });
        findings.count("packets of speech", spoken);
        findings.figure("lost more than without the lie", "packets", lost as f64 - lost_before as f64);
    }
    findings.count("lies", spells as u64);
    Ok(findings)
}

/// How many packets of speech those who behave sent to a listener, and how many of them did not get there.
fn speech(run: &Run, listener: PersonIndex, behaves: &dyn Fn(PersonIndex) -> bool) -> (u64, u64) {
    let flows = Flows::new(run);
    let Some(own) = flows.stays.iter().find(|stay| person_of(stay.peer) == listener) else { return (0, 0) };
    let spoken = run.server.tap.ingress.iter().filter(|packet| {
        let who = person_of(packet.peer);
        !packet.again
            && packet.level <= SPEAKER_LEVEL_MIN
            && packet.at >= own.from
            && who != listener
            && behaves(who)
    });
    spoken.fold((0, 0), |(spoken, lost), packet| {
        (spoken + 1, lost + u64::from(!flows.reached(packet.payload, own.peer)))
    })
}
