//! Owns the check that pictures rest at their publisher while nobody watches them, and are there again soon (FWD-006).
//! Who watches what is read from their requests.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use media_core::{MediaKind, ParticipantId, PeerId, Timestamp, signalling::Request};

use super::{flows::Flows, transcript::Transcript};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Within this time of the last viewer's going nothing comes from the publisher any more.
const RESTS_WITHIN: Duration = Duration::from_millis(500);
/// Within this time of the first viewer's coming there is something to see.
const RESUMES_WITHIN: Duration = Duration::from_secs(1);

pub(super) const CHECKS: &[Check] = &[Check {
    name: "unwatched-pictures-rest-and-resume",
    requirements: &["FWD-006"],
    scenarios: &["resting"],
    judge: Judge::Run(rest_and_resume),
}];

/// From when to when nobody watched a picture, and who was the first to watch it then.
struct Rest {
    from: Timestamp,
    until: Timestamp,
    first: Option<PeerId>,
}

fn rest_and_resume(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let (flows, transcript) = (Flows::new(run), Transcript::read(run));
    let mut findings = Findings::new();
    let (mut rests, mut resumed) = (0, 0);
    for stay in &flows.stays {
        for kind in [MediaKind::Camera, MediaKind::Screen] {
            let own = |packet: &&sim::tap::SeenRtp| {
                packet.peer == stay.peer && flows.kind_of_stream(packet.peer, packet.ssrc) == Some(kind)
            };
            let sent: Vec<Timestamp> = run.server.tap.ingress.iter().filter(own).map(|p| p.at).collect();
            if sent.is_empty() {
                continue;
            }
            let end = stay.until.min(run.scenario.end());
            for rest in unwatched(&transcript, stay.participant, kind, (stay.from, end)) {
                let quiet_from = rest.from + RESTS_WITHIN;
                let late = sent.iter().find(|at| quiet_from < **at && **at < rest.until);
                rests += u64::from(quiet_from < rest.until);
                findings.expect_at(late.is_none(), late.copied(), || {
                    let who = flows.name(stay.peer);
                    format!("{who} sent {kind:?}, which nobody had watched since {}", rest.from)
                });
                let Some(viewer) = rest.first else { continue };
                resumed += 1;
                let shown = run.server.tap.egress.iter().find(|packet| {
                    let origin = flows.origin(packet.payload);
                    packet.at >= rest.until
                        && packet.peer == viewer
                        && origin.is_some_and(|origin| own(&origin))
                });
                let after = shown.map(|packet| packet.at.saturating_since(rest.until));
                findings.figure(
                    "there again after",
                    "ms",
                    after.map_or(f64::NAN, |after| after.as_secs_f64() * 1e3),
                );
                findings.expect_at(
                    after.is_some_and(|after| after <= RESUMES_WITHIN),
                    Some(rest.until),
                    || {
                        let (viewer, who) = (flows.name(viewer), flows.name(stay.peer));
                        format!("{viewer} asked for {kind:?} of {who} and got it after {after:?}")
                    },
                );
            }
        }
    }
    findings.count("times in which nobody watched", rests);
    findings.count("times in which somebody watched again", resumed);
    findings.expect(rests > 1, || "hardly anything was unwatched for long enough".to_owned());
    findings.expect(resumed > 1, || "hardly anything was watched again".to_owned());
    findings
}

/// When nobody watched a picture.
fn unwatched(
    transcript: &Transcript<'_>,
    of: ParticipantId,
    of_kind: MediaKind,
    (from, end): (Timestamp, Timestamp),
) -> Vec<Rest> {
    let mut changes: BTreeMap<(Timestamp, PeerId), bool> = BTreeMap::new();
    for asked in transcript.exchanges.iter().filter(|asked| asked.is_done()) {
        if let Request::Watch { source, kind, layer } = asked.body
            && (*source, *kind) == (of, of_kind)
        {
            changes.insert((asked.at, asked.peer), layer.is_some());
        }
    }
    let mut rests = Vec::new();
    let (mut viewers, mut since) = (BTreeSet::new(), Some(from));
    for ((at, peer), watches) in changes {
        if watches {
            viewers.insert(peer);
            if let Some(from) = since.take() {
                rests.push(Rest { from, until: at, first: Some(peer) });
            }
        } else if viewers.remove(&peer) && viewers.is_empty() {
            since = Some(at);
        }
    }
    rests.extend(since.map(|from| Rest { from, until: end, first: None }));
    rests
}
