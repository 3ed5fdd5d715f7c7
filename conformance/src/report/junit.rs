//! Owns the JUnit form of a gate report, as GitLab, Jenkins and the readers for GitHub take it: a suite for each area, a
//! case for each pair of requirement and check, and a skipped one for each requirement without. Equal runs give equal
//! bytes, so every time is zero: some readers make nonsense of a case that has none.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{
    catalogue::area,
    evidence::CheckStatus,
    gate::RequirementStatus,
    rehearsal::HarnessError,
    report::{
        CheckReport, GateReport, RequirementReport,
        terminal::{status_word, violation_line},
    },
};

/// The report as JUnit XML. A check that speaks for several requirements stands with each of them.
///
/// # Errors
/// The XML cannot be written.
pub fn to_junit(report: &GateReport) -> Result<String, HarnessError> {
    let mut junit = Report::new("generalprobe");
    junit.set_time(Duration::ZERO);
    for rows in report.requirements.chunk_by(|one, next| area(&one.id) == area(&next.id)) {
        let mut suite = TestSuite::new(area(&rows[0].id));
        suite.set_time(Duration::ZERO);
        for property in properties(report) {
            suite.add_property(property);
        }
        for row in rows {
            if matches!(row.status, RequirementStatus::Todo | RequirementStatus::Withdrawn) {
                suite.add_test_case(unchecked(row));
            }
            for check in &row.checks {
                suite.add_test_case(judged(row, check));
            }
        }
        junit.add_test_suite(suite);
    }
    junit.to_string().map_err(|error| HarnessError::Report(error.to_string()))
}

/// What repeats the run that a suite is of.
fn properties(report: &GateReport) -> Vec<Property> {
    let seeds: Vec<_> = report.seeds.iter().map(ToString::to_string).collect();
    let mut properties =
        vec![Property::new("digest", report.digest.as_str()), Property::new("seeds", seeds.join(","))];
    let asked = [("filter", &report.filter), ("sabotage", &report.sabotage)];
    properties
        .extend(asked.into_iter().filter_map(|(name, value)| Some(Property::new(name, value.as_deref()?))));
    properties
}

fn unchecked(row: &RequirementReport) -> TestCase {
    let mut status = TestCaseStatus::skipped();
    status.set_message(format!("{}: {}", status_word(row.status), row.reason.as_deref().unwrap_or_default()));
    let mut case = case(row, "has no check", status);
    case.set_system_out(row.statement.as_str());
    case
}

fn judged(row: &RequirementReport, check: &CheckReport) -> TestCase {
    let status = match check.status {
        CheckStatus::Pass => TestCaseStatus::success(),
        CheckStatus::NotRun => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message("not run in full");
            skipped
        }
        CheckStatus::Fail => {
            let mut failure = TestCaseStatus::non_success(NonSuccessKind::Failure);
            failure.set_type(row.level.to_string());
            failure.set_message(format!("{} violations; {}", check.violations_total, check.evidence));
            failure.set_description(failure_text(row, check));
            failure
        }
    };
    let mut case = case(row, &check.name, status);
    case.set_assertions(usize::try_from(check.examined).unwrap_or(usize::MAX));
    if !check.evidence.is_empty() {
        case.set_system_out(check.evidence.as_str());
    }
    case
}

/// The requirement, what was violated, and the line that repeats it.
fn failure_text(row: &RequirementReport, check: &CheckReport) -> String {
    let mut lines = vec![format!("{} {}: {}", row.level, row.id, row.statement)];
    lines.extend(check.violations.iter().map(violation_line));
    let rest = check.violations_total - check.violations.len() as u64;
    if rest > 0 {
        lines.push(format!("and {rest} more"));
    }
    lines.extend(check.replay.iter().map(|token| format!("replay: generalprobe replay {token}")));
    lines.join("\n")
}

/// Names hold the id, because some readers show nothing else; the dot in the class makes the area a package in Jenkins.
fn case(row: &RequirementReport, what: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(format!("{} {what}", row.id), status);
    case.set_classname(format!("{}.{}", area(&row.id), row.id));
    case.set_time(Duration::ZERO);
    case
}
