//! Owns the check of raised hands (PRES-005): a grant is told and heard, a revocation silences. The other rules of
//! presenter mode are judged in `pres`.

use media_core::{MediaKind, Permissions, Timestamp, signalling::Request};
use sim::{endpoint::Observation, packet::person_of};

use super::{
    flows::Stay,
    presenter_model::Room,
    stage::{AROUND, SETTLED, Stage},
};
use crate::{evidence::Findings, rehearsal::RunEvidence};

/// PRES-005: who is granted the word is told so and heard by everybody; who had none before, or has it no more, by nobody.
pub(super) fn grants_hold_until_revoked(evidence: &RunEvidence) -> Findings {
    let stage = Stage::new(evidence);
    let mut findings = Findings::new();
    let (mut granted, mut heard, mut revoked, mut silenced, mut cameras) = (0, 0, 0, 0, 0);
    let participants: Vec<Stay> = stage.flows.stays.clone();
    for stay in &participants {
        let grant = |room: &Room| room.grants.get(&stay.participant).copied();
        for (from, until, permissions) in stage.model.spans(stay.conference, grant) {
            granted += 1;
            told_of_grant(&stage, stay, (from, permissions), &mut findings);
            let window = (from + SETTLED, until);
            let packets = stage.expect_heard(stay, MediaKind::Audio, window, &mut findings);
            findings.expect_at(packets > 0, Some(from), || {
                format!("{} was granted the word and never spoke", stage.flows.name(stay.peer))
            });
            heard += packets;
            if permissions.video {
                let seen = stage.sent().any(|sent| {
                    sent.stay.participant == stay.participant
                        && sent.kind == MediaKind::Camera
                        && window.0 <= sent.packet.at
                        && sent.packet.at < until
                        && stage.flows.reached_anyone(sent.packet.payload).is_some()
                });
                cameras += u64::from(seen);
                findings.expect_at(seen, Some(from), || {
                    format!("{} was granted a camera and not seen", stage.flows.name(stay.peer))
                });
            }
            revoked += u64::from(until < stage.flows.run.scenario.end());
            for sent in stage.forbidden().filter(|sent| sent.stay.participant == stay.participant) {
                let around = sent.packet.at + AROUND >= from && sent.packet.at <= until + AROUND;
                if around {
                    silenced += u64::from(sent.packet.at > until);
                    stage.expect_silence(&sent, "without having the word", &mut findings);
                }
            }
        }
    }
    let requests = &stage.flows.run.server.tap.requests;
    let hands = requests.iter().filter(|request| matches!(request.body, Request::RaiseHand)).count();
    findings.expect(hands > 0, || "nobody raised a hand".to_owned());
    findings.expect(revoked > 0, || "nothing was revoked".to_owned());
    findings.expect(silenced > 0, || "nobody went on after the word was revoked".to_owned());
    findings.expect(cameras > 0 && cameras < granted, || {
        "audio alone, and audio with a camera, should both be granted".to_owned()
    });
    findings.count("grants", granted);
    findings.count("revocations", revoked);
    findings.count("packets of those who had the word", heard);
    findings.count("packets after a revocation", silenced);
    findings
}

fn told_of_grant(
    stage: &Stage<'_>,
    stay: &Stay,
    (from, granted): (Timestamp, Permissions),
    findings: &mut Findings,
) {
    let told = stage.flows.run.observations.iter().any(|(at, person, observation)| {
        *person == person_of(stay.peer)
            && (from..from + SETTLED).contains(at)
            && *observation == Observation::Permissions(granted)
    });
    findings.expect_at(told, Some(from), || {
        format!("{} was granted {granted:?} and not told within a second", stage.flows.name(stay.peer))
    });
}
