//! Owns the fixture scenarios that the program carries in itself, so that it runs from anywhere.

use sim::scenario::{Scenario, ScenarioError};

macro_rules! fixtures {
    ($($name:literal,)*) => {
        const FIXTURES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../fixtures/scenarios/", $name, ".toml"))),)*];
    };
}

fixtures! {
    "avc",
    "broken-joins",
    "crash",
    "forgery",
    "full-house",
    "hand-over",
    "hostile",
    "hostile-feedback",
    "hostile-joins",
    "hostile-levels",
    "hostile-media",
    "hostile-requests",
    "hostless",
    "incapable",
    "isolation",
    "keyless",
    "layers",
    "licences",
    "links",
    "lobby",
    "long-outage",
    "loss",
    "moderation",
    "narrow",
    "outages",
    "pool",
    "presenter",
    "rathaus",
    "released",
    "resting",
    "rooms",
    "sources",
    "speakers",
    "term",
}

/// The names of all fixtures.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FIXTURES.iter().map(|(name, _)| *name)
}

/// The text of a fixture.
pub(super) fn text(name: &str) -> Option<&'static str> {
    FIXTURES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
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
    fn every_file_in_the_fixture_folder_is_carried_and_bears_its_own_name() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let carried: BTreeSet<String> = FIXTURES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(carried, files);
        for (name, _) in FIXTURES {
            assert_eq!(read(name).unwrap().unwrap().name, *name);
        }
    }
}
