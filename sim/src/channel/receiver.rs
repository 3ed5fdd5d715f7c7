//! Owns the receiving direction: segments back into order, the stream back into records, messages until polled.

use std::collections::{BTreeMap, VecDeque};

use super::{
    RECEIVE_BYTES_MAX,
    setup::{BadRecord, Record, take_record},
    wire::Segment,
};

/// Segments ahead of the next one that are held, one for each bit of the SACK map.
pub(super) const WINDOW_SEGMENTS: u32 = 64;

/// What became of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Taken,
    Duplicate,
    Refused,
    /// A bare acknowledgement.
    Empty,
}

/// The receiving direction.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    /// The next segment in order.
    expected: u32,
    ahead: BTreeMap<u32, Vec<u8>>,
    stream: Vec<u8>,
    messages: VecDeque<Vec<u8>>,
    message_bytes: usize,
    owes_acknowledgement: bool,
}

impl Receiver {
    pub(super) fn new() -> Self {
        Self {
            expected: 0,
            ahead: BTreeMap::new(),
            stream: Vec::new(),
            messages: VecDeque::new(),
            message_bytes: 0,
            owes_acknowledgement: false,
        }
    }

    pub(super) fn on_segment(&mut self, segment: Segment) -> Verdict {
        if !segment.carries() {
            return Verdict::Empty;
        }
        // Acknowledged in any case: a duplicate means that the acknowledgement was lost.
        self.owes_acknowledgement = true;
        let Some(distance) = segment.sequence.checked_sub(self.expected) else { return Verdict::Duplicate };
        if self.ahead.contains_key(&segment.sequence) {
            return Verdict::Duplicate;
        }
        if distance > WINDOW_SEGMENTS || self.message_bytes > RECEIVE_BYTES_MAX {
            return Verdict::Refused;
        }
        self.ahead.insert(segment.sequence, segment.payload);
        while let Some(payload) = self.ahead.remove(&self.expected) {
            // The SYN's payload stands for options, which are no part of the stream.
            if self.expected > 0 {
                self.stream.extend_from_slice(&payload);
            }
            self.expected += 1;
        }
        Verdict::Taken
    }

    /// The next whole record of the stream.
    pub(super) fn next_record(&mut self) -> Result<Option<Record>, BadRecord> {
        let record = take_record(&mut self.stream);
        if self.stream.is_empty() {
            // Nothing comes for minutes after the news of a join; then there is no room kept for it.
            self.stream = Vec::new();
        }
        record
    }

    pub(super) fn deliver(&mut self, message: Vec<u8>) {
        self.message_bytes += message.len();
        self.messages.push_back(message);
    }

    pub(super) fn poll_message(&mut self) -> Option<Vec<u8>> {
        let message = self.messages.pop_front()?;
        self.message_bytes -= message.len();
        Some(message)
    }

    pub(super) fn has_syn(&self) -> bool {
        self.expected > 0
    }

    /// The next segment in order, and a map of those beyond it.
    pub(super) fn acknowledgement(&self) -> (u32, u64) {
        let sack =
            self.ahead.keys().fold(0, |map, sequence| map | 1_u64 << (sequence - self.expected - 1).min(63));
        (self.expected, sack)
    }

    pub(super) fn owes_acknowledgement(&self) -> bool {
        self.owes_acknowledgement
    }

    pub(super) fn owe_acknowledgement(&mut self) {
        self.owes_acknowledgement = true;
    }

    pub(super) fn on_acknowledged(&mut self) {
        self.owes_acknowledgement = false;
    }
}
