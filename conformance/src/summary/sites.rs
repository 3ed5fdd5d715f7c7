//! Owns what a run's access links carried and held up, in figures over the whole run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::{run::Run, site::Carried};

use super::SITES_LISTED_MAX;

/// One building's access link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteSummary {
    /// The site's name in the scenario.
    pub name: String,
    /// To the building.
    pub down: WaySummary,
    /// From the building.
    pub up: WaySummary,
}

/// One direction of an access link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaySummary {
    /// What the link is described to carry, in kbit/s of IP packets.
    pub rate_kbps: u32,
    /// Most that it carried in an interval of the time line, in kbit/s.
    pub peak_kbps: u32,
    /// Packets offered.
    pub offered: u64,
    /// Packets that never came out.
    pub dropped: u64,
    /// Longest time that a packet waited for the wire, in milliseconds, rounded up.
    pub queue_ms: u32,
}

/// How many sites the run had, and those with the longest queues; equals stay in the scenario's order.
pub(super) fn worst_first(run: &Run) -> (u64, Vec<SiteSummary>) {
    let summary = |(index, meter): &(sim::scenario::SiteIndex, sim::site::AccessMeter)| {
        let site = run.scenario.site(*index);
        SiteSummary {
            name: site.name.clone(),
            down: way(site.link.down.rate_kbps, &meter.down),
            up: way(site.link.up.rate_kbps, &meter.up),
        }
    };
    let mut sites: Vec<_> = run.links.iter().map(summary).collect();
    sites.sort_by_key(|site| std::cmp::Reverse(site.down.queue_ms.max(site.up.queue_ms)));
    let total = sites.len() as u64;
    sites.truncate(SITES_LISTED_MAX);
    (total, sites)
}

fn way(rate_kbps: u32, carried: &Carried) -> WaySummary {
    let most = |line: &[u32]| line.iter().max().copied().unwrap_or_default();
    WaySummary {
        rate_kbps,
        peak_kbps: most(&carried.timeline.carried_kbps),
        offered: carried.stats.offered,
        dropped: carried.stats.dropped_total(),
        queue_ms: most(&carried.timeline.queue_ms),
    }
}
