//! Owns the buildings that come with the project, under `fixtures/sites`, each with the source of its rates.

use super::Building;

macro_rules! presets {
    ($($name:literal),* $(,)?) => {
        const PRESETS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../fixtures/sites/", $name, ".toml")))),*];
    };
}

presets!(
    "adsl-6-06",
    "adsl2plus-16-1",
    "avc-room",
    "copper-town-hall",
    "fibre-100",
    "fibre-1000",
    "lte-fallback",
    "sdsl-2-2",
    "vdsl-50-10",
    "vdsl-vectoring-100-40",
);

/// Every preset's name, in order.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// The preset of that name.
///
/// # Panics
/// Never: a test reads every preset.
pub fn find(name: &str) -> Option<Building> {
    let (name, text) = PRESETS.iter().find(|(known, _)| *known == name)?;
    Some(Building::from_toml(&format!("fixtures/sites/{name}.toml"), text).expect("presets are valid"))
}
