//! Owns who is where and does what in a rehearsal of the city: drawn from a seed, within what the city's file says.

use std::time::Duration;

use media_core::{
    Timestamp,
    signalling::{EndpointKind, Mode},
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::{
    City,
    file::{Class, MixFile},
};
use crate::{
    packet::{NodeIndex, PERSON_BITS},
    recording::Recording,
    seed::Seed,
    site::AccessLink,
};

/// What a rehearsal of the city is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct CitySettings {
    /// Conferences, at least one for each of [`NODES`]; the city's own number if absent.
    pub conferences: Option<u32>,
    /// In each of them, at least two; the city's own number if absent.
    pub participants: Option<u32>,
    /// Simulated time.
    pub duration: Duration,
    /// Name of the mix.
    pub mix: String,
    /// Of all that is drawn.
    pub seed: Seed,
}

/// People in a rehearsal, at most: they have numbers of their own in the names of connections.
pub const PEOPLE_MAX: u64 = (1 << PERSON_BITS) - 1;
/// Media nodes.
pub const NODES: NodeIndex = 4;
/// Everybody comes in within this time, or a third of the rehearsal if that is shorter.
const STORM: Duration = Duration::from_mins(1);
/// Cameras on screen in a discussion.
const TILES: usize = 9;
/// Of so many people one speaks in a discussion now and then.
const TALKERS: u64 = 5;
/// How long somebody has the word.
const TURN_MS: std::ops::Range<u64> = 3_000..12_000;

/// What kind of conference it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConferenceKind {
    /// One presents.
    Presenter,
    /// Everybody may speak, cameras are watched.
    Discussion,
    /// Everybody may speak, nobody is watched.
    Audio,
}

/// A line and those behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct BuildingPlan {
    /// Place of its borough in the file.
    pub borough: usize,
    /// What it is.
    pub class: BuildingClass,
    /// Its line.
    pub link: AccessLink,
}

/// What a building is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuildingClass {
    /// One of the file's classes, by its place there.
    Office(usize),
    /// An AVC room with its own line.
    Room,
    /// A guest's home.
    Home,
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq)]
pub struct SeatPlan {
    /// Place of the building.
    pub building: u32,
    /// Place of the conference.
    pub conference: u32,
    /// Whether they are its host.
    pub hosts: bool,
    /// When they open the link, or start.
    pub opens_at: Timestamp,
    /// A desk or a room.
    pub endpoint: EndpointKind,
    /// What the microphone plays.
    pub microphone: Option<&'static Recording>,
    /// What the camera plays.
    pub camera: Option<&'static Recording>,
    /// When they speak; all the time if absent.
    pub speaks: Option<Vec<(Timestamp, Timestamp)>>,
    /// Cameras on screen, at most.
    pub tiles: usize,
}

/// A conference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConferencePlan {
    /// What kind it is.
    pub kind: ConferenceKind,
    /// The node that holds it.
    pub node: NodeIndex,
}

/// What happens to a borough or a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which borough, or which node.
    pub of: usize,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// A rehearsal of the city, drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct CityPlan {
    /// What it was drawn for.
    pub settings: CitySettings,
    /// Everybody is asked in by then.
    pub storm_ends: Timestamp,
    /// All lines.
    pub buildings: Vec<BuildingPlan>,
    /// Everybody, by number. The last one tries to start a conference too many.
    pub seats: Vec<SeatPlan>,
    /// All conferences.
    pub conferences: Vec<ConferencePlan>,
    /// The borough whose lines fail.
    pub outage: Fault,
    /// The node that crashes.
    pub crash: Fault,
    /// When the rehearsal ends.
    pub end: Timestamp,
}

impl CitySettings {
    /// Conferences, people in each of them, and people in all.
    pub fn people(&self, city: &City) -> (u32, u32, u64) {
        let conferences = self.conferences.unwrap_or(city.file.conferences.value);
        let each = self.participants.unwrap_or(city.file.people.per_conference.value);
        (conferences, each, u64::from(conferences) * u64::from(each))
    }
}

impl ConferenceKind {
    /// The mode in which it is started.
    pub const fn mode(self) -> Mode {
        match self {
            Self::Presenter => Mode::Presenter,
            Self::Discussion | Self::Audio => Mode::Discussion,
        }
    }
}

impl ConferencePlan {
    /// How many of `conferences` conferences the node `node` of [`NODES`] holds.
    pub const fn held_by(node: NodeIndex, conferences: u32) -> u32 {
        (conferences + NODES - 1 - node) / NODES
    }
}

