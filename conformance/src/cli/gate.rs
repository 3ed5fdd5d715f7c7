//! Owns the commands `gate` and `merge`: from arguments to files, table and exit code.

use std::{
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
    let records = perform(&items, plan.checks(), stage.rehearse, jobs, |item| progress.on_done(item))?;
    progress.finish();
    let report = report(&registry, &plan, &records, shard).timed(started.elapsed());
    out.write(&report, &ShardFile::new(&registry, &plan, shard, records))?;
    print(&report, args.json, stage)
}

/// Joins shards; the result is that of an unsplit gate run.
pub(super) fn merge(dirs: &[PathBuf], out: &Path, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let registry = (stage.registry)()?;
    let (plan, records) = join(&registry, dirs)?;
    let report = report(&registry, &plan, &records, Shard::WHOLE);
    // Preparing the directory may remove a shard's own files, which are read by then.
    let out = OutputDir::prepare(out)?;
    out.write(&report, &ShardFile::new(&registry, &plan, Shard::WHOLE, records))?;
    print(&report, false, stage)
}

fn selection(args: &GateArgs) -> Selection {
    let seeds = match (args.seed, args.seeds) {
        (Some(seed), _) => vec![seed],
        (None, Some(range)) => range.seeds(),
        (None, None) => args.profile.seeds(),
    };
    Selection { seeds, filter: args.filter.clone() }
}

fn report(registry: &Registry, plan: &Plan, records: &[WorkRecord], shard: Shard) -> GateReport {
    let decision = decide(registry, &conclude(plan, records));
    GateReport::new(plan, records, shard, &decision)
}

fn print(report: &GateReport, json: bool, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    if json {
        stage.out.write_all(to_json(report)?.as_bytes())?;
    } else {
        write_gate(stage.out, report, stage.look)?;
    }
    Ok(Exit::of(report.verdict))
}
