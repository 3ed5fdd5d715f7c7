//! Claims about the catalogue as the command line shows it: rules that stop every command with exit code 3, the
//! evidence of the last run, and what a release candidate needs.

use super::*;
use crate::check::Check;

const ROW: &str = r#"[[requirement]]
id = "LIC-001"
level = "MUST"
statement = "A licence starts a conference."
source = "brief 2"
status = "checked"
"#;

/// The exit code and the complaint of a command that is given this registry.
fn refused(registry: fn() -> Result<Registry, HarnessError>, arguments: &[&str]) -> (u8, String) {
    let mut stage = Stage {
        rehearse: &MadeUp::default(),
        registry,
        out: &mut Vec::new(),
        look: Look { width: 100, colour: false },
    };
    let arguments = std::iter::once("generalprobe").chain(arguments.iter().copied()).map(OsString::from);
    let failure = execute(arguments, &mut stage).unwrap_err();
    (failure.code(), failure.to_string())
}

/// What all commands that judge say of a registry.
fn every_command_says(registry: fn() -> Result<Registry, HarnessError>, complaint: &str) {
    for arguments in [&["gate"][..], &["list"], &["explain", "LIC-001"], &["replay", "small@1"]] {
        let (code, told) = refused(registry, arguments);
        assert_eq!(code, 3, "{arguments:?}: {told}");
        assert!(told.contains(complaint), "{arguments:?}: {told}");
    }
}

#[test]
fn an_unknown_id_in_a_check_stops_every_command() {
    static STRAY: Check = Check { requirements: &["LIC-999"], ..testing::CHECKS[0] };
    every_command_says(
        || Registry::new(testing::catalogue(), std::slice::from_ref(&STRAY)),
        "check `only-holders-start`: LIC-999 is named, but there is no such requirement; the nearest is LIC-001 at \
         fixtures/requirements/lic.toml:2",
    );
}

#[test]
fn a_must_without_a_check_that_is_not_todo_stops_every_command() {
    every_command_says(
        || Registry::new(testing::catalogue(), &[]),
        "fixtures/requirements/lic.toml:2: LIC-001: a MUST row is marked as checked, but no check names it",
    );
}

#[test]
fn an_exception_without_a_reason_stops_every_command() {
    fn with_status(status: &str) -> Result<Registry, HarnessError> {
        let text = ROW.replace("checked", status);
        Registry::new(Catalogue::from_files(&[("lic.toml", &text)])?, &[])
    }
    every_command_says(
        || with_status("todo"),
        "fixtures/requirements/lic.toml:2: LIC-001: todo without a reason",
    );
    every_command_says(
        || with_status("withdrawn"),
        "fixtures/requirements/lic.toml:2: LIC-001: withdrawn without a reason",
    );
}

#[test]
fn a_check_of_a_withdrawn_row_stops_every_command() {
    fn withdrawn() -> Result<Registry, HarnessError> {
        let text = ROW.replace("\"checked\"", "\"withdrawn\"\nreason = \"the contract says otherwise\"");
        Registry::new(Catalogue::from_files(&[("lic.toml", &text)])?, &testing::REGISTERED[..1])
    }
    every_command_says(
        withdrawn,
        "fixtures/requirements/lic.toml:2: LIC-001: it is withdrawn, yet it has this check",
    );
}

#[test]
fn a_check_without_a_proof_that_it_can_fail_stops_every_command() {
    fn unproven() -> Result<Registry, HarnessError> {
        let text = ROW.replace("LIC", "E2E");
        Registry::new(Catalogue::from_files(&[("e2e.toml", &text)])?, &testing::UNPROVEN)
    }
    every_command_says(unproven, "check `vectors-pass`: no proof shows that it can fail");
}

#[test]
fn list_shows_the_evidence_of_the_last_run_for_every_row_that_is_not_todo() {
    let desk = Desk::new();
    let out = desk.text("out");
    command(&broken(), &["gate", "--seed", "2", "--out", &out]).0.unwrap();
    let (end, told) = command(&broken(), &["list", "--json", "--out", &out]);
    assert_eq!(end.unwrap(), Exit::Holds);
    let object: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((object["verdict"].as_str(), object["seed"].as_u64()), (Some("fail"), Some(2)));
    for row in object["requirements"].as_array().unwrap() {
        let todo = row["status"] == "todo";
        let checks = row["checks"].as_array().unwrap();
        assert_eq!(checks.is_empty(), todo, "{row}");
        assert!(checks.iter().all(|check| check["examined"].as_u64() > Some(0)), "{row}");
        assert!(checks.iter().all(|check| !check["evidence"].as_str().unwrap().is_empty()), "{row}");
    }
    assert_eq!(object["requirements"][0]["status"], "fail");
    assert_eq!(object["requirements"][0]["checks"][0]["scenarios"][0], "small");
    let (_, text) = command(&broken(), &["list", "--out", &out]);
    assert!(text.contains("only-holders-start (3 examined): 2 starts refused"), "{text}");
    assert!(text.contains("report.json: fail, digest"), "{text}");
    let (_, text) = command(&broken(), &["explain", "LIC-001", "--out", &out]);
    assert!(text.contains("judges small") && text.contains("last gate run: fail"), "{text}");
}

