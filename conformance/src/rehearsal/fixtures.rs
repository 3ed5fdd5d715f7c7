//! Owns the fixture scenarios that the program carries in itself, so that it runs from anywhere.

use sim::scenario::{Scenario, ScenarioError};

macro_rules! fixtures {
    ($($name:literal,)*) => {
        const FIXTURES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../fixtures/scenarios/", $name, ".toml"))),)*];
    };
}

macro_rules! regressions {
    ($($name:literal,)*) => {
        const REGRESSIONS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../fixtures/regressions/", $name, ".toml"))),)*];

        /// The names of all scenarios in which something was wrong once.
        pub(super) const REGRESSION_NAMES: &[&str] = &[$($name,)*];
    };
}

fixtures! {
    "avc",
    "broken-joins",
    "churn",
    "crash",
    "crowded-line",
    "falling-rate",
    "forgery",
    "full-house",
    "ghosts",
    "hand-over",
    "hostile",
    "hostile-feedback",
    "hostile-joins",
    "hostile-levels",
    "hostile-media",
    "hostile-requests",
    "hostless",
    "impostor",
    "incapable",
    "isolation",
    "joins",
    "keyless",
    "layers",
    "licences",
    "links",
    "lobby",
    "long-outage",
    "loss",
    "minute-outage",
    "moderation",
    "move",
    "narrow",
    "outages",
    "pool",
    "presenter",
    "rathaus",
    "released",
    "removed",
    "resting",
    "rooms",
    "rough-ways",
    "rush",
    "shared-lines",
    "sources",
    "speakers",
    "takeover",
    "term",
    "weak-audience",
    "weak-guest",
    "weak-lines",
    "webrtc",
    "webrtc-crash",
    "webrtc-joins",
    "webrtc-move",
    "webrtc-outages",
    "worn-keys",
}

regressions! {
    "a-layer-chosen-by-hand",
    "a-muted-packet-comes-twice",
    "a-number-of-an-earlier-stay",
    "a-second-knock-in-the-lobby",
    "every-packet-twice",
    "leave-and-join-at-once",
    "leave-during-an-outage",
    "one-frame-on-two-streams",
    "the-host-ends",
}

/// The names of all fixtures.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FIXTURES.iter().map(|(name, _)| *name)
}

/// The text of a fixture or a regression.
pub(super) fn text(name: &str) -> Option<&'static str> {
    FIXTURES.iter().chain(REGRESSIONS).find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A fixture, read and validated.
pub(super) fn read(name: &str) -> Option<Result<Scenario, ScenarioError>> {
    text(name).map(|text| Scenario::from_toml(&format!("{name}.toml"), text))
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_file_in_the_folders_is_carried_and_bears_its_own_name() {
        for (folder, carried) in [("scenarios", FIXTURES), ("regressions", REGRESSIONS)] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(folder);
            let files: BTreeSet<String> = fs::read_dir(path)
                .unwrap()
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
                .collect();
            let names: BTreeSet<String> = carried.iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(names, files, "{folder}: list every file in {}", file!());
            for (name, _) in carried {
                assert_eq!(read(name).unwrap().unwrap().name, *name);
            }
        }
    }

    #[test]
    fn no_regression_has_the_name_of_a_fixture() {
        assert!(REGRESSION_NAMES.iter().all(|name| names().all(|fixture| fixture != *name)));
    }
}