impl CityPlan {
    /// Draws a rehearsal of `city`.
    ///
    /// # Panics
    /// When the city has no mix of that name.
    pub fn draw(city: &City, settings: &CitySettings) -> Self {
        let mix = city.mix(&settings.mix).expect("the caller has looked whether there is such a mix");
        let people = &city.file.people;
        let (conferences, each, _) = settings.people(city);
        let share = f64::from(conferences) / f64::from(city.file.conferences.value);
        let end = Timestamp::ZERO + settings.duration;
        let storm = STORM.min(settings.duration / 3);
        let mut plan = Self {
            settings: settings.clone(),
            storm_ends: Timestamp::ZERO + storm,
            buildings: Vec::new(),
            seats: Vec::new(),
            conferences: (0..conferences)
                .map(|index| ConferencePlan { kind: kind_of(mix, index, conferences), node: index % NODES })
                .collect(),
            outage: fault(0, settings.duration, 50, 5),
            crash: fault(1, settings.duration, 70, 2),
            end,
        };
        let desks = plan.draw_buildings(city, share.min(1.0));
        let rooms = (f64::from(people.avc_rooms.value) * share).round() as u32;
        plan.draw_people(city, each, rooms, &desks);
        plan.add_one_too_many(end);
        plan
    }

    /// Offices in boroughs, as many as the share of the city that is rehearsed asks for. The desks that there are, by building.
    fn draw_buildings(&mut self, city: &City, share: f64) -> Vec<u32> {
        let mut rng = self.settings.seed.stream("city buildings");
        let mut desks = Vec::new();
        for (place, Class { line, buildings, desks: each, .. }) in city.classes.iter().enumerate() {
            let count = (f64::from(*buildings) * share).ceil() as u32;
            for _ in 0..count {
                let borough = spread(city, &mut rng);
                let class = BuildingClass::Office(place);
                self.buildings.push(BuildingPlan { borough, class, link: line.link });
                desks.extend(std::iter::repeat_n((self.buildings.len() - 1) as u32, *each as usize));
            }
        }
        desks
    }

    fn draw_people(&mut self, city: &City, each: u32, rooms: u32, desks: &[u32]) {
        let people = &city.file.people;
        let mut rng = self.settings.seed.stream("city people");
        let mut starts = self.settings.seed.stream("city conferences");
        let mut desks = desks.to_vec();
        let mut rooms_left = rooms;
        let conferences = self.conferences.len() as u32;
        for conference in 0..conferences {
            let kind = self.conferences[conference as usize].kind;
            let begins = below(&mut starts, self.storm_ends.as_nanos() / 2);
            let talk = turns(&mut starts, u64::from(each).min(TALKERS), self.end);
            // Rooms are spread over the conferences as evenly as they go.
            let room = rooms_left * 1_000 / (conferences - conference).max(1) > below(&mut rng, 1_000) as u32;
            rooms_left -= u32::from(room && rooms_left > 0);
            for place in 0..each {
                let is_host = place == 0;
                let is_room = room && place == 1;
                let is_guest = !is_host && !is_room && chance(&mut rng, people.guests_percent.value);
                let building = match (is_room, is_guest) {
                    (true, _) => self.add_line(city, &mut rng, BuildingClass::Room),
                    (_, true) => self.add_line(city, &mut rng, BuildingClass::Home),
                    _ => take_desk(&mut rng, &mut desks),
                };
                let has_camera = is_host || is_room || chance(&mut rng, people.cameras_percent.value);
                let opens = if is_host {
                    begins
                } else {
                    begins + below(&mut rng, self.storm_ends.as_nanos() - begins)
                };
                let sends_sound = is_host || kind != ConferenceKind::Presenter;
                let sends_pictures = match kind {
                    ConferenceKind::Presenter => is_host,
                    ConferenceKind::Discussion => has_camera,
                    ConferenceKind::Audio => false,
                };
                let speaks = match kind {
                    ConferenceKind::Presenter => None,
                    ConferenceKind::Discussion | ConferenceKind::Audio => {
                        Some(talk.get(place as usize).cloned().unwrap_or_default())
                    }
                };
                let voice = ["talk-dtx", "hello-dtx", "reply-dtx"][below(&mut rng, 3) as usize];
                let camera = ["camera-carphone", "camera-passersby"][below(&mut rng, 2) as usize];
                self.seats.push(SeatPlan {
                    building,
                    conference,
                    hosts: is_host,
                    opens_at: Timestamp::from_nanos(opens),
                    endpoint: if is_room { EndpointKind::AvcRoom } else { EndpointKind::Desk },
                    microphone: Recording::named(voice).filter(|_| sends_sound),
                    camera: Recording::named(camera).filter(|_| sends_pictures),
                    speaks,
                    tiles: if kind == ConferenceKind::Audio { 0 } else { TILES },
                });
            }
        }
    }

