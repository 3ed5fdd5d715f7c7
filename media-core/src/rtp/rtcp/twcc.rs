//! Owns reading the statuses and arrival times of transport-wide feedback, one packet after the other
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1). Each subscriber's feedback goes through it ten times a second.

/// Bytes in front of the chunks: base sequence number, count, reference time, feedback count.
const HEAD_BYTES: usize = 8;
/// Statuses in a chunk of one-bit and of two-bit symbols (sections 3.1.4 and 3.1.3).
const ONE_BIT_STATUSES: u16 = 14;
const TWO_BIT_STATUSES: u16 = 7;

/// Iterates over transport-wide sequence numbers, each with how much later than the one before it came, in multiples of 250 us;
/// `None` if it did not. Ends early at what is cut off or reserved.
#[derive(Clone, Debug)]
pub(super) struct Packets<'a> {
    chunks: &'a [u8],
    deltas: &'a [u8],
    sequence: u16,
    /// Statuses that are still to come.
    remaining: u16,
    chunk: Chunk,
}

/// What is left of a chunk.
#[derive(Clone, Copy, Debug, Default)]
struct Chunk {
    /// The next symbol stands in the highest bits.
    symbols: u16,
    /// Bits of one symbol, and by how many the next one lies lower: none in a run.
    width: u16,
    step: u16,
    left: u16,
}

impl Chunk {
    const fn of(bytes: [u8; 2]) -> Self {
        let bits = u16::from_be_bytes(bytes);
        if bits & 0x8000 == 0 {
            Self { symbols: bits << 1, width: 2, step: 0, left: bits & 0x1fff }
        } else if bits & 0x4000 == 0 {
            Self { symbols: bits << 2, width: 1, step: 1, left: ONE_BIT_STATUSES }
        } else {
            Self { symbols: bits << 2, width: 2, step: 2, left: TWO_BIT_STATUSES }
        }
    }
}

impl<'a> Packets<'a> {
    /// Of the feedback control information behind a packet's SSRCs.
    pub(super) fn of(fci: &'a [u8]) -> Self {
        let mut packets = Self {
            chunks: fci.get(HEAD_BYTES..).unwrap_or_default(),
            deltas: &[],
            sequence: 0,
            remaining: 0,
            chunk: Chunk::default(),
        };
        if let Some(head) = fci.first_chunk::<4>() {
            packets.sequence = u16::from_be_bytes([head[0], head[1]]);
            packets.remaining = u16::from_be_bytes([head[2], head[3]]);
        }
        // Arrival times follow the last chunk.
        let (mut rest, mut untold) = (packets.chunks, packets.remaining);
        while untold > 0
            && let Some((chunk, behind)) = rest.split_first_chunk::<2>()
        {
            untold = untold.saturating_sub(Chunk::of(*chunk).left);
            rest = behind;
        }
        packets.deltas = rest;
        packets.chunks = &packets.chunks[..packets.chunks.len() - rest.len()];
        packets
    }

    #[inline]
    fn take_delta<const BYTES: usize>(&mut self) -> Option<[u8; BYTES]> {
        let (delta, rest) = self.deltas.split_first_chunk::<BYTES>()?;
        self.deltas = rest;
        Some(*delta)
    }
}

impl Iterator for Packets<'_> {
    type Item = (u16, Option<i16>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        while self.chunk.left == 0 {
            let (chunk, rest) = self.chunks.split_first_chunk::<2>()?;
            (self.chunk, self.chunks) = (Chunk::of(*chunk), rest);
        }
        let symbol = self.chunk.symbols >> (16 - self.chunk.width);
        self.chunk.symbols <<= self.chunk.step;
        self.chunk.left -= 1;
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        let delta = match symbol {
            0 => return Some((sequence, None)),
            1 => self.take_delta::<1>().map(|[delta]| i16::from(delta)),
            2 => self.take_delta().map(i16::from_be_bytes),
            _ => None,
        };
        if delta.is_none() {
            self.remaining = 0;
        }
        delta.map(|delta| (sequence, Some(delta)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rtcp_types::{Twcc, TwccPacketStatus, prelude::FciParser as _};

    use super::*;
    use crate::rtp::tests::many_cases;

    /// What the crate that writes them reads.
    fn reference(fci: &[u8]) -> Vec<(u16, Option<i16>)> {
        let packets = Twcc::parse(fci).unwrap().packets();
        packets
            .map_while(|packet| match packet.ok()? {
                (sequence, TwccPacketStatus::NotReceived) => Some((sequence, None)),
                (sequence, TwccPacketStatus::Received { delta }) => Some((sequence, Some(delta))),
            })
            .collect()
    }

    proptest! {
        #![proptest_config(many_cases())]

        #[test]
        fn any_bytes_say_what_another_reader_takes_them_for(
            base: u16,
            count in prop_oneof![0_u16..60, any::<u16>()],
            chunks in prop::collection::vec(prop_oneof![0x2000_u16..0x2010, 0x4000_u16..0x4010, 0_u16..16, any::<u16>()], 0..8),
            deltas in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let mut fci = [base.to_be_bytes(), count.to_be_bytes(), [0; 2], [0; 2]].concat();
            fci.extend(chunks.into_iter().flat_map(u16::to_be_bytes));
            fci.extend(deltas);
            prop_assert_eq!(Packets::of(&fci).collect::<Vec<_>>(), reference(&fci));
        }
    }

    #[test]
    fn what_has_no_head_says_nothing() {
        assert_eq!(Packets::of(&[0, 1, 0]).count(), 0);
        assert_eq!(Packets::of(&[]).next(), None);
    }
}
