//! Owns a packet on its way to the far end and the order in which such packets arrive.

use std::cmp::Ordering;

use media_core::time::Timestamp;

/// A packet (or its copy) that has left the transmitter. The greatest one is the first to arrive, because
/// `BinaryHeap` hands out the greatest.
#[derive(Clone, Debug)]
pub(super) struct Flight<T> {
    pub(super) at: Timestamp,
    /// Number of the packet in the order of departure; a copy has its original's.
    pub(super) departure: u64,
    pub(super) copy: bool,
    pub(super) corrupted: bool,
    pub(super) wire_bytes: u32,
    pub(super) item: T,
}

impl<T> Flight<T> {
    fn key(&self) -> (Timestamp, u64, bool) {
        (self.at, self.departure, self.copy)
    }
}

impl<T> Ord for Flight<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl<T> PartialOrd for Flight<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Flight<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Flight<T> {}
