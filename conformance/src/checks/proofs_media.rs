//! Owns the proofs that the checks of presenter mode, forwarding and foreign streams can fail (DET-005): under the
//! sabotage the very check is violated, without it it is not.

use std::collections::BTreeMap;

use sim::sabotage::Sabotage;

use super::checks;
use crate::{
    check::Judge,
    evidence::Findings,
    rehearsal::{Rehearse, RunEvidence, Settings, Simulation},
};

/// Check, sabotage that it has to notice, scenario in which it does.
const PROOFS: &[(&str, Sabotage, &str)] = &[
    ("presenter-mode-silences-the-audience", Sabotage::AudienceSpeaks, "presenter"),
    ("mode-switch-holds-from-its-acknowledgement", Sabotage::LateModeSwitch, "presenter"),
    ("late-joiners-cannot-send", Sabotage::LateJoinerSpeaks, "presenter"),
    ("audience-uplink-is-feedback-only", Sabotage::AudienceChatters, "presenter"),
    ("granted-hands-are-heard-until-revoked", Sabotage::GrantForgotten, "presenter"),
    ("granted-hands-are-heard-until-revoked", Sabotage::RevokeForgotten, "presenter"),
    ("external-guests-hear-and-see-the-presenter", Sabotage::GuestsUnwelcome, "presenter"),
];

/// The seed of every proof.
const SEED: u64 = 7;

#[test]
fn every_media_check_is_violated_under_its_sabotage_and_kept_without() {
    let mut failures = Vec::new();
    let mut honest: BTreeMap<&str, RunEvidence> = BTreeMap::new();
    for (check, sabotage, scenario) in PROOFS.iter().copied() {
        let clean = honest.entry(scenario).or_insert_with(|| rehearse(scenario, None));
        let kept = judge(check, clean);
        if kept.violations_total() > 0 || kept.examined() == 0 {
            failures.push(format!("{check} on an honest {scenario}: {}", told(&kept)));
        }
        let broken = judge(check, &rehearse(scenario, Some(sabotage)));
        println!("{check} | {sabotage} | {} | honest: {}", told(&broken), kept.evidence());
        if broken.violations_total() == 0 {
            failures.push(format!("{check} did not notice {sabotage} in {scenario}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn rehearse(scenario: &str, sabotage: Option<Sabotage>) -> RunEvidence {
    let settings = Settings { sabotage, ..Settings::default() };
    Simulation::new(settings).fixture(scenario, SEED).expect("fixtures run")
}

fn judge(check: &str, evidence: &RunEvidence) -> Findings {
    let check = checks().iter().find(|known| known.name == check).expect("the table names checks that exist");
    assert!(check.judges(&evidence.scenario), "{} does not judge {}", check.name, evidence.scenario);
    let Judge::Run(judge) = check.judge else { panic!("{} judges no single run", check.name) };
    judge(evidence)
}

fn told(findings: &Findings) -> String {
    let first = findings.breaches().first().map_or("no violation", |breach| &breach.message);
    format!("{} of {} violated, first: {first}", findings.violations_total(), findings.examined())
}
