//! Owns who takes part in a drawn rehearsal and under which rules.

use proptest::{collection::vec, prelude::*};
use sim::scenario::Mode;

/// Everything that is fixed before anybody acts.
#[derive(Clone, Debug)]
pub struct Cast {
    /// The mode in which conferences start.
    pub mode: Mode,
    /// Whether joiners wait.
    pub lobby: bool,
    /// Participants of one conference.
    pub participants_max: u32,
    /// Microphones forwarded at once.
    pub speakers: u32,
    /// Conferences that may run at once.
    pub licences: u32,
    /// Whether the licences end while people act.
    pub expires: bool,
    /// Whether there is a second conference, with a host of its own.
    pub second: bool,
    /// What the host of the first conference has before them.
    pub host: Device,
    /// Everybody but the hosts.
    pub players: Vec<Player>,
}

/// Somebody who takes part, or tries to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Player {
    /// Who they are.
    pub kind: Kind,
    /// What they have before them.
    pub device: Device,
    /// Whether they belong to the second conference, if there is one.
    pub second: bool,
}

/// Who somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Comes by link.
    Guest,
    /// Holds a licence.
    Holder,
    /// A second device of the host's.
    Laptop,
    /// A room full of people.
    Room,
    /// Has a link to the conference with a token that nobody gave out.
    Stranger,
    /// Has the other conference's token.
    Foreigner,
    /// Cannot encrypt.
    Plain,
    /// Encrypts otherwise than everybody else.
    Other,
}

/// What somebody has before them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A microphone.
    Microphone,
    /// Nothing but a loudspeaker and a screen to look at.
    Nothing,
    /// Microphone and camera.
    Camera,
    /// Microphone and a screen to share.
    Screen,
    /// All of it.
    Everything,
}

impl Cast {
    /// Any cast. The simplest is a host who discusses with one guest.
    pub fn arbitrary() -> impl Strategy<Value = Self> {
        let rules = (
            prop_oneof![3 => Just(Mode::Discussion), 2 => Just(Mode::Presenter)],
            prop::bool::weighted(0.25),
            prop_oneof![3 => Just(6_u32), 2 => 2_u32..=4],
            prop_oneof![3 => Just(3_u32), 1 => 1_u32..=2],
            prop_oneof![3 => Just(2_u32), 1 => Just(1)],
            prop::bool::weighted(0.15),
            prop::bool::weighted(0.25),
        );
        (rules, device(), vec(player(), 1..=5)).prop_map(
            |((mode, lobby, participants_max, speakers, licences, expires, second), host, players)| Self {
                mode,
                lobby,
                participants_max,
                speakers,
                licences,
                expires,
                second,
                host,
                players,
            },
        )
    }
}

impl Device {
    /// Whether it has a microphone.
    pub const fn has_microphone(self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Whether it has a camera.
    pub const fn has_camera(self) -> bool {
        matches!(self, Self::Camera | Self::Everything)
    }

    /// Whether it has a screen to share.
    pub const fn has_screen(self) -> bool {
        matches!(self, Self::Screen | Self::Everything)
    }
}

fn device() -> impl Strategy<Value = Device> {
    prop_oneof![
        4 => Just(Device::Microphone),
        1 => Just(Device::Nothing),
        2 => Just(Device::Camera),
        1 => Just(Device::Screen),
        1 => Just(Device::Everything),
    ]
}

fn player() -> impl Strategy<Value = Player> {
    let kind = prop_oneof![
        8 => Just(Kind::Guest),
        5 => Just(Kind::Holder),
        1 => Just(Kind::Laptop),
        1 => Just(Kind::Room),
        1 => Just(Kind::Stranger),
        1 => Just(Kind::Foreigner),
        1 => Just(Kind::Plain),
        1 => Just(Kind::Other),
    ];
    (kind, device(), prop::bool::weighted(0.3)).prop_map(|(kind, device, second)| Player {
        kind,
        device,
        second,
    })
}
