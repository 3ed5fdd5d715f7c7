//! Owns what a line is asked to carry: as somebody asks for it, and as a building's file has it by default.

use std::str::FromStr;

use clap::ValueEnum;
use sim::site::Building;

use super::{load::Load, quality::Quality};

/// Of a building's desks so many are in one conference, unless somebody asks otherwise.
pub const DESKS_AT_ONCE: u32 = 12;

/// What somebody asks for; what is absent is the building's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Desks in one conference.
    pub desks: Option<u32>,
    /// AVC rooms in it.
    pub rooms: Option<u32>,
    /// What they do.
    pub quality: Option<Quality>,
}

/// Why a demand cannot be met by any line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {message}")]
pub struct DemandError {
    field: &'static str,
    message: String,
}

impl Demand {
    /// What this asks of `building`: its desks, [`DESKS_AT_ONCE`] at most, in discussion, and its rooms, as far as a
    /// conference has room; a building without desks and rooms is asked for one desk.
    ///
    /// # Errors
    /// More is asked for than a conference has room for, or nothing.
    pub fn of(self, building: &Building) -> Result<Load, DemandError> {
        let quality = self.quality.unwrap_or(Quality::Discussion);
        let most = Load::desks_max(quality);
        let desks = self.desks.unwrap_or_else(|| {
            let nobody = building.desks == 0 && self.rooms.unwrap_or(building.avc_rooms) == 0;
            if nobody { 1 } else { building.desks.min(DESKS_AT_ONCE) }
        });
        let rooms = self.rooms.unwrap_or_else(|| building.avc_rooms.min(most.saturating_sub(desks)));
        let load = Load { quality, desks, rooms };
        let too_many = |field, number: u32| {
            let message = format!(
                "is {number}, expected at most {most} desks and rooms together: a conference has {} places, and {} of \
                 them are taken by those who are seen and heard",
                super::load::CONFERENCE_MAX,
                quality.elsewhere()
            );
            Err(DemandError { field, message })
        };
        if desks > most {
            return too_many("desks", desks);
        }
        if desks.saturating_add(rooms) > most {
            return too_many("rooms", rooms);
        }
        if load.endpoints() == 0 {
            let message = "is 0 and there is no room, expected at least one of them".to_owned();
            return Err(DemandError { field: "desks", message });
        }
        Ok(load)
    }
}

impl FromStr for Demand {
    type Err = DemandError;

    fn from_str(text: &str) -> Result<Self, DemandError> {
        let mut demand = Self::default();
        for part in text.split(',').map(str::trim) {
            let wrong = |field, message: String| Err(DemandError { field, message });
            let Some((field, value)) = part.split_once('=') else {
                return wrong("demand", format!("`{part}` is no `field=value`, expected {FORM}"));
            };
            let number = |field, value: &str| {
                let message = format!("is `{value}`, expected a whole number");
                value.parse::<u32>().map_err(|_| DemandError { field, message })
            };
            let twice = match field.trim() {
                "desks" => demand.desks.replace(number("desks", value)?).is_some(),
                "rooms" => demand.rooms.replace(number("rooms", value)?).is_some(),
                "mode" => {
                    let names = || Quality::ALL.map(Quality::name).join(", ");
                    let quality = Quality::from_str(value, false).map_err(|_| DemandError {
                        field: "mode",
                        message: format!("is `{value}`, expected one of {}", names()),
                    });
                    demand.quality.replace(quality?).is_some()
                }
                other => return wrong("demand", format!("there is no field `{other}`, expected {FORM}")),
            };
            if twice {
                return wrong("demand", format!("`{}` is said twice", field.trim()));
            }
        }
        Ok(demand)
    }
}

const FORM: &str = "desks=12,mode=discussion,rooms=1";

#[cfg(test)]
mod tests {
    use sim::site::presets;

    use super::*;

    fn refused(text: &str) -> String {
        let demand = text.parse::<Demand>();
        demand
            .and_then(|demand| demand.of(&presets::find("sdsl-2-2").unwrap()).map(|_| demand))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_demand_says_desks_rooms_and_mode_in_any_order_and_the_building_says_the_rest() {
        let building = Building { desks: 5, avc_rooms: 2, ..presets::find("sdsl-2-2").unwrap() };
        let of = |text: &str| text.parse::<Demand>().unwrap().of(&building).unwrap();
        let load = |quality, desks, rooms| Load { quality, desks, rooms };
        assert_eq!(of("rooms=1, mode=camera,desks=3"), load(Quality::Camera, 3, 1));
        assert_eq!(of("mode=audio"), load(Quality::Audio, 5, 2));
        assert_eq!(of("desks=0"), load(Quality::Discussion, 0, 2));
        assert_eq!(Demand::default().of(&building).unwrap(), load(Quality::Discussion, 5, 2));
        let large = Building { desks: 500, ..building.clone() };
        assert_eq!(Demand::default().of(&large).unwrap(), load(Quality::Discussion, DESKS_AT_ONCE, 2));
        let empty = Building { desks: 0, avc_rooms: 0, ..building };
        assert_eq!(Demand::default().of(&empty).unwrap(), load(Quality::Discussion, 1, 0));
    }

    #[test]
    fn a_mistake_is_named_with_its_field() {
        for (text, field) in [
            ("desks=many", "desks: is `many`"),
            ("desks=-1", "desks: is `-1`"),
            ("desks=41", "desks: is 41, expected at most 40"),
            ("desks=4294967295,rooms=4294967295", "desks: is 4294967295"),
            ("desks=40,rooms=1", "rooms: is 1, expected at most 40"),
            ("desks=0,rooms=0", "desks: is 0 and there is no room"),
            ("mode=shouting", "mode: is `shouting`, expected one of audio, presentation, discussion, camera"),
            ("mode=audio,desks=49", "desks: is 49, expected at most 48"),
            ("chairs=3", "demand: there is no field `chairs`"),
            ("desks", "demand: `desks` is no `field=value`"),
            ("", "demand: `` is no"),
            ("desks=1,desks=2", "demand: `desks` is said twice"),
        ] {
            assert!(refused(text).starts_with(field), "{text}: {}", refused(text));
        }
    }
}
