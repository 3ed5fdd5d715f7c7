//! Owns what a group of sites leaves behind when the run is over.

use media_core::Timestamp;

use crate::{
    endpoint::{Observation, PersonRecord},
    scenario::{PersonIndex, SiteIndex},
    site::AccessMeter,
    trace::Trace,
};

/// What a group of sites leaves behind.
pub struct GroupRecord {
    /// Everybody in it, by their index.
    pub people: Vec<(PersonIndex, PersonRecord)>,
    /// What happened to them.
    pub observations: Vec<(Timestamp, PersonIndex, Observation)>,
    /// What the links carried.
    pub links: Vec<(SiteIndex, AccessMeter)>,
    /// Everything that reached them.
    pub trace: Trace,
}
