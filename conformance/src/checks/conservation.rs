//! Owns the checks of what becomes of each packet: the engine's accounts agree with the wire (FWD-007), and nothing
//! leaves its conference (FWD-008). Which packets should have been forwarded is judged elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{DropReason, MediaKind, ParticipantId, PeerId};
use sim::packet::person_of;

use super::flows::Flows;
use crate::{evidence::Findings, rehearsal::RunEvidence};

/// FWD-007.
pub(super) fn accounts_agree_with_the_wire(evidence: &RunEvidence) -> Findings {
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
        let origin = flows.origin_of(packet);
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
pub(super) fn conferences_are_isolated(evidence: &RunEvidence) -> Findings {
    let flows = Flows::new(evidence.run());
    let mut findings = Findings::new();
    for packet in &flows.run.server.tap.egress {
        let conference = |peer, at| flows.stay_at(peer, at).map(|stay| stay.conference);
        let to = conference(packet.peer, packet.at);
        let origin = flows.origin_of(packet);
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
