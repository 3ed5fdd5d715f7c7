//! Owns the cases of congestion control: for each its verdict, its bounds with what was measured, and a chart of capacity,
//! estimates, what was sent and the queue.

use std::time::Duration;

use maud::{Markup, html};
use sim::flows::{Case, Course, Direction, FlowCourse, Measured};

use super::{
    badge,
    band::{Band, axis_marks, band},
    chart::{self, Axis},
};
use crate::{
    checks::rfc8867::{RFC_CHECK, courses},
    gate::RequirementStatus,
    report::GateReport,
};

/// A chart has about so many steps.
const STEPS: u32 = 200;
/// Flows whose estimates and rates are drawn one by one; of more, the sum of what was sent.
const FLOWS_DRAWN_MAX: usize = 3;

/// Whether this gate run looked at the cases.
pub(super) fn is_judged(report: &GateReport) -> bool {
    let mut checks = report.requirements.iter().flat_map(|row| &row.checks);
    checks.any(|check| check.name == RFC_CHECK && check.examined > 0)
}

/// All cases.
pub(super) fn section(report: &GateReport) -> Markup {
    html! {
        @if is_judged(report) {
            section #rfc-8867 aria-labelledby="rfc-8867-title" {
                h2 #rfc-8867-title { "RFC 8867" }
                p.hint {
                    "Congestion control alone, on one bottleneck: the test cases 5.1 to 5.8 of RFC 8867, bands that libwebrtc "
                    "asserts, and lines that many share. Rates count all headers."
                }
                (legend())
                @for (case, course) in courses() { (entry(case, course)) }
            }
        }
    }
}

fn legend() -> Markup {
    html! {
        div.legend {
            ul {
                li { i.swatch.capacity {} "what the bottleneck carries" }
                li { i.swatch.estimate {} "estimate of a flow" }
                li { i.swatch.sent {} "sent by a flow of media" }
                li { i.swatch.rival {} "sent by TCP" }
                li { i.swatch.queue {} "time that the queue takes to leave" }
            }
        }
    }
}

fn entry(case: &Case, course: &Course) -> Markup {
    let missed = course.measured.iter().filter(|measured| !measured.holds()).count();
    let status = if missed == 0 { RequirementStatus::Pass } else { RequirementStatus::Fail };
    html! {
        details.scenario id={ "case-" (case.name) } open[missed > 0] {
            summary {
                h3 { (case.name) }
                span.description { (case.description) }
                (badge::status(status))
            }
            div.inside {
                p.hint { (case.source) }
                (charts(case, course))
                (bounds(case, course))
            }
        }
    }
}

fn bounds(case: &Case, course: &Course) -> Markup {
    let label = format!("Bounds of {}", case.name);
    html! {
        div.scroll role="region" tabindex="0" aria-label=(label) {
            table {
                thead {
                    tr {
                        th scope="col" { "Figure" }
                        th scope="col" { "Of" }
                        th scope="col" { "Seconds" }
                        th.number scope="col" { "At least" }
                        th.number scope="col" { "Measured" }
                        th.number scope="col" { "At most" }
                        th scope="col" { "Why" }
                    }
                }
                tbody { @for measured in &course.measured { (row(course, measured)) } }
            }
        }
    }
}

fn row(course: &Course, measured: &Measured) -> Markup {
    let bound = &measured.bound;
    let whose = match (bound.flow.and_then(|flow| course.flows.get(flow)), bound.direction) {
        (Some(flow), _) => flow.name.as_str(),
        (None, Direction::Forward) => "all",
        (None, Direction::Backward) => "all, backward",
    };
    html! {
        tr {
            th scope="row" {
                (bound.figure) @if bound.figure.needs_level() { " (" (shown(bound.level)) ")" }
            }
            td { (whose) }
            td { (shown(bound.from.as_secs_f64())) "–" (shown(bound.until.as_secs_f64())) }
            td.number { (shown(bound.at_least)) }
            td.number.alarm[!measured.holds()] { @if let Some(value) = measured.value { (shown(value)) } @else { "nothing" } }
            td.number { (shown(bound.at_most)) }
            td { (bound.reason) }
        }
    }
}

