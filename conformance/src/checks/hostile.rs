//! Owns the differential check of hostile participants: the same scenario runs once more with everybody behaving, and
//! everybody who behaves anyway must have experienced the same in both. What cannot be the same to the last bit, because
//! the hostile client's own media shares a line with others' or is missing, stands in bounds on both sides.

use std::{collections::BTreeMap, fmt};

use media_core::{MediaKind, signalling::Refusal};
use sim::{
    endpoint::{Observation, ReceivedTrack},
    quality::{AudioMeter, VideoMeter},
    run::Run,
    scenario::PersonIndex,
};

use super::e2e::received;
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

/// The scenarios in which somebody breaks the rules, and who is heard does not depend on how loud they are.
const ATTACKED: &[&str] =
    &["hostile", "hostile-feedback", "hostile-joins", "hostile-media", "hostile-requests"];

/// By how much the mean opinion score of one voice may differ: a fiftieth of what listeners in a test can tell apart
/// (ITU-T P.800 scores in whole points).
const MOS_DIFFERENCE: f64 = 0.02;
/// By how much concealment may differ, as a share of the time in which the voice was heard.
const CONCEALMENT_DIFFERENCE: f64 = 0.005;
/// By how much the sound that was heard may be longer or shorter, as a share of it.
const HEARD_DIFFERENCE: f64 = 0.03;
/// By how much the rate of a picture may differ, as a share of it: key frames that a liar can still cause.
const RATE_DIFFERENCE: f64 = 0.10;
/// By how much the number of shown frames may differ, as a share of it.
const FRAMES_DIFFERENCE: f64 = 0.02;
/// By how much the share of frozen time may differ.
const FROZEN_DIFFERENCE: f64 = 0.005;
/// By how much the times of getting in and of the first sound may differ, in milliseconds.
const JOIN_DIFFERENCE_MS: f64 = 60.0;

pub(super) const CHECKS: &[Check] = &[Check {
    name: "bystanders-experience-what-they-would-without-the-attack",
    requirements: &["SEC-003"],
    scenarios: ATTACKED,
    judge: Judge::Compare(bystanders),
}];

/// What one listener had of one person's track.
#[derive(Default)]
struct Perceived {
    heard: Vec<AudioMeter>,
    seen: Vec<VideoMeter>,
}

/// Whose track of which kind, for whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct View {
    listener: PersonIndex,
    source: PersonIndex,
    kind: MediaKind,
}

fn bystanders(evidence: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let attacked = evidence.run();
    let settings = Settings { sabotage: attacked.sabotage, ..Settings::default() };
    let calm = attacked.scenario.well_behaved();
    let calm = rehearse.with_settings(settings).text(&calm.to_toml())?;
    let mut findings = Findings::new();
    compare(attacked, calm.run(), &|who| !attacked.scenario.misbehaves(who), &mut findings);
    let hostile = people(attacked).filter(|who| attacked.scenario.misbehaves(*who)).count();
    findings.expect(hostile > 0, || "nobody broke the rules, so nothing was tried".to_owned());
    findings.count("hostile participants", hostile as u64);
    Ok(findings)
}

/// Compares everything that `bystanders` experienced, of each other. They have the same numbers in both scenarios.
pub(super) fn compare(
    attacked: &Run,
    calm: &Run,
    bystanders: &dyn Fn(PersonIndex) -> bool,
    findings: &mut Findings,
) {
    for who in people(attacked).filter(|who| bystanders(*who)) {
        entries(who, attacked, calm, findings);
    }
    let (with, without) = (perceived(attacked), perceived(calm));
    let mut views: Vec<View> = with.keys().chain(without.keys()).copied().collect();
    views.sort_unstable();
    views.dedup();
    for view in views.iter().filter(|view| bystanders(view.listener) && bystanders(view.source)) {
        let judged = Judged { run: attacked, calm, view: *view };
        let nothing = Perceived::default();
        let (with, without) = (with.get(view).unwrap_or(&nothing), without.get(view).unwrap_or(&nothing));
        judged.voices(with, without, findings);
        judged.pictures(with, without, findings);
    }
}

fn people(run: &Run) -> impl Iterator<Item = PersonIndex> + use<> {
    (0..run.people.len()).map(PersonIndex)
}

fn perceived(run: &Run) -> BTreeMap<View, Perceived> {
    let mut views: BTreeMap<View, Perceived> = BTreeMap::new();
    for (listener, source, track) in received(run) {
        let Some(source) = source else { continue };
        let ReceivedTrack { kind, heard, seen, .. } = track;
        let view = views.entry(View { listener, source, kind: *kind }).or_default();
        view.heard.extend(heard.clone());
        view.seen.extend(seen.clone());
    }
    views
}

