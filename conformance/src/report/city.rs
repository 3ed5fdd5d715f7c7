//! Owns the object that `city` prints and leaves: fields are added, never renamed. What is in it was judged by
//! [`city`](crate::city); its table is in `city/table.rs`, its page in `html/city.rs`.

mod group;
pub mod table;

use schemars::JsonSchema;
use serde::Serialize;
use sim::city::{BuildingClass, City, CityRecord, NodeRecord};

use crate::{
    city::{Touched, judge, touched},
    evidence::Findings,
    gate::Verdict,
    measured::Machine,
    report::{SCHEMA, WallClock},
};
use group::Members;

pub use group::{Group, Histogram};

/// Buildings that are named as the worst.
const WORST: usize = 12;
/// Violations that are told.
const TOLD_MAX: usize = 20;

/// What `city` says.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CityReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Whether everything holds that can be judged in this rehearsal.
    pub verdict: Verdict,
    /// Of everything that happened, in hex.
    pub digest: String,
    /// What everything was drawn from.
    pub seed: u64,
    /// Which city.
    pub city: String,
    /// Kinds of conferences.
    pub mix: String,
    /// Conferences at once.
    pub conferences: u64,
    /// People in them.
    pub participants: u64,
    /// Lines: buildings, rooms and homes.
    pub lines: u64,
    /// Simulated time in seconds.
    pub simulated_s: f64,
    /// Media packets that nodes forwarded.
    pub forwarded_packets: u64,
    /// What it took on this machine; absent in `city.json`.
    #[serde(flatten)]
    pub wall: Option<WallClock>,
    /// The same for each packet, and what it was done with; absent in `city.json`.
    #[serde(flatten)]
    pub cost: Option<Cost>,
    /// Where; absent in `city.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<Machine>,
    /// Things that were looked at.
    pub examined: u64,
    /// One line of figures.
    pub evidence: String,
    /// What does not hold, the first of it.
    pub violations: Vec<String>,
    /// How much does not hold.
    pub violations_total: u64,
    /// The hour that is rehearsed, and how many percent of a day's conferences begin in it.
    pub busiest_hour: (u8, f64),
    /// When everybody is to be in, in seconds.
    pub storm_ends_s: f64,
    /// Which borough's lines failed, from when to when in seconds.
    pub outage: (String, f64, f64),
    /// Which node crashed, from when to when in seconds.
    pub crash: (u64, f64, f64),
    /// Everybody.
    pub all: Group,
    /// By what befell them.
    pub by_fault: Vec<Group>,
    /// By borough.
    pub boroughs: Vec<BoroughReport>,
    /// By class of building.
    pub classes: Vec<Group>,
    /// Buildings in which people heard and saw worst, untouched by faults.
    pub worst: Vec<Group>,
    /// The media nodes.
    pub nodes: Vec<NodeReport>,
}

/// What a packet cost on this machine.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Cost {
    /// Threads.
    pub threads: u64,
    /// Processor time of all threads for each forwarded packet, in nanoseconds; threads times time on the clock where the system
    /// does not tell it.
    pub ns_per_forwarded_packet: f64,
    /// The most memory that the process had, in MiB; 0 where that is unknown.
    pub peak_rss_mib: u64,
}

/// A borough.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BoroughReport {
    /// Column and row on the map.
    pub place: [u8; 2],
    /// Its people.
    #[serde(flatten)]
    pub group: Group,
}

/// A media node.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NodeReport {
    /// Conferences at once, at most.
    pub conferences: u64,
    /// People at once, at most.
    pub participants: u64,
    /// Media packets that came.
    pub received_packets: u64,
    /// Media packets that it forwarded.
    pub forwarded_packets: u64,
    /// Those of them that carry a part of a picture.
    pub forwarded_video_packets: u64,
    /// All of them in its busiest second.
    pub forwarded_packets_per_s: u64,
    /// Mean rate to participants in Mbit/s, IP and UDP headers included.
    pub forwarded_mbps: f64,
    /// Feedback that came.
    pub feedback_packets: u64,
    /// Packets that went no further, by reason.
    pub drops: std::collections::BTreeMap<String, u64>,
}

