//! Owns the one place at which the simulation is connected to the judges: what a finished run shows them, and where
//! runs come from. Nothing outside this file names the simulation's entry point.

mod fixtures;

use std::{path::Path, sync::Arc, time::Duration};

use sim::{
    record::ParticipantReport,
    run::{Run, run},
    scenario::{Scenario, ScenarioError},
};

use crate::bad_input::BadInput;

pub use sim::{run::Options as Settings, sabotage::Sabotage};

/// What a finished run shows to checks and reports.
#[derive(Clone)]
pub struct RunEvidence {
    /// The scenario's name.
    pub scenario: String,
    /// The seed that drove it.
    pub seed: u64,
    /// Rolling digest of the run's trace, in hex.
    pub digest: String,
    /// How long the run lasted in its own time.
    pub simulated: Duration,
    /// What each participant experienced, in the scenario's order.
    pub participants: Vec<ParticipantReport>,
    /// The whole record; absent in the made-up runs of this crate's own tests.
    pub record: Option<Arc<Run>>,
}

impl RunEvidence {
    /// The whole record.
    ///
    /// # Panics
    /// When the run is made up, which only tests of reports and plans can do.
    pub fn run(&self) -> &Run {
        self.record.as_deref().expect("a rehearsed run has its record")
    }
}

/// Where runs come from.
pub trait Rehearse: Sync {
    /// Whether there is a fixture scenario of this name.
    fn has_fixture(&self, scenario: &str) -> bool;

    /// Runs a scenario of the project's fixtures.
    ///
    /// # Errors
    /// There is no such fixture, or the simulation itself fails.
    fn fixture(&self, scenario: &str, seed: u64) -> Result<RunEvidence, HarnessError>;

    /// Runs a scenario file of the user; without a seed, with the file's own or the default.
    ///
    /// # Errors
    /// The file cannot be read or does not describe a scenario; or the simulation itself fails.
    fn file(&self, path: &Path, seed: Option<u64>) -> Result<RunEvidence, RehearsalError>;

    /// The same source of runs with other settings.
    fn with_settings(&self, settings: Settings) -> Box<dyn Rehearse>;

    /// Runs a scenario given as text, as [`Rehearse::scenario_file`] writes it, with its own seed.
    ///
    /// # Errors
    /// The text describes no scenario, or the simulation itself fails.
    fn text(&self, text: &str) -> Result<RunEvidence, HarnessError>;

    /// A fixture with its seed as a file of its own, so that a failing run can be repeated after the fixture has
    /// changed (DET-003); `None` when there is no such fixture.
    fn scenario_file(&self, scenario: &str, seed: u64) -> Option<String>;
}

/// Names of the scenarios in which something was wrong once; they are run for ever after.
pub const REGRESSIONS: &[&str] = fixtures::REGRESSION_NAMES;

/// Names of all fixture scenarios.
pub fn fixture_names() -> impl Iterator<Item = &'static str> {
    fixtures::names()
}

/// The simulation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulation {
    settings: Settings,
}

impl Simulation {
    /// The simulation with these settings.
    pub const fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Runs a scenario that has been read already.
    ///
    /// # Errors
    /// The simulation itself fails.
    pub fn rehearse(&self, scenario: &Scenario, seed: u64) -> Result<RunEvidence, HarnessError> {
        let record = run(scenario, seed, self.settings).map_err(|error| HarnessError::Run {
            scenario: scenario.name.clone(),
            seed,
            reason: error.to_string(),
        })?;
        Ok(RunEvidence {
            scenario: scenario.name.clone(),
            seed,
            digest: record.digest.to_string(),
            simulated: record.simulated,
            participants: record.people.iter().map(|person| person.report.clone()).collect(),
            record: Some(Arc::new(record)),
        })
    }
}

impl Rehearse for Simulation {
    fn has_fixture(&self, scenario: &str) -> bool {
        fixtures::text(scenario).is_some()
    }

    fn fixture(&self, scenario: &str, seed: u64) -> Result<RunEvidence, HarnessError> {
        let fault = |reason: String| HarnessError::Run { scenario: scenario.to_owned(), seed, reason };
        let read = fixtures::read(scenario).ok_or_else(|| fault("there is no such fixture".to_owned()))?;
        self.rehearse(&read.map_err(|error| fault(error.to_string()))?, seed)
    }

    fn file(&self, path: &Path, seed: Option<u64>) -> Result<RunEvidence, RehearsalError> {
        let scenario = Scenario::load(path).map_err(bad_scenario)?;
        let seed = seed.unwrap_or(scenario.seed);
        Ok(self.rehearse(&scenario, seed)?)
    }

    fn text(&self, text: &str) -> Result<RunEvidence, HarnessError> {
        let scenario = Scenario::from_toml("scenario.toml", text).map_err(|error| HarnessError::Run {
            scenario: "a written scenario".to_owned(),
            seed: 0,
            reason: error.to_string(),
        })?;
        self.rehearse(&scenario, scenario.seed)
    }

    fn with_settings(&self, settings: Settings) -> Box<dyn Rehearse> {
        Box::new(Self { settings })
    }

    fn scenario_file(&self, scenario: &str, seed: u64) -> Option<String> {
        let scenario = fixtures::read(scenario)?.ok()?.with_seed(seed);
        Some(written(&scenario, self.settings))
    }
}

/// A scenario as a file. One sabotage makes the file wrong, to prove that somebody notices.
pub fn written(scenario: &Scenario, settings: Settings) -> String {
    if settings.sabotage != Some(Sabotage::ForgetfulFile) {
        return scenario.to_toml();
    }
    let mut file = scenario.file().clone();
    file.faults.clear();
    file.steps.clear();
    file.people.truncate(file.people.len().saturating_sub(1).max(1));
    toml::to_string(&file).unwrap_or_default()
}

fn bad_scenario(error: ScenarioError) -> BadInput {
    BadInput::from_diagnostic(error)
}

/// The harness could not do its work; says nothing about the system under test (exit code 3).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HarnessError {
    /// The embedded catalogue, or the checks against it, contradict themselves; one line for each fault.
    #[error("catalogue and checks do not fit together:\n  {}", .0.join("\n  "))]
    Catalogue(Vec<String>),
    /// A run did not come to its end.
    #[error("{reason}; replay: generalprobe replay {scenario}@{seed}")]
    Run {
        /// The scenario's name, or the path of its file.
        scenario: String,
        /// The seed.
        seed: u64,
        /// Why not.
        reason: String,
    },
    /// A check could not judge.
    #[error("check `{check}`: {reason}")]
    Check {
        /// The check's name.
        check: String,
        /// Why not.
        reason: String,
    },
    /// A report could not be put into its format or onto its stream.
    #[error("cannot write the report: {0}")]
    Report(String),
}

/// Why a run of the user's own scenario gives no evidence.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// The scenario is wrong.
    #[error(transparent)]
    BadInput(#[from] BadInput),
    /// The harness is wrong.
    #[error(transparent)]
    Harness(#[from] HarnessError),
}
