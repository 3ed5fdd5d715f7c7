//! Owns what a building's line is loaded with: desks and rooms in one conference, and what they do there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quality::Quality;

/// People in one conference, at most (CAP-003).
pub const CONFERENCE_MAX: u32 = 50;

/// Who of a building is in the conference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Load {
    /// What they do.
    pub quality: Quality,
    /// Desks, one person each.
    pub desks: u32,
    /// AVC rooms. Outside presentations they show their own camera.
    pub rooms: u32,
}

impl Load {
    /// Only desks.
    pub const fn of_desks(quality: Quality, desks: u32) -> Self {
        Self { quality, desks, rooms: 0 }
    }

    /// Endpoints of the building.
    pub const fn endpoints(self) -> u32 {
        self.desks + self.rooms
    }

    /// The most desks that a conference has room for, beside those who sit elsewhere.
    pub const fn desks_max(quality: Quality) -> u32 {
        CONFERENCE_MAX - quality.elsewhere()
    }

    /// Endpoints of the building that send a picture that others watch.
    pub const fn cameras(self) -> u32 {
        match self.quality {
            Quality::Audio | Quality::Presentation => 0,
            Quality::Discussion => self.rooms,
            Quality::Camera => self.desks + self.rooms,
        }
    }

    /// About the rates at which this load just holds, in kbit/s of IP packets. Only the place where a search begins: what
    /// the line carries is measured.
    pub const fn estimate(self) -> Estimate {
        let endpoints = self.endpoints();
        let cameras = self.cameras();
        let (down, up) = match self.quality {
            Quality::Audio => (3 * AUDIO_KBPS, AUDIO_KBPS),
            Quality::Presentation => (PRESENTATION_KBPS, FEEDBACK_KBPS),
            Quality::Discussion | Quality::Camera => (PICTURES_KBPS, AUDIO_KBPS),
        };
        Estimate { down_kbps: down * endpoints, up_kbps: up * endpoints + CAMERA_KBPS * cameras }
    }
}

/// A microphone's packets, with all headers: 32 kbit/s of Opus and 50 packets a second of 20 ms.
const AUDIO_KBPS: u32 = 60;
/// The share of a line that an audience of presenter mode has each when as many take part as it carries.
const PRESENTATION_KBPS: u32 = 900;
/// The same for ten pictures and three voices.
const PICTURES_KBPS: u32 = 2_700;
/// The smallest layer of a camera in `fixtures/media`, with all headers and room to probe.
const CAMERA_KBPS: u32 = 240;
/// What an audience sends.
const FEEDBACK_KBPS: u32 = 12;

/// The rates at which a load is thought to hold, in kbit/s of IP packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// To the building.
    pub down_kbps: u32,
    /// From it.
    pub up_kbps: u32,
}
