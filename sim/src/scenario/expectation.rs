//! Owns what a scenario expects of its run, in its validated form. Judging a run by it is not done here.

use media_core::signalling::Refusal;

use super::PersonIndex;

/// What is expected of some people.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// As written: a name, or a pattern in which `*` stands for any characters.
    pub pattern: String,
    /// Whom it is about. Never empty.
    pub people: Vec<PersonIndex>,
    /// Whether they were in a conference at any time.
    pub joined: Option<bool>,
    /// They met this refusal at least once.
    pub refused: Option<Refusal>,
    /// Figures and where they must lie. A figure that the run did not measure violates its bound.
    pub bounds: Vec<Bound>,
}

/// Where a figure must lie, the ends included. At least one end is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bound {
    /// Which figure.
    pub figure: Figure,
    /// Not less than this.
    pub min: Option<f64>,
    /// Not more than this.
    pub max: Option<f64>,
}

/// A figure of [`crate::record::ParticipantReport`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// `audio.mos`, 1 to 4.5.
    AudioMos,
    /// `audio.concealment`, a share of 0 to 1.
    AudioConcealment,
    /// `audio.longest_gap_ms`.
    AudioLongestGapMs,
    /// `audio.mouth_to_ear_ms_p95`.
    MouthToEarMs,
    /// `join.entered_ms`.
    EnteredMs,
    /// `join.first_audio_ms`.
    FirstAudioMs,
    /// `video.first_frame_ms`.
    FirstFrameMs,
    /// `video.frozen_share`, a share of 0 to 1.
    FrozenShare,
    /// `video.freezes`.
    Freezes,
    /// `video.kbps`.
    VideoKbps,
    /// `video.torn_frames`.
    TornFrames,
}

impl Figure {
    /// Name in scenario files, before `_min` and `_max`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AudioMos => "audio_mos",
            Self::AudioConcealment => "audio_concealment",
            Self::AudioLongestGapMs => "audio_longest_gap_ms",
            Self::MouthToEarMs => "mouth_to_ear_ms",
            Self::EnteredMs => "entered_ms",
            Self::FirstAudioMs => "first_audio_ms",
            Self::FirstFrameMs => "first_frame_ms",
            Self::FrozenShare => "frozen_share",
            Self::Freezes => "freezes",
            Self::VideoKbps => "video_kbps",
            Self::TornFrames => "torn_frames",
        }
    }

    /// Smallest and largest value that makes sense.
    pub const fn range(self) -> (f64, f64) {
        match self {
            Self::AudioMos => (1.0, 4.5),
            Self::AudioConcealment | Self::FrozenShare => (0.0, 1.0),
            Self::VideoKbps => (0.0, 1e6),
            Self::AudioLongestGapMs
            | Self::MouthToEarMs
            | Self::EnteredMs
            | Self::FirstAudioMs
            | Self::FirstFrameMs => (0.0, 3_600_000.0),
            Self::Freezes | Self::TornFrames => (0.0, 1e9),
        }
    }
}
