//! Owns the check of a room on its reserved line (AVC-002): it has what a healthy site has, while the desks of the same
//! building make do with less.

use media_core::{Timestamp, signalling::EndpointKind};
use sim::run::Run;

use super::span::{intervals, mean, second, sum};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Bounds of a healthy site: the least opinion score, most concealed sound, the first sound (JOIN-003), frames a second of
/// a picture, and the share of time in which it stands still.
const MOS_MIN: f64 = 4.0;
const CONCEALMENT_MAX: f64 = 0.02;
const FIRST_AUDIO_MS_MAX: f64 = 2_000.0;
const FRAMES_MIN: f64 = 28.0;
const FROZEN_MAX: f64 = 0.01;
/// While the desks' line is thin: its fault in the scenario, once settled.
const THIN: (Timestamp, Timestamp) = (second(12), second(15));
/// Before it: everybody has come in.
const WIDE: (Timestamp, Timestamp) = (second(7), second(10));
/// Which share of their pictures' rate the desks keep, from and to: they degrade, and are not dark.
const KEPT: std::ops::Range<f64> = 0.02..0.6;

pub(super) const CHECKS: &[Check] = &[Check {
    name: "a-room-on-its-reserved-line-is-as-healthy-sites-are",
    requirements: &["AVC-002"],
    scenarios: &["avc"],
    judge: Judge::Run(reserved_line),
}];

fn reserved_line(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    let (wide, thin) = (intervals(run, WIDE.0..WIDE.1), intervals(run, THIN.0..THIN.1));
    let desks = run.people.iter().filter(|person| person.report.site == "office");
    let rates: Vec<(f64, f64)> = desks
        .map(|desk| (mean(&desk.timeline.video_kbps, &wide), mean(&desk.timeline.video_kbps, &thin)))
        .collect();
    let (before, kept) = rates.iter().fold((0.0, 0.0), |sum, rate| (sum.0 + rate.0, sum.1 + rate.1));
    findings.figure("desks keep", "", kept / before);
    findings.expect(KEPT.contains(&(kept / before)), || {
        format!("the desks got {before:.0} kbit/s of pictures, and {kept:.0} over the thin line")
    });
    rooms_are_well(run, &mut findings);
    findings
}

fn rooms_are_well(run: &Run, findings: &mut Findings) {
    let mut rooms = 0;
    for (index, person) in run.people.iter().enumerate() {
        if run.scenario.people[index].endpoint != EndpointKind::AvcRoom {
            continue;
        }
        rooms += 1;
        let name = &person.report.name;
        let (mos, concealment) =
            person.report.audio.map_or((0.0, 1.0), |audio| (audio.mos, audio.concealment));
        findings.figure("room MOS", "", mos);
        findings.expect(mos >= MOS_MIN && concealment <= CONCEALMENT_MAX, || {
            format!("{name} hears with MOS {mos:.2}, {:.2} % concealed", concealment * 100.0)
        });
        let first = person.report.join.first_audio_ms.unwrap_or(f64::INFINITY);
        findings.expect(first <= FIRST_AUDIO_MS_MAX, || format!("{name} hears somebody after {first:.0} ms"));
        let frozen = person.report.video.map_or(1.0, |video| video.frozen_share);
        findings.expect(frozen <= FROZEN_MAX, || format!("{name}'s pictures stand still for {frozen:.3}"));
        for (from, until) in [WIDE, THIN] {
            let seconds = until.saturating_since(from).as_secs_f64();
            let frames = sum(&person.timeline.frames, &intervals(run, from..until)) as f64 / seconds;
            findings.figure("room frames a second", "", frames);
            findings.expect(frames >= FRAMES_MIN, || format!("{name} sees {frames:.1} frames a second"));
        }
    }
    findings.expect(rooms > 0, || "there is no room".to_owned());
}
