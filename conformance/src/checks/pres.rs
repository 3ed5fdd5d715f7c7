//! Owns the checks of presenter mode, except that of grants (`grants`). They read who may send and what really went
//! where from [`Stage`]; the engine is asked only for its count of drops, which has to agree with both.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{
    ConferenceId, DropReason, MediaKind, PeerId, Timestamp,
    signalling::{Mode, Request},
};
use sim::{endpoint::Observation, packet::person_of, site::Segment};

use super::{
    flows::Stay,
    grants::grants_hold_until_revoked,
    presenter_model::Verdict,
    stage::{AROUND, Presentation, SETTLED, Stage},
};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Share of the downlink that an audience's uplink may have (PRES-004).
const FEEDBACK_SHARE_MAX: f64 = 0.05;

/// The checks of this area.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "presenter-mode-silences-the-audience",
        requirements: &["PRES-001", "SEC-002"],
        scenarios: &["presenter"],
        judge: Judge::Run(only_presenters_are_forwarded),
    },
    Check {
        name: "mode-switch-holds-from-its-acknowledgement",
        requirements: &["PRES-002"],
        scenarios: &["presenter"],
        judge: Judge::Run(switch_holds_at_once),
    },
    Check {
        name: "late-joiners-cannot-send",
        requirements: &["PRES-003"],
        scenarios: &["presenter"],
        judge: Judge::Run(late_joiners_are_silent),
    },
    Check {
        name: "audience-uplink-is-feedback-only",
        requirements: &["PRES-004"],
        scenarios: &["presenter"],
        judge: Judge::Run(audience_sends_feedback_only),
    },
    Check {
        name: "granted-hands-are-heard-until-revoked",
        requirements: &["PRES-005"],
        scenarios: &["presenter"],
        judge: Judge::Run(grants_hold_until_revoked),
    },
    Check {
        name: "external-guests-hear-and-see-the-presenter",
        requirements: &["PRES-008"],
        scenarios: &["presenter"],
        judge: Judge::Run(guests_hear_and_see),
    },
];

/// PRES-001: what the audience sends all the same is dropped and counted; what presenters send arrives.
fn only_presenters_are_forwarded(evidence: &RunEvidence) -> Findings {
    let stage = Stage::new(evidence);
    let mut findings = Findings::new();
    let mut silenced = 0;
    for sent in stage.forbidden() {
        if stage.model.presents(sent.stay.conference, sent.packet.at) {
            silenced += 1;
            stage.expect_silence(&sent, "in presenter mode without being the presenter", &mut findings);
        }
    }
    findings.expect(silenced > 0, || "nobody in the audience tried to send".to_owned());
    findings.count("packets of the audience", silenced);
    drops_are_counted(&stage, &mut findings);
    let mut heard = 0;
    for presentation in stage.presentations() {
        let Some(presenter) = stage.flows.stay_of(presentation.presenter) else { continue };
        let window = (presentation.from + SETTLED, presentation.until);
        let packets = stage.expect_heard(presenter, MediaKind::Audio, window, &mut findings);
        findings.expect_at(packets > 0 || window.1 <= window.0, Some(window.0), || {
            format!("the presenter {} was not heard", stage.flows.name(presenter.peer))
        });
        heard += packets;
    }
    findings.expect(heard > 0, || "nobody presented".to_owned());
    findings.count("packets of presenters", heard);
    findings
}

/// The engine's own count of what it did not permit has to be what the observer expects, person by person.
fn drops_are_counted(stage: &Stage<'_>, findings: &mut Findings) {
    let mut expected: BTreeMap<PeerId, (u64, u64)> = BTreeMap::new();
    for sent in stage.sent() {
        let (certain, possible) = expected.entry(sent.packet.peer).or_default();
        *certain += u64::from(sent.verdict == Verdict::MayNot);
        *possible += u64::from(sent.verdict != Verdict::May);
    }
    for (peer, (certain, possible)) in expected {
        let counted = stage.flows.run.server.drops.get(&(peer, DropReason::NotPermitted)).copied();
        let counted = counted.unwrap_or_default();
        findings.expect((certain..=possible).contains(&counted), || {
            let who = stage.flows.name(peer);
            format!("{who} sent {certain} to {possible} forbidden packets, counted as dropped were {counted}")
        });
    }
}

