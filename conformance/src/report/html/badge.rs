//! Owns the small marks of the page: verdicts and statuses with a sign that does not depend on colour, numbers, links, and
//! commands to copy.

use maud::{Markup, html};

use crate::{
    evidence::CheckStatus,
    gate::{RequirementStatus, Verdict},
    report::terminal::status_word,
};

/// A verdict as a word.
pub(super) fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
    }
}

/// A requirement's status as a class of the style sheet and a value of the filters.
pub(super) fn class(status: RequirementStatus) -> &'static str {
    match status {
        RequirementStatus::Pass => "pass",
        RequirementStatus::Fail => "fail",
        RequirementStatus::Todo => "todo",
        RequirementStatus::NotRun => "not-run",
        RequirementStatus::Withdrawn => "withdrawn",
    }
}

/// A sign for those who do not tell the colours apart.
pub(super) fn sign(status: RequirementStatus) -> &'static str {
    match status {
        RequirementStatus::Pass => "✓",
        RequirementStatus::Fail => "✕",
        RequirementStatus::Todo => "○",
        RequirementStatus::NotRun => "–",
        RequirementStatus::Withdrawn => "∅",
    }
}

/// A requirement's status.
pub(super) fn status(status: RequirementStatus) -> Markup {
    html! {
        span.badge.(class(status)) { span aria-hidden="true" { (sign(status)) } " " (status_word(status)) }
    }
}

/// The status of a requirement that has only this check.
pub(super) fn as_requirement(status: CheckStatus) -> RequirementStatus {
    match status {
        CheckStatus::Pass => RequirementStatus::Pass,
        CheckStatus::Fail => RequirementStatus::Fail,
        CheckStatus::NotRun => RequirementStatus::NotRun,
    }
}

/// A command with a button that copies it. The text can be selected where there are no scripts.
pub(super) fn command(token: &str) -> Markup {
    let line = format!("generalprobe replay {token}");
    html! {
        span.command {
            code { (line) }
            button type="button" data-copy=(line) aria-label={ "Copy: " (line) } { "Copy" }
        }
    }
}

/// A whole number with narrow spaces between groups of three digits.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// `1 seed`, `2 seeds`.
pub(super) fn count(value: u64, one: &str) -> String {
    let ending = if value == 1 { "" } else { "s" };
    format!("{} {one}{ending}", number(value))
}

/// Seconds with one decimal, of milliseconds.
pub(super) fn seconds(millis: u64) -> String {
    format!("{}.{}\u{a0}s", millis / 1_000, millis % 1_000 / 100)
}

/// The element of a check.
pub(super) fn check_id(name: &str) -> String {
    format!("check-{name}")
}

/// The element of a requirement.
pub(super) fn requirement_id(id: &str) -> String {
    format!("req-{id}")
}

/// The element of a scenario.
pub(super) fn scenario_id(scenario: &str) -> String {
    format!("scenario-{scenario}")
}

/// The element of a run.
pub(super) fn run_id(scenario: &str, seed: u64) -> String {
    format!("run-{scenario}-{seed}")
}
