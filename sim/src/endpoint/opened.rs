//! Owns the opening of received frames, and what becomes of them: whose they are is asked first, and every refusal is
//! counted.

use std::time::Duration;

use media_core::{
    DropCounters, DropReason, MediaKind, ParticipantId, Timestamp,
    e2ee::{FrameMetadata, KeyId},
};

use super::{
    encryption::Encryption,
    plaintext::{self, Content, Marker},
};

/// Counts of what became of received frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameCounters {
    /// Frames that SFrame opened.
    pub opened: u64,
    /// Frames that went to a decoder (play-out or picture).
    pub decoded: u64,
    /// Frames that SFrame refused, for other reasons than the want of a key.
    pub refused: u64,
    /// Frames for which there was no key: of epochs in which the participant was not, or of which it did not know yet.
    pub keyless: u64,
    /// Opened frames in which the sender's marker stood.
    pub marked: u64,
    /// Opened frames without the marker that every sender writes.
    pub strange: u64,
}

impl FrameCounters {
    /// Adds another track's counts to these.
    pub fn merge(&mut self, other: &Self) {
        self.opened += other.opened;
        self.decoded += other.decoded;
        self.refused += other.refused;
        self.keyless += other.keyless;
        self.marked += other.marked;
        self.strange += other.strange;
    }
}

/// A frame that went to the decoder, and was large enough to bear the sender's marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodedFrame {
    /// When.
    pub at: Timestamp,
    /// What it goes by (see [`frame_identity`](super::frame_identity)).
    pub identity: u64,
}

/// A frame that SFrame refused, by what stands in clear in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnopenedFrame {
    /// When.
    pub at: Timestamp,
    /// Under which key it claims to be sealed; absent when it has no SFrame header.
    pub sender: Option<(KeyId, u64)>,
    /// Why.
    pub reason: DropReason,
}

/// What became of a track's frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pub(super) counters: FrameCounters,
    /// Why packets of it went no further.
    pub(super) refused: DropCounters,
    /// What went to the decoder.
    pub(super) decoded: Vec<DecodedFrame>,
    /// What SFrame refused.
    pub(super) unopened: Vec<UnopenedFrame>,
    /// Longest time from capture to decoding.
    pub(super) slowest: Duration,
}

/// What opening needs besides the track itself.
pub(super) struct Opening<'a> {
    pub(super) now: Timestamp,
    pub(super) encryption: &'a mut Encryption,
    pub(super) marker: &'a Marker,
}

/// A frame that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Opened {
    pub(super) content: Content,
    /// A copy of the frame before it is inside (audio).
    pub(super) copy_before: bool,
}

/// Opens a frame as one of `sender`, or refuses it.
pub(super) fn open(
    sealed: &[u8],
    metadata: FrameMetadata,
    sender: ParticipantId,
    frames: &mut Frames,
    opening: &mut Opening<'_>,
) -> Result<Opened, DropReason> {
    let mut clear = Vec::new();
    let opened = opening.encryption.open(opening.now, sender, sealed, &metadata.to_bytes(), &mut clear);
    if let Err(reason) = opened {
        let count = if reason == DropReason::NoKey {
            &mut frames.counters.keyless
        } else {
            &mut frames.counters.refused
        };
        *count += 1;
        let sender = KeyId::with_counter(sealed).ok();
        frames.unopened.push(UnopenedFrame { at: opening.now, sender, reason });
        return Err(reason);
    }
    frames.counters.opened += 1;
    let content = plaintext::read(&clear, opening.marker);
    frames.counters.marked += u64::from(matches!(content, Content::Marked(..)));
    frames.counters.strange += u64::from(content == Content::Strange);
    let copy_before = metadata.kind == MediaKind::Audio && plaintext::has_copy(&clear);
    Ok(Opened { content, copy_before })
}

impl Frames {
    pub(super) fn on_decoded(&mut self, now: Timestamp, content: Content) {
        self.counters.decoded += 1;
        if let Content::Marked(captured, identity) = content {
            self.slowest = self.slowest.max(now.saturating_since(captured));
            self.decoded.push(DecodedFrame { at: now, identity });
        }
    }
}
