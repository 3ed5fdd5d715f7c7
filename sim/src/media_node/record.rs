//! Owns what the media nodes leave behind of a run.

use std::collections::BTreeMap;

use media_core::{
    DropReason, PeerId, Timestamp,
    conference::Statistics,
    engine::Event,
    forwarding::{SubscriptionReport, TrackReport},
};

use crate::{packet::Datagram, tap::Tap, trace::Trace};

/// A datagram as it passed the media node, for export.
#[derive(Clone, Debug)]
pub struct Captured {
    /// When.
    pub at: Timestamp,
    /// To the server, or from it.
    pub inbound: bool,
    /// What.
    pub datagram: Datagram,
}

/// What the media node leaves behind.
pub struct ServerRecord {
    /// What its wire carried.
    pub tap: Tap,
    /// What the engine reported, in order, except drops.
    pub events: Vec<(Timestamp, Event)>,
    /// How much from whom went no further, and why.
    pub drops: BTreeMap<(PeerId, DropReason), u64>,
    /// The engine's account of every track.
    pub tracks: Vec<TrackReport>,
    /// The engine's account of every subscription.
    pub subscriptions: Vec<SubscriptionReport>,
    /// What goes on at the end, when the node is always up.
    pub statistics: Statistics,
    /// Everything that passed.
    pub trace: Trace,
    /// The datagrams themselves, if they were to be kept.
    pub capture: Option<Vec<Captured>>,
}