    /// When everything stands, one more licence holder tries to start a conference: there is no licence left.
    fn add_one_too_many(&mut self, end: Timestamp) {
        let opens_at = Timestamp::from_nanos(end.as_nanos() * 4 / 10);
        self.seats.push(SeatPlan {
            building: 0,
            conference: self.conferences.len() as u32,
            hosts: true,
            opens_at,
            endpoint: EndpointKind::Desk,
            microphone: None,
            camera: None,
            speaks: None,
            tiles: 0,
        });
    }

    fn add_line(&mut self, city: &City, rng: &mut ChaCha8Rng, class: BuildingClass) -> u32 {
        let line = if class == BuildingClass::Room { &city.avc_line } else { &city.guests_line };
        self.buildings.push(BuildingPlan { borough: spread(city, rng), class, link: line.link });
        (self.buildings.len() - 1) as u32
    }

    /// The node that a seat's conference is on, that of the one too many included.
    pub fn node_of(&self, seat: &SeatPlan) -> NodeIndex {
        self.conferences.get(seat.conference as usize).map_or(0, |conference| conference.node)
    }
}

/// A fault of so many seconds, or a sixth of the rehearsal if that is shorter, that begins after so many percent of it.
fn fault(of: usize, duration: Duration, percent: u32, seconds: u64) -> Fault {
    let from = Timestamp::ZERO + duration * percent / 100;
    Fault { of, from, until: from + Duration::from_secs(seconds).min(duration / 6) }
}

/// The kinds come in turns, so that a part of the city has the mix of the whole.
fn kind_of(mix: &MixFile, index: u32, conferences: u32) -> ConferenceKind {
    // As many of each as the share says, spread by a step that has no factor in common with their number.
    let step = (u64::from(conferences) * 382 / 1_000).max(1) | 1;
    let step = (step..step + u64::from(conferences))
        .find(|step| gcd(*step, u64::from(conferences)) == 1)
        .unwrap_or(1);
    let place = u64::from(index) * step % u64::from(conferences);
    let percent = (place as f64 + 0.5) * 100.0 / f64::from(conferences);
    if percent < mix.presenter_percent.value {
        ConferenceKind::Presenter
    } else if percent < mix.presenter_percent.value + mix.discussion_percent.value {
        ConferenceKind::Discussion
    } else {
        ConferenceKind::Audio
    }
}

const fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// A borough, by inhabitants.
fn spread(city: &City, rng: &mut ChaCha8Rng) -> usize {
    let boroughs = &city.file.borough;
    let total: u32 = boroughs.iter().map(|borough| borough.inhabitants.value).sum();
    let mut drawn = below(rng, u64::from(total)) as u32;
    for (place, borough) in boroughs.iter().enumerate() {
        if drawn < borough.inhabitants.value {
            return place;
        }
        drawn -= borough.inhabitants.value;
    }
    boroughs.len() - 1
}

/// A free desk; when all are taken, two people share one.
fn take_desk(rng: &mut ChaCha8Rng, desks: &mut Vec<u32>) -> u32 {
    let drawn = below(rng, desks.len() as u64) as usize;
    if desks.len() > 1 { desks.swap_remove(drawn) } else { desks[drawn] }
}

/// Who has the word when: one after the other, with a pause or a little over one another in between.
fn turns(rng: &mut ChaCha8Rng, talkers: u64, end: Timestamp) -> Vec<Vec<(Timestamp, Timestamp)>> {
    let mut turns = vec![Vec::new(); talkers as usize];
    let (mut at, mut last) = (Timestamp::ZERO, 0);
    while at < end {
        let length = TURN_MS.start + below(rng, TURN_MS.end - TURN_MS.start);
        let mut who = below(rng, talkers);
        if who == last {
            who = (who + 1) % talkers;
        }
        last = who;
        let until = at + Duration::from_millis(length);
        turns[who as usize].push((at, until));
        at = until + Duration::from_millis(below(rng, 800)) - Duration::from_millis(300);
    }
    turns
}

fn chance(rng: &mut ChaCha8Rng, percent: f64) -> bool {
    (below(rng, 1_000_000) as f64) < percent * 10_000.0
}

/// A number below `end`, 0 for 0.
fn below(rng: &mut ChaCha8Rng, end: u64) -> u64 {
    ((u128::from(rng.next_u64()) * u128::from(end)) >> 64) as u64
}
