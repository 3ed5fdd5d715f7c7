//! Claims about the forms of a report. Values that a rule decides are asserted; layouts are snapshots.

use std::num::NonZero;

use super::*;
use crate::{
    gate::{conclude, decide},
    perform::perform,
    plan::Selection,
    report::{
        junit::to_junit,
        output::to_json,
        terminal::{Look, write_gate},
    },
    testing::{MadeUp, registry},
};

pub(super) fn report(rehearse: &MadeUp) -> GateReport {
    let registry = registry();
    let plan = Plan::new(&registry, Selection { seeds: vec![1, 2], ..Selection::default() }).unwrap();
    let records = perform(plan.items(), plan.checks(), rehearse, NonZero::<usize>::MIN, |_| {}).unwrap();
    let decision = decide(&registry, &conclude(&plan, &records));
    GateReport::new(&plan, &records, Shard::WHOLE, &decision)
}

fn failing() -> GateReport {
    report(&MadeUp { broken: vec![("small", 1), ("small", 2)], ..MadeUp::default() })
}

fn terminal(report: &GateReport, colour: bool) -> String {
    let mut out = Vec::new();
    write_gate(&mut out, report, Look { width: 80, colour }).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_terminal_shows_every_requirement_what_failed_and_how_to_repeat_it() {
    insta::assert_snapshot!(terminal(&failing().timed(Duration::from_millis(1500)), false));
}

#[test]
fn the_json_object_has_the_contracts_fields() {
    insta::assert_snapshot!(to_json(&failing().timed(Duration::from_millis(1500))).unwrap());
}

#[test]
fn the_junit_form_tells_each_check_once() {
    insta::assert_snapshot!(to_junit(&failing()).unwrap());
}

#[test]
fn wall_clock_values_stand_only_in_a_timed_report() {
    let untimed = to_json(&failing()).unwrap();
    assert!(!untimed.contains("wall_s") && !untimed.contains("time_factor"));
}

#[test]
fn no_line_is_wider_than_the_terminal_and_colour_is_only_paint() {
    let mut passing = report(&MadeUp::default());
    passing.requirements[0].statement = "Ein Satz, der für achtzig Zeichen viel zu lang ist. ".repeat(3);
    let plain = terminal(&passing, false);
    assert!(plain.lines().all(|line| line.chars().count() <= 80), "{plain}");
    assert!(!plain.contains('\u{1b}'));
    let coloured = terminal(&passing, true);
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(console::strip_ansi_codes(&coloured), plain);
}

/// Words that look like a key, a token or an address: 24 hexadecimal digits and more that are no digest of the report, and
/// four numbers with dots between them.
fn secrets<'a>(text: &'a str, digests: &[String]) -> Vec<&'a str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != ':');
    let is_hex = |word: &&str| word.len() >= 24 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_address = |word: &&str| {
        let parts: Vec<&str> = word.split('.').collect();
        parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok())
    };
    words
        .filter(|word| (is_hex(word) && !digests.iter().any(|digest| digest == word)) || is_address(word))
        .collect()
}

#[test]
fn no_report_holds_a_key_a_token_or_an_address() {
    let dir = tempfile::tempdir().unwrap();
    let mut stage = crate::cli::Stage {
        rehearse: &crate::rehearsal::Simulation::default(),
        registry: crate::registry::Registry::embedded,
        out: &mut Vec::new(),
        look: Look { width: 100, colour: false },
    };
    // Links are guessed, revoked and forged in these runs, and the sabotage has violations told of.
    let gate = ["generalprobe", "gate", "--filter", "bad-links-*", "--sabotage", "open-door", "--out"];
    let out = dir.path().display().to_string();
    crate::cli::execute(gate.iter().copied().chain([out.as_str()]).map(Into::into), &mut stage).unwrap();
    let read = |file: &str| std::fs::read_to_string(dir.path().join(file)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&read("report.json")).unwrap();
    let runs = report["runs"].as_array().unwrap().iter().chain([&report]);
    let digests: Vec<String> = runs.map(|run| run["digest"].as_str().unwrap().to_owned()).collect();
    assert!(digests.len() > 1);
    for file in ["report.html", "report.json", "summary.md", "junit.xml"] {
        assert_eq!(secrets(&read(file), &digests), Vec::<&str>::new(), "{file}");
    }
    let planted = "the token 00112233445566778899aabbccddeeff came from 10.11.12.13";
    assert_eq!(secrets(planted, &digests).len(), 2, "a secret is told from a digest");
}
