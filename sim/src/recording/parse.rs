//! Owns reading a recording's text and every rule that a recording keeps. What the rules give is relied upon when a
//! recording is replayed: regular instants, a whole temporal pattern between key frames, equal encodings.

use std::{str::FromStr, time::Duration};

use media_core::media::{Codec, MediaKind};
use thiserror::Error;

use super::{EncodingTrack, HeaderBytes, RecordedFrame, Recording};

/// A recording that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{file}:{line}: {problem}")]
pub struct RecordingError {
    /// The file.
    pub file: &'static str,
    /// The line, counted from 1; behind the last one when something is missing.
    pub line: usize,
    /// What is wrong there.
    pub problem: RecordingProblem,
}

/// What is wrong with a recording.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RecordingProblem {
    /// A `#` line that is none of the known ones.
    #[error("no such header line: {0}")]
    UnknownHeader(String),
    /// A `#` line that has to be there is not.
    #[error("the header line `# {0}` is missing or stands too late")]
    MissingHeader(&'static str),
    /// A field that is not what its column holds.
    #[error("`{text}` is no {column}")]
    BadField {
        /// The column or header.
        column: &'static str,
        /// What stands there.
        text: String,
    },
    /// Too few or too many columns.
    #[error("{found} fields instead of {expected}")]
    FieldCount {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// Audio in a video codec or the other way round.
    #[error("this codec does not carry this kind of media")]
    CodecDoesNotFit,
    /// A frame does not come at its time.
    #[error("the frame is {found} us from the start instead of {expected} us")]
    IrregularTime {
        /// Number of the frame times the interval, in microseconds.
        expected: u64,
        /// What the file says.
        found: u64,
    },
    /// The encoding has not as many frames as its header says.
    #[error("the encoding has {found} frames instead of {expected}")]
    FrameCount {
        /// What the header says.
        expected: usize,
        /// What there is.
        found: usize,
    },
    /// The encoding's rate is not what its header says.
    #[error("the encoding has {found} bit/s on average instead of {expected}")]
    MeanRate {
        /// What the header says.
        expected: u32,
        /// What the frames give.
        found: u32,
    },
    /// A video encoding begins with a frame that cannot be decoded, or an audio frame claims to be a key frame.
    #[error("video begins with a key frame, audio has none")]
    MisplacedKeyFrame,
    /// The temporal layers do not alternate.
    #[error("the temporal layer is {found} where the pattern has {expected}")]
    TemporalPattern {
        /// What the pattern has at this distance from the key frame.
        expected: u8,
        /// What the file says.
        found: u8,
    },
    /// Two key frames are so close, or so oddly spaced, that playing on without the first's own frames is impossible
    /// or breaks the pattern.
    #[error(
        "{0} frames from one key frame to the next are not whole temporal patterns beyond those that settle"
    )]
    OddSegment(usize),
    /// The number of frames that belong to a key frame is not a multiple of the temporal pattern, or zero.
    #[error("{0} frames to settle are not whole temporal patterns")]
    Settle(usize),
    /// Simulcast encodings differ in length or in where their key frames are.
    #[error("the encodings differ in length or in their key frames")]
    UnequalEncodings,
}

impl Recording {
    /// Reads a recording. `file` is only for the error.
    pub(super) fn parse(file: &'static str, text: &'static str) -> Result<Self, RecordingError> {
        let mut parser = Parser::default();
        let mut last = 0;
        for (line, content) in text.lines().enumerate() {
            last = line + 1;
            parser.line(content).map_err(|problem| RecordingError { file, line: last, problem })?;
        }
        parser.finish().map_err(|problem| RecordingError { file, line: last + 1, problem })
    }
}

/// What has been read so far.
#[derive(Default)]
struct Parser {
    name: Option<&'static str>,
    kind: Option<MediaKind>,
    codec: Option<Codec>,
    fps: Option<u32>,
    /// How many frames at a key frame are as they are because of it.
    settle: usize,
    encodings: Vec<EncodingTrack>,
    /// Of the last encoding, according to its header.
    frames_stated: usize,
}

/// The columns of a frame's line, in order.
const COLUMNS: [&str; 8] = ["at_us", "size", "key", "spatial", "temporal", "level", "voice", "header"];

