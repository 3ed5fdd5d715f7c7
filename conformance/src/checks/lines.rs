//! Owns the account of access links: what went in came out, was dropped under a name, or is still inside, and what one
//! end counts is what the other end counts (FWD-007, NET-001).

use sim::{
    link::LinkDrop,
    run::Run,
    site::{AccessMeter, Carried},
};

use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
};

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[Check {
    name: "lines-account-for-every-datagram",
    requirements: &["FWD-007", "NET-001"],
    scenarios: &[EVERY_SCENARIO],
    judge: Judge::Run(|run| accounts(run.run())),
}];

fn accounts(run: &Run) -> Findings {
    let mut findings = Findings::new();
    for (site, meter) in &run.links {
        let name = &run.scenario.site(*site).name;
        for (way, carried) in [("up", &meter.up), ("down", &meter.down)] {
            balances(&mut findings, name, way, carried);
        }
    }
    let sum = |of: fn(&AccessMeter) -> u64| run.links.iter().map(|(_, meter)| of(meter)).sum::<u64>();
    let counters = run.server.tap.counters;
    let sent = sum(|meter| meter.up.handed_on - meter.up.under_way);
    // What comes to a media node that is down is lost there, and counted.
    let seen = counters.inbound + run.server.tap.lost.len() as u64;
    findings.expect(sent == seen, || {
        format!("the lines handed on {sent} datagrams to the media node, whose wire saw {seen}")
    });
    let offered = sum(|meter| meter.down.stats.offered);
    let left = counters.outbound - counters.outbound_under_way;
    findings.expect(offered == left, || {
        format!("{left} datagrams left the media node in time, the lines were offered {offered}")
    });
    findings.count("links", 2 * run.links.len() as u64);
    findings.count("datagrams offered", offered + sum(|meter| meter.up.stats.offered));
    for reason in LinkDrop::ALL {
        let dropped: u64 = run
            .links
            .iter()
            .map(|(_, meter)| meter.up.stats.dropped(reason) + meter.down.stats.dropped(reason))
            .sum();
        if dropped > 0 {
            findings.count(&format!("dropped as {}", reason.name()), dropped);
        }
    }
    findings
}

/// One direction of one line.
fn balances(findings: &mut Findings, name: &str, way: &str, carried: &Carried) {
    let stats = &carried.stats;
    let gone = stats.delivered + stats.dropped_total() + carried.in_flight;
    findings.expect(stats.offered + stats.duplicated == gone, || {
        format!(
            "{name} {way}: {} offered and {} made by the path, but {gone} delivered, dropped or inside",
            stats.offered, stats.duplicated
        )
    });
    findings.expect(stats.delivered == carried.handed_on + stats.corrupted, || {
        format!(
            "{name} {way}: {} delivered, {} of them damaged, but {} handed on",
            stats.delivered, stats.corrupted, carried.handed_on
        )
    });
}
