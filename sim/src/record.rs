//! Owns what a run leaves behind for judges and reports: what each participant experienced, in simulated figures
//! only, so that equal runs leave equal records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one participant experienced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParticipantReport {
    /// The person's (or room's) name in the scenario.
    pub name: String,
    /// The building.
    pub site: String,
    /// What they heard; absent when nobody spoke to them.
    pub audio: Option<AudioReport>,
    /// What they saw; absent when they watched nothing.
    pub video: Option<VideoReport>,
    /// How they got in.
    pub join: JoinReport,
}

/// What a participant heard, over all the speakers they received.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AudioReport {
    /// Mean opinion score, 1.0 to 4.5 (ITU-T G.107).
    pub mos: f64,
    /// Share of played audio time that was concealed, 0 to 1.
    pub concealment: f64,
    /// Longest run of concealed audio in milliseconds.
    pub longest_gap_ms: f64,
    /// 95th percentile of the time from microphone to loudspeaker in milliseconds.
    pub mouth_to_ear_ms_p95: f64,
}

/// What a participant saw, over all the streams they watched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct VideoReport {
    /// Share of watching time that was frozen, 0 to 1.
    pub frozen_share: f64,
    /// Number of freezes (libwebrtc's definition).
    pub freezes: u64,
    /// From wanting the stream to its first whole frame, in milliseconds.
    pub first_frame_ms: f64,
    /// Received rate in kbit/s of RTP payload.
    pub kbps: f64,
    /// Frames of which a part arrived but not the whole.
    pub torn_frames: u64,
}

/// How a participant got in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JoinReport {
    /// From opening the link to the first audio heard, in milliseconds.
    pub first_audio_ms: Option<f64>,
    /// From opening the link to being in, in milliseconds.
    pub entered_ms: Option<f64>,
}
