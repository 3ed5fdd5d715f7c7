//! Owns the verdict of a gate run in a sentence or two, as the page and the CI summary tell it.

use crate::{
    catalogue::Level,
    gate::RequirementStatus,
    report::{GateReport, RequirementReport},
};

/// What is violated, and what the verdict does not speak for.
pub fn of(report: &GateReport) -> String {
    let violated = |level: Level| {
        let broken = |row: &&RequirementReport| row.level == level && row.status == RequirementStatus::Fail;
        report.requirements.iter().filter(broken).count()
    };
    let violated = match (violated(Level::Must), violated(Level::Should)) {
        (0, 0) => "Nothing that was checked is violated.".to_owned(),
        (0, should) => format!("No MUST is violated; {} violated.", rows(should, "SHOULD")),
        (must, 0) => format!("{} violated.", rows(must, "MUST")),
        (must, should) => format!("{} and {} violated.", rows(must, "MUST"), rows(should, "SHOULD")),
    };
    match (report.open.len(), report.release_candidate) {
        (0, _) => violated,
        (open, true) => {
            format!(
                "{violated} {} not shown to hold; this keeps the release from going out.",
                rows(open, "MUST")
            )
        }
        (open, false) => {
            format!(
                "{violated} {} not shown to hold; the verdict does not speak for that.",
                rows(open, "MUST")
            )
        }
    }
}

fn rows(count: usize, level: &str) -> String {
    format!("{count} {level} row{}", if count == 1 { "" } else { "s" })
}
