//! Owns what happens in a rehearsal, as data: who sits where, who meets whom, what they do, what breaks, and what
//! is expected of it. [`Scenario`] is the validated form, in which every name is an index, every count is expanded
//! and every time is a [`Timestamp`]; its TOML form is [`file::ScenarioFile`].
//!
//! Nothing is run here and nothing is random: the seed is only carried.

mod action;
mod builder;
mod client;
mod duration;
pub mod error;
mod expectation;
pub mod file;
mod located;
mod names;
mod schema;
mod seed_text;
mod validate;

#[cfg(test)]
mod tests;

use std::{path::Path, time::Duration};

use crate::{
    packet::NodeIndex,
    site::{AccessLink, LossSpec, Segment},
};

/// The vocabulary in which scenarios speak of conferences: what a reference model needs to know without knowing the
/// engine.
pub use media_core::{
    MediaKind, Permissions, Timestamp,
    ids::HolderId,
    signalling::{Encryption, EndpointKind, Mode, OutReason, Refusal, Role},
};

pub use crate::adversary::Misbehaviour;
pub use action::{Action, Layer, Step};
pub use builder::ScenarioBuilder;
pub use client::ClientKind;
pub use duration::DurationText;
pub use error::ScenarioError;
pub use expectation::{Bound, Expectation, Figure};
pub use located::Located;
pub use schema::scenario_schema_json;
pub use seed_text::SeedText;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub usize);
    };
}

index! {
    /// Position in [`Scenario::sites`].
    SiteIndex
}
index! {
    /// Position in [`Scenario::conferences`].
    ConferenceIndex
}
index! {
    /// Position in [`Scenario::people`].
    PersonIndex
}

/// A rehearsal that has passed every check and is ready to run.
///
/// The fields are for reading. [`Scenario::to_toml`] writes the file that the scenario was made from, so a changed
/// scenario is made by changing [`Scenario::file`] and building that again ([`ScenarioBuilder::from`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Lower-case letters, digits and hyphens.
    pub name: String,
    /// One line for reports.
    pub description: String,
    /// Simulated time until the run ends, 1 s to 1 h.
    pub duration: Duration,
    /// Drives everything that is random, unless the command line gives another.
    pub seed: u64,
    /// The instant at [`Timestamp::ZERO`], in nanoseconds since 1970-01-01T00:00Z. Never negative.
    pub clock_unix_ns: u64,
    /// How many licences there are, and how long they are valid.
    pub licences: Licences,
    /// What the server is configured to allow.
    pub limits: Limits,
    /// Every building, counts expanded.
    pub sites: Vec<Site>,
    /// Every conference.
    pub conferences: Vec<Conference>,
    /// Everybody (an AVC room is one person here), counts expanded.
    pub people: Vec<Person>,
    /// What people do beyond entering, in order of time; at equal times in the order of the file.
    pub steps: Vec<Step>,
    /// What happens to access links, in order of time; `both` directions are two faults.
    pub faults: Vec<Fault>,
    /// When the media node crashes that holds the conferences, in order of time; never two at once.
    pub crashes: Vec<Crash>,
    /// What is expected of the run.
    pub expectations: Vec<Expectation>,
    file: file::ScenarioFile,
}

/// The licence pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Licences {
    /// Conferences that can run at once (LIC-001).
    pub count: u32,
    /// A start at this time or later is refused as expired (LIC-004): midnight in Berlin after the last valid day.
    /// [`Timestamp::ZERO`] when the term was over before the run begins.
    pub valid_until: Timestamp,
}

/// What the server is configured to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// People in one conference, at most (CAP-003).
    pub participants_max: u32,
    /// Microphones forwarded at once (FWD-005).
    pub speakers: usize,
    /// Frames that a client seals with one key before it asks for another (E2E-008), if it is not the default.
    pub frames_per_key: Option<u64>,
}

