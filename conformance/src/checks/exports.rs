//! Owns the search of everything that a run leaves for secrets (SEC-005): the export of datagrams, what reports hold, the
//! scenario file of a replay, and what the engine says of itself. The names in them are those of the scenario file.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use media_core::signalling::ClientMessage;
use rand_core::Rng;
use serde_json::Value;
use sim::{
    endpoint::{Marker, conference_secrets, credential},
    run::Run,
    seed::Seed,
};

use crate::{
    check::{Check, Judge},
    evidence::Findings,
    perform::RunRecord,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
    replay::ReplayToken,
};

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[Check {
    name: "nothing-that-is-left-holds-a-secret",
    requirements: &["SEC-005"],
    scenarios: &["lobby", "presenter"],
    judge: Judge::Compare(searched),
}];

/// Runs it once more with all datagrams kept, exports everything, and searches.
fn searched(run: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let settings = Settings { sabotage: run.run().sabotage, keep_packets: true, ..Settings::default() };
    let rehearse = rehearse.with_settings(settings);
    let kept = rehearse.fixture(&run.scenario, run.seed)?;
    let file = rehearse.scenario_file(&run.scenario, run.seed);
    let fault = |what: &dyn std::fmt::Display| HarnessError::Run {
        scenario: run.scenario.clone(),
        seed: run.seed,
        reason: what.to_string(),
    };
    let mut capture = Vec::new();
    kept.run().write_capture(&mut capture).map_err(|error| fault(&error))?;
    let report = serde_json::to_vec(&RunRecord::of(&kept, &[])).map_err(|error| fault(&error))?;
    let token = ReplayToken::Fixture { scenario: run.scenario.clone(), seed: run.seed, sabotage: None };
    let line = token.to_string();
    let said = format!("{:?}{:?}", kept.run().server.events, kept.run().observations);
    let left: [(&str, &[u8]); 5] = [
        ("the export of datagrams", &capture),
        ("the report", &report),
        ("the scenario file", file.as_deref().unwrap_or_default().as_bytes()),
        ("the replay line", line.as_bytes()),
        ("what was logged", said.as_bytes()),
    ];
    Ok(search(&secrets(kept.run()), &left))
}

/// Everything of a run that nobody may read later, in the forms in which it might be written.
fn secrets(run: &Run) -> BTreeSet<Vec<u8>> {
    let seed = Seed::new(run.seed);
    let mut secrets: BTreeSet<Vec<u8>> = BTreeSet::new();
    let mut add = |bytes: &[u8]| {
        secrets.insert(bytes.to_vec());
        secrets.insert(hex::encode(bytes).into_bytes());
        secrets.insert(format!("{bytes:?}").into_bytes());
    };
    for secret in conference_secrets(&run.scenario, seed) {
        add(&secret);
    }
    for holder in run.scenario.people.iter().filter_map(|person| person.holder) {
        add(credential(seed, holder.0).expose());
    }
    let mut marker: Marker = Marker::default();
    seed.stream("marker").fill_bytes(&mut marker);
    add(&marker);
    // Tokens of links and stays are whatever passed as one in signalling: 32 hexadecimal digits.
    let tap = &run.server.tap;
    let requests = tap
        .requests
        .iter()
        .map(|seen| ClientMessage { request: seen.request, body: seen.body.clone() }.encode());
    for message in requests.chain(tap.messages.iter().map(|seen| seen.body.encode())) {
        let mut tokens = Vec::new();
        let message = serde_json::from_slice(&message).unwrap_or_default();
        collect_tokens(&message, &mut tokens);
        tokens.iter().filter_map(|token| hex::decode(token).ok()).for_each(|token| add(&token));
    }
    secrets
}

fn collect_tokens<'a>(value: &'a Value, tokens: &mut Vec<&'a str>) {
    match value {
        Value::String(text) if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            tokens.push(text);
        }
        Value::Array(values) => values.iter().for_each(|value| collect_tokens(value, tokens)),
        Value::Object(fields) => fields.values().for_each(|value| collect_tokens(value, tokens)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn search(secrets: &BTreeSet<Vec<u8>>, left: &[(&str, &[u8])]) -> Findings {
    let mut findings = Findings::new();
    for (name, bytes) in left {
        findings.expect(!bytes.is_empty(), || format!("{name} is empty: nothing was searched"));
        for secret in secrets {
            let found = memchr::memmem::find(bytes, secret);
            findings.expect(found.is_none(), || {
                // The secret itself must not stand in this message either.
                let which = hex::encode(&digest(&SHA256, secret).as_ref()[..4]);
                format!("{name} holds a secret (SHA-256 {which}…) at byte {}", found.unwrap_or_default())
            });
        }
        findings.count("bytes searched", bytes.len() as u64);
    }
    findings.count("secrets", secrets.len() as u64);
    findings
}
