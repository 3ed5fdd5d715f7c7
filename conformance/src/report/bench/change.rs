//! Owns the comparison of a report on benches with an earlier one: figure by figure, in percent, and whether the intervals of
//! confidence lie apart.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::BenchReport;
use crate::measured::{Claim, Figure, Machine, Size};

/// What changed since an earlier report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Machines of the earlier report.
    pub machines: Vec<Machine>,
    /// Figures of both reports: clear changes first, and of those the largest.
    pub changes: Vec<Change>,
    /// Figures that only the earlier report has.
    pub vanished: Vec<String>,
    /// Figures that only the later report has.
    pub appeared: Vec<String>,
}

/// A figure that both reports have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Which.
    pub figure: String,
    /// Its unit; empty for a ratio.
    pub unit: String,
    /// As it was.
    pub before: Figure,
    /// As it is.
    pub after: Figure,
    /// How much larger it is, in percent of what it was; absent if it was 0.
    pub percent: Option<f64>,
    /// Whether both have intervals of confidence, and these do not overlap.
    pub is_clear: bool,
}

impl Comparison {
    /// Compares figure by figure.
    pub fn between(before: &BenchReport, after: &BenchReport) -> Self {
        let (mut earlier, mut changes, mut appeared) = (figures(before), Vec::new(), Vec::new());
        for ((figure, unit), later) in figures(after) {
            match earlier.remove(&(figure.clone(), unit)) {
                Some(before) => changes.push(Change::of(figure, unit, before, later)),
                None => appeared.push(figure),
            }
        }
        let size = |change: &Change| change.percent.unwrap_or_default().abs();
        changes.sort_by(|one, other| {
            other.is_clear.cmp(&one.is_clear).then_with(|| size(other).total_cmp(&size(one)))
        });
        let vanished = earlier.into_keys().map(|(figure, _)| figure).collect();
        Self { machines: before.machines.clone(), changes, vanished, appeared }
    }
}

impl Change {
    fn of(figure: String, unit: &str, before: Figure, after: Figure) -> Self {
        let apart = |([low, high], [from, to]): ([f64; 2], [f64; 2])| high < from || to < low;
        Self {
            figure,
            unit: unit.to_owned(),
            before,
            after,
            percent: (before.value > 0.0).then(|| (after.value / before.value - 1.0) * 100.0),
            is_clear: before.interval.zip(after.interval).is_some_and(apart),
        }
    }
}

/// Whether a claimed figure is that of some contender, too.
fn is_told(report: &BenchReport, claim: &Claim) -> bool {
    let mut costs = report.benches.iter().flat_map(|run| &run.costs);
    costs.any(|cost| {
        cost.ns == claim.figure || cost.ratio.as_ref().is_some_and(|ratio| ratio.figure == claim.figure)
    })
}

/// Everything that can be compared, by name and unit.
fn figures(report: &BenchReport) -> BTreeMap<(String, &'static str), Figure> {
    let mut figures = BTreeMap::new();
    for run in &report.benches {
        for cost in &run.costs {
            let size =
                cost.size.map_or_else(String::new, |Size { count, of }| format!(" {count} {}", of.name()));
            let name = format!("{}: {}{size}: {}", run.bench, cost.load, cost.contender);
            if let Some(ratio) = &cost.ratio {
                figures.insert((format!("{name} beside {}", ratio.beside), ""), ratio.figure);
            }
            figures.insert((name, "ns"), cost.ns);
        }
    }
    for (bench, claim) in report.claims().filter(|(_, claim)| !is_told(report, claim)) {
        figures.insert((format!("{bench}: {}", claim.what), claim.unit.name()), claim.figure);
    }
    for statistics in &report.criterion {
        figures.insert((format!("criterion: {}", statistics.name), "ns"), statistics.ns);
    }
    for city in &report.cities {
        let mut of_city = |what: &str, unit, value: Option<f64>| {
            let name = format!("city run: {}: {what}", city.name());
            figures.extend(value.map(|value| ((name, unit), Figure::single(value))));
        };
        of_city("time factor", "simulated s per s", city.time_factor);
        of_city("time of a forwarded packet", "ns", city.ns_per_forwarded_packet);
        of_city("memory", "MiB", city.peak_rss_mib.map(|mib| mib as f64));
        of_city("packets in the busiest second", "packets/s", Some(city.packets_per_s as f64));
    }
    figures
}
