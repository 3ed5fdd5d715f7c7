//! Owns the TOML form of a city: boroughs, classes of buildings with their lines, people and what they have, and mixes of
//! conferences. Which building and which conference somebody is in is drawn from a seed ([`super::CityPlan`]).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NODES;
use crate::{
    scenario::{Located, ScenarioError, error::Problem},
    site::{
        Building,
        file::{percent, within},
        presets,
    },
};

/// Boroughs at most: each is a host of the simulated network, which has sixteen.
pub const BOROUGHS_MAX: usize = 12;
/// Buildings at most.
const BUILDINGS_MAX: u32 = 5_000;

/// A city: the form of `fixtures/berlin.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CityFile {
    /// One line for reports.
    pub description: String,
    /// Where the figures come from, or `assumption: ...`.
    pub source: Located<String>,
    /// Conferences at once: the licences that there are.
    pub conferences: Located<u32>,
    /// Who takes part, and with what.
    pub people: PeopleFile,
    /// Boroughs.
    pub borough: Vec<BoroughFile>,
    /// Classes of buildings.
    pub class: Vec<ClassFile>,
    /// Share of a day's conferences that begin in each hour.
    pub day: DayFile,
    /// Mixes of conferences.
    pub mix: Vec<MixFile>,
}

/// Who takes part, and with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeopleFile {
    /// In each conference, host included.
    pub per_conference: Located<u32>,
    /// Guests from outside, each on a line of their own, in percent.
    pub guests_percent: Located<f64>,
    /// Preset of a guest's line.
    pub guests_line: Located<String>,
    /// Of those at desks, who has a camera, in percent.
    pub cameras_percent: Located<f64>,
    /// AVC rooms in the whole city, each on a line of its own.
    pub avc_rooms: Located<u32>,
    /// Preset of a room's line.
    pub avc_line: Located<String>,
}

/// A borough.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BoroughFile {
    /// Its name.
    pub name: String,
    /// Inhabitants in thousands: buildings and guests are spread accordingly.
    pub inhabitants: Located<u32>,
    /// Column and row on the map of the report.
    pub place: [u8; 2],
}

/// A class of buildings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassFile {
    /// What kind of building it is.
    pub name: String,
    /// Preset of its line.
    pub line: Located<String>,
    /// How many there are in the city.
    pub buildings: Located<u32>,
    /// Desks in each: people are spread accordingly.
    pub desks: Located<u32>,
}

/// Share of a day's conferences that begin in each hour, in percent: the busiest hour is rehearsed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DayFile {
    /// The first hour.
    pub from: u8,
    /// Percent in each hour from there on.
    pub starts_percent: Located<Vec<f64>>,
}

/// A mix of conferences, in percent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MixFile {
    /// By which it is asked for.
    pub name: String,
    /// One presents, the others watch.
    pub presenter_percent: Located<f64>,
    /// Everybody may speak, up to nine cameras are watched.
    pub discussion_percent: Located<f64>,
    /// Everybody may speak, nobody is watched.
    pub audio_percent: Located<f64>,
}

/// A class of buildings with its line.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// The building of which its line is taken.
    pub line: Building,
    /// How many there are.
    pub buildings: u32,
    /// Desks in each.
    pub desks: u32,
}

/// A city, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct City {
    /// The file.
    pub file: CityFile,
    /// Its classes with their lines.
    pub classes: Vec<Class>,
    /// A guest's line.
    pub guests_line: Building,
    /// A room's line.
    pub avc_line: Building,
}

impl City {
    /// Reads and validates a city's file. `file_name` is only for the error.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and field.
    pub fn from_toml(file_name: &str, text: &str) -> Result<Self, ScenarioError> {
        let file: CityFile =
            toml::from_str(text).map_err(|error| ScenarioError::from_toml(file_name, text, &error))?;
        file.resolve().map_err(|problem| ScenarioError::from_problem(file_name, text, problem))
    }

