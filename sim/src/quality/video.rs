//! Owns the figures of what a viewer saw of one stream, and their merging over streams. How frames become whole is the
//! assembler's business; drawing them takes no time here.

use std::{collections::VecDeque, time::Duration};

use media_core::Timestamp;

use crate::{
    record::VideoReport,
    timeline::{Grid, Viewing},
};

/// Intervals in the average that a freeze is measured against (libwebrtc, `video_quality_observer2.cc`,
/// `kAvgInterframeDelaysWindowSizeFrames`).
const WINDOW_INTERVALS: usize = 30;
/// Intervals needed before a freeze can be told (the same, `kMinFrameSamplesToDetectFreeze`).
const SAMPLES_MIN: usize = 5;
/// Least increase over the average that is a freeze (the same, `kMinIncreaseForFreezeMs`).
const INCREASE_MIN: Duration = Duration::from_millis(150);
/// Freezes whose times are kept, of one stream.
const FREEZES_KEPT: usize = 128;
/// Intervals longer than this are pauses as well (W3C Identifiers for WebRTC's Statistics API, `pauseCount`).
const PAUSE: Duration = Duration::from_secs(5);

/// What was seen of one stream, from the moment the viewer wanted it.
///
/// An interval between two shown frames is a freeze when it is at least max(3 avg, avg + 150 ms), where avg is over the
/// last 30 intervals, it included, once there are 5: libwebrtc's rule, as in `freezeCount` of the W3C statistics. The
/// whole interval then counts as frozen. Two things differ from libwebrtc, because people notice them: an interval
/// that is still open when the watching ends is judged too, and a stall of more than 5 s, besides being counted as a
/// pause, stays frozen time (also with fewer than 5 intervals to compare with). Time in which the stream was paused on purpose is not watching time.
#[derive(Clone, Debug)]
pub struct VideoMeter {
    wanted: Timestamp,
    /// When the time began in which it is watched without a pause.
    wanted_since: Timestamp,
    /// End of the watching time; open while the stream is watched.
    ended: Option<Timestamp>,
    first_frame: Option<Timestamp>,
    /// Start of the open interval; absent before the first frame and while paused.
    interval_from: Option<Timestamp>,
    /// Whether the open interval starts with a resumption: it says nothing about the frame rate then.
    resumed: bool,
    paused_at: Option<Timestamp>,
    paused: Duration,
    /// Paused time before the first frame.
    paused_before_first: Duration,
    intervals: VecDeque<Duration>,
    frozen: Duration,
    freezes: u64,
    pauses: u64,
    longest: Duration,
    freezes_at: Vec<(Timestamp, Duration)>,
    frames: u64,
    payload_bytes: u64,
    torn_frames: u64,
    spatial: Option<u8>,
    switches: u64,
    line: Viewing,
}

impl VideoMeter {
    /// Starts when the viewer wants the stream.
    pub fn new(wanted: Timestamp) -> Self {
        Self {
            wanted,
            wanted_since: wanted,
            ended: None,
            first_frame: None,
            interval_from: None,
            resumed: false,
            paused_at: None,
            paused: Duration::ZERO,
            paused_before_first: Duration::ZERO,
            intervals: VecDeque::with_capacity(WINDOW_INTERVALS),
            frozen: Duration::ZERO,
            freezes: 0,
            pauses: 0,
            longest: Duration::ZERO,
            freezes_at: Vec::new(),
            frames: 0,
            payload_bytes: 0,
            torn_frames: 0,
            spatial: None,
            switches: 0,
            line: Viewing::new(Grid::default()),
        }
    }

    /// The same with its time line on `grid`, before anything was seen.
    #[must_use]
    pub(crate) fn with_grid(self, grid: Grid) -> Self {
        Self { line: Viewing::new(grid), ..self }
    }

    /// A packet with `bytes` of RTP payload arrived.
    pub fn on_payload(&mut self, bytes: usize) {
        self.payload_bytes += bytes as u64;
    }

    /// `frames` were torn: a part arrived but never the whole.
    pub fn on_torn(&mut self, frames: u64) {
        self.torn_frames += frames;
    }

    /// A frame of spatial layer `spatial` was decoded and shown. Ends a pause if one was on. Frames after
    /// [`VideoMeter::on_ended`] are ignored.
    pub fn on_frame(&mut self, now: Timestamp, spatial: u8) {
        if self.ended.is_some() {
            return;
        }
        self.on_resumed(now);
        self.frames += 1;
        self.line.on_frame(now);
        if self.spatial.replace(spatial).is_some_and(|before| before != spatial) {
            self.switches += 1;
        }
        if self.first_frame.is_none() {
            self.line.on_waiting(self.wanted_since, now);
            self.first_frame = Some(now);
            self.paused_before_first = self.paused;
        }
        if let Some(from) = self.interval_from.replace(now) {
            let interval = now.saturating_since(from);
            if self.resumed {
                self.settle(now, interval, self.threshold_with(interval));
            } else {
                if self.intervals.len() == WINDOW_INTERVALS {
                    self.intervals.pop_front();
                }
                self.intervals.push_back(interval);
                self.settle(now, interval, threshold(&self.intervals));
            }
        }
        self.resumed = false;
    }

    /// The stream stops on purpose (by the viewer, the sender or the server, and the viewer is told).
    pub fn on_paused(&mut self, now: Timestamp) {
        if self.paused_at.is_some() || self.ended.is_some() {
            return;
        }
        self.settle_open_interval(now);
        if self.first_frame.is_none() {
            self.line.on_waiting(self.wanted_since, now);
        }
        self.paused_at = Some(now);
    }

