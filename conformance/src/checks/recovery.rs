//! Owns the checks of connections that break: short outages cost nobody their place (JOIN-005), and after longer ones, or a
//! crash of the media node, people are back as who they were (JOIN-006). They read what people saw and what passed on
//! the wire; where nobody came to, nothing is judged.

use std::{collections::BTreeSet, time::Duration};

use media_core::{
    PeerId, Permissions, Timestamp,
    signalling::{Member, Mode, Role, ServerMessage},
};
use sim::{
    channel::SILENCE_MAX,
    endpoint::{Observation, RETURN_MAX},
    packet::{NodeIndex, node_of, person_of},
    run::Run,
    scenario::{Action, PersonIndex, SiteIndex},
    timeline::Grid,
};

use super::transcript::{Stay, Transcript};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Outages up to this long are survived without a new join (JOIN-005).
const OUTAGE_SURVIVED: Duration = Duration::from_secs(10);
/// Within this time of the line's return media flows again.
const FLOWS_WITHIN: Duration = Duration::from_secs(2);
/// What was on its way when a line died may still arrive for this long.
const UNDER_WAY: Duration = Duration::from_millis(500);
/// Within this time of the way being free a client is back (JOIN-006).
const BACK_WITHIN: Duration = Duration::from_secs(5);

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "media-flows-again-after-an-outage",
        requirements: &["JOIN-005", "NET-008"],
        scenarios: &["outages", "webrtc-outages"],
        judge: Judge::Run(media_flows_again),
    },
    Check {
        name: "clients-come-back-as-who-they-were",
        requirements: &["JOIN-006", "NET-008"],
        scenarios: &["crash", "long-outage", "minute-outage", "takeover", "webrtc-crash"],
        judge: Judge::Run(clients_come_back),
    },
];

/// The outages of whole lines that end, once for each site.
fn outages(run: &Run) -> BTreeSet<(Timestamp, Timestamp, SiteIndex)> {
    let faults = run.scenario.faults.iter().filter(|fault| fault.change.outage);
    faults.filter_map(|fault| Some((fault.at, fault.until?, fault.site))).collect()
}

/// JOIN-005.
fn media_flows_again(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let transcript = Transcript::read(run);
    let mut findings = Findings::new();
    let mut lengths = BTreeSet::new();
    for (at, until, site) in outages(run) {
        let length = until.saturating_since(at);
        if length > OUTAGE_SURVIVED {
            continue;
        }
        let there = |stay: &&Stay| transcript.person(stay.person).site == site;
        for stay in transcript.stays.iter().filter(there).filter(|stay| stay.from < at && at < stay.until) {
            lengths.insert(length);
            findings.count("people whose line was dead for a while", 1);
            stays_in(&transcript, stay, (at, until), &mut findings);
            sends_again(run, stay.peer, (at, until), &mut findings);
            receives_again(&transcript, stay.person, until, &mut findings);
        }
    }
    for seconds in [1, 5, 10] {
        findings.expect(lengths.contains(&Duration::from_secs(seconds)), || {
            format!("nobody's line was dead for {seconds} s")
        });
    }
    findings
}

fn stays_in(
    transcript: &Transcript<'_>,
    stay: &Stay,
    (at, until): (Timestamp, Timestamp),
    findings: &mut Findings,
) {
    let broken = transcript.observed(stay.person, at, |seen| {
        matches!(seen, Observation::Disconnected | Observation::AskedAgain | Observation::Entered { .. })
    });
    findings.expect_at(broken.is_none_or(|broken| broken > until + BACK_WITHIN), broken, || {
        let (who, length) = (transcript.name(stay.person), until.saturating_since(at));
        format!("{who}'s line was dead for {length:?}, and the connection with it")
    });
}

/// What somebody sends stops with the line and reaches the server again soon after it is back.
fn sends_again(run: &Run, peer: PeerId, (at, until): (Timestamp, Timestamp), findings: &mut Findings) {
    let sent: Vec<Timestamp> =
        run.server.tap.ingress.iter().filter(|packet| packet.peer == peer).map(|packet| packet.at).collect();
    let meanwhile = sent.iter().find(|sent| at + UNDER_WAY < **sent && **sent < until);
    findings.expect_at(meanwhile.is_none(), meanwhile.copied(), || {
        format!("{} sent over a dead line", run.scenario.person(person_of(peer)).name)
    });
    let again = sent.iter().find(|sent| **sent >= until).map(|sent| sent.saturating_since(until));
    findings.expect_at(again.is_some_and(|after| after <= FLOWS_WITHIN), Some(until), || {
        format!("{}'s media came again after {again:?}", run.scenario.person(person_of(peer)).name)
    });
    findings.figure("sent again after", "ms", millis(again));
}

