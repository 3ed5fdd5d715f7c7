//! Owns what a scenario has happen beyond people entering: its steps and faults, in its file's own words.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sim::scenario::Scenario;

use super::EVENTS_LISTED_MAX;

/// A step of somebody, or a fault of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventSummary {
    /// When it happens or begins, in milliseconds of the run.
    pub at_ms: u64,
    /// When a fault is over; absent for a step, and for a fault that stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<u64>,
    /// Where a fault is: the name of one site or of an entry of several; absent for a step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// What happens, for instance `anna: set-mode, mode presenter`.
    pub what: String,
}

/// How many steps and faults the scenario's file has, and the first of them in order of time.
pub(super) fn of(scenario: &Scenario) -> (u64, Vec<EventSummary>) {
    let file = scenario.file();
    let millis = |duration: std::time::Duration| duration.as_millis() as u64;
    let steps = file.steps.iter().map(|entry| {
        let mut fields = fields(entry);
        let (who, verb) = (take(&mut fields, "who"), take(&mut fields, "do"));
        EventSummary {
            at_ms: millis(entry.at.0),
            until_ms: None,
            site: None,
            what: [format!("{who}: {verb}"), rest(&fields)].join(""),
        }
    });
    let faults = file.faults.iter().map(|entry| {
        let mut fields = fields(entry);
        let (site, way) = (take(&mut fields, "site"), take(&mut fields, "direction"));
        let at_ms = millis(entry.at.0);
        EventSummary {
            at_ms,
            until_ms: entry.duration.as_ref().map(|duration| at_ms + millis(duration.0)),
            site: Some(site.clone()),
            what: [format!("link of {site}, {way}"), rest(&fields)].join(""),
        }
    });
    let mut events: Vec<_> = steps.chain(faults).collect();
    events.sort_by_key(|event| event.at_ms);
    let total = events.len() as u64;
    events.truncate(EVENTS_LISTED_MAX);
    (total, events)
}

/// The fields of an entry that say something, without its time.
fn fields(entry: &impl Serialize) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(entry) else { return Map::new() };
    fields.retain(|name, value| !value.is_null() && name != "at" && name != "duration");
    fields
}

fn take(fields: &mut Map<String, Value>, name: &str) -> String {
    fields.remove(name).as_ref().map(plain).unwrap_or_default()
}

fn rest(fields: &Map<String, Value>) -> String {
    let told =
        |(name, value): (&String, &Value)| [", ", &name.replace('_', " "), " ", &plain(value)].concat();
    fields.iter().map(told).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(" and "),
        Value::Object(fields) => rest(fields).trim_start_matches(", ").to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
