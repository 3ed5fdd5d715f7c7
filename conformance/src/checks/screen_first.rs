//! Owns the check of a presentation over a line that does not carry all of it (PRES-007): sound comes first, the screen is
//! readable, the camera gets what is left.

use std::time::Duration;

use media_core::{MediaKind, Timestamp};
use sim::{packet::person_of, quality::VideoMeter, run::Run};

use super::{e2e::received, flows::Flows, layers::streams, span::second};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// What sound has to score, and how much of it may be concealed (as NET-002).
const MOS_MIN: f64 = 3.6;
const CONCEALMENT_MAX: f64 = 0.02;
/// Frames of the screen that are shown a second: nine in ten of the recording's ten.
const SCREEN_FPS_MIN: f64 = 9.0;
/// From the capture of a frame of the screen until it is decoded, at most: a new slide is there within a second.
const SCREEN_DELAY_MAX: Duration = Duration::from_secs(1);
/// It never stands still for longer (NET-003).
const FREEZE_MAX: Duration = Duration::from_secs(1);
/// The first frame of the screen is there after this time.
const SCREEN_WITHIN: Duration = Duration::from_secs(2);
/// When everybody has come in.
const SETTLED: Timestamp = second(8);
/// Share of time in which cameras may be in their largest layer.
const LARGEST_MAX: f64 = 0.75;
/// A site whose line is full with sound, the screen and fewer frames of the smallest camera; how many frames of the screen are
/// shown there a second.
const THINNER: &str = "thinner";
const THINNER_FPS_MIN: f64 = 5.0;
/// The audience's site.
const THIN: &str = "thin";

pub(super) const CHECKS: &[Check] = &[Check {
    name: "sound-before-screen-before-camera",
    requirements: &["PRES-007"],
    scenarios: &["weak-audience"],
    judge: Judge::Run(screen_first),
}];

fn screen_first(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    for person in run.people.iter().filter(|person| person.report.site == THIN) {
        let name = &person.report.name;
        let (mos, concealment) =
            person.report.audio.map_or((0.0, 1.0), |audio| (audio.mos, audio.concealment));
        findings.figure("MOS", "", mos);
        findings.expect(mos >= MOS_MIN && concealment <= CONCEALMENT_MAX, || {
            format!("{name} hears with MOS {mos:.2}, {:.2} % concealed", concealment * 100.0)
        });
    }
    screens_are_readable(run, &mut findings);
    screen_comes_first(run, &mut findings);
    cameras_give_way(run, &mut findings);
    findings
}

fn screens_are_readable(run: &Run, findings: &mut Findings) {
    let end = run.scenario.end();
    let mut screens = 0;
    for (listener, _, track) in received(run) {
        let person = &run.people[listener.0].report;
        let Some(seen) =
            track.seen.as_ref().filter(|_| track.kind == MediaKind::Screen && person.site == THIN)
        else {
            continue;
        };
        screens += 1;
        let name = &person.name;
        let entered = Duration::from_secs_f64(person.join.entered_ms.unwrap_or_default() / 1e3);
        let opened = run.scenario.people[listener.0].join;
        let fps = seen.frames() as f64 / end.saturating_since(opened + entered).as_secs_f64();
        findings.figure("frames of the screen a second", "", fps);
        findings
            .expect(fps >= SCREEN_FPS_MIN, || format!("{name} sees {fps:.1} frames of the screen a second"));
        findings.figure("slowest frame of the screen", "ms", track.slowest.as_secs_f64() * 1e3);
        findings.expect(track.slowest <= SCREEN_DELAY_MAX, || {
            format!("{name} gets a frame of the screen {:?} late", track.slowest)
        });
        let first = seen.first_frame_after();
        findings.expect(first.is_some_and(|first| first <= SCREEN_WITHIN), || {
            format!("{name} sees the screen after {first:?}")
        });
        let longest = seen.freezes_at().iter().map(|(_, length)| *length).max().unwrap_or_default();
        findings.expect(longest <= FREEZE_MAX, || format!("{name}'s screen stood still for {longest:?}"));
    }
    findings.count("screens", screens);
    findings.expect(screens > 0, || "nobody saw a screen".to_owned());
}

/// Where hardly more than one of two pictures fits, it is the screen.
fn screen_comes_first(run: &Run, findings: &mut Findings) {
    let end = run.scenario.end();
    let (mut screens, mut cameras) = (0.0, 0.0);
    for (listener, _, track) in received(run) {
        if run.people[listener.0].report.site != THINNER {
            continue;
        }
        let frames = track.seen.as_ref().map_or(0, VideoMeter::frames) as f64 / end.as_secs_f64();
        match track.kind {
            MediaKind::Screen => screens += frames,
            MediaKind::Camera => cameras += frames,
            MediaKind::Audio => {}
        }
    }
    findings.figure("on the thinner line: frames of the screen a second", "", screens);
    findings.figure("on the thinner line: frames of the camera a second", "", cameras);
    findings.expect(screens >= THINNER_FPS_MIN, || {
        format!("on the thinner line {screens:.1} frames of the screen and {cameras:.1} of the camera come a second")
    });
}

/// The camera is not in its largest layer all the time: nothing was tried otherwise. But it is sent.
fn cameras_give_way(run: &Run, findings: &mut Findings) {
    let flows = Flows::new(run);
    let end = run.scenario.end();
    let (mut there, mut largest, mut moments) = (0, 0, 0);
    for stream in streams(&flows).iter().filter(|stream| stream.kind == MediaKind::Camera) {
        if run.people[person_of(stream.peer).0].report.site != THIN {
            continue;
        }
        let seconds = SETTLED.as_millis() / 1_000..end.as_millis() / 1_000;
        let layers: Vec<Option<u8>> =
            seconds.map(|second| stream.encoding_at(Timestamp::from_millis(second * 1_000))).collect();
        there += u64::from(layers.iter().any(Option::is_some));
        largest += layers.iter().filter(|layer| **layer == Some(2)).count();
        moments += layers.len();
    }
    findings.count("cameras", there);
    findings.expect(there > 0, || "nobody saw the presenter's camera".to_owned());
    findings.expect(largest as f64 <= LARGEST_MAX * moments as f64, || {
        format!("the camera is in its largest layer in {largest} of {moments} seconds: nothing was scarce")
    });
}
