//! Owns the commands `run` and `replay`: one run, judged by the checks that read it.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{DEFAULT_OUT, Exit, Failure, Stage, wall_now};
use crate::{
    bad_input::BadInput,
    check::Check,
    evidence::CheckOutcome,
    expectation,
    gate::{Verdict, decide, outcome},
    perform::{RunRecord, WorkRecord, catch_panic, judge_run},
    plan::WorkItem,
    registry::Registry,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
    replay::ReplayToken,
    report::{
        CheckReport, RunReport, SCHEMA, WallClock,
        html::run_page,
        output::to_json,
        terminal::{verdict_word, write_failed, write_participants, write_summary},
    },
};

/// What a run leaves besides its verdict.
pub(super) struct Outputs {
    /// Where the datagrams go.
    pub(super) pcap: Option<PathBuf>,
    /// Where the run's page goes.
    pub(super) html: Option<PathBuf>,
    /// Whether standard output gets one JSON object and nothing else.
    pub(super) json: bool,
}

/// Runs a scenario file.
pub(super) fn run(
    path: &Path,
    seed: Option<u64>,
    outputs: &Outputs,
    stage: &mut Stage<'_>,
) -> Result<Exit, Failure> {
    rehearse(ReplayToken::File { path: path.to_owned(), seed, sabotage: None }, outputs, stage)
}

/// Repeats a run, and keeps its datagrams for a look with Wireshark.
pub(super) fn replay(token: &str, mut outputs: Outputs, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let token: ReplayToken = token.parse()?;
    if let ReplayToken::Fixture { scenario, seed, .. } = &token {
        if !stage.rehearse.has_fixture(scenario) {
            let unknown = format!("replay {token}: there is no fixture scenario `{scenario}`");
            return Err(BadInput::new(unknown).into());
        }
        let file = format!("{scenario}-{seed}.pcapng");
        outputs.pcap.get_or_insert_with(|| Path::new(DEFAULT_OUT).join(file));
    }
    if let ReplayToken::File { path, .. } = &token {
        let file = path.with_extension("pcapng");
        let name = file.file_name().unwrap_or_default().to_owned();
        outputs.pcap.get_or_insert_with(|| Path::new(DEFAULT_OUT).join(name));
    }
    rehearse(token, &outputs, stage)
}

fn rehearse(token: ReplayToken, outputs: &Outputs, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let registry = (stage.registry)()?;
    let started = wall_now();
    let sabotage = match &token {
        ReplayToken::Fixture { sabotage, .. } | ReplayToken::File { sabotage, .. } => *sabotage,
    };
    let settings = Settings { sabotage, keep_packets: outputs.pcap.is_some(), ..Settings::default() };
    let source = stage.rehearse.with_settings(settings);
    let (run, token) = obtain(token, &*source)?;
    let wall = started.elapsed();
    if let Some(path) = &outputs.pcap {
        write_capture(path, &run)?;
    }
    let (outcomes, record) = judge(&registry, &run, &*source)?;
    let mut report = report(&registry, run, outcomes, &token, wall);
    report.capture = outputs.pcap.as_ref().map(|path| path.display().to_string());
    if let Some(path) = &outputs.html {
        write_page(path, &run_page(&report, &record))?;
    }
    if outputs.json {
        stage.out.write_all(to_json(&report)?.as_bytes())?;
    } else {
        write(stage, &report)?;
    }
    Ok(Exit::of(report.verdict))
}

/// Writes what the run kept of its datagrams; a run without any leaves no file.
fn write_capture(path: &Path, run: &RunEvidence) -> Result<(), Failure> {
    let Some(record) = run.record.as_deref() else { return Ok(()) };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir).map_err(|error| BadInput::file(dir, &error))?;
    }
    let file = fs::File::create(path).map_err(|error| BadInput::file(path, &error))?;
    record.write_capture(io::BufWriter::new(file)).map_err(|error| BadInput::file(path, &error))?;
    Ok(())
}

fn write_page(path: &Path, page: &str) -> Result<(), BadInput> {
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir).map_err(|error| BadInput::file(dir, &error))?;
    }
    fs::write(path, page).map_err(|error| BadInput::file(path, &error))
}

