//! Owns the command line: arguments, what each command calls, and exit codes. It prints and measures wall time;
//! what is printed is decided elsewhere.

mod bench_report;
mod catalogue;
mod city;
mod explore;
mod gate;
mod plan;
mod progress;
mod run;
mod serve;

use std::{
    ffi::OsString,
    io::{self, Write},
    num::NonZero,
    path::PathBuf,
    time::Instant,
};

use clap::{Args, Parser, Subcommand};

pub use bench_report::report_on_benches;

use crate::{
    bad_input::BadInput,
    diff::Changes,
    gate::Verdict,
    plan::{Profile, SeedRange, Shard},
    registry::Registry,
    rehearsal::{HarnessError, RehearsalError, Rehearse, Sabotage},
    report::{saved::SavedReport, terminal::Look},
};

/// How a command ended; see [`Exit::code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// What was asked for holds.
    Holds,
    /// A requirement is violated, or something got worse.
    Violated,
}

/// Why a command gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something handed in cannot be used.
    #[error(transparent)]
    BadInput(#[from] BadInput),
    /// The harness itself failed.
    #[error(transparent)]
    Harness(#[from] HarnessError),
    /// Standard output cannot be written to.
    #[error("cannot write to standard output: {0}")]
    Output(#[from] io::Error),
    /// The arguments are wrong, or help was asked for.
    #[error(transparent)]
    Usage(#[from] clap::Error),
}

/// What commands work with.
pub struct Stage<'a> {
    /// Where runs come from.
    pub rehearse: &'a dyn Rehearse,
    /// The catalogue and its checks; asked for by the commands that judge.
    pub registry: fn() -> Result<Registry, HarnessError>,
    /// Standard output.
    pub out: &'a mut dyn Write,
    /// How it looks.
    pub look: Look,
}

impl Failure {
    /// 2 bad input, 3 the harness itself failed. Usage errors have clap's code: 2, and 0 for help.
    pub fn code(&self) -> u8 {
        match self {
            Self::BadInput(_) => 2,
            Self::Harness(_) | Self::Output(_) => 3,
            Self::Usage(usage) => u8::try_from(usage.exit_code()).unwrap_or(2),
        }
    }
}

impl Exit {
    /// 0 holds, 1 a requirement is violated.
    pub fn code(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Violated => 1,
        }
    }

    fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Holds,
            Verdict::Fail => Self::Violated,
        }
    }
}

impl From<RehearsalError> for Failure {
    fn from(error: RehearsalError) -> Self {
        match error {
            RehearsalError::BadInput(bad) => Self::BadInput(bad),
            RehearsalError::Harness(harness) => Self::Harness(harness),
        }
    }
}

/// Does what the arguments say (the first of them is the program's name).
///
/// # Errors
/// As [`Failure`] says.
pub fn execute(
    arguments: impl IntoIterator<Item = OsString>,
    stage: &mut Stage<'_>,
) -> Result<Exit, Failure> {
    match Cli::try_parse_from(arguments)?.command {
        Command::Gate(args) => gate::gate(&args, stage),
        Command::Run { scenario, seed, pcap, html, json } => {
            run::run(&scenario, seed, &run::Outputs { pcap, html, json }, stage)
        }
        Command::Replay { token, pcap, html, json } => {
            run::replay(&token, run::Outputs { pcap, html, json }, stage)
        }
        Command::List { out, json } => catalogue::list(&out, json, stage),
        Command::Explain { id, out } => catalogue::explain(&id, &out, stage),
        Command::Diff { old, new } => {
            let changes = Changes::between(&SavedReport::load(&old)?, &SavedReport::load(&new)?);
            changes.write(stage.out)?;
            Ok(if changes.worse.is_empty() { Exit::Holds } else { Exit::Violated })
        }
        Command::Explore(args) => explore::explore(&args, stage),
        Command::Merge { dirs, out } => gate::merge(&dirs, &out, stage),
        Command::Plan(args) => plan::plan(&args, stage),
        Command::City(args) => city::city(&args, stage),
        Command::BenchReport(args) => bench_report::bench_report(&args, stage),
        Command::Serve { arguments } => serve::serve(&arguments),
    }
}

