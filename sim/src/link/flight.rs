//! Owns a packet on its way to the far end and the order in which such packets arrive.

use std::{
    cmp::Ordering,
    collections::{BinaryHeap, VecDeque},
};

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

/// Everything on its way.
#[derive(Clone, Debug)]
pub(super) struct Flights<T> {
    /// Those that arrive in the order in which they left: all of them, on most paths.
    in_order: VecDeque<Flight<T>>,
    /// Those that arrive before one that left earlier.
    overtaking: BinaryHeap<Flight<T>>,
}

impl<T> Flights<T> {
    pub(super) fn new() -> Self {
        Self { in_order: VecDeque::new(), overtaking: BinaryHeap::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.in_order.len() + self.overtaking.len()
    }

    pub(super) fn push(&mut self, flight: Flight<T>) {
        if self.in_order.back().is_none_or(|last| last.key() < flight.key()) {
            self.in_order.push_back(flight);
        } else {
            self.overtaking.push(flight);
        }
    }

    /// When the next one arrives.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        self.next().map(|(flight, _)| flight.at)
    }

    /// The next one, if it has arrived by `until`.
    pub(super) fn pop_by(&mut self, until: Timestamp) -> Option<Flight<T>> {
        let (flight, is_in_order) = self.next()?;
        if flight.at > until {
            return None;
        }
        if is_in_order { self.in_order.pop_front() } else { self.overtaking.pop() }
    }

    /// The next to arrive, and whether it is one of those in order.
    fn next(&self) -> Option<(&Flight<T>, bool)> {
        match (self.in_order.front(), self.overtaking.peek()) {
            (Some(first), Some(other)) if other.key() < first.key() => Some((other, false)),
            (Some(first), _) => Some((first, true)),
            (None, other) => other.map(|flight| (flight, false)),
        }
    }
}