/// The run of a token, and the token with the seed that the run had.
fn obtain(token: ReplayToken, source: &dyn Rehearse) -> Result<(RunEvidence, ReplayToken), Failure> {
    let (name, seed) = match &token {
        ReplayToken::Fixture { scenario, seed, .. } => (scenario.clone(), Some(*seed)),
        ReplayToken::File { path, seed, .. } => (path.display().to_string(), *seed),
    };
    let attempt = catch_panic(|| match &token {
        ReplayToken::Fixture { scenario, seed, .. } => Ok(source.fixture(scenario, *seed)?),
        ReplayToken::File { path, seed, .. } => Ok(source.file(path, *seed)?),
    });
    let run = match attempt {
        Ok(run) => run,
        Err(reason) => {
            let seed = seed.unwrap_or_default();
            Err(Failure::Harness(HarnessError::Run { scenario: name, seed, reason }))
        }
    }?;
    let token = match token {
        ReplayToken::File { path, sabotage, .. } => {
            ReplayToken::File { path, seed: Some(run.seed), sabotage }
        }
        fixture @ ReplayToken::Fixture { .. } => fixture,
    };
    Ok((run, token))
}

/// The outcomes of all checks that read the run, and what is kept of it. A check that found nothing to look at has not run.
fn judge(
    registry: &Registry,
    run: &RunEvidence,
    rehearse: &dyn Rehearse,
) -> Result<(Vec<CheckOutcome>, RunRecord), HarnessError> {
    let checks: Vec<_> = registry.checks().iter().filter(|check| check.judges(&run.scenario)).collect();
    let findings = judge_run(run, &checks, rehearse)?;
    let kept = RunRecord::of(run, &findings);
    let record = WorkRecord {
        item: WorkItem::Run { scenario: run.scenario.clone(), seed: run.seed },
        digest: run.digest.clone(),
        simulated_ns: u64::try_from(run.simulated.as_nanos()).unwrap_or(u64::MAX),
        findings,
        run: None,
    };
    let looked = |check: &Check| {
        let mut seen = record.findings.iter().filter(|seen| seen.check == check.name);
        seen.any(|seen| seen.findings.examined() > 0)
    };
    let outcomes: Vec<_> =
        checks.iter().map(|check| outcome(check, &[&record], looked(check), None)).collect();
    if outcomes.iter().all(|outcome| outcome.examined == 0) {
        let reason = "no check found anything to look at in this run".to_owned();
        return Err(HarnessError::Run { scenario: run.scenario.clone(), seed: run.seed, reason });
    }
    Ok((outcomes, kept))
}

fn report(
    registry: &Registry,
    run: RunEvidence,
    outcomes: Vec<CheckOutcome>,
    token: &ReplayToken,
    wall: Duration,
) -> RunReport {
    let expected = run.record.as_deref().map(expectation::violations).unwrap_or_default();
    let verdict = if expected.is_empty() { decide(registry, &outcomes).verdict } else { Verdict::Fail };
    // A file's run is repeated from the file, not from a fixture of the same name.
    let with_token = |outcome: CheckOutcome| {
        let replay = outcome.replay.as_ref().map(|_| token.to_string());
        CheckReport::new(&CheckOutcome { replay, ..outcome })
    };
    let violations =
        outcomes.iter().flat_map(|outcome| outcome.violations.clone()).chain(expected.clone()).collect();
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
        capture: None,
        checks: outcomes.into_iter().map(with_token).collect(),
        violations,
        expected,
    }
}

fn write(stage: &mut Stage<'_>, report: &RunReport) -> io::Result<()> {
    let Stage { out, look, .. } = stage;
    write_participants(*out, &report.participants)?;
    for check in report.checks.iter().filter(|check| check.violations_total > 0) {
        write_failed(*out, check, &report.scenario, *look)?;
    }
    if let Some((first, rest)) = report.expected.split_first() {
        writeln!(out, "not as the scenario expects:\n  {}", first.message)?;
        for violation in rest {
            writeln!(out, "  {}", violation.message)?;
        }
        writeln!(out, "  replay: generalprobe replay {}", report.replay)?;
    }
    let examined: u64 = report.checks.iter().map(|check| check.examined).sum();
    let verdict = verdict_word(report.verdict, *look);
    writeln!(out, "{verdict}: {} checks looked at {examined} things in this run", report.checks.len())?;
    if let Some(path) = &report.capture {
        writeln!(out, "datagrams: {path}")?;
    }
    write_summary(*out, &report.digest, &format!("seed {}", report.seed), report.simulated_s, report.wall)
}
