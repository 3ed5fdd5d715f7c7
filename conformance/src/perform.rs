//! Owns doing a plan's work on threads: each run once, its evidence handed to every check that reads it and dropped
//! at once. What comes out does not depend on which thread was faster. Nothing is judged as a whole here.

use std::{
    num::NonZero,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};

use serde::{Deserialize, Serialize};

use crate::{
    check::{Check, Judge},
    evidence::Findings,
    plan::WorkItem,
    rehearsal::{HarnessError, Rehearse, RunEvidence},
    summary::{RunLines, RunSummary},
};

/// What one piece of work left behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkRecord {
    /// The work.
    pub item: WorkItem,
    /// The run's digest in hex; empty for a check that needs no run.
    pub digest: String,
    /// How long the run lasted in its own time, in nanoseconds.
    pub simulated_ns: u64,
    /// What each check saw, in the registry's order.
    pub findings: Vec<CheckFindings>,
    /// What the run showed, for reports; absent for a check that needs no run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunRecord>,
}

/// What is kept of a run for reports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRecord {
    /// Figures.
    pub summary: RunSummary,
    /// Time lines.
    pub lines: RunLines,
}

impl RunRecord {
    /// What is kept of `run`, in which checks saw `findings`.
    pub fn of(run: &RunEvidence, findings: &[CheckFindings]) -> Self {
        let (mut summary, lines) = RunSummary::of(run);
        summary.violations_total = findings.iter().map(|seen| seen.findings.violations_total()).sum();
        Self { summary, lines }
    }
}

/// What one check saw in one piece of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckFindings {
    /// The check's name.
    pub check: String,
    /// What it saw.
    pub findings: Findings,
}

/// Does `items` on up to `jobs` threads for `checks`, and returns their records in the order of `items`. `on_done` is
/// called on this thread after each item.
///
/// # Errors
/// The first item in order that could not be done: its run failed or panicked, or showed another run than was asked
/// for. Items not yet begun are then left undone.
pub fn perform(
    items: &[WorkItem],
    checks: &[&'static Check],
    rehearse: &dyn Rehearse,
    jobs: NonZero<usize>,
    mut on_done: impl FnMut(&WorkItem),
) -> Result<Vec<WorkRecord>, HarnessError> {
    let (next, failed) = (&AtomicUsize::new(0), &AtomicBool::new(false));
    let (done, finished) = mpsc::channel();
    let mut results: Vec<_> = items.iter().map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..jobs.get().min(items.len()) {
            let done = done.clone();
            scope.spawn(move || work(items, checks, rehearse, next, failed, &done));
        }
        drop(done);
        for (index, result) in finished {
            on_done(&items[index]);
            results[index] = Some(result);
        }
    });
    // Items are begun in order and a begun item is finished, so the first failure is the same for any number of threads.
    results.into_iter().flatten().collect()
}

/// Judges one finished run by the checks that read it.
///
/// # Errors
/// A check could not start the runs it compares with.
pub fn judge_run(
    run: &RunEvidence,
    checks: &[&'static Check],
    rehearse: &dyn Rehearse,
) -> Result<Vec<CheckFindings>, HarnessError> {
    let mut seen = Vec::new();
    for check in checks.iter().filter(|check| check.judges(&run.scenario)) {
        let findings = match check.judge {
            Judge::Run(judge) => judge(run),
            Judge::Compare(judge) => judge(run, rehearse)?,
            Judge::Standing(_) | Judge::Outcomes(_) | Judge::Proofs(_) => continue,
        };
        seen.push(CheckFindings { check: check.name.to_owned(), findings });
    }
    Ok(seen)
}

/// Does `attempt`; a panic in it becomes a sentence.
///
/// # Errors
/// It panicked.
pub fn catch_panic<T>(attempt: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(attempt)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        format!("panicked: {}", text.unwrap_or("without a message"))
    })
}

