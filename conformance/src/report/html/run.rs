//! Owns what the page tells of one run: what happened, figures over everybody, the worst participants' time lines, the
//! others in a table, and the links.

use maud::{Markup, html};

use super::{badge, chart::Axis, participant, sites};
use crate::summary::{FIGURES, Figure, ParticipantSummary, RunLines, RunSummary};

/// One run; `token` repeats it, where no other place on the page says how.
pub(super) fn body(summary: &RunSummary, lines: &RunLines, token: Option<&str>) -> Markup {
    let axis = Axis {
        end_ms: ((summary.simulated_s * 1_000.0) as u64).max(1),
        interval_ms: lines.interval_ms.max(1),
    };
    html! {
        @if let Some(token) = token { p.repeat { (badge::command(token)) } }
        p.hint {
            (badge::seconds(axis.end_ms)) " simulated, " (badge::count(summary.participants_total, "participant")) ", digest "
            code.digest { (summary.digest) }
        }
        (figures(summary))
        (events(summary))
        (participant::charts(summary, lines, axis))
        (participants(summary))
        (sites::section(summary, lines, axis))
    }
}

/// Median and worst of each figure.
fn figures(summary: &RunSummary) -> Markup {
    html! {
        @if !summary.figures.is_empty() {
            dl.figures {
                @for found in &summary.figures {
                    @if let Some(figure) = Figure::named(&found.name) {
                        div {
                            dt { (figure.title) }
                            dd {
                                strong { (figure.show(found.worst)) }
                                span.whose { "worst, " (found.worst_of) }
                                span.median { "median " (figure.show(found.median)) " of " (badge::number(found.measured)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn events(summary: &RunSummary) -> Markup {
    let rest = summary.events_total - summary.events.len() as u64;
    html! {
        @if !summary.events.is_empty() {
            details.more {
                summary { "What happens (" (badge::count(summary.events_total, "event")) ")" }
                ol.events {
                    @for event in &summary.events {
                        li.fault[event.site.is_some()] {
                            span.at {
                                (badge::seconds(event.at_ms))
                                @if let Some(until) = event.until_ms { " to " (badge::seconds(until)) }
                            }
                            " " (event.what)
                        }
                    }
                    @if rest > 0 { li { "and " (badge::number(rest)) " more" } }
                }
            }
        }
    }
}

/// All listed participants with their figures.
fn participants(summary: &RunSummary) -> Markup {
    let left_out = summary.participants_left_out();
    html! {
        @if !summary.participants.is_empty() {
            details.more {
                summary { "Figures of participants, worst first (" (summary.participants.len()) " of " (badge::number(summary.participants_total)) ")" }
                @if left_out > 0 {
                    p.hint { (badge::count(left_out, "participant")) " who fared better or equally well, or never got in, not listed." }
                }
                div.scroll role="region" tabindex="0" aria-label="Figures of participants" {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Participant" } th scope="col" { "Site" }
                                @for figure in &FIGURES { th.number scope="col" { (figure.title) } }
                                th scope="col" { "In the conference" }
                            }
                        }
                        tbody { @for person in &summary.participants { (row(person)) } }
                    }
                }
            }
        }
    }
}

fn row(person: &ParticipantSummary) -> Markup {
    html! {
        tr {
            th scope="row" { (person.report.name) }
            td { (person.report.site) }
            @for figure in &FIGURES {
                td.number { @if let Some(value) = (figure.of)(&person.report) { (figure.show(value)) } @else { "–" } }
            }
            td { (presence(person)) }
        }
    }
}

/// When somebody was in, in words.
pub(super) fn presence(person: &ParticipantSummary) -> Markup {
    html! {
        @if person.inside_ms.is_empty() {
            "never" @if let Some(reason) = &person.refused { ", refused: " (reason) }
        } @else {
            @for (place, (from, to)) in person.inside_ms.iter().enumerate() {
                @if place > 0 { ", " }
                (badge::seconds(*from)) " to " (badge::seconds(*to))
            }
        }
    }
}
