//! Owns the commands `gate` and `merge`: from arguments to files, table and exit code.

use std::{
    collections::BTreeMap,
    num::NonZero,
    path::{Path, PathBuf},
    thread,
};

use super::{Exit, Failure, GateArgs, Stage, progress::Progress, wall_now};
use crate::{
    gate::{conclude, decide},
    perform::{WorkRecord, perform},
    plan::{Plan, Selection, Shard},
    registry::Registry,
    rehearsal::{Rehearse, Settings},
    replay::ReplayToken,
    report::{
        GateReport,
        output::{OutputDir, to_json},
        shard::{ShardFile, join},
        terminal::write_gate,
    },
};

/// Runs the gate, or one shard of it.
pub(super) fn gate(args: &GateArgs, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let registry = (stage.registry)()?;
    let plan = Plan::new(&registry, selection(args))?;
    let shard = args.shard.unwrap_or(Shard::WHOLE);
    let out = OutputDir::prepare(&args.out)?;
    let items = plan.shard(shard);
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let started = wall_now();
    let mut progress = Progress::new(items.len());
    let settings = Settings { sabotage: args.sabotage, ..Settings::default() };
    let rehearse = stage.rehearse.with_settings(settings);
    let records = perform(&items, plan.checks(), &*rehearse, jobs, |item| progress.on_done(item))?;
    progress.finish();
    let report = report(&registry, &plan, &records, shard).timed(started.elapsed());
    for (name, text) in failed_scenarios(&report, &*rehearse) {
        out.write_scenario(&name, &text)?;
    }
    out.write(&report, &ShardFile::new(&registry, &plan, shard, records))?;
    print(&report, args.json, stage)
}

/// Joins shards; the result is that of an unsplit gate run.
pub(super) fn merge(dirs: &[PathBuf], out: &Path, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let registry = (stage.registry)()?;
    let (plan, records) = join(&registry, dirs)?;
    let report = report(&registry, &plan, &records, Shard::WHOLE);
    let sabotage = plan.selection().sabotage.as_deref().and_then(|name| name.parse().ok());
    let rehearse = stage.rehearse.with_settings(Settings { sabotage, ..Settings::default() });
    // Preparing the directory may remove a shard's own files, which are read by then.
    let out = OutputDir::prepare(out)?;
    for (name, text) in failed_scenarios(&report, &*rehearse) {
        out.write_scenario(&name, &text)?;
    }
    out.write(&report, &ShardFile::new(&registry, &plan, Shard::WHOLE, records))?;
    print(&report, false, stage)
}

/// The scenario of each failed check as a file that repeats it, whatever becomes of the fixture (DET-003).
fn failed_scenarios(report: &GateReport, rehearse: &dyn Rehearse) -> BTreeMap<String, String> {
    let tokens =
        report.requirements.iter().flat_map(|row| &row.checks).filter_map(|check| check.replay.as_deref());
    let mut files = BTreeMap::new();
    for token in tokens {
        let Ok(ReplayToken::Fixture { scenario, seed, sabotage }) = token.parse() else { continue };
        if let Some(text) = rehearse.scenario_file(&scenario, seed) {
            let broken = sabotage
                .map(|name| format!("# It was broken on purpose: `generalprobe replay THIS.toml+{name}`.\n"))
                .unwrap_or_default();
            let header = format!("# Repeats `generalprobe replay {token}`.\n{broken}");
            files.insert(format!("{scenario}-{seed}.toml"), header + &text);
        }
    }
    files
}

fn selection(args: &GateArgs) -> Selection {
    let seeds = match (args.seed, args.seeds) {
        (Some(seed), _) => vec![seed],
        (None, Some(range)) => range.seeds(),
        (None, None) => args.profile.seeds(),
    };
    let sabotage = args.sabotage.map(|sabotage| sabotage.to_string());
    let filter = args.filter.clone();
    Selection { seeds, filter, sabotage, release_candidate: args.release_candidate }
}

fn report(registry: &Registry, plan: &Plan, records: &[WorkRecord], shard: Shard) -> GateReport {
    let mut decision = decide(registry, &conclude(plan, records));
    // One shard never sees all the work; whether every MUST holds is decided when they are joined.
    if plan.selection().release_candidate && shard == Shard::WHOLE {
        decision = decision.for_release();
    }
    GateReport::new(plan, records, shard, &decision).described(registry)
}

fn print(report: &GateReport, json: bool, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    if json {
        stage.out.write_all(to_json(report)?.as_bytes())?;
    } else {
        write_gate(stage.out, report, stage.look)?;
    }
    Ok(Exit::of(report.verdict))
}
