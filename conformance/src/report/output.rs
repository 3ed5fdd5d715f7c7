//! Owns the files that a gate run leaves in its output directory. Their formats are owned by the neighbours.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    bad_input::BadInput,
    rehearsal::{HarnessError, RehearsalError},
    report::{
        GateReport,
        html::gate_page,
        junit::to_junit,
        markdown::to_markdown,
        shard::{self, ShardFile},
    },
};

/// The report object without wall-clock values.
pub const REPORT_FILE: &str = "report.json";
/// Holds the scenario files of failed checks.
pub const FAILURES_DIR: &str = "failures";
/// The report for the summary page of a CI run.
pub const SUMMARY_FILE: &str = "summary.md";
/// The report as a page.
pub const PAGE_FILE: &str = "report.html";
/// The report for CI servers.
pub const JUNIT_FILE: &str = "junit.xml";

/// A directory that is ready to be written to and holds no report of an earlier run.
#[derive(Debug)]
pub struct OutputDir(PathBuf);

impl OutputDir {
    /// Creates `dir` where needed and removes the files of an earlier run, so that a run that breaks off leaves no
    /// report that could be taken for its own.
    ///
    /// # Errors
    /// The directory cannot be created or written to.
    pub fn prepare(dir: &Path) -> Result<Self, BadInput> {
        fs::create_dir_all(dir).map_err(|error| BadInput::file(dir, &error))?;
        for file in [REPORT_FILE, PAGE_FILE, SUMMARY_FILE, JUNIT_FILE, shard::FILE] {
            let path = dir.join(file);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(BadInput::file(&path, &error));
                }
                Ok(()) | Err(_) => {}
            }
        }
        let failures = dir.join(FAILURES_DIR);
        match fs::remove_dir_all(&failures) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BadInput::file(&failures, &error)),
            Ok(()) | Err(_) => Ok(Self(dir.to_owned())),
        }
    }

    /// Writes all files of a gate run.
    ///
    /// # Errors
    /// A file cannot be written, or a report cannot be put into its format.
    pub fn write(&self, report: &GateReport, shard: &ShardFile) -> Result<(), RehearsalError> {
        let untimed = GateReport { wall: None, ..report.clone() };
        self.write_file(REPORT_FILE, &to_json(&untimed)?)?;
        self.write_file(PAGE_FILE, &gate_page(&untimed))?;
        self.write_file(SUMMARY_FILE, &to_markdown(&untimed))?;
        self.write_file(JUNIT_FILE, &to_junit(report)?)?;
        // For programs alone, with a number for each interval of each line: no indentation.
        let shard = serde_json::to_string(shard).map_err(|error| HarnessError::Report(error.to_string()))?;
        self.write_file(shard::FILE, &(shard + "\n"))?;
        Ok(())
    }

    /// Writes a scenario of a failed check into the directory `failures`.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_scenario(&self, name: &str, text: &str) -> Result<(), BadInput> {
        let dir = self.0.join(FAILURES_DIR);
        fs::create_dir_all(&dir).map_err(|error| BadInput::file(&dir, &error))?;
        let path = dir.join(name);
        fs::write(&path, text).map_err(|error| BadInput::file(&path, &error))
    }

    fn write_file(&self, name: &str, text: &str) -> Result<(), BadInput> {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(|error| BadInput::file(&path, &error))
    }
}

/// One JSON object, indented, with a newline at its end.
///
/// # Errors
/// The value has no JSON form.
pub fn to_json(value: &impl Serialize) -> Result<String, HarnessError> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| HarnessError::Report(error.to_string()))?;
    Ok(text + "\n")
}
