//! Owns one rehearsal from scenario to record: who sits in which host, the run itself, and what is kept of it.

pub(crate) mod warm_up;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use media_core::Timestamp;
use rand_core::Rng;

use crate::{
    endpoint::{Marker, Observation, PersonRecord},
    media_node::{MediaNode, ServerRecord},
    node::{HostId, MEDIA_NODE, Node, Record},
    packet::person_of,
    sabotage::Sabotage,
    scenario::{Action, ClientKind, PersonIndex, Scenario, SiteIndex},
    seed::Seed,
    site::AccessMeter,
    site_group::SiteGroup,
    trace::{Channel, Digest, Trace, pcapng::PcapngWriter},
    world::{self, WorldError},
};

/// Groups of sites in one simulation, at most: the cost of a turmoil tick grows with the square of the hosts.
const GROUPS_MAX: usize = 15;

/// How to run a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Break this on purpose.
    pub sabotage: Option<Sabotage>,
    /// Take this one source of randomness (of [`crate::seed::SOURCES`]) from another seed.
    pub shifted: Option<&'static str>,
    /// Keep every datagram for export.
    pub keep_packets: bool,
    /// Put each site on a host of its own, the last first, instead of one host for each borough. Nobody may notice.
    pub scattered: bool,
}

/// A rehearsal that is over.
pub struct Run {
    /// What was rehearsed, with the seed that it ran under.
    pub scenario: Arc<Scenario>,
    /// The seed.
    pub seed: u64,
    /// What was broken on purpose.
    pub sabotage: Option<Sabotage>,
    /// Digest over everything that travelled: equal runs have equal digests.
    pub digest: Digest,
    /// Simulated time.
    pub simulated: Duration,
    /// Everybody, in the order of the scenario.
    pub people: Vec<PersonRecord>,
    /// What happened to people as they saw it, in the order of time.
    pub observations: Vec<(Timestamp, PersonIndex, Observation)>,
    /// Each site's links.
    pub links: Vec<(SiteIndex, AccessMeter)>,
    /// The media node's side.
    pub server: ServerRecord,
}

impl Run {
    /// Writes the kept datagrams as pcapng, as Wireshark reads it. Signalling payloads are blanked: in a deployment they
    /// are inside TLS, and they hold tokens (SEC-005).
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn write_capture<W: std::io::Write>(&self, output: W) -> std::io::Result<()> {
        let failed = |error: pcap_file::PcapError| std::io::Error::other(error.to_string());
        let comment = format!("{} seed {}", self.scenario.name, self.seed);
        let mut writer = PcapngWriter::new(output, &comment).map_err(failed)?;
        writer.name_node(MEDIA_NODE, "media-node").map_err(failed)?;
        for (index, person) in self.scenario.people.iter().enumerate() {
            writer.name_node(index as u32 + 1, &person.name).map_err(failed)?;
        }
        for captured in self.server.capture.iter().flatten() {
            let person = person_of(captured.datagram.peer).0 as u32 + 1;
            let (from, to) = if captured.inbound { (person, MEDIA_NODE) } else { (MEDIA_NODE, person) };
            let datagram = &captured.datagram;
            // The kind decides whether the bytes are blanked.
            let open = self.sabotage == Some(Sabotage::TalkativeCapture);
            let channel = if open { Channel::Media } else { datagram.channel };
            writer.write(captured.at, from, to, channel, &datagram.bytes, None).map_err(failed)?;
        }
        writer.finish().map_err(failed)?;
        Ok(())
    }
}

/// Rehearses `scenario` under `seed`. WebRTC stacks of others ask the operating system for time and random numbers, so with
/// them a run has a thread of its own, on which both follow from the seed.
///
/// # Errors
/// [`WorldError`] when the simulated network itself fails.
///
/// # Panics
/// When an invariant of the harness is broken; the media engine cannot cause one by what it does to media.
pub fn run(scenario: &Scenario, seed: u64, options: Options) -> Result<Run, WorldError> {
    if !scenario.people.iter().any(|person| person.client == ClientKind::Webrtc) {
        return run_here(scenario, seed, options);
    }
    let effective = Seed::new(effective_seed(seed, options.sabotage)).with_shifted(options.shifted);
    warm_up::warm_up();
    repeatable::run(effective.stream("webrtc").next_u64(), || run_here(scenario, seed, options))
}

fn run_here(scenario: &Scenario, seed: u64, options: Options) -> Result<Run, WorldError> {
    let scenario = Arc::new(scenario.clone().with_seed(seed));
    let effective = Seed::new(effective_seed(seed, options.sabotage)).with_shifted(options.shifted);
    let mut marker: Marker = Default::default();
    effective.stream("marker").fill_bytes(&mut marker);
    let groups = if options.scattered { scatter_sites(&scenario) } else { group_sites(&scenario) };
    let count = groups.len() as HostId + 1;
    let mut hosts_of_people = vec![0; scenario.people.len()];
    for (person, host) in hosts_of_people.iter_mut().enumerate() {
        let site = scenario.people[person].site;
        let group = groups.iter().position(|group| group.contains(&site));
        *host = group.map_or(0, |group| group as HostId + 1);
    }
    let mut hosts = vec![Host::Media(Box::new(MediaNode::new(
        &scenario,
        Arc::new(hosts_of_people),
        (effective, marker),
        options.sabotage,
        options.keep_packets,
    )))];
    for (group, host) in groups.iter().zip(1..) {
        let group = SiteGroup::new(&scenario, group, (host, count), (effective, marker), options.sabotage);
        hosts.push(Host::Sites(Box::new(group)));
    }
    let end = scenario.end();
    let hosts = world::run(hosts, end, effective.value())?;
    Ok(collect(scenario, seed, options.sabotage, hosts, end))
}

