//! Owns the checks on getting in (JOIN): by link, not by a bad one, and through the lobby.

#![expect(clippy::wildcard_enum_match_arm, reason = "only few messages say anything about a conference")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use media_core::{
    ConferenceId, PeerId, Timestamp,
    ids::InvitationId,
    signalling::{Invitation, LinkToken, Refusal, Request, ServerMessage},
};
use sim::packet::person_of;

use super::transcript::{Exchange, Transcript};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// From entering until media flows both ways.
const MEDIA_WITHIN: Duration = Duration::from_secs(2);

pub(super) const CHECKS: [Check; 3] = [
    Check {
        name: "guests-get-in-by-link",
        requirements: &["JOIN-001"],
        scenarios: &["links"],
        judge: Judge::Run(guests_get_in),
    },
    Check {
        name: "bad-links-open-nothing",
        requirements: &["JOIN-002"],
        scenarios: &["links"],
        judge: Judge::Run(bad_links_open_nothing),
    },
    Check {
        name: "the-lobby-holds-people-without-media",
        requirements: &["JOIN-007"],
        scenarios: &["lobby"],
        judge: Judge::Run(the_lobby_holds),
    },
];

fn guests_get_in(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let mut findings = Findings::new();
    for (join, good) in joins(&transcript) {
        let Request::Join { credential, .. } = join.body else { continue };
        if !good || transcript.holder(join.person).is_some() {
            continue;
        }
        let who = transcript.name(join.person);
        findings.count("guests with a link", 1);
        findings.expect_at(credential.is_none(), Some(join.at), || format!("{who} showed a licence"));
        findings.expect_at(join.entered().is_some(), Some(join.at), || {
            format!("{who} opened a valid link without a licence and {}", join.outcome())
        });
        let first_audio = transcript.run.people[join.person.0].report.join.first_audio_ms;
        findings.expect_at(
            first_audio.is_some() && transcript.audio_packets(join.peer) > 0,
            Some(join.at),
            || format!("{who} opened a valid link and heard nobody"),
        );
        if let Some(first_audio) = first_audio {
            findings.figure("first audio after", "ms", first_audio);
        }
    }
    findings.expect(findings.examined() > 0, || "no guest opened a valid link".to_owned());
    findings
}

fn bad_links_open_nothing(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let tap = &transcript.run.server.tap;
    let mut findings = Findings::new();
    let (mut opened, mut strangers) = (0, BTreeSet::new());
    for (join, good) in joins(&transcript) {
        if good {
            opened += u64::from(join.entered().is_some());
            findings.expect_at(join.refusal() != Some(Refusal::InvalidLink), Some(join.at), || {
                format!("{} opened a valid link and {}", transcript.name(join.person), join.outcome())
            });
            continue;
        }
        findings.count("bad links", 1);
        strangers.insert(join.peer);
        findings.expect_at(join.refusal() == Some(Refusal::InvalidLink), Some(join.at), || {
            let who = transcript.name(join.person);
            format!("{who} opened a bad link and {}, expected a refusal as InvalidLink", join.outcome())
        });
    }
    for (join, good) in joins(&transcript) {
        if good {
            strangers.remove(&join.peer);
        }
    }
    // Whoever is wrong in whatever way gets one and the same answer, and nothing beside it.
    for message in tap.messages.iter().filter(|message| strangers.contains(&message.peer)) {
        let same = matches!(message.body, ServerMessage::Refused { reason: Refusal::InvalidLink, .. });
        findings.expect_at(same, Some(message.at), || {
            let who = transcript.name(person_of(message.peer));
            format!("{who}, who has no valid link, was sent {}", kind(&message.body))
        });
    }
    for packet in tap.egress.iter().filter(|packet| strangers.contains(&packet.peer)) {
        findings.expect_at(false, Some(packet.at), || {
            format!("{}, who has no valid link, was sent media", transcript.name(person_of(packet.peer)))
        });
    }
    findings.count("strangers", strangers.len() as u64);
    findings.count("good links opened", opened);
    findings.expect(strangers.len() >= 4, || {
        format!("{} people with bad links came, expected wrong, foreign, revoked and late", strangers.len())
    });
    findings.expect(opened > 0, || "nobody came in by a valid link".to_owned());
    findings
}

/// Every join, and whether its link was valid when it reached the server, as the wire tells: made there, and neither
/// revoked nor of a conference that is over.
pub(super) fn joins<'a>(transcript: &'a Transcript<'a>) -> Vec<(&'a Exchange<'a>, bool)> {
    let mut live: BTreeMap<(ConferenceId, InvitationId), LinkToken> = BTreeMap::new();
    let mut joins = Vec::new();
    for asked in &transcript.exchanges {
        let made: Option<&Invitation> = match asked.answer {
            Some((_, ServerMessage::Entered { invitation, .. })) => invitation.as_ref(),
            Some((_, ServerMessage::Invited { invitation, .. })) => Some(invitation),
            _ => None,
        };
        if let Some(made) = made {
            live.insert((made.link.conference, made.id), made.link.clone());
        }
        let stay = transcript.stay_of(asked.peer, asked.at);
        match (asked.body, stay) {
            (Request::Join { link, .. }, _) => {
                joins.push((asked, live.values().any(|known| known == link)));
            }
            (Request::RevokeInvitation { invitation }, Some(stay)) if asked.is_done() => {
                live.remove(&(stay.conference, *invitation));
            }
            (Request::End, Some(stay)) if asked.is_done() => {
                live.retain(|(conference, _), _| *conference != stay.conference);
            }
            _ => {}
        }
    }
    joins
}

