//! Owns the packets waiting for the wire: first in, first out, limited in bytes, with CoDel's drops if configured.

use std::{collections::VecDeque, time::Duration};

use super::{codel::CoDelControl, duration_ps};

/// How packets wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// A packet that does not fit is dropped.
    DropTail {
        /// Limit of the waiting packets in wire bytes; the packet being serialised does not count.
        bytes: u64,
    },
    /// As drop-tail, and packets that waited too long for too long are dropped at the head (RFC 8289).
    CoDel {
        /// Limit of the waiting packets in wire bytes; the packet being serialised does not count.
        bytes: u64,
        /// Acceptable standing queue delay; RFC 8289 section 4.4 recommends 5 ms, or 5 to 10 % of the interval.
        target: Duration,
        /// Time a standing queue may last before the first drop; RFC 8289 section 4.3 recommends 100 ms.
        interval: Duration,
    },
}

/// A packet waiting for the wire or on its way onto it.
#[derive(Clone, Debug)]
pub(super) struct Waiting<T> {
    pub(super) item: T,
    pub(super) wire_bytes: u32,
    pub(super) offered_ps: u64,
}

/// The waiting packets.
#[derive(Clone, Debug)]
pub(super) struct WaitingQueue<T> {
    waiting: VecDeque<Waiting<T>>,
    bytes: u64,
    bytes_limit: u64,
    codel: Option<CoDelControl>,
}

impl<T> WaitingQueue<T> {
    /// `mtu_bytes` is what CoDel regards as one packet: so few bytes are never a standing queue.
    pub(super) fn new(queue: Queue, mtu_bytes: u32) -> Self {
        let (bytes_limit, codel) = match queue {
            Queue::DropTail { bytes } => (bytes, None),
            Queue::CoDel { bytes, target, interval } => {
                (bytes, Some(CoDelControl::new(duration_ps(target), duration_ps(interval), mtu_bytes)))
            }
        };
        Self { waiting: VecDeque::new(), bytes: 0, bytes_limit, codel }
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes the packet in; `false` when it does not fit.
    pub(super) fn push(&mut self, packet: Waiting<T>) -> bool {
        let bytes = self.bytes.saturating_add(u64::from(packet.wire_bytes));
        if bytes > self.bytes_limit {
            return false;
        }
        self.bytes = bytes;
        self.waiting.push_back(packet);
        true
    }

    /// The packet that goes onto the wire at `now_ps`, and how many CoDel dropped before it.
    pub(super) fn poll_next(&mut self, now_ps: u64) -> (Option<Waiting<T>>, u64) {
        // CoDel decides while it takes packets out, so it borrows the queue without being part of it meanwhile.
        let Some(mut codel) = self.codel.take() else { return (self.pop(), 0) };
        let next = codel.poll_next(self, now_ps);
        self.codel = Some(codel);
        next
    }

    /// The packet at the head.
    pub(super) fn pop(&mut self) -> Option<Waiting<T>> {
        let packet = self.waiting.pop_front()?;
        self.bytes -= u64::from(packet.wire_bytes);
        Some(packet)
    }
}
