//! Owns a one-way path: what happens to packets between leaving one network interface and reaching another, exact
//! in integer picoseconds. It is sans-IO: the caller says what time it is and carries the items. Addresses, routes
//! and cut cables between hosts are not here; neither is any retransmission.
//!
//! A packet goes through, in this order: the MTU, the queue, serialisation at the link's rate, loss, and propagation
//! with jitter, reordering, duplication and corruption.

mod codel;
mod config;
mod flight;
mod impairment;
mod queue;
mod rate;
mod stats;
mod transmitter;

#[cfg(test)]
mod tests;

use std::time::Duration;

use media_core::time::Timestamp;
use rand_chacha::ChaCha8Rng;

use crate::timeline::{Grid, Traffic};

use flight::{Flight, Flights};
use impairment::{Dice, Draws, LossProcess, Share};
use queue::{Waiting, WaitingQueue};
use transmitter::Transmitter;

pub use config::{LinkConfig, LinkConfigError};
pub use impairment::{Jitter, Loss, REORDER_DELAY};
pub use queue::Queue;
pub use rate::{RateTimeline, RateTimelineError};
pub use stats::{LinkDrop, LinkStats};

const PS_PER_NS: u64 = 1000;
const PS_PER_SECOND: u128 = 1_000_000_000_000;

/// The packet size CoDel goes by on a path without a configured MTU: Ethernet's.
const DEFAULT_MTU_BYTES: u32 = 1500;

/// A packet at the far end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery<T> {
    /// When its last bit arrived, rounded up to the nanosecond.
    pub at: Timestamp,
    /// What was offered.
    pub item: T,
    /// Whether the path damaged it. The item itself is whole: what damage means is the caller's to decide.
    pub corrupted: bool,
}

/// A one-way path carrying items of type `T`.
///
/// All calls come in time order. Every call brings the link to the time it names.
#[derive(Clone, Debug)]
pub struct Link<T> {
    config: LinkConfig,
    dice: Dice,
    has_chance: bool,
    transmitter: Transmitter,
    queue: WaitingQueue<T>,
    serving: Option<Waiting<T>>,
    loss: LossProcess,
    reorder: Share,
    duplicate: Share,
    corrupt: Share,
    flying: Flights<T>,
    /// Packets that left the transmitter and were not lost.
    departed: u64,
    /// The latest arrival planned so far, which jitter that keeps order never precedes.
    latest: Timestamp,
    /// One more than the highest departure number delivered.
    delivered_up_to: u64,
    stats: LinkStats,
    /// When it happened; absent where nobody asks.
    line: Option<Traffic>,
}

impl<T: Clone> Link<T> {
    /// An idle path. Its random numbers all come from `rng`.
    ///
    /// # Panics
    /// When the configuration is out of range; [`LinkConfig::validate`] says so without a panic.
    pub fn new(config: LinkConfig, rng: ChaCha8Rng) -> Self {
        config.validate().expect("the scenario's link settings were validated when it was read");
        Self {
            dice: Dice::new(rng),
            has_chance: config.has_chance(),
            transmitter: Transmitter::new(config.rate.clone()),
            queue: WaitingQueue::new(config.queue, config.mtu_bytes.unwrap_or(DEFAULT_MTU_BYTES)),
            serving: None,
            loss: LossProcess::new(config.loss),
            reorder: Share::new(config.reorder_share),
            duplicate: Share::new(config.duplicate_share),
            corrupt: Share::new(config.corrupt_share),
            flying: Flights::new(),
            departed: 0,
            latest: Timestamp::ZERO,
            delivered_up_to: 0,
            stats: LinkStats::default(),
            line: Some(Traffic::new(Grid::default())),
            config,
        }
    }

    /// The same with its time line on `grid`, before anything was offered.
    #[must_use]
    pub(crate) fn with_grid(self, grid: Grid) -> Self {
        Self { line: Some(Traffic::new(grid)), ..self }
    }

    /// The same without a time line, where there are thousands of paths and their totals are enough.
    #[must_use]
    pub(crate) fn without_time_line(self) -> Self {
        Self { line: None, ..self }
    }

