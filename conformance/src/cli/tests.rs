//! Claims about the commands as a whole, against made-up runs.

mod catalogue;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::*;
use crate::{
    catalogue::Catalogue,
    testing::{self, MadeUp},
};

/// Executes a command line and returns its end and standard output.
fn command(rehearse: &MadeUp, arguments: &[&str]) -> (Result<Exit, Failure>, String) {
    let mut out = Vec::new();
    let mut stage = Stage {
        rehearse,
        registry: || Ok(testing::registry()),
        out: &mut out,
        look: Look { width: 100, colour: false },
    };
    let arguments = std::iter::once("generalprobe").chain(arguments.iter().copied()).map(OsString::from);
    let end = execute(arguments, &mut stage);
    (end, String::from_utf8(out).unwrap())
}

fn broken() -> MadeUp {
    MadeUp { broken: vec![("small", 2)], ..MadeUp::default() }
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }
}

/// All files below a directory, by their path in it.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(dir).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn the_gate_exits_with_its_verdict_and_json_is_all_it_prints() {
    let desk = Desk::new();
    let gate = |seed| {
        let (end, out) = command(&broken(), &["gate", "--seed", seed, "--json", "--out", &desk.text("out")]);
        let object: Value = serde_json::from_str(&out).unwrap();
        (end.unwrap(), object["verdict"].as_str().unwrap().to_owned(), object)
    };
    let (end, verdict, _) = gate("1");
    assert_eq!((end.code(), verdict.as_str()), (0, "pass"));
    let (end, verdict, object) = gate("2");
    assert_eq!((end.code(), verdict.as_str()), (1, "fail"));
    for field in
        ["schema", "verdict", "digest", "seed", "simulated_s", "wall_s", "time_factor", "requirements"]
    {
        assert!(!object[field].is_null(), "{field}");
    }
    assert_eq!(object["requirements"][0]["checks"][0]["replay"], "small@2");
}

#[test]
fn equal_gate_runs_leave_equal_files_whatever_the_number_of_threads() {
    let desk = Desk::new();
    for (dir, jobs) in [("one", "1"), ("four", "4")] {
        let gate = ["gate", "--seeds", "1..9", "--jobs", jobs, "--out", &desk.text(dir)];
        command(&broken(), &gate).0.unwrap();
    }
    for file in ["report.json", "report.html", "summary.md", "junit.xml", "shard.json"] {
        let bytes = |dir: &str| fs::read(desk.path(dir).join(file)).unwrap();
        assert_eq!(bytes("one"), bytes("four"), "{file}");
    }
}

#[test]
fn merged_shards_leave_the_files_and_the_exit_code_of_an_unsplit_gate() {
    let desk = Desk::new();
    let gate = |dir: &str, more: &[&str]| {
        let out = desk.text(dir);
        let arguments = [&["gate", "--profile", "full", "--out", &out], more].concat();
        command(&broken(), &arguments).0.unwrap()
    };
    let whole = gate("whole", &[]);
    for shard in ["1/4", "2/4", "3/4", "4/4"] {
        gate(&shard.replace('/', "-"), &["--shard", shard]);
    }
    let [one, two, three, four] = ["1-4", "2-4", "3-4", "4-4"].map(|dir| desk.text(dir));
    let (end, _) = command(&broken(), &["merge", &four, &three, &one, &two, "--out", &desk.text("merged")]);
    assert_eq!(end.unwrap(), whole);
    let (merged, unsplit) = (files(&desk.path("merged")), files(&desk.path("whole")));
    assert_eq!(merged.keys().collect::<Vec<_>>(), unsplit.keys().collect::<Vec<_>>());
    assert!(unsplit.keys().any(|file| file.starts_with("failures")), "a failed scenario is among the files");
    for (name, bytes) in &unsplit {
        assert_eq!(merged.get(name), Some(bytes), "{}", name.display());
    }
    let (end, _) = command(&broken(), &["merge", &one, &three, &four, "--out", &desk.text("half")]);
    assert!(matches!(end, Err(Failure::BadInput(bad)) if bad.to_string() == "merge: shard 2/4 is missing"));
}

#[test]
fn a_gate_run_that_breaks_off_is_the_harness_failing_and_leaves_no_older_report() {
    let desk = Desk::new();
    let gate = |rehearse: &MadeUp| command(rehearse, &["gate", "--out", &desk.text("out")]).0;
    gate(&MadeUp::default()).unwrap();
    assert!(desk.path("out/report.json").exists());
    let end = gate(&MadeUp { panicking: vec![("weak", 1)], ..MadeUp::default() });
    assert!(matches!(end, Err(Failure::Harness(HarnessError::Run { .. }))));
    assert!(!desk.path("out/report.json").exists());
}

#[test]
fn a_catalogue_that_its_checks_do_not_fit_is_the_harness_failing() {
    let mut stage = Stage {
        rehearse: &MadeUp::default(),
        registry: || Registry::new(Catalogue::embedded()?, &[]),
        out: &mut Vec::new(),
        look: Look { width: 100, colour: false },
    };
    for arguments in [["generalprobe", "gate"], ["generalprobe", "list"]] {
        let end = execute(arguments.map(OsString::from), &mut stage);
        assert!(matches!(end, Err(Failure::Harness(HarnessError::Catalogue(_)))));
    }
}

