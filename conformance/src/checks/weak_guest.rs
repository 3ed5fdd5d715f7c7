//! Owns the differential check of a weak guest (NET-004): the same conference runs once more without them, and all others
//! experience the same within one per cent.

use media_core::Timestamp;
use sim::{
    record::{AudioReport, VideoReport},
    run::Run,
    scenario::ScenarioBuilder,
};

use super::span::{intervals, second, sum};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
};

/// Who is weak, by the entry's name in the scenario.
const GUEST: &str = "guest";
/// From here on pictures are compared: before that everybody waits for their first ones, for which it matters who asked when.
const THERE: Timestamp = second(3);
/// By how much anything may differ (NET-004): relative for scores, rates and numbers, absolute for shares of time.
const DIFFERENCE: f64 = 0.01;

pub(super) const CHECKS: &[Check] = &[Check {
    name: "a-weak-guest-disturbs-nobody",
    requirements: &["NET-004"],
    scenarios: &["weak-guest"],
    judge: Judge::Compare(disturbs_nobody),
}];

fn disturbs_nobody(evidence: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let with = evidence.run();
    let mut file = with.scenario.file().clone();
    file.people.retain(|person| person.name.value != GUEST);
    let without = ScenarioBuilder::from(file).build().map_err(|error| HarnessError::Check {
        check: "a-weak-guest-disturbs-nobody".to_owned(),
        reason: error.to_string(),
    })?;
    let settings = Settings { sabotage: with.sabotage, ..Settings::default() };
    let text = without.with_seed(with.seed).to_toml();
    let without = rehearse.with_settings(settings).text(&text)?;
    let mut findings = Findings::new();
    compare(with, without.run(), &mut findings);
    Ok(findings)
}

fn compare(with: &Run, without: &Run, findings: &mut Findings) {
    let guest = with.people.iter().find(|person| person.report.name == GUEST);
    let struggles = guest.is_some_and(|guest| guest.report.join.entered_ms.is_some());
    findings.expect(struggles, || "the weak guest never came in, so nothing was tried".to_owned());
    let others = with.people.iter().filter(|person| person.report.name != GUEST);
    for (mine, alone) in others.zip(&without.people) {
        let name = &mine.report.name;
        findings.expect(*name == alone.report.name, || format!("{name} is {}", alone.report.name));
        let pairs = [
            ("MOS", audio(mine.report.audio, |a| a.mos), audio(alone.report.audio, |a| a.mos), true),
            (
                "share of concealed sound",
                audio(mine.report.audio, |a| a.concealment),
                audio(alone.report.audio, |a| a.concealment),
                false,
            ),
            (
                "share of frozen time",
                video(mine.report.video, |v| v.frozen_share),
                video(alone.report.video, |v| v.frozen_share),
                false,
            ),
            (
                "frames shown",
                frames(with, &mine.timeline.frames),
                frames(without, &alone.timeline.frames),
                true,
            ),
        ];
        for (what, mine, alone, relative) in pairs {
            let (Some(mine), Some(alone)) = (mine, alone) else {
                findings.expect(mine.is_none() && alone.is_none(), || {
                    format!("{name}: {what} {mine:?} with the guest, {alone:?} without")
                });
                continue;
            };
            let difference = (mine - alone) / if relative { alone.max(f64::MIN_POSITIVE) } else { 1.0 };
            findings.figure(what, "% more", difference * 100.0);
            findings.expect(difference.abs() <= DIFFERENCE, || {
                format!("{name}: {what} {mine:.3} with the guest, {alone:.3} without")
            });
        }
    }
    findings.count("others", without.people.len() as u64);
}

fn audio(report: Option<AudioReport>, figure: impl Fn(AudioReport) -> f64) -> Option<f64> {
    report.map(figure)
}

fn video(report: Option<VideoReport>, figure: impl Fn(VideoReport) -> f64) -> Option<f64> {
    report.map(figure)
}

/// Frames that were shown from [`THERE`] on.
fn frames(run: &Run, line: &[u32]) -> Option<f64> {
    (!line.is_empty()).then(|| sum(line, &intervals(run, THERE..run.scenario.end())) as f64)
}
