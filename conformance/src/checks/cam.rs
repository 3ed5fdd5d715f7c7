//! Owns the checks on people without devices (CAM) and on rooms for several people (AVC).

use std::{collections::BTreeMap, time::Duration};

use media_core::{
    MediaKind, ParticipantId, PeerId, Ssrc, Timestamp,
    signalling::{EndpointKind, Refusal, Request, ServerMessage},
};

use super::transcript::{Stay, Transcript};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Time after entering in which a subscription may still be on its way.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// How much less of a source's packets somebody without devices may get than somebody with them. Key frames and layers
/// come to each at other moments.
const SHARE_MIN: f64 = 0.9;
/// How much worse they may hear, in mean opinion score.
const MOS_TOLERANCE: f64 = 0.1;
/// How much longer their pictures may be frozen, as a share of the time.
const FROZEN_TOLERANCE: f64 = 0.02;

pub(super) const CHECKS: [Check; 2] = [
    Check {
        name: "people-without-devices-take-part",
        requirements: &["CAM-001"],
        scenarios: &["rooms"],
        judge: Judge::Run(people_without_devices_take_part),
    },
    Check {
        name: "a-room-takes-one-place",
        requirements: &["AVC-001"],
        scenarios: &["rooms"],
        judge: Judge::Run(a_room_takes_one_place),
    },
];

/// Media on its way: receiver, sender and kind.
type Way = (PeerId, ParticipantId, MediaKind);

/// What went to whom, and which layer of it they had asked for last.
#[derive(Default)]
struct Received {
    packets: BTreeMap<Way, Vec<Timestamp>>,
    layers: BTreeMap<Way, Option<u8>>,
}

fn people_without_devices_take_part(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let mut findings = Findings::new();
    let received = received(&transcript);
    let (mut bare_people, mut cameras) = (0, 0);
    for (index, person) in transcript.run.scenario.people.iter().enumerate() {
        if person.microphone.is_some() || person.camera.is_some() || person.screen.is_some() {
            continue;
        }
        bare_people += 1;
        let stay = transcript.stays.iter().find(|stay| stay.person.0 == index);
        findings.expect(stay.is_some(), || format!("{}, who has no devices, did not get in", person.name));
        let Some(stay) = stay else { continue };
        for other in &transcript.stays {
            let equipped = transcript.person(other.person);
            let comparable = other.conference == stay.conference
                && equipped.endpoint == EndpointKind::Desk
                && equipped.camera.is_some()
                && equipped.microphone.is_some()
                && equipped.watch == person.watch;
            if comparable {
                cameras += compare(&mut findings, &transcript, &received, (stay, other));
            }
        }
        judge_deeds(&mut findings, &transcript, stay);
    }
    findings.count("people without devices", bare_people);
    findings.expect(cameras > 0, || "no picture was compared".to_owned());
    findings.expect(bare_people > 0, || "everybody has a camera or a microphone".to_owned());
    findings
}

/// Somebody without devices gets of each third person what somebody with devices gets who asks for the same layer.
/// Gives back how many pictures were compared.
fn compare(
    findings: &mut Findings,
    transcript: &Transcript<'_>,
    received: &Received,
    (bare, equipped): (&Stay, &Stay),
) -> u64 {
    let mut cameras = 0;
    let (name, model) = (transcript.name(bare.person), transcript.name(equipped.person));
    let from = bare.from.max(equipped.from) + SETTLED_AFTER;
    let until = bare.until.min(equipped.until);
    let within = |times: Option<&Vec<Timestamp>>| {
        times.map_or(0, |times| times.iter().filter(|at| **at >= from && **at < until).count())
    };
    for ((peer, source, kind), times) in &received.packets {
        let layer = |peer| received.layers.get(&(peer, *source, *kind));
        if *peer != equipped.peer || *source == bare.participant || layer(equipped.peer) != layer(bare.peer) {
            continue;
        }
        let wanted = within(Some(times));
        let got = within(received.packets.get(&(bare.peer, *source, *kind)));
        if wanted == 0 {
            continue;
        }
        let share = got as f64 / wanted as f64;
        cameras += u64::from(kind.is_video());
        findings.count(if kind.is_video() { "cameras compared" } else { "microphones compared" }, 1);
        findings.figure("packets beside somebody with devices", "", share);
        findings.expect_at(share >= SHARE_MIN, Some(from), || {
            let source =
                transcript.person_in(bare.conference, *source).map_or("?", |who| transcript.name(who));
            format!("{name}, without devices, got {got} packets of {source}'s {kind:?}, {model} {wanted}")
        });
    }
    let reports = &transcript.run.people;
    let (bare, equipped) = (&reports[bare.person.0].report, &reports[equipped.person.0].report);
    let mos = |report: &sim::record::ParticipantReport| report.audio.map_or(0.0, |audio| audio.mos);
    findings.expect(mos(bare) > 0.0 && mos(bare) >= mos(equipped) - MOS_TOLERANCE, || {
        format!("{name}, without devices, hears with MOS {:.2}, {model} {:.2}", mos(bare), mos(equipped))
    });
    let frozen =
        |report: &sim::record::ParticipantReport| report.video.map_or(1.0, |video| video.frozen_share);
    findings.expect(frozen(bare) <= frozen(equipped) + FROZEN_TOLERANCE, || {
        let (own, others) = (frozen(bare), frozen(equipped));
        format!("{name}, without devices, sees pictures frozen {own:.2} of the time, {model} {others:.2}")
    });
    cameras
}

