//! What the files that come with the project must be.

use std::{fs, path::PathBuf};

use crate::{
    scenario::{LinkKind, Scenario, ScenarioBuilder, scenario_schema_json},
    site::presets,
};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn scenarios() -> Vec<Scenario> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(fixtures().join("scenarios")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let scenarios: Vec<Scenario> =
        files.iter().map(|file| Scenario::load(file).unwrap_or_else(|error| panic!("{error}"))).collect();
    for (file, scenario) in files.iter().zip(&scenarios) {
        assert_eq!(file.file_stem().unwrap().to_str(), Some(scenario.name.as_str()));
    }
    scenarios
}

#[test]
fn every_scenario_of_the_project_is_valid_and_named_as_its_file() {
    let names: Vec<String> = scenarios().into_iter().map(|scenario| scenario.name).collect();
    insta::assert_snapshot!(names.join(" "), @"avc broken-joins churn crash crowded-line falling-rate forgery full-house ghosts hand-over hostile-feedback hostile-joins hostile-levels hostile-media hostile-requests hostile hostless impostor incapable isolation joins keyless layers licences links lobby long-outage loss minute-outage moderation move narrow outages pool presenter rathaus released removed resting rooms rough-ways rush shared-lines sources speakers takeover term weak-audience weak-guest weak-lines webrtc-crash webrtc-joins webrtc-move webrtc-outages webrtc worn-keys");
}

#[test]
fn a_scenario_written_back_reads_as_the_same_scenario() {
    for scenario in scenarios() {
        let seeded = scenario.clone().with_seed(u64::MAX - 1);
        let written = seeded.to_toml();
        let again =
            Scenario::from_toml("again.toml", &written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(again, seeded);
        assert_eq!(again.seed, u64::MAX - 1);
        assert_eq!(ScenarioBuilder::from(scenario.file().clone()).build().unwrap(), scenario);
    }
}

#[test]
fn the_schema_that_is_committed_is_the_schema_of_the_code() {
    let file = fixtures().join("scenario.schema.json");
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&file, scenario_schema_json()).unwrap();
    }
    let committed = fs::read_to_string(&file).unwrap();
    assert!(committed == scenario_schema_json(), "run this test with UPDATE_SCHEMA=1 and commit the result");
}

#[test]
fn the_schema_knows_every_field_of_the_scenarios_and_asks_for_none_that_they_lack() {
    let schema: serde_json::Value = serde_json::from_str(&scenario_schema_json()).unwrap();
    let mut compared = 0;
    for scenario in scenarios() {
        let file: toml::Table = scenario.to_toml().parse().unwrap();
        for (list, definition) in [
            ("site", "SiteEntry"),
            ("conference", "ConferenceEntry"),
            ("person", "PersonEntry"),
            ("step", "StepEntry"),
            ("fault", "FaultEntry"),
            ("crash", "CrashEntry"),
            ("expect", "ExpectEntry"),
        ] {
            let definition = &schema["$defs"][definition];
            for entry in file.get(list).and_then(toml::Value::as_array).into_iter().flatten() {
                let entry = entry.as_table().unwrap();
                for field in entry.keys() {
                    assert!(definition["properties"][field].is_object(), "{list}: {field}");
                }
                for field in definition["required"].as_array().unwrap() {
                    assert!(entry.contains_key(field.as_str().unwrap()), "{list}: {field}");
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn the_full_house_brings_one_person_too_many() {
    let scenario = scenarios().into_iter().find(|scenario| scenario.name == "full-house").unwrap();
    let surplus = scenario.people.iter().find(|person| person.name == "surplus").unwrap();
    let before = scenario.people.iter().filter(|person| person.join < surplus.join).count();
    assert_eq!(before, scenario.limits.participants_max as usize);
}

#[test]
fn every_kind_of_bad_link_is_rehearsed() {
    let scenario = scenarios().into_iter().find(|scenario| scenario.name == "links").unwrap();
    let rehearsed = |fits: fn(&LinkKind) -> bool| scenario.people.iter().any(|person| fits(&person.link));
    assert!(rehearsed(|link| *link == LinkKind::Wrong));
    assert!(rehearsed(|link| *link == LinkKind::Revoked));
    assert!(rehearsed(|link| matches!(link, LinkKind::Foreign(_))));
}

#[test]
fn every_site_of_the_project_is_embedded_valid_and_says_where_its_rates_come_from() {
    let mut files: Vec<String> = fs::read_dir(fixtures().join("sites"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    assert_eq!(presets::names().collect::<Vec<_>>(), files);
    for name in presets::names() {
        let site = presets::find(name).unwrap();
        assert!(site.source.contains("assumption: "), "{name}: no rates of single buildings are published");
        for path in [site.link.down, site.link.up] {
            // What waits in a full queue leaves it within a second, as from real access lines.
            let queue_ms = u64::from(path.queue_bytes) * 8 / u64::from(path.rate_kbps);
            assert!((10..=1_000).contains(&queue_ms), "{name}: {queue_ms} ms");
        }
    }
}

#[test]
fn the_lte_fallback_loses_one_per_cent_in_bursts() {
    let link = presets::find("lte-fallback").unwrap().link;
    for path in [link.down, link.up] {
        assert!((path.loss.mean() - 0.01).abs() < 0.000_1, "{}", path.loss.mean());
    }
}
