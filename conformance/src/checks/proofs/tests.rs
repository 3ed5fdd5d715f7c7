//! Claims about the proofs: each check is violated under its sabotage, and kept where nothing is broken. That every
//! check has a proof is a rule of the registry.

use std::collections::BTreeMap;

use super::*;
use crate::{
    check::EVERY_SCENARIO,
    proof::SEED,
    rehearsal::{Rehearse, RunEvidence, Settings, Simulation},
};

#[test]
fn checks_on_licences_can_fail() {
    prove(LIC);
}

#[test]
fn checks_on_capacity_can_fail() {
    prove(CAP);
}

#[test]
fn checks_on_getting_in_can_fail() {
    prove(JOIN);
}

#[test]
fn checks_on_presenter_mode_can_fail() {
    prove(PRES);
}

#[test]
fn checks_on_devices_and_rooms_can_fail() {
    prove(CAM);
}

#[test]
fn checks_on_forwarding_can_fail() {
    prove(FWD);
}

#[test]
fn checks_on_encryption_can_fail() {
    prove(E2E);
}

#[test]
fn checks_on_networks_can_fail() {
    prove(NET);
}

#[test]
fn checks_on_weak_lines_can_fail() {
    prove(WEAK);
}

#[test]
fn checks_on_foreign_streams_can_fail() {
    prove(SEC);
}

#[test]
fn checks_on_hostile_participants_and_servers_can_fail() {
    prove(HOSTILE);
}

#[test]
fn checks_on_the_harness_can_fail() {
    prove(DET);
}

#[test]
fn the_comparison_with_the_model_can_fail() {
    prove(REFERENCE);
}

#[test]
fn checks_of_accounts_and_of_what_is_left_can_fail() {
    prove(ACCOUNTS);
}

#[test]
fn checks_that_no_sabotage_reaches_can_fail() {
    for (name, fault, judge) in FIXTURES {
        let check = check(name);
        assert!(judge().violations_total() > 0, "{name} does not notice {fault}");
        if let Judge::Standing(honest) = check.judge {
            let kept = honest();
            assert!(kept.violations_total() == 0 && kept.examined() > 0, "{name}: {}", told(&kept));
        }
    }
}

/// The checks that judge every scenario are kept in each of these, on lossy and on crowded lines too.
#[test]
fn accounts_and_isolation_hold_in_every_kind_of_scenario() {
    let scenarios = [
        "avc",
        "full-house",
        "hostile",
        "isolation",
        "layers",
        "lobby",
        "loss",
        "presenter",
        "rathaus",
        "speakers",
    ];
    let mut faults = Vec::new();
    for scenario in scenarios {
        let run = rehearse(None, scenario);
        for name in ["every-packet-is-accounted-for", "conferences-are-isolated"] {
            faults.extend(fault(check(name), &run));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Each check is kept where it is proven and in the scenarios that it names, and violated under its sabotage. All the
/// faults are told at once.
#[expect(clippy::print_stdout, reason = "with --nocapture the proofs are read as a table")]
fn prove(proofs: &[Proof]) {
    let mut faults = Vec::new();
    let mut honest: BTreeMap<&str, RunEvidence> = BTreeMap::new();
    for (name, sabotage, scenario) in proofs {
        let check = check(name);
        let broken = judge(check, &rehearse(Some(*sabotage), scenario));
        println!("{name} | {sabotage} | {}", told(&broken));
        if broken.violations_total() == 0 {
            faults.push(format!("{name} does not notice {sabotage} in {scenario}"));
        }
        let mut scenarios: Vec<&str> = vec![scenario];
        scenarios.extend(check.scenarios.iter().filter(|named| ![EVERY_SCENARIO, scenario].contains(named)));
        for scenario in scenarios {
            let run = honest.entry(scenario).or_insert_with(|| rehearse(None, scenario));
            faults.extend(fault(check, run));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with a check on an honest run.
fn fault(check: &Check, honest: &RunEvidence) -> Option<String> {
    let kept = judge(check, honest);
    (kept.violations_total() > 0 || kept.examined() == 0)
        .then(|| format!("{} on an honest {}: {}", check.name, honest.scenario, told(&kept)))
}

fn check(name: &str) -> &'static Check {
    checks().iter().find(|check| check.name == name).expect("the tables name checks that exist")
}

fn rehearse(sabotage: Option<Sabotage>, scenario: &str) -> RunEvidence {
    let settings = Settings { sabotage, ..Settings::default() };
    Simulation::new(settings).fixture(scenario, SEED).expect("fixtures run")
}

/// The findings of a check on a run; further runs of the check's own are broken in the same way.
fn judge(check: &Check, run: &RunEvidence) -> Findings {
    assert!(check.judges(&run.scenario), "{} does not judge {}", check.name, run.scenario);
    match check.judge {
        Judge::Run(judge) => judge(run),
        Judge::Compare(judge) => {
            let settings = Settings { sabotage: run.run().sabotage, ..Settings::default() };
            judge(run, &Simulation::new(settings)).expect("fixtures run again")
        }
        Judge::Standing(_) | Judge::Outcomes(_) | Judge::Proofs(_) => panic!("{} judges no run", check.name),
    }
}

fn told(findings: &Findings) -> String {
    let first = findings.breaches().first().map_or("no violation", |breach| &breach.message);
    format!("{} of {} violated, first: {first}", findings.violations_total(), findings.examined())
}
