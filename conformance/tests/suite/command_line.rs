//! Claims about the program itself: exit codes and which stream gets what. What commands answer is claimed inside the
//! crate, against made-up runs.

use std::{
    fs,
    process::{Command, Output},
};

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
    assert!(String::from_utf8(output.stdout).unwrap().contains("--shard <I/N>"));
    assert!(output.stderr.is_empty());
}