#[test]
fn a_row_whose_check_the_last_run_did_not_know_is_not_shown_as_held() {
    let desk = Desk::new();
    command(&MadeUp::default(), &["gate", "--out", &desk.text("out")]).0.unwrap();
    let path = desk.path("out/report.json");
    let text = fs::read_to_string(&path).unwrap().replace("packets-are-conserved", "packets-were-conserved");
    fs::write(&path, text).unwrap();
    let (_, told) = command(&MadeUp::default(), &["list", "--json", "--out", &desk.text("out")]);
    let object: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(object["requirements"][0]["status"], "not_run", "one of its two checks has no evidence");
    assert_eq!(object["requirements"][2]["status"], "pass");
}

#[test]
fn a_todo_must_fails_a_release_candidate_and_is_named_and_the_ordinary_gate_passes() {
    let desk = Desk::new();
    let out = desk.text("out");
    let (end, told) = command(&MadeUp::default(), &["gate", "--out", &out]);
    assert_eq!(end.unwrap(), Exit::Holds);
    assert!(told.contains("1 MUST rows are not shown to hold; as a release candidate"), "{told}");
    let (end, told) = command(&MadeUp::default(), &["gate", "--release-candidate", "--out", &out]);
    assert_eq!(end.unwrap().code(), 1);
    assert!(told.contains("keep this release from going out:\n  CAP-002\n"), "{told}");
    let (end, told) = command(&MadeUp::default(), &["gate", "--release-candidate", "--json", "--out", &out]);
    assert_eq!(end.unwrap().code(), 1);
    let object: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (object["verdict"].as_str(), object["release_candidate"].as_bool()),
        (Some("fail"), Some(true))
    );
    assert_eq!(object["open"], serde_json::json!(["CAP-002"]));
}

#[test]
fn a_must_that_was_not_run_fails_a_release_candidate() {
    let desk = Desk::new();
    let gate = ["gate", "--release-candidate", "--filter", "NET-*", "--out", &desk.text("out")];
    let (end, told) = command(&MadeUp::default(), &gate);
    assert_eq!(end.unwrap().code(), 1);
    assert!(told.contains("LIC-001 CAP-002 E2E-001 FWD-007"), "{told}");
}

#[test]
fn a_release_whose_every_must_holds_goes_out_and_shards_leave_the_decision_to_the_merge() {
    static ONE: Check = Check { scenarios: &["small"], ..testing::CHECKS[3] };
    fn complete() -> Result<Registry, HarnessError> {
        let (lic, fwd) = (ROW.to_owned(), ROW.replace("LIC-001", "FWD-007"));
        let catalogue = Catalogue::from_files(&[("lic.toml", &lic), ("fwd.toml", &fwd)])?;
        Registry::new(catalogue, std::slice::from_ref(&ONE))
    }
    let desk = Desk::new();
    let code = |registry: fn() -> Result<Registry, HarnessError>, arguments: &[&str]| {
        let look = Look { width: 100, colour: false };
        let mut stage = Stage { rehearse: &MadeUp::default(), registry, out: &mut Vec::new(), look };
        let arguments = std::iter::once("generalprobe").chain(arguments.iter().copied()).map(OsString::from);
        execute(arguments, &mut stage).unwrap().code()
    };
    for (registry, expected) in [(complete as fn() -> _, 0), (|| Ok(testing::registry()), 1)] {
        let gate = ["gate", "--seeds", "1..3", "--release-candidate", "--out"];
        assert_eq!(code(registry, &[&gate[..], &[&desk.text("whole")]].concat()), expected);
        let (one, two) = (desk.text("one"), desk.text("two"));
        for (shard, dir) in [("1/2", &one), ("2/2", &two)] {
            assert_eq!(code(registry, &[&gate[..], &[dir, "--shard", shard]].concat()), 0);
        }
        assert_eq!(code(registry, &["merge", &one, &two, "--out", &desk.text("merged")]), expected);
    }
}
