//! Owns the memory of which packets of a stream have come: the network may bring one twice, and a receiver takes it once
//! (RFC 3550 section 5.1 has the sequence number for that, too). Whether its content is genuine is not decided here.

/// Packets behind the newest that are remembered: 2.5 s of audio. What comes later than that is of no use.
const REMEMBERED: u64 = 128;

/// The newest sequence number and a bit for each of those before it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Received {
    /// One more than the newest, 0 before the first.
    next: u64,
    /// Bit n stands for `next - 1 - n`.
    seen: u128,
}

impl Received {
    /// Whether a packet comes for the first time; it is remembered from then on.
    pub(super) fn insert(&mut self, sequence: u64) -> bool {
        if sequence >= self.next {
            let ahead = sequence + 1 - self.next;
            self.seen =
                u32::try_from(ahead).ok().and_then(|ahead| self.seen.checked_shl(ahead)).unwrap_or(0) | 1;
            self.next = sequence + 1;
            return true;
        }
        let behind = self.next - 1 - sequence;
        if behind >= REMEMBERED {
            return false;
        }
        let bit = 1 << behind;
        let first = self.seen & bit == 0;
        self.seen |= bit;
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_taken_once_in_whatever_order_packets_come() {
        let mut received = Received::default();
        let taken: Vec<bool> =
            [70_000, 70_002, 70_001, 70_002, 70_001, 70_000, 70_300, 70_300, 70_299, 70_001]
                .into_iter()
                .map(|sequence| received.insert(sequence))
                .collect();
        assert_eq!(taken, [true, true, true, false, false, false, true, false, true, false]);
    }
}