#[test]
fn malformed_arguments_are_usage_errors_with_exit_code_2() {
    for arguments in [
        &["gate", "--shard", "0/3"][..],
        &["gate", "--seeds", "9..1"],
        &["gate", "--seed", "1", "--seeds", "1..2"],
        &["gate", "--jobs", "0"],
        &["merge", "--out", "x"],
        &["city", "--duration", "5s"],
        &["town"],
    ] {
        let (end, out) = command(&MadeUp::default(), arguments);
        assert!(matches!(&end, Err(Failure::Usage(usage)) if usage.exit_code() == 2), "{arguments:?}");
        assert_eq!(out, "");
    }
}

#[test]
fn a_filter_that_matches_nothing_is_bad_input() {
    let (end, _) = command(&MadeUp::default(), &["gate", "--filter", "XYZ-*"]);
    assert!(matches!(end, Err(Failure::BadInput(_))));
}

#[test]
fn a_replay_of_a_failing_run_fails_in_the_same_way() {
    let (end, out) = command(&broken(), &["replay", "small@2"]);
    assert_eq!(end.unwrap(), Exit::Violated);
    assert!(out.contains("starts refused 0 of seed 2 went astray"), "{out}");
    assert!(out.contains("replay: generalprobe replay small@2"), "{out}");
    assert_eq!(command(&broken(), &["replay", "small@3"]).0.unwrap(), Exit::Holds);
}

#[test]
fn a_run_that_panics_is_the_harness_failing() {
    let rehearse = MadeUp { panicking: vec![("small", 2)], ..MadeUp::default() };
    for arguments in [["replay", "small@2"], ["replay", "dir/small.toml@2"]] {
        let (end, _) = command(&rehearse, &arguments);
        let Err(Failure::Harness(error)) = end else { panic!("it panicked") };
        let expected =
            format!("panicked: the engine lost its way; replay: generalprobe replay {}", arguments[1]);
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_run_of_a_file_is_repeated_from_the_file() {
    let (end, out) = command(&broken(), &["run", "dir/small.toml", "--seed", "2", "--json"]);
    assert_eq!(end.unwrap(), Exit::Violated);
    let object: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(object["replay"], "dir/small.toml@2");
    assert_eq!(object["checks"][0]["replay"], "dir/small.toml@2");
    assert_eq!(object["violations"].as_array().unwrap().len(), 6);
    assert!(matches!(command(&broken(), &["run", "dir/odd.toml"]).0, Err(Failure::BadInput(_))));
}

#[test]
fn list_runs_nothing_and_has_the_contracts_fields() {
    let (end, out) = command(&MadeUp::default(), &["list", "--json"]);
    assert_eq!(end.unwrap(), Exit::Holds);
    let object: Value = serde_json::from_str(&out).unwrap();
    let statuses: Vec<_> = object["requirements"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["status"].as_str().unwrap())
        .collect();
    assert_eq!(statuses, ["not_run", "todo", "not_run", "not_run", "not_run"]);
    assert_eq!(object["requirements"][0]["checks"][0]["status"], "not_run");
}

#[test]
fn explain_names_checks_scenarios_and_what_is_missing() {
    insta::assert_snapshot!(command(&MadeUp::default(), &["explain", "LIC-001"]).1);
    let (_, todo) = command(&MadeUp::default(), &["explain", "CAP-002"]);
    assert!(todo.contains("todo: needs the city"), "{todo}");
    let Err(Failure::BadInput(bad)) = command(&MadeUp::default(), &["explain", "LIC-01"]).0 else {
        panic!("no such row")
    };
    assert!(miette::Diagnostic::help(&bad).unwrap().to_string().contains("the nearest is LIC-001"));
}

#[test]
fn diff_says_what_got_worse_and_names_the_place_in_a_bad_file() {
    let desk = Desk::new();
    for (dir, seed) in [("good", "1"), ("bad", "2")] {
        command(&broken(), &["gate", "--seed", seed, "--out", &desk.text(dir)]).0.unwrap();
    }
    let (good, bad) = (desk.text("good/report.json"), desk.text("bad/report.json"));
    let (end, out) = command(&broken(), &["diff", &good, &bad]);
    assert_eq!(end.unwrap(), Exit::Violated);
    assert!(out.contains("worse     LIC-001: pass to fail"), "{out}");
    assert_eq!(command(&broken(), &["diff", &bad, &good]).0.unwrap(), Exit::Holds);
    fs::write(&bad, "{\n  \"schema\": 1,\n  \"verdict\": \"perhaps\"\n}").unwrap();
    let Err(Failure::BadInput(fault)) = command(&broken(), &["diff", &good, &bad]).0 else {
        panic!("a bad file")
    };
    assert!(fault.to_string().contains("report.json:3: unknown variant `perhaps`"), "{fault}");
}
