//! Owns the checks of repairs (FWD-003): what a publisher's line loses is asked for once, for all subscribers together;
//! what a subscriber misses comes again within the budget of delay.

use std::{collections::BTreeMap, time::Duration};

use media_core::{
    PeerId, Ssrc, Timestamp,
    limits::{NACK_INTERVAL, NACK_TRIES_MAX, RETRANSMISSIONS_MAX},
};
use sim::run::Run;

use super::flows::Flows;
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// From the first sending of a packet to its repair, at most: beyond 400 ms from mouth to ear a conversation is
/// unacceptable (ITU-T G.114), so what is repaired later is of no use.
const REPAIR_BUDGET: Duration = Duration::from_millis(400);
/// Share of what was asked for that has to come within the budget. A repair can be lost, too, on lines that lose 5 %.
const REPAIRED_SHARE_MIN: f64 = 0.95;
/// The server answers from its memory.
const ANSWER_MAX: Duration = Duration::from_millis(5);

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "a-publishers-loss-is-asked-for-once",
        requirements: &["FWD-003"],
        scenarios: &["loss"],
        judge: Judge::Run(|run| asked_once(run.run())),
    },
    Check {
        name: "a-subscribers-loss-is-repaired-in-time",
        requirements: &["FWD-003"],
        scenarios: &["loss"],
        judge: Judge::Run(repaired_in_time),
    },
];

/// When each packet was asked for, by stream and number.
fn requests(run: &Run, by_server: bool) -> BTreeMap<(PeerId, Ssrc, u16), Vec<Timestamp>> {
    let mut asked: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for nack in run.server.tap.nacks.iter().filter(|nack| nack.by_server == by_server) {
        asked.entry((nack.peer, nack.media, nack.sequence)).or_default().push(nack.at);
    }
    asked
}

fn asked_once(run: &Run) -> Findings {
    let mut findings = Findings::new();
    for ((peer, media, sequence), times) in &requests(run, true) {
        findings.expect(times.len() <= usize::from(NACK_TRIES_MAX), || {
            format!("{peer:?} was asked {} times for number {sequence} of {media:?}", times.len())
        });
        for pair in times.windows(2) {
            let pause = pair[1].saturating_since(pair[0]);
            findings.expect_at(pause >= NACK_INTERVAL, Some(pair[1]), || {
                format!("{peer:?} was asked for number {sequence} of {media:?} again after {pause:?}")
            });
        }
        findings.count("packets asked for", 1);
        findings.count("requests", times.len() as u64);
    }
    findings
}

fn repaired_in_time(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    let mut sent: BTreeMap<(PeerId, Ssrc, u16), (Timestamp, u64)> = BTreeMap::new();
    let mut again: BTreeMap<(PeerId, u64), Vec<Timestamp>> = BTreeMap::new();
    for packet in &run.server.tap.egress {
        if packet.again {
            again.entry((packet.peer, packet.payload)).or_default().push(packet.at);
        } else {
            sent.entry((packet.peer, packet.ssrc, packet.sequence)).or_insert((packet.at, packet.payload));
        }
    }
    let flows = Flows::new(run);
    let (mut asked, mut in_time) = (0_u64, 0_u64);
    for ((peer, media, sequence), times) in &requests(run, false) {
        let Some((first, payload)) = sent.get(&(*peer, *media, *sequence)) else { continue };
        // What the server itself still missed it could not send again; it comes as soon as it is there.
        let times: Vec<_> = times.iter().filter(|at| *at >= first).collect();
        if times.is_empty() {
            continue;
        }
        asked += 1;
        let repairs = again.get(&(*peer, *payload)).map(Vec::as_slice).unwrap_or_default();
        in_time += u64::from(repairs.iter().any(|at| at.saturating_since(*first) <= REPAIR_BUDGET));
        for (number, at) in times.iter().enumerate().take(usize::from(RETRANSMISSIONS_MAX)) {
            let answered = repairs.iter().any(|repair| repair >= *at && *repair <= **at + ANSWER_MAX);
            findings.expect_at(answered, Some(**at), || {
                let who = flows.name(*peer);
                format!(
                    "{who} asked for number {sequence} of {media:?} ({}. time) and got nothing",
                    number + 1
                )
            });
        }
    }
    let share = in_time as f64 / asked as f64;
    findings.expect(share >= REPAIRED_SHARE_MIN, || {
        format!("of {asked} packets that subscribers missed, {in_time} came again within {REPAIR_BUDGET:?}")
    });
    findings.count("packets missed", asked);
    findings.figure("repaired in time", "", share);
    findings
}
