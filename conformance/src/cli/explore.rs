//! Owns the command `explore`: how a search for broken scenarios is asked for, what it prints, and the file that it leaves.

use std::{
    collections::BTreeMap,
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    thread,
};

use serde::Serialize;

use super::{Exit, ExploreArgs, Failure, Stage, progress::Progress, wall_now};
use crate::{
    bad_input::BadInput,
    explore::{Found, Search, Searched, search},
    gate::Verdict,
    rehearsal::Settings,
    replay::ReplayToken,
    report::{
        SCHEMA, WallClock,
        output::to_json,
        terminal::{verdict_word, write_summary},
    },
};

/// What a search found, for other programs.
#[derive(Debug, Serialize)]
struct ExploreReport {
    schema: u32,
    verdict: Verdict,
    digest: String,
    seed: u64,
    simulated_s: f64,
    #[serde(flatten)]
    wall: WallClock,
    /// Scenarios that were run.
    cases: u32,
    /// Kinds of requests and answers that the search has met, with how often.
    reached: BTreeMap<String, u64>,
    found: Option<FoundReport>,
}

/// The scenario that broke something.
#[derive(Debug, Serialize)]
struct FoundReport {
    /// Which of the drawn scenarios it was, from 0.
    case: u32,
    violation: String,
    moves_drawn: usize,
    moves: usize,
    shrink_runs: u32,
    /// Where the scenario was left.
    file: String,
    /// What repeats it.
    replay: String,
}

/// Searches, and leaves what it finds as a scenario file.
pub(super) fn explore(args: &ExploreArgs, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let settings = Settings { sabotage: args.sabotage, ..Settings::default() };
    let started = wall_now();
    let mut progress = Progress::new(args.cases as usize);
    let asked = Search { cases: args.cases, seed: args.seed, jobs, settings };
    let searched = search(asked, |case| progress.on_step(&format!("drawn scenario {case}")))?;
    progress.finish();
    let found = searched.found.as_ref().map(|found| leave(found, args)).transpose()?;
    let simulated_s = searched.simulated.as_secs_f64();
    let report = ExploreReport {
        schema: SCHEMA,
        verdict: if found.is_none() { Verdict::Pass } else { Verdict::Fail },
        digest: searched.digest.clone(),
        seed: args.seed,
        simulated_s,
        wall: WallClock::new(simulated_s, started.elapsed()),
        cases: searched.cases,
        reached: searched.reached.clone(),
        found,
    };
    if args.json {
        stage.out.write_all(to_json(&report)?.as_bytes())?;
    } else {
        write(&report, &searched, stage)?;
    }
    Ok(Exit::of(report.verdict))
}

/// Writes the scenario with a word on what is wrong in it.
fn leave(found: &Found, args: &ExploreArgs) -> Result<FoundReport, BadInput> {
    let dir: PathBuf = args.out.clone();
    fs::create_dir_all(&dir).map_err(|error| BadInput::file(&dir, &error))?;
    let file = dir.join(format!("{}-{}.toml", found.scenario.name, args.seed));
    let (drawn, kept) = found.moves;
    let broken = args
        .sabotage
        .map(|name| format!("# It was broken on purpose: `generalprobe replay THIS.toml+{name}`.\n"))
        .unwrap_or_default();
    let header = format!(
        "# Drawn by `generalprobe explore --seed {}` as case {}, {drawn} moves made {kept}:\n# {}\n{broken}",
        args.seed, found.case, found.violation
    );
    let token = ReplayToken::File { path: file.clone(), seed: None, sabotage: args.sabotage };
    fs::write(&file, header + &found.scenario.to_toml()).map_err(|error| BadInput::file(&file, &error))?;
    Ok(FoundReport {
        case: found.case,
        violation: found.violation.clone(),
        moves_drawn: drawn,
        moves: kept,
        shrink_runs: found.shrink_runs,
        replay: format!("generalprobe replay {token}"),
        file: display(&file),
    })
}

fn display(file: &Path) -> String {
    file.display().to_string()
}

fn write(report: &ExploreReport, searched: &Searched, stage: &mut Stage<'_>) -> Result<(), Failure> {
    let requests: u64 = searched.reached.values().sum();
    writeln!(
        stage.out,
        "{requests} requests in {} scenarios, with {} different outcomes",
        report.cases,
        searched.reached.len()
    )?;
    if let (Some(found), Some(scenario)) = (&report.found, &searched.found) {
        writeln!(stage.out, "\ncase {}: {}", found.case, found.violation)?;
        writeln!(
            stage.out,
            "{} moves made {} in {} runs:\n",
            found.moves_drawn, found.moves, found.shrink_runs
        )?;
        writeln!(stage.out, "{}", scenario.scenario.to_toml())?;
        writeln!(stage.out, "written to {}\nreplay: {}\n", found.file, found.replay)?;
    }
    writeln!(stage.out, "{}", verdict_word(report.verdict, stage.look))?;
    let seed = format!("seed {}", report.seed);
    write_summary(stage.out, &report.digest, &seed, report.simulated_s, Some(report.wall))?;
    Ok(())
}
