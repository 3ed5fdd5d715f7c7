//! Owns the check of links that are guessed, nearly right, of other conferences, or revoked: however often they are
//! tried, they open nothing, and every answer is one that would be given whether or not there is such a conference.

use std::collections::BTreeSet;

use media_core::{
    PeerId,
    signalling::{Refusal, ServerMessage},
};
use sim::packet::person_of;

use super::{join::joins, transcript::Transcript};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Guesses and reuses that must have been tried, or nothing was.
const TRIED_MIN: u64 = 100;

pub(super) const CHECKS: &[Check] = &[Check {
    name: "guessed-and-revoked-links-open-nothing",
    requirements: &["JOIN-002"],
    scenarios: &["hostile-joins"],
    judge: Judge::Run(judge),
}];

fn judge(evidence: &RunEvidence) -> Findings {
    let transcript = Transcript::read(evidence.run());
    let mut findings = Findings::new();
    let (mut tried, mut named) = (0, BTreeSet::new());
    let mut valid: BTreeSet<PeerId> = BTreeSet::new();
    for (join, good) in joins(&transcript) {
        if good {
            valid.insert(join.peer);
            continue;
        }
        tried += 1;
        named.extend(join.refusal());
        // Who asks too often is told so, whatever they ask for.
        let silent = [Some(Refusal::InvalidLink), Some(Refusal::TooManyRequests), Some(Refusal::AlreadyIn)];
        findings.expect_at(silent.contains(&join.refusal()), Some(join.at), || {
            format!("{} tried a link that is none and {}", transcript.name(join.person), join.outcome())
        });
    }
    let tap = &transcript.run.server.tap;
    let stranger = |peer: &PeerId| {
        transcript.run.scenario.misbehaves(person_of(*peer))
            && !valid.contains(peer)
            && tap.requests.iter().any(|request| request.peer == *peer)
    };
    let strangers: BTreeSet<PeerId> =
        tap.requests.iter().map(|request| request.peer).filter(stranger).collect();
    for message in tap.messages.iter().filter(|message| strangers.contains(&message.peer)) {
        findings.expect_at(matches!(message.body, ServerMessage::Refused { .. }), Some(message.at), || {
            let who = transcript.name(person_of(message.peer));
            format!("{who} had no valid link and was told more than a refusal")
        });
    }
    let sent = tap.egress.iter().filter(|packet| strangers.contains(&packet.peer)).count();
    findings.expect(sent == 0, || format!("{sent} media packets went to people without a valid link"));
    findings
        .expect(named.contains(&Refusal::InvalidLink), || "no link was ever refused as invalid".to_owned());
    findings.expect(tried >= TRIED_MIN, || format!("only {tried} bad links were tried"));
    findings.count("bad links tried", tried);
    findings.count("connections without a valid link", strangers.len() as u64);
    findings
}
