//! Owns the numbering of one forwarded stream: whatever the source does (layer switch, mute, gap of the loudest
//! selection), the subscriber sees one SSRC, sequence numbers without a gap that the server made, and timestamps that
//! never go back (FWD-001).
//!
//! A stretch is a run of source packets that go through with constant offsets. Numbers that the source skipped inside
//! a stretch stay reserved, so a packet that is repaired later still has its place; between stretches there is none. What
//! the server leaves out on purpose (a temporal layer) ends a stretch, and the next one goes on without a gap.

use std::collections::VecDeque;

use crate::time::Timestamp;

/// How many stretches can still place a late packet or answer a NACK: two seconds of a picture of which every second frame is
/// left out.
const STRETCHES_KEPT: usize = 32;

/// One run of packets with constant offsets.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    encoding: u8,
    /// It still grows: only the youngest may.
    is_open: bool,
    first: u64,
    /// One behind the last number that has a place; `first` while there is none.
    end: u64,
    /// Outgoing extended number of the packet `first`.
    out_first: u64,
    timestamp_offset: u32,
}

/// Sequence numbers and timestamps as one subscriber sees them.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Rewriter {
    /// Where nearly all packets have their place; it lies beside what else each of them needs.
    youngest: Option<Stretch>,
    out_next: u64,
    last_timestamp: Option<(u32, Timestamp)>,
    /// Those before it, the oldest first.
    older: VecDeque<Stretch>,
}

/// Numbers of one forwarded packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rewritten {
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
}

impl Stretch {
    fn has_place(&self, encoding: u8, sequence: u64) -> bool {
        self.encoding == encoding && (self.first..self.end).contains(&sequence)
    }

    /// Numbers of the packet `sequence`, which lies in it or behind it.
    fn rewritten(&self, sequence: u64, timestamp: u32) -> Rewritten {
        Rewritten {
            sequence: (self.out_first + (sequence - self.first)) as u16,
            timestamp: timestamp.wrapping_add(self.timestamp_offset),
        }
    }
}

impl Rewriter {
    /// Starts numbering at `first`.
    pub(super) fn new(first: u16) -> Self {
        // One cycle up, so that no arithmetic on late packets reaches below zero.
        Self {
            youngest: None,
            out_next: u64::from(first) + (1 << 16),
            last_timestamp: None,
            older: VecDeque::new(),
        }
    }

    /// Begins a stretch with the packet `sequence` of `encoding`. Its outgoing timestamp is `wanted` (the caller knows
    /// how the source's clocks relate) but always later than everything sent before.
    pub(super) fn start(&mut self, encoding: u8, sequence: u64, timestamp: u32, wanted: u32) {
        let out = match self.last_timestamp {
            Some((last, _)) if (wanted.wrapping_sub(last) as i32) <= 0 => last.wrapping_add(1),
            _ => wanted,
        };
        self.begin(encoding, sequence, out.wrapping_sub(timestamp));
    }

    fn begin(&mut self, encoding: u8, first: u64, timestamp_offset: u32) {
        if let Some(before) = self.youngest.filter(|stretch| stretch.first != stretch.end) {
            if self.older.len() + 1 == STRETCHES_KEPT {
                self.older.pop_front();
            }
            self.older.push_back(Stretch { is_open: false, ..before });
        }
        let out_first = self.out_next;
        self.youngest =
            Some(Stretch { encoding, is_open: true, first, end: first, out_first, timestamp_offset });
    }

    /// The youngest first.
    fn stretches(&self) -> impl Iterator<Item = &Stretch> {
        self.youngest.iter().chain(self.older.iter().rev())
    }

    /// Leaves the packet `sequence` of `encoding` out, so that the next one follows without a gap. Says whether it could: a
    /// packet that has a place already, because newer ones were sent, has to fill it.
    pub(super) fn skip(&mut self, encoding: u8, sequence: u64) -> bool {
        if self.stretches().any(|stretch| stretch.has_place(encoding, sequence)) {
            return false;
        }
        let grows = |stretch: &&mut Stretch| {
            stretch.is_open && stretch.encoding == encoding && sequence >= stretch.first
        };
        let Some(stretch) = self.youngest.as_mut().filter(grows) else {
            return true;
        };
        // What is missing in front of it may belong to a frame that goes through.
        if sequence > stretch.first {
            stretch.end = sequence;
            self.out_next = stretch.out_first + (sequence - stretch.first);
        }
        let offset = stretch.timestamp_offset;
        self.begin(encoding, sequence + 1, offset);
        true
    }

    /// Ends the present stretch: what follows in the source has no place before the next one begins.
    pub(super) fn close(&mut self) {
        if let Some(stretch) = &mut self.youngest {
            stretch.is_open = false;
        }
    }

    /// Numbers for a packet of `encoding`, or nothing when it belongs to no stretch (its place was never reserved).
    pub(super) fn place(
        &mut self,
        now: Timestamp,
        encoding: u8,
        sequence: u64,
        timestamp: u32,
    ) -> Option<Rewritten> {
        // Only the youngest stretch grows; the others place what was reserved in them.
        if let Some(stretch) = &mut self.youngest
            && stretch.is_open
            && stretch.encoding == encoding
            && sequence >= stretch.first
        {
            let rewritten = stretch.rewritten(sequence, timestamp);
            let out = stretch.out_first + (sequence - stretch.first);
            if out >= self.out_next {
                stretch.end = sequence + 1;
                self.out_next = out + 1;
                self.last_timestamp = Some((rewritten.timestamp, now));
            }
            return Some(rewritten);
        }
        let stretch = self.stretches().find(|stretch| stretch.has_place(encoding, sequence))?;
        Some(stretch.rewritten(sequence, timestamp))
    }

