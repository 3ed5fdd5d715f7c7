//! Owns the page of a report on benches: bounds, what cities need, curves, all costs, criterion's statistics, and what changed.

mod curve;
mod figures;

use maud::{Markup, html};

use super::{Place, badge, page_with};
use crate::{
    gate::Verdict,
    measured::Claim,
    report::bench::{
        BenchReport,
        city::CityRun,
        need::{LEFT_OUT, Need, Step},
        table::{changed, is_of, rehearsed, verdict_words},
    },
};

/// The look of the curves.
pub(super) const STYLE: &str = include_str!("bench.css");
/// What stands at the foot of this page.
const FOOT: &str = "Times are of the machine named above; only ratios of one run mean anything elsewhere.";
/// Changes that are shown at once.
const CHANGES_MAX: usize = 30;

/// The page of a report on benches.
pub fn bench_page(report: &BenchReport) -> String {
    let mut places: Vec<Place> = vec![
        ("verdict", "Verdict"),
        ("bounds", "Bounds"),
        ("needs", "What Berlin needs"),
        ("curves", "Curves"),
        ("costs", "Costs"),
        ("criterion", "Criterion"),
    ];
    if report.comparison.is_some() {
        places.push(("changes", "Changes"));
    }
    let title = format!("Benches: {}", badge::verdict_word(report.verdict));
    let body = html! {
        (head(report))
        main id="main" {
            (not_measured(report))
            (bounds(report))
            (needs(report))
            (curve::section(report))
            (figures::costs(report))
            (figures::criterion(report))
            (changes(report))
        }
    };
    page_with(&title, report.verdict, &places, &body, FOOT)
}

fn head(report: &BenchReport) -> Markup {
    let missed = report.claims().filter(|(_, claim)| claim.fails()).count();
    let unreached = report.claims().filter(|(_, claim)| !claim.met && !claim.fails()).count();
    html! {
        header #verdict .verdict.(badge::verdict_word(report.verdict)) {
            div.sign aria-hidden="true" { @if report.verdict == Verdict::Pass { "✓" } @else { "✕" } }
            div.words {
                h1 { "What it costs" }
                p.lead { (verdict_words(report.examined, missed, unreached)) "." }
                @for outdated in &report.outdated { p.warning { "It may be of another version: " (outdated) "." } }
                @if report.machines.len() > 1 {
                    p.warning { "Measured on " (report.machines.len()) " machines: figures of one are not those of another." }
                }
            }
            dl.facts {
                @for machine in &report.machines {
                    div { dt { "Processor" } dd { (machine.cpu.as_deref().unwrap_or("unknown")) } }
                    div { dt { "Platform" } dd { (machine.platform) } }
                    div { dt { "Cores" } dd { (machine.cores.map_or_else(|| "unknown".to_owned(), |cores| cores.to_string())) } }
                    div { dt { "Memory" } dd { (machine.memory_mib.map_or_else(|| "unknown".to_owned(), |mib| format!("{:.1}\u{a0}GiB", mib as f64 / 1_024.0))) } }
                    div { dt { "Compiler" } dd { (machine.rustc.as_deref().unwrap_or("unknown")) } }
                }
            }
        }
    }
}

fn not_measured(report: &BenchReport) -> Markup {
    html! {
        @if !report.not_measured.is_empty() {
            section aria-labelledby="missing-title" {
                h2 #missing-title { "Not measured" }
                ul { @for missing in &report.not_measured { li { (missing) } } }
            }
        }
    }
}

fn bounds(report: &BenchReport) -> Markup {
    html! {
        section #bounds aria-labelledby="bounds-title" {
            h2 #bounds-title { "Bounds" }
            p.hint {
                "Medians of contenders in turns, ratios taken within each turn, with intervals of 95 % confidence. A ratio that misses its bound fails the "
                "report. A figure with a unit depends on the machine: it is said whether its bound is reached."
            }
            @if report.examined == 0 { p.none { "Nothing was held against a bound." } } @else {
                div.scroll role="region" tabindex="0" aria-label="Bounds" {
                    table.glance {
                        thead {
                            tr {
                                th scope="col" { "Bench" } th scope="col" { "Claim" } th.number scope="col" { "Measured" }
                                th.number scope="col" { "95 %" } th.number scope="col" { "Bound" } th scope="col" { "Verdict" }
                            }
                        }
                        tbody { @for (bench, claim) in report.claims() { (bound(bench, claim)) } }
                    }
                }
            }
        }
    }
}

