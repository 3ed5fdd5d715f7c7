//! Owns what a report on benches takes from rehearsals of cities, and what is claimed of those of the whole city.

use std::{cmp::Reverse, path::Path};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    bad_input::BadInput,
    gate::Verdict,
    measured::{Bound, Claim, Figure, Machine, Unit},
    report::{SCHEMA, saved::load_json},
};

/// The whole city: conferences, and people in them.
const WHOLE: (u64, u64) = (750, 37_500);
/// Threads with which the time of the whole city is claimed.
const THREADS: u64 = 2;
/// Simulated seconds per second that the whole city has to reach, by mix.
const TIME_FACTORS: [(&str, f64); 2] = [("presenter", 2.0), ("berlin", 1.5)];
/// Memory of the whole city in mix `presenter`, in MiB.
const MEMORY_MIB: f64 = 4_096.0;
/// The small city that the cost of a packet is held against, in conferences, and how much more the whole one may cost.
const SMALL: u64 = 10;
const GROWTH: f64 = 1.3;

/// A rehearsal of a city: what had to be forwarded, and what the rehearsal itself took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CityRun {
    /// Kinds of conferences.
    pub mix: String,
    /// Conferences at once.
    pub conferences: u64,
    /// People in them.
    pub participants: u64,
    /// Whether the requirements hold that were judged in it.
    pub verdict: Verdict,
    /// Of everything that happened, in hex.
    pub digest: String,
    /// Simulated time in seconds.
    pub simulated_s: f64,
    /// Media nodes.
    pub nodes: u64,
    /// Media packets that they forwarded.
    pub forwarded_packets: u64,
    /// Share of them that carry a part of a picture, 0 to 1.
    pub video_share: f64,
    /// Forwarded in the busiest second of each node, added up.
    pub packets_per_s: u64,
    /// Mean length of a forwarded packet in bytes, IP and UDP headers included, without SRTP's tag.
    pub packet_bytes: f64,
    /// Threads that rehearsed it.
    pub threads: Option<u64>,
    /// Simulated seconds per second.
    pub time_factor: Option<f64>,
    /// Processor time of all threads for each forwarded packet, in nanoseconds: what the rehearsal costs, with everybody's clients.
    pub ns_per_forwarded_packet: Option<f64>,
    /// The most memory that the rehearsal had, in MiB.
    pub peak_rss_mib: Option<u64>,
    /// Where it ran.
    pub machine: Option<Machine>,
}

/// What `city` leaves, as far as it is needed.
#[derive(Deserialize)]
struct Saved {
    schema: u32,
    mix: String,
    forwarded_packets: u64,
    conferences: u64,
    participants: u64,
    verdict: Verdict,
    digest: String,
    simulated_s: f64,
    time_factor: Option<f64>,
    threads: Option<u64>,
    ns_per_forwarded_packet: Option<f64>,
    peak_rss_mib: Option<u64>,
    machine: Option<Machine>,
    nodes: Vec<SavedNode>,
}

#[derive(Deserialize)]
struct SavedNode {
    #[serde(rename = "forwarded_packets")]
    packets: u64,
    #[serde(rename = "forwarded_video_packets")]
    video_packets: u64,
    #[serde(rename = "forwarded_packets_per_s")]
    packets_per_s: u64,
    #[serde(rename = "forwarded_mbps")]
    mbps: f64,
}