/// A building.
#[derive(Clone, Debug, PartialEq)]
pub struct Site {
    /// Unique in the scenario; `name-1` to `name-N` when the file asks for N of them.
    pub name: String,
    /// How it is attached.
    pub link: AccessLink,
    /// The network it is attached to.
    pub segment: Segment,
    /// Groups sites in one simulation host; sites without one share a host.
    pub borough: Option<String>,
}

/// A conference that its host starts at a given time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conference {
    /// Unique in the scenario.
    pub name: String,
    /// Who starts it. Always holds a licence.
    pub host: PersonIndex,
    /// The mode it starts in.
    pub mode: Mode,
    /// Whether joiners wait until they are admitted.
    pub lobby: bool,
    /// When the host asks for it.
    pub start: Timestamp,
    /// How its people encrypt, unless they say otherwise.
    pub encryption: Encryption,
}

/// An endpoint and who sits before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    /// Unique in the scenario; `name-1` to `name-N` when the file asks for N of them.
    pub name: String,
    /// The building.
    pub site: SiteIndex,
    /// The conference they take part in, or try to.
    pub conference: ConferenceIndex,
    /// The licence they hold; two endpoints of one account have the same. Absent: a guest.
    pub holder: Option<HolderId>,
    /// How its client reaches the media node.
    pub client: ClientKind,
    /// A desk or a room.
    pub endpoint: EndpointKind,
    /// People before it: 1 at a desk, 2 to 100 in a room.
    pub seats: u32,
    /// How the client encrypts end to end; absent when it cannot (E2E-012).
    pub encryption: Option<Encryption>,
    /// The recording that the microphone plays; absent: no microphone.
    pub microphone: Option<&'static str>,
    /// The recording that the camera plays; absent: no camera.
    pub camera: Option<&'static str>,
    /// The recording that the shared screen plays, from the moment they are in; absent: never shares.
    pub screen: Option<&'static str>,
    /// When the microphone plays its recording, as half-open intervals of the run in order, which do not overlap;
    /// at other times it sends silence. Absent: plays all the time.
    pub speaks: Option<Vec<(Timestamp, Timestamp)>>,
    /// When they open the link (the host: when the conference starts). Who opens it before the link exists waits
    /// for it.
    pub join: Timestamp,
    /// Which link they have.
    pub link: LinkKind,
    /// Highest layer of other people's cameras and screens they ask for; absent: they watch nothing.
    pub watch: Option<Layer>,
    /// Cameras watched at once, at most.
    pub tiles: usize,
}

/// How somebody got the link they open (JOIN-002).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// The newest link of their conference that is not revoked.
    Invitation,
    /// The same, cut off at `#`: it lets them in, but the key of the end-to-end encryption is missing (E2E-004).
    WithoutKey,
    /// A link to their conference with a token that was never given out.
    Wrong,
    /// The link of their conference that was revoked last.
    Revoked,
    /// The number of their conference with the token of this other one.
    Foreign(ConferenceIndex),
}

/// Something that happens to one direction of a building's access link.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// When it begins.
    pub at: Timestamp,
    /// When the link is as before; absent: it stays so.
    pub until: Option<Timestamp>,
    /// Where.
    pub site: SiteIndex,
    /// Which way.
    pub direction: Direction,
    /// What changes.
    pub change: PathChange,
}

/// A crash of the media node: everything is lost but the control state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// When it crashes.
    pub at: Timestamp,
    /// When it, or another node, carries on; before the end of the run.
    pub until: Timestamp,
    /// Whether another node carries on, under another address. The crashed one does not come back.
    pub moves: bool,
}

/// Which way packets travel on an access link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// To the building.
    Down,
    /// From the building.
    Up,
}

/// What a fault changes; what is absent stays as the site has it. At least one thing changes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PathChange {
    /// Nothing passes.
    pub outage: bool,
    /// Rate in kbit/s, at least 1.
    pub rate_kbps: Option<u32>,
    /// Propagation delay in place of the site's.
    pub delay: Option<Duration>,
    /// Jitter in place of the site's.
    pub jitter: Option<Duration>,
    /// Loss in place of the site's.
    pub loss: Option<LossSpec>,
    /// Share of packets that are overtaken, 0 to 1.
    pub reorder: Option<f64>,
    /// Share of packets that arrive twice, 0 to 1.
    pub duplicate: Option<f64>,
    /// Share of packets that arrive damaged, 0 to 1.
    pub corrupt: Option<f64>,
}