/// The only clock of the program; what it measures stands in no file.
#[expect(clippy::disallowed_methods, reason = "the command line reports how long a run took on this machine")]
fn wall_now() -> Instant {
    Instant::now()
}

/// Where a gate run leaves its files.
const DEFAULT_OUT: &str = "rehearsal";

const EXIT_CODES: &str = "\
Exit codes:
  0  what was asked for holds
  1  a requirement is violated (diff: something got worse; bench-report: a ratio misses its bound)
  2  bad input; the message names the file, line or argument
  3  the harness itself failed: catalogue and checks disagree, a run broke off";

/// Rehearses a city's encrypted video conferences in simulated buildings, and decides whether a release may go out.
///
/// The same seed and scenario give the same run, byte for byte. A failing run prints one line that repeats it.
#[derive(Parser)]
#[command(name = "generalprobe", version, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Judge every requirement; this decides about a release
    ///
    /// Runs the scenarios that the selected checks need, prints a table of all requirements, and leaves its files in the
    /// output directory: report.html to read, summary.md for the summary page of a CI run, report.json and junit.xml for
    /// programs, and shard.json for merge. A MUST that is violated fails the gate; a SHOULD is reported.
    /// A MUST that is todo or was not run is named, and fails a release candidate.
    #[command(after_help = "\
