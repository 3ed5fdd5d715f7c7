//! Owns the recordings of real encoders: what a camera, a screen or a voice gave frame by frame, as sizes, flags and
//! header bytes. The pictures and the sound themselves are deliberately absent. Playing a recording endlessly for
//! one participant is the part of [`Replay`].
//!
//! The recordings stand in `fixtures/media` and are part of the binary.

use std::{fmt, sync::OnceLock, time::Duration};

use media_core::media::{Codec, MediaKind};

mod parse;
mod replay;

pub use self::{
    parse::{RecordingError, RecordingProblem},
    replay::{Replay, ReplayedFrame},
};

/// Largest Opus packet in bytes that stands for "nothing to send" in discontinuous transmission: the contract of
/// `opus_encode` is that a packet of two bytes or less need not be transmitted.
pub const DTX_SIZE_MAX: u32 = 2;

/// One source as its encoder delivered it. All encodings have the same number of frames, at the same instants, with
/// key frames at the same instants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// By which scenarios and [`Recording::named`] know it, such as `talk-dtx`.
    pub name: &'static str,
    /// What was recorded.
    pub kind: MediaKind,
    /// Which encoder was recorded.
    pub codec: Codec,
    /// Frames per second, the same throughout.
    pub fps: u32,
    /// The simulcast encodings, smallest first. Exactly one for audio.
    pub encodings: Vec<EncodingTrack>,
}

impl Recording {
    /// The recording of that name, if there is one.
    ///
    /// # Panics
    ///
    /// When a recording in the binary is broken, which the test `every_embedded_recording_is_sound` rules out.
    pub fn named(name: &str) -> Option<&'static Self> {
        embedded().iter().find(|recording| recording.name == name)
    }

    /// The names of all recordings in the binary, in alphabetical order.
    ///
    /// # Panics
    ///
    /// As [`Recording::named`].
    pub fn names() -> impl Iterator<Item = &'static str> {
        embedded().iter().map(|recording| recording.name)
    }

    /// How long the recording is before it repeats.
    pub fn duration(&self) -> Duration {
        let frames = self.encodings.first().map_or(0, |track| track.frames.len() as u64);
        Duration::from_nanos(frames * 1_000_000_000 / u64::from(self.fps))
    }
}

/// The frames of one encoding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodingTrack {
    /// In the order of time, the first being a key frame (video).
    pub frames: Vec<RecordedFrame>,
    /// In pixels; zero for audio.
    pub width: u32,
    /// In pixels; zero for audio.
    pub height: u32,
    /// What the encoder was told, in bits per second.
    pub target_bps: u32,
    /// What it gave on average, in bits per second, key frames included, frames that are not sent excluded.
    pub mean_bps: u32,
    /// Where in `frames` the key frames are, rising. Empty for audio, where every frame stands by itself.
    keys: Vec<usize>,
    /// How many frames, the key frame included, playing on without the key frame leaves out: those that are as they
    /// are because of it. A multiple of the temporal pattern.
    settle: usize,
}

impl EncodingTrack {
    /// The busiest time that counts for [`EncodingTrack::busy_bps`].
    const BUSY: Duration = Duration::from_secs(2);

    /// What it gave in its busiest two seconds, in bits per second: what a line has to carry. The mean says too little of a
    /// screen, which is silent between slides, and its encoder's target, which it never comes near, too much.
    pub fn busy_bps(&self, fps: u32) -> u32 {
        let sizes = |frame: &RecordedFrame| if frame.is_dtx() { 0 } else { u64::from(frame.size) };
        let span = (Self::BUSY.as_secs() * u64::from(fps)).min(self.frames.len() as u64).max(1) as usize;
        let mut bytes: u64 = self.frames.iter().take(span).map(sizes).sum();
        let mut most = bytes;
        for (leaving, entering) in self.frames.iter().zip(self.frames.iter().skip(span)) {
            bytes = bytes + sizes(entering) - sizes(leaving);
            most = most.max(bytes);
        }
        u32::try_from(most * 8 * u64::from(fps) / span as u64).unwrap_or(u32::MAX)
    }
}

/// What is kept of one encoded frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedFrame {
    /// Since the beginning of the recording.
    pub at: Duration,
    /// Of the whole encoded frame, in bytes.
    pub size: u32,
    /// Whether a decoder can start here. Never set for audio, where it can start anywhere.
    pub key: bool,
    /// Spatial layer within the encoding, 0 the lowest.
    pub spatial: u8,
    /// Temporal layer, 0 the lowest.
    pub temporal: u8,
    /// Level of the sound that was encoded in -dBov: 0 loudest, 127 silence (RFC 6464). 127 for video.
    pub level: u8,
    /// Whether somebody speaks in this frame (RFC 6464's V bit).
    pub voice: bool,
    /// How the encoded frame begins.
    pub header: HeaderBytes,
}

impl RecordedFrame {
    /// Whether the encoder had nothing to send (discontinuous transmission).
    pub const fn is_dtx(&self) -> bool {
        self.size <= DTX_SIZE_MAX
    }
}

/// The first bytes of an encoded frame, at most [`HeaderBytes::LEN_MAX`].
///
/// - Opus: the TOC octet (RFC 6716 section 3.1) and the octet after it.
/// - VP8: the frame tag, on key frames also start code and dimensions (RFC 6386 section 9.1).
/// - VP9: the beginning of the uncompressed header.
/// - H.264: the header octets of the access unit's NAL units in order (RFC 6184 section 1.3); these are not adjacent
///   in the encoded frame.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct HeaderBytes {
    bytes: [u8; Self::LEN_MAX],
    len: u8,
}

impl HeaderBytes {
    /// More than this is never kept.
    pub const LEN_MAX: usize = 16;

    /// The bytes; `None` when there are too many.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let mut header = Self { bytes: [0; Self::LEN_MAX], len: u8::try_from(bytes.len()).ok()? };
        header.bytes.get_mut(..bytes.len())?.copy_from_slice(bytes);
        Some(header)
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for HeaderBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

macro_rules! embed {
    ($($file:literal),* $(,)?) => {
        [$(($file, include_str!(concat!("../../fixtures/media/", $file)))),*]
    };
}

/// Every recording's file name and text.
const EMBEDDED: [(&str, &str); 14] = embed![
    "camera-carphone.tsv",
    "camera-h264.tsv",
    "camera-passersby.tsv",
    "camera-vp9.tsv",
    "hello-dtx.tsv",
    "hello-fec.tsv",
    "hello-vbr.tsv",
    "reply-dtx.tsv",
    "reply-fec.tsv",
    "reply-vbr.tsv",
    "screen-slides.tsv",
    "talk-dtx.tsv",
    "talk-fec.tsv",
    "talk-vbr.tsv",
];

fn embedded() -> &'static [Recording] {
    static RECORDINGS: OnceLock<Vec<Recording>> = OnceLock::new();
    RECORDINGS.get_or_init(|| {
        EMBEDDED
            .iter()
            .map(|(file, text)| Recording::parse(file, text).expect("a test proves the embedded recordings"))
            .collect()
    })
}

#[cfg(test)]
mod tests;
