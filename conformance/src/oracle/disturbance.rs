//! Owns what disturbs a run: the moments at which people act or lines change. Between them, and long enough after them,
//! everything has to be quiet.

use sim::scenario::{Scenario, Timestamp};

/// When something happens that anybody has to take note of or recover from, in order. A fault that is not over by the
/// end of the run disturbs to its end.
pub(super) fn moments(scenario: &Scenario) -> Vec<Timestamp> {
    let end = scenario.end();
    let steps = scenario.steps.iter().map(|step| step.at);
    let faults = scenario.faults.iter().map(|fault| fault.until.unwrap_or(end).min(end));
    let crashes = scenario.crashes.iter().map(|crash| crash.until);
    let joins = scenario.people.iter().map(|person| person.join);
    let starts = scenario.conferences.iter().map(|conference| conference.start);
    let mut moments: Vec<Timestamp> = steps.chain(faults).chain(crashes).chain(joins).chain(starts).collect();
    moments.sort_unstable();
    moments
}

/// Whether some line is not as it should be, or the media node is down, at any time between `from` and `to`.
pub(super) fn is_troubled(scenario: &Scenario, from: Timestamp, to: Timestamp) -> bool {
    let down = scenario.crashes.iter().any(|crash| crash.at < to && crash.until > from);
    down || scenario.faults.iter().any(|fault| fault.at < to && fault.until.is_none_or(|until| until > from))
}
