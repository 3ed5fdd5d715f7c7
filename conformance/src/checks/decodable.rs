//! Owns the check that what goes to a subscriber can be decoded (FWD-002): another encoding begins with a key frame, and
//! every frame that is sent refers only to frames that were sent since. It reads dependency descriptors as the subscriber
//! does; what was lost on the publisher's line is nobody's fault here.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{PeerId, Ssrc, Timestamp};
use sim::tap::{SeenFrame, SeenRtp};

use super::{flows::Flows, fwd::lost_upstream};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

pub(super) const CHECKS: &[Check] = &[Check {
    name: "what-is-forwarded-can-be-decoded",
    requirements: &["FWD-002"],
    scenarios: &["layers", "falling-rate", "weak-lines"],
    judge: Judge::Run(decodable),
}];

fn decodable(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let flows = Flows::new(run);
    let lost = lost_upstream(&flows);
    let mut findings = Findings::new();
    let mut frames: BTreeMap<(PeerId, Ssrc), Vec<&SeenFrame>> = BTreeMap::new();
    for frame in &run.server.tap.frames {
        frames.entry((frame.peer, frame.ssrc)).or_default().push(frame);
    }
    let mut packets: BTreeMap<(PeerId, Ssrc), Vec<&SeenRtp>> = BTreeMap::new();
    for packet in run.server.tap.egress.iter().filter(|packet| !packet.again) {
        packets.entry((packet.peer, packet.ssrc)).or_default().push(packet);
    }
    let mut switches = 0;
    for (stream, frames) in &frames {
        let Some(announced) = flows.announced_as(stream.0, stream.1) else { continue };
        let packets = packets.get(stream).map(Vec::as_slice).unwrap_or_default();
        let title = || {
            let source = flows.stay_of(announced.source).map_or("nobody", |stay| flows.name(stay.peer));
            format!("{} gets {:?} of {source}:", flows.name(stream.0), announced.kind)
        };
        switches += switches_at_key_frames(&flows, frames, packets, &title, &mut findings);
        if lost.get(&(announced.source, announced.kind)).is_none_or(|lost| *lost == 0) {
            refers_to_what_was_sent(frames, packets, &title, &mut findings);
            findings.count("streams", 1);
        }
    }
    findings.count("switches", switches);
    findings.expect(switches > 0, || "no stream ever switched layers".to_owned());
    findings
}

/// Numbers as they were before they wrapped, in the order of sending.
fn unwrapped(numbers: impl Iterator<Item = u16>) -> Vec<i64> {
    let mut newest: Option<i64> = None;
    numbers
        .map(|number| {
            let unwrapped = newest.map_or(i64::from(number), |newest| {
                newest + i64::from(number.wrapping_sub(newest as u16) as i16)
            });
            newest = Some(newest.map_or(unwrapped, |newest| newest.max(unwrapped)));
            unwrapped
        })
        .collect()
}

/// Where the source of the packets changes, the first of the new source begins a key frame.
fn switches_at_key_frames(
    flows: &Flows<'_>,
    frames: &[&SeenFrame],
    packets: &[&SeenRtp],
    title: &dyn Fn() -> String,
    findings: &mut Findings,
) -> u64 {
    let keys: BTreeSet<(Timestamp, u16)> =
        frames.iter().filter(|frame| frame.key).map(|frame| (frame.at, frame.sequence)).collect();
    let numbers = unwrapped(packets.iter().map(|packet| packet.sequence));
    let mut ordered: Vec<(i64, &SeenRtp)> = numbers.into_iter().zip(packets.iter().copied()).collect();
    ordered.sort_by_key(|(number, _)| *number);
    let sourced: Vec<(Ssrc, &SeenRtp)> = ordered
        .iter()
        .filter_map(|(_, packet)| Some((flows.origin(packet.payload)?.ssrc, *packet)))
        .collect();
    let mut switches = 0;
    for pair in sourced.windows(2).filter(|pair| pair[0].0 != pair[1].0) {
        let first = pair[1].1;
        switches += 1;
        findings.expect_at(keys.contains(&(first.at, first.sequence)), Some(first.at), || {
            format!("{} another encoding begins at number {} without a key frame", title(), first.sequence)
        });
    }
    switches
}

/// Every frame is whole, and refers to frames that were sent since the last key frame.
fn refers_to_what_was_sent(
    frames: &[&SeenFrame],
    packets: &[&SeenRtp],
    title: &dyn Fn() -> String,
    findings: &mut Findings,
) {
    let sent: BTreeSet<i64> = unwrapped(packets.iter().map(|packet| packet.sequence)).into_iter().collect();
    if let (Some(first), Some(last)) = (sent.first(), sent.last()) {
        let missing = (last - first + 1) as u64 - sent.len() as u64;
        findings.expect(missing == 0, || format!("{} {missing} packets are missing", title()));
    }
    let numbers = unwrapped(frames.iter().map(|frame| frame.sequence));
    let mut ordered: Vec<(i64, &SeenFrame)> = numbers.into_iter().zip(frames.iter().copied()).collect();
    ordered.sort_by_key(|(number, _)| *number);
    let mut known: BTreeSet<u16> = BTreeSet::new();
    for (place, (_, frame)) in ordered.iter().enumerate() {
        if frame.key {
            known.clear();
        }
        findings.expect_at(place > 0 || frame.key, Some(frame.at), || {
            format!("{} the first frame is no key frame", title())
        });
        let absent = frame
            .diffs
            .as_slice()
            .iter()
            .map(|diff| frame.number.wrapping_sub(*diff))
            .find(|n| !known.contains(n));
        findings.expect_at(absent.is_none(), Some(frame.at), || {
            format!("{} frame {} refers to frame {absent:?}, which was not sent", title(), frame.number)
        });
        known.insert(frame.number);
    }
    findings.count("frames", ordered.len() as u64);
}
