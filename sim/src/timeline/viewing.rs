//! Owns the line of what was seen. What a freeze is, is decided by the meter.

use std::time::Duration;

use media_core::Timestamp;

use super::{Grid, Intervals, ParticipantTimeline, saturated};

/// What was seen of one picture, or of several.
#[derive(Clone, Debug)]
pub(crate) struct Viewing(Intervals<Seen>);

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    frames: u32,
    frozen: Duration,
    waiting: Duration,
}

impl Viewing {
    pub(crate) fn new(grid: Grid) -> Self {
        Self(Intervals::new(grid))
    }

    /// A frame was shown.
    pub(crate) fn on_frame(&mut self, at: Timestamp) {
        self.0.at(at).frames += 1;
    }

    /// The picture stood still.
    pub(crate) fn on_frozen(&mut self, from: Timestamp, to: Timestamp) {
        self.0.over(from, to, |seen, time| seen.frozen += time);
    }

    /// The picture was wanted and had not appeared yet.
    pub(crate) fn on_waiting(&mut self, from: Timestamp, to: Timestamp) {
        self.0.over(from, to, |seen, time| seen.waiting += time);
    }

    /// Adds what was seen of another picture.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0, |mine, theirs| {
            mine.frames += theirs.frames;
            mine.frozen += theirs.frozen;
            mine.waiting += theirs.waiting;
        });
    }

    pub(crate) fn write(&self, to: &mut ParticipantTimeline) {
        let millis = |time: Duration| saturated(time.as_nanos().div_ceil(1_000_000) as u64);
        to.frames = self.0.column(|seen| seen.frames);
        to.frozen_ms = self.0.column(|seen| millis(seen.frozen));
        to.waiting_ms = self.0.column(|seen| millis(seen.waiting));
    }
}