impl CityReport {
    /// Of a rehearsal.
    pub fn new(city: &City, record: &CityRecord, timed: Option<(WallClock, Cost)>) -> Self {
        let findings = judge(record);
        let plan = &record.plan;
        let simulated_s = record.simulated().as_secs_f64();
        let seconds = |at: media_core::Timestamp| at.as_nanos() as f64 / 1e9;
        let borough = &city.file.borough[plan.outage.of.min(city.file.borough.len() - 1)];
        Self {
            schema: SCHEMA,
            verdict: verdict(&findings),
            digest: format!("{:016x}", record.digest),
            seed: plan.settings.seed.value(),
            city: city.file.description.clone(),
            mix: plan.settings.mix.clone(),
            conferences: plan.conferences.len() as u64,
            participants: plan.seats.len() as u64 - 1,
            lines: plan.buildings.len() as u64,
            simulated_s,
            forwarded_packets: record.forwarded(),
            wall: timed.map(|(wall, _)| wall),
            cost: timed.map(|(_, cost)| cost),
            machine: None,
            examined: findings.examined(),
            evidence: findings.evidence(),
            violations: findings.messages().take(TOLD_MAX).map(str::to_owned).collect(),
            violations_total: findings.violations_total(),
            busiest_hour: city.busiest_hour(),
            storm_ends_s: seconds(plan.storm_ends),
            outage: (borough.name.clone(), seconds(plan.outage.from), seconds(plan.outage.until)),
            crash: (plan.crash.of as u64, seconds(plan.crash.from), seconds(plan.crash.until)),
            all: everybody(record),
            by_fault: by_fault(record),
            boroughs: boroughs(city, record),
            classes: classes(city, record),
            worst: worst(city, record),
            nodes: record.nodes.iter().map(|node| NodeReport::of(node, simulated_s)).collect(),
        }
    }
}

impl NodeReport {
    fn of(node: &NodeRecord, simulated_s: f64) -> Self {
        Self {
            conferences: u64::from(node.conferences_most),
            participants: u64::from(node.participants_most),
            received_packets: node.received,
            forwarded_packets: node.forwarded,
            forwarded_video_packets: node.forwarded_video,
            forwarded_packets_per_s: node.forwarded_per_second.iter().copied().max().unwrap_or_default(),
            forwarded_mbps: node.forwarded_bytes as f64 * 8.0 / 1e6 / simulated_s,
            feedback_packets: node.feedback,
            drops: node.drops.iter().map(|(reason, count)| (reason.name().to_owned(), *count)).collect(),
        }
    }
}

fn verdict(findings: &Findings) -> Verdict {
    if findings.examined() > 0 && findings.violations_total() == 0 { Verdict::Pass } else { Verdict::Fail }
}

fn everybody(record: &CityRecord) -> Group {
    let mut members = Members::new("the whole city");
    for (person, experience) in record.experiences() {
        members.add(record.plan.seats[person.0].building, experience);
    }
    members.finish()
}

fn by_fault(record: &CityRecord) -> Vec<Group> {
    let befell = touched(record);
    let groups = Touched::ALL.map(|kind| {
        let mut members = Members::new(kind.words());
        for (person, experience) in record.experiences().filter(|(person, _)| befell[person.0] == kind) {
            members.add(record.plan.seats[person.0].building, experience);
        }
        members.finish()
    });
    groups.into_iter().filter(|group| group.people > 0).collect()
}

fn boroughs(city: &City, record: &CityRecord) -> Vec<BoroughReport> {
    let mut members: Vec<Members> =
        city.file.borough.iter().map(|borough| Members::new(&borough.name)).collect();
    for (person, experience) in record.experiences() {
        let building = record.plan.seats[person.0].building;
        members[record.plan.buildings[building as usize].borough].add(building, experience);
    }
    let groups = members.into_iter().map(Members::finish);
    let places = city.file.borough.iter().map(|borough| borough.place);
    groups.zip(places).map(|(group, place)| BoroughReport { place, group }).collect()
}

/// The name of a building's class.
fn class_name(city: &City, class: BuildingClass) -> &str {
    match class {
        BuildingClass::Office(place) => city.classes.get(place).map_or("", |class| class.name.as_str()),
        BuildingClass::Room => "AVC room",
        BuildingClass::Home => "guest at home",
    }
}

fn classes(city: &City, record: &CityRecord) -> Vec<Group> {
    let mut classes: std::collections::BTreeMap<BuildingClass, Members> = std::collections::BTreeMap::new();
    for (person, experience) in record.experiences() {
        let building = record.plan.seats[person.0].building;
        let class = record.plan.buildings[building as usize].class;
        classes
            .entry(class)
            .or_insert_with(|| Members::new(class_name(city, class)))
            .add(building, experience);
    }
    classes.into_values().map(Members::finish).collect()
}

/// The buildings with the lowest scores, and of equal ones those with the most frozen pictures.
fn worst(city: &City, record: &CityRecord) -> Vec<Group> {
    let befell = touched(record);
    let mut groups = Vec::new();
    for (index, (building, plan)) in record.buildings.iter().zip(&record.plan.buildings).enumerate() {
        let borough = &city.file.borough[plan.borough].name;
        let mut members = Members::new(&format!("{}, {borough}", class_name(city, plan.class)));
        let untouched = building.people.iter().filter(|(person, _)| befell[person.0] == Touched::Nothing);
        for (_, experience) in untouched {
            members.add(index as u32, experience);
        }
        let group = members.finish();
        if group.people > 0 {
            groups.push(group);
        }
    }
    let rank = |group: &Group| (group.mos_p5.unwrap_or(5.0), -group.frozen_percent_p95.unwrap_or(0.0));
    groups.sort_by(|one, other| {
        let (one, other) = (rank(one), rank(other));
        one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1))
    });
    groups.truncate(WORST);
    groups
}