/// What they ask for is done as for anybody.
fn judge_deeds(findings: &mut Findings, transcript: &Transcript<'_>, stay: &Stay) {
    for asked in transcript.exchanges.iter().filter(|asked| asked.peer == stay.peer) {
        findings.count("requests of people without devices", 1);
        findings.expect_at(asked.answer.is_some() && asked.refusal().is_none(), Some(asked.at), || {
            format!(
                "{}, without devices, asked for something and {}",
                transcript.name(stay.person),
                asked.outcome()
            )
        });
    }
}

fn received(transcript: &Transcript<'_>) -> Received {
    let tap = &transcript.run.server.tap;
    let mut tracks: BTreeMap<(PeerId, Ssrc), (ParticipantId, MediaKind)> = BTreeMap::new();
    for message in &tap.messages {
        if let ServerMessage::TrackAdded { track } = &message.body {
            tracks.insert((message.peer, track.ssrc), (track.participant, track.kind));
        }
    }
    let mut received = Received::default();
    for asked in &transcript.exchanges {
        if let (Request::Watch { source, kind, layer }, true) = (asked.body, asked.is_done()) {
            received.layers.insert((asked.peer, *source, *kind), *layer);
        }
    }
    for packet in &tap.egress {
        if let Some((source, kind)) = tracks.get(&(packet.peer, packet.ssrc)) {
            received.packets.entry((packet.peer, *source, *kind)).or_default().push(packet.at);
        }
    }
    received
}

fn a_room_takes_one_place(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let most = transcript.run.scenario.limits.participants_max as usize;
    let mut findings = Findings::new();
    let (mut rooms, mut refused, mut more_heads_than_places) = (0, 0, false);
    for join in &transcript.exchanges {
        let Request::Join { link, client, .. } = join.body else { continue };
        let who = transcript.name(join.person);
        let inside: Vec<&Stay> = transcript.inside(link.conference, join.at).collect();
        let heads: u32 = inside.iter().map(|stay| transcript.person(stay.person).seats).sum();
        if inside.len() >= most {
            refused += 1;
            findings.expect_at(join.refusal() == Some(Refusal::ConferenceFull), Some(join.at), || {
                format!(
                    "{who} joined {} endpoints, where {most} may be, and {}",
                    inside.len(),
                    join.outcome()
                )
            });
            continue;
        }
        findings.expect_at(join.entered().is_some(), Some(join.at), || {
            let there = inside.len();
            format!(
                "{who} joined {there} endpoints with {heads} people, where {most} may be, and {}",
                join.outcome()
            )
        });
        more_heads_than_places |= join.entered().is_some() && heads as usize >= most;
        let is_room = client.endpoint == EndpointKind::AvcRoom;
        rooms += u64::from(is_room && join.entered().is_some());
        if let Some((at, ServerMessage::Entered { roster, .. })) = join.answer {
            findings.expect_at(roster.len() == inside.len() + 1, Some(at), || {
                format!("{who} saw {} participants, expected {} endpoints", roster.len(), inside.len() + 1)
            });
            let is_there = |stay: &&Stay| transcript.person(stay.person).endpoint == EndpointKind::AvcRoom;
            let expected =
                inside.iter().copied().filter(|stay| is_there(stay)).count() + usize::from(is_room);
            let seen = roster.iter().filter(|member| member.endpoint == EndpointKind::AvcRoom).count();
            findings
                .expect_at(seen == expected, Some(at), || format!("{who} saw {seen} rooms of {expected}"));
        }
    }
    findings.count("rooms", rooms);
    findings.count("joins beyond the limit", refused);
    findings.expect(rooms > 0, || "no room got in".to_owned());
    findings.expect(refused > 0, || "the limit was not reached".to_owned());
    findings.expect(more_heads_than_places, || format!("never more than {most} people in {most} places"));
    findings
}
