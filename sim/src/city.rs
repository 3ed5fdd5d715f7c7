//! Owns the rehearsal of a whole city: boroughs and media nodes as hosts of the simulated network, buildings and people as state
//! inside them, media as metadata. Engine, congestion control, signalling, access links, play-out and meters are those of every
//! rehearsal; end-to-end encryption is not run, of which only the size of frames remains.

mod borough;
mod building;
mod digest;
mod edge;
pub mod file;
mod load;
mod node;
mod plan;
mod record;

use std::{sync::Arc, time::Duration};

use media_core::{Timestamp, secret::Token};

use crate::{
    endpoint::{
        credential,
        light::{LightEndpoint, LightPerson},
    },
    node::{HostId, WindowHost},
    packet::NodeIndex,
    scenario::{Layer, PersonIndex},
    world::{self, WorldError},
};
use borough::Borough;
use building::Arrival;
use node::CityNode;

pub use borough::BuildingRecord;
pub use file::City;
pub use node::NodeRecord;
pub use plan::{
    BuildingClass, BuildingPlan, CityPlan, CitySettings, ConferenceKind, ConferencePlan, Fault, NODES,
    PEOPLE_MAX, SeatPlan,
};
pub use record::CityRecord;

/// So long after they come even those on weak lines are in and hear something (JOIN-003).
const IN_AFTER: Duration = Duration::from_secs(4);

/// A host of the city.
enum Host {
    Node(Box<CityNode>),
    Borough(Box<Borough>),
}

impl WindowHost for Host {
    fn take(&mut self, from: HostId, batch: &[u8]) {
        match self {
            Self::Node(node) => node.take(from, batch),
            Self::Borough(borough) => borough.take(from, batch),
        }
    }

    fn advance(&mut self, end: Timestamp, out: &mut [Vec<u8>]) {
        match self {
            Self::Node(node) => node.advance(end, out),
            Self::Borough(borough) => borough.advance(end, out),
        }
    }
}

/// How a rehearsal is done. None of it changes what happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// Threads.
    pub threads: usize,
    /// Clients look at what came when there is something to do because of it; otherwise at each packet at once.
    pub is_lazy: bool,
    /// Nodes get media as metadata, and give out metadata; otherwise whole packets, whose payloads are zeros, and each one that
    /// goes out is written and read again.
    pub is_light: bool,
}

impl Means {
    /// As quick as it goes on so many threads.
    pub const fn quick(threads: usize) -> Self {
        Self { threads, is_lazy: true, is_light: true }
    }
}

/// Rehearses a plan. `on_progress` is told the simulated time now and then.
///
/// # Errors
/// [`WorldError`] when the simulated network fails.
pub fn run(
    city: &City,
    plan: &CityPlan,
    means: Means,
    sabotage: Option<CitySabotage>,
    on_progress: &mut dyn FnMut(Timestamp),
) -> Result<CityRecord, WorldError> {
    let hosts = hosts(city, plan, means, sabotage);
    let salt = plan.settings.seed.value();
    let hosts = world::run_side_by_side(hosts, plan.end, salt, means.threads, on_progress)?;
    Ok(CityRecord::of(plan, hosts))
}

/// What can be broken on purpose in a rehearsal of the city, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CitySabotage {
    /// Each node has a licence too many.
    SpareLicence,
    /// The node that crashed forgets its conferences.
    ForgetfulNode,
    /// Nodes keep sound to themselves from the middle of the rehearsal on.
    SilentNodes,
    /// Nodes state one in so many packets shorter than it is.
    WrongLength,
}

/// The nodes first, then the boroughs.
fn hosts(city: &City, plan: &CityPlan, means: Means, sabotage: Option<CitySabotage>) -> Vec<Host> {
    let seed = plan.settings.seed;
    let boroughs = NODES..NODES + city.file.borough.len() as HostId;
    let host_of = |seat: &SeatPlan| NODES + plan.buildings[seat.building as usize].borough as HostId;
    let hosts_of_people = Arc::new(plan.seats.iter().map(host_of).collect::<Vec<_>>());
    let conference_of = Arc::new(plan.seats.iter().map(|seat| seat.conference).collect::<Vec<_>>());
    // With room for the one too many, should it be let in.
    let conferences = plan.conferences.len() + 1;
    let mut carriers: Vec<Borough> = boroughs
        .clone()
        .map(|_| Borough::new(boroughs.clone(), plan.seats.len(), Arc::clone(&conference_of), conferences))
        .collect();
    let mut places = Vec::new();
    for (index, building) in plan.buildings.iter().enumerate() {
        let fails = (building.borough == plan.outage.of && building.class != BuildingClass::Home)
            .then_some((plan.outage.from, plan.outage.until));
        let carrier = &mut carriers[building.borough];
        places.push(carrier.add_building(index as u64, &building.link, fails, (seed, means)));
    }
    for (index, seat) in plan.seats.iter().enumerate() {
        let building = seat.building as usize;
        let endpoint = LightEndpoint::new(person(plan, index, seat), seed);
        let arrival = match plan.conferences.get(seat.conference as usize) {
            Some(conference) if seat.hosts => Arrival::Starts(conference.kind.mode()),
            Some(_) => Arrival::Joins(seat.conference),
            None => Arrival::Starts(media_core::signalling::Mode::Discussion),
        };
        carriers[plan.buildings[building].borough].add(
            places[building],
            PersonIndex(index),
            endpoint,
            (arrival, seat.opens_at),
        );
    }
    let nodes =
        (0..NODES).map(|node| Host::Node(Box::new(node_of(plan, node, &hosts_of_people, (means, sabotage)))));
    nodes.chain(carriers.into_iter().map(|borough| Host::Borough(Box::new(borough)))).collect()
}

fn node_of(
    plan: &CityPlan,
    node: NodeIndex,
    hosts: &Arc<Vec<HostId>>,
    (means, sabotage): (Means, Option<CitySabotage>),
) -> CityNode {
    let seed = plan.settings.seed;
    let holders = plan
        .seats
        .iter()
        .filter(|seat| seat.hosts && plan.node_of(seat) == node)
        .map(|seat| credential(seed, seat.conference))
        .collect::<Vec<Token>>();
    let conferences = plan.conferences.len() as u32;
    let each = plan.seats.iter().filter(|seat| seat.conference == 0).count() as u32;
    let crash = (plan.crash.of == node as usize).then_some(plan.crash);
    let spare = u32::from(sabotage == Some(CitySabotage::SpareLicence));
    let licences = ConferencePlan::held_by(node, conferences) + spare;
    CityNode::new((u64::from(node), licences), holders, each, Arc::clone(hosts), seed)
        .with_crash(crash)
        .with_means(means, sabotage)
}

fn person(plan: &CityPlan, index: usize, seat: &SeatPlan) -> LightPerson {
    LightPerson {
        person: PersonIndex(index),
        node: plan.node_of(seat),
        credential: seat.hosts.then(|| credential(plan.settings.seed, seat.conference)),
        endpoint: seat.endpoint,
        microphone: seat.microphone,
        camera: seat.camera,
        speaks: seat.speaks.clone(),
        watch: (seat.tiles > 0).then_some(Layer::High),
        tiles: seat.tiles,
        talk_from: plan.storm_ends + IN_AFTER,
    }
}

#[cfg(test)]
mod tests;