    /// The stream is wanted and allowed again. What follows until the next frame is judged like any interval.
    pub fn on_resumed(&mut self, now: Timestamp) {
        let Some(paused_at) = self.paused_at.take() else { return };
        self.paused += now.saturating_since(paused_at);
        self.wanted_since = now;
        if self.first_frame.is_some() {
            self.interval_from = Some(now);
            self.resumed = true;
        }
    }

    /// The viewer no longer watches. The time after does not count.
    pub fn on_ended(&mut self, now: Timestamp) {
        if self.ended.is_some() {
            return;
        }
        self.on_paused(now);
        self.on_resumed(now);
        self.interval_from = None;
        self.ended = Some(now);
    }

    /// When it was seen.
    pub(crate) fn line(&self) -> &Viewing {
        &self.line
    }

    /// Frames shown.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Freezes so far, without the interval that is still open.
    pub fn freezes(&self) -> u64 {
        self.freezes
    }

    /// Stalls of more than 5 s so far, without the interval that is still open.
    pub fn pauses(&self) -> u64 {
        self.pauses
    }

    /// Changes of the spatial layer from one frame to the next.
    pub fn quality_switches(&self) -> u64 {
        self.switches
    }

    /// The longest freeze so far.
    pub fn longest_freeze(&self) -> Duration {
        self.longest
    }

    /// When freezes began and how long they were, without the interval that is still open; the first 128.
    pub fn freezes_at(&self) -> &[(Timestamp, Duration)] {
        &self.freezes_at
    }

    /// From wanting the stream to its first frame, without time paused on purpose.
    pub fn first_frame_after(&self) -> Option<Duration> {
        let first = self.first_frame?;
        Some(first.saturating_since(self.wanted).saturating_sub(self.paused_before_first))
    }

    /// What a viewer saw over several streams, judged at `until`; absent without streams, or when all of them were
    /// paused all the time. The frozen share is of the summed times from the first frame on; a stream that never
    /// showed a frame was frozen all its time. The first frame is that of the slowest stream, and a frame that never
    /// came took the whole watching time. The rate is over the time in which any of them was wanted.
    pub fn report<'a>(meters: impl IntoIterator<Item = &'a Self>, until: Timestamp) -> Option<VideoReport> {
        let (mut frozen, mut watched, mut first_frame) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let (mut freezes, mut torn_frames, mut bytes) = (0, 0, 0);
        let (mut from, mut to) = (Timestamp::FAR_FUTURE, Timestamp::ZERO);
        for meter in meters {
            let mut meter = meter.clone();
            meter.on_ended(until.max(meter.wanted));
            let (meter_frozen, meter_watched, meter_first) = meter.times();
            frozen += meter_frozen;
            watched += meter_watched;
            first_frame = first_frame.max(meter_first);
            freezes += meter.freezes;
            torn_frames += meter.torn_frames;
            bytes += meter.payload_bytes;
            from = from.min(meter.wanted);
            to = to.max(meter.ended.unwrap_or(until));
        }
        if watched.is_zero() {
            return None;
        }
        Some(VideoReport {
            frozen_share: frozen.as_secs_f64() / watched.as_secs_f64(),
            freezes,
            first_frame_ms: first_frame.as_secs_f64() * 1_000.0,
            kbps: bytes as f64 * 8.0 / 1_000.0 / to.saturating_since(from).as_secs_f64(),
            torn_frames,
        })
    }

    /// Frozen time, watching time, and time to the first frame, of a meter that has ended.
    fn times(&self) -> (Duration, Duration, Duration) {
        let all = self.ended.unwrap_or(self.wanted).saturating_since(self.wanted).saturating_sub(self.paused);
        self.first_frame_after()
            .map_or((all, all, all), |first| (self.frozen, all.saturating_sub(first), first))
    }

    /// Judges the open interval as if a frame came at `now`, and closes it.
    fn settle_open_interval(&mut self, now: Timestamp) {
        if let Some(from) = self.interval_from.take() {
            let interval = now.saturating_since(from);
            self.settle(now, interval, self.threshold_with(interval));
        }
        self.resumed = false;
    }

    /// The threshold if `interval` were a sample, for intervals that end without a frame or start without one.
    fn threshold_with(&self, interval: Duration) -> Option<Duration> {
        let mut intervals = self.intervals.clone();
        if intervals.len() == WINDOW_INTERVALS {
            intervals.pop_front();
        }
        intervals.push_back(interval);
        threshold(&intervals)
    }

    fn settle(&mut self, now: Timestamp, interval: Duration, threshold: Option<Duration>) {
        self.pauses += u64::from(interval > PAUSE);
        if threshold.map_or(interval > PAUSE, |threshold| interval >= threshold) {
            self.freezes += 1;
            self.frozen += interval;
            self.line.on_frozen(now - interval, now);
            self.longest = self.longest.max(interval);
            if self.freezes_at.len() < FREEZES_KEPT {
                self.freezes_at.push((now - interval, interval));
            }
        }
    }
}

/// Least interval that is a freeze; absent while there are too few samples.
fn threshold(intervals: &VecDeque<Duration>) -> Option<Duration> {
    if intervals.len() < SAMPLES_MIN {
        return None;
    }
    let average = intervals.iter().sum::<Duration>() / intervals.len() as u32;
    Some((average * 3).max(average + INCREASE_MIN))
}

#[cfg(test)]
mod tests;
