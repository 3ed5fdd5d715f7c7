//! Owns the claims about rehearsals of a city.

use std::time::Duration;

use super::*;
use crate::seed::Seed;

fn settings(mix: &str, seed: u64) -> CitySettings {
    CitySettings {
        conferences: Some(8),
        participants: Some(6),
        duration: Duration::from_secs(10),
        mix: mix.to_owned(),
        seed: Seed::new(seed),
    }
}

fn rehearse(mix: &str, seed: u64, means: Means) -> CityRecord {
    let city = City::berlin();
    let plan = CityPlan::draw(&city, &settings(mix, seed));
    run(&city, &plan, means, None, &mut |_| {}).expect("the simulated network runs")
}

/// Everything but the plan, in comparable form.
fn outcome(record: &CityRecord) -> String {
    let people: Vec<_> = record.experiences().collect();
    format!("{:016x} {} {:?} {people:?}", record.digest, record.delivered, record.nodes)
}

#[test]
fn berlin_has_three_hundred_buildings_in_twelve_boroughs_and_a_place_for_everybody() {
    let city = City::berlin();
    assert_eq!(city.file.borough.len(), 12);
    assert_eq!(city.classes.iter().map(|class| class.buildings).sum::<u32>(), 300);
    let all = CitySettings { conferences: None, participants: None, ..settings("berlin", 1) };
    let plan = CityPlan::draw(&city, &all);
    assert_eq!((plan.conferences.len(), plan.seats.len()), (750, 37_501));
    let kinds = |kind| plan.conferences.iter().filter(|conference| conference.kind == kind).count();
    assert_eq!(
        [ConferenceKind::Presenter, ConferenceKind::Discussion, ConferenceKind::Audio].map(kinds),
        [300, 300, 150]
    );
    let class = |seat: &SeatPlan| plan.buildings[seat.building as usize].class;
    let share = |wanted: fn(BuildingClass) -> bool| {
        plan.seats.iter().filter(|seat| wanted(class(seat))).count() as f64 / plan.seats.len() as f64
    };
    let guests = share(|class| class == BuildingClass::Home);
    assert!((0.18..0.21).contains(&guests), "{guests} are guests");
    assert_eq!(plan.seats.iter().filter(|seat| class(seat) == BuildingClass::Room).count(), 150);
    assert!(plan.seats.iter().all(|seat| seat.opens_at < plan.end));
    let (hour, percent) = city.busiest_hour();
    assert!(hour == 9 && (22.0..24.0).contains(&percent), "{percent} % at {hour}");
}

#[test]
fn neither_threads_nor_laziness_nor_the_form_of_media_changes_what_happens() {
    for mix in ["presenter", "berlin"] {
        let quick = rehearse(mix, 1, Means::quick(1));
        assert!(quick.delivered > 10_000 && quick.forwarded() > 10_000, "{}", quick.delivered);
        let others = [
            ("two threads", Means::quick(2)),
            ("every packet at once", Means { is_lazy: false, ..Means::quick(1) }),
            ("whole packets", Means { is_light: false, ..Means::quick(2) }),
        ];
        for (name, means) in others {
            let other = rehearse(mix, 1, means);
            assert!(outcome(&other) == outcome(&quick), "{mix}, {name}: another rehearsal");
        }
    }
}

#[test]
fn people_open_their_link_when_they_come_and_not_before() {
    let record = rehearse("presenter", 1, Means::quick(2));
    let last = record.plan.seats.len() - 1;
    let (mut at_once, mut waited) = (0, 0);
    for (person, experience) in record.experiences().filter(|(person, _)| person.0 != last) {
        let planned = record.plan.seats[person.0].opens_at;
        let opened = experience.opened_at.expect("everybody comes");
        assert!(opened >= planned, "person {} came at {opened}, not at {planned}", person.0);
        if opened == planned { at_once += 1 } else { waited += 1 }
    }
    assert!(at_once > 20, "{at_once} came when they were to, {waited} waited for the mail");
}

#[test]
fn another_seed_is_another_city() {
    let plans = [1, 2].map(|seed| CityPlan::draw(&City::berlin(), &settings("discussion", seed)));
    assert_ne!(plans[0].seats, plans[1].seats);
    assert_ne!(
        rehearse("presenter", 1, Means::quick(2)).digest,
        rehearse("presenter", 2, Means::quick(2)).digest
    );
}

#[test]
fn a_mistake_in_a_city_is_told_with_line_and_field() {
    let text = include_str!("../../../fixtures/berlin.toml");
    let faults = [
        ("guests_percent = 20", "guests_percent = 120", "guests_percent"),
        ("line = \"fibre-1000\"", "line = \"fiber-1000\"", "line"),
        ("presenter_percent = 40", "presenter_percent = 50", "presenter_percent"),
        ("conferences = 750", "conferences = 3", "conferences"),
        ("inhabitants = 384", "inhabitants = 0", "inhabitants"),
        ("starts_percent = [2, 9,", "starts_percent = [2, 90,", "starts_percent"),
        ("desks = 500", "desks = 500\ncolour = \"red\"", "colour"),
    ];
    for (good, bad, field) in faults {
        assert!(text.contains(good), "{good}");
        let error = City::from_toml("city.toml", &text.replacen(good, bad, 1)).expect_err(bad);
        let told = error.to_string();
        assert!(told.starts_with("city.toml:") && told.contains(field), "{bad}: {told}");
    }
}
