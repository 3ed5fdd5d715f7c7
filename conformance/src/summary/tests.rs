//! Claims about what is kept of a run.

use super::*;
use crate::rehearsal::{Rehearse, Settings, Simulation};

fn summary(scenario: &str) -> (RunSummary, RunLines) {
    RunSummary::of(&Simulation::new(Settings::default()).fixture(scenario, 1).unwrap())
}

#[test]
fn who_fared_worst_is_told_first_and_who_never_got_in_last() {
    let (summary, lines) = summary("narrow");
    let trouble = |person: &ParticipantSummary| {
        person.report.audio.map_or(0.0, |audio| (4.5 - audio.mos) / 3.5)
            + person.report.video.map_or(0.0, |video| video.frozen_share)
    };
    let inside: Vec<_> = summary.participants.iter().filter(|one| !one.inside_ms.is_empty()).collect();
    assert!(inside.len() > 2);
    assert!(inside.is_sorted_by(|one, next| trouble(one) >= trouble(next)), "{inside:?}");
    assert!(trouble(inside[0]) > trouble(inside[inside.len() - 1]));
    let drawn: Vec<_> = lines.participants.iter().map(|one| one.name.as_str()).collect();
    let first: Vec<_> = inside.iter().take(drawn.len()).map(|one| one.report.name.as_str()).collect();
    assert_eq!(drawn, first);
    assert_eq!(lines.intervals * lines.interval_ms, (summary.simulated_s * 1_000.0) as u64);
}

#[test]
fn people_who_were_refused_are_told_with_the_reason_and_without_lines() {
    let (summary, lines) = summary("links");
    let outside: Vec<_> = summary.participants.iter().filter(|one| one.inside_ms.is_empty()).collect();
    assert!(!outside.is_empty());
    assert_eq!(outside.len() as u64, summary.outside_total);
    let last = &summary.participants[summary.participants.len() - outside.len()..];
    assert!(last.iter().all(|one| one.inside_ms.is_empty()));
    assert!(outside.iter().any(|one| one.refused.as_deref() == Some("invalid-link")), "{outside:?}");
    assert!(outside.iter().all(|one| lines.participants.iter().all(|line| line.name != one.report.name)));
}

#[test]
fn a_crowd_leaves_no_more_than_the_bounds_and_its_number() {
    let (summary, lines) = summary("pool");
    assert_eq!(summary.participants.len(), PARTICIPANTS_LISTED_MAX);
    assert_eq!(summary.participants_left_out(), summary.participants_total - PARTICIPANTS_LISTED_MAX as u64);
    assert!(summary.participants_total > 750);
    assert_eq!(lines.participants.len(), PARTICIPANTS_DRAWN_MAX);
    // The first listed participant with the worst score of all stands in the figures as well.
    let mos = &summary.figures[0];
    assert_eq!((mos.name.as_str(), &mos.worst_of), ("audio.mos", &summary.participants[0].report.name));
    assert!(mos.measured < summary.participants_total && mos.worst <= mos.median);
}

#[test]
fn steps_and_faults_are_told_in_the_words_of_the_scenario() {
    let events = summary("rathaus").0.events;
    assert!(events.is_sorted_by_key(|event| event.at_ms));
    assert!(events.iter().any(|event| event.what == "anna: set-mode, mode presenter"), "{events:?}");
    assert_eq!(events.iter().filter(|event| event.site.is_some()).count(), 0);
    let events = summary("avc").0.events;
    let fault = events.iter().find(|event| event.site.is_some()).unwrap();
    assert!(fault.what.starts_with("link of ") && fault.until_ms > Some(fault.at_ms), "{fault:?}");
}

#[test]
fn a_summary_survives_being_written_and_read() {
    let (summary, lines) = summary("lobby");
    assert!(summary.participants.iter().any(|person| person.report.audio.is_some()));
    let text = serde_json::to_string(&(&summary, &lines)).unwrap();
    assert_eq!(serde_json::from_str::<(RunSummary, RunLines)>(&text).unwrap(), (summary, lines));
}
