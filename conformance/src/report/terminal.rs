//! Owns what people read on a terminal: tables of requirements and participants, violations and the summary. Colour
//! and width come in; nothing is decided here.

use std::io::{self, Write};

use console::{Alignment, Style, measure_text_width, pad_str, truncate_str};
use sim::record::ParticipantReport;

use crate::{
    catalogue::area,
    evidence::{CheckStatus, Violation},
    gate::{RequirementStatus, Verdict},
    report::{CheckReport, GateReport, RequirementReport, WallClock},
};

/// Violations of one check that are printed; the others are counted.
const VIOLATIONS_SHOWN_MAX: usize = 5;
/// Columns where there is no terminal, as in the log of a CI job.
const WIDTH_OF_LOGS: usize = 160;
/// Columns taken by id, level and status.
const INDENT: usize = 28;

/// How the terminal looks.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Whether to use colour.
    pub colour: bool,
}

impl Look {
    /// The look of this process's standard output; colour only on a terminal and without `NO_COLOR`.
    pub fn of_stdout() -> Self {
        let width =
            console::Term::stdout().size_checked().map_or(WIDTH_OF_LOGS, |(_, columns)| columns as usize);
        Self { width: width.max(60), colour: console::colors_enabled() }
    }

    fn paint(self, style: &Style, text: &str) -> String {
        style.clone().force_styling(self.colour).apply_to(text).to_string()
    }
}

/// Writes the table of requirements, what failed, and the summary.
///
/// # Errors
/// Writing fails.
pub fn write_gate(out: &mut dyn Write, report: &GateReport, look: Look) -> io::Result<()> {
    write_requirements(out, &report.requirements, look)?;
    let mut told = std::collections::BTreeSet::new();
    for row in &report.requirements {
        let failed = row.checks.iter().filter(|check| check.status == CheckStatus::Fail);
        for check in failed.filter(|check| told.insert(check.name.as_str())) {
            let speaks_for =
                |row: &&RequirementReport| row.checks.iter().any(|other| other.name == check.name);
            let rows = report.requirements.iter().filter(speaks_for);
            let of: Vec<_> = rows.map(|row| format!("{} {}", row.level, row.id)).collect();
            write_failed(out, check, &of.join(", "), look)?;
        }
    }
    let count = |status| report.requirements.iter().filter(|row| row.status == status).count();
    writeln!(
        out,
        "{}: {} requirements hold, {} violated, {} not run, {} todo",
        verdict_word(report.verdict, look),
        count(RequirementStatus::Pass),
        count(RequirementStatus::Fail),
        count(RequirementStatus::NotRun),
        count(RequirementStatus::Todo),
    )?;
    write_open(out, report, look)?;
    let seeds = match report.seeds.len() {
        0 | 1 => format!("seed {}", report.seed),
        more => format!("seed {} and {} more", report.seed, more - 1),
    };
    write_summary(out, &report.digest, &seeds, report.simulated_s, report.wall)
}

