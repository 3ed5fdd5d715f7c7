//! Owns the checks of forwarding: numbering, key-frame requests, the choice of speakers, conservation, isolation.
//! They look at the wire; where the engine's accounts are judged (FWD-007), the wire is what they have to agree with.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use media_core::{
    DropReason, MediaKind, ParticipantId, PeerId, Ssrc, Timestamp, limits,
    signalling::{Request, ServerMessage},
};
use sim::{packet::person_of, scenario::Action, tap::SeenRtp};

use super::{
    flows::{Announced, Flows, Stay},
    presenter_model::{PresenterModel, Verdict},
};
use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Between two key-frame requests for one source (FWD-004).
const KEY_FRAME_PAUSE: Duration = Duration::from_millis(500);
/// So many people who want the same picture within that time are a storm.
const STORM: usize = 5;
/// Within this time whoever asks for a picture gets some of it.
const FIRST_PICTURE: Duration = Duration::from_secs(3);
/// Audio from this level on (-dBov) is speech.
const SPEECH_LEVEL: u8 = 50;
/// Silence after which speech begins anew.
const PAUSE: Duration = Duration::from_millis(600);
/// Whoever spoke within this time before still counts as speaking.
const HANGOVER: Duration = limits::SPEAKER_HANGOVER;
/// What nobody's speech may lose (FWD-005).
const ONSET: Duration = Duration::from_millis(200);
/// Packets of one microphone further apart than this do not belong to one stretch.
const STRETCH_GAP: Duration = Duration::from_millis(100);

/// The checks of this area.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "streams-are-numbered-without-gaps",
        requirements: &["FWD-001"],
        scenarios: &["layers", "presenter", "speakers"],
        judge: Judge::Run(numbered_without_gaps),
    },
    Check {
        name: "key-frame-requests-are-limited",
        requirements: &["FWD-004"],
        scenarios: &["layers"],
        judge: Judge::Run(key_frame_requests_are_limited),
    },
    Check {
        name: "only-the-loudest-are-forwarded",
        requirements: &["FWD-005"],
        scenarios: &["speakers"],
        judge: Judge::Run(few_speakers_at_once),
    },
    Check {
        name: "first-syllables-are-heard",
        requirements: &["FWD-005"],
        scenarios: &["speakers"],
        judge: Judge::Run(onsets_are_whole),
    },
    Check {
        name: "every-packet-is-accounted-for",
        requirements: &["FWD-007"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(accounts_agree_with_the_wire),
    },
    Check {
        name: "conferences-are-isolated",
        requirements: &["FWD-008"],
        scenarios: &["isolation", EVERY_SCENARIO],
        judge: Judge::Run(conferences_are_isolated),
    },
];

/// FWD-001.
fn numbered_without_gaps(evidence: &RunEvidence) -> Findings {
    let flows = Flows::new(evidence.run());
    let mut findings = Findings::new();
    one_ssrc_per_stream(&flows, &mut findings);
    let mut streams: BTreeMap<(PeerId, Ssrc), Vec<&SeenRtp>> = BTreeMap::new();
    for packet in flows.run.server.tap.egress.iter().filter(|packet| !packet.again) {
        streams.entry((packet.peer, packet.ssrc)).or_default().push(packet);
    }
    let lost = lost_upstream(&flows);
    let mut switches = 0;
    for ((peer, ssrc), packets) in &streams {
        let stream = flows.announced_as(*peer, *ssrc);
        let title = || {
            let source = stream.and_then(|stream| flows.stay_of(stream.source));
            let source = source.map_or("nobody", |source| flows.name(source.peer));
            let kind = stream.map_or("something".to_owned(), |stream| format!("{:?}", stream.kind));
            format!("{} gets {kind} of {source}:", flows.name(*peer))
        };
        let allowed = stream.and_then(|stream| lost.get(&(stream.source, stream.kind))).copied();
        numbers_hold(packets, allowed.unwrap_or_default(), &title, &mut findings);
        let sources: Vec<Option<Ssrc>> =
            packets.iter().map(|packet| flows.origin(packet.payload).map(|origin| origin.ssrc)).collect();
        switches += sources.windows(2).filter(|pair| pair[0] != pair[1]).count();
    }
    let watches = flows.run.scenario.steps.iter().any(|step| matches!(step.action, Action::Watch { .. }));
    findings.expect(switches > 0 || !watches, || "no stream ever switched layers".to_owned());
    findings.count("streams", streams.len() as u64);
    findings.count("layer switches", switches as u64);
    findings
}