fn work(
    items: &[WorkItem],
    checks: &[&'static Check],
    rehearse: &dyn Rehearse,
    next: &AtomicUsize,
    failed: &AtomicBool,
    done: &mpsc::Sender<(usize, Result<WorkRecord, HarnessError>)>,
) {
    while !failed.load(Ordering::Relaxed) {
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(item) = items.get(index) else { return };
        let attempt = catch_panic(|| do_item(item, checks, rehearse));
        let result = attempt.unwrap_or_else(|panic| Err(fault(item, &panic)));
        if result.is_err() {
            failed.store(true, Ordering::Relaxed);
        }
        if done.send((index, result)).is_err() {
            return;
        }
    }
}

fn do_item(
    item: &WorkItem,
    checks: &[&'static Check],
    rehearse: &dyn Rehearse,
) -> Result<WorkRecord, HarnessError> {
    match item {
        WorkItem::Run { scenario, seed } => {
            let run = rehearse.fixture(scenario, *seed)?;
            if run.scenario != *scenario || run.seed != *seed {
                return Err(fault(item, &format!("the run is of `{}` with seed {}", run.scenario, run.seed)));
            }
            if run.digest.is_empty() {
                return Err(fault(item, "the run has no digest"));
            }
            let findings = judge_run(&run, checks, rehearse)?;
            let simulated_ns = u64::try_from(run.simulated.as_nanos()).unwrap_or(u64::MAX);
            let kept = Some(RunRecord::of(&run, &findings));
            Ok(WorkRecord { item: item.clone(), digest: run.digest, simulated_ns, findings, run: kept })
        }
        WorkItem::Standing { check: name } => {
            let mut findings = Vec::new();
            for check in checks.iter().filter(|check| item.is_read_by(check)) {
                if let Judge::Standing(judge) = check.judge {
                    findings.push(CheckFindings { check: name.clone(), findings: judge() });
                }
            }
            let digest = String::new();
            Ok(WorkRecord { item: item.clone(), digest, simulated_ns: 0, findings, run: None })
        }
        WorkItem::Proof { check, by } => {
            let mut findings = Vec::new();
            for reader in checks.iter().filter(|reader| item.is_read_by(reader)) {
                if let Judge::Proofs(table) = reader.judge {
                    let findings_of_proof = table.demonstrate(check, by, rehearse)?;
                    findings
                        .push(CheckFindings { check: reader.name.to_owned(), findings: findings_of_proof });
                }
            }
            Ok(WorkRecord { item: item.clone(), digest: String::new(), simulated_ns: 0, findings, run: None })
        }
    }
}

fn fault(item: &WorkItem, reason: &str) -> HarnessError {
    let reason = reason.to_owned();
    match item {
        WorkItem::Run { scenario, seed } => {
            HarnessError::Run { scenario: scenario.clone(), seed: *seed, reason }
        }
        WorkItem::Standing { check } => HarnessError::Check { check: check.clone(), reason },
        WorkItem::Proof { check, by } => {
            HarnessError::Check { check: check.clone(), reason: format!("proof by {by}: {reason}") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::{Plan, Selection},
        testing::{MadeUp, registry},
    };

    fn records(rehearse: &MadeUp, jobs: usize) -> Result<Vec<WorkRecord>, HarnessError> {
        let plan =
            Plan::new(&registry(), Selection { seeds: (1..=40).collect(), ..Selection::default() }).unwrap();
        perform(plan.items(), plan.checks(), rehearse, NonZero::new(jobs).unwrap(), |_| {})
    }

    #[test]
    fn the_number_of_threads_does_not_show_in_the_records() {
        let alone = records(&MadeUp::default(), 1).unwrap();
        assert_eq!(alone.len(), 81);
        for jobs in [2, 3, 16] {
            assert_eq!(records(&MadeUp::default(), jobs).unwrap(), alone);
        }
    }

    #[test]
    fn every_check_that_reads_a_run_judges_it() {
        let records = records(&MadeUp::default(), 2).unwrap();
        let names: Vec<_> = records[0].findings.iter().map(|seen| seen.check.as_str()).collect();
        assert_eq!(names, ["only-holders-start", "packets-are-conserved"]);
    }

    #[test]
    fn the_first_panicking_run_is_named_whatever_the_number_of_threads() {
        let rehearse =
            MadeUp { panicking: vec![("weak", 3), ("small", 17), ("small", 18)], ..MadeUp::default() };
        for jobs in [1, 2, 8] {
            let error = records(&rehearse, jobs).unwrap_err();
            assert_eq!(
                error.to_string(),
                "panicked: the engine lost its way; replay: generalprobe replay small@17"
            );
        }
    }
}
