//! Owns the evidence of each check: what it looked at, in which scenarios, what it found violated and how to repeat it.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::badge;
use crate::{
    evidence::{CheckStatus, Violation},
    gate::RequirementStatus,
    report::{CheckReport, GateReport, RequirementReport, RunReport},
};

/// Violations of one check that are listed; the others are counted.
const VIOLATIONS_SHOWN_MAX: usize = 20;
/// Violations of one check that stand at the top of the page.
const VIOLATIONS_FIRST: usize = 3;

/// All checks of a gate run, in alphabetical order.
pub(super) fn section(report: &GateReport) -> Markup {
    let checks = report.requirements.iter().flat_map(|row| &row.checks);
    let by_name: BTreeMap<&str, &CheckReport> = checks.map(|check| (check.name.as_str(), check)).collect();
    html! {
        section #checks aria-labelledby="checks-title" {
            h2 #checks-title { "Checks" }
            p.hint { (badge::count(by_name.len() as u64, "check")) ". Each tells what it looked at; one that looked at nothing fails." }
            @for check in by_name.values() {
                (entry(check, &badge::status(badge::as_requirement(check.status)), &speaks_for(report, &check.name), &html! { (scenarios_of(check, report)) (violations(check, report)) }))
            }
        }
    }
}

/// The checks of a single run.
pub(super) fn of_run(report: &RunReport) -> Markup {
    html! {
        section #checks aria-labelledby="checks-title" {
            h2 #checks-title { "Checks" }
            @for check in &report.checks {
                (entry(check, &seen_in_run(check), &html! {}, &html! { (list(&check.violations, check.violations_total, VIOLATIONS_SHOWN_MAX, |_| false)) }))
            }
        }
    }
}

/// What a check says of one run. Whether it passes is for a gate run to say, which may show it more.
fn seen_in_run(check: &CheckReport) -> Markup {
    html! {
        @if check.violations_total > 0 { (badge::status(RequirementStatus::Fail)) }
        @else if check.examined > 0 { span.badge.pass { "no violation" } }
        @else { span.badge.not-run { "nothing to look at" } }
    }
}

/// The requirements that a check speaks for.
pub(super) fn speaks_for(report: &GateReport, name: &str) -> Markup {
    let speaks = |row: &&RequirementReport| row.checks.iter().any(|check| check.name == name);
    html! {
        span.speaks-for {
            "speaks for "
            @for (place, row) in report.requirements.iter().filter(speaks).enumerate() {
                @if place > 0 { ", " }
                a href={ "#" (badge::requirement_id(&row.id)) } { (row.id) } " " span.level { (row.level) }
            }
        }
    }
}

/// The first of what a check found violated, and the command that repeats it.
pub(super) fn first_violations(check: &CheckReport, report: &GateReport) -> Markup {
    told(check, report, VIOLATIONS_FIRST)
}

fn violations(check: &CheckReport, report: &GateReport) -> Markup {
    told(check, report, VIOLATIONS_SHOWN_MAX)
}

fn told(check: &CheckReport, report: &GateReport, most: usize) -> Markup {
    let is_told = |violation: &Violation| {
        report.runs.iter().any(|run| run.scenario == violation.scenario && run.seed == violation.seed)
    };
    html! {
        @if check.status == CheckStatus::Fail && check.violations_total == 0 { p { "It had nothing to look at." } }
        (list(&check.violations, check.violations_total, most, is_told))
        @if let Some(token) = &check.replay { p { (badge::command(token)) } }
    }
}

fn entry(check: &CheckReport, mark: &Markup, speaks_for: &Markup, rest: &Markup) -> Markup {
    html! {
        details.check id=(badge::check_id(&check.name)) open[check.violations_total > 0] {
            summary {
                (mark) " " span.name { (check.name) } " "
                span.examined { (badge::number(check.examined)) " examined" }
            }
            div.inside {
                p.evidence { @if check.evidence.is_empty() { "No figures." } @else { (check.evidence) } }
                p { (speaks_for) }
                (rest)
            }
        }
    }
}

fn scenarios_of(check: &CheckReport, report: &GateReport) -> Markup {
    html! {
        @if check.scenarios.is_empty() { p.hint { "Needs no run." } }
        @else {
            p {
                "judges "
                @for (place, scenario) in check.scenarios.iter().enumerate() {
                    @if place > 0 { ", " }
                    @if report.runs.iter().any(|run| run.scenario == *scenario) {
                        a href={ "#" (badge::scenario_id(scenario)) } { (scenario) }
                    } @else { (scenario) }
                }
            }
        }
    }
}

/// Violations with links to the runs that the page tells of.
fn list(violations: &[Violation], total: u64, most: usize, is_told: impl Fn(&Violation) -> bool) -> Markup {
    let shown = &violations[..violations.len().min(most)];
    let rest = total.saturating_sub(shown.len() as u64);
    html! {
        @if !shown.is_empty() {
            ul.violations {
                @for violation in shown {
                    li {
                        @if !violation.scenario.is_empty() {
                            @let run = format!("{} seed {}", violation.scenario, violation.seed);
                            @if is_told(violation) {
                                a href={ "#" (badge::scenario_id(&violation.scenario)) } { (run) }
                            } @else { (run) }
                            @if let Some(at) = violation.at { " at " (at) }
                            ": "
                        }
                        (violation.message)
                    }
                }
                @if rest > 0 { li { "and " (badge::number(rest)) " more" } }
            }
        }
    }
}