/// Numbers without gap (beyond what was lost before the server) and without two meanings; RTP time never goes back.
fn numbers_hold(packets: &[&SeenRtp], lost: u64, title: &dyn Fn() -> String, findings: &mut Findings) {
    let mut newest: Option<i64> = None;
    let mut by_number: BTreeMap<i64, &SeenRtp> = BTreeMap::new();
    for packet in packets {
        let number = newest.map_or(i64::from(packet.sequence), |newest| {
            newest + i64::from(packet.sequence.wrapping_sub(newest as u16) as i16)
        });
        newest = Some(newest.map_or(number, |newest| newest.max(number)));
        let other = by_number.insert(number, packet);
        findings.expect_at(
            other.is_none_or(|other| other.payload == packet.payload),
            Some(packet.at),
            || format!("{} number {} twice, with different payloads", title(), packet.sequence),
        );
    }
    let (mut missing, mut first) = (0, None);
    let numbered: Vec<(&i64, &&SeenRtp)> = by_number.iter().collect();
    for pair in numbered.windows(2) {
        let ((before, earlier), (number, packet)) = (pair[0], pair[1]);
        let gap = (number - before - 1) as u64;
        missing += gap;
        if gap > 0 && first.is_none() {
            first = Some((packet.at, packet.sequence));
        }
        let ahead = packet.timestamp.wrapping_sub(earlier.timestamp) as i32;
        findings.expect_at(ahead >= 0, Some(packet.at), || {
            format!("{} number {} is {} ticks older than the one before", title(), packet.sequence, -ahead)
        });
    }
    findings.expect_at(missing <= lost, first.map(|(at, _)| at), || {
        let before = first.map_or(0, |(_, number)| number);
        format!("{} {missing} numbers are missing (before {before}); {lost} were lost upstream", title())
    });
}

/// The server announces one SSRC for each stream, and everything of that stream comes under it.
fn one_ssrc_per_stream(flows: &Flows<'_>, findings: &mut Findings) {
    for (peer, streams) in &flows.announced {
        for (index, stream) in streams.iter().enumerate() {
            let other = streams[..index].iter().find(|other| {
                (other.source, other.kind) == (stream.source, stream.kind) && other.until > stream.from
            });
            findings.expect_at(other.is_none(), Some(stream.from), || {
                format!("{} was given a second SSRC for one stream", flows.name(*peer))
            });
        }
    }
    for packet in flows.run.server.tap.egress.iter().filter(|packet| !packet.again) {
        let Some(origin) = flows.origin(packet.payload) else { continue };
        let Some(stay) = flows.stay_at(origin.peer, origin.at) else { continue };
        let kind = flows.kind_of_stream(origin.peer, origin.ssrc);
        let stream = flows.announced_as(packet.peer, packet.ssrc);
        let fits = |stream: &Announced| stream.source == stay.participant && Some(stream.kind) == kind;
        findings.expect_at(stream.is_some_and(fits), Some(packet.at), || {
            let (to, from) = (flows.name(packet.peer), flows.name(origin.peer));
            format!("{to} got {kind:?} of {from} under an SSRC that was not announced for it")
        });
    }
}