/// What kind of message it is, without what it says: that may be a secret.
const fn kind(message: &ServerMessage) -> &'static str {
    match message {
        ServerMessage::Entered { .. } => "an entry",
        ServerMessage::Waiting { .. } => "to the lobby",
        ServerMessage::Refused { .. } => "another refusal",
        ServerMessage::Member { .. } | ServerMessage::MemberLeft { .. } => "the roster",
        ServerMessage::TrackAdded { .. } | ServerMessage::TrackRemoved { .. } => "the tracks",
        _ => "something else",
    }
}

/// A time in the lobby.
struct Wait {
    peer: PeerId,
    from: Timestamp,
    admitted: Option<Timestamp>,
}

fn the_lobby_holds(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let tap = &transcript.run.server.tap;
    let mut findings = Findings::new();
    let waits = waits(&transcript);
    for wait in &waits {
        let who = transcript.name(person_of(wait.peer));
        let end = wait.admitted.unwrap_or(Timestamp::FAR_FUTURE);
        let sent = tap.egress.iter().find(|packet| packet.peer == wait.peer && packet.at < end);
        findings.expect_at(sent.is_none(), sent.map(|packet| packet.at), || {
            format!("{who} was sent media in the lobby")
        });
        let own = tap.media_in.iter().find(|(at, peer, _)| *peer == wait.peer && *at < end);
        findings
            .expect_at(own.is_none(), own.map(|(at, ..)| *at), || format!("{who} sent media from the lobby"));
        let stays = transcript.stays.iter().filter(|stay| stay.peer == wait.peer);
        findings.expect_at(stays.count() == usize::from(wait.admitted.is_some()), Some(wait.from), || {
            format!("{who} waited in the lobby and came in more often than they were admitted")
        });
        if let Some(admitted) = wait.admitted {
            judge_admission(&mut findings, &transcript, wait, admitted);
        }
    }
    let admitted = waits.iter().filter(|wait| wait.admitted.is_some()).count();
    findings.count("admitted", admitted as u64);
    findings.count("never admitted", (waits.len() - admitted) as u64);
    findings.expect(admitted > 0, || "nobody was admitted from the lobby".to_owned());
    findings.expect(admitted < waits.len(), || "everybody was admitted from the lobby".to_owned());
    // In a conference with a lobby nobody but the host gets past it.
    for join in transcript.exchanges.iter().filter(|asked| matches!(asked.body, Request::Join { .. })) {
        let past = join.entered().is_some() && transcript.holder(join.person).is_none();
        findings.expect_at(!past, Some(join.at), || {
            format!("{} came in without waiting in the lobby", transcript.name(join.person))
        });
    }
    findings
}

/// Who is admitted was so by somebody's word, and has media both ways soon.
fn judge_admission(findings: &mut Findings, transcript: &Transcript<'_>, wait: &Wait, admitted: Timestamp) {
    let tap = &transcript.run.server.tap;
    let who = transcript.name(person_of(wait.peer));
    let soon = admitted + MEDIA_WITHIN;
    let stay = transcript.stays.iter().find(|stay| stay.peer == wait.peer);
    let asked = transcript.exchanges.iter().any(|asked| {
        let wanted = stay.map(|stay| Request::Admit { participant: stay.participant });
        Some(asked.body) == wanted.as_ref() && asked.at >= wait.from && asked.at <= admitted
    });
    findings.expect_at(asked, Some(admitted), || {
        format!("{who} came in from the lobby, and nobody admitted them")
    });
    let hears = tap.egress.iter().any(|packet| packet.peer == wait.peer && packet.at <= soon);
    findings.expect_at(hears, Some(admitted), || {
        format!("{who} was admitted and sent no media within {MEDIA_WITHIN:?}")
    });
    let person = transcript.person(person_of(wait.peer));
    if person.microphone.is_some() || person.camera.is_some() {
        let speaks = tap.ingress.iter().any(|packet| packet.peer == wait.peer && packet.at <= soon);
        findings.expect_at(speaks, Some(admitted), || {
            format!("{who} was admitted and could send no media within {MEDIA_WITHIN:?}")
        });
    }
}

fn waits(transcript: &Transcript<'_>) -> Vec<Wait> {
    let tap = &transcript.run.server.tap;
    let waiting = tap.messages.iter().filter(|message| matches!(message.body, ServerMessage::Waiting { .. }));
    waiting
        .map(|message| Wait {
            peer: message.peer,
            from: message.at,
            admitted: transcript.stays.iter().find(|stay| stay.peer == message.peer).map(|stay| stay.from),
        })
        .collect()
}
