//! Claims about the schema: the committed file is the types', and real reports are as it says. The validator here knows
//! exactly the keywords that the schema uses and fails on any other, so that nothing goes unchecked.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};

use super::*;
use crate::{
    cli::{Stage, execute},
    registry::Registry,
    rehearsal::{Settings, Simulation},
    report::terminal::Look,
};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/report.schema.json");

#[test]
fn the_committed_schema_is_that_of_the_types() {
    let made = report_schema_json();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(FILE, &made).unwrap();
    }
    let committed = fs::read_to_string(FILE).unwrap();
    assert!(committed == made, "run UPDATE_SCHEMA=1 cargo test -p conformance schema");
}

/// What a command prints with `--json`, of real runs.
fn printed(arguments: &[&str]) -> Value {
    let mut out = Vec::new();
    let mut stage = Stage {
        rehearse: &Simulation::new(Settings::default()),
        registry: Registry::embedded,
        out: &mut out,
        look: Look { width: 100, colour: false },
    };
    execute(std::iter::once("generalprobe").chain(arguments.iter().copied()).map(Into::into), &mut stage)
        .unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn faults(value: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(&report_schema_json()).unwrap();
    let mut faults = Vec::new();
    Validator { root: &schema }.check(&schema, value, "$", &mut faults);
    faults
}

#[test]
fn a_gate_report_of_real_runs_is_as_the_schema_says() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().display().to_string();
    let gate = [
        "gate",
        "--json",
        "--filter",
        "{bad-links-*,late-joiners-*}",
        "--sabotage",
        "audience-speaks",
        "--out",
        &out,
    ];
    let report = printed(&gate);
    assert!(report["runs"][0]["participants"][0]["audio"].is_object(), "the comparison covers participants");
    assert_eq!(faults(&report), Vec::<String>::new());
    let file = fs::read_to_string(dir.path().join("report.json")).unwrap();
    assert_eq!(faults(&serde_json::from_str(&file).unwrap()), Vec::<String>::new());
    // And reports that are not so are told from it.
    for (pointer, wrong) in [
        ("/verdict", json!("perhaps")),
        ("/digest", json!(7)),
        ("/runs/0/seed", json!(-1)),
        ("/runs/0/participants/0/audio/mos", json!("good")),
        ("/requirements/0/checks", Value::Null),
    ] {
        let mut broken = report.clone();
        *broken.pointer_mut(pointer).unwrap() = wrong;
        assert!(!faults(&broken).is_empty(), "{pointer}");
        let mut missing = report.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        missing.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name);
        assert!(!faults(&missing).is_empty(), "without {pointer}");
    }
}

#[test]
fn a_run_report_is_as_the_schema_says() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios/lobby.toml");
    let report = printed(&["run", &fixture.display().to_string(), "--json"]);
    assert_eq!(faults(&report), Vec::<String>::new());
}

#[test]
fn a_plan_is_as_the_schema_says_and_can_be_read_back() {
    let report = crate::planner::tests::report();
    let value = serde_json::to_value(&report).unwrap();
    assert_eq!(faults(&value), Vec::<String>::new());
    let read: crate::report::plan::PlanReport = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), value);
    for pointer in ["/sites/0/carries/discussion", "/sites/0/bottleneck", "/sites/1/upgrade/up_kbps"] {
        let mut missing = value.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        missing.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        assert!(!faults(&missing).is_empty(), "without {pointer}");
    }
}

#[test]
fn a_report_on_benches_is_as_the_schema_says() {
    let value = serde_json::to_value(crate::report::bench::tests::whole_report()).unwrap();
    assert!(value["comparison"].is_object() && value["needs"][0]["cores"].is_object());
    assert_eq!(faults(&value), Vec::<String>::new());
    for pointer in ["/benches/0/costs/0/ns/value", "/cities/0/digest", "/needs/0/packets_per_s/formula"] {
        let mut missing = value.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        missing.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        assert!(!faults(&missing).is_empty(), "without {pointer}");
    }
}

struct Validator<'a> {
    root: &'a Value,
}

impl Validator<'_> {
    fn check(&self, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let Some(schema) = schema.as_object() else {
            assert_eq!(schema, &Value::Bool(true), "{at}: a schema is an object or lets everything pass");
            return;
        };
        for (keyword, rule) in schema {
            self.apply(keyword, rule, value, at, faults);
        }
        check_for_strangers(schema, value, at, faults);
    }

    fn apply(&self, keyword: &str, rule: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let holds = match keyword {
            "$schema" | "$defs" | "title" | "description" | "format" | "default" => true,
            "$ref" => {
                let target = self.root.pointer(rule.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                self.check(target, value, at, faults);
                true
            }
            "type" => {
                let names = rule.as_array().map_or(std::slice::from_ref(rule), Vec::as_slice);
                names.iter().any(|name| is_of(value, name.as_str().unwrap()))
            }
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= rule.as_u64().unwrap()),
            "required" => value.as_object().is_none_or(|object| {
                rule.as_array().unwrap().iter().all(|name| object.contains_key(name.as_str().unwrap()))
            }),
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.check(rule, item, &format!("{at}[{index}]"), faults);
                }
                true
            }
            "prefixItems" => {
                for (rule, item) in
                    rule.as_array().unwrap().iter().zip(value.as_array().into_iter().flatten())
                {
                    self.check(rule, item, at, faults);
                }
                true
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        self.check(rule, value, &format!("{at}.{name}"), faults);
                    }
                }
                true
            }
            "anyOf" => self.passing(rule, value, at) >= 1,
            "oneOf" => self.passing(rule, value, at) == 1,
            other => panic!("{at}: this validator does not know the keyword {other}"),
        };
        if !holds {
            faults.push(format!("{at}: {keyword} {rule} does not hold for {value}"));
        }
    }

    fn passing(&self, choices: &Value, value: &Value, at: &str) -> usize {
        let passes = |choice: &&Value| {
            let mut faults = Vec::new();
            self.check(choice, value, at, &mut faults);
            faults.is_empty()
        };
        choices.as_array().unwrap().iter().filter(passes).count()
    }
}

/// A field that the schema does not describe: readers may let it pass, this project describes all it writes.
fn check_for_strangers(schema: &Map<String, Value>, value: &Value, at: &str, faults: &mut Vec<String>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    let unknown = value.as_object().into_iter().flatten().filter(|(name, _)| !properties.contains_key(*name));
    faults.extend(unknown.map(|(name, _)| format!("{at}.{name} is not described")));
}

fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "string" => value.is_string(),
        other => panic!("there is no type {other}"),
    }
}
