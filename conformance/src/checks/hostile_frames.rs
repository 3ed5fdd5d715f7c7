//! Owns the checks that only what a sender sealed reaches a decoder, once, and as that sender's (E2E-007), whether a
//! participant or the media node is hostile. The witness stands behind the decoder: sealed and decoded frames are named
//! by a hash of their plaintext, in the records of both ends. Neither the engine nor the opener has a say in it.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{DropReason, MediaKind};
use sim::{run::Run, sabotage::Sabotage, scenario::PersonIndex};

use super::e2e::received;
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "nothing-forged-reaches-a-decoder",
        requirements: &["E2E-007"],
        scenarios: &["forgery", "hostile", "hostile-media", "hostile-feedback"],
        judge: Judge::Run(|evidence| {
            let mut findings = Findings::new();
            only_what_was_sealed(evidence.run(), &mut findings);
            findings
        }),
    },
    Check {
        name: "a-hostile-media-node-is-refused-frame-by-frame",
        requirements: &["E2E-007"],
        scenarios: &["forgery"],
        judge: Judge::Compare(hostile_media_nodes),
    },
];

/// What a hostile media node does, and the name under which endpoints have to refuse it.
const ATTACKS: [(Sabotage, DropReason); 8] = [
    (Sabotage::FlipBit, DropReason::BadTag),
    (Sabotage::SpliceFrames, DropReason::BadTag),
    (Sabotage::TruncateFrames, DropReason::BadTag),
    (Sabotage::RelabelLayer, DropReason::BadTag),
    (Sabotage::ReplayFrames, DropReason::Replayed),
    (Sabotage::HoldBackFrames, DropReason::BeyondReplayWindow),
    (Sabotage::SwapStreams, DropReason::WrongSender),
    (Sabotage::RelabelSender, DropReason::WrongSender),
];

fn hostile_media_nodes(evidence: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let mut findings = Findings::new();
    let broken = evidence.run().sabotage == Some(Sabotage::PlayForged);
    for (attack, reason) in ATTACKS.into_iter().filter(|_| !broken) {
        let settings = Settings { sabotage: Some(attack), ..Settings::default() };
        let run = rehearse.with_settings(settings).fixture(&evidence.scenario, evidence.seed)?;
        only_what_was_sealed(run.run(), &mut findings);
        let refused: u64 = received(run.run()).map(|(_, _, track)| track.refused.get(reason)).sum();
        findings
            .expect(refused > 0, || format!("{attack}: no endpoint counted a frame as {}", reason.name()));
        findings.count(&format!("refused under {attack}"), refused);
    }
    if broken {
        only_what_was_sealed(evidence.run(), &mut findings);
    }
    Ok(findings)
}

/// Each frame that went to a decoder was sealed by the one in whose track it came, as that kind of media, and no
/// listener decoded one twice.
pub(super) fn only_what_was_sealed(run: &Run, findings: &mut Findings) {
    let mut sealed: BTreeMap<u64, (PersonIndex, MediaKind)> = BTreeMap::new();
    for (index, person) in run.people.iter().enumerate() {
        sealed
            .extend(person.sealed.iter().map(|(kind, frame)| (frame.identity, (PersonIndex(index), *kind))));
    }
    let mut decoded: BTreeSet<(PersonIndex, u64)> = BTreeSet::new();
    let name = |person: PersonIndex| &run.scenario.person(person).name;
    for (listener, source, track) in received(run) {
        for frame in &track.decoded {
            let origin = sealed.get(&frame.identity).copied();
            let theirs = source.is_some() && origin == source.map(|source| (source, track.kind));
            findings.expect(theirs, || {
                let by = origin.map_or("nobody", |(person, _)| name(person));
                let of = source.map_or("nobody", |person| name(person));
                format!("{} decoded a frame in {of}'s {:?} that {by} sealed", name(listener), track.kind)
            });
            findings.expect(decoded.insert((listener, frame.identity)), || {
                format!("{} decoded a frame twice", name(listener))
            });
        }
    }
    findings.count("frames decoded", decoded.len() as u64);
}
