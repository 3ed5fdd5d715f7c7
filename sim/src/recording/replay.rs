//! Owns the endless encoder: it plays one recording for one participant, encoding by encoding, and makes key frames
//! only when they are asked for, as the encoders of video calls do. Reacting to bandwidth by changing a rate is
//! deliberately absent: what is sent is what was recorded; a sender adapts by switching encodings off.
//!
//! A recorded encoding is a ring of segments, each a key frame and the frames that build on it. Without a request
//! playback runs from one segment into the next and leaves out the key frame, together with the frames that are as
//! they are because of it (at least the rest of its temporal pattern, so that the layers keep alternating; in a slide
//! show also those that sharpen the coarse key frame). On a request it jumps to the next segment's key frame.

use std::time::Duration;

use media_core::time::Timestamp;

use super::{EncodingTrack, RecordedFrame, Recording};

/// A frame that the encoder delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayedFrame {
    /// Index into [`Recording::encodings`].
    pub encoding: usize,
    /// When it was captured, in the run's time.
    pub at: Timestamp,
    /// The frame as it was recorded; its own `at` is its place in the recording and not of interest to a sender.
    pub frame: RecordedFrame,
    /// Counts instants of capture from 0, wrapping: the same for all encodings, those that are off included. So the number
    /// grows over a switch from one encoding to another, and no two frames of a track share one by accident. libwebrtc does
    /// the same for servers that switch simulcast streams (`RtpVideoSender`'s shared frame id).
    pub frame_number: u16,
    /// The encoder had nothing to send: the caller does not send this frame, and lets its RTP time pass.
    pub dtx: bool,
}

/// An endless encoder for one participant. Every encoding is on at first, and whatever is on begins with a key frame.
#[derive(Clone, Debug)]
pub struct Replay {
    recording: &'static Recording,
    start: Timestamp,
    players: Vec<Player>,
}

impl Replay {
    /// Plays `recording` from the frame at `offset` on (video: from the first key frame there or after), the first
    /// frame being captured at `start`. An offset beyond the end wraps.
    pub fn new(recording: &'static Recording, offset: Duration, start: Timestamp) -> Self {
        let nanos = offset.as_nanos() % recording.duration().as_nanos().max(1);
        let place = (nanos * u128::from(recording.fps)).div_ceil(1_000_000_000) as usize;
        let players =
            recording.encodings.iter().map(|track| Player::new(place % track.frames.len())).collect();
        Self { recording, start, players }
    }

    /// What is being played.
    pub const fn recording(&self) -> &'static Recording {
        self.recording
    }

    /// When the next frame is captured; `None` while every encoding is off.
    pub fn next_at(&self) -> Option<Timestamp> {
        let (tick, _) = self.upcoming()?;
        Some(self.tick_at(tick))
    }

    /// The next frame that is captured by `now`: in order of time, at one instant the lower encoding first. Poll
    /// until `None`.
    pub fn poll(&mut self, now: Timestamp) -> Option<ReplayedFrame> {
        let (tick, encoding) = self.upcoming()?;
        let at = self.tick_at(tick);
        if at > now {
            return None;
        }
        let player = &mut self.players[encoding];
        let frame_number = tick as u16;
        let frame = player.play(&self.recording.encodings[encoding]);
        Some(ReplayedFrame { encoding, at, frame, frame_number, dtx: frame.is_dtx() })
    }

    /// Switches an encoding on or off; one that is switched on begins with a key frame, not before `now`.
    ///
    /// # Panics
    ///
    /// When the recording has no such encoding.
    pub fn set_active(&mut self, encoding: usize, active: bool, now: Timestamp) {
        let tick = self.tick_from(now);
        let player = &mut self.players[encoding];
        if active && !player.active {
            player.key_wanted = true;
            player.next_tick = player.next_tick.max(tick);
        }
        player.active = active;
    }

    /// Whether an encoding is on.
    ///
    /// # Panics
    ///
    /// When the recording has no such encoding.
    pub fn is_active(&self, encoding: usize) -> bool {
        self.players[encoding].active
    }

    /// Makes the next frame of an encoding a key frame. Audio has none, and takes no notice.
    ///
    /// # Panics
    ///
    /// When the recording has no such encoding.
    pub fn request_key_frame(&mut self, encoding: usize) {
        self.players[encoding].key_wanted = true;
    }

    /// The next frame's tick and encoding.
    fn upcoming(&self) -> Option<(u64, usize)> {
        let active = self.players.iter().enumerate().filter(|(_, player)| player.active);
        active.map(|(encoding, player)| (player.next_tick, encoding)).min()
    }

    /// Ticks are counted from the start, not added up, so that thirds of a second do not drift.
    fn tick_at(&self, tick: u64) -> Timestamp {
        self.start + Duration::from_nanos(tick.saturating_mul(1_000_000_000) / u64::from(self.recording.fps))
    }

    /// The first tick that is not before `now`.
    fn tick_from(&self, now: Timestamp) -> u64 {
        let nanos = now.saturating_since(self.start).as_nanos();
        (nanos * u128::from(self.recording.fps)).div_ceil(1_000_000_000) as u64
    }
}

/// Where the replay of one encoding is.
#[derive(Clone, Copy, Debug)]
struct Player {
    active: bool,
    /// The next frame is to be a key frame.
    key_wanted: bool,
    /// Index of the frame that would follow in the recording.
    place: usize,
    /// When the next frame is captured, in frame intervals since the start.
    next_tick: u64,
}

impl Player {
    const fn new(place: usize) -> Self {
        Self { active: true, key_wanted: true, place, next_tick: 0 }
    }

    fn play(&mut self, track: &EncodingTrack) -> RecordedFrame {
        let place = if self.key_wanted { next_key(track, self.place) } else { next_delta(track, self.place) };
        self.key_wanted = false;
        self.place = (place + 1) % track.frames.len();
        self.next_tick += 1;
        track.frames[place]
    }
}

/// The first key frame at or after `place`, around the end; `place` itself in audio.
fn next_key(track: &EncodingTrack, place: usize) -> usize {
    let later = track.keys.partition_point(|&key| key < place);
    track.keys.get(later).or(track.keys.first()).copied().unwrap_or(place)
}

/// `place`, or when a key frame is there, the first frame that does not belong to it.
fn next_delta(track: &EncodingTrack, place: usize) -> usize {
    if track.frames[place].key { place + track.settle } else { place }
}

#[cfg(test)]
mod tests;
