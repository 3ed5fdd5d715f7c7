//! Claims about what counts as a difference and how it is told.

use serde_json::{Value, json};

use super::*;

fn lines(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

fn report(parts: &Value) -> SavedReport {
    let mut whole = json!({ "schema": 1, "verdict": "pass", "digest": "00" });
    whole.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    serde_json::from_value(whole).unwrap()
}

fn statuses(rows: &[(&str, &str)]) -> SavedReport {
    let row =
        |(id, status): &(&str, &str)| json!({ "id": id, "level": "MUST", "status": status, "checks": [] });
    report(&json!({ "requirements": rows.iter().map(row).collect::<Vec<_>>() }))
}

fn person(audio: &Value) -> SavedReport {
    report(&json!({ "participants": [{ "name": "Ada", "site": "hall", "audio": audio }] }))
}

#[test]
fn equal_reports_show_no_change() {
    let same = statuses(&[("LIC-001", "pass"), ("CAP-002", "todo")]);
    assert_eq!(Changes::between(&same, &same), Changes::default());
}

#[test]
fn a_requirement_that_held_got_worse_when_it_is_not_shown_to_hold() {
    for status in ["fail", "todo", "not_run"] {
        let changes = Changes::between(&statuses(&[("LIC-001", "pass")]), &statuses(&[("LIC-001", status)]));
        assert_eq!(changes.worse.len(), 1, "{status}");
    }
    let back = Changes::between(&statuses(&[("LIC-001", "fail")]), &statuses(&[("LIC-001", "pass")]));
    assert_eq!((back.worse.len(), lines(&back.better)), (0, vec!["LIC-001: fail to pass".to_owned()]));
}

#[test]
fn hiding_a_failure_is_not_called_better() {
    let changes = Changes::between(&statuses(&[("LIC-001", "fail")]), &statuses(&[("LIC-001", "todo")]));
    assert_eq!(lines(&changes.changed), ["LIC-001: fail to todo"]);
    assert!(changes.better.is_empty());
}

#[test]
fn what_is_only_in_one_report_appeared_or_vanished() {
    let changes = Changes::between(&statuses(&[("LIC-001", "pass")]), &statuses(&[("LIC-002", "pass")]));
    assert_eq!(
        (lines(&changes.appeared), lines(&changes.vanished)),
        (vec!["LIC-002".to_owned()], vec!["LIC-001".to_owned()])
    );
}

#[test]
fn a_figure_is_judged_by_its_sense() {
    let old = person(&json!({ "mos": 4.0, "concealment": 0.02, "echo": 1.0 }));
    let new = person(&json!({ "mos": 3.0, "concealment": 0.01, "echo": 2.0 }));
    let changes = Changes::between(&old, &new);
    assert_eq!(lines(&changes.worse), ["Ada audio.mos: 4 to 3"]);
    assert_eq!(lines(&changes.better), ["Ada audio.concealment: 0.02 to 0.01"]);
    assert_eq!(lines(&changes.changed), ["Ada audio.echo: 1 to 2"]);
}

#[test]
fn any_change_of_a_figure_is_one_however_small() {
    let of = |old: f64, new: f64| {
        let changes = Changes::between(&person(&json!({ "mos": old })), &person(&json!({ "mos": new })));
        (changes.worse.len(), changes.better.len())
    };
    assert_eq!(of(4.0, 4.0), (0, 0));
    assert_eq!(of(4.0, 3.999_999_999_999), (1, 0));
    assert_eq!(of(3.999_999_999_999, 4.0), (0, 1));
}

#[test]
fn a_participant_that_hears_nothing_any_longer_fares_worse() {
    let changes = Changes::between(&person(&json!({ "mos": 4.0 })), &person(&Value::Null));
    assert_eq!(lines(&changes.worse), ["Ada audio.mos: 4 to nothing"]);
    let changes = Changes::between(&person(&Value::Null), &person(&json!({ "mos": 4.0 })));
    assert_eq!(lines(&changes.appeared), ["Ada audio.mos: nothing to 4"]);
    assert!(changes.worse.is_empty());
}

/// A gate report with one run of these participants, each with one figure.
fn gate(digest: &str, total: u64, people: &[(&str, f64)]) -> SavedReport {
    let people: Vec<_> =
        people.iter().map(|(name, mos)| json!({ "name": name, "audio": { "mos": mos } })).collect();
    let run = json!({ "scenario": "small", "seed": 1, "digest": digest, "participants_total": total, "participants": people });
    report(&json!({ "requirements": [], "runs": [run] }))
}

#[test]
fn runs_of_two_gates_are_compared_by_digest_and_by_participant() {
    let changes = Changes::between(
        &gate("aa", 2, &[("Ada", 4.0), ("Ben", 4.0)]),
        &gate("bb", 2, &[("Ada", 3.5), ("Cleo", 4.0)]),
    );
    assert_eq!(lines(&changes.changed), ["small@1 digest: aa to bb"]);
    assert_eq!(lines(&changes.worse), ["small@1 Ada audio.mos: 4 to 3.5"]);
    assert_eq!(lines(&changes.vanished), ["small@1 Ben"]);
    assert_eq!(lines(&changes.appeared), ["small@1 Cleo"]);
}

#[test]
fn who_is_not_listed_in_a_large_run_has_not_gone() {
    let changes =
        Changes::between(&gate("aa", 2, &[("Ada", 4.0), ("Ben", 4.0)]), &gate("aa", 2, &[("Ben", 4.0)]));
    assert!(changes.is_empty(), "{changes:?}");
}

#[test]
fn a_figure_that_moved_for_many_is_told_for_those_for_whom_it_moved_most() {
    let names: Vec<String> = (0..9).map(|n| format!("P{n}")).collect();
    let people = |step: f64| -> Vec<(&str, f64)> {
        names.iter().enumerate().map(|(n, name)| (name.as_str(), 4.0 - step * n as f64)).collect()
    };
    let changes = Changes::between(&gate("aa", 9, &people(0.0)), &gate("aa", 9, &people(0.1)));
    let mut out = Vec::new();
    changes.write(&mut out).unwrap();
    let told = String::from_utf8(out).unwrap();
    assert_eq!(told.lines().count(), 5, "{told}");
    assert!(told.starts_with("worse     small@1 P8 audio.mos: 4 to 3.2\n"), "{told}");
    assert!(told.contains("worse     and audio.mos of 5 more in small@1\n8 worse"), "{told}");
}