    /// Whether a packet of the youngest stretch has a place in it.
    pub(super) fn has_place(&self, sequence: u64) -> bool {
        self.youngest.is_some_and(|stretch| (stretch.first..stretch.end).contains(&sequence))
    }

    /// The source packet that was sent under `sequence`, as (encoding, extended source number).
    pub(super) fn find(&self, sequence: u16) -> Option<(u8, u64)> {
        // The newest outgoing number with these low bits.
        let newest = self.out_next.checked_sub(1)?;
        let out = newest - u64::from((newest as u16).wrapping_sub(sequence));
        self.stretches().find_map(|stretch| {
            let source = stretch.first + out.checked_sub(stretch.out_first)?;
            (source < stretch.end).then_some((stretch.encoding, source))
        })
    }

    /// Timestamp and time of the newest packet sent.
    pub(super) fn last_sent(&self) -> Option<(u32, Timestamp)> {
        self.last_timestamp
    }

    /// Offset from the source's timestamps to the outgoing ones in the present stretch.
    pub(super) fn timestamp_offset(&self) -> Option<(u8, u32)> {
        self.youngest.map(|stretch| (stretch.encoding, stretch.timestamp_offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::ZERO;

    #[test]
    fn a_switch_leaves_no_gap_and_no_step_back() {
        let mut rewriter = Rewriter::new(65_534);
        rewriter.start(0, 100, 5_000, 9_000);
        let numbers: Vec<_> =
            (100..103).map(|n| rewriter.place(NOW, 0, n, 5_000).unwrap().sequence).collect();
        assert_eq!(numbers, [65_534, 65_535, 0]);
        rewriter.start(1, 7_000, 40, 1);
        let switched = rewriter.place(NOW, 1, 7_000, 40).unwrap();
        assert_eq!(switched, Rewritten { sequence: 1, timestamp: 9_001 });
    }

    #[test]
    fn a_packet_repaired_after_a_switch_still_has_its_reserved_place() {
        let mut rewriter = Rewriter::new(10);
        rewriter.start(0, 100, 0, 0);
        rewriter.place(NOW, 0, 100, 0);
        rewriter.place(NOW, 0, 102, 0);
        rewriter.start(1, 5, 0, 50);
        rewriter.place(NOW, 1, 5, 0);
        assert_eq!(rewriter.place(NOW, 0, 101, 0).unwrap().sequence, 11);
        assert_eq!(rewriter.place(NOW, 0, 103, 0), None, "its place was never reserved");
        assert_eq!(rewriter.place(NOW, 1, 4, 0), None, "older than the switch");
    }

    #[test]
    fn a_stretch_that_has_ended_does_not_grow() {
        let mut rewriter = Rewriter::new(10);
        rewriter.start(0, 100, 0, 0);
        rewriter.place(NOW, 0, 100, 0);
        rewriter.place(NOW, 0, 102, 0);
        rewriter.close();
        assert_eq!(rewriter.place(NOW, 0, 103, 0), None);
        assert_eq!(rewriter.place(NOW, 0, 101, 0).unwrap().sequence, 11, "this place was reserved");
    }

    #[test]
    fn what_is_left_out_leaves_no_gap_and_what_is_missing_keeps_its_place() {
        let mut rewriter = Rewriter::new(10);
        rewriter.start(0, 100, 0, 0);
        rewriter.place(NOW, 0, 100, 0);
        assert!(rewriter.skip(0, 101));
        assert!(rewriter.skip(0, 102));
        assert_eq!(rewriter.place(NOW, 0, 103, 0).unwrap().sequence, 11);
        // 104 is missing: it may belong to the frame of 103.
        assert!(rewriter.skip(0, 105));
        assert_eq!(rewriter.place(NOW, 0, 106, 0).unwrap().sequence, 13);
        assert_eq!(rewriter.place(NOW, 0, 104, 0).unwrap().sequence, 12);
        assert_eq!(rewriter.place(NOW, 0, 101, 0), None, "it was left out");
        assert!(!rewriter.skip(0, 104), "it has a place");
        assert_eq!(rewriter.find(11), Some((0, 103)));
        assert_eq!(rewriter.find(12), Some((0, 104)));
        assert_eq!(rewriter.find(13), Some((0, 106)));
        assert_eq!(rewriter.timestamp_offset(), Some((0, 0)));
    }

    #[test]
    fn a_switch_behind_what_was_left_out_leaves_no_gap() {
        let mut rewriter = Rewriter::new(10);
        rewriter.start(0, 100, 0, 0);
        rewriter.place(NOW, 0, 100, 0);
        rewriter.skip(0, 101);
        rewriter.start(1, 7, 0, 50);
        assert_eq!(rewriter.place(NOW, 1, 7, 0).unwrap().sequence, 11);
    }

    #[test]
    fn a_sent_number_leads_back_to_its_source_packet() {
        let mut rewriter = Rewriter::new(10);
        rewriter.start(0, 100, 0, 0);
        rewriter.place(NOW, 0, 100, 0);
        rewriter.start(2, 900, 0, 50);
        rewriter.place(NOW, 2, 900, 0);
        rewriter.place(NOW, 2, 901, 0);
        assert_eq!(rewriter.find(10), Some((0, 100)));
        assert_eq!(rewriter.find(12), Some((2, 901)));
        assert_eq!(rewriter.find(13), None, "not sent yet");
    }
}
