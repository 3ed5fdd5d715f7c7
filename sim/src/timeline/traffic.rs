//! Owns the line of what one direction of a link did.

use media_core::Timestamp;

use super::{Grid, Intervals, LinkTimeline, QueueDelays, saturated};

const PS_PER_MS: u64 = 1_000_000_000;

/// What a link carried, held up and dropped.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    work: Intervals<Work>,
    delays: QueueDelays,
}

#[derive(Clone, Copy, Debug, Default)]
struct Work {
    delivered_bytes: u64,
    queue_delay_max_ps: u64,
    backlog_max_bytes: u64,
    dropped: u32,
}

impl Traffic {
    pub(crate) fn new(grid: Grid) -> Self {
        Self { work: Intervals::new(grid), delays: QueueDelays::new(grid) }
    }

    /// `backlog_bytes` wait for the wire.
    pub(crate) fn on_waiting(&mut self, at: Timestamp, backlog_bytes: u64) {
        let work = self.work.at(at);
        work.backlog_max_bytes = work.backlog_max_bytes.max(backlog_bytes);
    }

    /// A packet got onto the wire after it had waited.
    pub(crate) fn on_served(&mut self, at: Timestamp, queue_delay_ps: u64) {
        let work = self.work.at(at);
        work.queue_delay_max_ps = work.queue_delay_max_ps.max(queue_delay_ps);
        self.delays.on_served(at, queue_delay_ps);
    }

    /// A packet came out.
    pub(crate) fn on_delivered(&mut self, at: Timestamp, wire_bytes: u32) {
        self.work.at(at).delivered_bytes += u64::from(wire_bytes);
    }

    /// A packet never comes out.
    pub(crate) fn on_dropped(&mut self, at: Timestamp) {
        self.work.at(at).dropped += 1;
    }

    /// How long each packet waited.
    pub(crate) fn delays(&self) -> &QueueDelays {
        &self.delays
    }

    pub(crate) fn finish(&self) -> LinkTimeline {
        LinkTimeline {
            carried_kbps: self.work.rates(|work| work.delivered_bytes),
            queue_ms: self.work.column(|work| saturated(work.queue_delay_max_ps.div_ceil(PS_PER_MS))),
            backlog_bytes: self.work.column(|work| saturated(work.backlog_max_bytes)),
            dropped: self.work.column(|work| work.dropped),
        }
    }
}
