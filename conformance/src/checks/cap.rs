//! Owns the checks on capacity (CAP): conferences in the city and places in a conference.

use std::time::Duration;

use media_core::{
    ConferenceId, Timestamp,
    signalling::{Refusal, Request, ServerMessage},
};
use sim::{endpoint::Observation, packet::person_of};

use super::{
    ledger::starts,
    transcript::{Exchange, Transcript},
};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// From asking until the refusal is known: "at once" for a person.
const REFUSED_WITHIN: Duration = Duration::from_secs(1);
/// Time before and after a refusal in which the others are looked at.
const AROUND: Duration = Duration::from_secs(1);
/// Longest silence of somebody whom nothing disturbs: a few packets of 20 ms.
const SILENCE_MAX: Duration = Duration::from_millis(100);
/// A place that was freed this recently has to be taken by somebody, or its use at once was not seen.
const AT_ONCE: Duration = Duration::from_millis(500);

pub(super) const CHECKS: [Check; 3] = [
    Check {
        name: "no-start-beyond-the-pool",
        requirements: &["CAP-002", "LIC-001"],
        scenarios: &["pool"],
        judge: Judge::Run(no_start_beyond_the_pool),
    },
    Check {
        name: "fifty-take-part",
        requirements: &["CAP-003"],
        scenarios: &["full-house"],
        judge: Judge::Run(fifty_take_part),
    },
    Check {
        name: "one-too-many-is-refused-at-once",
        requirements: &["CAP-004"],
        scenarios: &["full-house"],
        judge: Judge::Run(one_too_many_is_refused),
    },
];

fn no_start_beyond_the_pool(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let pool = transcript.run.scenario.licences.count as usize;
    let mut findings = Findings::new();
    let (mut beyond, mut filled_again) = (0, false);
    for start in starts(&transcript) {
        let asked = start.exchange;
        let who = transcript.name(asked.person);
        findings.expect_at(start.is_right(), Some(asked.at), || {
            let running = start.running;
            format!("{who} asked to start beside {running} conferences of {pool} and {}", asked.outcome())
        });
        if start.due.contains(&Refusal::AllLicencesInUse) {
            beyond += 1;
            judge_refusal(&mut findings, &transcript, asked, Refusal::AllLicencesInUse);
            for stay in transcript.stays.iter().filter(|stay| stay.from < asked.at) {
                judge_undisturbed(&mut findings, &transcript, stay.peer, asked.at);
            }
        } else if beyond > 0 && asked.entered().is_some() {
            filled_again = true;
        }
    }
    findings.count("starts beyond the pool", beyond);
    findings.count(
        "conferences started",
        starts(&transcript).iter().filter(|start| start.is_right()).count() as u64 - beyond,
    );
    findings.expect(beyond > 0, || format!("nobody asked for a conference beside {pool} others"));
    findings.expect(filled_again, || "no licence that became free was used again".to_owned());
    findings
}

fn fifty_take_part(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let most = transcript.run.scenario.limits.participants_max as usize;
    let mut findings = Findings::new();
    let mut fullest: Option<(usize, Timestamp, ConferenceId)> = None;
    for stay in &transcript.stays {
        let at = stay.from + AROUND;
        let count = transcript.inside(stay.conference, at).count();
        if fullest.is_none_or(|(known, ..)| count > known) {
            fullest = Some((count, at, stay.conference));
        }
    }
    let Some((count, at, conference)) = fullest else { return findings };
    findings.expect_at(count == most, Some(at), || format!("{count} were in at most, expected {most}"));
    let (mut licensed, mut guests) = (0, 0);
    for stay in transcript.inside(conference, at) {
        let who = transcript.name(stay.person);
        let counter = if transcript.holder(stay.person).is_some() { &mut licensed } else { &mut guests };
        *counter += 1;
        let silence = transcript.longest_silence(stay.peer, at, at + AROUND);
        findings.figure("longest silence in the full house", "ms", silence.as_secs_f64() * 1e3);
        findings.expect_at(silence <= SILENCE_MAX, Some(at), || {
            format!("{who} was sent no audio for {silence:?} in the full house")
        });
        let record = &transcript.run.people[stay.person.0].report;
        findings.expect(record.join.first_audio_ms.is_some() && record.audio.is_some(), || {
            format!("{who} was in and heard nothing")
        });
    }
    findings.count("with a licence", licensed);
    findings.count("without a licence", guests);
    findings.expect(licensed > 1 && guests > 1, || "not a mix of people with and without licence".to_owned());
    findings
}

