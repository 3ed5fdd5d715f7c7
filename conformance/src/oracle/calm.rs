//! Owns the claim that media flows: whenever nothing has happened for a while, everybody gets what everybody else in the
//! conference may send and does send (user-visible outcome; liveness).

use std::{collections::BTreeMap, time::Duration};

use sim::{
    run::Run,
    scenario::{Action, LinkKind, MediaKind, PersonIndex, Scenario, Site, Timestamp},
    tap::SeenRtp,
};

use super::{STREAMS_DUE, course::Course, disturbance, name, wire::connection};
use crate::{
    checks::flows::Flows,
    evidence::Findings,
    model::{Connection, RefConference, RefServer},
};

/// After so long without any event, media has found its way: twice the longest pause between key frames on request
/// (FWD-004), and the time that a resumed stream may take (FWD-006) is met on the way.
const CALM_AFTER: Duration = Duration::from_millis(1_200);
/// Pictures wait for more: when another one comes, the room for both has to be found first.
const PICTURES_AFTER: Duration = Duration::from_millis(2_500);
/// After a fault of a line, pictures over it may take so long to come back.
const PICTURES_BACK_AFTER: Duration = Duration::from_secs(8);
/// In the last part of a calm time, media has to have flowed.
const WINDOW: Duration = Duration::from_millis(500);
/// A line that carries everything that a small conference sends: then nothing else explains missing media.
const AMPLE_KBPS: u32 = 10_000;
/// So much for each person behind a line, and nobody's picture has to give way to another's.
const AMPLE_PERSON_KBPS: u32 = 1_000;

/// A stream that has to flow: from whom, to whom, what.
type Flow = (Connection, Connection, MediaKind);

/// A time in which nothing happens, and what has to flow at its end.
pub(super) struct Calm {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    due: Vec<Flow>,
    /// Who is in each conference.
    pub(super) present: Vec<Vec<Connection>>,
}

/// The calms between two events on the wire, `since` and `until`, with what the model knows all that time.
pub(super) fn between(run: &Run, server: &RefServer, since: Timestamp, until: Timestamp) -> Vec<Calm> {
    let scenario = &run.scenario;
    let moments = disturbance::moments(scenario);
    let (first, last) =
        (moments.partition_point(|at| *at <= since), moments.partition_point(|at| *at < until));
    let mut calms = Vec::new();
    let mut from = since;
    for to in moments[first.min(last)..last].iter().copied().chain([until]) {
        if to.saturating_since(from) >= CALM_AFTER && !disturbance::is_troubled(scenario, to - CALM_AFTER, to)
        {
            let conferences = || server.conferences().map(|(_, conference)| conference);
            let settled = to.saturating_since(from) >= PICTURES_AFTER;
            let is_due = |(_, _, kind): &Flow| settled || !kind.is_video();
            let due = conferences().flat_map(|conference| due_in(scenario, conference, to));
            let due = due.filter(is_due).collect();
            let present = conferences().map(|conference| conference.present().collect()).collect();
            calms.push(Calm { since: from, until: to, due, present });
        }
        from = to;
    }
    calms
}

pub(super) fn judge(run: &Run, course: &Course, findings: &mut Findings) {
    let flows = Flows::new(run);
    let tap = &run.server.tap;
    let mut due = 0;
    for calm in &course.calms {
        let (mut sent, mut arrived): (BTreeMap<_, u32>, BTreeMap<Flow, u32>) = Default::default();
        for packet in within(&tap.ingress, calm.until) {
            if let Some(kind) = flows.kind_of(packet) {
                *sent.entry((connection(packet.peer), kind)).or_default() += 1;
            }
        }
        for packet in within(&tap.egress, calm.until) {
            let origin = flows.origin(packet.payload);
            let kind = origin.and_then(|origin| flows.kind_of_stream(origin.peer, origin.ssrc));
            if let (Some(origin), Some(kind)) = (origin, kind) {
                *arrived.entry((connection(origin.peer), connection(packet.peer), kind)).or_default() += 1;
            }
        }
        for flow in &calm.due {
            let (from, to, kind) = *flow;
            let (arrived, sent) = (arrived.get(flow).copied().unwrap_or_default(), sent.get(&(from, kind)));
            // All of a voice goes on; of a camera the one encoding that is wanted.
            let least = if kind == MediaKind::Audio { sent.copied().unwrap_or_default() * 9 / 10 } else { 1 };
            findings.expect_at(arrived >= least.max(1), Some(calm.until), || {
                let (from, to) = (name(run, from), name(run, to));
                format!(
                    "{to} got {arrived} packets of {from}'s {kind:?}, who may send it, and {} were due at the end of a \
                     calm that lasted {CALM_AFTER:?}",
                    least.max(1)
                )
            });
        }
        due += calm.due.len();
    }
    findings.count("calm moments", course.calms.len() as u64);
    findings.count(STREAMS_DUE, due as u64);
}

