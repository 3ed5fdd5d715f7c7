//! Owns a borough of the city: a host that carries its buildings.

use std::sync::Arc;

use media_core::{Timestamp, signalling::LinkToken};

use super::{
    Means,
    building::{Arrival, Building, Leaving},
    load::{self, Load},
};
use crate::{
    endpoint::light::{LightEndpoint, LightRecord},
    link::LinkStats,
    node::{BACKBONE_DELAY, HostId, WindowHost},
    packet::{node_of, person_of},
    scenario::PersonIndex,
    seed::Seed,
    site::AccessLink,
};

/// Not behind any of the borough's lines.
const ELSEWHERE: u32 = u32::MAX;

/// What is known of a building after the rehearsal.
#[derive(Clone, Debug)]
pub struct BuildingRecord {
    /// Its people, by number, and what they experienced.
    pub people: Vec<(PersonIndex, LightRecord)>,
    /// Its line: down and up.
    pub links: [LinkStats; 2],
}

/// A borough.
pub(super) struct Borough {
    /// The hosts that are boroughs; those before them are nodes.
    boroughs: std::ops::Range<HostId>,
    buildings: Vec<Building>,
    /// When something happens next in each, by itself: most windows bring nothing to most buildings, whose state would have
    /// to be fetched from far to see that.
    next_at: Vec<Timestamp>,
    /// People of each building by number.
    people: Vec<Vec<PersonIndex>>,
    /// Building and place of each person of the city.
    building_of: Vec<u32>,
    place_of: Vec<u32>,
    /// Conference of each person of the city.
    conference_of: Arc<Vec<u32>>,
    links: Vec<Option<LinkToken>>,
    incoming: Vec<Vec<(Timestamp, Load)>>,
    /// Those who wait for mail.
    mail: Vec<(Timestamp, u32, LinkToken)>,
    /// Who is to join each conference, here.
    invited: Vec<Vec<(u32, u32)>>,
}

impl Borough {
    pub(super) fn new(
        boroughs: std::ops::Range<HostId>,
        people: usize,
        conference_of: Arc<Vec<u32>>,
        conferences: usize,
    ) -> Self {
        Self {
            boroughs,
            buildings: Vec::new(),
            next_at: Vec::new(),
            people: Vec::new(),
            building_of: vec![ELSEWHERE; people],
            place_of: vec![ELSEWHERE; people],
            conference_of,
            links: vec![None; conferences],
            incoming: Vec::new(),
            mail: Vec::new(),
            invited: vec![Vec::new(); conferences],
        }
    }

    /// A building; its place in the borough.
    pub(super) fn add_building(
        &mut self,
        index: u64,
        link: &AccessLink,
        outage: Option<(Timestamp, Timestamp)>,
        (seed, means): (Seed, Means),
    ) -> u32 {
        self.buildings.push(Building::new(index, link, outage, seed).with_means(means));
        self.next_at.push(Timestamp::ZERO);
        self.people.push(Vec::new());
        self.incoming.push(Vec::new());
        (self.buildings.len() - 1) as u32
    }

    /// Somebody in one of its buildings.
    pub(super) fn add(
        &mut self,
        building: u32,
        person: PersonIndex,
        endpoint: LightEndpoint,
        (plan, at): (Arrival, Timestamp),
    ) {
        let place = self.buildings[building as usize].add(endpoint, plan, at);
        self.people[building as usize].push(person);
        self.building_of[person.0] = building;
        self.place_of[person.0] = place;
        if let Arrival::Joins(conference) = plan {
            self.invited[conference as usize].push((building, place));
        }
    }

    pub(super) fn finish(self, now: Timestamp) -> (Vec<BuildingRecord>, u64, u64) {
        let (mut records, mut digest, mut delivered) = (Vec::new(), super::digest::Digest::default(), 0);
        for (building, people) in self.buildings.into_iter().zip(self.people) {
            digest.add([building.digest.value(), building.delivered, 0]);
            delivered += building.delivered;
            let (experiences, links) = building.finish(now);
            records.push(BuildingRecord { people: people.into_iter().zip(experiences).collect(), links });
        }
        (records, digest.value(), delivered)
    }

    fn take_mail(&mut self) {
        for (at, conference, link) in std::mem::take(&mut self.mail) {
            self.links[conference as usize] = Some(link);
            for (building, place) in &self.invited[conference as usize] {
                let building = *building as usize;
                self.buildings[building].on_mail(at, *place);
                self.next_at[building] = self.buildings[building].next_at();
            }
        }
    }
}

impl WindowHost for Borough {
    fn take(&mut self, _: HostId, batch: &[u8]) {
        let Self { incoming, building_of, mail, .. } = self;
        load::read(batch, |at, load| match load {
            Load::Link { conference, link } => mail.push((at, conference, link)),
            load @ (Load::Media { .. } | Load::Datagram(_) | Load::Front { .. }) => {
                let building = load.peer().and_then(|peer| building_of.get(person_of(peer).0));
                if let Some(incoming) = building.and_then(|building| incoming.get_mut(*building as usize)) {
                    incoming.push((at, load));
                }
            }
        });
    }

    fn advance(&mut self, end: Timestamp, out: &mut [Vec<u8>]) {
        self.take_mail();
        let (boroughs, conference_of) = (self.boroughs.clone(), Arc::clone(&self.conference_of));
        let states = self.buildings.iter_mut().zip(&mut self.next_at);
        for ((building, next_at), incoming) in states.zip(&mut self.incoming) {
            if incoming.is_empty() && *next_at >= end {
                continue;
            }
            // Each node's batch is in order; which came first decides nothing.
            incoming.sort_by_key(|(at, _)| *at);
            let mut links = Vec::new();
            building.advance(
                end,
                incoming,
                &self.place_of,
                &self.links,
                &mut Leaving {
                    on_load: &mut |at, load| {
                        if let Some(peer) = load.peer() {
                            load.write(at + BACKBONE_DELAY, &mut out[node_of(peer) as usize]);
                        }
                    },
                    on_link: &mut |at, person, link| links.push((at, person, link)),
                },
            );
            *next_at = building.next_at();
            for (at, person, link) in links {
                let conference = conference_of[person.0];
                for borough in boroughs.clone() {
                    Load::Link { conference, link: link.clone() }
                        .write(at + BACKBONE_DELAY, &mut out[borough as usize]);
                }
            }
        }
    }
}