/// How somebody got in, and what they were refused.
#[expect(clippy::wildcard_enum_match_arm, reason = "only refusals are compared")]
fn entries(who: PersonIndex, attacked: &Run, calm: &Run, findings: &mut Findings) {
    let name = &attacked.scenario.person(who).name;
    let refusals = |run: &Run| -> Vec<(&'static str, Refusal)> {
        let own = run.observations.iter().filter(|(_, person, _)| *person == who);
        own.filter_map(|(_, _, seen)| match seen {
            Observation::Refused(request, reason) => Some((*request, *reason)),
            _ => None,
        })
        .collect()
    };
    let outs = |run: &Run| {
        let out = |seen: &Observation| matches!(seen, Observation::Out(_) | Observation::Disconnected);
        run.observations.iter().filter(|(_, person, seen)| *person == who && out(seen)).count()
    };
    let (with, without) = (refusals(attacked), refusals(calm));
    findings
        .expect(with == without, || format!("{name} was refused {with:?}, without the attack {without:?}"));
    let (with, without) = (outs(attacked), outs(calm));
    findings.expect(with == without, || {
        format!("{name} was put out or cut off {with} times, without the attack {without} times")
    });
    let (with, without) = (attacked.people[who.0].stays.len(), calm.people[who.0].stays.len());
    findings.expect(with == without, || format!("{name} came in {with} times, without the attack {without}"));
    let (with, without) = (&attacked.people[who.0].report.join, &calm.people[who.0].report.join);
    for (what, with, without) in [
        ("came in", with.entered_ms, without.entered_ms),
        ("heard something", with.first_audio_ms, without.first_audio_ms),
    ] {
        let near = match (with, without) {
            (Some(with), Some(without)) => (with - without).abs() <= JOIN_DIFFERENCE_MS,
            (None, None) => true,
            _ => false,
        };
        findings
            .expect(near, || format!("{name} {what} after {with:?} ms, without the attack {without:?} ms"));
    }
}

/// One view in both runs.
struct Judged<'a> {
    run: &'a Run,
    calm: &'a Run,
    view: View,
}

impl Judged<'_> {
    fn voices(&self, with: &Perceived, without: &Perceived, findings: &mut Findings) {
        let played = |view: &Perceived| view.heard.iter().map(AudioMeter::played).sum::<u64>() as f64;
        let (all, before) = (played(with), played(without));
        if all + before == 0.0 {
            return;
        }
        let share = (all - before) / before.max(1.0);
        findings.figure("heard", "% more", share * 100.0);
        findings.expect(share.abs() <= HEARD_DIFFERENCE, || {
            format!("{self}: heard for {all} steps of 20 ms, without the attack for {before}")
        });
        let report = |view: &Perceived| AudioMeter::report(&view.heard);
        let (Some(with), Some(without)) = (report(with), report(without)) else { return };
        let difference = with.mos - without.mos;
        findings.figure("mean opinion score", "higher", difference);
        findings.expect(difference.abs() <= MOS_DIFFERENCE, || {
            format!("{self}: mean opinion score {:.3}, without the attack {:.3}", with.mos, without.mos)
        });
        let difference = with.concealment - without.concealment;
        findings.expect(difference.abs() <= CONCEALMENT_DIFFERENCE, || {
            format!(
                "{self}: concealment {:.4}, without the attack {:.4}",
                with.concealment, without.concealment
            )
        });
    }

    fn pictures(&self, with: &Perceived, without: &Perceived, findings: &mut Findings) {
        let report = |view: &Perceived, run: &Run| VideoMeter::report(&view.seen, run.scenario.end());
        let reports = (report(with, self.run), report(without, self.calm));
        let (Some(with_report), Some(without_report)) = reports else {
            return findings.expect(reports.0.is_none() && reports.1.is_none(), || {
                format!("{self}: seen in one of the two runs only")
            });
        };
        let frames = |view: &Perceived| view.seen.iter().map(VideoMeter::frames).sum::<u64>() as f64;
        let (shown, before) = (frames(with), frames(without));
        let share = (shown - before) / before.max(1.0);
        findings.expect(share.abs() <= FRAMES_DIFFERENCE, || {
            format!("{self}: {shown} frames shown, without the attack {before}")
        });
        let share = (with_report.kbps - without_report.kbps) / without_report.kbps.max(1.0);
        findings.figure("picture rate", "% more", share * 100.0);
        findings.expect(share.abs() <= RATE_DIFFERENCE, || {
            format!("{self}: {:.1} kbit/s, without the attack {:.1}", with_report.kbps, without_report.kbps)
        });
        findings.expect(with_report.freezes == without_report.freezes, || {
            format!("{self}: {} freezes, without the attack {}", with_report.freezes, without_report.freezes)
        });
        let difference = with_report.frozen_share - without_report.frozen_share;
        findings.expect(difference.abs() <= FROZEN_DIFFERENCE, || {
            format!(
                "{self}: frozen for {:.4} of the time, without the attack for {:.4}",
                with_report.frozen_share, without_report.frozen_share
            )
        });
        let difference = with_report.first_frame_ms - without_report.first_frame_ms;
        findings.expect(difference.abs() <= JOIN_DIFFERENCE_MS, || {
            format!(
                "{self}: first frame after {:.1} ms, without the attack after {:.1} ms",
                with_report.first_frame_ms, without_report.first_frame_ms
            )
        });
    }
}

impl fmt::Display for Judged<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |person| &self.run.scenario.person(person).name;
        write!(f, "{} of {}'s {:?}", name(self.view.listener), name(self.view.source), self.view.kind)
    }
}
