//! Owns the claims that each thing which is judged in a city can fail: in the record of a sound rehearsal one thing is put wrong.

use sim::{
    city::{City, CityPlan, CitySettings, Means, run},
    endpoint::light::LightRecord,
    scenario::PersonIndex,
    seed::Seed,
};

use super::*;

fn sound() -> CityRecord {
    let city = City::berlin();
    let settings = CitySettings {
        conferences: Some(8),
        participants: Some(6),
        duration: Duration::from_secs(12),
        mix: "presenter".to_owned(),
        seed: Seed::new(1),
    };
    run(&city, &CityPlan::draw(&city, &settings), Means::quick(2), None, &mut |_| {}).unwrap()
}

fn spoil(record: &CityRecord, mut wrong: impl FnMut(PersonIndex, &mut LightRecord)) -> CityRecord {
    let mut spoilt = record.clone();
    for (person, experience) in spoilt.buildings.iter_mut().flat_map(|building| &mut building.people) {
        wrong(*person, experience);
    }
    spoilt
}

#[test]
fn everything_that_is_judged_can_fail() {
    let record = sound();
    assert_eq!(judge(&record).messages().collect::<Vec<_>>(), Vec::<&str>::new());
    let befell = touched(&record);
    let late = Some(Duration::from_secs(5));
    let at = Timestamp::from_millis;
    let untouched = |person: PersonIndex| befell[person.0] == Touched::Nothing;
    let of_node = |person: PersonIndex| befell[person.0] == Touched::Node;
    let faults: [(&str, CityRecord); 8] = [
        ("heard something after 5000 ms", spoil(&record, |_, seen| seen.heard_after = late)),
        (
            "lost the connection",
            spoil(&record, |person, seen| {
                seen.returns.extend(untouched(person).then(|| (at(6_500), Some(at(7_000)))));
            }),
        ),
        (
            "never came back",
            spoil(&record, |person, seen| {
                seen.returns.extend(of_node(person).then(|| (at(9_000), None)));
            }),
        ),
        (
            "ms after the node",
            spoil(&record, |person, seen| {
                seen.returns.extend(
                    of_node(person)
                        .then(|| (at(9_000), Some(record.plan.crash.until + Duration::from_secs(6)))),
                );
            }),
        ),
        (
            "hears with a score of 1.00",
            spoil(&record, |_, seen| {
                if let Some(audio) = &mut seen.audio {
                    audio.mos = 1.0;
                }
            }),
        ),
        ("hears nobody for 3000 ms", spoil(&record, |_, seen| seen.longest_silence = Duration::from_secs(3))),
        ("never got in", spoil(&record, |_, seen| seen.entered_after = None)),
        ("one conference too many was answered with None", spoil(&record, |_, seen| seen.refused = None)),
    ];
    for (message, spoilt) in faults {
        let findings = judge(&spoilt);
        assert!(findings.messages().any(|told| told.contains(message)), "{message}: {findings:?}");
    }
}
