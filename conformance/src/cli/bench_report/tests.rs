//! Claims about the command: what it reads, leaves and prints, and its exit codes.

use std::ffi::OsString;

use super::*;
use crate::{
    cli::execute,
    measured::{
        criterion::tests::{estimates, leave},
        tests::run,
    },
    report::bench::tests::{city, took},
    testing::{self, MadeUp},
};

fn command(arguments: &[&str]) -> (Result<Exit, Failure>, String) {
    let mut out = Vec::new();
    let mut stage = Stage {
        rehearse: &MadeUp::default(),
        registry: || Ok(testing::registry()),
        out: &mut out,
        look: Look { width: 100, colour: false },
    };
    let arguments = ["generalprobe", "bench-report"].iter().chain(arguments).map(OsString::from);
    let end = execute(arguments, &mut stage);
    (end, String::from_utf8(out).unwrap())
}

/// Criterion's home with a bench whose ratio is held against 1.5, and a city.
fn home(ratio: f64) -> (tempfile::TempDir, [String; 2]) {
    let dir = tempfile::tempdir().unwrap();
    run("forward", ratio).save(dir.path()).unwrap();
    leave(dir.path(), "seal/160", "engine", &estimates(1.0, 2.0, 3.0));
    let path = dir.path().join("rehearsed.json");
    fs::write(&path, city("presenter", 30, &took(2.5, 3_000.0, 900))).unwrap();
    let texts = [dir.path().display().to_string(), path.display().to_string()];
    (dir, texts)
}

#[test]
fn a_missed_bound_is_exit_code_1_and_everything_is_left_all_the_same() {
    for (ratio, code, word) in [(1.2, 0, "met"), (1.7, 1, "missed")] {
        let (dir, [home, city]) = home(ratio);
        let (end, out) = command(&["--criterion", &home, "--city", &city]);
        assert_eq!(end.unwrap().code(), code, "{out}");
        assert!(out.contains("audio to 49: engine beside floor") && out.contains(word), "{out}");
        assert!(out.contains("its rehearsal: 10 s simulated, 2.50 simulated s per s"), "{out}");
        let left = |name| fs::read_to_string(dir.path().join("generalprobe").join(name)).unwrap();
        assert!(left(PAGE_FILE).contains("audio to 49: engine beside floor"));
        let report: BenchReport = serde_json::from_str(&left(REPORT_FILE)).unwrap();
        assert_eq!((report.criterion.len(), report.cities.len()), (1, 1));
        assert!(out.contains(PAGE_FILE), "where the page lies is told: {out}");
    }
}

#[test]
fn json_is_all_that_is_printed_and_the_files_lie_where_they_are_asked_for() {
    let (dir, [home, city]) = home(1.2);
    let out_dir = dir.path().join("elsewhere");
    let (end, out) =
        command(&["--criterion", &home, "--city", &city, "--json", "--out", &out_dir.display().to_string()]);
    end.unwrap();
    assert_eq!(fs::read_to_string(out_dir.join(REPORT_FILE)).unwrap(), out);
    assert!(!dir.path().join("generalprobe").join(REPORT_FILE).exists());
}

#[test]
fn an_earlier_report_is_compared_when_it_is_named() {
    let (dir, [home, city]) = home(1.2);
    let earlier = dir.path().join("earlier");
    let arguments = ["--criterion", &home, "--city", &city];
    command(&[&arguments[..], &["--out", &earlier.display().to_string()]].concat()).0.unwrap();
    run("forward", 1.4).save(dir.path()).unwrap();
    let before = earlier.join(REPORT_FILE).display().to_string();
    let (_, out) = command(&[&arguments[..], &["--before", &before]].concat());
    assert!(out.contains("compared with the earlier report"), "{out}");
    assert!(out.contains("forward: audio 49 subscribers: engine: 120 ns -> 140 ns, +16.7 %"), "{out}");
}

#[test]
fn bad_input_names_the_file_or_the_argument_and_leaves_nothing() {
    let (dir, [home, city]) = home(1.2);
    let empty = tempfile::tempdir().unwrap();
    let nothing = empty.path().display().to_string();
    for (arguments, place) in [
        (vec!["--criterion", &nothing, "--city", "none.json"], "none.json"),
        (vec!["--criterion", "nowhere"], "--criterion nowhere"),
        (vec!["--criterion", &home, "--city", &city, "--before", "none.json"], "none.json"),
        (vec!["--criterion", &home, "--node-cores", "0"], "--node-cores"),
        (vec!["--criterion", &home, "--node-load", "101"], "--node-load"),
        (vec!["--criterion", &home, "--node-gbit", "many"], "--node-gbit"),
    ] {
        let (end, out) = command(&arguments);
        let failure = end.unwrap_err();
        assert_eq!(failure.code(), 2, "{arguments:?}");
        assert!(failure.to_string().contains(place), "{arguments:?}: {failure}");
        assert!(out.is_empty() && !dir.path().join("generalprobe").join(PAGE_FILE).exists());
    }
}

#[test]
fn nothing_measured_is_bad_input() {
    let empty = tempfile::tempdir().unwrap();
    // What tests of other commands keep is no concern here.
    let sources = Sources {
        home: empty.path().to_owned(),
        cities: kept(empty.path()).unwrap(),
        before: None,
        node: NodeSize::default(),
    };
    let failure = Failure::from(BenchReport::gather(&sources).unwrap_err());
    assert_eq!(failure.code(), 2);
}

#[test]
fn the_cities_that_were_kept_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(KEPT_DIR);
    fs::create_dir_all(&folder).unwrap();
    for name in ["presenter-30-1500.json", "berlin-30-1500.json", "notes.txt"] {
        fs::write(folder.join(name), "").unwrap();
    }
    let found = kept(dir.path()).unwrap();
    assert_eq!(found, ["berlin-30-1500.json", "presenter-30-1500.json"].map(|name| folder.join(name)));
}
