//! Claims about what a crash of the media node takes away and what it leaves.

use std::time::Duration;

use media_core::{Timestamp, engine::Event, forwarding::TrackReport};

use crate::{
    endpoint::Observation,
    packet::peer_of,
    run::{Options, Run, run},
    scenario::{
        PersonIndex, Scenario, ScenarioBuilder,
        file::{ConferenceEntry, PersonEntry, SiteEntry},
    },
};

/// A host and two guests who talk for six seconds; the node crashes after three.
fn meeting(crashes: bool) -> Scenario {
    let microphone = Some("talk-vbr".into());
    let builder = ScenarioBuilder::new("crash", Duration::from_secs(6))
        .site(SiteEntry::new("office", "vdsl-50-10"))
        .conference(ConferenceEntry::new("daily", "anna"))
        .person(PersonEntry {
            licence: Some(true.into()),
            microphone: microphone.clone(),
            ..PersonEntry::new("anna", "office", "daily")
        })
        .person(PersonEntry {
            count: Some(2.into()),
            microphone,
            ..PersonEntry::new("guest", "office", "daily")
        });
    let builder =
        if crashes { builder.crash(Duration::from_secs(3), Duration::from_millis(500)) } else { builder };
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

fn rehearse(scenario: &Scenario) -> Run {
    run(scenario, 7, Options::default()).expect("the run ends")
}

#[test]
fn a_crash_is_the_same_in_every_run_and_not_the_run_without_it() {
    let digest = |crashes| rehearse(&meeting(crashes)).digest;
    assert_eq!(digest(true), digest(true));
    assert_ne!(digest(true), digest(false));
}

#[test]
fn what_reaches_a_node_that_is_down_is_lost_and_counted_and_nothing_leaves_it() {
    let scenario = meeting(true);
    let run = rehearse(&scenario);
    let tap = &run.server.tap;
    let down = |at: Timestamp| scenario.crashes[0].at <= at && at < scenario.crashes[0].until;
    assert!(tap.lost.len() > 50, "three microphones for half a second: {}", tap.lost.len());
    assert!(tap.lost.iter().all(|(at, ..)| down(*at)));
    let outside = tap.ingress.iter().chain(&tap.egress).map(|packet| packet.at);
    let outside = outside.chain(tap.messages.iter().map(|message| message.at));
    assert_eq!(outside.filter(|at| down(*at)).count(), 0);
    let account: u64 = run.server.tracks.iter().map(|track| track.received).sum();
    assert!(account > 0 && run.server.tracks.iter().all(TrackReport::balances), "accounts outlive the crash");
}

#[test]
fn the_conference_runs_on_over_a_crash() {
    let run = rehearse(&meeting(true));
    let events = run.server.events.iter();
    let ended = events.filter(|(_, event)| matches!(event, Event::ConferenceEnded(_)));
    assert_eq!((ended.count(), run.server.statistics.conferences), (0, 1));
}

#[test]
fn everybody_comes_back_by_themselves_within_five_seconds_of_the_restart() {
    let scenario = meeting(true);
    let run = rehearse(&scenario);
    for person in 0..scenario.people.len() {
        let seen = run.observations.iter().filter(|(_, who, _)| *who == PersonIndex(person));
        let entered: Vec<_> = seen
            .filter(|(_, _, seen)| matches!(seen, Observation::Entered { .. }))
            .map(|(at, ..)| *at)
            .collect();
        assert_eq!(entered.len(), 2, "{entered:?}");
        let back = entered[1].saturating_since(scenario.crashes[0].until);
        assert!(back < Duration::from_millis(2_500), "the next question is answered by a reset: {back:?}");
    }
    let heard = |peer| run.server.tap.egress.iter().any(|packet| packet.peer == peer);
    let second = |person| peer_of(PersonIndex(person), 1);
    assert!((0..3).all(|person| heard(second(person))), "media flows again");
    assert_eq!(run.server.statistics.present, 3);
}