/// Packets that never reached the server, by the gaps in each source's own numbers.
fn lost_upstream(flows: &Flows<'_>) -> BTreeMap<(ParticipantId, MediaKind), u64> {
    let mut numbers: BTreeMap<(PeerId, Ssrc), (i64, BTreeSet<i64>)> = BTreeMap::new();
    for packet in flows.run.server.tap.ingress.iter().filter(|packet| !packet.again) {
        let start = i64::from(packet.sequence);
        let (newest, seen) =
            numbers.entry((packet.peer, packet.ssrc)).or_insert_with(|| (start, BTreeSet::new()));
        let number = *newest + i64::from(packet.sequence.wrapping_sub(*newest as u16) as i16);
        *newest = number.max(*newest);
        seen.insert(number);
    }
    let mut lost = BTreeMap::new();
    for ((peer, ssrc), (_, seen)) in numbers {
        let Some(kind) = flows.kind_of_stream(peer, ssrc) else { continue };
        let Some((first, last)) = seen.first().zip(seen.last()) else { continue };
        let missing = (last - first + 1) as u64 - seen.len() as u64;
        for stay in flows.stays.iter().filter(|stay| stay.peer == peer) {
            *lost.entry((stay.participant, kind)).or_default() += missing;
        }
    }
    lost
}

/// FWD-004.
fn key_frame_requests_are_limited(evidence: &RunEvidence) -> Findings {
    let flows = Flows::new(evidence.run());
    let tap = &flows.run.server.tap;
    let mut findings = Findings::new();
    let mut last: BTreeMap<(PeerId, Ssrc), Timestamp> = BTreeMap::new();
    for request in &tap.key_frame_requests {
        let before = last.insert((request.peer, request.media), request.at);
        let pause = before.map(|before| request.at.saturating_since(before));
        findings.expect_at(pause.is_none_or(|pause| pause >= KEY_FRAME_PAUSE), Some(request.at), || {
            let millis = pause.unwrap_or_default().as_millis();
            format!("{} was asked for a key frame again after {millis} ms", flows.name(request.peer))
        });
    }
    let mut wishes: BTreeMap<(ParticipantId, MediaKind), Vec<(Timestamp, PeerId)>> = BTreeMap::new();
    for request in &tap.requests {
        if let Request::Watch { source, kind, layer: Some(_) } = request.body {
            wishes.entry((source, kind)).or_default().push((request.at, request.peer));
        }
    }
    let mut largest = 0;
    for ((source, kind), wishes) in &wishes {
        for (index, (at, peer)) in wishes.iter().enumerate() {
            let until = *at + KEY_FRAME_PAUSE;
            let together = wishes[index..].iter().take_while(|(other, _)| *other < until).count();
            largest = largest.max(together);
            gets_a_picture(&flows, (*source, *kind), (*at, *peer), &mut findings);
        }
    }
    findings.expect(largest >= STORM, || format!("at most {largest} asked at a time: no storm"));
    findings.expect(!tap.key_frame_requests.is_empty(), || "nobody was asked for a key frame".to_owned());
    findings.count("key-frame requests", tap.key_frame_requests.len() as u64);
    findings.count("wishes to see somebody", wishes.values().map(|wishes| wishes.len() as u64).sum());
    findings.count("wishes within 500 ms at most", largest as u64);
    findings
}

