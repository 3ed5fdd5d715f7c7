//! Owns the report objects that other tools read: fields are added, never renamed. The formats around them are in
//! `report/`; nothing is decided here.

pub mod bench;
pub mod city;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod output;
pub mod plan;
pub mod saved;
pub mod schema;
pub mod sentence;
pub mod shard;
pub mod terminal;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::record::ParticipantReport;

use crate::{
    catalogue::Level,
    evidence::{CheckOutcome, CheckStatus, Violation},
    gate::{Decision, JudgedRequirement, RequirementStatus, Verdict, combined_digest},
    perform::WorkRecord,
    plan::{Plan, Shard},
    proof::Proof,
    registry::Registry,
    summary::{RunLines, RunSummary},
};

/// Version of the report objects; grows when a field changes its meaning.
pub const SCHEMA: u32 = 1;

/// What `gate`, `merge` and `list` say.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GateReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Whether a release may go out.
    pub verdict: Verdict,
    /// One digest over all runs, in hex.
    pub digest: String,
    /// The first seed.
    pub seed: u64,
    /// All seeds.
    pub seeds: Vec<u64>,
    /// Whether a release hangs on the verdict: then a MUST that is not shown to hold fails it.
    pub release_candidate: bool,
    /// Ids of the MUST rows that are todo or were not run, in the catalogue's order. They fail a release candidate.
    pub open: Vec<String>,
    /// The filter, when there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What was broken on purpose.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sabotage: Option<String>,
    /// The shard, when only a part was run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Length of all runs in their own time, in seconds.
    pub simulated_s: f64,
    /// What it took; absent in `report.json` and after a merge.
    #[serde(flatten)]
    pub wall: Option<WallClock>,
    /// Each requirement, in the catalogue's order.
    pub requirements: Vec<RequirementReport>,
    /// Each run, in the order of the plan.
    pub runs: Vec<RunSummary>,
    /// The time lines of each run in `runs`, for the page that draws them; no part of the object.
    #[serde(skip)]
    pub lines: Vec<RunLines>,
}

/// What `run` and `replay` say.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RunReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Whether a MUST is violated in this run.
    pub verdict: Verdict,
    /// The run's digest, in hex.
    pub digest: String,
    /// The run's seed.
    pub seed: u64,
    /// The scenario's name.
    pub scenario: String,
    /// The token that repeats the run.
    pub replay: String,
    /// In which of them the scenario's own expectations are not met.
    #[serde(skip)]
    pub expected: Vec<Violation>,
    /// Where its datagrams were written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capture: Option<String>,
    /// Length of the run in its own time, in seconds.
    pub simulated_s: f64,
    /// What it took.
    #[serde(flatten)]
    pub wall: Option<WallClock>,
    /// What each participant experienced.
    pub participants: Vec<ParticipantReport>,
    /// The checks that looked at the run.
    pub checks: Vec<CheckReport>,
    /// What they found violated.
    pub violations: Vec<Violation>,
}

/// How long something took on this machine.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct WallClock {
    /// Seconds.
    pub wall_s: f64,
    /// Simulated seconds per wall second.
    pub time_factor: f64,
}

/// One requirement.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct RequirementReport {
    /// `AREA-NNN`.
    pub id: String,
    /// Whether a breach stops a release.
    pub level: Level,
    /// What is known about it.
    pub status: RequirementStatus,
    /// What must hold.
    #[serde(default)]
    pub statement: String,
    /// Why it has no check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The checks that speak for it.
    pub checks: Vec<CheckReport>,
}

/// One check.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// The check's name.
    pub name: String,
    /// What it concludes.
    pub status: CheckStatus,
    /// How many things it looked at.
    pub examined: u64,
    /// One line of figures.
    pub evidence: String,
    /// The token that repeats the first violating run.
    pub replay: Option<String>,
    /// How many violations there were.
    #[serde(default)]
    pub violations_total: u64,
    /// The first of them.
    #[serde(default)]
    pub violations: Vec<Violation>,
    /// The fixture scenarios it judges; empty where it needs no run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<String>,
    /// What it was seen to fail on: a sabotage and the scenario, or a broken fixture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proven_by: Vec<String>,
}

impl GateReport {
    /// The report of a decision about `records`, which are the plan's work or the part of it that `shard` did.
    pub fn new(plan: &Plan, records: &[WorkRecord], shard: Shard, decision: &Decision<'_>) -> Self {
        let simulated: Duration =
            records.iter().map(|record| Duration::from_nanos(record.simulated_ns)).sum();
        let selection = plan.selection();
        let runs = || records.iter().filter_map(|record| record.run.as_ref());
        let open = decision.requirements.iter().filter(|judged| judged.is_open());
        Self {
            schema: SCHEMA,
            verdict: decision.verdict,
            digest: combined_digest(plan, records),
            seed: selection.seeds.first().copied().unwrap_or_default(),
            seeds: selection.seeds.clone(),
            release_candidate: selection.release_candidate,
            open: open.map(|judged| judged.requirement.id.clone()).collect(),
            filter: selection.filter.clone(),
            sabotage: selection.sabotage.clone(),
            shard: (shard != Shard::WHOLE).then_some(shard),
            simulated_s: simulated.as_secs_f64(),
            wall: None,
            requirements: decision.requirements.iter().map(RequirementReport::new).collect(),
            runs: runs().map(|run| run.summary.clone()).collect(),
            lines: runs().map(|run| run.lines.clone()).collect(),
        }
    }

    /// The same report with what the registry knows of each check: the scenarios that it judges, and
    /// what it was seen to fail on.
    #[must_use]
    pub fn described(mut self, registry: &Registry) -> Self {
        for seen in self.requirements.iter_mut().flat_map(|row| &mut row.checks) {
            if let Some(check) = registry.check(&seen.name) {
                seen.scenarios = registry.scenarios_of(check).into_iter().map(str::to_owned).collect();
                seen.proven_by = registry.proofs_of(check).map(Proof::by).collect();
            }
        }
        self
    }

    /// The same report with what it took.
    #[must_use]
    pub fn timed(self, wall: Duration) -> Self {
        Self { wall: Some(WallClock::new(self.simulated_s, wall)), ..self }
    }
}

impl WallClock {
    /// `simulated_s` simulated seconds took `wall`.
    pub fn new(simulated_s: f64, wall: Duration) -> Self {
        let wall_s = wall.as_secs_f64();
        Self { wall_s, time_factor: if wall_s > 0.0 { simulated_s / wall_s } else { 0.0 } }
    }
}

impl RequirementReport {
    fn new(judged: &JudgedRequirement<'_>) -> Self {
        let row = judged.requirement;
        Self {
            id: row.id.clone(),
            level: row.level,
            status: judged.status,
            statement: row.statement.clone(),
            reason: row.reason().map(str::to_owned),
            checks: judged.checks.iter().map(CheckReport::new).collect(),
        }
    }
}

impl CheckReport {
    /// The report of an outcome.
    pub fn new(outcome: &CheckOutcome) -> Self {
        Self {
            name: outcome.check.to_owned(),
            status: outcome.status,
            examined: outcome.examined,
            evidence: outcome.evidence.clone(),
            replay: outcome.replay.clone(),
            violations_total: outcome.violations_total,
            violations: outcome.violations.clone(),
            scenarios: Vec::new(),
            proven_by: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
