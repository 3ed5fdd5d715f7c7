//! Owns what the reader sees first: the verdict, in figures and facts, and everything that failed.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{badge, checks};
use crate::{
    evidence::CheckStatus,
    gate::{RequirementStatus, Verdict},
    perform::RunRecord,
    report::{GateReport, RunReport, sentence, terminal::status_word},
};

/// The statuses, in the order of telling.
pub(super) const STATUSES: [RequirementStatus; 5] = [
    RequirementStatus::Fail,
    RequirementStatus::Pass,
    RequirementStatus::NotRun,
    RequirementStatus::Todo,
    RequirementStatus::Withdrawn,
];

/// The verdict in a few words, for titles.
pub(super) fn in_words(report: &GateReport) -> String {
    let all = report.requirements.len();
    let hold = count(report, RequirementStatus::Pass);
    format!("{}, {hold} of {all} requirements hold", badge::verdict_word(report.verdict))
}

/// The head of a gate run's page.
pub(super) fn of_gate(report: &GateReport) -> Markup {
    let seeds: Vec<String> = report.seeds.iter().map(ToString::to_string).collect();
    let facts = [
        ("Runs", Some(badge::number(report.runs.len() as u64))),
        ("Simulated", Some(format!("{:.3}\u{a0}s", report.simulated_s))),
        (if seeds.len() == 1 { "Seed" } else { "Seeds" }, Some(seeds.join(", "))),
        ("Filter", report.filter.clone()),
        ("Shard", report.shard.map(|shard| format!("{} of {}", shard.index, shard.of))),
    ];
    html! {
        header #verdict .verdict.(badge::verdict_word(report.verdict)) {
            (sign(report.verdict))
            div.words {
                h1 { (if report.verdict == Verdict::Pass { "Pass" } else { "Fail" }) }
                p.lead { (sentence::of(report)) }
                @if let Some(shard) = report.shard {
                    p.warning { "A part of the work only: shard " (shard.index) " of " (shard.of) ". The verdict is the merge's." }
                }
                @if let Some(sabotage) = &report.sabotage {
                    p.warning { "Broken on purpose: " strong { (sabotage) } "." }
                }
                (proportions(report))
            }
            (facts_list(&facts, &report.digest))
        }
    }
}

/// The head of a single run's page.
pub(super) fn of_run(report: &RunReport, record: &RunRecord) -> Markup {
    let facts = [
        ("Scenario", Some(report.scenario.clone())),
        ("Seed", Some(report.seed.to_string())),
        ("Simulated", Some(format!("{:.3}\u{a0}s", report.simulated_s))),
        ("Participants", Some(badge::number(record.summary.participants_total))),
    ];
    let examined: u64 = report.checks.iter().map(|check| check.examined).sum();
    html! {
        header #verdict .verdict.(badge::verdict_word(report.verdict)) {
            (sign(report.verdict))
            div.words {
                h1 { (if report.verdict == Verdict::Pass { "Pass" } else { "Fail" }) }
                p.lead {
                    (badge::count(report.checks.len() as u64, "check")) " looked at " (badge::count(examined, "thing"))
                    " in this run; " (badge::count(report.violations.len() as u64, "violation")) " listed."
                }
                @if !record.summary.description.is_empty() { p { (record.summary.description) } }
                (badge::command(&report.replay))
                @if !report.expected.is_empty() {
                    h2 { "Not as the scenario expects" }
                    ul { @for violation in &report.expected { li { (violation.message) } } }
                }
            }
            (facts_list(&facts, &report.digest))
        }
    }
}

/// Each failed check with its first violations and the command that repeats them. Nothing where nothing failed.
pub(super) fn what_failed(report: &GateReport) -> Markup {
    let mut told = BTreeSet::new();
    let failed = report.requirements.iter().flat_map(|row| &row.checks);
    let failed: Vec<_> = failed
        .filter(|check| check.status == CheckStatus::Fail && told.insert(check.name.as_str()))
        .collect();
    html! {
        @if !failed.is_empty() {
            section #failed aria-labelledby="failed-title" {
                h2 #failed-title { "What failed" }
                @for check in failed {
                    article.failure {
                        h3 { a href={ "#" (badge::check_id(&check.name)) } { (check.name) } }
                        p { (checks::speaks_for(report, &check.name)) }
                        (checks::first_violations(check, report))
                    }
                }
            }
        }
    }
}

/// How many requirements stand where, as a bar and in words.
fn proportions(report: &GateReport) -> Markup {
    let counts: Vec<_> = STATUSES.iter().map(|status| (*status, count(report, *status))).collect();
    html! {
        div.proportions aria-hidden="true" {
            @for (status, count) in counts.iter().filter(|(_, count)| *count > 0) {
                span.(badge::class(*status)) style={ "flex-grow:" (count) } {}
            }
        }
        ul.counts {
            @for (status, count) in counts.iter().filter(|(status, count)| *count > 0 || *status == RequirementStatus::Fail) {
                li { (badge::status(*status)) " " strong { (count) } }
            }
        }
    }
}

fn count(report: &GateReport, status: RequirementStatus) -> usize {
    report.requirements.iter().filter(|row| row.status == status).count()
}

fn sign(verdict: Verdict) -> Markup {
    let sign = badge::sign(match verdict {
        Verdict::Pass => RequirementStatus::Pass,
        Verdict::Fail => RequirementStatus::Fail,
    });
    html! { div.sign aria-hidden="true" { (sign) } }
}

fn facts_list(facts: &[(&str, Option<String>)], digest: &str) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts {
                @if let Some(value) = value { div { dt { (name) } dd { (value) } } }
            }
            div { dt { "Digest" } dd { code.digest { (digest) } } }
        }
    }
}

/// The word of a status with its count, for the filters.
pub(super) fn filter_name(report: &GateReport, status: RequirementStatus) -> Option<(String, usize)> {
    let count = count(report, status);
    (count > 0).then(|| (status_word(status).to_owned(), count))
}