fn bound(bench: &str, claim: &Claim) -> Markup {
    let (unit, decimals) = (claim.unit.name(), claim.unit.decimals());
    let class = match (claim.met, claim.fails()) {
        (true, _) => "pass",
        (false, true) => "fail",
        (false, false) => "todo",
    };
    html! {
        tr {
            td { (bench) }
            th scope="row" { (claim.what) }
            td.number { (format!("{:.decimals$}", claim.figure.value)) " " (unit) }
            td.number { (figures::interval(claim.figure, decimals)) }
            td.number { (claim.bound) " " (unit) }
            td { span.badge.(class) { span aria-hidden="true" { @if claim.met { "✓" } @else { "✕" } } " " (claim.verdict()) } }
        }
    }
}

fn needs(report: &BenchReport) -> Markup {
    let node = &report.node;
    html! {
        section #needs aria-labelledby="needs-title" {
            h2 #needs-title { "What Berlin needs" }
            p.hint {
                "Of each city that was rehearsed, in its busiest second. A media node is taken to have " (node.gbit_per_s) " Gbit/s and " (node.cores)
                " cores, of which " (node.load_percent) " % may be in use."
            }
            @if report.needs.is_empty() {
                p.none { "No city was rehearsed, so that nothing can be said: " code { "generalprobe city --duration 30s" } " does that." }
            } @else { p.hint { (LEFT_OUT) } }
            @for need in &report.needs {
                (of_city(need, report.cities.iter().find(|city| is_of(city, need))))
            }
        }
    }
}

fn of_city(need: &Need, city: Option<&CityRun>) -> Markup {
    let whole = city.is_some_and(CityRun::is_whole);
    html! {
        h3 {
            "Mix " (need.mix) ": " (badge::number(need.conferences)) " conferences, " (badge::number(need.participants)) " people"
            @if whole { ", the whole city" }
        }
        div.scroll role="region" tabindex="0" aria-label={ "What mix " (need.mix) " needs" } {
            table.glance.needs {
                thead { tr { th scope="col" { "In production" } th.number scope="col" { "Needed" } th scope="col" { "How that is calculated" } } }
                tbody {
                    (step("Forwarded packets/s", Some(&need.packets_per_s), 0))
                    (step("Gbit/s to participants", Some(&need.gbit_per_s), 2))
                    (step("Cores", need.cores.as_ref(), 2))
                    (step("Media nodes", need.nodes.as_ref(), 0))
                    @if let Some(city) = city {
                        tr {
                            th scope="row" { "Its rehearsal" }
                            td.number { @if city.verdict == Verdict::Fail { "requirements violated" } @else { "requirements hold" } }
                            td { (rehearsed(city)) "; digest " code.digest { (city.digest) } }
                        }
                    }
                }
            }
        }
    }
}

fn step(name: &str, step: Option<&Step>, decimals: usize) -> Markup {
    html! {
        tr {
            th scope="row" { (name) }
            @match step {
                Some(Step { figure, formula }) => {
                    td.number {
                        @if decimals == 0 { (badge::number(figure.value as u64)) } @else { (format!("{:.decimals$}", figure.value)) }
                        @if figure.interval.is_some_and(|[low, high]| low < high) {
                            br; span.hint { (figures::interval(*figure, decimals)) }
                        }
                    }
                    td { (formula) }
                }
                None => { td.number { "not measured" } td { "bench forward says what a packet costs" } }
            }
        }
    }
}

fn changes(report: &BenchReport) -> Markup {
    let Some(comparison) = &report.comparison else { return html! {} };
    let clear = comparison.changes.iter().filter(|change| change.is_clear).count();
    let (first, others) =
        comparison.changes.split_at(comparison.changes.len().min(clear.clamp(1, CHANGES_MAX)));
    let row = |change: &crate::report::bench::change::Change| {
        html! {
            tr {
                th scope="row" { (change.figure) }
                td.number { (changed(change)) }
                td { @if change.is_clear { strong { "clear" } } }
            }
        }
    };
    html! {
        section #changes aria-labelledby="changes-title" {
            h2 #changes-title { "Changes since the earlier report" }
            p.hint {
                (badge::count(comparison.changes.len() as u64, "figure")) " in both reports; " (clear) " of them clearly changed: their intervals of 95 % confidence do "
                "not overlap. Of some hundred figures a few do that by chance and because of the machine's state."
            }
            @if comparison.machines != report.machines { p.warning { "The earlier report is of another machine: times cannot be compared, only ratios." } }
            table.glance { tbody { @for change in first { (row(change)) } } }
            @if !others.is_empty() {
                details.more { summary { "The other " (others.len()) } table.glance { tbody { @for change in others { (row(change)) } } } }
            }
            @if !comparison.appeared.is_empty() { p { "New: " (comparison.appeared.join("; ")) "." } }
            @if !comparison.vanished.is_empty() { p { "Gone: " (comparison.vanished.join("; ")) "." } }
        }
    }
}

#[cfg(test)]
mod tests;
