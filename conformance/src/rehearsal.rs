//! Owns the one place at which the simulation is connected to the judges: what a finished run shows them, and where
//! runs come from. Nothing outside this file names the simulation's entry point.

use std::{path::Path, time::Duration};

use sim::record::ParticipantReport;

use crate::bad_input::BadInput;

/// What a finished run shows to checks and reports.
#[derive(Clone, Debug, PartialEq)]
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
}

/// The simulation, as far as this build has one: it can be asked for runs, and has none to give.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulation;

impl Rehearse for Simulation {
    fn has_fixture(&self, _: &str) -> bool {
        false
    }

    fn fixture(&self, scenario: &str, seed: u64) -> Result<RunEvidence, HarnessError> {
        let reason = "this build has no simulation to run it in".to_owned();
        Err(HarnessError::Run { scenario: scenario.to_owned(), seed, reason })
    }

    fn file(&self, path: &Path, seed: Option<u64>) -> Result<RunEvidence, RehearsalError> {
        Ok(self.fixture(&path.display().to_string(), seed.unwrap_or_default())?)
    }
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
