//! Owns the JUnit form of a gate report: one test case for each check, one skipped for each requirement without.
//! Equal runs give equal bytes, so no wall-clock time stands in it.

use std::collections::BTreeSet;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

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

/// The report as JUnit XML; requirement areas are its suites. A check that speaks for several requirements stands
/// with the first of them.
///
/// # Errors
/// The XML cannot be written.
pub fn to_junit(report: &GateReport) -> Result<String, HarnessError> {
    let mut junit = Report::new("generalprobe");
    let mut told = BTreeSet::new();
    for rows in report.requirements.chunk_by(|one, next| area(&one.id) == area(&next.id)) {
        let mut suite = TestSuite::new(area(&rows[0].id));
        for row in rows {
            if matches!(row.status, RequirementStatus::Todo | RequirementStatus::Withdrawn) {
                suite.add_test_case(unchecked(row));
            }
            for check in row.checks.iter().filter(|check| told.insert(check.name.as_str())) {
                suite.add_test_case(judged(row, check));
            }
        }
        junit.add_test_suite(suite);
    }
    junit.to_string().map_err(|error| HarnessError::Report(error.to_string()))
}

fn unchecked(row: &RequirementReport) -> TestCase {
    let mut status = TestCaseStatus::skipped();
    status.set_message(format!("{}: {}", status_word(row.status), row.reason.as_deref().unwrap_or_default()));
    let mut case = TestCase::new(row.statement.as_str(), status);
    case.set_classname(row.id.as_str());
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
            let mut lines: Vec<_> = check.violations.iter().map(violation_line).collect();
            lines.extend(check.replay.iter().map(|token| format!("replay: generalprobe replay {token}")));
            failure.set_description(lines.join("\n"));
            failure
        }
    };
    let mut case = TestCase::new(check.name.as_str(), status);
    case.set_classname(row.id.as_str());
    case.set_assertions(usize::try_from(check.examined).unwrap_or(usize::MAX));
    if !check.evidence.is_empty() {
        case.set_system_out(check.evidence.as_str());
    }
    case
}
