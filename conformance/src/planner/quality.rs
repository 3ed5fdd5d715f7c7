//! Owns the classes of quality that a building's line is asked for, and the bounds that each of them has to meet. The
//! bounds are the catalogue's; what was experienced is measured elsewhere.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::experience::Experience;

/// Mean opinion score of what a participant hears, at least (NET-002).
pub const MOS_MIN: f64 = 3.6;
/// Share of what is heard, and of what the building says, that may be filled by concealment (NET-002).
pub const CONCEALMENT_MAX: f64 = 0.02;
/// Share of the time of all pictures that somebody asked for in which a picture may stand still, be switched off or not
/// have come, once settled. A stricter reading of NET-003: no freeze longer than a second, and none of the tiles given up.
pub const MISSING_MAX: f64 = 0.01;

/// What people at their desks do in a conference.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Quality {
    /// Everybody hears and is heard; pictures are not judged, and nobody asks for any.
    Audio,
    /// The audience of presenter mode: everybody hears the presenter, and watches the screen and, at up to 640 x 360, the
    /// presenter's camera.
    Presentation,
    /// Everybody hears and is heard, and watches one picture of up to 640 x 360 (a room: 1280 x 720) and nine of 320 x 180;
    /// nobody at a desk has a camera.
    Discussion,
    /// The same, and everybody has a camera that others watch.
    Camera,
}

impl Quality {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 4] = [Self::Audio, Self::Presentation, Self::Discussion, Self::Camera];

    /// As the command line and reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Presentation => "presentation",
            Self::Discussion => "discussion",
            Self::Camera => "camera",
        }
    }

    /// What it stands for, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Audio => "everybody hears and is heard",
            Self::Presentation => "everybody hears the presenter and watches screen and camera",
            Self::Discussion => "everybody hears, is heard, and watches one large and nine small pictures",
            Self::Camera => "as discussion, and everybody's own camera is watched by others",
        }
    }

    /// Whether people at the desks speak.
    pub const fn speaks(self) -> bool {
        !matches!(self, Self::Presentation)
    }

    /// Pictures that everybody at a desk watches.
    pub const fn pictures(self) -> usize {
        match self {
            Self::Audio => 0,
            Self::Presentation => 2,
            Self::Discussion | Self::Camera => 10,
        }
    }

    /// People of the conference who sit elsewhere, behind a line that is no bottleneck: those who are seen and heard.
    pub const fn elsewhere(self) -> u32 {
        match self {
            Self::Audio => 2,
            Self::Presentation => 1,
            Self::Discussion | Self::Camera => 10,
        }
    }

    /// The first bound that `seen` breaks; none where all hold.
    pub fn fault(self, seen: &Experience) -> Option<Fault> {
        let above = |value: Option<f64>, max: f64| value.is_none_or(|value| value > max);
        if !seen.inside {
            Some(Fault::Outside)
        } else if seen.mos < MOS_MIN || seen.concealment > CONCEALMENT_MAX {
            Some(Fault::Hears)
        } else if self.speaks() && above(seen.spoken, CONCEALMENT_MAX) {
            Some(Fault::Speaks)
        } else if self.pictures() > 0 && above(seen.missing, MISSING_MAX) {
            Some(Fault::Sees)
        } else if self == Self::Camera && above(seen.unseen, MISSING_MAX) {
            Some(Fault::IsSeen)
        } else {
            None
        }
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which bound of a class is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// Somebody did not get in before the time that is judged.
    Outside,
    /// Somebody hears badly.
    Hears,
    /// The building is heard badly.
    Speaks,
    /// Somebody's pictures stand still or are missing.
    Sees,
    /// The building's own cameras stand still or are missing elsewhere.
    IsSeen,
}

impl Fault {
    /// For people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Outside => "not everybody gets in",
            Self::Hears => "somebody hears badly",
            Self::Speaks => "the building is heard badly",
            Self::Sees => "pictures stand still or are missing",
            Self::IsSeen => "the building's cameras stand still elsewhere",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fine() -> Experience {
        Experience {
            inside: true,
            mos: MOS_MIN,
            concealment: CONCEALMENT_MAX,
            spoken: Some(CONCEALMENT_MAX),
            missing: Some(MISSING_MAX),
            unseen: Some(MISSING_MAX),
        }
    }

    #[test]
    fn each_class_meets_its_bounds_exactly_and_breaks_each_of_them_by_a_little() {
        for quality in Quality::ALL {
            assert_eq!(quality.fault(&fine()), None, "{quality}");
            let broken = |change: fn(&mut Experience)| {
                let mut seen = fine();
                change(&mut seen);
                quality.fault(&seen)
            };
            assert_eq!(broken(|seen| seen.inside = false), Some(Fault::Outside));
            assert_eq!(broken(|seen| seen.mos -= 0.001), Some(Fault::Hears));
            assert_eq!(broken(|seen| seen.concealment += 0.001), Some(Fault::Hears));
            let spoken = broken(|seen| seen.spoken = Some(0.021));
            assert_eq!(spoken, quality.speaks().then_some(Fault::Speaks), "{quality}");
            let missing = broken(|seen| seen.missing = Some(0.011));
            assert_eq!(missing, (quality != Quality::Audio).then_some(Fault::Sees), "{quality}");
            let unseen = broken(|seen| seen.unseen = Some(0.011));
            assert_eq!(unseen, (quality == Quality::Camera).then_some(Fault::IsSeen), "{quality}");
        }
    }

    #[test]
    fn what_was_not_measured_does_not_hold() {
        let silent = Experience { spoken: None, ..fine() };
        assert_eq!(Quality::Audio.fault(&silent), Some(Fault::Speaks));
        let blind = Experience { missing: None, ..fine() };
        assert_eq!(Quality::Presentation.fault(&blind), Some(Fault::Sees));
    }
}