impl Scenario {
    /// Reads and validates a scenario. `file_name` is only for the error.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and field.
    pub fn from_toml(file_name: &str, text: &str) -> Result<Self, ScenarioError> {
        let file: file::ScenarioFile =
            toml::from_str(text).map_err(|error| ScenarioError::from_toml(file_name, text, &error))?;
        validate::validate(&file).map_err(|problem| ScenarioError::from_problem(file_name, text, problem))
    }

    /// Reads and validates the scenario file at `path`.
    ///
    /// # Errors
    /// When the file cannot be read, or as [`Scenario::from_toml`].
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let file_name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ScenarioError::unlocated(&file_name, format!("cannot be read: {error}")))?;
        Self::from_toml(&file_name, &text)
    }

    /// The scenario as a file that [`Scenario::from_toml`] reads as an equal scenario.
    ///
    /// # Panics
    /// Never: no value of this type lacks a TOML form.
    pub fn to_toml(&self) -> String {
        toml::to_string(&self.file).expect("every scenario file has a TOML form")
    }

    /// The form in which it was written, to derive other scenarios from.
    pub const fn file(&self) -> &file::ScenarioFile {
        &self.file
    }

    /// The same scenario with another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self.file.seed = Some(SeedText(seed));
        self
    }

    /// The same scenario in which nobody breaks the rules.
    ///
    /// # Panics
    /// Never: without steps that change only conduct, what is valid stays so.
    #[must_use]
    pub fn well_behaved(&self) -> Self {
        let mut file = self.file.clone();
        file.steps.retain(|step| !matches!(step.verb.value, file::Verb::Misbehave | file::Verb::Behave));
        ScenarioBuilder::from(file).build().expect("a scenario without misbehaviour is valid")
    }

    /// Whether a person breaks the rules at any time.
    pub fn misbehaves(&self, person: PersonIndex) -> bool {
        self.steps.iter().any(|step| step.who == person && matches!(step.action, Action::Misbehave(_)))
    }

    /// The end of the run.
    pub fn end(&self) -> Timestamp {
        Timestamp::ZERO + self.duration
    }

    /// Media nodes with an address of their own: the first, and one for each crash after which another carries on.
    pub fn media_nodes(&self) -> NodeIndex {
        1 + self.crashes.iter().filter(|crash| crash.moves).count() as NodeIndex
    }

    /// A building by its index.
    ///
    /// # Panics
    /// When the index is of another scenario.
    pub fn site(&self, index: SiteIndex) -> &Site {
        &self.sites[index.0]
    }

    /// A conference by its index.
    ///
    /// # Panics
    /// When the index is of another scenario.
    pub fn conference(&self, index: ConferenceIndex) -> &Conference {
        &self.conferences[index.0]
    }

    /// A person by their index.
    ///
    /// # Panics
    /// When the index is of another scenario.
    pub fn person(&self, index: PersonIndex) -> &Person {
        &self.people[index.0]
    }

    /// Where a person is at any time: their own building, and those to which they move.
    ///
    /// # Panics
    /// When the index is of another scenario.
    pub fn sites_of(&self, person: PersonIndex) -> impl Iterator<Item = SiteIndex> {
        let own = self.steps.iter().filter(move |step| step.who == person);
        let moves =
            own.filter_map(|step| if let Action::Move(site) = step.action { Some(site) } else { None });
        std::iter::once(self.person(person).site).chain(moves)
    }

    /// Whether the person is the one who starts their conference.
    ///
    /// # Panics
    /// When the index is of another scenario.
    pub fn is_host(&self, index: PersonIndex) -> bool {
        self.conference(self.person(index).conference).host == index
    }
}
