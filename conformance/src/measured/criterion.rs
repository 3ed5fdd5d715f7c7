//! Owns reading what criterion has left: for each benchmark its name (`new/benchmark.json`) and its estimates
//! (`new/estimates.json`), of which the median is taken. Fields that are not needed are left aside.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Figure, home::entries};
use crate::{bad_input::BadInput, report::saved::load_json};

/// What criterion says of one benchmark in its last run, each contender for itself and not in turns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Statistics {
    /// The group, for instance `forward/audio/49`.
    pub group: String,
    /// The benchmark's whole name.
    pub name: String,
    /// Median of the time of one iteration, in nanoseconds.
    pub ns: Figure,
}

#[derive(Deserialize)]
struct Benchmark {
    group_id: String,
    full_id: String,
}

#[derive(Deserialize)]
struct Estimates {
    median: Estimate,
}

#[derive(Deserialize)]
struct Estimate {
    confidence_interval: Interval,
    point_estimate: f64,
}

#[derive(Deserialize)]
struct Interval {
    lower_bound: f64,
    upper_bound: f64,
}

/// Reads all that lies below criterion's home, in the order of names.
///
/// # Errors
/// A file cannot be read, or a field is missing or wrong in it; the error names both.
pub fn load_all(home: &Path) -> Result<Vec<Statistics>, BadInput> {
    let mut folders = vec![home.to_owned()];
    let mut all = Vec::new();
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)?.into_iter().filter(|path| path.is_dir()) {
            if path.join("benchmark.json").exists() {
                // Earlier runs stand beside it, under other names.
                if path.file_name().is_some_and(|name| name == "new") {
                    all.push(load(&path)?);
                }
            } else {
                folders.push(path);
            }
        }
    }
    all.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(all)
}

fn load(folder: &Path) -> Result<Statistics, BadInput> {
    let benchmark: Benchmark = load_json(&folder.join("benchmark.json"))?;
    let path: PathBuf = folder.join("estimates.json");
    let Estimates { median: Estimate { confidence_interval, point_estimate } } = load_json(&path)?;
    let interval = Some([confidence_interval.lower_bound, confidence_interval.upper_bound]);
    let ns = Figure { value: point_estimate, interval };
    if !ns.is_sound() {
        let what = "median.point_estimate is not within median.confidence_interval";
        return Err(BadInput::new(format!("{}: {what}", path.display())));
    }
    Ok(Statistics { group: benchmark.group_id, name: benchmark.full_id, ns })
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;

    use super::*;

    /// Leaves a benchmark's files as criterion does.
    pub(crate) fn leave(home: &Path, group: &str, function: &str, estimates: &str) {
        let folder = home.join(group.replace('/', "_")).join(function).join("new");
        fs::create_dir_all(&folder).unwrap();
        let name = format!(
            r#"{{"group_id":"{group}","function_id":"{function}","value_str":null,"throughput":null,"full_id":"{group}/{function}","directory_name":"a","title":"a"}}"#
        );
        fs::write(folder.join("benchmark.json"), name).unwrap();
        fs::write(folder.join("estimates.json"), estimates).unwrap();
    }

    /// As criterion writes them, as far as it matters.
    pub(crate) fn estimates(low: f64, median: f64, high: f64) -> String {
        let estimate = format!(
            r#"{{"confidence_interval":{{"confidence_level":0.95,"lower_bound":{low},"upper_bound":{high}}},"point_estimate":{median},"standard_error":0.1}}"#
        );
        format!(r#"{{"mean":{estimate},"median":{estimate},"slope":null}}"#)
    }

    #[test]
    fn medians_are_read_with_their_names_and_earlier_runs_are_left_aside() {
        let home = tempfile::tempdir().unwrap();
        leave(home.path(), "seal/160", "engine", &estimates(1.0, 2.0, 3.0));
        leave(home.path(), "seal/160", "floor", &estimates(1.0, 1.5, 2.0));
        let base = home.path().join("seal_160/floor/base");
        fs::rename(home.path().join("seal_160/floor/new"), base).unwrap();
        let ns = Figure { value: 2.0, interval: Some([1.0, 3.0]) };
        let expected = Statistics { group: "seal/160".into(), name: "seal/160/engine".into(), ns };
        assert_eq!(load_all(home.path()).unwrap(), [expected]);
        assert_eq!(load_all(&home.path().join("nowhere")).unwrap(), []);
    }

    #[test]
    fn a_broken_file_of_criterion_is_named_with_the_field() {
        let home = tempfile::tempdir().unwrap();
        for (text, field) in [
            (r#"{"mean":{}}"#.to_owned(), "median"),
            (estimates(1.0, 2.0, 3.0).replace("lower_bound", "least"), "lower_bound"),
            (estimates(3.0, 2.0, 4.0), "median.point_estimate"),
            ("{".to_owned(), "EOF"),
        ] {
            leave(home.path(), "seal/160", "engine", &text);
            let complaint = load_all(home.path()).unwrap_err().to_string();
            assert!(complaint.contains("estimates.json") && complaint.contains(field), "{complaint}");
        }
    }
}
