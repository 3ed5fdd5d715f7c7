//! Owns the estimate itself: what raises and what lowers it (draft-ietf-rmcat-gcc-02 sections 5.5 and 6).

use std::time::Duration;

use super::{loss::LossVerdict, trendline::Usage};
use crate::Timestamp;

/// A growing queue brings the rate to this share of what arrives; one that is still short, to that one.
const BETA: f64 = 0.85;
const BETA_SHORT: f64 = 0.87;
/// Growth far from what the path is known to carry, for each second.
const GROWTH: f64 = 0.08;
/// A segment of the TCP flow that losses are compared with, in bits.
const TCP_SEGMENT_BITS: f64 = 8.0 * 1_460.0;
/// Growth where the path loses by itself.
const GROWTH_LOSSY: f64 = 0.005;
/// Growth near it: so many bits per second for each second at 1 Mbit/s, with the square root of the rate at others. Every flow on
/// a line climbs by less of its rate the more it has, so that shares become equal, and what thirty small flows climb
/// together does not fill the queue before any of them notices.
const CLIMB_BPS: f64 = 55_000.0;
/// But not faster than this share of the rate.
const CLIMB_MAX: f64 = 0.3;
/// From which share of the known capacity growth is slow, and beyond which the capacity is another.
const NEAR: f64 = 0.8;
const BEYOND: f64 = 1.2;
/// How much a new measurement of the capacity counts.
const CAPACITY_SMOOTHING: f64 = 0.3;
/// The estimate does not grow beyond this multiple of what arrives, and a little more.
const ACKNOWLEDGED_FACTOR: f64 = 1.5;
const ACKNOWLEDGED_MARGIN_BPS: f64 = 10_000.0;
/// What is sent says little of the path below this share of the estimate.
const LIMITED: f64 = 0.8;
/// A short queue that others make does not end what is held. But each counts with the rate that is sent, in Mbit/s, and at this
/// sum it is given way: of two who share a line the one with twice the rate does so after half as many.
const PRESSURE_MAX: f64 = 2.5;
/// Who has just got more is given time.
const KEPT_AT_LEAST: Duration = Duration::from_secs(10);
/// To which share of what is held: less than is needed, so that something is given up.
const GIVEN_WAY: f64 = 0.95;
/// Who sends more than this share of the usual has made the queue itself.
const OWN_BURST: f64 = 1.1;
/// What is usual, over so many seconds.
const USUAL_SECONDS: f64 = 3.0;
/// What is held has grown if it is this multiple of what it was.
const HELD_MORE: f64 = 1.1;
/// In this time pressure falls to a third.
const PRESSURE_SECONDS: f64 = 20.0;
/// A queue longer than this stands, if it does not get shorter.
const STANDING: Duration = Duration::from_millis(60);
/// Between two reductions lies a round trip, but not less and not more than this, and what feedback takes. Who is near does not
/// give way more often than who is far.
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_millis(350);
const FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);
/// One longer than this cannot wait for the effect of the last reduction.
const LONG: Duration = Duration::from_millis(200);
/// A queue that is shorter is none.
const DRAINED: Duration = Duration::from_millis(25);
/// A queue of so many seconds brings the rate to nothing, if it were not for [`DRAIN_MIN`].
const DRAIN_SECONDS: f64 = 1.0;
/// While a long queue drains, at least this share of what arrives is sent.
const DRAIN_MIN: f64 = 0.15;
/// A queue that does not drain after so many reductions is somebody else's, such as a TCP flow that fills whatever queue there
/// is. It is left alone for a while, and for some time after that fewer reductions are enough.
const REDUCTIONS_IN_VAIN: u32 = 8;
const REDUCTIONS_IN_VAIN_AGAIN: u32 = 3;
const LEFT_ALONE: Duration = Duration::from_secs(15);
const OTHERS_REMEMBERED: Duration = Duration::from_mins(1);
/// Beside it a queue that grows brings the rate to this share of what arrives only.
const BETA_BESIDE_OTHERS: f64 = 0.9;

/// What one feedback says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Observation {
    pub(super) usage: Usage,
    /// How long packets wait.
    pub(super) queue: Duration,
    pub(super) acknowledged_bps: Option<f64>,
    /// What was sent of that.
    pub(super) sent_bps: Option<f64>,
    pub(super) rtt: Duration,
    pub(super) losses: LossVerdict,
    /// Share of packets lost lately.
    pub(super) lost_share: f64,
    /// A window of losses is complete.
    pub(super) losses_are_new: bool,
}

impl Observation {
    /// What a TCP flow with this round trip and these losses would send (Mathis, Semke, Mahdavi, Ott 1997): below that no loss
    /// asks for less.
    fn tcp_bps(&self) -> f64 {
        let seconds = self.rtt.as_secs_f64().max(0.01);
        TCP_SEGMENT_BITS / seconds * (1.5 / self.lost_share.max(0.001)).sqrt()
    }
}

