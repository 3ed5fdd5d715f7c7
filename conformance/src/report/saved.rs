//! Owns reading back a report object that an earlier run left, of this version or an older one. What changed between
//! two of them is decided in `diff`.

use std::{fs, path::Path};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    bad_input::BadInput,
    gate::Verdict,
    report::{RequirementReport, SCHEMA},
};

/// The parts of a report object that are compared and explained; unknown fields are left aside.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedReport {
    schema: u32,
    /// Whether it passed.
    pub verdict: Verdict,
    /// Its digest.
    pub digest: String,
    /// Its first seed.
    #[serde(default)]
    pub seed: u64,
    /// All its seeds, when it is of a gate run.
    #[serde(default)]
    pub seeds: Vec<u64>,
    /// Length of its runs in their own time, in seconds.
    #[serde(default)]
    pub simulated_s: f64,
    /// Whether a release hung on its verdict.
    #[serde(default)]
    pub release_candidate: bool,
    /// Its requirements, when it is of a gate run.
    #[serde(default)]
    pub requirements: Vec<RequirementReport>,
    /// Its participants, when it is of a single run.
    #[serde(default)]
    pub participants: Vec<SavedParticipant>,
    /// Its runs, when it is of a gate run.
    #[serde(default)]
    pub runs: Vec<SavedRun>,
}

/// One run of a gate run.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedRun {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// The run's digest.
    pub digest: String,
    /// How many participants there were, listed or not.
    pub participants_total: u64,
    /// The listed ones.
    pub participants: Vec<SavedParticipant>,
}

/// What a participant experienced, in whatever figures the report has.
#[derive(Clone, Debug, Deserialize)]
pub struct SavedParticipant {
    /// The person's name.
    pub name: String,
    /// Groups of figures, for instance `audio`.
    #[serde(flatten)]
    pub figures: serde_json::Map<String, Value>,
}

impl SavedRun {
    /// A run that stands alone in its report.
    pub fn alone(digest: &str, participants: Vec<SavedParticipant>) -> Self {
        let participants_total = participants.len() as u64;
        Self { scenario: String::new(), seed: 0, digest: digest.to_owned(), participants_total, participants }
    }

    /// `SCENARIO@SEED`, as replay tokens name it.
    pub fn token(&self) -> String {
        format!("{}@{}", self.scenario, self.seed)
    }

    /// Whether some of the participants are not listed.
    pub fn leaves_out(&self) -> bool {
        self.participants_total > self.participants.len() as u64
    }
}

impl SavedReport {
    /// Reads a report object from a file.
    ///
    /// # Errors
    /// The file cannot be read, is not a report object, or is of a later schema.
    pub fn load(path: &Path) -> Result<Self, BadInput> {
        let saved: Self = load_json(path)?;
        if saved.schema != SCHEMA {
            return Err(BadInput::new(format!(
                "{}: schema is {}, but this program reads schema {SCHEMA}",
                path.display(),
                saved.schema
            )));
        }
        Ok(saved)
    }
}

/// Reads one JSON value from a file.
///
/// # Errors
/// The file cannot be read, or is malformed at a line and field that the error names.
pub fn load_json<T: DeserializeOwned>(path: &Path) -> Result<T, BadInput> {
    let text = fs::read_to_string(path).map_err(|error| BadInput::file(path, &error))?;
    serde_json::from_str(&text).map_err(|error| {
        let what = error.to_string();
        let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
        BadInput::in_text(path, &text, error.line(), error.column(), what)
    })
}
