//! Owns the judgement of a scenario's own expectations: what the file says about its people, against what they
//! experienced.

use sim::{
    endpoint::Observation,
    record::ParticipantReport,
    run::Run,
    scenario::{Expectation, Figure, PersonIndex},
};

use crate::evidence::Violation;

/// Everything in which the run is not as its scenario expects.
pub fn violations(run: &Run) -> Vec<Violation> {
    let mut violations = Vec::new();
    for expectation in &run.scenario.expectations {
        for person in &expectation.people {
            for message in broken(run, expectation, *person) {
                violations.push(Violation {
                    message,
                    scenario: run.scenario.name.clone(),
                    seed: run.seed,
                    at: None,
                });
            }
        }
    }
    violations
}

fn broken(run: &Run, expectation: &Expectation, person: PersonIndex) -> Vec<String> {
    let name = &run.scenario.person(person).name;
    let record = &run.people[person.0];
    let mut messages = Vec::new();
    if let Some(joined) = expectation.joined {
        let found = !record.stays.is_empty();
        if found != joined {
            messages.push(format!("expected {name}: joined = {joined}, found {found}"));
        }
    }
    if let Some(reason) = expectation.refused {
        let met =
            |observation: &Observation| matches!(observation, Observation::Refused(_, met) if *met == reason);
        let own = run.observations.iter().filter(|(_, who, _)| *who == person);
        if !own.map(|(_, _, observation)| observation).any(met) {
            messages.push(format!("expected {name}: refused with {reason:?}, found no such refusal"));
        }
    }
    for bound in &expectation.bounds {
        let figure = bound.figure.name();
        match value(&record.report, bound.figure) {
            None => {
                messages.push(format!("expected {name}: {figure} within bounds, found it was not measured"));
            }
            Some(value) => {
                if let Some(min) = bound.min.filter(|min| value < *min) {
                    messages.push(format!("expected {name}: {figure}_min = {min}, found {value:.3}"));
                }
                if let Some(max) = bound.max.filter(|max| value > *max) {
                    messages.push(format!("expected {name}: {figure}_max = {max}, found {value:.3}"));
                }
            }
        }
    }
    messages
}

fn value(report: &ParticipantReport, figure: Figure) -> Option<f64> {
    let (audio, video) = (report.audio, report.video);
    match figure {
        Figure::AudioMos => audio.map(|audio| audio.mos),
        Figure::AudioConcealment => audio.map(|audio| audio.concealment),
        Figure::AudioLongestGapMs => audio.map(|audio| audio.longest_gap_ms),
        Figure::MouthToEarMs => audio.map(|audio| audio.mouth_to_ear_ms_p95),
        Figure::EnteredMs => report.join.entered_ms,
        Figure::FirstAudioMs => report.join.first_audio_ms,
        Figure::FirstFrameMs => video.map(|video| video.first_frame_ms),
        Figure::FrozenShare => video.map(|video| video.frozen_share),
        Figure::Freezes => video.map(|video| video.freezes as f64),
        Figure::VideoKbps => video.map(|video| video.kbps),
        Figure::TornFrames => video.map(|video| video.torn_frames as f64),
    }
}

#[cfg(test)]
mod tests {
    use crate::rehearsal::{Rehearse, Sabotage, Settings, Simulation, fixture_names};

    #[test]
    fn every_fixture_scenario_meets_its_own_expectations() {
        let mut broken = Vec::new();
        for name in fixture_names() {
            let run = Simulation::default().fixture(name, 1).unwrap();
            broken.extend(
                super::violations(run.run()).into_iter().map(|found| format!("{name}: {}", found.message)),
            );
        }
        assert!(broken.is_empty(), "{broken:#?}");
    }

    #[test]
    fn an_expectation_that_is_not_met_is_named() {
        let settings = Settings { sabotage: Some(Sabotage::GuestsUnwelcome), ..Settings::default() };
        let run = Simulation::new(settings).fixture("rathaus", 1).unwrap();
        let messages: Vec<_> = super::violations(run.run()).into_iter().map(|found| found.message).collect();
        assert!(messages.contains(&"expected guest: joined = true, found false".to_owned()), "{messages:#?}");
    }
}