/// What passed in the last part of a calm.
fn within(packets: &[SeenRtp], until: Timestamp) -> &[SeenRtp] {
    let from = packets.partition_point(|packet| packet.at < until - WINDOW);
    let to = packets.partition_point(|packet| packet.at < until);
    &packets[from..to]
}

fn due_in(scenario: &Scenario, conference: &RefConference, at: Timestamp) -> Vec<Flow> {
    let mut due = Vec::new();
    for to in conference.present() {
        for kind in MediaKind::ALL {
            due.extend(
                senders(scenario, conference, (to, kind), at).into_iter().map(|from| (from, to, kind)),
            );
        }
    }
    due
}

/// Whose media of a kind has to reach somebody.
fn senders(
    scenario: &Scenario,
    conference: &RefConference,
    (to, kind): (Connection, MediaKind),
    at: Timestamp,
) -> Vec<Connection> {
    let viewer = scenario.person(to.person);
    let senders: Vec<Connection> = conference
        .present()
        .filter(|from| conference.sends(*from, kind) && conference.may_send(*from).allows(kind))
        .collect();
    let others = senders.iter().filter(|from| **from != to).count();
    let wanted = match kind {
        // Of more open microphones than there are places, the loudest are heard; which they are is not known here.
        MediaKind::Audio => senders.len() <= scenario.limits.speakers,
        MediaKind::Camera => viewer.watch.is_some() && others <= viewer.tiles,
        MediaKind::Screen => viewer.watch.is_some(),
    };
    // Who has spent their share of changes by breaking the rules is owed sound, but no picture (SEC-003).
    let spent = misbehaves(scenario, to.person, Timestamp::FAR_FUTURE) && kind.is_video();
    let owed = !chooses_by_hand(scenario, to.person) && !spent && !misbehaves(scenario, to.person, at);
    let is_crowded = kind.is_video() && is_crowded(scenario, to.person);
    if !wanted || !owed || is_crowded || !is_always_ample(scenario, to.person) {
        return Vec::new();
    }
    let is_sound = |from: &Connection| {
        let person = scenario.person(from.person);
        *from != to
            && !(kind.is_video() && [to.person, from.person].iter().any(|who| returns(scenario, *who, at)))
            && (kind != MediaKind::Audio || person.speaks.is_none())
            && person.link != LinkKind::WithoutKey
            && is_always_ample(scenario, from.person)
            // A stream whose numbering its own sender has spoilt stays spoilt: it harms nobody else.
            && !misbehaves(scenario, from.person, Timestamp::FAR_FUTURE)
    };
    senders.into_iter().filter(is_sound).collect()
}

/// Whether so many people are behind somebody's line that it is not ample for all of their pictures.
fn is_crowded(scenario: &Scenario, person: PersonIndex) -> bool {
    let site = scenario.person(person).site;
    let people = scenario.people.iter().filter(|other| other.site == site).count() as u32;
    scenario.site(site).link.down.rate_kbps < people * AMPLE_PERSON_KBPS
}

/// Whether a line of somebody's is back from a fault since a short time only: whoever sends pictures over it has to find out
/// first what it carries now. Sound is due at once.
fn returns(scenario: &Scenario, person: PersonIndex, at: Timestamp) -> bool {
    let is_fresh = |until: Timestamp| until <= at && at.saturating_since(until) < PICTURES_BACK_AFTER;
    let ended = scenario.faults.iter().filter_map(|fault| Some((fault.site, fault.until?)));
    let mut fresh = ended.filter(|(_, until)| is_fresh(*until));
    fresh.any(|(site, _)| scenario.sites_of(person).any(|of_person| of_person == site))
}

/// Whether every line that somebody is ever on is ample.
pub(super) fn is_always_ample(scenario: &Scenario, person: PersonIndex) -> bool {
    scenario.sites_of(person).all(|site| is_ample(scenario.site(site)))
}

fn is_ample(site: &Site) -> bool {
    site.link.down.rate_kbps >= AMPLE_KBPS && site.link.up.rate_kbps >= AMPLE_KBPS
}

fn chooses_by_hand(scenario: &Scenario, person: PersonIndex) -> bool {
    let watches = |action: &Action| matches!(action, Action::Watch { .. });
    scenario.steps.iter().any(|step| step.who == person && watches(&step.action))
}

/// Whether somebody breaks the rules at `at`, or did until shortly before; for ever, when asked about the end of time.
fn misbehaves(scenario: &Scenario, person: PersonIndex, at: Timestamp) -> bool {
    let own = scenario.steps.iter().filter(|step| step.who == person && step.at <= at);
    let mut since = None;
    for step in own {
        if matches!(step.action, Action::Misbehave(_)) {
            since = Some(Timestamp::FAR_FUTURE);
        } else if step.action == Action::Behave && since.is_some() && at < Timestamp::FAR_FUTURE {
            since = Some(step.at);
        }
    }
    since.is_some_and(|since| since == Timestamp::FAR_FUTURE || at.saturating_since(since) < CALM_AFTER)
}
