//! Owns the table of buildings that `plan` shows on a terminal.

use std::io::{self, Write};

use console::{Alignment, measure_text_width, pad_str};

use super::{PlanReport, SitePlan, answer_in_words, in_words, megabits};
use crate::{
    planner::{CONCEALMENT_MAX, MISSING_MAX, MOS_MIN, Quality},
    report::terminal::{Look, verdict_word, write_summary},
};

/// Writes a row for each building, what the columns mean, and the summary.
///
/// # Errors
/// Writing fails.
pub fn write_plan(out: &mut dyn Write, report: &PlanReport, look: Look) -> io::Result<()> {
    let head = ["building", "Mbit/s down", "up", "audio", "present", "discuss", "camera", "first gives way"];
    let rows: Vec<Vec<String>> = report.sites.iter().map(row).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|column| {
            let cells = rows.iter().map(|row| measure_text_width(&row[column]));
            cells.chain([measure_text_width(head[column])]).max().unwrap_or_default()
        })
        .collect();
    let line = |cells: &[String]| {
        let cells = cells.iter().zip(&widths).enumerate();
        let cells = cells.map(|(column, (cell, width))| {
            let text = column == 0 || column + 1 == head.len();
            let alignment = if text { Alignment::Left } else { Alignment::Right };
            pad_str(cell, *width, alignment, None).into_owned()
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    writeln!(out, "{}  what is asked", line(&head.map(str::to_owned)))?;
    for (site, row) in report.sites.iter().zip(&rows) {
        writeln!(out, "{}  {}: {}", line(row), in_words(site.demand), answer_in_words(site))?;
    }
    writeln!(out)?;
    write_meaning(out)?;
    let sufficient = report.sites.iter().filter(|site| site.suffices).count();
    let verdict = verdict_word(report.verdict, look);
    writeln!(out, "{verdict}: {sufficient} of {} lines carry what is asked of them", report.sites.len())?;
    let seeds = format!("seeds {} to {}, {} runs", report.seed, report.seeds, report.runs);
    write_summary(out, &report.digest, &seeds, report.simulated_s, report.wall)
}

fn row(site: &SitePlan) -> Vec<String> {
    let mut cells = vec![site.name.clone(), megabits(site.present.down_kbps), megabits(site.present.up_kbps)];
    for quality in Quality::ALL {
        let desks = site.carries.of(quality);
        let full = desks == crate::planner::Load::desks_max(quality);
        cells.push(if full { format!("{desks}+") } else { desks.to_string() });
    }
    cells.push(site.bottleneck.to_string());
    cells
}

fn write_meaning(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Desks of the building that may take part at once, all in one conference; + where it is full:"
    )?;
    for quality in Quality::ALL {
        writeln!(out, "  {:<13} {}", quality.name(), quality.meaning())?;
    }
    writeln!(
        out,
        "Everybody hears with a mean opinion score of {MOS_MIN} at least and {} % concealed at most; a picture is still or \
         missing\n{} % of the time at most. What first gives way, and what is asked, are told for the class that is asked.",
        CONCEALMENT_MAX * 100.0,
        MISSING_MAX * 100.0
    )?;
    writeln!(out)
}
