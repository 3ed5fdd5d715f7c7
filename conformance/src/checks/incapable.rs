//! Owns the check of clients that cannot encrypt, or not as everybody else does (E2E-012): they are refused by name, get no
//! media, and everybody else experiences what they would if those clients had never come.

use std::collections::BTreeSet;

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
    let fits = |who: PersonIndex| due(&run.scenario, who).is_none();
    let mut tried = BTreeSet::new();
    for who in (0..run.people.len()).map(PersonIndex) {
        let Some((request, reason)) = due(&run.scenario, who) else { continue };
        tried.insert(reason);
        let name = &run.scenario.person(who).name;
        let refused = run
            .observations
            .iter()
            .any(|(_, person, seen)| *person == who && *seen == Observation::Refused(request, reason));
        findings.expect(refused, || format!("{name} was not refused as {reason:?}"));
        findings.expect(run.people[who.0].stays.is_empty(), || format!("{name} came in"));
        let sent = run.server.tap.egress.iter().filter(|packet| person_of(packet.peer) == who).count();
        findings.expect(sent == 0, || format!("{name} was sent {sent} media packets"));
    }
    for reason in [Refusal::EncryptionRequired, Refusal::UnknownSuite, Refusal::OtherSuite] {
        findings.expect(tried.contains(&reason), || format!("nobody was due to be refused as {reason:?}"));
    }
    let unfit = (0..run.people.len()).filter(|who| !fits(PersonIndex(*who))).count();
    findings.count("clients that do not encrypt as they should", unfit as u64);
    let settings = Settings { sabotage: run.sabotage, ..Settings::default() };
    let without = rehearse.with_settings(settings).text(&without_them(&run.scenario)?)?;
    compare(run, without.run(), &fits, &mut findings);
    Ok(findings)
}

/// As what somebody's entry has to be refused: a start with suites that are not in use, a join with others than those of the
/// conference, and whatever cannot encrypt.
fn due(scenario: &Scenario, who: PersonIndex) -> Option<(&'static str, Refusal)> {
    let person = scenario.person(who);
    let conference = scenario.conference(person.conference);
    let request = if conference.host == who { "start" } else { "join" };
    match person.encryption {
        None => Some((request, Refusal::EncryptionRequired)),
        Some(encryption) if conference.host == who => {
            let known = [1, 2].contains(&encryption.mls) && [4, 5].contains(&encryption.sframe);
            (!known).then_some((request, Refusal::UnknownSuite))
        }
        Some(encryption) => {
            let same = scenario.person(conference.host).encryption == Some(encryption);
            (!same).then_some((request, Refusal::OtherSuite))
        }
    }
}

/// The scenario without those who are refused, and what they wanted to start. They stand last in it, so that everybody else
/// keeps their number.
fn without_them(scenario: &Scenario) -> Result<String, HarnessError> {
    let mut file = scenario.file().clone();
    let refused = |name: &str| {
        let person = scenario.people.iter().position(|person| person.name == name);
        person.is_some_and(|index| due(scenario, PersonIndex(index)).is_some())
    };
    file.people.retain(|person| !refused(&person.name));
    file.conferences.retain(|conference| !refused(&conference.host));
    let stays = |name: &str| name == "*" || file.people.iter().any(|person| person.name.value == name);
    file.expectations.retain(|expected| stays(&expected.who.value));
    file.steps.retain(|step| stays(&step.who.value));
    let built = ScenarioBuilder::from(file).build().map_err(|error| HarnessError::Check {
        check: "clients-that-cannot-encrypt-are-refused".to_owned(),
        reason: error.to_string(),
    })?;
    Ok(built.to_toml())
}