    /// The city that comes with the project, `fixtures/berlin.toml`.
    ///
    /// # Panics
    /// Never: a test reads it.
    pub fn berlin() -> Self {
        let text = include_str!("../../../fixtures/berlin.toml");
        Self::from_toml("fixtures/berlin.toml", text).expect("the city that comes with the project is valid")
    }

    /// The mix of that name.
    pub fn mix(&self, name: &str) -> Option<&MixFile> {
        self.file.mix.iter().find(|mix| mix.name == name)
    }

    /// The hour in which most conferences begin, and its share in percent.
    pub fn busiest_hour(&self) -> (u8, f64) {
        let hours = (self.file.day.from..).zip(self.file.day.starts_percent.value.iter().copied());
        hours.fold((self.file.day.from, 0.0), |most, hour| if hour.1 > most.1 { hour } else { most })
    }
}

impl CityFile {
    fn resolve(self) -> Result<City, Problem> {
        if self.source.trim().is_empty() {
            return Err(Problem::at(&self.source, "source", "is empty")
                .help("say where the figures come from, or `assumption: ...`"));
        }
        let people = &self.people;
        within(&self.conferences, "conferences", NODES, 10_000)?;
        within(&people.per_conference, "per_conference", 2, 1_000)?;
        within(&people.avc_rooms, "avc_rooms", 0, BUILDINGS_MAX)?;
        percent(&people.guests_percent, "guests_percent")?;
        percent(&people.cameras_percent, "cameras_percent")?;
        if self.borough.is_empty() || self.borough.len() > BOROUGHS_MAX {
            let found = self.borough.len();
            return Err(Problem::at(
                &self.source,
                "borough",
                format!("there are {found} of them, expected 1 to {BOROUGHS_MAX}"),
            ));
        }
        for borough in &self.borough {
            within(&borough.inhabitants, "inhabitants", 1, 100_000)?;
        }
        for mix in &self.mix {
            mix.check()?;
        }
        let hours = &self.day.starts_percent;
        let total: f64 = hours.value.iter().sum();
        if (total - 100.0).abs() > 0.5 || hours.value.iter().any(|share| *share < 0.0) {
            return Err(Problem::at(hours, "starts_percent", format!("adds up to {total}, expected 100")));
        }
        let mut classes = Vec::new();
        for class in &self.class {
            classes.push(Class {
                name: class.name.clone(),
                line: line(&class.line, "line")?,
                buildings: within(&class.buildings, "buildings", 0, BUILDINGS_MAX)?,
                desks: within(&class.desks, "desks", 1, 100_000)?,
            });
        }
        if classes.iter().map(|class| class.buildings).sum::<u32>() == 0 {
            return Err(Problem::at(&self.source, "class", "there is no building at all"));
        }
        let guests_line = line(&people.guests_line, "guests_line")?;
        let avc_line = line(&people.avc_line, "avc_line")?;
        Ok(City { classes, guests_line, avc_line, file: self })
    }
}

impl MixFile {
    fn check(&self) -> Result<(), Problem> {
        let shares = [
            (&self.presenter_percent, "presenter_percent"),
            (&self.discussion_percent, "discussion_percent"),
            (&self.audio_percent, "audio_percent"),
        ];
        let mut total = 0.0;
        for (share, field) in shares {
            total += 100.0 * percent(share, field)?;
        }
        if (total - 100.0).abs() > 0.01 {
            let problem = format!("the mix `{}` adds up to {total} %, expected 100", self.name);
            return Err(Problem::at(&self.presenter_percent, "presenter_percent", problem));
        }
        Ok(())
    }
}

fn line(preset: &Located<String>, field: &'static str) -> Result<Building, Problem> {
    presets::find(preset).ok_or_else(|| {
        let known: Vec<&str> = presets::names().collect();
        Problem::at(preset, field, format!("`{}` is no preset", preset.value))
            .help(format!("there are {}", known.join(", ")))
    })
}
