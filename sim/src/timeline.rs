//! Owns the time lines of a run: what each participant heard, saw and received, and what each access link carried and
//! held up, interval by interval. They are for judges and reports; nobody in the rehearsal reads them. Whether a figure
//! is good, and how a line is drawn, is not here.
//!
//! All values are integers, so equal runs leave equal lines. Their size is bounded: a line has at most
//! [`Grid::INTERVALS_MAX`] intervals of 8 (a participant) or 4 (a link's direction) numbers, whatever the length of the
//! run.

mod grid;
mod hearing;
mod queueing;
mod receiving;
mod traffic;
mod viewing;

use serde::{Deserialize, Serialize};

pub use grid::Grid;
pub(crate) use grid::Intervals;
pub(crate) use hearing::Hearing;
pub use queueing::QueueDelays;
pub(crate) use receiving::Receiving;
pub(crate) use traffic::Traffic;
pub(crate) use viewing::Viewing;

/// What one participant heard, saw and received. Each list has one number for each interval of the run's [`Grid`], or
/// is empty when there was nothing in any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ParticipantTimeline {
    /// Steps of 20 ms in which a speaker was heard, summed over the speakers.
    pub played_steps: Vec<u32>,
    /// Steps of 20 ms that were filled by concealment, summed over the speakers.
    pub concealed_steps: Vec<u32>,
    /// Steps of 20 ms in which a speaker sent nothing on purpose, summed over the speakers.
    pub silent_steps: Vec<u32>,
    /// Frames shown, summed over the pictures that were watched.
    pub frames: Vec<u32>,
    /// Milliseconds in which a watched picture stood still by libwebrtc's definition of a freeze
    /// ([`crate::quality::VideoMeter`]), summed over the pictures.
    pub frozen_ms: Vec<u32>,
    /// Milliseconds in which a watched picture had not appeared yet, summed over the pictures.
    pub waiting_ms: Vec<u32>,
    /// Received audio in kbit/s of IP packets, rounded to the nearest.
    pub audio_kbps: Vec<u32>,
    /// Received video in kbit/s of IP packets, repairs included, rounded to the nearest.
    pub video_kbps: Vec<u32>,
}

/// What one direction of an access link did. Each list has one number for each interval of the run's [`Grid`], or is
/// empty when nothing was offered to the link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkTimeline {
    /// Delivered in kbit/s of IP packets, rounded to the nearest.
    pub carried_kbps: Vec<u32>,
    /// Longest time in milliseconds, rounded up, that a packet which got onto the wire in this interval had waited.
    pub queue_ms: Vec<u32>,
    /// Most bytes that waited for the wire.
    pub backlog_bytes: Vec<u32>,
    /// Packets that never came out, for whatever reason.
    pub dropped: Vec<u32>,
}

/// The sums of bytes as a rate for each interval.
fn rates(grid: Grid, bytes: impl Iterator<Item = u64>) -> Vec<u32> {
    let rate = |(index, bytes)| {
        let millis = grid.length(index).as_millis().max(1) as u64;
        saturated((bytes * 8 + millis / 2) / millis)
    };
    bytes.enumerate().map(rate).collect()
}

fn saturated(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Nothing, where all values are zero.
fn unless_empty(values: Vec<u32>) -> Vec<u32> {
    if values.iter().all(|value| *value == 0) { Vec::new() } else { values }
}

#[cfg(test)]
mod tests;
