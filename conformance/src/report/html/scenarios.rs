//! Owns the scenarios of a gate run: which of them did worst, and for each its runs.

use maud::{Markup, html};

use super::{badge, run};
use crate::{
    replay::ReplayToken,
    report::GateReport,
    summary::{Figure, RunLines, RunSummary},
};

/// Runs of one scenario whose time lines are drawn, at most: those with violations, else the worst.
const RUNS_DRAWN_MAX: usize = 2;

/// One scenario with all its runs.
struct Scenario<'a> {
    name: &'a str,
    runs: Vec<(&'a RunSummary, &'a RunLines)>,
    violations: u64,
}

/// All scenarios, in the order of the plan.
pub(super) fn section(report: &GateReport) -> Markup {
    let scenarios = collect(report);
    html! {
        section #scenarios aria-labelledby="scenarios-title" {
            h2 #scenarios-title { "Scenarios" }
            @if scenarios.is_empty() { p.hint { "No scenario was run." } }
            @else {
                (overview(&scenarios))
                (legend())
                @for scenario in &scenarios { (entry(scenario, report)) }
            }
        }
    }
}

/// What the charts show, in words and samples.
pub(super) fn legend() -> Markup {
    html! {
        div.legend {
            h3 { "How to read the charts" }
            ul {
                li { i.swatch.played {} "heard: steps of sound that were played" }
                li { i.swatch.silent {} "silent: a speaker paused" }
                li { i.swatch.concealed {} "concealed: sound that did not come in time, from above" }
                li { i.swatch.frames {} "frames of pictures shown" }
                li { i.swatch.frozen {} "frozen picture, from above" }
                li { i.swatch.waiting {} "picture not there yet, from above" }
                li { i.swatch.video {} "video received" }
                li { i.swatch.audio {} "audio received" }
                li { i.swatch.queue {} "queue of the link to the building" }
                li { i.swatch.up {} "queue of the link from it" }
                li { i.swatch.fault {} "a fault of the link" }
                li { i.swatch.outside {} "not in the conference" }
            }
            p.hint {
                "Charts of one run share their scales; the number at the right is full height. Worst first: the order is the "
                "distance of the opinion score to 4.5 as a share of 3.5, plus the share of frozen pictures. MOS is the mean "
                "opinion score of the sound, 1.0 to 4.5 (ITU-T G.107)."
            }
        }
    }
}

fn collect(report: &GateReport) -> Vec<Scenario<'_>> {
    let mut scenarios: Vec<Scenario<'_>> = Vec::new();
    for run in report.runs.iter().zip(&report.lines) {
        let name = run.0.scenario.as_str();
        match scenarios.iter_mut().find(|scenario| scenario.name == name) {
            Some(scenario) => scenario.runs.push(run),
            None => scenarios.push(Scenario { name, runs: vec![run], violations: 0 }),
        }
    }
    for scenario in &mut scenarios {
        scenario.violations = scenario.runs.iter().map(|(run, _)| run.violations_total).sum();
    }
    scenarios
}

