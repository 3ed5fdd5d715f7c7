//! Owns the decision: what records of work mean for each check, each requirement and the release. Pure; nothing is
//! run, read or printed here.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{Context, SHA256};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    catalogue::{Coverage, Level, Requirement},
    check::{Check, Judge},
    evidence::{CheckOutcome, CheckStatus, Findings, Violation},
    perform::{CheckFindings, WorkRecord},
    plan::{Plan, WorkItem},
    registry::Registry,
    rehearsal::Sabotage,
    replay::ReplayToken,
};

/// Whether a release may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// No MUST is violated; for a release candidate, every MUST holds.
    Pass,
    /// A MUST is violated, or a release candidate has a MUST that is not shown to hold.
    Fail,
}

/// What is known about a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequirementStatus {
    /// All its checks ran and found no violation.
    Pass,
    /// One of its checks failed.
    Fail,
    /// It has no check yet.
    Todo,
    /// Not all of its checks ran in full, and those that ran found no violation.
    NotRun,
    /// It turned out wrong; nothing is judged.
    Withdrawn,
}

/// The decision about one gate run.
#[derive(Clone, Debug)]
pub struct Decision<'a> {
    /// Whether a release may go out.
    pub verdict: Verdict,
    /// Each requirement, in the catalogue's order.
    pub requirements: Vec<JudgedRequirement<'a>>,
}

/// One requirement and the outcomes that decided about it.
#[derive(Clone, Debug)]
pub struct JudgedRequirement<'a> {
    /// The row.
    pub requirement: &'a Requirement,
    /// What is known about it.
    pub status: RequirementStatus,
    /// Its checks, in the registry's order; those not selected stand as `not_run`.
    pub checks: Vec<CheckOutcome>,
}

impl JudgedRequirement<'_> {
    /// Whether a release would go out with this MUST unproven, although nothing shows it violated.
    pub fn is_open(&self) -> bool {
        self.requirement.level == Level::Must
            && matches!(self.status, RequirementStatus::Todo | RequirementStatus::NotRun)
    }
}

impl Decision<'_> {
    /// The decision on which a release hangs: a MUST that is todo or was not run keeps it from going out.
    #[must_use]
    pub fn for_release(mut self) -> Self {
        if self.requirements.iter().any(JudgedRequirement::is_open) {
            self.verdict = Verdict::Fail;
        }
        self
    }
}

/// Decides from the outcomes of the checks that were selected.
pub fn decide<'a>(registry: &'a Registry, outcomes: &[CheckOutcome]) -> Decision<'a> {
    let judged = |requirement: &'a Requirement| {
        let outcome_of = |check: &'static Check| {
            outcomes
                .iter()
                .find(|outcome| outcome.check == check.name)
                .cloned()
                .unwrap_or_else(|| not_run(check))
        };
        let checks: Vec<_> = registry.checks_of(requirement).map(outcome_of).collect();
        JudgedRequirement { requirement, status: status_of(requirement, &checks), checks }
    };
    let requirements: Vec<_> = registry.catalogue().requirements().iter().map(judged).collect();
    let is_broken = |judged: &JudgedRequirement<'_>| {
        judged.requirement.level == Level::Must && judged.status == RequirementStatus::Fail
    };
    let verdict = if requirements.iter().any(is_broken) { Verdict::Fail } else { Verdict::Pass };
    Decision { verdict, requirements }
}

/// Folds the records of a plan (or of a part of it) into one outcome for each selected check. A check that misses
/// some of its work cannot pass, and does not fail for having examined nothing either.
pub fn conclude(plan: &Plan, records: &[WorkRecord]) -> Vec<CheckOutcome> {
    let by_item: BTreeMap<&WorkItem, &WorkRecord> =
        records.iter().map(|record| (&record.item, record)).collect();
    let sabotage = plan.selection().sabotage.as_deref().and_then(|name| name.parse().ok());
    let conclude_check = |check: &'static Check| {
        let work: Vec<_> = plan.items().iter().filter(|item| item.is_read_by(check)).collect();
        let done: Vec<_> = work.iter().filter_map(|item| by_item.get(item).copied()).collect();
        outcome(check, &done, done.len() == work.len(), sabotage)
    };
    let mut outcomes: Vec<_> = plan.checks().iter().map(|check| conclude_check(check)).collect();
    judge_outcomes(plan.registry(), &mut outcomes);
    outcomes
}

