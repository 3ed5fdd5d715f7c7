//! Owns what a rehearsal of the city leaves behind.

use std::time::Duration;

use super::{BuildingRecord, CityPlan, ConferenceKind, Host, NodeRecord, SeatPlan};
use crate::{endpoint::light::LightRecord, scenario::PersonIndex};

/// A rehearsal of the city, done.
#[derive(Clone, Debug)]
pub struct CityRecord {
    /// What was planned.
    pub plan: CityPlan,
    /// What the nodes did.
    pub nodes: Vec<NodeRecord>,
    /// What happened in each building, in the order of the plan.
    pub buildings: Vec<BuildingRecord>,
    /// Media packets that reached anybody.
    pub delivered: u64,
    /// Of everything that happened, in order, on every host.
    pub digest: u64,
}

impl CityRecord {
    pub(super) fn of(plan: &CityPlan, hosts: Vec<Host>) -> Self {
        let (mut nodes, mut boroughs) = (Vec::new(), Vec::new());
        let (mut digest, mut delivered) = (super::digest::Digest::default(), 0);
        for host in hosts {
            match host {
                Host::Node(node) => {
                    let (record, value) = node.finish();
                    digest.add([value, record.forwarded, record.received]);
                    nodes.push(record);
                }
                Host::Borough(borough) => {
                    let (records, value, here) = borough.finish(plan.end);
                    digest.add([value, here, 0]);
                    delivered += here;
                    boroughs.push(records.into_iter());
                }
            }
        }
        let mut buildings = Vec::new();
        for building in &plan.buildings {
            buildings.extend(boroughs[building.borough].next());
        }
        Self { plan: plan.clone(), nodes, buildings, delivered, digest: digest.value() }
    }

    /// Media packets that the nodes forwarded.
    pub fn forwarded(&self) -> u64 {
        self.nodes.iter().map(|node| node.forwarded).sum()
    }

    /// What everybody experienced, building by building.
    pub fn experiences(&self) -> impl Iterator<Item = (PersonIndex, &LightRecord)> {
        let people = self.buildings.iter().flat_map(|building| &building.people);
        people.map(|(person, record)| (*person, record))
    }

    /// Whether somebody else in a seat's conference speaks.
    pub fn hears(&self, seat: &SeatPlan) -> bool {
        match self.plan.conferences.get(seat.conference as usize).map(|conference| conference.kind) {
            Some(ConferenceKind::Presenter) => !seat.hosts,
            Some(ConferenceKind::Discussion | ConferenceKind::Audio) => true,
            None => false,
        }
    }

    /// Simulated time.
    pub fn simulated(&self) -> Duration {
        self.plan.settings.duration
    }
}
