//! Owns the command `city`: what is rehearsed of the whole city, and where the answer goes.

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use clap::Args;
use sim::{
    city::{City, CityPlan, CitySettings, Means, NODES, PEOPLE_MAX},
    seed::Seed,
};

use super::{DEFAULT_OUT, Exit, Failure, Stage, progress::Progress, wall_now};
use crate::{
    bad_input::BadInput,
    measured::Machine,
    rehearsal::HarnessError,
    report::{
        WallClock,
        city::{CityReport, Cost, table::write_city},
        html::city_page,
        output::to_json,
    },
};

/// The report object without wall-clock values.
const REPORT_FILE: &str = "city.json";
/// The report as a page.
const PAGE_FILE: &str = "city.html";
/// Where in [`DEFAULT_OUT`] the last result of each mix and size is kept.
pub(super) const KEPT_DIR: &str = "city";
/// The least time in which everybody comes in, and is seen to be in.
const DURATION_MIN_S: u64 = 10;
const DURATION_MAX_S: u64 = 3_600;

#[derive(Args)]
pub(super) struct CityArgs {
    /// The city: a file like fixtures/berlin.toml; without it, that one.
    #[arg(value_name = "CITY.toml")]
    city: Option<PathBuf>,
    /// Conferences at once, at least one for each of the four media nodes; without it, as many as the city has licences.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(i64::from(NODES)..=10_000))]
    conferences: Option<u32>,
    /// People in each; without it, as many as the city's file says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1_000))]
    participants: Option<u32>,
    /// Simulated time in seconds, 10 at least.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    duration: Duration,
    /// Kinds of conferences: a mix of the city's file, of which Berlin's has presenter, discussion and berlin.
    #[arg(long, value_name = "NAME", default_value = "presenter")]
    mix: String,
    /// What people, buildings and networks are drawn from.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Threads; their number changes nothing but the time. Without it, as many as the machine runs at once.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: Option<u16>,
    /// Leave city.html and city.json here.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let seconds: u64 = text
        .strip_suffix('s')
        .unwrap_or(text)
        .parse()
        .map_err(|_| format!("`{text}` is no number of seconds, for instance 60s"))?;
    if (DURATION_MIN_S..=DURATION_MAX_S).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err(format!("{seconds} s, expected {DURATION_MIN_S} to {DURATION_MAX_S}"))
    }
}

/// Rehearses the city.
pub(super) fn city(args: &CityArgs, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let city = read(args.city.as_deref())?;
    if city.mix(&args.mix).is_none() {
        let known: Vec<&str> = city.file.mix.iter().map(|mix| mix.name.as_str()).collect();
        let message = format!("--mix {}: the city has no such mix", args.mix);
        return Err(BadInput::new(message).with_help(format!("there are {}", known.join(", "))).into());
    }
    let settings = CitySettings {
        conferences: args.conferences,
        participants: args.participants,
        duration: args.duration,
        mix: args.mix.clone(),
        seed: Seed::new(args.seed),
    };
    let (conferences, each, people) = settings.people(&city);
    if people > PEOPLE_MAX {
        let message =
            format!("{conferences} conferences of {each} are {people} people, expected {PEOPLE_MAX} at most");
        return Err(BadInput::new(message).with_help("see --conferences and --participants").into());
    }
    if let Some(dir) = &args.out {
        fs::create_dir_all(dir).map_err(|error| BadInput::file(dir, &error))?;
    }
    // Said before minutes of work, not after.
    let kept = kept_dir()?;
    let machine = || thread::available_parallelism().map_or(1, NonZero::get);
    let threads = args.threads.map_or_else(machine, usize::from);
    let report = rehearse(&city, &settings, threads)?;
    if let Some(dir) = &args.out {
        write_files(dir, &report)?;
    }
    if args.json {
        stage.out.write_all(to_json(&report)?.as_bytes())?;
    } else {
        write_city(stage.out, &report, stage.look)?;
        if let Some(dir) = &args.out {
            writeln!(stage.out, "page: {}", dir.join(PAGE_FILE).display())?;
        }
    }
    keep(&kept, &report)?;
    Ok(Exit::of(report.verdict))
}

fn read(path: Option<&Path>) -> Result<City, BadInput> {
    let Some(path) = path else { return Ok(City::berlin()) };
    let text = fs::read_to_string(path).map_err(|error| BadInput::file(path, &error))?;
    City::from_toml(&path.display().to_string(), &text).map_err(BadInput::from_diagnostic)
}

fn rehearse(city: &City, settings: &CitySettings, threads: usize) -> Result<CityReport, Failure> {
    let plan = CityPlan::draw(city, settings);
    let seconds = settings.duration.as_secs();
    let mut progress = Progress::new(seconds as usize);
    let (started, used, mut told) = (wall_now(), cpu_time(), 0);
    let record = sim::city::run(city, &plan, Means::quick(threads), None, &mut |now| {
        while told < now.as_millis() / 1_000 && told < seconds {
            told += 1;
            progress.on_step("simulated seconds");
        }
    });
    progress.finish();
    let wall = started.elapsed();
    let used = cpu_time().zip(used).map(|(now, before)| now.saturating_sub(before));
    let record = record.map_err(|error| HarnessError::Run {
        scenario: "city".to_owned(),
        seed: settings.seed.value(),
        reason: error.to_string(),
    })?;
    let cost = Cost {
        threads: threads as u64,
        ns_per_forwarded_packet: used.unwrap_or(wall * threads as u32).as_secs_f64() * 1e9
            / record.forwarded().max(1) as f64,
        peak_rss_mib: peak_rss_mib(),
    };
    let wall = WallClock::new(settings.duration.as_secs_f64(), wall);
    let report = CityReport::new(city, &record, Some((wall, cost)));
    Ok(CityReport { machine: Some(Machine::here()), ..report })
}

/// Processor time of all threads of this process, as Linux counts it (proc(5), `/proc/pid/stat`: `utime` and `stime`, in hundredths
/// of a second); absent elsewhere.
fn cpu_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    Some(Duration::from_millis(10 * (ticks.next()?.ok()? + ticks.next()?.ok()?)))
}

/// What Linux says of this process; 0 elsewhere.
fn peak_rss_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.unwrap_or_default() / 1_024
}

/// Where results are kept; made if it is not there.
fn kept_dir() -> Result<PathBuf, BadInput> {
    let dir = Path::new(DEFAULT_OUT).join(KEPT_DIR);
    fs::create_dir_all(&dir).map_err(|error| BadInput::file(&dir, &error))?;
    Ok(dir)
}

/// Keeps the last result of each mix and size with what it took, for `bench-report`.
fn keep(dir: &Path, report: &CityReport) -> Result<(), Failure> {
    let name = format!("{}-{}-{}.json", report.mix, report.conferences, report.participants);
    Ok(write_file(&dir.join(name), &to_json(report)?)?)
}

fn write_file(path: &Path, text: &str) -> Result<(), BadInput> {
    fs::write(path, text).map_err(|error| BadInput::file(path, &error))
}

/// Equal rehearsals leave equal files: none holds a wall-clock value.
fn write_files(dir: &Path, report: &CityReport) -> Result<(), Failure> {
    let untimed = CityReport { wall: None, cost: None, machine: None, ..report.clone() };
    let write = |name: &str, text: &str| write_file(&dir.join(name), text);
    write(REPORT_FILE, &to_json(&untimed)?)?;
    write(PAGE_FILE, &city_page(&untimed))?;
    Ok(())
}