/// Whoever wishes to see somebody gets a packet of the picture soon, if the wish and the picture last that long.
fn gets_a_picture(
    flows: &Flows<'_>,
    (source, kind): (ParticipantId, MediaKind),
    (at, peer): (Timestamp, PeerId),
    findings: &mut Findings,
) {
    let until = at + FIRST_PICTURE;
    let lasts = |stay: &Stay| stay.from <= at && stay.until >= until && until < flows.run.scenario.end();
    let other_wish = flows.run.server.tap.requests.iter().any(|request| {
        let this =
            matches!(request.body, Request::Watch { source: s, kind: k, .. } if (s, k) == (source, kind));
        this && request.peer == peer && request.at > at && request.at < until
    });
    // A camera that is switched off or muted meanwhile shows nothing.
    let disturbed = flows.run.server.tap.messages.iter().any(|message| {
        at <= message.at
            && message.at < until
            && match &message.body {
                ServerMessage::TrackRemoved { participant, kind: gone } => {
                    *participant == source && *gone == kind
                }
                ServerMessage::Member { member } => {
                    member.participant == source && !member.permissions.allows(kind)
                }
                _ => false,
            }
    });
    let stays = flows.stay_at(peer, at).is_some_and(lasts) && flows.stay_of(source).is_some_and(lasts);
    if !stays || other_wish || disturbed {
        return;
    }
    let Some(theirs) = flows.stay_of(source).map(|stay| stay.peer) else { return };
    let egress = &flows.run.server.tap.egress;
    let first = egress.partition_point(|packet| packet.at < at);
    let got = egress[first..].iter().take_while(|packet| packet.at < until).any(|packet| {
        let shows = |origin: &SeenRtp| {
            origin.peer == theirs && flows.kind_of_stream(origin.peer, origin.ssrc) == Some(kind)
        };
        packet.peer == peer && flows.origin(packet.payload).is_some_and(shows)
    });
    findings.expect_at(got, Some(at), || {
        let (who, whom) = (flows.name(peer), flows.name(theirs));
        format!("{who} asked to see {whom} ({kind:?}) and got nothing for {FIRST_PICTURE:?}")
    });
}

/// FWD-005, first half: to nobody are more microphones forwarded at a time than configured, and that many are.
fn few_speakers_at_once(evidence: &RunEvidence) -> Findings {
    let flows = Flows::new(evidence.run());
    let limit = flows.run.scenario.limits.speakers;
    let mut findings = Findings::new();
    let mut stretches: BTreeMap<(PeerId, PeerId), Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    let mut open = BTreeSet::new();
    for packet in flows.run.server.tap.egress.iter().filter(|packet| !packet.again) {
        let Some(origin) = flows.origin(packet.payload) else { continue };
        if flows.kind_of_stream(origin.peer, origin.ssrc) != Some(MediaKind::Audio) {
            continue;
        }
        open.insert(origin.peer);
        let stretches = stretches.entry((packet.peer, origin.peer)).or_default();
        match stretches.last_mut() {
            Some((_, until)) if packet.at.saturating_since(*until) <= STRETCH_GAP => *until = packet.at,
            _ => stretches.push((packet.at, packet.at)),
        }
    }
    let mut most = 0;
    for listener in flows.stays.iter().map(|stay| stay.peer) {
        let of = stretches.range((listener, PeerId(0))..=(listener, PeerId(u32::MAX)));
        let mut edges: Vec<(Timestamp, bool, PeerId)> = of
            .flat_map(|((_, speaker), spans)| {
                spans.iter().flat_map(|(from, until)| [(*from, true, *speaker), (*until, false, *speaker)])
            })
            .collect();
        // What ends makes room for what begins at the same moment.
        edges.sort_unstable();
        let mut speaking = BTreeSet::new();
        for (at, begins, speaker) in edges {
            if !begins {
                speaking.remove(&speaker);
                continue;
            }
            speaking.insert(speaker);
            most = most.max(speaking.len());
            findings.expect_at(speaking.len() <= limit, Some(at), || {
                let names: Vec<&str> = speaking.iter().map(|speaker| flows.name(*speaker)).collect();
                format!(
                    "{} gets {} microphones at once: {}",
                    flows.name(listener),
                    names.len(),
                    names.join(", ")
                )
            });
        }
    }
    findings.expect(most == limit, || format!("of {limit} places only {most} were ever taken at once"));
    findings.expect(open.len() > limit, || format!("only {} ever spoke", open.len()));
    findings.count("speakers", open.len() as u64);
    findings.figure("at once", "", most as f64);
    findings
}

