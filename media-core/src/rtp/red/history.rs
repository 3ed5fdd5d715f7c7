//! Owns the memory of what was sent last on one stream of audio, and what of it may go along with the next packet.

use std::collections::VecDeque;

use super::{Redundant, overhead_bytes};
use crate::limits::REDUNDANT_BLOCKS_MAX;

/// The newest frames of one stream. `B` is how payloads are kept: shared or owned.
#[derive(Clone, Debug)]
pub struct RedHistory<B> {
    sent: VecDeque<(u16, u32, B)>,
}

impl<B> Default for RedHistory<B> {
    fn default() -> Self {
        Self { sent: VecDeque::with_capacity(REDUNDANT_BLOCKS_MAX) }
    }
}

impl<B: AsRef<[u8]>> RedHistory<B> {
    /// A frame left, by itself or with others.
    pub fn push(&mut self, sequence: u16, timestamp: u32, payload: B) {
        if self.sent.len() == REDUNDANT_BLOCKS_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((sequence, timestamp, payload));
    }

    /// Up to `depth` frames that may go along with a frame of `bytes` of this number and timestamp, oldest first: those with
    /// the numbers directly before it, as far as the format can express them and the payload keeps within `room` bytes.
    pub fn before(
        &self,
        (sequence, timestamp): (u16, u32),
        bytes: usize,
        depth: usize,
        room: usize,
    ) -> Vec<Redundant<'_>> {
        let mut found: Vec<Redundant<'_>> = Vec::new();
        let mut total = bytes;
        for back in 1..=depth.min(REDUNDANT_BLOCKS_MAX) as u16 {
            let wanted = sequence.wrapping_sub(back);
            let Some((_, at, payload)) = self.sent.iter().find(|(sent, ..)| *sent == wanted) else { break };
            let Some(block) = Redundant::new(timestamp.wrapping_sub(*at), payload.as_ref()) else { break };
            total += block.payload.len();
            let in_order = found.last().is_none_or(|later| later.offset < block.offset);
            if !in_order || total + overhead_bytes(found.len() + 1) > room {
                break;
            }
            found.push(block);
        }
        found.reverse();
        found
    }

    /// What was sent is of no use any more.
    pub fn clear(&mut self) {
        self.sent.clear();
    }
}