    /// Gives the path a packet of `wire_bytes` (headers of all layers included) at `now`. Whether it is dropped shows
    /// only in the statistics, as on a real path.
    pub fn offer(&mut self, now: Timestamp, wire_bytes: u32, item: T) {
        self.advance(now);
        self.stats.offered += 1;
        self.stats.bytes_offered += u64::from(wire_bytes);
        if self.config.mtu_bytes.is_some_and(|mtu| wire_bytes > mtu) {
            return self.on_dropped(now, LinkDrop::TooBig);
        }
        let packet = Waiting { item, wire_bytes, offered_ps: picoseconds(now) };
        if !self.transmitter.is_busy() {
            self.transmitter.start_idle(packet.offered_ps, wire_bytes);
            self.on_served(packet.offered_ps, 0);
            self.serving = Some(packet);
            // A packet without bytes is out at once.
            self.advance(now);
        } else if !self.queue.push(packet) {
            let out = self.transmitter.is_out(now);
            self.on_dropped(now, if out { LinkDrop::Outage } else { LinkDrop::QueueFull });
        } else {
            let bytes = self.queue.bytes();
            self.note(|line| line.on_waiting(now, bytes));
        }
    }

    /// The next packet that has arrived by `until`, in the order of arrival; packets arriving in the same nanosecond
    /// keep the order of departure. `until` is the present: what is offered later cannot take part.
    pub fn poll_delivery(&mut self, until: Timestamp) -> Option<Delivery<T>> {
        self.advance(until);
        let flight = self.flying.pop_by(until)?;
        self.stats.delivered += 1;
        self.stats.bytes_delivered += u64::from(flight.wire_bytes);
        self.note(|line| line.on_delivered(flight.at, flight.wire_bytes));
        self.stats.corrupted += u64::from(flight.corrupted);
        self.stats.reordered += u64::from(!flight.copy && flight.departure < self.delivered_up_to);
        self.delivered_up_to = self.delivered_up_to.max(flight.departure + 1);
        Some(Delivery { at: flight.at, item: flight.item, corrupted: flight.corrupted })
    }

