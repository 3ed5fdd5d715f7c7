//! Owns the tables of everything that was measured: costs of contenders in turns, and criterion's statistics of each alone.

use maud::{Markup, html};

use crate::{
    measured::{BenchRun, Figure},
    report::bench::BenchReport,
};

/// All costs, bench by bench.
pub(super) fn costs(report: &BenchReport) -> Markup {
    html! {
        section #costs aria-labelledby="costs-title" {
            h2 #costs-title { "Costs" }
            p.hint {
                "What one piece of work costs each contender, in turns with the others. What is without an interval is a mean, of what not "
                "every turn has."
            }
            @if report.benches.is_empty() { p.none { "Not measured: " code { "cargo bench" } " does that." } }
            @for run in &report.benches { (of_bench(run)) }
        }
    }
}

fn of_bench(run: &BenchRun) -> Markup {
    html! {
        details.scenario {
            summary { h3 { (run.bench) } span.description { (run.costs.len()) " costs" } }
            div.inside {
                div.scroll role="region" tabindex="0" aria-label={ "Costs of bench " (run.bench) } {
                    table {
                        thead {
                            tr {
                                th scope="col" { "Work" } th.number scope="col" { "Size" } th scope="col" { "Contender" }
                                th.number scope="col" { "Time, ns" } th.number scope="col" { "95 %" }
                                th.number scope="col" { "Ratio" } th.number scope="col" { "95 %" } th scope="col" { "Beside" }
                            }
                        }
                        tbody {
                            @for cost in &run.costs {
                                tr {
                                    td { (cost.load) }
                                    td.number { @if let Some(size) = cost.size { (size.count) " " (size.of.name()) } }
                                    th scope="row" { (cost.contender) }
                                    td.number { (nanoseconds(cost.ns.value)) }
                                    td.number { (interval(cost.ns, decimals(cost.ns.value))) }
                                    @match &cost.ratio {
                                        Some(ratio) => {
                                            td.number { (format!("{:.2}", ratio.figure.value)) }
                                            td.number { (interval(ratio.figure, 2)) }
                                            td { (ratio.beside) }
                                        }
                                        None => { td.number { } td.number { } td { } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Criterion's statistics.
pub(super) fn criterion(report: &BenchReport) -> Markup {
    html! {
        section #criterion aria-labelledby="criterion-title" {
            h2 #criterion-title { "Criterion" }
            p.hint {
                "Criterion measures each contender for itself, so that its figures cannot be held against one another as those above can. "
                "It keeps what benches left that there are no longer."
            }
            @if report.criterion.is_empty() { p.none { "Not measured." } } @else {
                details.more {
                    summary { "Medians of " (report.criterion.len()) " benchmarks" }
                    div.scroll role="region" tabindex="0" aria-label="Criterion's statistics" {
                        table {
                            thead {
                                tr {
                                    th scope="col" { "Benchmark" } th.number scope="col" { "Time of an iteration, ns" }
                                    th.number scope="col" { "95 %" }
                                }
                            }
                            tbody {
                                @for statistics in &report.criterion {
                                    tr {
                                        th scope="row" { (statistics.name) }
                                        td.number { (nanoseconds(statistics.ns.value)) }
                                        td.number { (interval(statistics.ns, decimals(statistics.ns.value))) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The ends of an interval; nothing where there is none.
pub(super) fn interval(figure: Figure, decimals: usize) -> String {
    figure.interval.map_or_else(String::new, |[low, high]| format!("{low:.decimals$} to {high:.decimals$}"))
}

fn nanoseconds(value: f64) -> String {
    format!("{value:.*}", decimals(value))
}

/// A digit behind the point where it says something.
const fn decimals(nanoseconds: f64) -> usize {
    if nanoseconds < 1_000.0 { 1 } else { 0 }
}