/// PRES-002: from the acknowledgement of the switch on nobody hears the audience, which spoke until then; when the
/// discussion is back, so are they.
fn switch_holds_at_once(evidence: &RunEvidence) -> Findings {
    let stage = Stage::new(evidence);
    let mut findings = Findings::new();
    let (mut after, mut switches) = (0, 0);
    for (conference, at, mode) in stage.switches() {
        let speaking = if mode == Mode::Presenter {
            let mut late = 0;
            for sent in stage.forbidden() {
                let since = sent.packet.at.saturating_since(at);
                if sent.stay.conference == conference && sent.packet.at > at && since < AROUND {
                    late += 1;
                    let why = format!("{} ms after the switch was acknowledged", since.as_millis());
                    stage.expect_silence(&sent, &why, &mut findings);
                }
            }
            findings.expect_at(late > 0, Some(at), || {
                "no packet of the audience arrived after the switch: nothing was put to the test".to_owned()
            });
            after += late;
            (at - AROUND, at)
        } else {
            (at, at + AROUND)
        };
        switches += 1;
        let audience = audible(&stage, conference, speaking);
        findings.expect_at(audience > 1, Some(at), || {
            format!("only {audience} were heard in the discussion from {} to {}", speaking.0, speaking.1)
        });
    }
    let both = [Mode::Presenter, Mode::Discussion];
    for mode in both {
        let seen = stage.switches().iter().any(|(_, _, to)| *to == mode);
        findings.expect(seen, || format!("nobody switched to {mode:?}"));
    }
    findings.count("switches", switches);
    findings.count("packets after a switch", after);
    findings
}

/// How many people's audio reached somebody in an interval.
fn audible(stage: &Stage<'_>, conference: ConferenceId, (from, until): (Timestamp, Timestamp)) -> usize {
    let heard = stage.sent().filter(|sent| {
        sent.stay.conference == conference
            && sent.kind == MediaKind::Audio
            && from <= sent.packet.at
            && sent.packet.at < until
            && stage.flows.reached_anyone(sent.packet.payload).is_some()
    });
    heard.map(|sent| sent.stay.participant).collect::<BTreeSet<_>>().len()
}

/// PRES-003: who comes (again) in presenter mode is told so in the same message, and nothing of theirs gets through.
fn late_joiners_are_silent(evidence: &RunEvidence) -> Findings {
    let stage = Stage::new(evidence);
    let mut findings = Findings::new();
    let presenter = |stay: &Stay| {
        stage.presentations().iter().any(|p| p.presenter == stay.participant && p.from <= stay.from)
    };
    let late: Vec<&Stay> = stage
        .flows
        .stays
        .iter()
        .filter(|stay| stage.model.presents(stay.conference, stay.from) && !presenter(stay))
        .collect();
    let again = |stay: &&&Stay| {
        let before = |other: &Stay| person_of(other.peer) == person_of(stay.peer) && other.from < stay.from;
        stage.flows.stays.iter().any(before)
    };
    let reconnected = late.iter().filter(again).count();
    for stay in &late {
        let told = stage.flows.run.observations.iter().find_map(|(at, _, observation)| {
            let Observation::Entered { participant, mode } = observation else { return None };
            (*participant == stay.participant).then_some((*at, *mode))
        });
        findings.expect_at(told.is_some_and(|(_, mode)| mode == Mode::Presenter), Some(stay.from), || {
            format!("{} came in presenter mode and was told {told:?}", stage.flows.name(stay.peer))
        });
    }
    let mut tried = 0;
    for sent in stage.forbidden().filter(|sent| late.iter().any(|stay| stay.peer == sent.stay.peer)) {
        tried += 1;
        stage.expect_silence(&sent, "after joining in presenter mode", &mut findings);
    }
    findings.expect(late.len() > reconnected, || "nobody joined in presenter mode".to_owned());
    findings.expect(reconnected > 0, || "nobody reconnected in presenter mode".to_owned());
    findings.expect(tried > 0, || "no late joiner tried to send".to_owned());
    findings.count("late joiners", late.len() as u64);
    findings.count("of them reconnected", reconnected as u64);
    findings.count("packets they tried to send", tried);
    findings
}

