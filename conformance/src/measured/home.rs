//! Owns where results of benches lie: criterion's home, which is found as criterion finds it, and the folder in it for what
//! benches leave themselves.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use crate::bad_input::BadInput;

/// Folder in criterion's home for what benches compare in turns.
const MEASURED: &str = "generalprobe";

/// Criterion's home: `$CRITERION_HOME`, or `criterion` in `$CARGO_TARGET_DIR`, or in the workspace's target directory where
/// cargo has started this program, or in `target`.
pub fn criterion_home() -> PathBuf {
    home_of(&|name| env::var_os(name).map(PathBuf::from), workspace_target)
}

fn home_of(variable: &dyn Fn(&str) -> Option<PathBuf>, workspace: fn(&Path) -> Option<PathBuf>) -> PathBuf {
    if let Some(home) = variable("CRITERION_HOME") {
        return home;
    }
    let target = variable("CARGO_TARGET_DIR").or_else(|| workspace(&variable("CARGO")?));
    target.unwrap_or_else(|| PathBuf::from("target")).join("criterion")
}

/// What cargo says of the workspace that this program stands in.
fn workspace_target(cargo: &Path) -> Option<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let asked = Command::new(cargo).args(["metadata", "--no-deps", "--format-version", "1"]).output().ok()?;
    serde_json::from_slice(&asked.stdout).ok().map(|metadata: Metadata| metadata.target_directory)
}

/// Where benches leave their comparisons.
pub fn measured(home: &Path) -> PathBuf {
    home.join(MEASURED).join("benches")
}

/// Where the report on them lies if nothing else is asked for.
pub fn report(home: &Path) -> PathBuf {
    home.join(MEASURED)
}

/// What lies in a folder, in the order of names. Nothing, where the folder is missing.
///
/// # Errors
/// The folder cannot be read.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, BadInput> {
    let fault = |error: &io::Error| BadInput::file(folder, error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|error| fault(&error))?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry.map_err(|error| fault(&error))?.path());
    }
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &'static [(&str, &str)]) -> PathBuf {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| PathBuf::from(value))
        };
        home_of(&variable, |cargo| Some(PathBuf::from("workspace").join(cargo)))
    }

    #[test]
    fn results_are_sought_where_criterion_leaves_them() {
        let all = &[("CRITERION_HOME", "here"), ("CARGO_TARGET_DIR", "there"), ("CARGO", "asked")];
        assert_eq!(found(all), PathBuf::from("here"));
        assert_eq!(found(&all[1..]), PathBuf::from("there/criterion"));
        assert_eq!(found(&all[2..]), PathBuf::from("workspace/asked/criterion"));
        assert_eq!(found(&[]), PathBuf::from("target/criterion"));
    }
}