/// The estimate, in bits per second.
#[derive(Debug)]
pub(super) struct RateControl {
    bps: f64,
    min_bps: f64,
    max_bps: f64,
    /// What is sent now needs this much.
    held_bps: f64,
    /// Since when it is so much.
    held_since: Timestamp,
    /// What the path was seen to carry when it was full.
    capacity_bps: Option<f64>,
    updated: Timestamp,
    reduced: Option<Timestamp>,
    /// When a train raised it.
    raised: Option<Timestamp>,
    reduced_for_losses: Option<Timestamp>,
    /// Where to go back to when the queue has drained.
    resume_bps: Option<f64>,
    reductions_in_vain: u32,
    /// When the last of them was counted.
    counted: Option<Timestamp>,
    left_alone_until: Option<Timestamp>,
    queue_before: Duration,
    /// What is sent over some seconds.
    usual_bps: f64,
    /// Of others who look for room, see [`PRESSURE_MAX`].
    pressure: f64,
}

impl RateControl {
    pub(super) fn new(now: Timestamp, start: u64, min: u64, max: u64) -> Self {
        let (min_bps, max_bps) = (min as f64, max.max(min) as f64);
        Self {
            bps: (start as f64).clamp(min_bps, max_bps),
            min_bps,
            max_bps,
            held_bps: 0.0,
            held_since: now,
            capacity_bps: None,
            updated: now,
            reduced: None,
            raised: None,
            reduced_for_losses: None,
            resume_bps: None,
            reductions_in_vain: 0,
            usual_bps: 0.0,
            pressure: 0.0,
            counted: None,
            left_alone_until: None,
            queue_before: Duration::ZERO,
        }
    }

    pub(super) fn bps(&self) -> f64 {
        self.bps
    }

    /// What is sent now needs this much.
    pub(super) fn held_bps(&self) -> f64 {
        self.held_bps
    }

    /// What is sent now needs this much: after a short queue the estimate goes back to it.
    pub(super) fn set_held(&mut self, now: Timestamp, bps: f64) {
        if bps > self.held_bps * HELD_MORE {
            self.held_since = now;
        }
        self.held_bps = bps;
    }

    /// When the estimate last went down because of a queue.
    pub(super) fn reduced(&self) -> Option<Timestamp> {
        self.reduced
    }

    /// A train of packets has shown that the path carries so much.
    pub(super) fn raise_to(&mut self, now: Timestamp, bps: f64) {
        if bps > self.bps {
            self.set(bps);
            self.raised = Some(now);
            self.resume_bps = None;
            if self.capacity_bps.is_some_and(|capacity| bps > BEYOND * capacity) {
                self.capacity_bps = None;
            }
        }
    }

    /// A train leaves: the short queue that it makes is its own.
    pub(super) fn on_train(&mut self, now: Timestamp) {
        self.raised = Some(now);
    }

    /// Nothing is heard of the receiver.
    pub(super) fn halve(&mut self) {
        self.set(self.bps / 2.0);
        self.resume_bps = None;
    }

    /// Feedback has come.
    pub(super) fn on_observation(&mut self, now: Timestamp, seen: Observation) {
        let seconds = now.saturating_since(self.updated).as_secs_f64().min(1.0);
        self.updated = now;
        self.pressure *= (-seconds / PRESSURE_SECONDS).exp();
        let sent = seen.sent_bps.unwrap_or_default();
        self.usual_bps += (sent - self.usual_bps) * (1.0 - (-seconds / USUAL_SECONDS).exp());
        let standing = self.is_standing(now, seen);
        self.queue_before = seen.queue;
        if seen.queue < DRAINED {
            self.on_drained(seen.usage);
        }
        if seen.usage == Usage::Over || standing {
            self.on_queue(now, seen);
        } else if seen.usage == Usage::Normal {
            self.grow(seconds, seen);
        }
        if let (LossVerdict::High(share), true) = (seen.losses, seen.losses_are_new) {
            self.on_losses(now, seen, share);
        }
    }

    /// A queue that is long and does not get shorter by itself, unless it is somebody else's.
    fn is_standing(&self, now: Timestamp, seen: Observation) -> bool {
        !self.is_beside_others(now)
            && seen.queue > STANDING
            && seen.queue + Duration::from_millis(5) > self.queue_before
    }

    fn on_drained(&mut self, usage: Usage) {
        self.reductions_in_vain = 0;
        if usage != Usage::Over
            && let Some(bps) = self.resume_bps.take()
        {
            self.set(self.bps.max(bps));
        }
    }