/// FWD-005, second half: the first 200 ms of whoever begins to speak while a place is free reach everybody.
fn onsets_are_whole(evidence: &RunEvidence) -> Findings {
    let flows = Flows::new(evidence.run());
    let model = PresenterModel::new(flows.run);
    let limit = flows.run.scenario.limits.speakers;
    let mut findings = Findings::new();
    let mut audio: BTreeMap<PeerId, Vec<&SeenRtp>> = BTreeMap::new();
    for packet in flows.run.server.tap.ingress.iter().filter(|packet| !packet.again) {
        if flows.kind_of(packet) == Some(MediaKind::Audio) {
            audio.entry(packet.peer).or_default().push(packet);
        }
    }
    let voiced = |packet: &&&SeenRtp| packet.level <= SPEECH_LEVEL;
    let (mut onsets, mut crowded) = (0, 0);
    for (peer, packets) in &audio {
        let mut spoke: Option<Timestamp> = None;
        for packet in packets.iter().filter(voiced) {
            let pause = spoke.is_none_or(|spoke| packet.at.saturating_since(spoke) >= PAUSE);
            spoke = Some(packet.at);
            let Some(stay) = flows.stay_at(*peer, packet.at).filter(|_| pause) else { continue };
            let (from, until) = (packet.at, packet.at + ONSET);
            let others = audio.iter().filter(|(other, packets)| {
                let theirs = flows.stay_at(**other, from).is_some_and(|s| s.conference == stay.conference);
                let speaks =
                    |p: &&SeenRtp| p.level <= SPEECH_LEVEL && p.at + HANGOVER >= from && p.at < until;
                *other != peer && theirs && packets.iter().any(speaks)
            });
            if others.count() >= limit {
                crowded += 1;
                continue;
            }
            onsets += 1;
            for early in packets.iter().filter(|early| from <= early.at && early.at < until) {
                let allowed = model.verdict(stay.conference, stay.participant, MediaKind::Audio, early.at)
                    == Verdict::May;
                for other in flows.company(stay, from - ONSET, until + ONSET).filter(|_| allowed) {
                    findings.expect_at(flows.reached(early.payload, other.peer), Some(early.at), || {
                        let (who, whom) = (flows.name(*peer), flows.name(other.peer));
                        let since = early.at.saturating_since(from).as_millis();
                        format!(
                            "{who} began to speak at {from}; what came {since} ms later never reached {whom}"
                        )
                    });
                }
            }
        }
    }
    findings.expect(onsets > 0, || "nobody began to speak while there was a place".to_owned());
    findings.count("beginnings of speech", onsets);
    findings.count("more while all places were taken", crowded);
    findings
}

/// FWD-007.
fn accounts_agree_with_the_wire(evidence: &RunEvidence) -> Findings {
    let flows = Flows::new(evidence.run());
    let mut findings = Findings::new();
    received_agrees(&flows, &mut findings);
    forwarded_agrees(&flows, &mut findings);
    findings
}

fn received_agrees(flows: &Flows<'_>, findings: &mut Findings) {
    let server = &flows.run.server;
    let mut seen: BTreeMap<PeerId, u64> = BTreeMap::new();
    for packet in &server.tap.ingress {
        *seen.entry(packet.peer).or_default() += 1;
    }
    let mut received: BTreeMap<PeerId, u64> = BTreeMap::new();
    for track in &server.tracks {
        let Some(stay) = flows.stay_of(track.source) else { continue };
        *received.entry(stay.peer).or_default() += track.received;
        findings.expect(track.balances(), || {
            format!("the account of {}'s {:?} does not balance: {track:?}", flows.name(stay.peer), track.kind)
        });
    }
    for (peer, seen) in &seen {
        let dropped = |reason| server.drops.get(&(*peer, reason)).copied().unwrap_or_default();
        let received = received.get(peer).copied().unwrap_or_default();
        let certain = received + dropped(DropReason::ForeignSsrc);
        // Feedback and requests from outside are dropped under the same name as media.
        let possible = certain + dropped(DropReason::NotJoined);
        findings.expect((certain..=possible).contains(seen), || {
            let who = flows.name(*peer);
            format!("{who} sent {seen} packets; the engine's accounts name {certain} to {possible}")
        });
    }
    findings.count("packets in", seen.values().sum());
}

