//! Owns what the hosts of the simulated network have in common: they take records, advance to the end of a window, and
//! leave records for other hosts. The window is only the rhythm of the exchange; what happens when stands in the
//! records' nanosecond timestamps.

mod arrivals;

use std::time::Duration;

use media_core::Timestamp;

pub(crate) use arrivals::Arrivals;

use crate::{mail::Mail, packet::Datagram, scenario::SiteIndex};

/// Hosts exchange batches once in this time.
pub const WINDOW: Duration = Duration::from_millis(1);

/// One-way delay of the city's backbone between an access link and the media node. Two windows at least: what is sent in
/// one window arrives after the next has begun, so nothing arrives in the past.
pub const BACKBONE_DELAY: Duration = Duration::from_millis(2);

/// Number of a host: 0 is the media node, the others are groups of sites.
pub type HostId = u32;

/// The media node's host.
pub const MEDIA_NODE: HostId = 0;

/// Something on its way from one host to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// When it reaches the other host.
    pub at: Timestamp,
    /// What it is.
    pub load: Load,
}

/// What travels between hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Load {
    /// A datagram that has crossed the sender's access link, or is about to cross the receiver's: the building that it left, or
    /// the one that it is addressed to, if that is not just where its connection is believed to be.
    Datagram(Datagram, Option<SiteIndex>),
    /// A mail.
    Mail(Mail),
}

/// A sans-IO host.
pub trait Node {
    /// Takes a record that another host has sent.
    fn handle_record(&mut self, from: HostId, record: Record);

    /// Does everything that happens before `end` and leaves records for other hosts in `out`.
    fn advance(&mut self, end: Timestamp, out: &mut dyn FnMut(HostId, Record));
}

/// A sans-IO host whose batches are its own affair. Hosts advance side by side, so each has all that it needs in itself.
pub trait WindowHost: Send {
    /// Takes a batch that another host has left for it. What is in it is due in the window that comes next, or later.
    fn take(&mut self, from: HostId, batch: &[u8]);

    /// Does everything that happens before `end` and appends records to the batches for other hosts, by their number. Nothing in them is due
    /// sooner than [`BACKBONE_DELAY`] after it is written.
    fn advance(&mut self, end: Timestamp, out: &mut [Vec<u8>]);
}
