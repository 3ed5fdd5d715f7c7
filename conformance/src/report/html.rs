//! Owns the report as one page that works anywhere: no network, readable without scripts, in dark and light, by keyboard,
//! and with words for what the pictures show. Its parts are in `html/`; nothing is decided here.

mod badge;
mod band;
mod bench;
mod capacity;
mod chart;
mod checks;
mod city;
mod participant;
mod plan;
mod policy;
mod requirements;
mod rfc8867;
mod run;
mod scenarios;
mod sites;
mod table;
mod verdict;
mod words;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use bench::bench_page;
pub use capacity::plan_picture;
pub use city::city_page;
pub use plan::{comparison_text, plan_page};

use crate::{
    evidence::CheckStatus,
    gate::Verdict,
    perform::RunRecord,
    report::{GateReport, RunReport},
};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// A place in the page that the navigation names: id and title.
type Place = (&'static str, &'static str);

/// The page of a gate run.
pub fn gate_page(report: &GateReport) -> String {
    let mut places: Vec<Place> = vec![
        ("verdict", "Verdict"),
        ("requirements", "Requirements"),
        ("checks", "Checks"),
        ("scenarios", "Scenarios"),
    ];
    if report.requirements.iter().flat_map(|row| &row.checks).any(|check| check.status == CheckStatus::Fail) {
        places.insert(1, ("failed", "What failed"));
    }
    if rfc8867::is_judged(report) {
        places.push(("rfc-8867", "RFC 8867"));
    }
    let title = format!("Generalprobe: {}", verdict::in_words(report));
    let body = html! {
        (verdict::of_gate(report))
        main id="main" {
            (verdict::what_failed(report))
            (requirements::section(report))
            (checks::section(report))
            (scenarios::section(report))
            (rfc8867::section(report))
        }
    };
    page(&title, report.verdict, &places, &body)
}

/// The page of a single run. `record` is what is kept of it.
pub fn run_page(report: &RunReport, record: &RunRecord) -> String {
    let places: [Place; 3] = [("verdict", "Verdict"), ("scenarios", "The run"), ("checks", "Checks")];
    let title = format!("{} seed {}: {}", report.scenario, report.seed, badge::verdict_word(report.verdict));
    let body = html! {
        (verdict::of_run(report, record))
        main id="main" {
            section id="scenarios" aria-labelledby="scenarios-title" {
                h2 #scenarios-title { "The run" }
                (scenarios::legend())
                (run::body(&record.summary, &record.lines, None))
            }
            (checks::of_run(report))
        }
    };
    page(&title, report.verdict, &places, &body)
}

/// What stands at the foot of a page on rehearsals.
const FOOT: &str = "All figures are simulated; equal runs leave an equal page.";

fn page(title: &str, verdict: Verdict, places: &[Place], body: &Markup) -> String {
    page_with(title, verdict, places, body, FOOT)
}

fn page_with(title: &str, verdict: Verdict, places: &[Place], body: &Markup, foot: &str) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy::of(SCRIPT));
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                link rel="icon" href=(icon(verdict));
                style { (PreEscaped(STYLE)) (PreEscaped(capacity::STYLE)) (PreEscaped(city::STYLE)) (PreEscaped(bench::STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the results" }
                nav aria-label="Parts of this page" {
                    strong { "Generalprobe" }
                    @for (id, name) in places { a href={ "#" (id) } { (name) } }
                }
                (body)
                footer {
                    p { "Written by generalprobe " (env!("CARGO_PKG_VERSION")) ". " (foot) }
                }
                p #live .visually-hidden role="status" aria-live="polite" {}
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    markup.into_string() + "\n"
}

/// A dot in the verdict's colour, so that the tab of a browser tells it.
fn icon(verdict: Verdict) -> String {
    let colour = match verdict {
        Verdict::Pass => "%2317803d",
        Verdict::Fail => "%23c62828",
    };
    format!(
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' \
         r='7' fill='{colour}'/%3E%3C/svg%3E"
    )
}

#[cfg(test)]
mod tests;
