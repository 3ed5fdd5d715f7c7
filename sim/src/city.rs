//! Owns the rehearsal of a whole city: boroughs and media nodes as hosts of the simulated network, buildings and people as state
//! inside them, media as metadata. Engine, congestion control, signalling, access links, play-out and meters are those of every
//! rehearsal; end-to-end encryption is not run, of which only the size of frames remains.

mod borough;
mod building;
mod digest;
pub mod file;
mod load;
mod node;
mod plan;
mod record;

use std::sync::Arc;

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
    BuildingClass, BuildingPlan, CityPlan, CitySettings, ConferenceKind, ConferencePlan, Fault, NODES, SeatPlan,
};
pub use record::CityRecord;

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

/// Rehearses a plan on so many threads, whose number changes nothing. `on_progress` is told the simulated time now and then.
///
/// # Errors
/// [`WorldError`] when the simulated network fails.
pub fn run(
    city: &City,
    plan: &CityPlan,
    threads: usize,
    on_progress: &mut dyn FnMut(Timestamp),
) -> Result<CityRecord, WorldError> {
    let hosts = hosts(city, plan);
    let hosts = world::run_side_by_side(hosts, plan.end, plan.settings.seed.value(), threads, on_progress)?;
    Ok(CityRecord::of(plan, hosts))
}

/// The nodes first, then the boroughs.
fn hosts(city: &City, plan: &CityPlan) -> Vec<Host> {
    let seed = plan.settings.seed;
    let boroughs = NODES..NODES + city.file.borough.len() as HostId;
    let host_of = |seat: &SeatPlan| NODES + plan.buildings[seat.building as usize].borough as HostId;
    let hosts_of_people = Arc::new(plan.seats.iter().map(host_of).collect::<Vec<_>>());
    let conference_of = Arc::new(plan.seats.iter().map(|seat| seat.conference).collect::<Vec<_>>());
    let conferences = plan.conferences.len();
    let mut carriers: Vec<Borough> = boroughs
        .clone()
        .map(|_| Borough::new(boroughs.clone(), plan.seats.len(), Arc::clone(&conference_of), conferences))
        .collect();
    let mut places = Vec::new();
    for (index, building) in plan.buildings.iter().enumerate() {
        let fails = (building.borough == plan.outage.of && building.class != BuildingClass::Home)
            .then_some((plan.outage.from, plan.outage.until));
        places.push(carriers[building.borough].add_building(index as u64, &building.link, fails, seed));
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
    let nodes = (0..NODES).map(|node| Host::Node(Box::new(node_of(plan, node, &hosts_of_people))));
    nodes.chain(carriers.into_iter().map(|borough| Host::Borough(Box::new(borough)))).collect()
}

fn node_of(plan: &CityPlan, node: NodeIndex, hosts: &Arc<Vec<HostId>>) -> CityNode {
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
    CityNode::new(
        (u64::from(node), ConferencePlan::held_by(node, conferences)),
        holders,
        each,
        Arc::clone(hosts),
        seed,
    )
    .with_crash(crash)
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
    }
}
