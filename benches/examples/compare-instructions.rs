//! Compares the instruction counts that `gungraun` left in a directory with the committed ones:
//!
//!     compare-instructions DIRECTORY BASELINE COMPILER
//!
//! With `UPDATE_BASELINE=1` it writes the baseline anew. `.ci/instructions` calls it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a tool for terminals")]

use std::{env, fs, io, path::Path, process::ExitCode};

use benches::instructions::{Baseline, Change, Counts, GROWTH_PERCENT_MAX, of_summary};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [directory, baseline, compiler] = arguments.as_slice() else {
        eprintln!("usage: compare-instructions DIRECTORY BASELINE COMPILER");
        return ExitCode::from(2);
    };
    match compare(Path::new(directory), Path::new(baseline), compiler) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing has grown by too much.
fn compare(directory: &Path, baseline: &Path, compiler: &str) -> Result<bool, String> {
    let mut counts = Counts::new();
    collect(directory, &mut counts).map_err(|error| format!("{}: {error}", directory.display()))?;
    if counts.is_empty() {
        return Err(format!("{}: nothing was counted", directory.display()));
    }
    let place = baseline.display();
    if env::var_os("UPDATE_BASELINE").is_some() {
        let text = Baseline { compiler: compiler.to_owned(), counts }.to_json();
        fs::write(baseline, text).map_err(|error| format!("{place}: {error}"))?;
        println!("{place} is written anew.");
        return Ok(true);
    }
    let text = fs::read_to_string(baseline).map_err(|error| format!("{place}: {error}"))?;
    let baseline = Baseline::from_json(&text).map_err(|error| format!("{place}: {error}"))?;
    if baseline.compiler != compiler {
        println!(
            "The baseline is of {}, this is {compiler}: differences may be the compiler's.",
            baseline.compiler
        );
    }
    let changes = baseline.changes(&counts);
    for (name, change) in &changes {
        println!("{}", change.line(name));
    }
    let good = !changes.values().copied().any(Change::fails);
    if !good {
        println!(
            "More than {GROWTH_PERCENT_MAX} % more, or not in both. If that is meant: UPDATE_BASELINE=1 .ci/instructions"
        );
    }
    Ok(good)
}

fn collect(directory: &Path, counts: &mut Counts) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, counts)?;
        } else if path.file_name().is_some_and(|name| name == "summary.json") {
            let text = fs::read_to_string(&path)?;
            let counted = of_summary(&text);
            counts
                .extend([counted.ok_or_else(|| io::Error::other(format!("{}: no count", path.display())))?]);
        }
    }
    Ok(())
}
