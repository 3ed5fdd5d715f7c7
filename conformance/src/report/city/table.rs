//! Owns what `city` shows on a terminal.

use std::io::{self, Write};

use console::{Alignment, measure_text_width, pad_str};

use super::{CityReport, Group};
use crate::report::terminal::{Look, verdict_word, write_summary};

/// Writes tables by borough, class and fault, the nodes, what does not hold, and the summary.
///
/// # Errors
/// Writing fails.
pub fn write_city(out: &mut dyn Write, report: &CityReport, look: Look) -> io::Result<()> {
    let boroughs: Vec<&Group> = report.boroughs.iter().map(|borough| &borough.group).collect();
    let all = [&report.all];
    let groups =
        |groups: &'static str, of: Vec<&Group>| (groups, of.into_iter().cloned().collect::<Vec<_>>());
    let tables = [
        groups("borough", boroughs.into_iter().chain(all).collect()),
        groups("building", report.classes.iter().collect()),
        groups("fault", report.by_fault.iter().collect()),
        groups("worst lines", report.worst.iter().collect()),
    ];
    let width = tables.iter().flat_map(|(_, groups)| groups).map(|group| measure_text_width(&group.name));
    let width = width.max().unwrap_or_default();
    for (name, groups) in &tables {
        write_groups(out, name, groups, width)?;
    }
    write_nodes(out, report)?;
    for violation in &report.violations {
        writeln!(out, "  {violation}")?;
    }
    let untold = report.violations_total - report.violations.len() as u64;
    if untold > 0 {
        writeln!(out, "  and {untold} more")?;
    }
    writeln!(out, "{}: {}", verdict_word(report.verdict, look), report.evidence)?;
    writeln!(
        out,
        "mix {}: {} conferences, {} people behind {} lines; {} packets forwarded",
        report.mix, report.conferences, report.participants, report.lines, report.forwarded_packets
    )?;
    if let Some(cost) = report.cost {
        writeln!(
            out,
            "{} threads, {:.0} ns of processor time for each forwarded packet, {} MiB at most",
            cost.threads, cost.ns_per_forwarded_packet, cost.peak_rss_mib
        )?;
    }
    write_summary(out, &report.digest, &format!("seed {}", report.seed), report.simulated_s, report.wall)
}

fn write_groups(out: &mut dyn Write, name: &str, groups: &[Group], width: usize) -> io::Result<()> {
    let head = [
        "lines",
        "people",
        "mos p5",
        "mos p50",
        "conceal p95",
        "delay ms",
        "1st sound ms",
        "kbit/s p5",
        "p50",
        "frozen p95",
    ];
    let line = |name: &str, cells: &[String]| {
        let cells = cells
            .iter()
            .zip(head)
            .map(|(cell, head)| pad_str(cell, head.len().max(7), Alignment::Right, None).into_owned());
        format!("{}  {}", pad_str(name, width, Alignment::Left, None), cells.collect::<Vec<_>>().join("  "))
    };
    writeln!(out, "{}", line(name, &head.map(str::to_owned)))?;
    for group in groups {
        let cell = |value: Option<f64>, decimals: usize, unit: &str| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}{unit}"))
        };
        let cells = [
            group.lines.to_string(),
            group.people.to_string(),
            cell(group.mos_p5, 2, ""),
            cell(group.mos_p50, 2, ""),
            cell(group.concealed_percent_p95, 1, " %"),
            cell(group.mouth_to_ear_ms_p95, 0, ""),
            cell(group.first_sound_ms_p95, 0, ""),
            cell(group.video_kbps_p5, 0, ""),
            cell(group.video_kbps_p50, 0, ""),
            cell(group.frozen_percent_p95, 1, " %"),
        ];
        writeln!(out, "{}", line(&group.name, &cells))?;
    }
    writeln!(out)
}

fn write_nodes(out: &mut dyn Write, report: &CityReport) -> io::Result<()> {
    for (number, node) in report.nodes.iter().enumerate() {
        writeln!(
            out,
            "media node {number}: {} conferences, {} people; {} packets in, {} out, {} in its busiest second, {:.0} Mbit/s out",
            node.conferences,
            node.participants,
            node.received_packets,
            node.forwarded_packets,
            node.forwarded_packets_per_s,
            node.forwarded_mbps
        )?;
    }
    let (borough, from, until) = &report.outage;
    writeln!(
        out,
        "{} o'clock, all in by {:.1} s; lines of {borough} failed from {from:.1} to {until:.1} s",
        report.busiest_hour.0, report.storm_ends_s
    )?;
    let (node, from, until) = report.crash;
    writeln!(out, "media node {node} was down from {from:.1} to {until:.1} s\n")
}