/// Names the MUST rows that are not shown to hold, and what that means.
fn write_open(out: &mut dyn Write, report: &GateReport, look: Look) -> io::Result<()> {
    if report.open.is_empty() {
        return Ok(());
    }
    let meaning = match (report.release_candidate, report.shard) {
        (true, None) => " and keep this release from going out",
        (true, Some(_)) => " by this shard; the merged report decides about the release",
        (false, _) => "; as a release candidate this would fail",
    };
    writeln!(out, "{} MUST rows are not shown to hold{meaning}:", report.open.len())?;
    for line in wrap(&report.open.join(" "), look.width - 2) {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

/// Breaks a sentence into lines of at most `width` columns, where its words allow.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Writes one row for each requirement under the name of its area, its checks below it.
///
/// # Errors
/// Writing fails.
pub fn write_requirements(out: &mut dyn Write, rows: &[RequirementReport], look: Look) -> io::Result<()> {
    write_rows(out, rows, look, |_| Vec::new())
}

/// As [`write_requirements`], with what each check judges and what it was seen to fail on.
///
/// # Errors
/// Writing fails.
pub fn write_catalogue(out: &mut dyn Write, rows: &[RequirementReport], look: Look) -> io::Result<()> {
    write_rows(out, rows, look, |check| {
        let judges =
            (!check.scenarios.is_empty()).then(|| format!("  judges {}", check.scenarios.join(", ")));
        let fails = (!check.proven_by.is_empty())
            .then(|| format!("  seen to fail on {}", check.proven_by.join("; ")));
        judges.into_iter().chain(fails).collect()
    })
}

fn write_rows(
    out: &mut dyn Write,
    rows: &[RequirementReport],
    look: Look,
    details: impl Fn(&CheckReport) -> Vec<String>,
) -> io::Result<()> {
    for rows in rows.chunk_by(|one, next| area(&one.id) == area(&next.id)) {
        writeln!(out, "{}", look.paint(&Style::new().bold(), area(&rows[0].id)))?;
        for row in rows {
            let status = look.paint(&status_style(row.status), &format!("{:<8}", status_word(row.status)));
            let statement = truncate_str(&row.statement, look.width - INDENT, "…");
            writeln!(out, "  {:<9} {:<6} {status} {statement}", row.id, row.level.to_string())?;
            let reason = row.reason.iter().map(|reason| match row.status {
                RequirementStatus::Withdrawn => reason.clone(),
                RequirementStatus::Pass
                | RequirementStatus::Fail
                | RequirementStatus::Todo
                | RequirementStatus::NotRun => format!("needs: {}", reason.trim_start_matches("needs ")),
            });
            let checks = row.checks.iter().flat_map(|check| {
                let line = match check.status {
                    CheckStatus::NotRun if check.examined == 0 => check.name.clone(),
                    CheckStatus::Pass | CheckStatus::Fail | CheckStatus::NotRun => {
                        format!("{} ({} examined): {}", check.name, check.examined, check.evidence)
                    }
                };
                std::iter::once(line).chain(details(check))
            });
            for line in reason.chain(checks) {
                let line = truncate_str(&line, look.width - INDENT, "…");
                writeln!(out, "{:INDENT$}{}", "", look.paint(&Style::new().dim(), &line))?;
            }
        }
    }
    writeln!(out)
}

/// Writes the violations of a failed check and how to repeat them.
///
/// # Errors
/// Writing fails.
pub fn write_failed(out: &mut dyn Write, check: &CheckReport, of: &str, look: Look) -> io::Result<()> {
    let head = format!("{} ({of}): {} violations; {}", check.name, check.violations_total, check.evidence);
    writeln!(out, "{} {head}", look.paint(&Style::new().red().bold(), "FAIL"))?;
    let shown = &check.violations[..check.violations.len().min(VIOLATIONS_SHOWN_MAX)];
    for violation in shown {
        writeln!(out, "  {}", violation_line(violation))?;
    }
    let rest = check.violations_total - shown.len() as u64;
    if rest > 0 {
        writeln!(out, "  and {rest} more")?;
    }
    if let Some(token) = &check.replay {
        writeln!(out, "  replay: generalprobe replay {token}")?;
    }
    writeln!(out)
}

/// Writes what each participant of one run heard, saw and waited for; a dash where there is nothing.
///
/// # Errors
/// Writing fails.
pub fn write_participants(out: &mut dyn Write, participants: &[ParticipantReport]) -> io::Result<()> {
    let name_width =
        participants.iter().map(|person| measure_text_width(&person.name)).max().unwrap_or(0).max(11);
    let head = ["mos", "concealed", "gap ms", "delay ms", "frozen", "freezes", "frame ms", "kbit/s", "in ms"];
    let row = |out: &mut dyn Write, name: &str, cells: &[String]| {
        let cells: Vec<_> = cells.iter().map(|cell| format!("{cell:>9}")).collect();
        writeln!(out, "{} {}", pad_str(name, name_width, Alignment::Left, None), cells.join(" "))
    };
    row(out, "participant", &head.map(str::to_owned))?;
    for person in participants {
        let cell = |value: Option<f64>, decimals: usize, unit: &str| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}{unit}"))
        };
        let (audio, video, join) = (person.audio, person.video, person.join);
        let cells = [
            cell(audio.map(|audio| audio.mos), 2, ""),
            cell(audio.map(|audio| audio.concealment * 100.0), 2, " %"),
            cell(audio.map(|audio| audio.longest_gap_ms), 0, ""),
            cell(audio.map(|audio| audio.mouth_to_ear_ms_p95), 0, ""),
            cell(video.map(|video| video.frozen_share * 100.0), 2, " %"),
            cell(video.map(|video| video.freezes as f64), 0, ""),
            cell(video.map(|video| video.first_frame_ms), 0, ""),
            cell(video.map(|video| video.kbps), 0, ""),
            cell(join.first_audio_ms.or(join.entered_ms), 0, ""),
        ];
        row(out, &person.name, &cells)?;
    }
    writeln!(out)
}

/// Writes digest, seed and time factor, with which every run ends.
///
/// # Errors
/// Writing fails.
pub fn write_summary(
    out: &mut dyn Write,
    digest: &str,
    seeds: &str,
    simulated_s: f64,
    wall: Option<WallClock>,
) -> io::Result<()> {
    let wall = wall.map_or_else(
        || "in shards, timed one by one".to_owned(),
        |wall| format!("in {:.3} s, time factor {:.1}", wall.wall_s, wall.time_factor),
    );
    writeln!(out, "digest {digest}\n{seeds}; simulated {simulated_s:.3} s {wall}")
}

/// The verdict as a word.
pub fn verdict_word(verdict: Verdict, look: Look) -> String {
    match verdict {
        Verdict::Pass => look.paint(&Style::new().green().bold(), "pass"),
        Verdict::Fail => look.paint(&Style::new().red().bold(), "fail"),
    }
}

/// A status as reports write it.
pub fn status_word(status: RequirementStatus) -> &'static str {
    match status {
        RequirementStatus::Pass => "pass",
        RequirementStatus::Fail => "fail",
        RequirementStatus::Todo => "todo",
        RequirementStatus::NotRun => "not run",
        RequirementStatus::Withdrawn => "withdrawn",
    }
}

/// A violation with its run and moment.
pub fn violation_line(violation: &Violation) -> String {
    let run =
        (!violation.scenario.is_empty()).then(|| format!("{} seed {}", violation.scenario, violation.seed));
    let at = violation.at.map(|at| format!("at {at}"));
    match [run, at].into_iter().flatten().collect::<Vec<_>>().join(" ") {
        place if place.is_empty() => violation.message.clone(),
        place => format!("{place}: {}", violation.message),
    }
}

fn status_style(status: RequirementStatus) -> Style {
    match status {
        RequirementStatus::Pass => Style::new().green(),
        RequirementStatus::Fail => Style::new().red().bold(),
        RequirementStatus::Todo => Style::new().yellow(),
        RequirementStatus::NotRun | RequirementStatus::Withdrawn => Style::new().dim(),
    }
}
