//! Owns the records that have reached a host and are not due yet, in an order that never depends on which host ran first.

use std::{cmp::Reverse, collections::BinaryHeap};

use media_core::Timestamp;

use super::HostId;

/// Records by time, then by sender, then in the order in which that sender sent them.
pub(crate) struct Arrivals<T> {
    heap: BinaryHeap<Reverse<Arrival<T>>>,
    count: u64,
}

struct Arrival<T> {
    key: (Timestamp, HostId, u64),
    load: T,
}

impl<T> Arrivals<T> {
    pub(crate) fn new() -> Self {
        Self { heap: BinaryHeap::new(), count: 0 }
    }

    pub(crate) fn push(&mut self, at: Timestamp, from: HostId, load: T) {
        self.count += 1;
        self.heap.push(Reverse(Arrival { key: (at, from, self.count), load }));
    }

    /// When the next record is due.
    pub(crate) fn next_at(&self) -> Option<Timestamp> {
        self.heap.peek().map(|Reverse(arrival)| arrival.key.0)
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        self.heap.pop().map(|Reverse(arrival)| arrival.load)
    }
}

impl<T> PartialEq for Arrival<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<T> Eq for Arrival<T> {}

impl<T> PartialOrd for Arrival<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Arrival<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_by_time_and_sender_whatever_the_order_of_hosts() {
        let records = [(5, 2, 'c'), (5, 1, 'a'), (3, 9, '0'), (5, 1, 'b')];
        let drained = |order: &[usize]| -> String {
            let mut arrivals = Arrivals::new();
            for index in order {
                let (at, from, load) = records[*index];
                arrivals.push(Timestamp::from_millis(at), from, load);
            }
            std::iter::from_fn(|| arrivals.pop()).collect()
        };
        assert_eq!(drained(&[0, 1, 2, 3]), "0abc");
        assert_eq!(drained(&[1, 3, 2, 0]), "0abc");
    }
}
