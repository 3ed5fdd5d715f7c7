//! Claims about the program itself: exit codes and which stream gets what. What commands answer is claimed inside the
//! crate, against made-up runs.

use std::{
    fs,
    process::{Command, Output},
};

use crate::tidy;

pub(crate) fn generalprobe(arguments: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("list.json"), "[]").unwrap();
    Command::new(env!("CARGO_BIN_EXE_generalprobe"))
        .args(arguments)
        .current_dir(dir.path())
        .env_remove("CLICOLOR_FORCE")
        .output()
        .unwrap()
}

#[test]
fn bad_input_exits_with_2_names_the_place_on_standard_error_and_prints_nothing() {
    for (arguments, place) in [
        (&["gate", "--shard", "3/2"][..], "--shard"),
        (&["diff", "none.json", "none.json"], "none.json"),
        (&["diff", "list.json", "list.json"], "list.json:1"),
        (&["replay", "no-seed"], "no-seed"),
        (&["replay", "no-such-scenario@1"], "no-such-scenario"),
        (&["rehearse"], "rehearse"),
        (&["city", "--mix", "carnival"], "carnival"),
        (&["city", "--duration", "5s"], "--duration"),
        (&["city", "none.toml"], "none.toml"),
        (&["bench-report", "--criterion", "."], "nothing was measured"),
        (&["bench-report", "--criterion", "nowhere"], "nowhere"),
        (&["bench-report", "--criterion", ".", "--city", "list.json"], "list.json:1"),
        (&["city", "--conferences", "3"], "--conferences"),
        (&["city", "--conferences", "2000", "--participants", "1000"], "2000000 people"),
    ] {
        let output = generalprobe(arguments);
        let complaint = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {complaint}");
        assert!(complaint.contains(place), "{arguments:?}: {complaint}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn help_is_no_failure_and_goes_to_standard_output() {
    let output = generalprobe(&["gate", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8(output.stdout).unwrap().contains("--shard <I/N|array>"));
    assert!(output.stderr.is_empty());
}

/// A scenario of the project, by its place in the tree.
fn fixture(name: &str) -> String {
    format!("{}/../fixtures/scenarios/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

fn digest(arguments: &[&str]) -> String {
    let output = generalprobe(arguments);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    object["digest"].as_str().unwrap().to_owned()
}

#[test]
fn two_processes_run_a_scenario_alike_and_another_seed_otherwise() {
    let scenario = fixture("lobby");
    let run = |seed| digest(&["run", &scenario, "--json", "--seed", seed]);
    assert_eq!(run("7"), run("7"));
    assert_ne!(run("7"), run("8"));
}

#[test]
fn a_city_is_the_same_on_one_thread_and_on_two_and_leaves_equal_files() {
    let dir = tempfile::tempdir().unwrap();
    let rehearse = |threads: &str| {
        let out = dir.path().join(threads);
        let arguments =
            ["city", "--conferences", "8", "--participants", "4", "--duration", "12s", "--mix", "berlin"];
        let arguments =
            [&arguments[..], &["--json", "--threads", threads, "--out", out.to_str().unwrap()]].concat();
        let output = generalprobe(&arguments);
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", object["violations"]);
        assert_eq!(
            (&object["threads"], &object["participants"]),
            (&threads.parse::<u64>().unwrap().into(), &32.into())
        );
        assert!(object["time_factor"].as_f64().unwrap() > 0.0);
        ["city.json", "city.html"].map(|file| fs::read_to_string(out.join(file)).unwrap())
    };
    let (one, two) = (rehearse("1"), rehearse("2"));
    assert_eq!(one, two);
    assert!(!one[0].contains("wall_s") && one[1].contains("Tempelhof"));
}

#[test]
fn a_city_keeps_what_it_took_and_a_report_on_benches_finds_it_and_names_every_bench_that_did_not_run() {
    let dir = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_generalprobe");
        Command::new(program).args(arguments).current_dir(dir.path()).output().unwrap()
    };
    command(&["city", "--conferences", "4", "--participants", "3", "--duration", "10s"]);
    let output = command(&["bench-report", "--criterion", ".", "--json"]);
    assert_eq!(output.status.code(), Some(1), "no ratio was held against a bound");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let city = &report["cities"][0];
    assert_eq!((&city["mix"], &city["participants"]), (&"presenter".into(), &12.into()));
    assert!(city["time_factor"].as_f64().unwrap() > 0.0 && city["machine"]["platform"].is_string(), "{city}");
    assert!(report["needs"][0]["packets_per_s"]["value"].as_f64().unwrap() > 0.0);
    for bench in
        tidy::benches().into_iter().filter(|bench| !["mls", "instructions", "summary"].contains(&&**bench))
    {
        let missing = report["not_measured"].as_array().unwrap();
        let named = format!("bench {bench}: ");
        assert!(
            missing.iter().any(|line| line.as_str().unwrap().starts_with(&named)),
            "{bench}: {missing:?}"
        );
    }
}

#[test]
fn a_scenario_with_a_wrong_field_exits_with_2_and_names_the_line() {
    let text = fs::read_to_string(fixture("lobby")).unwrap();
    let line = text.lines().position(|line| line.starts_with("microphone")).unwrap() + 1;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wrong.toml");
    fs::write(&path, text.replacen("microphone", "microfone", 1)).unwrap();
    let output = generalprobe(&["run", &path.display().to_string()]);
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{complaint}");
    assert!(
        complaint.contains(&format!("wrong.toml:{line}")) && complaint.contains("microfone"),
        "{complaint}"
    );
}

#[test]
fn four_shards_of_real_runs_merge_into_the_report_of_an_unsplit_gate() {
    let dir = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_generalprobe");
        let output = Command::new(program).args(arguments).current_dir(dir.path()).output().unwrap();
        output.status.code()
    };
    let gate = ["gate", "--filter", "{JOIN-007,E2E-004,LIC-003,E2E-001}", "--seeds", "1..3", "--out"];
    // A sabotage, so that violations and what they leave are joined, too.
    let broken = ["--sabotage", "leaky-lobby"];
    let whole = command(&[&gate[..], &["whole"], &broken].concat());
    assert_eq!(whole, Some(1));
    let shards = ["1/4", "2/4", "3/4", "4/4"];
    for shard in shards {
        command(&[&gate[..], &[&shard.replace('/', "-"), "--shard", shard], &broken].concat());
    }
    assert_eq!(command(&["merge", "4-4", "2-4", "1-4", "3-4", "--out", "merged"]), whole);
    for file in ["report.json", "junit.xml", "shard.json", "failures/lobby-1.toml"] {
        let bytes = |from: &str| fs::read(dir.path().join(from).join(file)).unwrap();
        assert_eq!(bytes("merged"), bytes("whole"), "{file}");
    }
}

#[test]
fn a_failing_gate_prints_a_line_that_shows_the_same_failure_and_writes_a_capture() {
    let dir = tempfile::tempdir().unwrap();
    let command = |arguments: &[&str]| {
        let program = env!("CARGO_BIN_EXE_generalprobe");
        Command::new(program).args(arguments).current_dir(dir.path()).output().unwrap()
    };
    let gate = command(&["gate", "--filter", "E2E-003", "--seed", "1", "--sabotage", "plaintext"]);
    let told = String::from_utf8(gate.stdout).unwrap();
    assert_eq!(gate.status.code(), Some(1), "{told}");
    let line =
        told.lines().find_map(|line| line.trim().strip_prefix("replay: generalprobe replay ")).unwrap();
    let replay = command(&["replay", line]);
    let told = String::from_utf8(replay.stdout).unwrap();
    assert_eq!(replay.status.code(), Some(1), "{told}");
    assert!(told.contains("the-marker-is-nowhere-on-the-wire"), "{told}");
    let name = line.split_once('+').unwrap().0.replace('@', "-");
    let capture = fs::read(dir.path().join(format!("rehearsal/{name}.pcapng"))).unwrap();
    // Section header block of pcapng.
    assert_eq!(capture[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    assert!(dir.path().join(format!("rehearsal/failures/{name}.toml")).exists());
}