    fn on_queue(&mut self, now: Timestamp, seen: Observation) {
        let arrives = seen.acknowledged_bps.unwrap_or(self.bps);
        let pause = seen.rtt.clamp(PAUSE_MIN, PAUSE_MAX) + FEEDBACK_INTERVAL;
        let is_soon_after = |at: Option<Timestamp>| at.is_some_and(|at| now.saturating_since(at) < pause);
        let is_short = seen.queue < STANDING;
        let tolerated = if seen.queue > LONG { BETA } else { 0.5 };
        // The train that raised the estimate makes a short queue itself.
        if (is_soon_after(self.reduced) && arrives > tolerated * self.bps)
            || (is_soon_after(self.raised) && is_short)
        {
            return;
        }
        // Who sends less than they may, as everybody does who sends in steps, learns little about how much the path carries.
        let is_limited = self.held_bps > 0.0 || seen.sent_bps.is_some_and(|bps| bps < LIMITED * self.bps);
        let arrives = if is_limited && is_short { arrives.max(self.bps) } else { arrives };
        self.reduced = Some(now);
        self.on_capacity(arrives);
        if self.is_queue_of_others(now, seen.rtt) {
            self.resume_bps = None;
            return self.set(self.bps.min(BETA_BESIDE_OTHERS * arrives));
        }
        let beta = if is_short { BETA_SHORT } else { BETA };
        let drained = beta * arrives;
        let wait = seen.queue.saturating_sub(STANDING).as_secs_f64();
        let share = (beta - wait / DRAIN_SECONDS).max(DRAIN_MIN);
        if share < beta && drained < self.bps.max(self.resume_bps.unwrap_or(0.0)) {
            self.resume_bps = Some(self.resume_bps.map_or(drained, |before| before.min(drained)));
        }
        let mut target = self.bps.min(share * arrives);
        if is_short && self.held_bps > 0.0 && self.bps >= self.held_bps {
            if self.gives_way(now, seen) {
                target = target.min(GIVEN_WAY * self.held_bps);
            } else {
                self.resume_bps = Some(self.held_bps);
            }
        }
        self.set(target);
    }

    /// Whether others have looked for room so often that there has to be some.
    fn gives_way(&mut self, now: Timestamp, seen: Observation) -> bool {
        let sent = seen.sent_bps.unwrap_or_default();
        if sent > OWN_BURST * self.usual_bps || now.saturating_since(self.held_since) < KEPT_AT_LEAST {
            return false;
        }
        self.pressure += sent / 1e6;
        let gives_way = self.pressure > PRESSURE_MAX;
        if gives_way {
            self.pressure = 0.0;
        }
        gives_way
    }

    fn is_beside_others(&self, now: Timestamp) -> bool {
        self.left_alone_until.is_some_and(|until| now < until)
    }

    /// Whether reductions have been in vain; another one is due. What was done less than a round trip ago cannot have had an effect.
    fn is_queue_of_others(&mut self, now: Timestamp, rtt: Duration) -> bool {
        if self.counted.is_none_or(|at| now.saturating_since(at) > rtt + rtt / 2) {
            self.counted = Some(now);
            self.reductions_in_vain += 1;
        }
        let is_again = self.left_alone_until.is_some_and(|until| now < until + OTHERS_REMEMBERED);
        let enough = if is_again { REDUCTIONS_IN_VAIN_AGAIN } else { REDUCTIONS_IN_VAIN };
        if !self.is_beside_others(now) && self.reductions_in_vain > enough {
            self.left_alone_until = Some(now + LEFT_ALONE);
            self.reductions_in_vain = 0;
        }
        self.is_beside_others(now)
    }

    fn on_capacity(&mut self, bps: f64) {
        let capacity = match self.capacity_bps {
            Some(before) if bps < BEYOND * before && bps > before * 0.5 => {
                before + CAPACITY_SMOOTHING * (bps - before)
            }
            _ => bps,
        };
        self.capacity_bps = Some(capacity);
    }

    fn on_losses(&mut self, now: Timestamp, seen: Observation, share: f64) {
        let pause = seen.rtt + Duration::from_millis(300);
        if self.reduced_for_losses.is_none_or(|at| now.saturating_since(at) >= pause) {
            self.reduced_for_losses = Some(now);
            let least = seen.tcp_bps().min(self.bps);
            self.set((self.bps * (1.0 - 0.5 * share)).max(least));
        }
    }

    fn grow(&mut self, seconds: f64, seen: Observation) {
        if self.capacity_bps.is_some_and(|capacity| self.bps > BEYOND * capacity) {
            self.capacity_bps = None;
        }
        let near = self.capacity_bps.is_some_and(|capacity| self.bps > NEAR * capacity);
        let step = match seen.losses {
            LossVerdict::Free if near => {
                (CLIMB_BPS * (self.bps / 1e6).sqrt()).min(CLIMB_MAX * self.bps) * seconds
            }
            _ if seen.losses != LossVerdict::Free && self.bps < seen.tcp_bps() => GROWTH * self.bps * seconds,
            LossVerdict::Free => GROWTH * self.bps * seconds,
            LossVerdict::Own => GROWTH_LOSSY * self.bps * seconds,
            LossVerdict::Hold | LossVerdict::High(_) => 0.0,
        };
        let most =
            seen.acknowledged_bps.map_or(self.bps, |bps| ACKNOWLEDGED_FACTOR * bps + ACKNOWLEDGED_MARGIN_BPS);
        self.set((self.bps + step).min(most.max(self.bps)));
    }

    fn set(&mut self, bps: f64) {
        self.bps = bps.clamp(self.min_bps, self.max_bps);
    }
}
