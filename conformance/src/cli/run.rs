//! Owns the commands `run` and `replay`: one run, judged by the checks that read it.

use std::{
    io::{self, Write},
    path::Path,
    time::Duration,
};

use super::{Exit, Failure, Stage, wall_now};
use crate::{
    bad_input::BadInput,
    evidence::CheckOutcome,
    gate::{decide, outcome},
    perform::{WorkRecord, catch_panic, judge_run},
    plan::WorkItem,
    registry::Registry,
    rehearsal::{HarnessError, RunEvidence},
    replay::ReplayToken,
    report::{
        CheckReport, RunReport, SCHEMA, WallClock,
        output::to_json,
        terminal::{verdict_word, write_failed, write_participants, write_summary},
    },
};

/// Runs a scenario file.
pub(super) fn run(
    path: &Path,
    seed: Option<u64>,
    json: bool,
    stage: &mut Stage<'_>,
) -> Result<Exit, Failure> {
    rehearse(ReplayToken::File { path: path.to_owned(), seed }, json, stage)
}

/// Repeats a run.
pub(super) fn replay(token: &str, json: bool, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let token: ReplayToken = token.parse()?;
    if let ReplayToken::Fixture { scenario, .. } = &token
        && !stage.rehearse.has_fixture(scenario)
    {
        return Err(
            BadInput::new(format!("replay {token}: there is no fixture scenario `{scenario}`")).into()
        );
    }
    rehearse(token, json, stage)
}

fn rehearse(token: ReplayToken, json: bool, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let registry = (stage.registry)()?;
    let started = wall_now();
    let (run, token) = obtain(token, stage)?;
    let wall = started.elapsed();
    let outcomes = judge(&registry, &run, stage)?;
    let report = report(&registry, run, outcomes, &token, wall);
    if json {
        stage.out.write_all(to_json(&report)?.as_bytes())?;
    } else {
        write(stage, &report)?;
    }
    Ok(Exit::of(report.verdict))
}

/// The run of a token, and the token with the seed that the run had.
fn obtain(token: ReplayToken, stage: &Stage<'_>) -> Result<(RunEvidence, ReplayToken), Failure> {
    let (source, seed) = match &token {
        ReplayToken::Fixture { scenario, seed } => (scenario.clone(), Some(*seed)),
        ReplayToken::File { path, seed } => (path.display().to_string(), *seed),
    };
    let attempt = catch_panic(|| match &token {
        ReplayToken::Fixture { scenario, seed } => Ok(stage.rehearse.fixture(scenario, *seed)?),
        ReplayToken::File { path, seed } => Ok(stage.rehearse.file(path, *seed)?),
    });
    let run = match attempt {
        Ok(run) => run,
        Err(reason) => {
            let seed = seed.unwrap_or_default();
            Err(Failure::Harness(HarnessError::Run { scenario: source, seed, reason }))
        }
    }?;
    let token = match token {
        ReplayToken::File { path, .. } => ReplayToken::File { path, seed: Some(run.seed) },
        fixture @ ReplayToken::Fixture { .. } => fixture,
    };
    Ok((run, token))
}

/// The outcomes of all checks that read the run. None of them is complete: a gate run would show it more.
fn judge(
    registry: &Registry,
    run: &RunEvidence,
    stage: &Stage<'_>,
) -> Result<Vec<CheckOutcome>, HarnessError> {
    let checks: Vec<_> = registry.checks().iter().filter(|check| check.judges(&run.scenario)).collect();
    let record = WorkRecord {
        item: WorkItem::Run { scenario: run.scenario.clone(), seed: run.seed },
        digest: run.digest.clone(),
        simulated_ns: u64::try_from(run.simulated.as_nanos()).unwrap_or(u64::MAX),
        findings: judge_run(run, &checks, stage.rehearse)?,
    };
    let outcomes: Vec<_> = checks.iter().map(|check| outcome(check, &[&record], false)).collect();
    if outcomes.iter().all(|outcome| outcome.examined == 0) {
        let reason = "no check found anything to look at in this run".to_owned();
        return Err(HarnessError::Run { scenario: run.scenario.clone(), seed: run.seed, reason });
    }
    Ok(outcomes)
}

fn report(
    registry: &Registry,
    run: RunEvidence,
    outcomes: Vec<CheckOutcome>,
    token: &ReplayToken,
    wall: Duration,
) -> RunReport {
    let verdict = decide(registry, &outcomes).verdict;
    // A file's run is repeated from the file, not from a fixture of the same name.
    let with_token = |outcome: CheckOutcome| {
        let replay = outcome.replay.as_ref().map(|_| token.to_string());
        CheckReport::new(&CheckOutcome { replay, ..outcome })
    };
    let violations = outcomes.iter().flat_map(|outcome| outcome.violations.clone()).collect();
    let simulated_s = run.simulated.as_secs_f64();
    RunReport {
        schema: SCHEMA,
        verdict,
        digest: run.digest,
        seed: run.seed,
        scenario: run.scenario,
        replay: token.to_string(),
        simulated_s,
        wall: Some(WallClock::new(simulated_s, wall)),
        participants: run.participants,
        checks: outcomes.into_iter().map(with_token).collect(),
        violations,
    }
}

fn write(stage: &mut Stage<'_>, report: &RunReport) -> io::Result<()> {
    let Stage { out, look, .. } = stage;
    write_participants(*out, &report.participants)?;
    for check in report.checks.iter().filter(|check| check.violations_total > 0) {
        write_failed(*out, check, &report.scenario, *look)?;
    }
    let examined: u64 = report.checks.iter().map(|check| check.examined).sum();
    let verdict = verdict_word(report.verdict, *look);
    writeln!(out, "{verdict}: {} checks looked at {examined} things in this run", report.checks.len())?;
    write_summary(*out, &report.digest, &format!("seed {}", report.seed), report.simulated_s, report.wall)
}
