//! Owns the check of a line whose rate falls to a tenth and comes back (NET-008): sound goes on, the queue is
//! short again soon, pictures step down and up.

use std::{ops::Range, time::Duration};

use media_core::{MediaKind, Timestamp, limits::CLIMB_PAUSE};
use sim::{packet::person_of, run::Run};

use super::{
    flows::Flows,
    layers::{Stream, streams},
    shared_lines::told,
    span::{intervals, mean},
};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Longest gap of anybody's sound.
const GAP_MS_MAX: f64 = 500.0;
/// Within this time of the fall the queue is short again.
const QUEUE_WITHIN: Duration = Duration::from_secs(3);
/// What a short queue is, for 95 of 100 packets. In seven of eight runs it is 100 ms at most; somebody who looks for more
/// makes a longer one.
const QUEUE_MAX: Duration = Duration::from_millis(150);
/// Within this time of the fall pictures fit into what is left.
const DOWN_WITHIN: Duration = Duration::from_secs(10);
/// Within this time of the return pictures are as they were.
const UP_WITHIN: Duration = Duration::from_secs(15);
/// Over so much time rates are compared.
const WINDOW: Duration = Duration::from_secs(2);
/// While the line is slow pictures take this share of its rate at least, with sound beside them; but for those who see the
/// smallest encoding of everything and fell to it so lately that no picture may climb yet (NET-003).
const SLOW_SHARE_MIN: f64 = 0.2;
/// Of the packets of a smallest encoding one in so many comes at least: its base layer, which has every fourth frame.
const BASE_LAYER: u64 = 4;
/// What counts as the old rate again: one of two pictures may be a step below what it was.
const SAME: f64 = 0.7;

pub(super) const CHECKS: &[Check] = &[Check {
    name: "a-rate-that-falls-to-a-tenth-and-returns-is-followed",
    requirements: &["NET-008"],
    scenarios: &["falling-rate"],
    judge: Judge::Run(rate_is_followed),
}];

fn rate_is_followed(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    let fault = run.scenario.faults.first();
    let fall = fault.and_then(|fault| Some((fault.at, fault.until?, fault.change.rate_kbps?, fault.site)));
    let Some((fallen, returned, slow_kbps, site)) = fall else {
        findings.expect(false, || "no line falls and comes back".to_owned());
        return findings;
    };
    for person in &run.people {
        let gap = person.report.audio.map_or(f64::INFINITY, |audio| audio.longest_gap_ms);
        findings.figure("longest gap", "ms", gap);
        findings.expect(gap <= GAP_MS_MAX, || format!("{} heard nothing for {gap} ms", person.report.name));
    }
    queues_are_short(run, fallen, returned, &mut findings);
    let flows = Flows::new(run);
    let name = &run.scenario.site(site).name;
    for person in run.people.iter().filter(|person| person.report.site == *name) {
        let who = &person.report.name;
        let rate =
            |until: Timestamp| mean(&person.timeline.video_kbps, &intervals(run, until - WINDOW..until));
        let (before, slow, after) = (rate(fallen), rate(fallen + DOWN_WITHIN), rate(returned + UP_WITHIN));
        findings.figure("kbit/s before", "", before);
        findings.figure("kbit/s while slow", "", slow);
        findings.figure("kbit/s after", "", after);
        let slow_kbps = f64::from(slow_kbps);
        findings.expect(before > slow_kbps, || {
            format!("{who} got {before:.0} kbit/s of pictures before the fall, which would fit after it")
        });
        let is_enough = slow >= slow_kbps * SLOW_SHARE_MIN
            || may_not_climb(&flows, who, fallen + DOWN_WITHIN - WINDOW..fallen + DOWN_WITHIN);
        findings.expect(is_enough && slow <= slow_kbps, || {
            format!("{who} gets {slow:.0} kbit/s of pictures over {slow_kbps:.0} kbit/s")
        });
        findings.expect(after >= before * SAME, || {
            format!("{who} gets {after:.0} kbit/s of pictures after the return, {before:.0} before the fall")
        });
    }
    pictures_step(&flows, name, (fallen, returned), &mut findings);
    findings
}

/// Whether all that somebody sees is smallest encodings, none of which has stopped, and each fell to it less than
/// [`CLIMB_PAUSE`] ago.
fn may_not_climb(flows: &Flows<'_>, who: &str, window: Range<Timestamp>) -> bool {
    let all = streams(flows);
    let theirs =
        all.iter().filter(|stream| flows.name(stream.peer) == who && stream.kind == MediaKind::Camera);
    let rests = |stream: &Stream| {
        let fell = stream.since(window.start).filter(|(_, encoding)| *encoding == Some(0));
        let packets = stream.packets(flows, &window);
        fell.is_some_and(|(at, _)| at + CLIMB_PAUSE >= window.end)
            && stream.switches(window.start, window.end).count() == 0
            && packets.came > 0
            && packets.sent * BASE_LAYER >= packets.came
    };
    let (resting, others): (Vec<_>, Vec<_>) = theirs.partition(|stream| rests(stream));
    !resting.is_empty() && others.is_empty()
}

/// The queues of the line, both ways, from soon after the fall until the return.
fn queues_are_short(run: &Run, fallen: Timestamp, returned: Timestamp, findings: &mut Findings) {
    let faulty = run.scenario.faults.iter();
    for fault in faulty.filter(|fault| fault.at == fallen) {
        let meters = run.links.iter().filter(|(site, _)| *site == fault.site).map(|(_, meter)| meter);
        for (way, carried) in meters.flat_map(|meter| [("down", &meter.down), ("up", &meter.up)]) {
            let delay = carried.queue_delays.percentile(95, fallen + QUEUE_WITHIN..returned);
            let delay = delay.unwrap_or(Duration::MAX);
            findings.figure(
                &format!("queue {way} at most"),
                "ms",
                delay.min(Duration::from_secs(1)).as_secs_f64() * 1e3,
            );
            findings.expect(delay <= QUEUE_MAX, || {
                format!(
                    "{way}: {QUEUE_WITHIN:?} after the fall a packet in twenty waits {}, not {QUEUE_MAX:?}",
                    told(delay)
                )
            });
        }
    }
}

/// Every picture over the line is in a smaller layer while it is slow, and in the old one again after.
fn pictures_step(
    flows: &Flows<'_>,
    site: &str,
    (fallen, returned): (Timestamp, Timestamp),
    findings: &mut Findings,
) {
    let run = flows.run;
    let over_the_line = |stream: &&Stream| {
        let ends = [Some(stream.peer), flows.stay_of(stream.source).map(|stay| stay.peer)];
        let there = ends.into_iter().flatten().any(|peer| run.people[person_of(peer).0].report.site == site);
        stream.kind == MediaKind::Camera && there
    };
    let (mut down, mut ways) = (0, 0);
    for stream in streams(flows).iter().filter(over_the_line) {
        let [before, slow, after] =
            [fallen, fallen + DOWN_WITHIN, returned + UP_WITHIN].map(|at| stream.encoding_at(at));
        ways += 1;
        down += u64::from(slow < before);
        findings.expect(slow <= before && after >= before, || {
            let source = flows.stay_of(stream.source).map_or("nobody", |stay| flows.name(stay.peer));
            let viewer = flows.name(stream.peer);
            format!(
                "{viewer} saw layer {before:?} of {source}, {slow:?} over the slow line, {after:?} in the end"
            )
        });
    }
    findings.count("pictures over the line", ways);
    findings.count("pictures that stepped down", down);
    findings.expect(down > 0, || "no picture stepped down".to_owned());
}