/// Has the outcomes judged by the checks that judge outcomes, where there is one of every other check.
fn judge_outcomes(registry: &Registry, outcomes: &mut [CheckOutcome]) {
    let judges_outcomes = |check: &Check| matches!(check.judge, Judge::Outcomes(_));
    let others: Vec<_> = outcomes
        .iter()
        .filter(|outcome| !registry.check(outcome.check).is_some_and(judges_outcomes))
        .cloned()
        .collect();
    let is_done = |check: &Check| {
        others.iter().any(|outcome| outcome.check == check.name && outcome.status != CheckStatus::NotRun)
    };
    let complete = registry.checks().iter().all(|check| judges_outcomes(check) || is_done(check));
    for concluded in outcomes {
        let Some(check) = registry.check(concluded.check) else { continue };
        if let Judge::Outcomes(judge) = check.judge {
            let item = WorkItem::Standing { check: check.name.to_owned() };
            let findings = if complete { judge(registry, &others) } else { Findings::new() };
            let findings = vec![CheckFindings { check: check.name.to_owned(), findings }];
            let record = WorkRecord { item, digest: String::new(), simulated_ns: 0, findings, run: None };
            *concluded = outcome(check, &[&record], complete, None);
        }
    }
}

/// What `check` concludes from `records`; `complete` when they are all the work it needs.
pub fn outcome(
    check: &'static Check,
    records: &[&WorkRecord],
    complete: bool,
    sabotage: Option<Sabotage>,
) -> CheckOutcome {
    let mut all = Findings::new();
    let mut violations = Vec::new();
    for record in records {
        for seen in record.findings.iter().filter(|seen| seen.check == check.name) {
            all.merge_counts(&seen.findings);
            violations.extend(named_violations(&record.item, &seen.findings));
        }
    }
    let status = match (all.violations_total(), complete, all.examined()) {
        (1.., _, _) | (0, true, 0) => CheckStatus::Fail,
        (0, true, 1..) => CheckStatus::Pass,
        (0, false, _) => CheckStatus::NotRun,
    };
    let evidence =
        if complete && all.examined() == 0 { "examined nothing".to_owned() } else { all.evidence() };
    let is_run = |violation: &&Violation| !violation.scenario.is_empty();
    let replay = violations.iter().find(is_run).map(|first| {
        ReplayToken::Fixture { scenario: first.scenario.clone(), seed: first.seed, sabotage }.to_string()
    });
    CheckOutcome {
        check: check.name,
        requirements: check.requirements,
        status,
        examined: all.examined(),
        evidence,
        violations_total: all.violations_total(),
        violations,
        replay,
    }
}

/// One digest for all runs of a plan, in the plan's order: SHA-256 over name, seed and digest of each, in hex.
pub fn combined_digest(plan: &Plan, records: &[WorkRecord]) -> String {
    let by_item: BTreeMap<&WorkItem, &WorkRecord> =
        records.iter().map(|record| (&record.item, record)).collect();
    let mut context = Context::new(&SHA256);
    for record in plan.items().iter().filter_map(|item| by_item.get(item)) {
        if let WorkItem::Run { scenario, seed } = &record.item {
            // A name is followed by a byte that no name contains, so that two plans never feed the same bytes.
            context.update(scenario.as_bytes());
            context.update(&[0]);
            context.update(&seed.to_be_bytes());
            context.update(record.digest.as_bytes());
            context.update(&[0]);
        }
    }
    hex::encode(context.finish())
}

/// A check that is not part of a run.
pub fn not_run(check: &'static Check) -> CheckOutcome {
    outcome(check, &[], false, None)
}

fn status_of(requirement: &Requirement, checks: &[CheckOutcome]) -> RequirementStatus {
    match requirement.coverage {
        Coverage::Todo(_) => return RequirementStatus::Todo,
        Coverage::Withdrawn(_) => return RequirementStatus::Withdrawn,
        Coverage::Checked => {}
    }
    if checks.iter().any(|check| check.status == CheckStatus::Fail) {
        RequirementStatus::Fail
    } else if !checks.is_empty() && checks.iter().all(|check| check.status == CheckStatus::Pass) {
        RequirementStatus::Pass
    } else {
        RequirementStatus::NotRun
    }
}

fn named_violations(item: &WorkItem, findings: &Findings) -> impl Iterator<Item = Violation> {
    let (scenario, seed) = match item {
        WorkItem::Run { scenario, seed } => (scenario.clone(), *seed),
        WorkItem::Standing { .. } | WorkItem::Proof { .. } => (String::new(), 0),
    };
    findings.breaches().iter().map(move |breach| Violation {
        message: breach.message.clone(),
        scenario: scenario.clone(),
        seed,
        at: breach.at,
    })
}

#[cfg(test)]
mod tests;
