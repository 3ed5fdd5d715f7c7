//! Owns the check that nothing gets stuck: every packet of sound and picture that a sender was entitled to have forwarded
//! went on to each listener, or was dropped under a name; and on lines that lost nothing, every frame that left the
//! server was decoded, or refused under a name, within a bound of delay.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use media_core::{DropReason, MediaKind, ParticipantId, Timestamp};
use sim::{packet::person_of, run::Run, scenario::PersonIndex};

use super::flows::Flows;
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// What left the server later than this before the end may still be under way or in a jitter buffer, which holds 400 ms.
const SETTLED: Duration = Duration::from_secs(1);
/// From capture to decoding, at most: one frame of 20 ms, both lines with their queues, the server's hold of 200 ms for
/// words that begin, and one repair.
const DELAY_MAX: Duration = Duration::from_millis(600);

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[Check {
    name: "every-frame-arrives-or-is-accounted-for",
    requirements: &["FWD-007"],
    scenarios: &["isolation", "speakers", "presenter"],
    judge: Judge::Run(every_frame),
}];

/// One way of media: from whom, what, to whom.
type Way = (ParticipantId, MediaKind, PersonIndex);

fn every_frame(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let flows = Flows::new(run);
    let mut findings = Findings::new();
    let sent = frames_sent(&flows);
    let healthy: BTreeSet<PersonIndex> = people_on_healthy_lines(run).collect();
    let mut slowest = Duration::ZERO;
    for (index, person) in run.people.iter().enumerate() {
        let listener = PersonIndex(index);
        if !healthy.contains(&listener) {
            continue;
        }
        let mut decoded: BTreeMap<(ParticipantId, MediaKind), (u64, u64)> = BTreeMap::new();
        for track in &person.received {
            let account = decoded.entry((track.source, track.kind)).or_default();
            account.0 += track.frames.decoded;
            account.1 += track.frames.refused + track.refused.total();
            slowest = slowest.max(track.slowest);
            findings.expect(track.slowest <= DELAY_MAX, || {
                format!(
                    "{} decoded a frame of {:?}'s {:?} {:?} after its capture",
                    person.report.name, track.source, track.kind, track.slowest
                )
            });
        }
        // What overtakes the message that announces its stream is refused at the door, under a name but for no track.
        let mut early = person.refused.get(DropReason::ForeignSsrc);
        let ways = sent.range((ParticipantId(0), MediaKind::Audio, PersonIndex(0))..);
        for ((source, kind, _), frames) in ways.filter(|((.., to), _)| *to == listener) {
            let (decoded, refused) = decoded.get(&(*source, *kind)).copied().unwrap_or_default();
            let due = frames.iter().filter(|(at, until)| *at + SETTLED <= *until).count() as u64;
            let missing = due.saturating_sub(decoded + refused);
            let accounted = missing <= early;
            early = early.saturating_sub(missing);
            findings.expect(accounted, || {
                format!(
                    "of {due} frames of {source:?}'s {kind:?} that were on their way to {}, {decoded} were decoded and \
                     {refused} refused by name",
                    person.report.name
                )
            });
            findings.count("frames followed", due);
        }
    }
    findings.count("listeners on healthy lines", healthy.len() as u64);
    findings.figure("slowest", "ms", slowest.as_secs_f64() * 1e3);
    findings
}

/// When each frame first left the server for each listener, and until when that listener was there to receive it: to the
/// end of the run, of the listener's stay or of the stream. A frame is what has one RTP time in a stream.
fn frames_sent(flows: &Flows<'_>) -> BTreeMap<Way, Vec<(Timestamp, Timestamp)>> {
    let end = flows.run.scenario.end();
    let mut seen = BTreeSet::new();
    let mut frames: BTreeMap<Way, Vec<(Timestamp, Timestamp)>> = BTreeMap::new();
    for packet in flows.run.server.tap.egress.iter().filter(|packet| !packet.again) {
        let Some(stream) = flows.announced_as(packet.peer, packet.ssrc) else { continue };
        if seen.insert((packet.peer, packet.ssrc, packet.timestamp)) {
            let way = (stream.source, stream.kind, person_of(packet.peer));
            let stay = flows.stay_at(packet.peer, packet.at).map_or(packet.at, |stay| stay.until);
            frames.entry(way).or_default().push((packet.at, end.min(stay).min(stream.until)));
        }
    }
    frames
}

/// Everybody whose line dropped nothing in either direction.
fn people_on_healthy_lines(run: &Run) -> impl Iterator<Item = PersonIndex> {
    let lossless = run
        .links
        .iter()
        .filter(|(_, meter)| {
            [&meter.up, &meter.down].iter().all(|way| way.stats.dropped_total() + way.stats.corrupted == 0)
        })
        .map(|(site, _)| *site)
        .collect::<BTreeSet<_>>();
    let people = (0..run.scenario.people.len()).map(PersonIndex);
    people.filter(move |person| run.scenario.sites_of(*person).all(|site| lossless.contains(&site)))
}