impl Parser {
    fn line(&mut self, line: &'static str) -> Result<(), RecordingProblem> {
        let Some(header) = line.strip_prefix("# ") else { return self.frame(line) };
        let (key, value) = header.split_once('\t').unwrap_or((header, ""));
        match key {
            "name" => self.name = Some(value),
            "kind" => self.kind = Some(kind(value)?),
            "codec" => self.codec = Some(codec(value)?),
            "clock" => {
                let kind = self.kind.ok_or(RecordingProblem::MissingHeader("kind"))?;
                if number::<u32>("clock", value)? != kind.clock_rate() {
                    return Err(bad_field("clock", value));
                }
            }
            "fps" => match number("fps", value)? {
                0 => return Err(bad_field("fps", value)),
                fps => self.fps = Some(fps),
            },
            "settle" => self.settle = number("settle", value)?,
            "columns" if value.split(' ').eq(COLUMNS) => {}
            "columns" => return Err(bad_field("columns", value)),
            // For people: where it comes from and how it was made.
            "source" | "command" | "version" => {}
            "encoding" => {
                self.finish_encoding()?;
                self.begin_encoding(value)?;
            }
            _ => return Err(RecordingProblem::UnknownHeader(key.to_owned())),
        }
        Ok(())
    }

    fn begin_encoding(&mut self, value: &str) -> Result<(), RecordingProblem> {
        let [width, height, target, mean, frames] = fields(value)?;
        self.frames_stated = number("frame count", frames)?;
        self.encodings.push(EncodingTrack {
            frames: Vec::with_capacity(self.frames_stated.min(1 << 16)),
            width: number("width", width)?,
            height: number("height", height)?,
            target_bps: number("target rate", target)?,
            mean_bps: number("mean rate", mean)?,
            keys: Vec::new(),
            settle: self.settle,
        });
        Ok(())
    }

    fn frame(&mut self, line: &str) -> Result<(), RecordingProblem> {
        let fps = self.fps.ok_or(RecordingProblem::MissingHeader("fps"))?;
        let track = self.encodings.last_mut().ok_or(RecordingProblem::MissingHeader("encoding"))?;
        let [at, size, key, spatial, temporal, level, voice, header] = fields(line)?;
        let frame = RecordedFrame {
            at: Duration::from_micros(number(COLUMNS[0], at)?),
            size: number(COLUMNS[1], size)?,
            key: flag(COLUMNS[2], key)?,
            spatial: number(COLUMNS[3], spatial)?,
            temporal: number(COLUMNS[4], temporal)?,
            level: number(COLUMNS[5], level)?,
            voice: flag(COLUMNS[6], voice)?,
            header: header_bytes(header)?,
        };
        if frame.level > 127 {
            return Err(bad_field(COLUMNS[5], level));
        }
        if (frame.size as usize) < frame.header.as_slice().len() {
            return Err(bad_field(COLUMNS[1], size));
        }
        let (expected, found) =
            (track.frames.len() as u64 * 1_000_000 / u64::from(fps), frame.at.as_micros() as u64);
        // The file's instants are rounded to the nearest microsecond.
        if found.abs_diff(expected) > 1 {
            return Err(RecordingProblem::IrregularTime { expected, found });
        }
        if frame.key {
            track.keys.push(track.frames.len());
        }
        track.frames.push(frame);
        Ok(())
    }

    /// Holds the encoding that has been read against its header and the rules.
    fn finish_encoding(&mut self) -> Result<(), RecordingProblem> {
        let kind = self.kind.ok_or(RecordingProblem::MissingHeader("kind"))?;
        let fps = self.fps.ok_or(RecordingProblem::MissingHeader("fps"))?;
        let Some(track) = self.encodings.last_mut() else { return Ok(()) };
        let (expected, found) = (self.frames_stated, track.frames.len());
        if expected != found || found == 0 {
            return Err(RecordingProblem::FrameCount { expected, found });
        }
        let (expected, found) = (track.mean_bps, mean_bps(&track.frames, fps));
        if found.abs_diff(expected) > 1 {
            return Err(RecordingProblem::MeanRate { expected, found });
        }
        if kind.is_video() != (track.keys.first() == Some(&0)) || (!kind.is_video() && !track.keys.is_empty())
        {
            return Err(RecordingProblem::MisplacedKeyFrame);
        }
        if kind.is_video() { check_segments(track) } else { Ok(()) }
    }

