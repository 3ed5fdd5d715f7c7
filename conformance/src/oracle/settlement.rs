//! Owns the claim that a run comes to rest: when nothing has disturbed it for a while, every client knows what the model
//! knows, and nobody waits for an answer.

use std::{collections::BTreeSet, time::Duration};

use sim::{
    endpoint::{ClientView, Observation},
    run::Run,
    scenario::{PersonIndex, Role},
};

use super::{SETTLED_RUNS, course::Course, disturbance, wire::connection};
use crate::{
    evidence::Findings,
    model::{Connection, Presence, RefConference},
};

/// How long nothing must have disturbed a run before it counts as settled.
pub(super) const SETTLED_AFTER: Duration = Duration::from_millis(2_500);
/// Judges how the run ended, if it was left in peace for long enough.
pub(super) fn judge(run: &Run, course: &Course, findings: &mut Findings) {
    let end = run.scenario.end();
    let last = disturbance::moments(&run.scenario).last().copied().unwrap_or(end);
    if course.parted < end || end.saturating_since(last) < SETTLED_AFTER {
        return;
    }
    findings.count(SETTLED_RUNS, 1);
    for (person, _) in run.scenario.people.iter().enumerate() {
        let why = pending(run, course, PersonIndex(person));
        findings.expect_at(why.is_none(), Some(end), || {
            let name = &run.scenario.people[person].name;
            format!("{name} has not come to rest: {}", why.unwrap_or_default())
        });
    }
}

/// Why somebody has not come to rest, if they have not.
fn pending(run: &Run, course: &Course, person: PersonIndex) -> Option<String> {
    let record = &run.people[person.0];
    let last = run.observations.iter().rev().filter(|(_, who, _)| *who == person);
    let last = last.map(|(_, _, seen)| seen).find(|seen| decides_presence(seen));
    match last {
        Some(Observation::Opened | Observation::AskedAgain) => {
            return Some("the door has not been answered".to_owned());
        }
        Some(Observation::Disconnected) => {
            return Some("the connection is lost, and nobody came back".to_owned());
        }
        _ => {}
    }
    let there = course.server.connection_of(person);
    match (&record.view, there) {
        (None, None) => None,
        (None, Some(_)) => Some("the server has them in, they are outside".to_owned()),
        (Some(_), None) => Some("they believe to be in, and are not".to_owned()),
        (Some(view), Some(there)) => differs(course, view, there),
    }
}

const fn decides_presence(seen: &Observation) -> bool {
    match seen {
        Observation::Opened
        | Observation::Entered { .. }
        | Observation::Waiting
        | Observation::Out(_)
        | Observation::Left
        | Observation::Disconnected
        | Observation::AskedAgain
        | Observation::Unreachable => true,
        Observation::Refused(what, _) => matches!(what.as_bytes(), b"join" | b"start"),
        Observation::Done(_)
        | Observation::Mode(_)
        | Observation::Permissions(_)
        | Observation::LeftBehind
        | Observation::Malformed => false,
    }
}

/// In what a client's view is not the model's.
fn differs(course: &Course, view: &ClientView, there: Connection) -> Option<String> {
    if connection(view.peer) != there {
        return Some("they are in by another connection than the server's".to_owned());
    }
    let presence = if view.participant.is_some() { Presence::In } else { Presence::Waiting };
    if presence != course.server.presence(there) {
        return Some(format!("they believe to be {presence:?}"));
    }
    let sitting = course.server.sitting_of(there)?;
    let (_, conference) = course.server.conferences().find(|(other, _)| *other == sitting)?;
    if presence == Presence::Waiting {
        return None;
    }
    if view.mode != conference.mode() {
        return Some(format!("they believe the mode to be {:?}", view.mode));
    }
    let believed: BTreeSet<_> = view
        .roster
        .iter()
        .map(|member| {
            let who = course.participants.get(&member.participant).copied();
            let may = member.permissions;
            (who, member.role, member.presenter, member.hand_raised, [may.audio, may.video, may.screen])
        })
        .collect();
    let known: BTreeSet<_> = conference.present().map(|who| member(conference, who)).collect();
    (believed != known).then(|| {
        let (wrong, missing) = (believed.difference(&known).next(), known.difference(&believed).next());
        format!("their roster differs from the model's: they have {wrong:?}, should have {missing:?}")
    })
}

fn member(conference: &RefConference, who: Connection) -> (Option<Connection>, Role, bool, bool, [bool; 3]) {
    let may = conference.may_send(who);
    (
        Some(who),
        conference.role(who).unwrap_or(Role::Guest),
        conference.presenter() == Some(who),
        conference.hand(who),
        [may.audio, may.video, may.screen],
    )
}