Examples:
  generalprobe gate                          the quick profile, one seed
  generalprobe gate --profile full           every seed
  generalprobe gate --profile full --release-candidate
                                             a release hangs on it: a MUST that is todo fails
  generalprobe gate --filter 'PRES-*'        one area while working on it
  generalprobe gate --shard 2/4 --out two    a quarter of the work; `generalprobe merge` joins the four")]
    Gate(GateArgs),
    /// Run one scenario file and show what each participant experienced
    Run {
        /// The scenario, as TOML.
        #[arg(value_name = "SCENARIO.toml")]
        scenario: PathBuf,
        /// Drive the run with this seed instead of the file's own.
        #[arg(long, value_name = "S")]
        seed: Option<u64>,
        /// Write every datagram that passed the media node to this file, for Wireshark.
        #[arg(long, value_name = "FILE")]
        pcap: Option<PathBuf>,
        /// Write the run as a page: figures, and the time lines of the worst participants.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// Print one JSON object and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// Repeat a run from the token a failing run printed, or from a scenario file
    Replay {
        /// NAME@SEED or FILE.toml (also FILE.toml@SEED); with +SABOTAGE behind it, broken on purpose.
        #[arg(value_name = "TOKEN | FILE")]
        token: String,
        /// Where to write the datagrams, for Wireshark; without it, rehearsal/NAME-SEED.pcapng.
        #[arg(long, value_name = "FILE")]
        pcap: Option<PathBuf>,
        /// Write the run as a page: figures, and the time lines of the worst participants.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        /// Print one JSON object and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// Show all requirements, their checks, scenarios and last evidence; runs nothing
    List {
        /// Where the last gate run left its report.json.
        #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
        out: PathBuf,
        /// Print one JSON object and nothing else.
        #[arg(long)]
        json: bool,
    },
    /// Show all that is known about one requirement
    ///
    /// Statement, source, place in the catalogue, checks, scenarios, and the evidence of the last gate run.
    Explain {
        /// For instance PRES-002.
        id: String,
        /// Where the last gate run left its report.json.
        #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
        out: PathBuf,
    },
    /// Name what got worse, better, appeared or vanished between two reports
    ///
    /// Compares requirements, the digests of runs, and what each participant experienced. Simulated figures are exact, so
    /// any difference is told. Exit code 1 says that something got worse.
    Diff {
        /// An earlier report.json, the output of run --json, or fixtures/baseline.json.
        #[arg(value_name = "OLD.json")]
        old: PathBuf,
        /// A later one.
        #[arg(value_name = "NEW.json")]
        new: PathBuf,
    },
    /// Search for scenarios in which the system is not what the requirements say
    ///
    /// Draws scenarios at random from what is possible at each moment, runs them, and compares each with the reference
    /// model. The first that breaks something is made small and left as a scenario file. Equal seeds draw equal scenarios.
    #[command(after_help = "\
Examples:
  generalprobe explore                              a thousand scenarios
  generalprobe explore --seed 7 --cases 100000      a night's work
  generalprobe explore --sabotage open-door         see it find something")]
    Explore(ExploreArgs),
    /// Say what a building's line carries, and which upgrade is the smallest that helps
    ///
    /// Searches by simulation how many desks of each building can take part in one conference in each class of quality, what
    /// gives way first, and the smallest rates that carry a demand. A line that does not carry it is an answer as well: the
    /// verdict says so, the exit code does not.
    #[command(after_help = "\
Examples:
  generalprobe plan                                 all buildings that come with the program
  generalprobe plan adsl2plus-16-1                  one of them
  generalprobe plan townhall.toml --demand desks=20,mode=presentation
  generalprobe plan buildings/ --out plan           a folder of them; plan/plan.html has the charts")]
    Plan(plan::PlanArgs),
    /// Rehearse the whole city: all conferences at once, in all its buildings
    City(city::CityArgs),
    /// Report on benches and cities: ratios and bounds, curves, and what a city needs
    ///
    /// Reads what `cargo bench` and `city` left, measures nothing, and leaves bench-report.html and bench-report.json. A ratio that
    /// misses its bound is exit code 1; nothing measured is bad input.
    #[command(after_help = "\
Examples:
  generalprobe bench-report                         everything that was measured last
  generalprobe bench-report --before old.json       with what changed since an earlier bench-report.json
  generalprobe bench-report --node-gbit 25 --node-cores 32")]
    BenchReport(bench_report::BenchReportArgs),
    /// Join the shards of one gate run into the report of an unsplit run
    Merge {
        /// The output directories of all the shards, in any order.
        #[arg(required = true, value_name = "DIR")]
        dirs: Vec<PathBuf>,
        /// Where to leave the joined files.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Start the media node as a server, for real conferences
    ///
    /// Starts the program media-node, which stands beside this one once it was built, with these arguments. `generalprobe serve --
    /// --help` names them.
    Serve {
        /// What media-node is given.
        #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

fn shard(text: &str) -> Result<Shard, String> {
    match text {
        "array" => Shard::of_array(|name| std::env::var(name).ok()),
        text => text.parse(),
    }
}

fn sabotage(name: &str) -> Result<Sabotage, String> {
    name.parse().map_err(|error| {
        let known: Vec<&str> = Sabotage::ALL.iter().map(|sabotage| sabotage.name()).collect();
        format!("{error}; there are {}", known.join(", "))
    })
}

#[derive(Args)]
struct GateArgs {
    /// How many seeds each scenario gets, and which part of the proofs that checks can fail is demonstrated: quick 1 and
    /// a quarter, full 8 and all.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// Use this one seed instead of the profile's.
    #[arg(long, value_name = "S", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Use the seeds from A up to but without B instead of the profile's.
    #[arg(long, value_name = "A..B")]
    seeds: Option<SeedRange>,
    /// Select checks by requirement id or check name, for instance 'PRES-*' or '{LIC,CAP}-00?'.
    #[arg(long, value_name = "GLOB")]
    filter: Option<String>,
    /// Break this on purpose, to see the checks that notice; an unknown name lists all of them.
    #[arg(long, value_name = "NAME", value_parser = sabotage)]
    sabotage: Option<Sabotage>,
    /// Do only part I of N of the work; `array`: the part of this task of a Slurm array or an indexed job of Kubernetes.
    #[arg(long, value_name = "I/N|array", value_parser = shard)]
    shard: Option<Shard>,
    /// Threads; without it, as many as the machine runs at once.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Where to leave report.html, summary.md, report.json, junit.xml and shard.json.
    #[arg(long, value_name = "DIR", default_value = DEFAULT_OUT)]
    out: PathBuf,
    /// A release hangs on this run: a MUST that is todo or not run fails it, too.
    #[arg(long)]
    release_candidate: bool,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ExploreArgs {
    /// How many scenarios to draw.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    cases: u32,
    /// What draws them.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Threads; without it, as many as the machine runs at once.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Break this on purpose, to see the search find it.
    #[arg(long, value_name = "NAME", value_parser = sabotage)]
    sabotage: Option<Sabotage>,
    /// Where to leave the scenario that breaks something.
    #[arg(long, value_name = "DIR", default_value = "rehearsal/found")]
    out: PathBuf,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

#[cfg(test)]
mod tests;