/// PRES-004: bytes up against bytes down, of everybody honest who was audience for the whole of a presentation.
fn audience_sends_feedback_only(evidence: &RunEvidence) -> Findings {
    let stage = Stage::new(evidence);
    let flows = &stage.flows;
    let tap = &flows.run.server.tap;
    let mut findings = Findings::new();
    let mut shares: Vec<f64> = Vec::new();
    for presentation in stage.presentations() {
        for stay in flows.stays.iter().filter(|stay| stay.conference == presentation.conference) {
            let from = (presentation.from + AROUND).max(stay.from + AROUND);
            let until = presentation.until.min(stay.until).min(flows.run.scenario.end());
            let silent = |kind| {
                let verdict =
                    |at| stage.model.verdict(stay.conference, stay.participant, kind, at) == Verdict::MayNot;
                // Every 100 ms: grants last longer than that.
                (from.as_millis()..until.as_millis())
                    .step_by(100)
                    .all(|at| verdict(Timestamp::from_millis(at)))
            };
            let honest = !flows.run.scenario.misbehaves(person_of(stay.peer));
            if !honest || until.saturating_since(from) < SETTLED || !MediaKind::ALL.into_iter().all(silent) {
                continue;
            }
            let inside = |at: Timestamp, peer: PeerId| peer == stay.peer && from <= at && at < until;
            let up: u64 = tap
                .media_in
                .iter()
                .filter(|(at, peer, _)| inside(*at, *peer))
                .map(|(_, _, bytes)| u64::from(*bytes))
                .sum();
            let down: u64 = tap
                .egress
                .iter()
                .filter(|packet| inside(packet.at, packet.peer))
                .map(|packet| u64::from(packet.payload_len))
                .sum();
            let share = up as f64 / down as f64;
            findings.expect_at(down > 0 && share <= FEEDBACK_SHARE_MAX, Some(from), || {
                let who = flows.name(stay.peer);
                format!("{who} listened and sent {up} bytes for the {down} bytes received: more than 5 %")
            });
            shares.push(share);
        }
    }
    findings.expect(!shares.is_empty(), || "there was no audience".to_owned());
    findings.count("listeners", shares.len() as u64);
    findings.figure("uplink share", "", shares.into_iter().fold(0.0, f64::max));
    findings
}

/// PRES-008: people from outside without a licence come in by the link, and the presenter's voice and picture reach them
/// and play.
fn guests_hear_and_see(evidence: &RunEvidence) -> Findings {
    let stage = Stage::new(evidence);
    let flows = &stage.flows;
    let mut findings = Findings::new();
    let mut guests = 0;
    for request in &flows.run.server.tap.requests {
        let Request::Join { credential: None, .. } = &request.body else { continue };
        let person = person_of(request.peer);
        let scenario = &flows.run.scenario;
        if scenario.site(scenario.person(person).site).segment != Segment::Internet {
            continue;
        }
        let name = flows.name(request.peer);
        let stay = flows.stays.iter().find(|stay| stay.peer == request.peer && stay.from >= request.at);
        findings.expect_at(stay.is_some(), Some(request.at), || format!("{name} was not let in"));
        let Some(stay) = stay.filter(|stay| stage.model.presents(stay.conference, stay.from)) else {
            continue;
        };
        guests += 1;
        for kind in [MediaKind::Audio, MediaKind::Camera] {
            let got = stage.sent().any(|sent| {
                let presents = |p: &Presentation| {
                    p.presenter == sent.stay.participant
                        && p.from <= sent.packet.at
                        && sent.packet.at < p.until
                };
                sent.kind == kind
                    && flows.reached(sent.packet.payload, stay.peer)
                    && stage.presentations().iter().any(presents)
            });
            findings.expect_at(got, Some(stay.from), || {
                format!("{name} came in presenter mode and got no {kind:?} of the presenter")
            });
        }
        let report = &flows.run.people[person.0].report;
        findings.expect(report.audio.is_some() && report.join.first_audio_ms.is_some(), || {
            format!("{name} heard nothing")
        });
        findings.expect(report.video.is_some_and(|video| video.kbps > 0.0), || format!("{name} saw nothing"));
    }
    findings.expect(guests > 0, || "no guest came in presenter mode".to_owned());
    findings.count("external guests in presenter mode", guests);
    findings
}
