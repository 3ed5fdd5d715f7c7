//! Owns the line of what reached one participant.

use media_core::{MediaKind, Timestamp};

use super::{Grid, Intervals, ParticipantTimeline};

/// Bytes of media packets that reached one participant.
#[derive(Clone, Debug)]
pub(crate) struct Receiving(Intervals<Bytes>);

#[derive(Clone, Copy, Debug, Default)]
struct Bytes {
    audio: u64,
    video: u64,
}

impl Receiving {
    pub(crate) fn new(grid: Grid) -> Self {
        Self(Intervals::new(grid))
    }

    /// A packet of a track of `kind` arrived, `wire_bytes` long with all headers.
    pub(crate) fn on_packet(&mut self, at: Timestamp, kind: MediaKind, wire_bytes: u32) {
        let bytes = self.0.at(at);
        let sum = if kind.is_video() { &mut bytes.video } else { &mut bytes.audio };
        *sum += u64::from(wire_bytes);
    }

    pub(crate) fn write(&self, to: &mut ParticipantTimeline) {
        to.audio_kbps = self.0.rates(|bytes| bytes.audio);
        to.video_kbps = self.0.rates(|bytes| bytes.video);
    }
}
