//! Owns redundant audio (RFC 2198): a packet that carries, before its own frame, those that were sent just before it. Frames
//! stand in it as they were sealed, each by itself, so whoever forwards can take them out and put them in without a key.
//!
//! A block has a timestamp and no sequence number (RFC 2198 section 3). Here the blocks of a packet are its frame and the ones
//! with the numbers directly before, so that the block `n` places before the frame has its number minus `n`. A sender leaves
//! out what is not directly before: over a pause numbers go on and timestamps jump, and that is told by the offset.

mod history;

use bytes::BufMut;

pub use history::RedHistory;

use crate::{DropReason, limits::REDUNDANT_BLOCKS_MAX};

/// Payload type of redundant audio in this session, as in Chrome's offers.
pub const RED_PAYLOAD_TYPE: u8 = 63;
/// Header of a redundant block: F, block type (7 bits), timestamp offset (14), length (10).
const HEADER_BYTES: usize = 4;
/// The frame itself has F and block type only.
const LAST_HEADER_BYTES: usize = 1;
/// Another header follows.
const FOLLOWS: u8 = 0x80;

/// A frame that was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redundant<'a> {
    offset: u16,
    payload: &'a [u8],
}

impl<'a> Redundant<'a> {
    /// The longest way back that the format can express, in units of the timestamp: 341 ms at 48 kHz.
    pub const OFFSET_MAX: u32 = (1 << 14) - 1;
    /// The longest block that the format can express.
    pub const BYTES_MAX: usize = (1 << 10) - 1;

    /// A frame with a timestamp `offset` before that of the packet; `None` when the format cannot express it, or there is
    /// nothing to express.
    pub fn new(offset: u32, payload: &'a [u8]) -> Option<Self> {
        let fits = (1..=Self::OFFSET_MAX).contains(&offset) && (1..=Self::BYTES_MAX).contains(&payload.len());
        fits.then_some(Self { offset: offset as u16, payload })
    }
}

/// A frame of a redundant packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedFrame<'a> {
    /// Its sequence number.
    pub sequence: u16,
    /// Its timestamp.
    pub timestamp: u32,
    /// The sealed frame.
    pub payload: &'a [u8],
}

/// The payload of a redundant packet, read in place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedView<'a> {
    /// Oldest first; the first `count` are there.
    redundant: [Redundant<'a>; REDUNDANT_BLOCKS_MAX],
    count: usize,
    primary: &'a [u8],
}

impl<'a> RedView<'a> {
    /// Reads a payload of which every block is to have `payload_type`.
    ///
    /// # Errors
    /// [`DropReason::Malformed`] when blocks do not fill the payload, are empty, are more than
    /// [`REDUNDANT_BLOCKS_MAX`] beside the frame, or are not in order of time; [`DropReason::UnknownPayloadType`] when
    /// one is of another type.
    pub fn parse(payload: &'a [u8], payload_type: u8) -> Result<Self, DropReason> {
        let mut headers = payload;
        let mut sizes = [(0, 0); REDUNDANT_BLOCKS_MAX];
        let mut count = 0;
        loop {
            let first = *headers.first().ok_or(DropReason::Malformed)?;
            if first & !FOLLOWS != payload_type {
                return Err(DropReason::UnknownPayloadType);
            }
            if first & FOLLOWS == 0 {
                headers = &headers[LAST_HEADER_BYTES..];
                break;
            }
            let (header, rest) = headers.split_first_chunk::<HEADER_BYTES>().ok_or(DropReason::Malformed)?;
            let bits = u32::from_be_bytes([0, header[1], header[2], header[3]]);
            *sizes.get_mut(count).ok_or(DropReason::Malformed)? = (bits >> 10, (bits & 0x3ff) as usize);
            count += 1;
            headers = rest;
        }
        let mut rest = headers;
        let mut redundant = [Redundant { offset: 0, payload: &[][..] }; REDUNDANT_BLOCKS_MAX];
        let mut before = Redundant::OFFSET_MAX + 1;
        for (slot, (offset, bytes)) in redundant.iter_mut().zip(sizes).take(count) {
            let (block, behind) = rest.split_at_checked(bytes).ok_or(DropReason::Malformed)?;
            let block = Redundant::new(offset, block).filter(|_| offset < before);
            *slot = block.ok_or(DropReason::Malformed)?;
            (before, rest) = (offset, behind);
        }
        if rest.is_empty() {
            return Err(DropReason::Malformed);
        }
        Ok(Self { redundant, count, primary: rest })
    }

    /// The packet's own frame.
    pub const fn primary(&self) -> &'a [u8] {
        self.primary
    }

    /// The frames that were sent before, oldest first, in a packet with this sequence number and timestamp.
    pub fn redundant(&self, sequence: u16, timestamp: u32) -> impl Iterator<Item = RedFrame<'a>> + use<'a> {
        let (blocks, count) = (self.redundant, self.count);
        blocks.into_iter().take(count).enumerate().map(move |(place, block)| RedFrame {
            sequence: sequence.wrapping_sub((count - place) as u16),
            timestamp: timestamp.wrapping_sub(u32::from(block.offset)),
            payload: block.payload,
        })
    }
}

/// Bytes that blocks cost beside the frames themselves.
pub const fn overhead_bytes(redundant: usize) -> usize {
    redundant * HEADER_BYTES + LAST_HEADER_BYTES
}

/// Appends the payload of a redundant packet: what was sent before, oldest first and without a gap, and the frame itself.
/// [`RedHistory`] knows what may go along.
pub fn write(redundant: &[Redundant<'_>], payload_type: u8, primary: &[u8], out: &mut impl BufMut) {
    for block in redundant {
        out.put_u8(FOLLOWS | payload_type);
        let bits = u32::from(block.offset) << 10 | block.payload.len() as u32;
        out.put_slice(&bits.to_be_bytes()[1..]);
    }
    out.put_u8(payload_type & !FOLLOWS);
    for block in redundant {
        out.put_slice(block.payload);
    }
    out.put_slice(primary);
}

#[cfg(test)]
mod tests;
