//! Owns the figures a link keeps about itself.

use std::time::Duration;

/// Why a packet offered to a link never came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkDrop {
    /// The waiting packets left no room for it.
    QueueFull,
    /// The active queue management (CoDel) dropped it.
    Aqm,
    /// The path lost it, after it had been serialised.
    Loss,
    /// The waiting packets left no room for it while the link was out.
    Outage,
    /// It was bigger than the path's MTU.
    TooBig,
}

impl LinkDrop {
    /// All of them, in the order of [`LinkDrop::index`].
    pub const ALL: [Self; 5] = [Self::QueueFull, Self::Aqm, Self::Loss, Self::Outage, Self::TooBig];

    /// Position in [`LinkDrop::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// For reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue-full",
            Self::Aqm => "aqm",
            Self::Loss => "loss",
            Self::Outage => "outage",
            Self::TooBig => "too-big",
        }
    }
}

/// What happened on a link since it was made. Counts are of packets.
///
/// Conservation: `offered + duplicated == delivered + dropped_total() +` [`Link::in_flight`](super::Link::in_flight).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Offered by the sender.
    pub offered: u64,
    /// Handed out at the far end, copies included.
    pub delivered: u64,
    /// Copies the path made.
    pub duplicated: u64,
    /// Delivered with the mark of damage, copies included.
    pub corrupted: u64,
    /// Delivered after a packet that had been offered later (RFC 4737 section 3.4), whatever the cause; copies are
    /// not counted.
    pub reordered: u64,
    /// Wire bytes offered.
    pub bytes_offered: u64,
    /// Wire bytes delivered, copies included.
    pub bytes_delivered: u64,
    /// Packets that got onto the wire; each had a queue delay, possibly zero.
    pub served: u64,
    /// Longest time from the offer to the first bit on the wire, in picoseconds.
    pub queue_delay_max_ps: u64,
    /// Sum over `served` of the time from the offer to the first bit on the wire, in picoseconds.
    pub queue_delay_sum_ps: u128,
    dropped: [u64; LinkDrop::ALL.len()],
}

impl LinkStats {
    /// Packets that never came out, for one reason.
    pub fn dropped(&self, reason: LinkDrop) -> u64 {
        self.dropped[reason.index()]
    }

    /// Packets that never came out, for any reason.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// Longest queue delay, rounded down to nanoseconds.
    pub fn queue_delay_max(&self) -> Duration {
        duration_of(self.queue_delay_max_ps.into())
    }

    /// Mean queue delay over the packets served, rounded down to nanoseconds; zero when none was.
    pub fn queue_delay_mean(&self) -> Duration {
        duration_of(self.queue_delay_sum_ps / u128::from(self.served.max(1)))
    }

    pub(super) fn on_dropped(&mut self, reason: LinkDrop) {
        self.dropped[reason.index()] += 1;
    }

    pub(super) fn on_served(&mut self, queue_delay_ps: u64) {
        self.served += 1;
        self.queue_delay_sum_ps += u128::from(queue_delay_ps);
        self.queue_delay_max_ps = self.queue_delay_max_ps.max(queue_delay_ps);
    }
}

fn duration_of(ps: u128) -> Duration {
    Duration::from_nanos(u64::try_from(ps / 1000).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_stands_at_its_index_and_has_a_name_of_its_own() {
        let mut names: Vec<_> = LinkDrop::ALL.iter().map(|reason| reason.name()).collect();
        for (index, reason) in LinkDrop::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), index);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), LinkDrop::ALL.len());
    }
}