/// Somebody hears and sees again soon, by their own time line.
fn receives_again(
    transcript: &Transcript<'_>,
    person: PersonIndex,
    until: Timestamp,
    findings: &mut Findings,
) {
    let run = transcript.run;
    let interval = Grid::of(run.scenario.duration).interval();
    let first =
        usize::try_from(u128::from(until.as_nanos()).div_ceil(interval.as_nanos())).unwrap_or(usize::MAX);
    let whole = (FLOWS_WITHIN.as_nanos() / interval.as_nanos()) as usize;
    let line = &run.people[person.0].timeline;
    let mut lists = vec![("heard", &line.played_steps)];
    if transcript.person(person).watch.is_some() {
        lists.push(("seen", &line.frames));
    }
    for (what, list) in lists {
        let again = list.iter().skip(first).position(|count| *count > 0);
        findings.expect_at(again.is_some_and(|intervals| intervals < whole), Some(until), || {
            let who = transcript.name(person);
            format!("nothing was {what} by {who} within {FLOWS_WITHIN:?} of the line's return")
        });
        let after = again.map(|intervals| interval * intervals as u32 + interval);
        findings.figure(&format!("{what} again within"), "ms", millis(after));
    }
}

/// How somebody stands in a conference, as they were last told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Standing {
    role: Role,
    mode: Mode,
    permissions: Permissions,
}

/// JOIN-006.
fn clients_come_back(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let transcript = Transcript::read(run);
    let mut findings = Findings::new();
    let longer = outages(run).into_iter().filter(|(at, until, _)| until.saturating_since(*at) > SILENCE_MAX);
    let breaks = longer.map(|(at, until, site)| (at, until, Some(site)));
    let crashes = run.scenario.crashes.iter().map(|crash| (crash.at, crash.until, None));
    let (mut muted, mut presentations) = (0, 0);
    for (at, free, site) in breaks.chain(crashes) {
        findings.expect(free.saturating_since(at) < RETURN_MAX, || "nobody tries for so long".to_owned());
        let there = |stay: &&Stay| site.is_none_or(|site| transcript.person(stay.person).site == site);
        let broken = |stay: &&Stay| stay.from < at && at <= stay.until;
        let mut before: Vec<Stay> = transcript.stays.iter().filter(there).filter(broken).copied().collect();
        before.dedup_by_key(|stay| stay.person);
        for stay in before {
            let Some(standing) = standing(run, &stay, at) else { continue };
            muted += u64::from(!standing.permissions.audio && standing.mode == Mode::Discussion);
            presentations += u64::from(standing.mode == Mode::Presenter);
            judge_return(&transcript, &stay, standing, (at, free), &mut findings);
        }
    }
    findings.expect(muted > 0, || "nobody was muted".to_owned());
    let presents = run.scenario.conferences.iter().any(|conference| conference.mode == Mode::Presenter);
    findings.expect(presentations > 0 || !presents, || "nobody came back to a presentation".to_owned());
    findings.count("muted people who came back", muted);
    findings
}

fn judge_return(
    transcript: &Transcript<'_>,
    stay: &Stay,
    before: Standing,
    (at, free): (Timestamp, Timestamp),
    findings: &mut Findings,
) {
    let run = transcript.run;
    let who = transcript.name(stay.person);
    let by_hand = run.scenario.steps.iter().any(|step| {
        step.who == stay.person && step.at >= at && matches!(step.action, Action::Join | Action::Start)
    });
    findings.expect(!by_hand, || format!("{who} does not come back by themselves"));
    let entered = |seen: &Observation| matches!(seen, Observation::Entered { .. });
    let back = transcript.observed(stay.person, at, entered).map(|back| back.saturating_since(free));
    findings.count("people who were cut off", 1);
    findings.expect_at(back.is_some_and(|after| after <= BACK_WITHIN), Some(free), || {
        format!("{who} was back {back:?} after the way was free, expected {BACK_WITHIN:?} at most")
    });
    findings.figure("back after", "ms", millis(back));
    let again = transcript.stays.iter().find(|later| later.person == stay.person && later.from > at);
    let (node, expected) = (again.map(|again| node_of(again.peer)), node_at(run, free));
    findings.expect_at(node == Some(expected), again.map(|again| again.from), || {
        format!(
            "{who} came back to media node {node:?}, expected number {expected}, which holds the conferences"
        )
    });
    let now = again.and_then(|again| standing(run, again, again.from));
    findings.expect_at(now == Some(before), again.map(|again| again.from), || {
        format!("{who} was {before:?} and came back as {now:?}")
    });
}

/// The media node that holds the conferences at `at`.
fn node_at(run: &Run, at: Timestamp) -> NodeIndex {
    run.scenario.crashes.iter().filter(|crash| crash.moves && crash.until <= at).count() as NodeIndex
}

/// How somebody stood at `at`, by what they had been told.
#[expect(clippy::wildcard_enum_match_arm, reason = "only some messages speak of somebody's standing")]
fn standing(run: &Run, stay: &Stay, at: Timestamp) -> Option<Standing> {
    let (mut mode, mut known) = (None, None);
    let own = |member: &&Member| member.participant == stay.participant;
    let messages = run.server.tap.messages.iter();
    for message in messages.filter(|message| message.peer == stay.peer && message.at <= at) {
        match &message.body {
            ServerMessage::Entered { roster, mode: told, .. } => {
                mode = Some(*told);
                known = roster.iter().find(own);
            }
            ServerMessage::ModeChanged { mode: told } => mode = Some(*told),
            ServerMessage::Member { member } if own(&member) => known = Some(member),
            _ => {}
        }
    }
    let member = known?;
    Some(Standing { role: member.role, mode: mode?, permissions: member.permissions })
}

fn millis(time: Option<Duration>) -> f64 {
    time.map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}
