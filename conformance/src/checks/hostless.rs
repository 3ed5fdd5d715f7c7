//! Owns the check of conferences whose host vanishes (LIC-005): they go on, named moderators moderate, nobody else does,
//! and the host can again when they are back.

use std::time::Duration;

use media_core::{
    Timestamp,
    signalling::{OutReason, Refusal, Request, ServerMessage},
};
use sim::scenario::{ConferenceIndex, PersonIndex};

use super::transcript::{Exchange, Stay, Transcript};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Longest silence for those who stay.
const SILENCE_MAX: Duration = Duration::from_millis(500);

pub(super) const CHECKS: &[Check] = &[Check {
    name: "a-conference-outlives-its-host",
    requirements: &["LIC-005"],
    scenarios: &["hostless"],
    judge: Judge::Run(outlives_its_host),
}];

fn outlives_its_host(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let transcript = Transcript::read(run);
    let mut findings = Findings::new();
    let mut tallies = Tallies::default();
    for (index, conference) in run.scenario.conferences.iter().enumerate() {
        let site = run.scenario.person(conference.host).site;
        let fault = run.scenario.faults.iter().find(|fault| fault.site == site && fault.change.outage);
        let Some(fault) = fault else { continue };
        let others: Vec<&Stay> = transcript
            .stays
            .iter()
            .filter(|stay| {
                let person = transcript.person(stay.person);
                person.conference == ConferenceIndex(index) && person.site != site
            })
            .collect();
        tallies.hosts += 1;
        goes_on(&transcript, &others, fault.at, &mut findings);
        let vanished = Vanished { host: conference.host, at: fault.at, back: fault.until };
        for stay in &others {
            judge_moderation(&transcript, &vanished, stay, &mut tallies, &mut findings);
        }
        judge_return(&transcript, &vanished, &mut tallies, &mut findings);
    }
    let Tallies { hosts, moderated, refused, returned } = tallies;
    for (count, name) in [
        (hosts, "hosts who vanished"),
        (moderated, "requests of named moderators that were obeyed"),
        (refused, "requests of others that were refused"),
        (returned, "requests of a host who was back"),
    ] {
        findings.count(name, count);
        findings.expect(count > 0, || format!("no {name}"));
    }
    findings
}

#[derive(Default)]
struct Tallies {
    hosts: u64,
    moderated: u64,
    refused: u64,
    returned: u64,
}

/// A host without a line.
struct Vanished {
    host: PersonIndex,
    at: Timestamp,
    back: Option<Timestamp>,
}

/// Nobody is put out, and those with company hear each other all the time.
fn goes_on(transcript: &Transcript<'_>, others: &[&Stay], at: Timestamp, findings: &mut Findings) {
    let run = transcript.run;
    for stay in others {
        let who = transcript.name(stay.person);
        let out = run.server.tap.messages.iter().find(|message| {
            message.peer == stay.peer
                && matches!(message.body, ServerMessage::Out { reason } if reason != OutReason::Replaced)
        });
        findings.expect_at(out.is_none(), out.map(|out| out.at), || {
            format!("{who} was put out of a conference without its host")
        });
        let speaks = |other: &&&Stay| {
            other.person != stay.person && transcript.person(other.person).microphone.is_some()
        };
        if others.iter().any(|other| speaks(&other)) {
            let silence = transcript.longest_silence(stay.peer, at, run.scenario.end());
            findings.figure("longest silence without the host", "ms", silence.as_secs_f64() * 1e3);
            findings.expect_at(silence <= SILENCE_MAX, Some(at), || {
                format!("{who} heard nothing for {silence:?} after the host had vanished")
            });
        }
    }
}

fn judge_moderation(
    transcript: &Transcript<'_>,
    vanished: &Vanished,
    stay: &Stay,
    tallies: &mut Tallies,
    findings: &mut Findings,
) {
    let naming = Request::NameModerator { participant: stay.participant };
    let named = |asked: &Exchange<'_>| *asked.body == naming && asked.is_done();
    let is_named = transcript.exchanges.iter().filter(|asked| asked.at < vanished.at).any(named);
    let theirs = |asked: &&Exchange<'_>| asked.peer == stay.peer && asked.at >= vanished.at;
    for asked in transcript.exchanges.iter().filter(theirs).filter(|asked| moderates(asked.body)) {
        let right = if is_named { asked.is_done() } else { asked.refusal() == Some(Refusal::NotModerator) };
        tallies.moderated += u64::from(is_named && right);
        tallies.refused += u64::from(!is_named && right);
        findings.expect_at(right, Some(asked.at), || {
            let (who, rank) = (transcript.name(stay.person), if is_named { "a moderator" } else { "nobody" });
            format!(
                "{who}, {rank} in a conference without its host, asked to moderate and {}",
                asked.outcome()
            )
        });
    }
}

fn judge_return(
    transcript: &Transcript<'_>,
    vanished: &Vanished,
    tallies: &mut Tallies,
    findings: &mut Findings,
) {
    let Some(back) = vanished.back else { return };
    let theirs = |asked: &&Exchange<'_>| asked.person == vanished.host && asked.at >= back;
    for asked in transcript.exchanges.iter().filter(theirs).filter(|asked| moderates(asked.body)) {
        tallies.returned += u64::from(asked.is_done());
        findings.expect_at(asked.is_done(), Some(asked.at), || {
            let who = transcript.name(vanished.host);
            format!("{who} was back as host, asked to moderate and {}", asked.outcome())
        });
    }
}

const fn moderates(body: &Request) -> bool {
    matches!(body, Request::Lock { .. } | Request::SetPermissions { .. } | Request::SetMode { .. })
}
