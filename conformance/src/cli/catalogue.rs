//! Owns the commands `list` and `explain`: what is required and how it is judged. Nothing is run.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{Exit, Failure, Stage, wall_now};
use crate::{
    bad_input::BadInput,
    catalogue::{Catalogue, Coverage, Requirement},
    gate::decide,
    plan::{Plan, Profile, Selection, Shard},
    registry::Registry,
    report::{
        GateReport, RequirementReport,
        output::{REPORT_FILE, to_json},
        saved::SavedReport,
        terminal::{Look, status_word, write_requirements},
    },
};

/// Shows all requirements; the report is that of a gate run in which nothing has been run yet.
pub(super) fn list(json: bool, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let started = wall_now();
    let registry = (stage.registry)()?;
    let plan =
        Plan::new(&registry, Selection { seeds: Profile::Quick.seeds(), filter: None, sabotage: None })?;
    let report = GateReport::new(&plan, &[], Shard::WHOLE, &decide(&registry, &[])).timed(started.elapsed());
    if json {
        stage.out.write_all(to_json(&report)?.as_bytes())?;
    } else {
        write_requirements(stage.out, &report.requirements, stage.look)?;
        let todo = report.requirements.iter().filter(|row| row.reason.is_some()).count();
        let all = report.requirements.len();
        writeln!(stage.out, "{all} requirements, {} with checks, {todo} todo", all - todo)?;
    }
    Ok(Exit::Holds)
}

/// Shows one requirement, with the evidence of the last gate run in `last_out` if there is one.
pub(super) fn explain(id: &str, last_out: &Path, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let registry = (stage.registry)()?;
    let Some(row) = registry.catalogue().get(id) else {
        return Err(unknown(id, registry.catalogue()).into());
    };
    let path = last_out.join(REPORT_FILE);
    let last = if path.exists() { Some(SavedReport::load(&path)?) } else { None };
    let last = last.iter().flat_map(|report| &report.requirements).find(|last| last.id == id);
    write_explanation(stage.out, &registry, row, last, stage.look)?;
    Ok(Exit::Holds)
}

fn write_explanation(
    out: &mut dyn Write,
    registry: &Registry,
    row: &Requirement,
    last: Option<&RequirementReport>,
    look: Look,
) -> io::Result<()> {
    let sources: Vec<_> = row.sources.iter().map(ToString::to_string).collect();
    writeln!(out, "{} {} ({})", row.id, row.level, sources.join(", "))?;
    for line in wrap(&row.statement, look.width - 2) {
        writeln!(out, "  {line}")?;
    }
    if let Coverage::Todo(reason) = &row.coverage {
        writeln!(out, "todo: {reason}")?;
    }
    for check in registry.checks_of(row) {
        let scenarios = registry.scenarios_of(check);
        let of = if scenarios.is_empty() {
            "needs no run".to_owned()
        } else {
            format!("judges {}", scenarios.join(", "))
        };
        writeln!(out, "check {}: {of}", check.name)?;
        let seen = last.and_then(|last| last.checks.iter().find(|seen| seen.name == check.name));
        if let Some(seen) = seen {
            writeln!(out, "  last evidence ({} examined): {}", seen.examined, seen.evidence)?;
            if let Some(token) = &seen.replay {
                writeln!(out, "  replay: generalprobe replay {token}")?;
            }
        }
    }
    match last {
        Some(last) => writeln!(out, "last gate run: {}", status_word(last.status)),
        None => writeln!(out, "last gate run: none in this directory"),
    }
}

fn unknown(id: &str, catalogue: &Catalogue) -> BadInput {
    let distance = |row: &&Requirement| strsim::damerau_levenshtein(&row.id, &id.to_ascii_uppercase());
    let fault = BadInput::new(format!("explain {id}: there is no such requirement"));
    match catalogue.requirements().iter().min_by_key(distance) {
        Some(nearest) => {
            fault.with_help(format!("the nearest is {}; `generalprobe list` shows all", nearest.id))
        }
        None => fault,
    }
}

/// Breaks a sentence into lines of at most `width` columns, where its words allow.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line)
                if console::measure_text_width(line) + 1 + console::measure_text_width(word) <= width =>
            {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}
