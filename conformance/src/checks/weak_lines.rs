//! Owns the check of weak lines under their usual load: sound is whole whatever the pictures do (NET-002), and pictures are
//! there.

use media_core::Timestamp;
use sim::{quality::AudioMeter, run::Run, scenario::PersonIndex};

use super::{
    e2e::received,
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
/// What the largest picture of somebody costs at least, in kbit/s: nine tenths of a smallest layer.
const VIDEO_KBPS_MIN: f64 = 135.0;
/// The site that is not weak.
const SOUND_SITE: &str = "hq";

pub(super) const CHECKS: &[Check] = &[Check {
    name: "sound-is-whole-on-weak-lines",
    requirements: &["NET-002"],
    scenarios: &["weak-lines"],
    judge: Judge::Run(sound_is_whole),
}];

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
