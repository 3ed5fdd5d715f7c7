//! Owns the checks of the access links (NET): a building's people share one line that carries what it is said to carry,
//! and no packet is too large for it.

use media_core::{PeerId, limits::DATAGRAM_BYTES_MAX};
use sim::{
    link::LinkDrop,
    node::BACKBONE_DELAY,
    packet::person_of,
    run::Run,
    scenario::{Direction, SiteIndex},
    site::{Carried, PathSpec},
};

use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Wire bytes of the largest packet: what may finish in a second although it began in the one before.
const PACKET_BYTES: u64 = 1_228;
/// A line with this share of its rate in use, in one second, is well used: pictures come in steps, and those who share a line
/// leave room, so that nobody waits. How much of it they should use is NET-006.
const FULL: f64 = 0.5;
/// Seconds for which the narrow line must have been well used, or nothing was tried.
const FULL_SECONDS_MIN: usize = 6;
/// More than this nobody gets over a line: its rate, and a packet that began in the second before.
const WHOLE: f64 = 1.01;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "access-links-carry-what-they-are-said-to-carry",
        requirements: &["NET-001"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(carried),
    },
    Check {
        name: "people-behind-a-full-line-share-it",
        requirements: &["NET-001"],
        scenarios: &["narrow"],
        judge: Judge::Run(shared),
    },
    Check {
        name: "no-packet-is-larger-than-the-limit",
        requirements: &["NET-007"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(packet_sizes),
    },
];

/// The links of sites that no fault touches, with direction and description.
fn steady_links(run: &Run) -> impl Iterator<Item = (SiteIndex, Direction, &Carried, &PathSpec)> {
    let untouched = |site: &SiteIndex| !run.scenario.faults.iter().any(|fault| fault.site == *site);
    run.links.iter().filter(move |(site, _)| untouched(site)).flat_map(|(site, meter)| {
        let link = &run.scenario.site(*site).link;
        [(*site, Direction::Down, &meter.down, &link.down), (*site, Direction::Up, &meter.up, &link.up)]
    })
}

fn carried(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let run = run.run();
    for (site, direction, carried, path) in steady_links(run) {
        let name = &run.scenario.site(site).name;
        let jitter = path.jitter.as_millis() as u64 * u64::from(path.rate_kbps) / 8;
        let most = u64::from(path.rate_kbps) * 1_000 / 8 + PACKET_BYTES + jitter;
        for (second, bytes) in carried.bytes_per_second.iter().enumerate() {
            findings.expect(*bytes <= most, || {
                format!(
                    "{name} {direction:?}: {bytes} bytes in second {second}, more than {} kbit/s",
                    path.rate_kbps
                )
            });
        }
        let longest = carried.stats.queue_delay_max().as_secs_f64();
        let queue =
            (f64::from(path.queue_bytes) + PACKET_BYTES as f64) * 8.0 / (f64::from(path.rate_kbps) * 1e3);
        findings.expect(longest <= queue + 1e-6, || {
            format!("{name} {direction:?}: a packet waited {longest:.4} s in a queue of {queue:.4} s")
        });
        let lost = carried.stats.dropped(LinkDrop::Loss) as f64 / carried.stats.served.max(1) as f64;
        let clean = path.loss.mean() == 0.0;
        findings
            .expect(!clean || lost == 0.0, || format!("{name} {direction:?}: a clean line lost {lost:.4}"));
    }
    for person in &run.people {
        let Some(entered_ms) = person.report.join.entered_ms else { continue };
        let site = run.scenario.sites.iter().find(|site| site.name == person.report.site);
        let Some(link) = site.map(|site| &site.link) else { continue };
        // Three round trips to set up the channel and one for the answer.
        let round_trip = link.up.delay + link.down.delay + BACKBONE_DELAY * 2;
        let least = 4.0 * round_trip.as_secs_f64() * 1e3;
        findings.expect(entered_ms >= least, || {
            format!(
                "{} got in after {entered_ms:.1} ms, less than four round trips ({least:.1} ms)",
                person.report.name
            )
        });
    }
    findings.count("links", 2 * run.links.len() as u64);
    findings
}

fn shared(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let run = run.run();
    let name = "old-line";
    let people = run.people.iter().filter(|person| person.report.site == name).count();
    findings.expect(people >= 2, || format!("{people} people at {name} share nothing"));
    for (site, direction, carried, path) in steady_links(run) {
        if run.scenario.site(site).name != name || direction == Direction::Up {
            continue;
        }
        let rate = f64::from(path.rate_kbps) * 1e3;
        let shares: Vec<f64> =
            carried.bytes_per_second.iter().map(|bytes| *bytes as f64 * 8.0 / rate).collect();
        let full = shares.iter().filter(|share| **share >= FULL).count();
        findings.expect(full >= FULL_SECONDS_MIN, || {
            format!("{name} was well used in {full} seconds only: shares {shares:.2?}")
        });
        let most = shares.iter().copied().fold(0.0, f64::max);
        findings.expect(most <= WHOLE, || format!("{name} carried {most:.2} times its rate in a second"));
        findings.count("people on the line", people as u64);
        findings.count("well used seconds", full as u64);
    }
    findings
}

fn packet_sizes(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let run = run.run();
    let counters = run.server.tap.counters;
    findings.expect(counters.oversized == 0, || {
        format!("{} datagrams of the server beyond {DATAGRAM_BYTES_MAX} bytes", counters.oversized)
    });
    // What a hostile client sends is the client's fault.
    let behaves = |peer: &PeerId| !run.scenario.misbehaves(person_of(*peer));
    for (peer, count) in run.server.tap.oversized_in.iter().filter(|(peer, _)| behaves(peer)) {
        findings.expect(false, || {
            let name = &run.scenario.person(person_of(*peer)).name;
            format!("{name} sent {count} datagrams beyond {DATAGRAM_BYTES_MAX} bytes")
        });
    }
    for (site, _, carried, _) in steady_links(run) {
        let dropped = carried.stats.dropped(LinkDrop::TooBig);
        let name = &run.scenario.site(site).name;
        findings.expect(dropped == 0, || format!("{name}: {dropped} packets beyond the link's MTU"));
    }
    findings.add_examined(counters.datagrams);
    findings.count("datagrams", counters.datagrams);
    findings.figure("largest", "B", counters.largest as f64);
    findings
}
