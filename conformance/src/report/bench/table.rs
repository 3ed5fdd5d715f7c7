//! Owns what `bench-report` shows on a terminal: bounds, what cities need, the clearest changes, and what was not measured.

use std::io::{self, Write};

use console::{Alignment, measure_text_width, pad_str};

use super::{BenchReport, change::Change, city::CityRun, need::Need};
use crate::{
    measured::{Claim, Figure},
    report::terminal::{Look, verdict_word},
};

/// Changes that are told.
const CHANGES_MAX: usize = 12;

/// Writes the short form of the report.
///
/// # Errors
/// Writing fails.
pub fn write_bench_report(out: &mut dyn Write, report: &BenchReport, look: Look) -> io::Result<()> {
    for machine in &report.machines {
        writeln!(out, "measured on {}", machine.words())?;
    }
    if report.machines.len() > 1 {
        writeln!(
            out,
            "these are {} machines: figures of one are not those of another",
            report.machines.len()
        )?;
    }
    writeln!(out)?;
    write_claims(out, report)?;
    for need in &report.needs {
        let city = report.cities.iter().find(|city| is_of(city, need));
        write_need(out, need, city)?;
    }
    if let Some(comparison) = &report.comparison {
        let clear = comparison.changes.iter().filter(|change| change.is_clear);
        writeln!(
            out,
            "compared with the earlier report: {} figures, {} of them clearly changed, {} new, {} gone",
            comparison.changes.len(),
            clear.clone().count(),
            comparison.appeared.len(),
            comparison.vanished.len()
        )?;
        for change in clear.take(CHANGES_MAX) {
            writeln!(out, "  {}: {}", change.figure, changed(change))?;
        }
        writeln!(out)?;
    }
    if !report.not_measured.is_empty() {
        writeln!(out, "not measured:")?;
        for missing in &report.not_measured {
            writeln!(out, "  {missing}")?;
        }
        writeln!(out)?;
    }
    for outdated in &report.outdated {
        writeln!(out, "it may be of another version: {outdated}")?;
    }
    write_verdict(out, report, look)
}

/// Whether a need is that of a city.
pub fn is_of(city: &CityRun, need: &Need) -> bool {
    (&city.mix, city.conferences, city.participants) == (&need.mix, need.conferences, need.participants)
}

/// A figure with digits that say something, and its interval.
pub fn figure_words(figure: Figure, decimals: usize) -> String {
    let value = figure.value;
    match figure.interval {
        Some([low, high]) => format!("{value:.decimals$} ({low:.decimals$} to {high:.decimals$})"),
        None => format!("{value:.decimals$}"),
    }
}

/// `82.7 ns -> 60.1 ns, -27.3 %`.
pub fn changed(change: &Change) -> String {
    let decimals = if change.before.value.max(change.after.value) < 10.0 { 2 } else { 0 };
    let unit = if change.unit.is_empty() { String::new() } else { format!(" {}", change.unit) };
    let (before, after) = (change.before.value, change.after.value);
    let percent = change.percent.map_or_else(String::new, |percent| format!(", {percent:+.1} %"));
    format!("{before:.decimals$}{unit} -> {after:.decimals$}{unit}{percent}")
}

fn write_claims(out: &mut dyn Write, report: &BenchReport) -> io::Result<()> {
    let name = |(bench, claim): (&str, &Claim)| format!("{bench}: {}", claim.what);
    let width = report.claims().map(|claim| measure_text_width(&name(claim))).max().unwrap_or_default();
    for (bench, claim) in report.claims() {
        let name = pad_str(&name((bench, claim)), width, Alignment::Left, None).into_owned();
        let figure = figure_words(claim.figure, claim.unit.decimals());
        let bound = format!("{} {}", claim.bound, claim.unit.name());
        writeln!(out, "{name}  {figure:<24}  {:<20}  {}", bound.trim_end(), claim.verdict())?;
    }
    if report.claims().next().is_some() {
        writeln!(out)?;
    }
    Ok(())
}

fn write_need(out: &mut dyn Write, need: &Need, city: Option<&CityRun>) -> io::Result<()> {
    writeln!(out, "{}, {} conferences, {} people:", need.mix, need.conferences, need.participants)?;
    writeln!(out, "  {:.0} packets/s: {}", need.packets_per_s.figure.value, need.packets_per_s.formula)?;
    writeln!(out, "  {:.2} Gbit/s: {}", need.gbit_per_s.figure.value, need.gbit_per_s.formula)?;
    match &need.cores {
        Some(cores) => writeln!(out, "  {} cores: {}", figure_words(cores.figure, 2), cores.formula)?,
        None => writeln!(out, "  cores: not measured, as bench forward is missing")?,
    }
    if let Some(nodes) = &need.nodes {
        let ending = if nodes.figure.value > 1.0 { "s" } else { "" };
        writeln!(out, "  {:.0} media node{ending}: {}", nodes.figure.value, nodes.formula)?;
    }
    if let Some(city) = city {
        writeln!(out, "  its rehearsal: {}", rehearsed(city))?;
    }
    writeln!(out)
}

/// What a rehearsal took, in words.
pub fn rehearsed(city: &CityRun) -> String {
    let mut words = vec![format!("{:.0} s simulated", city.simulated_s)];
    match city.time_factor {
        Some(factor) => words.push(format!("{factor:.2} simulated s per s")),
        None => words.push("time not measured".to_owned()),
    }
    words.extend(city.threads.map(|threads| format!("{threads} threads")));
    words.extend(
        city.ns_per_forwarded_packet
            .map(|ns| format!("{ns:.0} ns of processor time for each forwarded packet")),
    );
    match city.peak_rss_mib {
        Some(mib) => words.push(format!("{mib} MiB")),
        None => words.push("memory not measured".to_owned()),
    }
    words.join(", ")
}

fn write_verdict(out: &mut dyn Write, report: &BenchReport, look: Look) -> io::Result<()> {
    let missed = report.claims().filter(|(_, claim)| claim.fails()).count();
    let unreached = report.claims().filter(|(_, claim)| !claim.met && !claim.fails()).count();
    writeln!(
        out,
        "{}: {}",
        verdict_word(report.verdict, look),
        verdict_words(report.examined, missed, unreached)
    )
}

/// The verdict in words.
pub fn verdict_words(examined: u64, missed: usize, unreached: usize) -> String {
    if examined == 0 {
        return "nothing was held against a bound".to_owned();
    }
    let missed = format!("{missed} of {examined} bounds missed");
    if unreached == 0 {
        return missed;
    }
    format!("{missed}, and {unreached} that depend on the machine not reached")
}
