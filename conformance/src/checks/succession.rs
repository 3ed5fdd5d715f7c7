//! Owns the check that the presenter's place passes on without a gap for the audience (PRES-006).

use std::{collections::BTreeMap, time::Duration};

use media_core::{MediaKind, PeerId, Timestamp};

use super::{
    flows::Stay,
    stage::{Presentation, Stage},
};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Longest gap in what the audience gets.
const GAP_MAX: Duration = Duration::from_secs(1);
/// What is looked at before and after the change.
const BEFORE: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(2);

pub(super) const CHECKS: &[Check] = &[Check {
    name: "the-presenters-place-passes-on-without-a-gap",
    requirements: &["PRES-006"],
    scenarios: &["hand-over"],
    judge: Judge::Run(without_a_gap),
}];

fn without_a_gap(evidence: &RunEvidence) -> Findings {
    let stage = Stage::new(evidence);
    let mut findings = Findings::new();
    let mut changes = 0;
    let presentations = stage.presentations();
    for from in &presentations {
        let next = |to: &&Presentation| {
            to.conference == from.conference && to.presenter != from.presenter && to.from == from.until
        };
        let Some(to) = presentations.iter().find(next) else { continue };
        let stays = [from, to].map(|presentation| stage.flows.stay_of(presentation.presenter));
        let [Some(old), Some(new)] = stays else { continue };
        changes += 1;
        for kind in [MediaKind::Audio, MediaKind::Camera] {
            judge_change(&stage, (old, new), kind, to.from, &mut findings);
        }
    }
    findings.count("changes of the presenter", changes);
    findings.expect(changes > 1, || "the presenter's place has to pass there and back".to_owned());
    findings
}

fn judge_change(
    stage: &Stage<'_>,
    (old, new): (&Stay, &Stay),
    kind: MediaKind,
    at: Timestamp,
    findings: &mut Findings,
) {
    let (from, until) = (at - BEFORE, at + AFTER);
    let mut got: BTreeMap<PeerId, Vec<(Timestamp, PeerId)>> = BTreeMap::new();
    for packet in stage.flows.run.server.tap.egress.iter().filter(|p| from <= p.at && p.at < until) {
        let Some(origin) = stage.flows.origin(packet.payload) else { continue };
        let of_kind = stage.flows.kind_of_stream(origin.peer, origin.ssrc) == Some(kind);
        if of_kind && [old.peer, new.peer].contains(&origin.peer) {
            got.entry(packet.peer).or_default().push((packet.at, origin.peer));
        }
    }
    for listener in stage.flows.company(old, from, until).filter(|stay| stay.peer != new.peer) {
        let packets = got.get(&listener.peer).map_or(&[][..], Vec::as_slice);
        let times = packets.iter().map(|(at, _)| *at);
        let (mut before, mut gap) = (from, Duration::ZERO);
        for time in times.chain([until]) {
            gap = gap.max(time.saturating_since(before));
            before = time;
        }
        let who = stage.flows.name(listener.peer);
        findings.figure(&format!("longest gap of {kind:?}"), "ms", gap.as_secs_f64() * 1e3);
        findings.expect_at(gap <= GAP_MAX, Some(at), || {
            format!("{who} got no {kind:?} of either presenter for {gap:?} around the change")
        });
        let first = packets.iter().find(|(_, from)| *from == new.peer).map(|(at, _)| *at);
        findings.expect_at(first.is_some_and(|first| first <= at + GAP_MAX), Some(at), || {
            format!("{who} got {kind:?} of the new presenter at {first:?}")
        });
        let last = packets.iter().rev().find(|(_, from)| *from == old.peer).map(|(at, _)| *at);
        findings.expect_at(last.is_some_and(|last| last <= at + GAP_MAX), last, || {
            format!("{who} got {kind:?} of the last presenter until {last:?}")
        });
    }
}
