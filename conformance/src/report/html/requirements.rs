//! Owns the matrix of requirements: one tile and one row for each, with filters by status, level and words.

use maud::{Markup, html};

use super::{badge, verdict};
use crate::{
    catalogue::{Level, area},
    report::{CheckReport, GateReport, RequirementReport, terminal::status_word},
};

/// The matrix.
pub(super) fn section(report: &GateReport) -> Markup {
    html! {
        section #requirements aria-labelledby="requirements-title" {
            h2 #requirements-title { "Requirements" }
            (overview(report))
            (filters(report))
            div.scroll role="region" tabindex="0" aria-label="Requirements" {
                table.requirements {
                    caption.visually-hidden { "All requirements with their status and the checks that speak for them" }
                    thead {
                        tr { th scope="col" { "Id" } th scope="col" { "Status" } th scope="col" { "What must hold" } th scope="col" { "Evidence" } }
                    }
                    @for rows in report.requirements.chunk_by(|one, next| area(&one.id) == area(&next.id)) {
                        tbody data-area=(area(&rows[0].id)) {
                            @for row in rows { (row_of(row)) }
                        }
                    }
                }
            }
            p #nothing-shown hidden { "No requirement matches. " button type="button" data-clear { "Show all" } }
        }
    }
}

/// One tile for each requirement, by area.
fn overview(report: &GateReport) -> Markup {
    let areas = report.requirements.chunk_by(|one, next| area(&one.id) == area(&next.id));
    html! {
        div.overview role="group" aria-label="All requirements at a glance" {
            @for rows in areas {
                div.area {
                    span.name { (area(&rows[0].id)) }
                    span.tiles {
                        @for row in rows {
                            a.tile.(badge::class(row.status)).should[row.level == Level::Should]
                                href={ "#" (badge::requirement_id(&row.id)) } data-tile=(row.id)
                                title={ (row.id) " " (row.level) ", " (status_word(row.status)) ": " (row.statement) }
                                aria-label={ (row.id) ", " (row.level) ", " (status_word(row.status)) } {
                                span aria-hidden="true" { (badge::sign(row.status)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn filters(report: &GateReport) -> Markup {
    let statuses = verdict::STATUSES.into_iter();
    html! {
        div.filters role="search" aria-label="Filter the requirements" {
            div.field {
                label for="search" { "Search " kbd { "/" } }
                input #search type="search" autocomplete="off" spellcheck="false" placeholder="id, words, check";
            }
            div.chips role="group" aria-label="Status" {
                @for status in statuses {
                    @if let Some((name, count)) = verdict::filter_name(report, status) {
                        button.chip.(badge::class(status)) type="button" aria-pressed="false" data-status=(badge::class(status)) {
                            span aria-hidden="true" { (badge::sign(status)) } " " (name) " " span.of { (count) }
                        }
                    }
                }
            }
            div.chips role="group" aria-label="Level" {
                @for level in [Level::Must, Level::Should] {
                    button.chip type="button" aria-pressed="false" data-level=(level) { (level) }
                }
            }
            p.shown { span #shown { (report.requirements.len()) } " of " (report.requirements.len()) " shown" }
            button type="button" data-clear { "Clear" }
        }
    }
}

fn row_of(row: &RequirementReport) -> Markup {
    html! {
        tr id=(badge::requirement_id(&row.id)) data-row=(row.id) data-is=(badge::class(row.status)) data-level=(row.level) {
            th scope="row" { a.self href={ "#" (badge::requirement_id(&row.id)) } { (row.id) } " " span.level { (row.level) } }
            td { (badge::status(row.status)) }
            td {
                p { (row.statement) }
                @if let Some(reason) = &row.reason { p.reason { "Open: " (reason) } }
            }
            td {
                @if row.checks.is_empty() { span.none { "no check" } }
                @else { ul.plain { @for check in &row.checks { li { (line_of(check)) } } } }
            }
        }
    }
}

fn line_of(check: &CheckReport) -> Markup {
    let status = badge::as_requirement(check.status);
    html! {
        span.mark.(badge::class(status)) role="img" aria-label=(status_word(status)) { (badge::sign(status)) }
        " " a href={ "#" (badge::check_id(&check.name)) } { (check.name) }
        " " span.examined {
            (badge::number(check.examined)) " examined"
            @if check.violations_total > 0 { ", " strong { (badge::number(check.violations_total)) " violated" } }
        }
    }
}
