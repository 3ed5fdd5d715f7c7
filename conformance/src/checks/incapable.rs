//! Owns the check of clients that cannot encrypt (E2E-012): they are refused by name, get no media, and everybody else
//! experiences what they would if those clients had never come.

use media_core::signalling::Refusal;
use sim::{
    endpoint::Observation,
    packet::person_of,
    scenario::{PersonIndex, Scenario, ScenarioBuilder},
};

use super::hostile::compare;
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

pub(super) const CHECKS: &[Check] = &[Check {
    name: "clients-that-cannot-encrypt-are-refused",
    requirements: &["E2E-012"],
    scenarios: &["incapable"],
    judge: Judge::Compare(judge),
}];

fn judge(evidence: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let run = evidence.run();
    let mut findings = Findings::new();
    let people = || (0..run.people.len()).map(PersonIndex);
    let encrypts = |who: PersonIndex| run.scenario.person(who).encrypts;
    let mut incapable = 0;
    for who in people().filter(|who| !encrypts(*who)) {
        incapable += 1;
        let name = &run.scenario.person(who).name;
        let refused = run.observations.iter().any(|(_, person, seen)| {
            *person == who && matches!(seen, Observation::Refused("join", Refusal::EncryptionRequired))
        });
        findings.expect(refused, || format!("{name} cannot encrypt and was not refused for that"));
        findings.expect(run.people[who.0].stays.is_empty(), || format!("{name} cannot encrypt and came in"));
        let sent = run.server.tap.egress.iter().filter(|packet| person_of(packet.peer) == who).count();
        findings.expect(sent == 0, || format!("{name} cannot encrypt and was sent {sent} media packets"));
    }
    findings.expect(incapable > 0, || "everybody could encrypt, so nothing was tried".to_owned());
    findings.count("clients that cannot encrypt", incapable);
    let settings = Settings { sabotage: run.sabotage, ..Settings::default() };
    let without = rehearse.with_settings(settings).text(&without_them(&run.scenario)?)?;
    compare(run, without.run(), &encrypts, &mut findings);
    Ok(findings)
}

/// The scenario without those who cannot encrypt. They stand last in it, so that everybody else keeps their number.
fn without_them(scenario: &Scenario) -> Result<String, HarnessError> {
    let mut file = scenario.file().clone();
    file.people.retain(|person| person.encrypts != Some(false));
    let stays = |name: &str| name == "*" || file.people.iter().any(|person| person.name.value == name);
    file.expectations.retain(|expected| stays(&expected.who.value));
    file.steps.retain(|step| stays(&step.who.value));
    let built = ScenarioBuilder::from(file).build().map_err(|error| HarnessError::Check {
        check: "clients-that-cannot-encrypt-are-refused".to_owned(),
        reason: error.to_string(),
    })?;
    Ok(built.to_toml())
}