impl CityRun {
    /// Reads what `city` left.
    ///
    /// # Errors
    /// The file cannot be read, is of another schema, lacks a field, or its media nodes did not forward what it says, or nothing.
    pub fn load(path: &Path) -> Result<Self, BadInput> {
        let saved: Saved = load_json(path)?;
        let of_nodes = |of: fn(&SavedNode) -> u64| saved.nodes.iter().map(of).sum::<u64>();
        let forwarded = of_nodes(|node| node.packets);
        let faulty = |what: &str| Err(BadInput::new(format!("{}: {what}", path.display())));
        if saved.schema != SCHEMA {
            return faulty(&format!("schema is {}, but this program reads schema {SCHEMA}", saved.schema));
        }
        if forwarded != saved.forwarded_packets {
            let told = saved.forwarded_packets;
            return faulty(&format!(
                "nodes[].forwarded_packets add up to {forwarded}, but forwarded_packets is {told}"
            ));
        }
        if forwarded == 0 {
            return faulty("nodes[].forwarded_packets: nothing was forwarded, so nothing can be said of it");
        }
        if saved.simulated_s <= 0.0 {
            return faulty("simulated_s is not above 0");
        }
        let bits: f64 = saved.nodes.iter().map(|node| node.mbps * 1e6 * saved.simulated_s).sum();
        Ok(Self {
            video_share: of_nodes(|node| node.video_packets) as f64 / forwarded as f64,
            packets_per_s: of_nodes(|node| node.packets_per_s),
            packet_bytes: bits / 8.0 / forwarded as f64,
            nodes: saved.nodes.len() as u64,
            forwarded_packets: forwarded,
            mix: saved.mix,
            conferences: saved.conferences,
            participants: saved.participants,
            verdict: saved.verdict,
            digest: saved.digest,
            simulated_s: saved.simulated_s,
            threads: saved.threads,
            time_factor: saved.time_factor,
            ns_per_forwarded_packet: saved.ns_per_forwarded_packet,
            // Where the system does not tell it, `city` says 0.
            peak_rss_mib: saved.peak_rss_mib.filter(|mib| *mib > 0),
            machine: saved.machine,
        })
    }

    /// As tables call it.
    pub fn name(&self) -> String {
        format!("{}, {} conferences, {} people", self.mix, self.conferences, self.participants)
    }

    /// Whether it is the whole of Berlin.
    pub fn is_whole(&self) -> bool {
        (self.conferences, self.participants) == WHOLE
    }

    /// The order of tables: by mix as everywhere, then from large to small.
    pub(super) fn rank(&self) -> (usize, &str, Reverse<(u64, u64)>) {
        let known = super::MIXES.iter().position(|mix| *mix == self.mix).unwrap_or(super::MIXES.len());
        (known, &self.mix, Reverse((self.conferences, self.participants)))
    }
}

/// What is claimed of the whole city, and what of it was not measured.
pub(super) fn claims(cities: &[CityRun]) -> (Vec<Claim>, Vec<String>) {
    let (mut claims, mut missing) = (Vec::new(), Vec::new());
    let whole = |mix: &str| cities.iter().find(|city| city.is_whole() && city.mix == mix);
    for (mix, least) in TIME_FACTORS {
        let what = format!("the whole city, mix {mix}: simulated seconds per second");
        let timed = whole(mix).filter(|city| city.threads == Some(THREADS)).and_then(|city| city.time_factor);
        match timed {
            Some(factor) => {
                claims.push(Claim::new(
                    what,
                    Figure::single(factor),
                    Unit::TimeFactor,
                    Bound::AtLeast(least),
                ));
            }
            None => missing.push(format!(
                "{what}: generalprobe city --mix {mix} --duration 30s --threads {THREADS} keeps it"
            )),
        }
    }
    let what = "the whole city, mix presenter: memory";
    match whole("presenter").and_then(|city| city.peak_rss_mib) {
        Some(mib) => {
            let bound = Bound::AtMost(MEMORY_MIB);
            claims.push(Claim::new(what, Figure::single(mib as f64), Unit::Mib, bound));
        }
        None => missing.push(format!("{what}: generalprobe city --duration 30s keeps it")),
    }
    let what = format!("a packet in the whole city beside one in {SMALL} conferences, mix presenter");
    match growth(cities) {
        Some(ratio) => {
            claims.push(Claim::new(what, Figure::single(ratio), Unit::Ratio, Bound::AtMost(GROWTH)));
        }
        None => missing.push(format!(
            "{what}: generalprobe city, and the same with --conferences {SMALL}, of one duration and with as many threads, keep it"
        )),
    }
    (claims, missing)
}

/// What a packet costs in the whole city beside a small one that was rehearsed in the same way.
fn growth(cities: &[CityRun]) -> Option<f64> {
    let mut presenter = cities.iter().filter(|city| city.mix == "presenter");
    let whole = presenter.clone().find(|city| city.is_whole())?;
    let people = WHOLE.1 / WHOLE.0 * SMALL;
    let small = presenter.find(|city| (city.conferences, city.participants) == (SMALL, people))?;
    let same = small.threads == whole.threads
        && small.machine == whole.machine
        && small.simulated_s.total_cmp(&whole.simulated_s).is_eq();
    let (many, few) = (whole.ns_per_forwarded_packet?, small.ns_per_forwarded_packet?);
    (same && few > 0.0).then_some(many / few)
}