fn one_too_many_is_refused(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let most = transcript.run.scenario.limits.participants_max as usize;
    let mut findings = Findings::new();
    let mut used_at_once = 0;
    for join in &transcript.exchanges {
        let Request::Join { link, .. } = join.body else { continue };
        let who = transcript.name(join.person);
        let inside = transcript.inside(link.conference, join.at).count();
        if inside < most {
            findings.expect_at(join.entered().is_some(), Some(join.at), || {
                format!("{who} joined {inside} others, where {most} may be, and {}", join.outcome())
            });
            let freed = transcript.stays.iter().any(|stay| {
                stay.conference == link.conference
                    && stay.until <= join.at
                    && join.at.saturating_since(stay.until) <= AT_ONCE
            });
            used_at_once += u64::from(inside + 1 == most && freed && join.entered().is_some());
            continue;
        }
        findings.count("joins beyond the limit", 1);
        findings.expect_at(join.refusal() == Some(Refusal::ConferenceFull), Some(join.at), || {
            format!("{who} joined {inside} others, where {most} may be, and {}", join.outcome())
        });
        judge_refusal(&mut findings, &transcript, join, Refusal::ConferenceFull);
        for stay in transcript.inside(link.conference, join.at) {
            judge_undisturbed(&mut findings, &transcript, stay.peer, join.at);
        }
    }
    findings.count("freed places used at once", used_at_once);
    findings.expect(used_at_once > 0, || "no place that became free was used at once".to_owned());
    findings
}

/// Who is refused knows it at once, by name.
fn judge_refusal(
    findings: &mut Findings,
    transcript: &Transcript<'_>,
    asked: &Exchange<'_>,
    reason: Refusal,
) {
    let who = transcript.name(asked.person);
    let mut opened = transcript.run.observations.iter().rev();
    let opened = opened.find(|(at, person, seen)| {
        *person == asked.person && *at <= asked.at && *seen == Observation::Opened
    });
    let Some((opened, ..)) = opened else {
        findings.expect_at(false, Some(asked.at), || format!("{who} never opened anything, and yet asked"));
        return;
    };
    let told = transcript.observed(
        asked.person,
        *opened,
        |seen| matches!(seen, Observation::Refused(_, why) if *why == reason),
    );
    let took = told.map(|told| told.saturating_since(*opened));
    if let Some(took) = took {
        findings.figure("refused after", "ms", took.as_secs_f64() * 1e3);
    }
    findings.expect_at(took.is_some_and(|took| took <= REFUSED_WITHIN), Some(asked.at), || match took {
        Some(took) => format!("{who} knew only after {took:?} that they were refused as {reason:?}"),
        None => format!("{who} was not told of a refusal as {reason:?}"),
    });
}

/// Around `at` nobody was told anything that changes their conference, and who heard somebody heard them on.
fn judge_undisturbed(
    findings: &mut Findings,
    transcript: &Transcript<'_>,
    peer: media_core::PeerId,
    at: Timestamp,
) {
    let who = transcript.name(person_of(peer));
    let messages = &transcript.run.server.tap.messages;
    let first = messages.partition_point(|message| message.at < at);
    let news = messages[first..].iter().take_while(|message| message.at < at + AROUND).find(|message| {
        message.peer == peer
            && matches!(
                message.body,
                ServerMessage::Out { .. }
                    | ServerMessage::Member { .. }
                    | ServerMessage::MemberLeft { .. }
                    | ServerMessage::Knock { .. }
                    | ServerMessage::ModeChanged { .. }
                    | ServerMessage::TrackAdded { .. }
                    | ServerMessage::TrackRemoved { .. }
            )
    });
    findings.expect_at(news.is_none(), news.map(|news| news.at), || {
        format!("{who} was told {:?} because somebody else was refused", news.map(|news| &news.body))
    });
    if transcript.audio_packets(peer) == 0 {
        return;
    }
    findings.count("listeners around a refusal", 1);
    let before = transcript.longest_silence(peer, at - AROUND, at);
    let after = transcript.longest_silence(peer, at, at + AROUND);
    findings.figure("longest silence after a refusal", "ms", after.as_secs_f64() * 1e3);
    findings.expect_at(after <= before.max(SILENCE_MAX), Some(at), || {
        format!("{who} heard nothing for {after:?} when somebody else was refused")
    });
}
