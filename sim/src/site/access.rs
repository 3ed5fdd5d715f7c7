//! Owns the step from a building's description to its two links, what a fault does to them, and the measurement of what
//! they carried.

use std::time::Duration;

use media_core::Timestamp;

use super::{LossSpec, PathSpec, QueueDiscipline};
use crate::{
    link::{Jitter, Link, LinkConfig, LinkStats, Loss, Queue, RateTimeline},
    sabotage::Sabotage,
    scenario::PathChange,
    timeline::{LinkTimeline, QueueDelays},
};

/// RFC 8289 sections 4.3 and 4.4.
const CODEL_INTERVAL: Duration = Duration::from_millis(100);
const CODEL_TARGET: Duration = Duration::from_millis(5);
/// Time over which the rate of a link is measured.
const BUCKET_MS: u64 = 1_000;

/// The link that a path's description means, `wide` times as fast.
pub(crate) fn link_config(path: &PathSpec, mtu_bytes: u32, wide: u64) -> LinkConfig {
    let bytes = u64::from(path.queue_bytes);
    LinkConfig {
        rate: RateTimeline::constant(u64::from(path.rate_kbps) * 1_000 * wide),
        delay: path.delay,
        queue: match path.queue {
            QueueDiscipline::DropTail => Queue::DropTail { bytes },
            QueueDiscipline::Codel => Queue::CoDel { bytes, target: CODEL_TARGET, interval: CODEL_INTERVAL },
        },
        jitter: Jitter { max: path.jitter, keep_order: true },
        loss: loss(path.loss),
        reorder_share: path.reorder,
        duplicate_share: path.duplicate,
        corrupt_share: path.corrupt,
        mtu_bytes: Some(mtu_bytes),
    }
}

/// By how much links are faster than they are said to be.
pub(crate) fn width(sabotage: Option<Sabotage>) -> u64 {
    if sabotage == Some(Sabotage::WideLinks) { 10 } else { 1 }
}

fn loss(spec: LossSpec) -> Loss {
    match spec {
        LossSpec::None => Loss::None,
        LossSpec::Random { probability } => Loss::Random { share: probability },
        LossSpec::Burst { good_to_bad, bad_to_good, loss_good, loss_bad } => {
            Loss::GilbertElliott { good_to_bad, bad_to_good, loss_good, loss_bad }
        }
    }
}

/// Brings a link to its description with `change` on top, or back to the description, `wide` times as fast.
pub(crate) fn change_link<T: Clone>(
    link: &mut Link<T>,
    now: Timestamp,
    path: &PathSpec,
    change: Option<&PathChange>,
    wide: u64,
) {
    let change = change.copied().unwrap_or_default();
    link.set_outage(now, change.outage);
    link.set_rate(now, u64::from(change.rate_kbps.unwrap_or(path.rate_kbps)) * 1_000 * wide);
    let changed = PathSpec {
        delay: change.delay.unwrap_or(path.delay),
        jitter: change.jitter.unwrap_or(path.jitter),
        loss: change.loss.unwrap_or(path.loss),
        reorder: change.reorder.unwrap_or(path.reorder),
        duplicate: change.duplicate.unwrap_or(path.duplicate),
        corrupt: change.corrupt.unwrap_or(path.corrupt),
        ..*path
    };
    link.set_impairments(now, &link_config(&changed, u32::MAX, 1));
}

/// What one direction of an access link carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// Wire bytes delivered in each second of the run.
    pub bytes_per_second: Vec<u64>,
    /// The link's own account.
    pub stats: LinkStats,
    /// Datagrams that came out of it whole, as the building counts them: it hands them on.
    pub handed_on: u64,
    /// Those of them that were still on the backbone when the run ended; none to the building.
    pub under_way: u64,
    /// Datagrams that were inside when the run ended.
    pub in_flight: u64,
    /// The same over time.
    pub timeline: LinkTimeline,
    /// How long packets waited for the wire, over time.
    pub queue_delays: QueueDelays,
}

/// What both directions carried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessMeter {
    /// To the building.
    pub down: Carried,
    /// From the building.
    pub up: Carried,
}

impl AccessMeter {
    /// A datagram came out of the building's line; `under_way` when the run ends before it is at the media node.
    pub(crate) fn on_up(&mut self, now: Timestamp, bytes: u32, under_way: bool) {
        self.up.add(now, bytes);
        self.up.under_way += u64::from(under_way);
    }

    pub(crate) fn on_down(&mut self, now: Timestamp, bytes: u32) {
        self.down.add(now, bytes);
    }

    pub(crate) fn finish<T: Clone>(&mut self, up: &Link<T>, down: &Link<T>) {
        self.up.stats = up.stats().clone();
        self.down.stats = down.stats().clone();
        self.up.in_flight = up.in_flight();
        self.down.in_flight = down.in_flight();
        for (carried, link) in [(&mut self.up, up), (&mut self.down, down)] {
            if let Some(line) = link.line() {
                (carried.timeline, carried.queue_delays) = (line.finish(), line.delays().clone());
            }
        }
    }
}

impl Carried {
    fn add(&mut self, now: Timestamp, bytes: u32) {
        self.handed_on += 1;
        let bucket = (now.as_millis() / BUCKET_MS) as usize;
        if self.bytes_per_second.len() <= bucket {
            self.bytes_per_second.resize(bucket + 1, 0);
        }
        self.bytes_per_second[bucket] += u64::from(bytes);
    }
}