fn overview(scenarios: &[Scenario<'_>]) -> Markup {
    let figures = ["audio.mos", "audio.longest_gap_ms", "video.frozen_share", "join.entered_ms"];
    let figures: Vec<&Figure> = figures.iter().filter_map(|name| Figure::named(name)).collect();
    html! {
        div.scroll role="region" tabindex="0" aria-label="The worst of each scenario" {
            table.glance {
                caption { "The worst of each scenario, over all its runs and participants" }
                thead {
                    tr {
                        th scope="col" { "Scenario" }
                        th.number scope="col" { "Runs" }
                        th.number scope="col" { "People" }
                        @for figure in &figures { th.number scope="col" { (figure.title) } }
                        th.number scope="col" { "Longest queue" }
                        th.number scope="col" { "Violations" }
                    }
                }
                tbody {
                    @for scenario in scenarios {
                        tr {
                            th scope="row" { a href={ "#" (badge::scenario_id(scenario.name)) } { (scenario.name) } }
                            td.number { (scenario.runs.len()) }
                            td.number { (badge::number(scenario.people())) }
                            @for figure in &figures {
                                td.number { @if let Some(worst) = scenario.worst(figure) { (figure.show(worst)) } @else { "–" } }
                            }
                            td.number { (badge::number(scenario.queue_ms())) "\u{a0}ms" }
                            td.number.alarm[scenario.violations > 0] { (badge::number(scenario.violations)) }
                        }
                    }
                }
            }
        }
    }
}

fn entry(scenario: &Scenario<'_>, report: &GateReport) -> Markup {
    let token = |run: &RunSummary| {
        let sabotage = report.sabotage.as_deref().and_then(|name| name.parse().ok());
        ReplayToken::Fixture { scenario: run.scenario.clone(), seed: run.seed, sabotage }.to_string()
    };
    let drawn = scenario.drawn();
    let description = scenario.runs.first().map(|(run, _)| run.description.as_str()).unwrap_or_default();
    html! {
        details.scenario id=(badge::scenario_id(scenario.name)) open[scenario.violations > 0] {
            summary {
                h3 { (scenario.name) }
                span.description { (description) }
                @if scenario.violations > 0 { span.badge.fail { (badge::count(scenario.violations, "violation")) } }
            }
            div.inside {
                (judged_by(scenario, report))
                @if scenario.runs.len() > 1 {
                    (runs(scenario, token))
                    @if drawn.len() < scenario.runs.len() {
                        p.hint {
                            "Time lines are drawn of " (drawn.len()) " of " (scenario.runs.len()) " runs: of the first with violations, "
                            "or of the worst. The commands above show the others."
                        }
                    }
                }
                @for (summary, lines) in drawn {
                    div id=(badge::run_id(&summary.scenario, summary.seed)) {
                        @if scenario.runs.len() > 1 { h4 { "Seed " (summary.seed) } }
                        (run::body(summary, lines, Some(&token(summary))))
                    }
                }
            }
        }
    }
}

fn judged_by(scenario: &Scenario<'_>, report: &GateReport) -> Markup {
    let mut names: Vec<_> = report.requirements.iter().flat_map(|row| &row.checks).collect();
    names.retain(|check| check.scenarios.iter().any(|name| name == scenario.name));
    names.sort_by_key(|check| &check.name);
    names.dedup_by_key(|check| &check.name);
    html! {
        @if !names.is_empty() {
            p.judged {
                "judged by "
                @for (place, check) in names.iter().enumerate() {
                    @if place > 0 { ", " }
                    a href={ "#" (badge::check_id(&check.name)) } { (check.name) }
                }
            }
        }
    }
}

fn runs(scenario: &Scenario<'_>, token: impl Fn(&RunSummary) -> String) -> Markup {
    html! {
        div.scroll role="region" tabindex="0" aria-label="Runs of the scenario" {
            table {
                thead { tr { th scope="col" { "Seed" } th scope="col" { "Worst MOS" } th scope="col" { "Digest" } th scope="col" { "To repeat it" } } }
                tbody {
                    @for (run, _) in &scenario.runs {
                        tr {
                            th scope="row" { (run.seed) }
                            td.number {
                                @if let Some(worst) = run.figure("audio.mos") { (format!("{:.2}", worst.worst)) " " (worst.worst_of) }
                                @else { "–" }
                            }
                            td { code.digest { (run.digest) } }
                            td { (badge::command(&token(run))) }
                        }
                    }
                }
            }
        }
    }
}

impl<'a> Scenario<'a> {
    fn people(&self) -> u64 {
        self.runs.iter().map(|(run, _)| run.participants_total).max().unwrap_or_default()
    }

    fn queue_ms(&self) -> u64 {
        let sites = self.runs.iter().flat_map(|(run, _)| &run.sites);
        sites.map(|site| u64::from(site.down.queue_ms.max(site.up.queue_ms))).max().unwrap_or_default()
    }

    fn worst(&self, figure: &Figure) -> Option<f64> {
        let values = self.runs.iter().filter_map(|(run, _)| Some(run.figure(figure.name)?.worst));
        values.reduce(|one, other| if figure.higher_is_better { one.min(other) } else { one.max(other) })
    }

    /// The runs whose lines are drawn: the first with violations, or the one with the worst participant.
    fn drawn(&self) -> Vec<(&'a RunSummary, &'a RunLines)> {
        let violated = self.runs.iter().filter(|(run, _)| run.violations_total > 0);
        let violated: Vec<_> = violated.take(RUNS_DRAWN_MAX).copied().collect();
        if !violated.is_empty() {
            return violated;
        }
        let worst = self.runs.iter().reduce(|worst, run| {
            if run.0.trouble().total_cmp(&worst.0.trouble()).is_gt() { run } else { worst }
        });
        worst.into_iter().copied().collect()
    }
}
