//! Owns the commands `list` and `explain`: what is required, how it is judged, and what the last gate run showed.
//! Nothing is run.

use std::{
    io::{self, Write},
    path::Path,
};

use super::{Exit, Failure, Stage, wall_now};
use crate::{
    bad_input::BadInput,
    catalogue::{Catalogue, Coverage, Requirement},
    check::{Check, Judge},
    gate::{RequirementStatus, Verdict, decide},
    plan::{Plan, Profile, Selection, Shard},
    registry::Registry,
    report::{
        CheckReport, GateReport, RequirementReport,
        output::{REPORT_FILE, to_json},
        saved::SavedReport,
        terminal::{Look, status_word, verdict_word, wrap, write_catalogue},
    },
};

/// Shows all requirements with the evidence of the last gate run in `last_out`; where there is none, the report is
/// that of a gate run in which nothing has been run yet.
pub(super) fn list(last_out: &Path, json: bool, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let started = wall_now();
    let registry = (stage.registry)()?;
    let plan = Plan::new(&registry, Selection { seeds: Profile::Quick.seeds(), ..Selection::default() })?;
    let mut report = GateReport::new(&plan, &[], Shard::WHOLE, &decide(&registry, &[])).described(&registry);
    let last = last_report(last_out)?;
    match &last {
        Some(last) => recall(&mut report, last),
        // Nothing has been shown to hold.
        None => report.verdict = Verdict::Fail,
    }
    let report = report.timed(started.elapsed());
    if json {
        stage.out.write_all(to_json(&report)?.as_bytes())?;
        return Ok(Exit::Holds);
    }
    write_catalogue(stage.out, &report.requirements, stage.look)?;
    let reasons = |status| report.requirements.iter().filter(|row| row.status == status).count();
    let (todo, withdrawn) = (reasons(RequirementStatus::Todo), reasons(RequirementStatus::Withdrawn));
    let all = report.requirements.len();
    write!(stage.out, "{all} requirements, {} with checks, {todo} todo", all - todo - withdrawn)?;
    if withdrawn > 0 {
        write!(stage.out, ", {withdrawn} withdrawn")?;
    }
    match &last {
        Some(last) => writeln!(
            stage.out,
            "\nevidence of {}: {}, digest {}",
            last_out.join(REPORT_FILE).display(),
            verdict_word(last.verdict, stage.look),
            last.digest
        )?,
        None => writeln!(stage.out, "\nno evidence: there is no {}", last_out.join(REPORT_FILE).display())?,
    }
    Ok(Exit::Holds)
}

/// Shows one requirement, with the evidence of the last gate run in `last_out` if there is one.
pub(super) fn explain(id: &str, last_out: &Path, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let registry = (stage.registry)()?;
    let Some(row) = registry.catalogue().get(id) else {
        return Err(unknown(id, registry.catalogue()).into());
    };
    let last = last_report(last_out)?;
    let last = last.iter().flat_map(|report| &report.requirements).find(|last| last.id == id);
    write_explanation(stage.out, &registry, row, last, stage.look)?;
    if last.is_none() {
        writeln!(stage.out, "last gate run: none in {}", last_out.display())?;
    }
    Ok(Exit::Holds)
}

/// The report of the last gate run in `out`, if one was left there.
fn last_report(out: &Path) -> Result<Option<SavedReport>, BadInput> {
    let path = out.join(REPORT_FILE);
    if path.exists() { SavedReport::load(&path).map(Some) } else { Ok(None) }
}

/// Puts what an earlier run showed into a report in which nothing was run. Rows and checks are this program's: what the
/// earlier run did not know stays without evidence, and a row that has a check since is not todo any more.
fn recall(report: &mut GateReport, last: &SavedReport) {
    report.verdict = last.verdict;
    report.digest.clone_from(&last.digest);
    report.seed = last.seed;
    report.seeds.clone_from(&last.seeds);
    report.simulated_s = last.simulated_s;
    report.release_candidate = last.release_candidate;
    for row in report.requirements.iter_mut().filter(|row| row.status == RequirementStatus::NotRun) {
        let Some(known) = last.requirements.iter().find(|known| known.id == row.id) else { continue };
        for check in &mut row.checks {
            if let Some(seen) = known.checks.iter().find(|seen| seen.name == check.name) {
                let (scenarios, proven_by) =
                    (std::mem::take(&mut check.scenarios), std::mem::take(&mut check.proven_by));
                *check = CheckReport { scenarios, proven_by, ..seen.clone() };
            }
        }
        // Evidence of all checks is needed before the row may repeat what it was said to be.
        let complete = row.checks.iter().all(|check| known.checks.iter().any(|seen| seen.name == check.name));
        let judged = matches!(known.status, RequirementStatus::Pass | RequirementStatus::Fail);
        if complete && judged {
            row.status = known.status;
            report.open.retain(|id| *id != row.id);
        }
    }
}

fn write_explanation(
    out: &mut dyn Write,
    registry: &Registry,
    row: &Requirement,
    last: Option<&RequirementReport>,
    look: Look,
) -> io::Result<()> {
    let sources: Vec<_> = row.sources.iter().map(ToString::to_string).collect();
    writeln!(out, "{} {} ({}), {}", row.id, row.level, sources.join(", "), row.place)?;
    for line in wrap(&row.statement, look.width - 2) {
        writeln!(out, "  {line}")?;
    }
    match &row.coverage {
        Coverage::Todo(reason) => writeln!(out, "todo: {reason}")?,
        Coverage::Withdrawn(reason) => writeln!(out, "withdrawn: {reason}")?,
        Coverage::Checked => {}
    }
    for check in registry.checks_of(row) {
        writeln!(out, "check {}: {}", check.name, judged_by(registry, check))?;
        for proof in registry.proofs_of(check) {
            writeln!(out, "  seen to fail on {}", proof.by())?;
        }
        let seen = last.and_then(|last| last.checks.iter().find(|seen| seen.name == check.name));
        if let Some(seen) = seen {
            writeln!(out, "  last evidence ({} examined): {}", seen.examined, seen.evidence)?;
            if let Some(token) = &seen.replay {
                writeln!(out, "  replay: generalprobe replay {token}")?;
            }
        }
    }
    if let Some(last) = last {
        writeln!(out, "last gate run: {}", status_word(last.status))?;
    }
    Ok(())
}

/// What a check looks at, in words.
fn judged_by(registry: &Registry, check: &Check) -> String {
    match check.judge {
        Judge::Run(_) | Judge::Compare(_) => format!("judges {}", registry.scenarios_of(check).join(", ")),
        Judge::Standing(_) => "needs no run".to_owned(),
        Judge::Outcomes(_) => "judges what all other checks concluded".to_owned(),
        Judge::Proofs(_) => format!("demonstrates {} proofs that checks can fail", registry.proofs().len()),
    }
}

fn unknown(id: &str, catalogue: &Catalogue) -> BadInput {
    let fault = BadInput::new(format!("explain {id}: there is no such requirement"));
    match catalogue.nearest(id) {
        Some(nearest) => {
            fault.with_help(format!("the nearest is {}; `generalprobe list` shows all", nearest.id))
        }
        None => fault,
    }
}
