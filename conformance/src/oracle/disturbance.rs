//! Owns what disturbs a run: the moments at which people act, lines change or the media node fails. Between them, and long
//! enough after them, everything has to be quiet.

use std::time::Duration;

use sim::scenario::{Action, Scenario, Timestamp};

/// What a line's trouble may leave behind: lost packets are asked for again and queues run empty.
const LINE_RECOVERS_WITHIN: Duration = Duration::from_secs(1);
/// Connections survive outages up to this (JOIN-005).
const CONNECTIONS_SURVIVE: Duration = Duration::from_secs(10);
/// After a longer one, or a crash of the media node, clients are back within this time (JOIN-006).
const CLIENTS_RETURN_WITHIN: Duration = Duration::from_secs(5);

/// When something happens that anybody has to take note of, or has to have recovered from, in order. A fault that is not
/// over by the end of the run disturbs to its end.
pub(super) fn moments(scenario: &Scenario) -> Vec<Timestamp> {
    let end = scenario.end();
    let steps = scenario.steps.iter().map(|step| step.at);
    let joins = scenario.people.iter().map(|person| person.join);
    let starts = scenario.conferences.iter().map(|conference| conference.start);
    let troubles = troubles(scenario).map(|(_, until)| until.min(end));
    let mut moments: Vec<Timestamp> = steps.chain(joins).chain(starts).chain(troubles).collect();
    moments.sort_unstable();
    moments
}

/// Whether a line or the media node is not as it should be, or recovers, at any time between `from` and `to`.
pub(super) fn is_troubled(scenario: &Scenario, from: Timestamp, to: Timestamp) -> bool {
    troubles(scenario).any(|(begins, ends)| begins < to && ends > from)
}

/// From when to when something is in trouble, the time of recovery included.
fn troubles(scenario: &Scenario) -> impl Iterator<Item = (Timestamp, Timestamp)> {
    let of_lines = scenario.faults.iter().map(|fault| {
        let Some(until) = fault.until else { return (fault.at, Timestamp::FAR_FUTURE) };
        let broken = fault.change.outage && until.saturating_since(fault.at) > CONNECTIONS_SURVIVE;
        (fault.at, until + if broken { CLIENTS_RETURN_WITHIN } else { LINE_RECOVERS_WITHIN })
    });
    let of_node = scenario.crashes.iter().map(|crash| (crash.at, crash.until + CLIENTS_RETURN_WITHIN));
    let moves = scenario.steps.iter().filter(|step| matches!(step.action, Action::Move(_)));
    let of_moves = moves.map(|step| (step.at, step.at + LINE_RECOVERS_WITHIN));
    of_lines.chain(of_node).chain(of_moves)
}