    /// The earliest time at which [`Link::poll_delivery`] could yield a packet: never too late, and early only when
    /// the packet then on the wire is lost or held up. Absent while nothing is under way that time alone can bring
    /// in. After a poll at `t` that yielded nothing it is later than `t`.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let departing =
            self.transmitter.finish_ps().map(|ps| arrival(ps.saturating_add(duration_ps(self.config.delay))));
        let arriving = self.flying.next_at();
        departing.into_iter().chain(arriving).min()
    }

    /// Holds the rate at `bps` (0: an outage) from `now` on, in place of what the timeline has planned. The rest of
    /// the packet being serialised goes at the new rate.
    pub fn set_rate(&mut self, now: Timestamp, bps: u64) {
        self.advance(now);
        self.transmitter.set_rate(now, bps);
    }

    /// Begins or ends an outage at `now`. While it lasts nothing is served; packets already on their way arrive. The
    /// rate's timeline runs on and counts again afterwards.
    pub fn set_outage(&mut self, now: Timestamp, outage: bool) {
        self.advance(now);
        self.transmitter.set_outage(now, outage);
    }

    /// Puts other impairments (delay, jitter, loss, reordering, duplication, corruption) in place of those so far for
    /// what departs from `now` on. Rate, queue and MTU stay.
    ///
    /// # Panics
    /// As [`Link::new`].
    pub fn set_impairments(&mut self, now: Timestamp, config: &LinkConfig) {
        config.validate().expect("the scenario's link settings were validated when it was read");
        self.advance(now);
        if self.config.loss != config.loss {
            self.loss = LossProcess::new(config.loss);
        }
        self.reorder = Share::new(config.reorder_share);
        self.duplicate = Share::new(config.duplicate_share);
        self.corrupt = Share::new(config.corrupt_share);
        let kept = self.config.clone();
        self.config =
            LinkConfig { rate: kept.rate, queue: kept.queue, mtu_bytes: kept.mtu_bytes, ..config.clone() };
        self.has_chance = self.config.has_chance();
    }

    /// Packets offered (or copied) and neither delivered nor dropped yet.
    pub fn in_flight(&self) -> u64 {
        let serving = u64::from(self.serving.is_some());
        serving + self.queue.len() as u64 + self.flying.len() as u64
    }

    /// Wire bytes waiting for the wire, without the packet being serialised.
    pub fn queue_bytes(&self) -> u64 {
        self.queue.bytes()
    }

    /// What happened so far.
    pub fn stats(&self) -> &LinkStats {
        &self.stats
    }

    /// When it happened, unless nobody asked for that.
    pub(crate) fn line(&self) -> Option<&Traffic> {
        self.line.as_ref()
    }

    fn note(&mut self, note: impl FnOnce(&mut Traffic)) {
        if let Some(line) = &mut self.line {
            note(line);
        }
    }

    /// How the path was set up.
    pub fn config(&self) -> &LinkConfig {
        &self.config
    }

    /// Puts every packet that is serialised by `now` on its way.
    fn advance(&mut self, now: Timestamp) {
        let now_ps = picoseconds(now);
        while let Some(out_ps) = self.transmitter.finish_ps()
            && out_ps <= now_ps
        {
            self.transmitter.complete();
            if let Some(packet) = self.serving.take() {
                self.on_serialised(packet, out_ps);
            }
            self.serve_next(out_ps);
        }
    }

    fn serve_next(&mut self, now_ps: u64) {
        let (next, aqm_drops) = self.queue.poll_next(now_ps);
        for _ in 0..aqm_drops {
            self.on_dropped(arrival(now_ps), LinkDrop::Aqm);
        }
        if let Some(packet) = next {
            self.transmitter.start_waiting(packet.wire_bytes);
            self.on_served(now_ps, now_ps.saturating_sub(packet.offered_ps));
            self.serving = Some(packet);
        }
    }

    fn on_served(&mut self, at_ps: u64, queue_delay_ps: u64) {
        self.stats.on_served(queue_delay_ps);
        self.note(|line| line.on_served(arrival(at_ps), queue_delay_ps));
    }

    fn on_dropped(&mut self, at: Timestamp, reason: LinkDrop) {
        self.stats.on_dropped(reason);
        self.note(|line| line.on_dropped(at));
    }

    fn on_serialised(&mut self, packet: Waiting<T>, out_ps: u64) {
        let draws = self.dice.draw(self.has_chance);
        if self.loss.on_packet(&draws) {
            return self.on_dropped(arrival(out_ps), LinkDrop::Loss);
        }
        let copy = self.duplicate.happens(draws.duplicate).then(|| packet.item.clone());
        self.fly(packet.item, packet.wire_bytes, out_ps, &draws, false);
        if let Some(item) = copy {
            self.stats.duplicated += 1;
            self.fly(item, packet.wire_bytes, out_ps, &draws, true);
        }
        self.departed += 1;
    }

    fn fly(&mut self, item: T, wire_bytes: u32, out_ps: u64, draws: &Draws, copy: bool) {
        let jitter = self.config.jitter;
        let longest = u128::from(duration_ps(jitter.max));
        let jitter_ps = (longest * u128::from(draws.jitter[usize::from(copy)])) >> 32;
        let mut at =
            arrival(out_ps.saturating_add(duration_ps(self.config.delay)).saturating_add(jitter_ps as u64));
        if self.reorder.happens(draws.reorder) {
            // Held up on a detour, it takes no part in the order of the others.
            at = at + REORDER_DELAY;
        } else if jitter.keep_order {
            at = at.max(self.latest);
            self.latest = at;
        }
        let corrupted = self.corrupt.happens(draws.corrupt[usize::from(copy)]);
        self.flying.push(Flight { at, departure: self.departed, copy, corrupted, wire_bytes, item });
    }
}

/// Picoseconds since the beginning; 64 bits hold 213 days of them.
fn picoseconds(at: Timestamp) -> u64 {
    at.as_nanos().saturating_mul(PS_PER_NS)
}

fn duration_ps(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX).saturating_mul(PS_PER_NS)
}

/// The nanosecond by which something has happened.
fn arrival(at_ps: u64) -> Timestamp {
    Timestamp::from_nanos(at_ps.div_ceil(PS_PER_NS))
}
