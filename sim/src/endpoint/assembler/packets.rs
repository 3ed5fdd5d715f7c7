//! Owns the packets that are not yet used up, in the order of their numbers. Nearly always one comes behind all others and goes
//! from before all others, which costs nothing here.

use std::{collections::VecDeque, ops::RangeBounds};

use media_core::Timestamp;

use super::frame::VideoPacket;

/// A packet with its arrival time.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) packet: VideoPacket,
    pub(super) arrival: Timestamp,
}

/// Packets by their sequence number, each at most once.
#[derive(Clone, Debug, Default)]
pub(super) struct Packets(VecDeque<Held>);

impl Packets {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn contains(&self, sequence: u64) -> bool {
        self.place(sequence).is_ok()
    }

    pub(super) fn get(&self, sequence: u64) -> Option<&Held> {
        self.0.get(self.place(sequence).ok()?)
    }

    /// Takes a packet of which there is none yet.
    pub(super) fn insert(&mut self, held: Held) {
        match self.place(held.packet.sequence) {
            Ok(place) => self.0[place] = held,
            Err(place) => self.0.insert(place, held),
        }
    }

    pub(super) fn remove(&mut self, sequence: u64) -> Option<Held> {
        self.0.remove(self.place(sequence).ok()?)
    }

    /// Forgets all with a lower number.
    pub(super) fn forget_before(&mut self, sequence: u64) {
        let (Ok(place) | Err(place)) = self.place(sequence);
        self.0.drain(..place);
    }

    /// Those with a number in `range`.
    pub(super) fn range(&self, range: impl RangeBounds<u64>) -> impl Iterator<Item = (u64, &Held)> {
        let from = match range.start_bound() {
            std::ops::Bound::Included(first) => self.place(*first),
            std::ops::Bound::Excluded(before) => self.place(before.saturating_add(1)),
            std::ops::Bound::Unbounded => Ok(0),
        };
        let (Ok(from) | Err(from)) = from;
        let held = self.0.range(from..).map(|held| (held.packet.sequence, held));
        held.take_while(move |(sequence, _)| range.contains(sequence))
    }

    /// Where a packet is, or would be.
    fn place(&self, sequence: u64) -> Result<usize, usize> {
        match (self.0.front(), self.0.back()) {
            (Some(first), _) if sequence == first.packet.sequence => Ok(0),
            (Some(first), _) if sequence < first.packet.sequence => Err(0),
            (_, Some(last)) if sequence > last.packet.sequence => Err(self.0.len()),
            _ => self.0.binary_search_by_key(&sequence, |held| held.packet.sequence),
        }
    }
}
