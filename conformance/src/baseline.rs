//! Owns the claim that the fixture scenarios give what `fixtures/baseline.json` says: the status of each requirement, the
//! digest of each run, and every figure of every participant. The file is reviewed like a snapshot. Compiled for tests
//! only; `generalprobe diff` reads the file as it reads any report.

use std::{
    collections::BTreeMap, env, fmt::Write as _, fs, num::NonZero, path::Path, path::PathBuf, sync::Mutex,
};

use serde_json::json;
use sim::record::ParticipantReport;

use crate::{
    diff::Changes,
    gate::{conclude, decide},
    perform::perform,
    plan::{Plan, Profile, Selection, Shard},
    registry::Registry,
    rehearsal::{HarnessError, RehearsalError, Rehearse, RunEvidence, Settings, Simulation},
    report::{GateReport, SCHEMA, saved::SavedReport},
};

/// Set to write the file instead of comparing with it.
const UPDATE: &str = "UPDATE_BASELINE";
/// The file may grow to so many bytes; a larger one would not be read by anybody who reviews it.
const BYTES_MAX: usize = 300_000;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/baseline.json")
}

/// The simulation, which keeps what everybody experienced: reports list only a part of the people of a large run.
#[derive(Default)]
struct Keeping {
    simulation: Simulation,
    runs: Mutex<BTreeMap<(String, u64), RunEvidence>>,
}

impl Rehearse for Keeping {
    fn has_fixture(&self, scenario: &str) -> bool {
        self.simulation.has_fixture(scenario)
    }

    fn fixture(&self, scenario: &str, seed: u64) -> Result<RunEvidence, HarnessError> {
        let run = self.simulation.fixture(scenario, seed)?;
        let kept = RunEvidence { record: None, ..run.clone() };
        self.runs.lock().unwrap().insert((scenario.to_owned(), seed), kept);
        Ok(run)
    }

    fn file(&self, path: &Path, seed: Option<u64>) -> Result<RunEvidence, RehearsalError> {
        self.simulation.file(path, seed)
    }

    fn with_settings(&self, settings: Settings) -> Box<dyn Rehearse> {
        self.simulation.with_settings(settings)
    }

    fn text(&self, text: &str) -> Result<RunEvidence, HarnessError> {
        self.simulation.text(text)
    }

    fn scenario_file(&self, scenario: &str, seed: u64) -> Option<String> {
        self.simulation.scenario_file(scenario, seed)
    }
}

/// What the quick gate shows, as the file holds it: one line for each requirement and each participant.
fn measured() -> String {
    let registry = Registry::embedded().unwrap();
    let selection = Selection { seeds: Profile::Quick.seeds(), ..Selection::default() };
    let plan = Plan::new(&registry, selection).unwrap();
    let keeping = Keeping::default();
    let jobs = NonZero::new(2).unwrap();
    let records = perform(plan.items(), plan.checks(), &keeping, jobs, |_| {}).unwrap();
    let decision = decide(&registry, &conclude(&plan, &records));
    let report = GateReport::new(&plan, &records, Shard::WHOLE, &decision);
    write(&report, &keeping.runs.into_inner().unwrap())
}

fn write(report: &GateReport, runs: &BTreeMap<(String, u64), RunEvidence>) -> String {
    let row = |row: &crate::report::RequirementReport| {
        json!({ "id": row.id, "level": row.level, "status": row.status, "checks": [] }).to_string()
    };
    let rows: Vec<_> = report.requirements.iter().map(row).collect();
    let runs: Vec<_> = runs.values().map(write_run).collect();
    let head = json!({ "verdict": report.verdict, "digest": report.digest, "seed": report.seed }).to_string();
    format!(
        "{{\n\"schema\": {SCHEMA},\n{},\n\"requirements\": [\n{}\n],\n\"runs\": [\n{}\n]\n}}\n",
        head.trim_matches(['{', '}']),
        rows.join(",\n"),
        runs.join(",\n")
    )
}

fn write_run(run: &RunEvidence) -> String {
    let line = |person: &ParticipantReport| serde_json::to_string(person).unwrap();
    let people: Vec<_> = run.participants.iter().map(line).collect();
    let head = json!({
        "scenario": run.scenario,
        "seed": run.seed,
        "digest": run.digest,
        "participants_total": run.participants.len(),
    });
    let mut text = head.to_string();
    text.pop();
    let _ = write!(text, ",\"participants\": [\n{}\n]}}", people.join(",\n"));
    text
}

#[test]
fn the_fixtures_give_what_the_baseline_says() {
    let measured = measured();
    assert!(measured.len() < BYTES_MAX, "the baseline has {} bytes", measured.len());
    if env::var_os(UPDATE).is_some() {
        fs::write(path(), &measured).unwrap();
    }
    let old = SavedReport::load(&path()).unwrap_or_else(|error| {
        panic!("{error}; `{UPDATE}=1 cargo test -p conformance baseline` writes it");
    });
    let new: SavedReport = serde_json::from_str(&measured).unwrap();
    let changes = Changes::between(&old, &new);
    let mut told = Vec::new();
    changes.write(&mut told).unwrap();
    assert!(
        changes.is_empty(),
        "the fixtures give something else than fixtures/baseline.json says:\n{}\nIf that is what the change is for, \
         `{UPDATE}=1 cargo test -p conformance baseline` writes the file anew; its difference is reviewed with the change.",
        String::from_utf8_lossy(&told)
    );
}
