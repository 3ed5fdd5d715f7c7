//! Owns the check that no attempt to get in hangs (JOIN-004), as those who make them see it.

use std::time::Duration;

use media_core::Timestamp;
use sim::{endpoint::Observation, scenario::PersonIndex};

use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Every attempt ends within this time.
const ENDS_WITHIN: Duration = Duration::from_secs(15);

pub(super) const CHECKS: &[Check] = &[Check {
    name: "every-attempt-to-get-in-ends",
    requirements: &["JOIN-004"],
    scenarios: &["broken-joins", "links", "lobby", "webrtc-joins"],
    judge: Judge::Run(every_attempt_ends),
}];

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    In,
    Lobby,
    Refused,
    GivenUp,
    /// Nobody answered, and another attempt takes its place.
    BegunAnew,
    /// By the person.
    Taken,
}

/// JOIN-004. Who opens a link has an answer in time, however often the client has to ask for it; and so has each time
/// that it asks.
fn every_attempt_ends(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    let mut endings = Vec::new();
    for person in 0..run.scenario.people.len() {
        let own = |(_, who, _): &&(Timestamp, PersonIndex, Observation)| *who == PersonIndex(person);
        let seen: Vec<_> = run.observations.iter().filter(own).map(|(at, _, seen)| (*at, seen)).collect();
        for (place, (at, begins)) in seen.iter().enumerate() {
            let opened = **begins == Observation::Opened;
            if !opened && **begins != Observation::AskedAgain {
                continue;
            }
            let rest = || seen[place + 1..].iter().filter_map(|(at, seen)| Some((*at, ending(seen)?)));
            let each = rest().next();
            let whole = if opened { rest().find(|(_, how)| *how != Ending::BegunAnew) } else { each };
            if run.scenario.end().saturating_since(*at) < ENDS_WITHIN && whole.is_none() {
                findings.count("attempts that the run's end cut off", 1);
                continue;
            }
            for ended in [each, whole] {
                let after = ended.map(|(ended, _)| ended.saturating_since(*at));
                findings.expect_at(after.is_some_and(|after| after <= ENDS_WITHIN), Some(*at), || {
                    let who = &run.scenario.people[person].name;
                    format!("{who} asked to get in, which ended after {after:?}: {ended:?}")
                });
            }
            if let Some((ended, how)) = whole {
                findings.figure("ended after", "ms", ended.saturating_since(*at).as_secs_f64() * 1e3);
                endings.push(how);
            }
        }
    }
    for (how, name) in [
        (Ending::In, "ended inside"),
        (Ending::Lobby, "ended in a lobby"),
        (Ending::Refused, "refused"),
        (Ending::GivenUp, "given up"),
    ] {
        let count = endings.iter().filter(|ending| **ending == how).count() as u64;
        findings.count(name, count);
        if evidence.scenario == "broken-joins" && how != Ending::Lobby {
            findings.expect(count > 0, || format!("no attempt {name}"));
        }
    }
    findings
}

const fn ending(seen: &Observation) -> Option<Ending> {
    match seen {
        Observation::Entered { .. } => Some(Ending::In),
        Observation::Waiting => Some(Ending::Lobby),
        Observation::Refused(what, _) if matches!(what.as_bytes(), b"join" | b"start") => {
            Some(Ending::Refused)
        }
        Observation::Unreachable => Some(Ending::GivenUp),
        Observation::AskedAgain => Some(Ending::BegunAnew),
        Observation::Opened | Observation::Left => Some(Ending::Taken),
        Observation::Refused(..)
        | Observation::Done(_)
        | Observation::Mode(_)
        | Observation::Permissions(_)
        | Observation::Out(_)
        | Observation::Disconnected
        | Observation::LeftBehind
        | Observation::Malformed => None,
    }
}
