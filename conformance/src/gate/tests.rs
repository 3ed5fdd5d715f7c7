//! Claims about the decision.

use std::num::NonZero;

use super::*;
use crate::{
    perform::perform,
    plan::{Selection, Shard},
    testing::{MadeUp, registry},
};

fn plan(seeds: u64, filter: Option<&str>) -> Plan {
    let selection =
        Selection { seeds: (1..=seeds).collect(), filter: filter.map(str::to_owned), ..Selection::default() };
    Plan::new(&registry(), selection).unwrap()
}

fn records(plan: &Plan, rehearse: &MadeUp) -> Vec<WorkRecord> {
    perform(plan.items(), plan.checks(), rehearse, NonZero::<usize>::MIN, |_| {}).unwrap()
}

fn broken(scenario: &'static str, seed: u64) -> MadeUp {
    MadeUp { broken: vec![(scenario, seed)], ..MadeUp::default() }
}

fn status(decision: &Decision<'_>, id: &str) -> RequirementStatus {
    decision.requirements.iter().find(|judged| judged.requirement.id == id).unwrap().status
}

#[test]
fn a_gate_without_violations_passes_and_leaves_todo_rows_as_they_are() {
    let plan = plan(2, None);
    let registry = registry();
    let decision = decide(&registry, &conclude(&plan, &records(&plan, &MadeUp::default())));
    assert_eq!(decision.verdict, Verdict::Pass);
    assert_eq!(status(&decision, "LIC-001"), RequirementStatus::Pass);
    assert_eq!(status(&decision, "CAP-002"), RequirementStatus::Todo);
}

#[test]
fn one_violation_of_a_must_in_one_seed_fails_the_gate() {
    let plan = plan(3, Some("only-*"));
    let registry = registry();
    let outcomes = conclude(&plan, &records(&plan, &broken("small", 2)));
    let decision = decide(&registry, &outcomes);
    assert_eq!(decision.verdict, Verdict::Fail);
    assert_eq!(status(&decision, "LIC-001"), RequirementStatus::Fail);
    assert_eq!(outcomes[0].replay.as_deref(), Some("small@2"));
    assert_eq!(outcomes[0].violations_total, 3);
    assert_eq!(outcomes[0].violations[0].message, "starts refused 0 of seed 2 went astray");
}

#[test]
fn a_violated_should_is_reported_and_does_not_fail_the_gate() {
    let plan = plan(1, Some("NET-*"));
    let registry = registry();
    let decision = decide(&registry, &conclude(&plan, &records(&plan, &broken("weak", 1))));
    assert_eq!(status(&decision, "NET-001"), RequirementStatus::Fail);
    assert_eq!(decision.verdict, Verdict::Pass);
}

#[test]
fn a_check_that_examined_nothing_fails() {
    let plan = plan(1, Some("LIC-*"));
    let mut empty = records(&plan, &MadeUp::default());
    for record in &mut empty {
        for seen in &mut record.findings {
            seen.findings = Findings::new();
        }
    }
    let outcomes = conclude(&plan, &empty);
    assert_eq!(outcomes[0].status, CheckStatus::Fail);
    assert_eq!(outcomes[0].evidence, "examined nothing");
    assert_eq!(decide(&registry(), &outcomes).verdict, Verdict::Fail);
}

#[test]
fn a_requirement_does_not_pass_while_one_of_its_checks_was_left_out() {
    let plan = plan(1, Some("only-*"));
    let registry = registry();
    let decision = decide(&registry, &conclude(&plan, &records(&plan, &MadeUp::default())));
    assert_eq!(status(&decision, "LIC-001"), RequirementStatus::NotRun);
    assert_eq!(status(&decision, "E2E-001"), RequirementStatus::NotRun);
}

#[test]
fn a_shard_passes_no_check_whose_other_runs_it_did_not_see_but_fails_on_a_violation() {
    let plan = plan(2, None);
    let mine = |rehearse: &MadeUp| -> Vec<CheckStatus> {
        let items = plan.shard(Shard { index: 1, of: 2 });
        let records = perform(&items, plan.checks(), rehearse, NonZero::<usize>::MIN, |_| {}).unwrap();
        conclude(&plan, &records).iter().map(|outcome| outcome.status).collect()
    };
    let (pass, fail, not_run) = (CheckStatus::Pass, CheckStatus::Fail, CheckStatus::NotRun);
    assert_eq!(mine(&MadeUp::default()), [not_run, not_run, pass, not_run]);
    assert_eq!(mine(&broken("weak", 1)), [not_run, fail, pass, fail]);
}

#[test]
fn a_proof_that_shows_nothing_fails_the_gate_and_outcomes_are_judged_when_all_are_there() {
    let registry = Registry::new(crate::testing::catalogue(), &crate::testing::PROVEN).unwrap();
    let plan = |filter: Option<&str>| {
        let filter = filter.map(str::to_owned);
        Plan::new(&registry, Selection { seeds: vec![1, 2], filter, ..Selection::default() }).unwrap()
    };
    let conclude = |plan: &Plan, rehearse: &MadeUp| conclude(plan, &records(plan, rehearse));
    // No made-up run is broken by a sabotage, so the check on weak links does not notice this one.
    let outcomes = conclude(&plan(None), &MadeUp::default());
    let proofs = outcomes.iter().find(|outcome| outcome.check == "checks-can-fail").unwrap();
    assert_eq!((proofs.status, proofs.examined, proofs.violations_total), (CheckStatus::Fail, 5, 1));
    assert!(proofs.violations[0].message.contains("does not notice: sabotage wide-links in weak"));
    let of_others = outcomes.iter().find(|outcome| outcome.check == "others-conclude").unwrap();
    assert_eq!((of_others.status, of_others.examined), (CheckStatus::Pass, 3));
    let noticed = conclude(&plan(Some("checks-can-fail")), &broken("weak", crate::proof::SEED));
    assert_eq!(noticed[0].status, CheckStatus::Pass);
    let alone = conclude(&plan(Some("others-conclude")), &MadeUp::default());
    assert_eq!((alone[0].status, alone[0].examined), (CheckStatus::NotRun, 0));
}

#[test]
fn the_digest_depends_on_every_run_and_not_on_the_order_of_records() {
    let plan = plan(2, None);
    let good = records(&plan, &MadeUp::default());
    let mut shuffled = good.clone();
    shuffled.reverse();
    assert_eq!(combined_digest(&plan, &good), combined_digest(&plan, &shuffled));
    let other = records(&plan, &broken("weak", 2));
    assert_ne!(combined_digest(&plan, &good), combined_digest(&plan, &other));
    assert_ne!(combined_digest(&plan, &good), combined_digest(&plan, &good[1..]));
}