/// Three digits behind the point below ten, none above.
fn shown(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 10.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

fn charts(case: &Case, course: &Course) -> Markup {
    let millis = (case.duration.as_millis() as u64).max(1);
    let interval_ms = millis.div_ceil(u64::from(STEPS)).next_multiple_of(50);
    let axis = Axis { end_ms: millis, interval_ms };
    let backward = course.flows.iter().any(|flow| flow.direction == Direction::Backward);
    html! {
        (of_direction(case, course, axis, Direction::Forward))
        @if backward { (of_direction(case, course, axis, Direction::Backward)) }
        (axis_marks(axis))
    }
}

fn of_direction(case: &Case, course: &Course, axis: Axis, direction: Direction) -> Markup {
    let step = Duration::from_millis(axis.interval_ms);
    let capacity = rounded(&course.capacity_kbps(direction, step));
    let queue = rounded(&course.queue_ms(direction, step));
    let flows: Vec<&FlowCourse> = course.flows.iter().filter(|flow| flow.direction == direction).collect();
    let (most_kbps, most_ms) = (most(&capacity) * 5 / 4, most(&queue).max(100));
    let mut paths = vec![("capacity", chart::rising(axis, &capacity, most_kbps))];
    let (rivals, media): (Vec<_>, Vec<_>) = flows.into_iter().partition(|flow| !flow.is_media);
    for flow in rivals {
        paths.push(("rival", chart::stepped(axis, &rounded(&flow.sent_kbps(step)), most_kbps)));
    }
    if media.len() > FLOWS_DRAWN_MAX {
        let none = Vec::new();
        let sum = media.iter().fold(none, |sum, flow| chart::sum(&sum, &rounded(&flow.sent_kbps(step))));
        paths.push(("sent", chart::stepped(axis, &sum, most_kbps)));
    }
    for flow in media.iter().take(FLOWS_DRAWN_MAX) {
        let estimates: Vec<f64> =
            flow.estimate_kbps(step).into_iter().map(Option::unwrap_or_default).collect();
        if media.len() <= FLOWS_DRAWN_MAX {
            paths.push(("sent", chart::stepped(axis, &rounded(&flow.sent_kbps(step)), most_kbps)));
        }
        paths.push(("estimate", chart::stepped(axis, &rounded(&estimates), most_kbps)));
    }
    let way = if direction == Direction::Forward { "forward" } else { "backward" };
    let rates = Band {
        label: if direction == Direction::Forward { "rate" } else { "rate back" },
        full: Some(format!("{}\u{a0}kbit/s", badge::number(u64::from(most_kbps)))),
        title: format!("{}: rates {way}", case.name),
        words: in_words(course),
        paths,
        axis,
        shades: &[],
    };
    let queue = Band {
        label: if direction == Direction::Forward { "queue" } else { "queue back" },
        full: Some(format!("{}\u{a0}ms", badge::number(u64::from(most_ms)))),
        title: format!("{}: queue {way}", case.name),
        words: format!("The queue took at most {} ms to leave.", most(&queue)),
        paths: vec![("queue", chart::rising(axis, &queue, most_ms))],
        axis,
        shades: &[],
    };
    html! { div.tall { (band(&rates)) } (band(&queue)) }
}

/// For those who cannot see the chart.
fn in_words(course: &Course) -> String {
    let held = course.measured.iter().filter(|measured| measured.holds()).count();
    format!("{held} of {} bounds hold; the table below has the figures.", course.measured.len())
}

fn rounded(values: &[f64]) -> Vec<u32> {
    values.iter().map(|value| value.round().clamp(0.0, f64::from(u32::MAX)) as u32).collect()
}

fn most(values: &[u32]) -> u32 {
    values.iter().copied().max().unwrap_or_default()
}
