//! Owns the checks of the choice of speakers (FWD-005): no more microphones at once than configured, and no first
//! syllable lost. Levels and times are those of the wire; the engine's choice is not asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use media_core::{MediaKind, PeerId, Timestamp, limits};
use sim::tap::SeenRtp;

use super::{
    flows::Flows,
    presenter_model::{PresenterModel, Verdict},
};
use crate::{evidence::Findings, rehearsal::RunEvidence};

/// Audio from this level on (-dBov) is speech.
const SPEECH_LEVEL: u8 = 50;
/// Silence after which speech begins anew.
const PAUSE: Duration = Duration::from_millis(600);
/// Whoever spoke within this time before still counts as speaking.
const HANGOVER: Duration = limits::SPEAKER_HANGOVER;
/// What nobody's speech may lose (FWD-005).
const ONSET: Duration = Duration::from_millis(200);
/// Packets of one microphone further apart than this do not belong to one stretch: two of 20 ms, with jitter. A longer
/// gap can hide that the microphone lost its place and won another.
const STRETCH_GAP: Duration = Duration::from_millis(45);

/// FWD-005, first half: to nobody are more microphones forwarded at a time than configured, and that many are.
pub(super) fn few_speakers_at_once(evidence: &RunEvidence) -> Findings {
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
pub(super) fn onsets_are_whole(evidence: &RunEvidence) -> Findings {
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
