//! Owns the checks of weak lines under their usual load: sound is whole whatever the pictures do (NET-002), and pictures
//! are there meanwhile, steady and moving, so that it is not bought by ending them. What happens when a line's rate changes is judged in `falling_rate`.

use std::{ops::Range, time::Duration};

use media_core::{MediaKind, Timestamp};
use sim::{
    packet::person_of,
    quality::{AudioMeter, VideoMeter},
    run::Run,
    scenario::PersonIndex,
};

use super::{
    e2e::received,
    flows::Flows,
    layers::streams,
    span::{intervals, mean, second, sum},
};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// What a voice has to score, and how much of it may be concealed (NET-002).
const MOS_MIN: f64 = 3.6;
const CONCEALMENT_MAX: f64 = 0.02;
/// From here on nothing changes any more but what the control of congestion changes.
const SETTLED: Timestamp = second(10);
/// Share of the settled time in which pictures may stand still.
const FROZEN_MAX: f64 = 0.01;
/// No single freeze is longer.
const FREEZE_MAX: Duration = Duration::from_secs(1);
/// Between two switches of one picture, but for one picture in a run.
const SWITCH_PAUSE: Duration = Duration::from_secs(10);
/// So many of a run's pictures may switch more often.
const RESTLESS_MAX: usize = 1;
/// Frames a second that somebody sees on average, over all their pictures: one picture of the recordings' 30 at half of
/// its frame rate, which its upper temporal layer holds.
const FRAMES_MIN: f64 = 15.0;
/// What the largest picture of somebody costs at least, in kbit/s: nine tenths of a smallest layer.
const VIDEO_KBPS_MIN: f64 = 135.0;
/// The site that is not weak.
const SOUND_SITE: &str = "hq";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "sound-is-whole-on-weak-lines",
        requirements: &["NET-002"],
        scenarios: &["weak-lines"],
        judge: Judge::Run(sound_is_whole),
    },
    Check {
        name: "pictures-go-on-beside-sound-on-weak-lines",
        requirements: &["NET-002"],
        scenarios: &["weak-lines"],
        judge: Judge::Run(pictures_are_steady),
    },
];

/// People behind weak lines.
fn weak(run: &Run) -> impl Iterator<Item = PersonIndex> {
    let weak = run.people.iter().enumerate().filter(|(_, person)| person.report.site != SOUND_SITE);
    weak.map(|(index, _)| PersonIndex(index))
}

fn sound_is_whole(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    let settled = intervals(run, SETTLED..run.scenario.end());
    for who in weak(run) {
        let person = &run.people[who.0];
        let name = &person.report.name;
        let mos = person.report.audio.map_or(0.0, |audio| audio.mos);
        findings.figure("hears with MOS", "", mos);
        findings.expect(mos >= MOS_MIN, || format!("{name} hears with MOS {mos:.2}"));
        let played = sum(&person.timeline.played_steps, &settled);
        findings.expect(played > 0, || format!("{name} hears nobody"));
        // Whatever the video does: it has to be there.
        let video = mean(&person.timeline.video_kbps, &settled);
        findings.expect(video >= VIDEO_KBPS_MIN, || format!("{name} gets {video:.0} kbit/s of pictures"));
        let mut heard: Vec<AudioMeter> = Vec::new();
        for (listener, source, track) in received(run) {
            let sound = run.people[listener.0].report.site == SOUND_SITE;
            heard.extend(track.heard.clone().filter(|_| sound && source == Some(who)));
        }
        if let Some(speech) = AudioMeter::report(&heard) {
            findings.count("speakers behind weak lines", 1);
            findings.figure("speaks with concealment", "", speech.concealment);
            findings.expect(speech.concealment <= CONCEALMENT_MAX, || {
                format!("of what {name} says {:.1} % is concealed", speech.concealment * 100.0)
            });
        }
    }
    let speakers = findings.counted("speakers behind weak lines");
    findings.expect(speakers >= 4, || format!("{speakers} people spoke from weak lines, expected four"));
    findings
}

fn pictures_are_steady(evidence: &RunEvidence) -> Findings {
    let run = evidence.run();
    let mut findings = Findings::new();
    let end = run.scenario.end();
    let settled = intervals(run, SETTLED..end);
    let seconds = end.saturating_since(SETTLED).as_secs_f64();
    for who in weak(run) {
        let person = &run.people[who.0];
        let name = &person.report.name;
        let frames = sum(&person.timeline.frames, &settled) as f64 / seconds;
        findings.figure("frames a second", "", frames);
        findings.expect(frames >= FRAMES_MIN, || format!("{name} sees {frames:.1} frames a second"));
        let pictures = person.received.iter().filter(|track| track.seen.is_some()).count();
        let frozen =
            sum(&person.timeline.frozen_ms, &settled) as f64 / 1e3 / seconds / pictures.max(1) as f64;
        findings.figure("frozen", "", frozen);
        findings.expect(frozen <= FROZEN_MAX, || {
            format!("{name}'s pictures stand still for {:.1} % of the time", frozen * 100.0)
        });
        for (at, length) in
            person.received.iter().filter_map(|track| track.seen.as_ref()).flat_map(VideoMeter::freezes_at)
        {
            findings.expect_at(*at < SETTLED || *length <= FREEZE_MAX, Some(*at), || {
                format!("a picture of {name}'s stands still for {length:?}")
            });
        }
    }
    switches_are_rare(run, SETTLED..end, &mut findings);
    findings
}

/// Once settled, at most one picture changes its layer twice within [`SWITCH_PAUSE`].
fn switches_are_rare(run: &Run, window: Range<Timestamp>, findings: &mut Findings) {
    let flows = Flows::new(run);
    let mut restless: Vec<(Timestamp, String)> = Vec::new();
    for stream in streams(&flows).iter().filter(|stream| stream.kind == MediaKind::Camera) {
        let site = run.people[person_of(stream.peer).0].report.site.as_str();
        if site == SOUND_SITE {
            continue;
        }
        let switches: Vec<Timestamp> = stream.switches(window.start, window.end).collect();
        findings.count("pictures", 1);
        findings.count("switches", switches.len() as u64);
        let quick = switches.windows(2).find(|pair| pair[1].saturating_since(pair[0]) < SWITCH_PAUSE);
        if let Some(pair) = quick {
            let source = flows.stay_of(stream.source).map_or("nobody", |stay| flows.name(stay.peer));
            let times: Vec<String> = switches.iter().map(ToString::to_string).collect();
            restless.push((
                pair[1],
                format!("{}'s of {source} at {}", flows.name(stream.peer), times.join(", ")),
            ));
        }
    }
    findings.count("pictures that switch twice within ten seconds", restless.len() as u64);
    findings.expect_at(restless.len() <= RESTLESS_MAX, restless.first().map(|(at, _)| *at), || {
        let named: Vec<&str> = restless.iter().map(|(_, named)| named.as_str()).collect();
        format!("{} pictures switch twice within ten seconds: {}", named.len(), named.join("; "))
    });
}