fn forwarded_agrees(flows: &Flows<'_>, findings: &mut Findings) {
    let server = &flows.run.server;
    let mut sent: BTreeMap<(PeerId, ParticipantId, MediaKind), (u64, u64)> = BTreeMap::new();
    for report in &server.subscriptions {
        let Some(stay) = flows.stay_of(report.subscriber) else { continue };
        let account = sent.entry((stay.peer, report.source, report.kind)).or_default();
        account.0 += report.forwarded;
        account.1 += report.retransmitted;
        findings.expect(report.balances(), || {
            format!("the account of what {} gets does not balance: {report:?}", flows.name(stay.peer))
        });
    }
    let mut seen: BTreeMap<(PeerId, ParticipantId, MediaKind), (u64, u64)> = BTreeMap::new();
    for packet in &server.tap.egress {
        let origin = flows.origin(packet.payload);
        let stream = origin.and_then(|origin| {
            let stay = flows.stay_at(origin.peer, origin.at)?;
            Some((packet.peer, stay.participant, flows.kind_of_stream(origin.peer, origin.ssrc)?))
        });
        findings.expect_at(stream.is_some(), Some(packet.at), || {
            format!("{} got a packet that nobody in a conference sent", flows.name(packet.peer))
        });
        if let Some(stream) = stream {
            let (first, again) = seen.entry(stream).or_default();
            *(if packet.again { again } else { first }) += 1;
        }
    }
    let streams: BTreeSet<_> = sent.keys().chain(seen.keys()).copied().collect();
    for stream in streams {
        let (peer, source, kind) = stream;
        let account = sent.get(&stream).copied().unwrap_or_default();
        let wire = seen.get(&stream).copied().unwrap_or_default();
        findings.expect(account == wire, || {
            let from = flows.stay_of(source).map_or("nobody", |stay| flows.name(stay.peer));
            format!(
                "{} got {} packets and {} again of {from}'s {kind:?}; the account says {} and {}",
                flows.name(peer),
                wire.0,
                wire.1,
                account.0,
                account.1
            )
        });
    }
    findings.count("packets out", server.tap.egress.len() as u64);
    findings.count("subscriptions", server.subscriptions.len() as u64);
}

/// FWD-008.
fn conferences_are_isolated(evidence: &RunEvidence) -> Findings {
    let flows = Flows::new(evidence.run());
    let mut findings = Findings::new();
    for packet in &flows.run.server.tap.egress {
        let conference = |peer, at| flows.stay_at(peer, at).map(|stay| stay.conference);
        let to = conference(packet.peer, packet.at);
        let origin = flows.origin(packet.payload);
        let from = origin.and_then(|origin| conference(origin.peer, origin.at));
        findings.expect_at(to.is_some() && to == from, Some(packet.at), || {
            let sender = origin.map_or("nobody", |origin| flows.name(origin.peer));
            format!(
                "{} is in {to:?} and got a packet of {sender}, who was in {from:?}",
                flows.name(packet.peer)
            )
        });
        let scenario = &flows.run.scenario;
        let planned = |peer| scenario.person(person_of(peer)).conference;
        let together = origin.is_some_and(|origin| planned(origin.peer) == planned(packet.peer));
        findings.expect_at(together, Some(packet.at), || {
            format!("{} got a packet that nobody of the same conference sent", flows.name(packet.peer))
        });
    }
    let mut conferences: Vec<_> = flows.stays.iter().map(|stay| stay.conference).collect();
    conferences.sort_unstable();
    conferences.dedup();
    findings.count("conferences", conferences.len() as u64);
    findings.count("packets out", flows.run.server.tap.egress.len() as u64);
    findings
}