/// Which random numbers a run gets. Only sabotage makes them anything but the seed's.
fn effective_seed(seed: u64, sabotage: Option<Sabotage>) -> u64 {
    static RUNS: AtomicU64 = AtomicU64::new(1);
    match sabotage {
        Some(Sabotage::Entropy) => seed ^ RUNS.fetch_add(1, Ordering::Relaxed) << 32,
        Some(Sabotage::FixedSeed) => 0,
        _ => seed,
    }
}

/// Sites of one borough share a host; the hosts are few.
fn group_sites(scenario: &Scenario) -> Vec<Vec<SiteIndex>> {
    let mut by_borough: BTreeMap<Option<&str>, Vec<SiteIndex>> = BTreeMap::new();
    for (index, site) in scenario.sites.iter().enumerate() {
        by_borough.entry(site.borough.as_deref()).or_default().push(SiteIndex(index));
    }
    let mut groups: Vec<Vec<SiteIndex>> = Vec::new();
    for (index, sites) in by_borough.into_values().enumerate() {
        if index < GROUPS_MAX {
            groups.push(sites);
        } else {
            groups[index % GROUPS_MAX].extend(sites);
        }
    }
    groups
}

/// Each site in a host of its own as far as hosts go, in an order that has nothing in common with the usual one.
fn scatter_sites(scenario: &Scenario) -> Vec<Vec<SiteIndex>> {
    let bound = bound_sites(scenario);
    let mut groups = vec![Vec::new(); bound.len().min(GROUPS_MAX)];
    for (place, sites) in bound.into_iter().rev().enumerate() {
        groups[place % GROUPS_MAX].extend(sites);
    }
    groups
}

/// The sites, each alone but for those between which somebody moves.
fn bound_sites(scenario: &Scenario) -> Vec<Vec<SiteIndex>> {
    let mut bound: Vec<Vec<SiteIndex>> =
        (0..scenario.sites.len()).map(|index| vec![SiteIndex(index)]).collect();
    for step in &scenario.steps {
        let Action::Move(to) = step.action else { continue };
        let home = scenario.person(step.who).site;
        let place = |bound: &[Vec<SiteIndex>], site| bound.iter().position(|sites| sites.contains(&site));
        if let (Some(from), Some(to)) = (place(&bound, home), place(&bound, to))
            && from != to
        {
            let sites = bound.remove(from.max(to));
            bound[from.min(to)].extend(sites);
        }
    }
    bound
}

fn collect(
    scenario: Arc<Scenario>,
    seed: u64,
    sabotage: Option<Sabotage>,
    hosts: Vec<Host>,
    end: Timestamp,
) -> Run {
    let mut server = None;
    let (mut people, mut observations, mut links) = (BTreeMap::new(), Vec::new(), Vec::new());
    let mut traces: Vec<Trace> = Vec::new();
    for host in hosts {
        match host {
            Host::Media(node) => server = Some(node.finish()),
            Host::Sites(group) => {
                let record = group.finish(end);
                people.extend(record.people);
                observations.extend(record.observations);
                links.extend(record.links);
                traces.push(record.trace);
            }
        }
    }
    let server = server.expect("every run has a media node");
    // Stable: what one person saw stays in its order.
    observations.sort_by_key(|(at, person, _)| (*at, *person));
    links.sort_by_key(|(site, _)| *site);
    let mut whole = Trace::digest_only();
    for (host, trace) in std::iter::once(&server.trace).chain(&traces).enumerate() {
        let digest = trace.digest().to_string();
        whole.record(end, host as u32, 0, Channel::Signalling, digest.as_bytes());
    }
    let absent: BTreeSet<usize> =
        (0..scenario.people.len()).filter(|index| !people.contains_key(&PersonIndex(*index))).collect();
    assert!(absent.is_empty(), "everybody sits somewhere");
    Run {
        simulated: scenario.duration,
        digest: whole.digest(),
        scenario,
        seed,
        sabotage,
        people: people.into_values().collect(),
        observations,
        links,
        server,
    }
}

/// The kinds of hosts.
enum Host {
    Media(Box<MediaNode>),
    Sites(Box<SiteGroup>),
}

impl Node for Host {
    fn handle_record(&mut self, from: HostId, record: Record) {
        match self {
            Self::Media(node) => node.handle_record(from, record),
            Self::Sites(group) => group.handle_record(from, record),
        }
    }

    fn advance(&mut self, end: Timestamp, out: &mut dyn FnMut(HostId, Record)) {
        match self {
            Self::Media(node) => node.advance(end, out),
            Self::Sites(group) => group.advance(end, out),
        }
    }
}
