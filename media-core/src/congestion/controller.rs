//! Owns the sender's side of congestion control on one path: what was sent, what the receiver says of it, and the estimate
//! that follows.

use std::time::Duration;

use super::WIRE_OVERHEAD_BYTES;
use crate::{Timestamp, rtp::rtcp::TransportFeedback};

/// Between what an estimate stays, in bits per second on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitrateBounds {
    /// Before anything is known.
    pub start: u64,
    /// At least.
    pub min: u64,
    /// At most.
    pub max: u64,
}

/// Estimates what one path carries.
#[derive(Debug)]
pub struct CongestionController {
    bounds: BitrateBounds,
    estimate: u64,
    demand: u64,
}

impl CongestionController {
    /// For a path of which nothing is known.
    pub fn new(now: Timestamp, bounds: BitrateBounds) -> Self {
        let _ = (now, WIRE_OVERHEAD_BYTES);
        Self { bounds, estimate: bounds.start, demand: 0 }
    }

    /// A packet leaves, with its transport-wide sequence number; `bytes` on the wire. Padding of a probe counts, too.
    pub fn on_sent(&mut self, now: Timestamp, sequence: u16, bytes: u32) {
        let _ = (now, sequence, bytes);
    }

    /// The receiver says what came when. What it says of packets that were never sent is passed over.
    pub fn on_feedback(&mut self, now: Timestamp, feedback: &TransportFeedback<'_>) {
        let _ = (now, feedback);
        self.estimate = self.estimate.clamp(self.bounds.min, self.bounds.max);
    }

    /// The time that [`CongestionController::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// When [`CongestionController::handle_timeout`] has something to do, or padding is to be sent.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        None
    }

    /// The most that could be of use: nothing is probed beyond it. In bits per second on the wire.
    pub fn set_demand(&mut self, bps: u64) {
        self.demand = bps;
    }

    /// What the path is believed to carry, in bits per second on the wire.
    pub fn estimate_bps(&self) -> u64 {
        self.estimate
    }

    /// How fast packets may leave: more than the estimate, so that a large frame does not wait long; in a probe its rate.
    pub fn pacing_bps(&self) -> u64 {
        self.estimate * 5 / 2
    }

    /// Bytes of padding (UDP payload) to send at this moment for a probe. To be called until it says nothing.
    pub fn poll_padding(&mut self, now: Timestamp) -> Option<u16> {
        let _ = now;
        None
    }

    /// Round-trip time as feedback shows it, if any has come.
    pub fn rtt(&self) -> Option<Duration> {
        None
    }

    /// Share of packets that were lost lately, 0 to 1.
    pub fn loss(&self) -> f64 {
        0.0
    }
}
