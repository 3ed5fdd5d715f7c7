//! Claims about what a crash of the media node takes away and what it leaves.

use std::time::Duration;

use media_core::{
    PeerId, Timestamp,
    engine::Event,
    forwarding::TrackReport,
    signalling::{OutReason, Request, ServerMessage},
};

use crate::{
    endpoint::Observation,
    packet::{node_of, peer_of, person_of},
    run::{Options, Run, run},
    scenario::{
        DurationText, PersonIndex, Scenario, ScenarioBuilder,
        file::{ConferenceEntry, DirectionName, FaultEntry, PersonEntry, SiteEntry},
    },
};

/// A host and two guests who talk for six seconds; the node crashes after three.
fn meeting(crashes: bool) -> Scenario {
    let (at, down_for) = (Duration::from_secs(3), Duration::from_millis(500));
    let builder = talk(Duration::from_secs(6));
    let builder = if crashes { builder.crash(at, down_for) } else { builder };
    builder.build().unwrap_or_else(|error| panic!("{error}"))
}

fn talk(duration: Duration) -> ScenarioBuilder {
    let microphone = Some("talk-vbr".into());
    ScenarioBuilder::new("crash", duration)
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
        })
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
    let second = |person| peer_of(PersonIndex(person), 1, 0);
    assert!((0..3).all(|person| heard(second(person))), "media flows again");
    assert_eq!(run.server.statistics.present, 3);
}

/// When somebody came in, and the connection on which they came.
fn entries(run: &Run, person: usize) -> Vec<Timestamp> {
    let seen = run.observations.iter().filter(|(_, who, _)| *who == PersonIndex(person));
    seen.filter(|(_, _, seen)| matches!(seen, Observation::Entered { .. })).map(|(at, ..)| *at).collect()
}

#[test]
fn everybody_goes_on_at_the_node_that_takes_over_and_nothing_more_comes_from_the_dead_one() {
    let (at, after) = (Duration::from_secs(3), Duration::from_secs(1));
    let scenario = talk(Duration::from_secs(9)).take_over(at, after).build().expect("a valid scenario");
    let run = rehearse(&scenario);
    let crash = scenario.crashes[0];
    for person in 0..3 {
        let entered = entries(&run, person);
        assert_eq!(entered.len(), 2, "{entered:?}");
        let back = entered[1].saturating_since(crash.until);
        assert!(
            back < Duration::from_millis(2_750),
            "after three seconds of silence at the latest: {back:?}"
        );
    }
    let egress = run.server.tap.egress.iter();
    let from =
        |node, after| egress.clone().filter(move |packet| node_of(packet.peer) == node && packet.at >= after);
    assert_eq!(from(0, crash.at).count(), 0);
    assert!(from(1, crash.until).count() > 100);
    assert_eq!(run.server.statistics.present, 3);
}

#[test]
fn a_line_that_is_dead_for_a_while_moves_nobody_to_a_node_that_stands_by() {
    let text = |seconds| DurationText(Duration::from_secs(seconds)).into();
    let mut outage = FaultEntry::new(text(3), "office", DirectionName::Down);
    outage.duration = Some(text(8));
    outage.outage = Some(true.into());
    let builder = talk(Duration::from_secs(30)).fault(outage);
    let scenario = builder.take_over(Duration::from_secs(20), Duration::from_secs(1)).build();
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    let run = rehearse(&scenario);
    let looked =
        |(at, peer, _): &&(Timestamp, PeerId, _)| node_of(*peer) == 1 && *at < scenario.crashes[0].at;
    assert!(run.server.tap.lost.iter().any(|lost| looked(&lost)), "the dead line makes somebody look");
    for person in 0..3 {
        assert!(
            entries(&run, person)[1] > scenario.crashes[0].until,
            "and nobody comes in anew before the crash"
        );
    }
}

#[test]
fn who_asks_again_because_the_answer_was_late_is_not_there_twice() {
    let guest = PersonIndex(2);
    let duration = Duration::from_secs(12);
    let calm = talk(duration).build().unwrap_or_else(|error| panic!("{error}"));
    let asked_by_guest = |run: &Run| {
        let asked = run.server.tap.requests.iter();
        let joins = asked.filter(|asked| person_of(asked.peer) == guest);
        let joins = joins.filter(|asked| matches!(asked.body, Request::Join { .. }));
        joins.map(|asked| (asked.at, asked.peer)).collect::<Vec<_>>()
    };
    // Just after the request has come, nothing gets back to the office any more for a while.
    let (asked, _) = asked_by_guest(&rehearse(&calm))[0];
    let text = |millis| DurationText(Duration::from_millis(millis)).into();
    let mut outage = FaultEntry::new(text(asked.as_millis()), "office", DirectionName::Down);
    outage.duration = Some(text(3_500));
    outage.outage = Some(true.into());
    let scenario = talk(duration).fault(outage).build().unwrap_or_else(|error| panic!("{error}"));
    let run = rehearse(&scenario);
    let asked = asked_by_guest(&run);
    let [(_, first), (again, _)] = asked[..] else { panic!("the guest asks twice: {asked:?}") };
    let gone = run.server.tap.messages.iter().find(|message| {
        message.peer == first && matches!(message.body, ServerMessage::Out { reason: OutReason::Replaced })
    });
    assert_eq!(
        gone.map(|message| message.at),
        Some(again),
        "the place that nobody knew of is given up at once"
    );
    assert_eq!(run.server.statistics.present, 3);
}