    fn finish(mut self) -> Result<Recording, RecordingProblem> {
        self.finish_encoding()?;
        let missing = RecordingProblem::MissingHeader;
        let (kind, codec) = (self.kind.ok_or(missing("kind"))?, self.codec.ok_or(missing("codec"))?);
        if !codec.fits(kind) {
            return Err(RecordingProblem::CodecDoesNotFit);
        }
        let first = self.encodings.first().ok_or(missing("encoding"))?;
        let equal = |track: &EncodingTrack| {
            let temporal = |track: &EncodingTrack| track.frames.iter().map(|frame| frame.temporal).max();
            track.keys == first.keys
                && track.frames.len() == first.frames.len()
                && temporal(track) == temporal(first)
        };
        if !self.encodings.iter().all(equal) {
            return Err(RecordingProblem::UnequalEncodings);
        }
        Ok(Recording {
            name: self.name.ok_or(missing("name"))?,
            kind,
            codec,
            fps: self.fps.ok_or(missing("fps"))?,
            encodings: self.encodings,
        })
    }
}

/// Average rate of what is sent, in bits per second.
fn mean_bps(frames: &[RecordedFrame], fps: u32) -> u32 {
    let bytes: u64 = frames.iter().filter(|frame| !frame.is_dtx()).map(|frame| u64::from(frame.size)).sum();
    (bytes * 8 * u64::from(fps) / frames.len() as u64) as u32
}

/// Every frame follows the temporal pattern, and leaving out what belongs to a key frame does not disturb it.
fn check_segments(track: &EncodingTrack) -> Result<(), RecordingProblem> {
    let top = track.frames.iter().map(|frame| frame.temporal).max().unwrap_or(0);
    // One, two and three layers as libvpx orders them (its temporal layering modes 2 and 3).
    let pattern: &[u8] = match top {
        0 => &[0],
        1 => &[0, 1],
        _ => &[0, 2, 1, 2],
    };
    let mut since_key = 0;
    for frame in &track.frames {
        since_key = if frame.key { 0 } else { since_key + 1 };
        let (expected, found) = (pattern[since_key % pattern.len()], frame.temporal);
        if expected != found {
            return Err(RecordingProblem::TemporalPattern { expected, found });
        }
    }
    if track.settle == 0 || !track.settle.is_multiple_of(pattern.len()) {
        return Err(RecordingProblem::Settle(track.settle));
    }
    let ends = track.keys.iter().skip(1).copied().chain([track.frames.len()]);
    for (begin, end) in track.keys.iter().zip(ends) {
        let length = end - begin;
        if length <= track.settle || !length.is_multiple_of(pattern.len()) {
            return Err(RecordingProblem::OddSegment(length));
        }
    }
    Ok(())
}

fn kind(text: &str) -> Result<MediaKind, RecordingProblem> {
    match text {
        "audio" => Ok(MediaKind::Audio),
        "camera" => Ok(MediaKind::Camera),
        "screen" => Ok(MediaKind::Screen),
        _ => Err(bad_field("kind", text)),
    }
}

fn codec(text: &str) -> Result<Codec, RecordingProblem> {
    match text {
        "opus" => Ok(Codec::Opus),
        "vp8" => Ok(Codec::Vp8),
        "vp9" => Ok(Codec::Vp9),
        "h264" => Ok(Codec::H264),
        _ => Err(bad_field("codec", text)),
    }
}

fn number<T: FromStr>(column: &'static str, text: &str) -> Result<T, RecordingProblem> {
    text.parse().map_err(|_| bad_field(column, text))
}

fn flag(column: &'static str, text: &str) -> Result<bool, RecordingProblem> {
    match text {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(bad_field(column, text)),
    }
}

fn header_bytes(text: &str) -> Result<HeaderBytes, RecordingProblem> {
    let mut bytes = [0; HeaderBytes::LEN_MAX];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.is_empty() || pairs.len() > bytes.len() {
        return Err(bad_field(COLUMNS[7], text));
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16).ok_or_else(|| bad_field(COLUMNS[7], text));
        *byte = (digit(0)? * 16 + digit(1)?) as u8;
    }
    HeaderBytes::new(&bytes[..pairs.len()]).ok_or_else(|| bad_field(COLUMNS[7], text))
}

fn fields<const N: usize>(line: &str) -> Result<[&str; N], RecordingProblem> {
    let mut fields = [""; N];
    let mut found = 0;
    for field in line.split('\t') {
        if let Some(slot) = fields.get_mut(found) {
            *slot = field;
        }
        found += 1;
    }
    if found == N { Ok(fields) } else { Err(RecordingProblem::FieldCount { expected: N, found }) }
}

fn bad_field(column: &'static str, text: &str) -> RecordingProblem {
    RecordingProblem::BadField { column, text: text.to_owned() }
}
