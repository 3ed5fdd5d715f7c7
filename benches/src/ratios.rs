//! Owns the table of ratios at the end of a run: criterion's medians of this run, each beside that of its floor, and
//! whether it is within its bound. Times of one machine mean little elsewhere; ratios of one run do.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde_json::Value;

/// One comparison: two functions of one criterion group.
#[derive(Clone, Copy, Debug)]
pub struct Ratio<'a> {
    /// The group, as `seal/160`.
    pub group: &'a str,
    /// The function that is judged.
    pub function: &'a str,
    /// The function that it is divided by.
    pub floor: &'a str,
    /// The largest ratio that is good, if there is one.
    pub most: Option<f64>,
}

/// The table in Markdown, and whether every bound was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// One line for each comparison of which both sides were measured.
    pub text: String,
    /// Whether at least one ratio was measured and none is above its bound.
    pub kept: bool,
}

/// Where criterion puts what it measured: beside the folder for temporary files that cargo names to a bench.
pub fn directory(target_tmpdir: &str) -> PathBuf {
    Path::new(target_tmpdir).with_file_name("criterion")
}

/// Compares what was measured since `begun`; what a filter left out, or an earlier run left behind, is not shown.
///
/// # Errors
/// The file that cannot be read as criterion's, and why.
pub fn compare(directory: &Path, begun: SystemTime, ratios: &[Ratio<'_>]) -> Result<Table, String> {
    let mut text =
        String::from("| frame | | ns | floor, ns | ratio | at most | |\n|---|---|--:|--:|--:|--:|---|\n");
    let (mut measured, mut exceeded) = (0, 0);
    for Ratio { group, function, floor, most } in ratios {
        let (Some(time), Some(floor)) =
            (median(directory, begun, group, function)?, median(directory, begun, group, floor)?)
        else {
            continue;
        };
        let ratio = time / floor;
        let (bound, verdict) = match most {
            Some(most) if ratio > *most => (format!("{most:.1}"), "too slow"),
            Some(most) => (format!("{most:.1}"), "good"),
            None => (String::new(), ""),
        };
        measured += 1;
        exceeded += u32::from(verdict == "too slow");
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {group} | {function} | {time:.0} | {floor:.0} | {ratio:.2} | {bound} | {verdict} |"
        );
    }
    Ok(Table { text, kept: measured > 0 && exceeded == 0 })
}

/// The median of one function in nanoseconds, if it was measured since `begun`.
fn median(directory: &Path, begun: SystemTime, group: &str, function: &str) -> Result<Option<f64>, String> {
    let path = directory.join(group.replace('/', "_")).join(function).join("new/estimates.json");
    let Ok(written) = fs::metadata(&path).and_then(|file| file.modified()) else { return Ok(None) };
    if written < begun {
        return Ok(None);
    }
    let wrong = |what: String| format!("{}: {what}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    let estimates: Value = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let median = estimates["median"]["point_estimate"].as_f64().filter(|median| *median > 0.0);
    median.map(Some).ok_or_else(|| wrong("median.point_estimate is no time".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RATIO: Ratio<'_> = Ratio { group: "seal/160", function: "engine", floor: "floor", most: Some(1.3) };

    /// A folder as criterion leaves it, with these medians of `floor` and `engine`.
    fn run(floor: &str, engine: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for (function, median) in [("floor", floor), ("engine", engine)] {
            let folder = directory.path().join("seal_160").join(function).join("new");
            fs::create_dir_all(&folder).unwrap();
            let text = format!(r#"{{"median":{{"point_estimate":{median}}}}}"#);
            fs::write(folder.join("estimates.json"), text).unwrap();
        }
        directory
    }

    #[test]
    fn a_ratio_within_its_bound_is_good_and_one_above_is_too_slow() {
        let table = compare(run("100.0", "129.0").path(), SystemTime::UNIX_EPOCH, &[RATIO]).unwrap();
        assert!(
            table.kept && table.text.ends_with("| seal/160 | engine | 129 | 100 | 1.29 | 1.3 | good |\n")
        );
        let table = compare(run("100.0", "131.0").path(), SystemTime::UNIX_EPOCH, &[RATIO]).unwrap();
        assert!(!table.kept && table.text.ends_with("| 1.31 | 1.3 | too slow |\n"), "{}", table.text);
    }

    #[test]
    fn what_was_not_measured_in_this_run_is_not_shown_and_nothing_is_kept_by_it() {
        let earlier = run("100.0", "100.0");
        let begun = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 36);
        let table = compare(earlier.path(), begun, &[RATIO]).unwrap();
        assert!(!table.kept && !table.text.contains("seal"));
    }

    #[test]
    fn a_file_that_is_not_criterions_is_named() {
        let error = compare(run("100.0", "\"fast\"").path(), SystemTime::UNIX_EPOCH, &[RATIO]).unwrap_err();
        assert!(error.ends_with("estimates.json: median.point_estimate is no time"), "{error}");
    }
}
