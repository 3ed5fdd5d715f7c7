//! Owns the checks against hostile participants. What each client really published is read from the client's own
//! record.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{DropReason, PeerId, Ssrc, Timestamp};
use sim::{packet::person_of, tap::SeenRtp};

use super::flows::Flows;
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// The checks of this area.
pub(super) const CHECKS: &[Check] = &[Check {
    name: "foreign-streams-are-dropped",
    requirements: &["SEC-002"],
    scenarios: &["hostile"],
    judge: Judge::Run(foreign_streams_are_dropped),
}];

/// SEC-002: what somebody sends on an SSRC that is not theirs is dropped and counted; what they send on their own
/// arrives all the same.
fn foreign_streams_are_dropped(evidence: &RunEvidence) -> Findings {
    let flows = Flows::new(evidence.run());
    let mut findings = Findings::new();
    let own: Vec<BTreeSet<Ssrc>> = flows
        .run
        .people
        .iter()
        .map(|person| person.published.iter().map(|(ssrc, _)| *ssrc).collect())
        .collect();
    let foreign = |packet: &SeenRtp| !own[person_of(packet.peer).0].contains(&packet.ssrc);
    let mut forged: BTreeMap<PeerId, u64> = BTreeMap::new();
    let mut honest: BTreeMap<PeerId, u64> = BTreeMap::new();
    let tap = &flows.run.server.tap;
    let mut delivered: BTreeMap<u64, (Timestamp, PeerId)> = BTreeMap::new();
    for packet in &tap.egress {
        delivered.entry(packet.payload).or_insert((packet.at, packet.peer));
    }
    for packet in &tap.ingress {
        let heard = flows.reached_anyone(packet.payload);
        if foreign(packet) {
            *forged.entry(packet.peer).or_default() += 1;
            // The server may ask for what is missing in the sender's own stream; sent there, it passes.
            let own = flows.origin(packet.payload).filter(|origin| !foreign(origin)).map(|origin| origin.at);
            let before = |(at, _): &&(Timestamp, PeerId)| own.is_none_or(|own| *at < own);
            let heard = delivered.get(&packet.payload).filter(before).map(|(_, peer)| *peer);
            findings.expect_at(heard.is_none(), Some(packet.at), || {
                format!(
                    "{} sent on a foreign SSRC, and it reached {}",
                    flows.name(packet.peer),
                    heard.map_or("nobody", |peer| flows.name(peer)),
                )
            });
        } else if heard.is_some() {
            *honest.entry(packet.peer).or_default() += 1;
        }
    }
    for (peer, forged) in &forged {
        let counted = flows.run.server.drops.get(&(*peer, DropReason::ForeignSsrc)).copied();
        findings.expect(counted == Some(*forged), || {
            let who = flows.name(*peer);
            format!("{who} sent {forged} packets on foreign SSRCs, counted as dropped were {counted:?}")
        });
        findings.expect(honest.contains_key(peer), || {
            format!("{} forged, and what was their own did not arrive either", flows.name(*peer))
        });
    }
    findings.expect(!forged.is_empty(), || "nobody sent on a foreign SSRC".to_owned());
    findings.count("forged packets", forged.values().sum());
    findings.count("honest packets forwarded", honest.values().sum());
    findings
}
