//! Owns the command `plan`: which buildings are asked about, and where the answer goes.

use std::{
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    thread,
};

use clap::Args;
use sim::site::{Building, presets};

use super::{Exit, Failure, Stage, progress::Progress, wall_now};
use crate::{
    bad_input::BadInput,
    planner::{Demand, QUESTIONS, Rehearsed, Subject, plan as find},
    report::{
        WallClock,
        html::{plan_page, plan_picture},
        output::to_json,
        plan::{PlanReport, table::write_plan},
    },
};

/// The report object without wall-clock values.
const REPORT_FILE: &str = "plan.json";
/// The report as a page.
const PAGE_FILE: &str = "plan.html";

#[derive(Args)]
pub(super) struct PlanArgs {
    /// Buildings: files like those of fixtures/sites, folders of them, or names of those that come with the program; without
    /// any, all of these.
    #[arg(value_name = "SITE")]
    sites: Vec<String>,
    /// What the line is to carry, for instance desks=12,mode=discussion,rooms=1; what is left out is the building's own: its
    /// desks, 12 at most, and its AVC rooms, in discussion.
    #[arg(long, value_name = "DEMAND", default_value = "", hide_default_value = true)]
    demand: String,
    /// Seeds that each load is tried with, from 1 on; it holds when it holds with each of them.
    #[arg(long, value_name = "N", default_value = "3")]
    seeds: NonZero<u32>,
    /// Threads; without it, as many as the machine runs at once.
    #[arg(long, value_name = "N")]
    jobs: Option<NonZero<usize>>,
    /// Leave plan.html with a chart for each building, the charts as pictures, and plan.json here.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

/// Answers what the buildings' lines carry. A line that does not carry what is asked is an answer, too: the verdict tells it.
pub(super) fn plan(args: &PlanArgs, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let subjects = subjects(args)?;
    if let Some(dir) = &args.out {
        fs::create_dir_all(dir).map_err(|error| BadInput::file(dir, &error))?;
    }
    let jobs = args.jobs.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let started = wall_now();
    let mut progress = Progress::new(subjects.len() * QUESTIONS);
    let answers = find(&subjects, args.seeds, jobs, &Rehearsed::default(), |name| progress.on_step(name))?;
    progress.finish();
    let wall = WallClock::new(answers.simulated.as_secs_f64(), started.elapsed());
    let report = PlanReport::new(&subjects, args.seeds, &answers, Some(wall));
    if let Some(dir) = &args.out {
        write_files(dir, &report)?;
    }
    if args.json {
        stage.out.write_all(to_json(&report)?.as_bytes())?;
    } else {
        write_plan(stage.out, &report, stage.look)?;
        if let Some(dir) = &args.out {
            writeln!(stage.out, "page: {}", dir.join(PAGE_FILE).display())?;
        }
    }
    Ok(Exit::Holds)
}

/// Equal plans leave equal files: none holds a wall-clock value.
fn write_files(dir: &Path, report: &PlanReport) -> Result<(), Failure> {
    let untimed = PlanReport { wall: None, ..report.clone() };
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::write(&path, text).map_err(|error| BadInput::file(&path, &error))
    };
    write(REPORT_FILE, &to_json(&untimed)?)?;
    write(PAGE_FILE, &plan_page(&untimed))?;
    for (number, site) in untimed.sites.iter().enumerate() {
        let file = Path::new(&site.name).file_name().map_or_else(
            || format!("building-{number}.svg"),
            |name| format!("{}.svg", name.to_string_lossy()),
        );
        write(&file, &plan_picture(site))?;
    }
    Ok(())
}

/// The buildings with what is asked of each.
fn subjects(args: &PlanArgs) -> Result<Vec<Subject>, BadInput> {
    let demand = match args.demand.as_str() {
        "" => Demand::default(),
        text => text.parse().map_err(|error| BadInput::new(format!("--demand {text}: {error}")))?,
    };
    let mut buildings: Vec<(String, Building)> = Vec::new();
    if args.sites.is_empty() {
        let all = presets::names().filter_map(|name| Some((name.to_owned(), presets::find(name)?)));
        buildings.extend(all);
    }
    for site in &args.sites {
        for (name, path, building) in read(site)? {
            let taken = buildings.iter().any(|(known, _)| *known == name);
            buildings.push((if taken { path } else { name }, building));
        }
    }
    let asked = |(name, building): (String, Building)| match demand.of(&building) {
        Ok(demand) => Ok(Subject { name, building, demand }),
        Err(error) => Err(BadInput::new(format!("--demand for {name}: {error}"))),
    };
    buildings.into_iter().map(asked).collect()
}

/// The buildings that a word of the command line means, each with its name and where it was read from.
fn read(site: &str) -> Result<Vec<(String, String, Building)>, BadInput> {
    let path = Path::new(site);
    if path.is_dir() {
        return read_folder(path);
    }
    if !path.exists()
        && let Some(building) = presets::find(site)
    {
        return Ok(vec![(site.to_owned(), site.to_owned(), building)]);
    }
    if !path.exists() {
        let known: Vec<_> = presets::names().collect();
        let message = format!("{site}: there is no such file, folder or building");
        return Err(
            BadInput::new(message).with_help(format!("buildings of the project: {}", known.join(", ")))
        );
    }
    Ok(vec![read_file(path)?])
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String, Building)>, BadInput> {
    let fault = |error: &std::io::Error| BadInput::file(folder, error);
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| fault(&error))? {
        let path = entry.map_err(|error| fault(&error))?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(BadInput::new(format!("{}: there is no building (*.toml) in it", folder.display())));
    }
    files.iter().map(|file| read_file(file)).collect()
}

fn read_file(path: &Path) -> Result<(String, String, Building), BadInput> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| BadInput::file(path, &error))?;
    let building = Building::from_toml(&shown, &text).map_err(BadInput::from_diagnostic)?;
    let name = path.file_stem().map_or_else(|| shown.clone(), |stem| stem.to_string_lossy().into_owned());
    Ok((name, shown, building))
}

#[cfg(test)]
mod tests;
