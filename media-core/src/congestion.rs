//! Owns how much may be sent to a peer, and when: what arrived and when (transport-wide feedback), an estimate of what the
//! path carries, probes that look for more, and the spacing of packets. The same controller stands at both ends: in the
//! server once for each subscriber, in an endpoint once for its uplink, so that nobody's estimate knows of anybody else's.
//!
//! After Google Congestion Control (draft-ietf-rmcat-gcc-02) as libwebrtc has developed it. It counts bytes on the wire:
//! UDP payload and [`WIRE_OVERHEAD_BYTES`].

pub mod allocation;
mod arrivals;
mod controller;
mod inter_arrival;
mod loss;
mod pacer;
mod probing;
mod proven;
mod rate_control;
mod rate_search;
mod sent_log;
mod standing_queue;
mod step_trial;
mod throughput;
mod trendline;

pub use arrivals::{ArrivalLog, FEEDBACK_INTERVAL};
pub use controller::{BitrateBounds, CongestionController};
pub use pacer::{BURST_SHORT, Pacer};

/// IPv4 and UDP headers in front of each payload.
pub const WIRE_OVERHEAD_BYTES: u32 = 28;
