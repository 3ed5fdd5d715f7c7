//! Owns the check that the gate's own outcomes are worth something (DET-004): each MUST has evidence, and whoever looked
//! at nothing has failed. It judges what all other checks concluded.

use crate::{
    catalogue::{Catalogue, Coverage, Level},
    check::{Check, Judge},
    evidence::{CheckOutcome, CheckStatus, Findings},
    gate::outcome,
    proof::{Broken, Proof},
    registry::Registry,
    rehearsal::{Rehearse, Sabotage, Simulation},
};

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[Check {
    name: "every-must-is-shown-to-hold",
    requirements: &["DET-004"],
    scenarios: &[],
    judge: Judge::Outcomes(every_must_is_shown),
}];

/// DET-004.
fn every_must_is_shown(registry: &Registry, outcomes: &[CheckOutcome]) -> Findings {
    let mut findings = Findings::new();
    let has_evidence = |outcome: &CheckOutcome| {
        outcome.status != CheckStatus::NotRun && outcome.examined > 0 && !outcome.evidence.is_empty()
    };
    let musts = registry.catalogue().requirements().iter().filter(|row| row.level == Level::Must);
    let (mut shown, mut todo) = (0, 0);
    for row in musts {
        match row.coverage {
            Coverage::Checked => {}
            Coverage::Todo(_) => {
                todo += 1;
                continue;
            }
            Coverage::Withdrawn(_) => continue,
        }
        // Who judges outcomes has none while it judges; being here is its evidence.
        if registry.checks_of(row).any(|check| matches!(check.judge, Judge::Outcomes(_))) {
            continue;
        }
        let speaks = |outcome: &&CheckOutcome| outcome.requirements.contains(&row.id.as_str());
        let evidence = outcomes.iter().filter(speaks).any(has_evidence);
        shown += u64::from(evidence);
        findings.expect(evidence, || format!("{}: {}: no check of it left evidence", row.place, row.id));
    }
    for seen in outcomes {
        findings.expect(seen.examined > 0 || seen.status != CheckStatus::Pass, || {
            format!("{} passed, although it looked at nothing", seen.check)
        });
    }
    for check in registry.checks() {
        let nothing = outcome(check, &[], true, None);
        findings.expect(nothing.status == CheckStatus::Fail, || {
            format!("{} would be called {:?} if it looked at nothing", check.name, nothing.status)
        });
    }
    findings.count("MUST rows with evidence", shown);
    findings.count("MUST rows todo", todo);
    findings.count("checks", outcomes.len() as u64);
    findings
}

const ROW: &str = r#"[[requirement]]
id = "DET-004"
level = "MUST"
statement = "Something is looked at."
source = "project"
status = "checked"
"#;

static BLIND: Check = Check {
    name: "a-blind-check",
    requirements: &["DET-004"],
    scenarios: &["keyless"],
    judge: Judge::Run(|_| Findings::new()),
};

/// What the check says of a gate in which a check passed without looking at anything.
pub(super) fn blind_gate() -> Findings {
    let registry = Catalogue::from_files(&[("det.toml", ROW)])
        .and_then(|catalogue| Registry::new(catalogue, std::slice::from_ref(&BLIND)));
    let Ok(registry) = registry else { return Findings::new() };
    let passed = CheckOutcome { status: CheckStatus::Pass, ..outcome(&BLIND, &[], true, None) };
    every_must_is_shown(&registry, &[passed])
}

/// What is said of a check that finds nothing in a run in which media is not encrypted.
pub(super) fn blind_check() -> Findings {
    let broken = Broken::Run { sabotage: Sabotage::Plaintext, scenario: "keyless" };
    let proof = Proof { check: BLIND.name, broken };
    let rehearse: &dyn Rehearse = &Simulation::default();
    proof.demonstrate(&BLIND, rehearse).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_must_without_evidence_and_a_pass_for_nothing_are_each_named() {
        let told = format!("{:?}", blind_gate());
        assert_eq!(blind_gate().violations_total(), 2, "{told}");
        assert!(
            told.contains("fixtures/requirements/det.toml:2: DET-004: no check of it left evidence"),
            "{told}"
        );
        assert!(told.contains("a-blind-check passed, although it looked at nothing"), "{told}");
    }
}
