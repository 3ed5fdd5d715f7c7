//! Owns the command `bench-report`: where what benches and cities left is sought, and where the report goes. `cargo bench` ends with
//! the same report, by [`report_on_benches`].

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use clap::Args;

use super::{DEFAULT_OUT, Exit, Failure, Stage, city::KEPT_DIR};
use crate::{
    bad_input::BadInput,
    measured::home::{self, criterion_home},
    report::{
        bench::{BenchReport, Sources, need::NodeSize, table::write_bench_report},
        html::bench_page,
        output::to_json,
        terminal::Look,
    },
};

/// The report object.
const REPORT_FILE: &str = "bench-report.json";
/// The report as a page.
const PAGE_FILE: &str = "bench-report.html";

#[derive(Args)]
pub(super) struct BenchReportArgs {
    /// Criterion's home, where benches leave their results; without it, that of cargo's target directory.
    #[arg(long, value_name = "DIR")]
    criterion: Option<PathBuf>,
    /// What a rehearsal of a city printed with --json; may be given several times. Without it, the last of each mix and size
    /// that `city` kept in rehearsal/city.
    #[arg(long, value_name = "FILE")]
    city: Vec<PathBuf>,
    /// An earlier bench-report.json to compare with.
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// What the network of a media node carries, in Gbit/s.
    #[arg(long, value_name = "N", default_value_t = NodeSize::default().gbit_per_s, value_parser = positive)]
    node_gbit: f64,
    /// Cores of a media node.
    #[arg(long, value_name = "N", default_value_t = NodeSize::default().cores, value_parser = positive)]
    node_cores: f64,
    /// How much of a media node's network and cores may be in use, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = NodeSize::default().load_percent, value_parser = percent)]
    node_load: f64,
    /// Where to leave bench-report.html and bench-report.json; without it, beside the results of the benches.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print one JSON object and nothing else.
    #[arg(long)]
    json: bool,
}

fn positive(text: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    if number.is_finite() && number > 0.0 {
        Ok(number)
    } else {
        Err(format!("{number}, expected more than 0"))
    }
}

fn percent(text: &str) -> Result<f64, String> {
    let number = positive(text)?;
    if number <= 100.0 { Ok(number) } else { Err(format!("{number} %, expected 100 at most")) }
}

/// Gathers, leaves and prints the report. A missed bound is violated.
pub(super) fn bench_report(args: &BenchReportArgs, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let home = args.criterion.clone().unwrap_or_else(criterion_home);
    if args.criterion.is_some() && !home.is_dir() {
        return Err(BadInput::new(format!("--criterion {}: there is no such folder", home.display())).into());
    }
    let cities = if args.city.is_empty() { kept(Path::new(DEFAULT_OUT))? } else { args.city.clone() };
    let node = NodeSize { gbit_per_s: args.node_gbit, cores: args.node_cores, load_percent: args.node_load };
    let out = args.out.clone().unwrap_or_else(|| home::report(&home));
    let report = BenchReport::gather(&Sources { home, cities, before: args.before.clone(), node })?;
    let page = write_files(&out, &report)?;
    if args.json {
        stage.out.write_all(to_json(&report)?.as_bytes())?;
    } else {
        write_bench_report(stage.out, &report, stage.look)?;
        writeln!(stage.out, "page: {}", page.display())?;
    }
    Ok(Exit::of(report.verdict))
}

/// The report with which `cargo bench` ends: of what lies in criterion's home, and of the cities that were kept below the
/// workspace.
///
/// # Errors
/// As `bench-report`.
pub fn report_on_benches(workspace: &Path, out: &mut dyn Write, look: Look) -> Result<Exit, Failure> {
    let home = criterion_home();
    let dir = home::report(&home);
    let cities = kept(&workspace.join(DEFAULT_OUT))?;
    let sources = Sources { home, cities, before: None, node: NodeSize::default() };
    let report = BenchReport::gather(&sources)?;
    let page = write_files(&dir, &report)?;
    write_bench_report(out, &report, look)?;
    writeln!(out, "page: {}", page.display())?;
    Ok(Exit::of(report.verdict))
}

/// What `city` kept, in the order of names.
fn kept(rehearsals: &Path) -> Result<Vec<PathBuf>, BadInput> {
    let mut files = home::entries(&rehearsals.join(KEPT_DIR))?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    Ok(files)
}

fn write_files(dir: &Path, report: &BenchReport) -> Result<PathBuf, Failure> {
    fs::create_dir_all(dir).map_err(|error| BadInput::file(dir, &error))?;
    let write = |name: &str, text: &str| {
        let path = dir.join(name);
        fs::write(&path, text).map_err(|error| BadInput::file(&path, &error)).map(|()| path)
    };
    write(REPORT_FILE, &to_json(report)?)?;
    Ok(write(PAGE_FILE, &bench_page(report))?)
}

#[cfg(test)]
mod tests;
