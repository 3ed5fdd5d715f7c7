//! Owns the line of what was heard: steps of play-out by their own time, not by the time at which they were classified.

use std::time::Duration;

use media_core::Timestamp;

use super::{Grid, Intervals, ParticipantTimeline};

/// What became of the steps of one speaker's play-out, or of several.
#[derive(Clone, Debug)]
pub(crate) struct Hearing(Intervals<Steps>);

#[derive(Clone, Copy, Debug, Default)]
struct Steps {
    played: u32,
    concealed: u32,
    silent: u32,
}

impl Hearing {
    pub(crate) fn new(grid: Grid) -> Self {
        Self(Intervals::new(grid))
    }

    /// The step at `at` was played.
    pub(crate) fn on_played(&mut self, at: Timestamp) {
        self.0.at(at).played += 1;
    }

    /// `steps` of length `step` from `from` on were concealed.
    pub(crate) fn on_concealed(&mut self, from: Timestamp, step: Duration, steps: u64) {
        for number in 0..steps {
            self.0.at(nth(from, step, number)).concealed += 1;
        }
    }

    /// `steps` of length `step` from `from` on were silent.
    pub(crate) fn on_silent(&mut self, from: Timestamp, step: Duration, steps: u64) {
        for number in 0..steps {
            self.0.at(nth(from, step, number)).silent += 1;
        }
    }

    /// Adds what was heard of another speaker.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0, |mine, theirs| {
            mine.played += theirs.played;
            mine.concealed += theirs.concealed;
            mine.silent += theirs.silent;
        });
    }

    pub(crate) fn write(&self, to: &mut ParticipantTimeline) {
        to.played_steps = self.0.column(|steps| steps.played);
        to.concealed_steps = self.0.column(|steps| steps.concealed);
        to.silent_steps = self.0.column(|steps| steps.silent);
    }
}

fn nth(from: Timestamp, step: Duration, number: u64) -> Timestamp {
    from + step * u32::try_from(number).unwrap_or(u32::MAX)
}
