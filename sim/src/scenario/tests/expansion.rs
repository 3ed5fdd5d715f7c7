//! What the validated form makes of a file.

use std::time::Duration;

use media_core::{
    MediaKind, Permissions, Timestamp,
    ids::HolderId,
    signalling::{Encryption, EndpointKind},
};

use super::read;
use crate::{
    scenario::{
        Action, Bound, Direction, Figure, Layer, PersonIndex, Scenario, ScenarioBuilder, SiteIndex,
        file::{ConferenceEntry, PersonEntry, SiteEntry, StepEntry, Verb},
    },
    site::{LossSpec, QueueDiscipline},
};

fn everything() -> Scenario {
    read(&[]).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn counts_make_single_people_who_join_one_after_another_and_spread_over_the_sites() {
    let scenario = everything();
    let guests: Vec<_> = scenario
        .people
        .iter()
        .filter(|person| person.name.starts_with("guest-"))
        .map(|person| {
            (person.name.as_str(), scenario.site(person.site).name.as_str(), person.join.as_millis())
        })
        .collect();
    assert_eq!(
        guests,
        [("guest-1", "amt-1", 2_000), ("guest-2", "amt-2", 2_250), ("guest-3", "amt-1", 2_500)]
    );
}

#[test]
fn the_host_comes_with_the_start_and_others_half_a_second_later() {
    let scenario = everything();
    assert!(scenario.is_host(PersonIndex(0)));
    assert_eq!(scenario.person(PersonIndex(0)).join, Timestamp::from_millis(1_000));
    let room = scenario.person(PersonIndex(2));
    assert_eq!(room.join, Timestamp::from_millis(1_500));
    assert_eq!((room.endpoint, room.seats, room.watch), (EndpointKind::AvcRoom, 6, Some(Layer::Low)));
}

#[test]
fn people_encrypt_like_their_conference_unless_they_say_otherwise() {
    let scenario = everything();
    assert!(scenario.people.iter().all(|person| person.encryption == Some(Encryption::DEFAULT)));
    let changes = [
        ("start = \"1s\"", "start = \"1s\"\nmls = 2\nsframe = 5"),
        ("people = 6", "people = 6\nsframe = 999"),
        ("count = 3", "count = 3\nencrypts = false"),
    ];
    let scenario = read(&changes).unwrap_or_else(|error| panic!("{error}"));
    let of = |name: &str| scenario.people.iter().find(|person| person.name == name).unwrap().encryption;
    assert_eq!(of("anna"), Some(Encryption { mls: 2, sframe: 5 }));
    assert_eq!(of("room"), Some(Encryption { mls: 2, sframe: 999 }));
    assert_eq!(of("bert"), Some(Encryption::DEFAULT), "another conference");
    assert_eq!(of("guest-1"), None);
}

#[test]
fn conferences_alike_have_a_host_each_and_guests_are_spread_over_them() {
    let count = Some(3.into());
    let hosts = PersonEntry {
        licence: Some(true.into()),
        count: count.clone(),
        ..PersonEntry::new("host", "amt", "meeting")
    };
    let guests = PersonEntry { count: Some(5.into()), ..PersonEntry::new("guest", "amt", "meeting") };
    let build = |hosts: PersonEntry| {
        ScenarioBuilder::new("alike", Duration::from_secs(5))
            .site(SiteEntry::new("amt", "fibre-100"))
            .conference(ConferenceEntry { count: count.clone(), ..ConferenceEntry::new("meeting", "host") })
            .person(hosts)
            .person(guests.clone())
            .build()
    };
    let scenario = build(hosts.clone()).unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<&str> = scenario.conferences.iter().map(|conference| conference.name.as_str()).collect();
    assert_eq!(names, ["meeting-1", "meeting-2", "meeting-3"]);
    assert!((0..3).all(|host| scenario.is_host(PersonIndex(host))));
    let of_guests: Vec<usize> = scenario.people[3..].iter().map(|person| person.conference.0).collect();
    assert_eq!(of_guests, [0, 1, 2, 0, 1]);
    let error = build(PersonEntry { count: Some(2.into()), ..hosts }).unwrap_err().to_string();
    assert!(error.contains("`host` stands for 2 people, expected 3: one for each conference"), "{error}");
}

#[test]
fn steps_are_in_order_of_time_and_a_group_acts_together() {
    let scenario = everything();
    let deeds: Vec<_> =
        scenario.steps.iter().map(|step| (step.at.as_millis(), step.who.0, step.action)).collect();
    let hand = Action::RaiseHand;
    let granted = Permissions { audio: true, video: true, screen: false };
    assert_eq!(
        deeds,
        [
            (5_000, 3, hand),
            (5_000, 4, hand),
            (5_000, 5, hand),
            (6_000, 0, Action::Grant(PersonIndex(3), granted)),
            (7_000, 2, Action::Watch { whom: PersonIndex(0), kind: MediaKind::Screen, layer: None }),
            (10_000, 0, Action::RevokeInvitation),
        ]
    );
}

#[test]
fn a_fault_of_both_directions_at_two_sites_is_four_faults() {
    let scenario = everything();
    let faults: Vec<_> = scenario.faults.iter().map(|fault| (fault.site, fault.direction)).collect();
    let (one, two) = (SiteIndex(0), SiteIndex(1));
    assert_eq!(
        faults,
        [(one, Direction::Down), (one, Direction::Up), (two, Direction::Down), (two, Direction::Up)]
    );
    assert!(scenario.faults.iter().all(|fault| fault.until == Some(Timestamp::from_millis(17_000))));
}

#[test]
fn the_licences_end_at_midnight_in_berlin_after_the_last_day() {
    let until = |clock: &str, valid_through: &str| {
        let clock = format!("clock = \"{clock}\"");
        let valid = format!("valid_through = \"{valid_through}\"");
        let changes = [
            ("clock = \"2020-06-15T09:00:00[Europe/Berlin]\"", clock.as_str()),
            ("valid_through = \"2021-10-31\"", valid.as_str()),
        ];
        read(&changes).unwrap().licences.valid_until
    };
    assert_eq!(until("2021-10-31T23:59:50[Europe/Berlin]", "2021-10-31"), Timestamp::from_millis(10_000));
    // The night in which summer time ends has 25 hours.
    assert_eq!(until("2021-10-31T00:00:00[Europe/Berlin]", "2021-10-31").as_millis(), 25 * 3_600_000);
    assert_eq!(until("2021-11-01T00:00:00[Europe/Berlin]", "2021-10-31"), Timestamp::ZERO);
    assert_eq!(until("2021-10-31T22:59:50[UTC]", "2021-10-31"), Timestamp::from_millis(10_000));
}

#[test]
fn the_clock_is_the_instant_at_which_the_run_begins() {
    // 09:00 in Berlin in summer is 07:00 in Greenwich.
    assert_eq!(everything().clock_unix_ns, 1_592_204_400_000_000_000);
}

#[test]
fn an_inline_link_is_resolved_like_a_preset() {
    let link = everything().sites[2].link;
    assert_eq!(
        (link.mtu_bytes, link.down.queue_bytes, link.down.queue),
        (1_400, 64_000, QueueDiscipline::Codel)
    );
    assert_eq!(link.down.loss, LossSpec::Random { probability: 0.02 });
    // 200 ms at 1,000 kbit/s.
    assert_eq!((link.up.queue_bytes, link.up.jitter), (25_000, Duration::from_millis(3)));
    assert_eq!(
        link.up.loss,
        LossSpec::Burst { good_to_bad: 0.01, bad_to_good: 0.25, loss_good: 0.0, loss_bad: 1.0 }
    );
}

#[test]
fn an_expectation_names_everybody_who_fits_its_pattern() {
    let expectation = &everything().expectations[0];
    assert_eq!(expectation.people, [PersonIndex(3), PersonIndex(4), PersonIndex(5)]);
    assert_eq!(expectation.bounds, [Bound { figure: Figure::AudioMos, min: Some(3.6), max: Some(4.5) }]);
}

#[test]
fn two_devices_of_one_account_hold_one_licence() {
    let scenario = read(&[(
        "site = \"branch\"\nconference = \"other\"\nlicence = true",
        "site = \"branch\"\nconference = \"other\"\naccount = \"anna\"",
    )])
    .unwrap();
    assert_eq!(scenario.people[0].holder, Some(HolderId(0)));
    assert_eq!(scenario.people[1].holder, Some(HolderId(0)));
    assert_eq!(everything().people[1].holder, Some(HolderId(1)));
}

#[test]
fn a_scenario_can_be_made_in_code() {
    let scenario = ScenarioBuilder::new("small", Duration::from_secs(5))
        .seed(3)
        .site(SiteEntry::new("amt", "fibre-100"))
        .conference(ConferenceEntry::new("talk-vbr", "anna"))
        .person(PersonEntry { licence: Some(true.into()), ..PersonEntry::new("anna", "amt", "talk-vbr") })
        .step(StepEntry::new(Duration::from_millis(1_500), "anna", Verb::End))
        .build()
        .unwrap();
    assert_eq!(scenario.steps[0].at, Timestamp::from_millis(1_500));
    assert_eq!(scenario.end(), Timestamp::from_millis(5_000));
    assert_eq!(Scenario::from_toml("small.toml", &scenario.to_toml()).unwrap(), scenario);
}

#[test]
fn what_is_wrong_in_code_is_told_with_the_text_it_makes() {
    let error = ScenarioBuilder::new("empty", Duration::from_secs(5)).build().unwrap_err();
    assert_eq!(
        error.to_string(),
        "empty.toml:2: person: there is nobody, expected at least one `[[person]]`"
    );
}

#[test]
fn crashes_come_in_order_of_time_whatever_their_order_in_the_file() {
    let scenario = read(&[("at = \"22s\"", "at = \"2s\"")]).unwrap_or_else(|error| panic!("{error}"));
    let crashes: Vec<_> =
        scenario.crashes.iter().map(|crash| (crash.at.as_millis(), crash.until.as_millis())).collect();
    assert_eq!(crashes, [(2_000, 3_000), (20_000, 21_500)]);
}
