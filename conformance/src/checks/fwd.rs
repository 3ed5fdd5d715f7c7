//! Owns the list of the checks of forwarding, and of these the numbering of streams and the requests for key frames.
//! They look at the wire. The choice of speakers is judged in `loudest`, conservation and isolation in `conservation`.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use media_core::{
    MediaKind, ParticipantId, PeerId, Ssrc, Timestamp,
    signalling::{Request, ServerMessage},
};
use sim::{scenario::Action, tap::SeenRtp};

use super::{
    conservation::{accounts_agree_with_the_wire, conferences_are_isolated},
    flows::{Announced, Flows, Stay},
    loudest::{few_speakers_at_once, onsets_are_whole},
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
pub(super) fn lost_upstream(flows: &Flows<'_>) -> BTreeMap<(ParticipantId, MediaKind), u64> {
    let mut numbers: BTreeMap<(PeerId, Ssrc), (i64, BTreeSet<i64>)> = BTreeMap::new();
    for packet in flows.run.server.tap.ingress.iter().filter(|packet| !packet.again) {
        let start = i64::from(packet.sequence);
        let (newest, seen) =
            numbers.entry((packet.peer, packet.ssrc)).or_insert_with(|| (start, BTreeSet::new()));
        let number = *newest + i64::from(packet.sequence.wrapping_sub(*newest as u16) as i16);
        *newest = number.max(*newest);
        seen.insert(number);
    }
    let mut missing = BTreeMap::new();
    for ((peer, ssrc), (_, seen)) in numbers {
        let Some(kind) = flows.kind_of_stream(peer, ssrc) else { continue };
        let Some((first, last)) = seen.first().zip(seen.last()) else { continue };
        let gaps = (last - first + 1) as u64 - seen.len() as u64;
        for stay in flows.stays.iter().filter(|stay| stay.peer == peer) {
            *missing.entry((stay.participant, kind)).or_default() += gaps;
        }
    }
    missing
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
#[expect(clippy::wildcard_enum_match_arm, reason = "only two of the messages take a picture away")]
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
