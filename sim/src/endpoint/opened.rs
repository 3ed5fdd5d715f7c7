//! Owns the opening of received frames, and what becomes of them: whose they are is asked first, and every refusal is
//! counted.

use std::time::Duration;

use media_core::{
    DropCounters, DropReason, ParticipantId, Timestamp,
    e2ee::{CipherSuite, ConferenceSecret, FrameMetadata, KeyId, Opener, SharedSecretKeys},
};

use super::plaintext::{self, Content, Marker};

/// Counts of what became of received frames.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrameCounters {
    /// Frames that SFrame opened.
    pub opened: u64,
    /// Frames that went to a decoder (play-out or picture).
    pub decoded: u64,
    /// Frames that SFrame refused.
    pub refused: u64,
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
        self.marked += other.marked;
        self.strange += other.strange;
    }
}

/// What became of a track's frames.
#[derive(Debug, Default)]
pub(super) struct Frames {
    pub(super) counters: FrameCounters,
    /// Why packets of it went no further.
    pub(super) refused: DropCounters,
    /// What went to the decoder, by [`plaintext::frame_identity`].
    pub(super) decoded: Vec<u64>,
    /// Longest time from capture to decoding.
    pub(super) slowest: Duration,
}

/// What opening needs besides the track itself.
pub(super) struct Opening<'a> {
    pub(super) opener: &'a mut Opener<SharedSecretKeys>,
    pub(super) marker: &'a Marker,
    /// The conference's secret, for an endpoint that is broken on purpose and plays whatever opens.
    pub(super) gullible: Option<[u8; 32]>,
}

/// Opens a frame as one of `sender`, or refuses it. Whose key sealed it is asked first: a frame of somebody else must not
/// count as opened, or their own copy of it would be taken for a replay.
pub(super) fn open(
    sealed: &[u8],
    metadata: FrameMetadata,
    sender: ParticipantId,
    frames: &mut Frames,
    opening: &mut Opening<'_>,
) -> Result<Content, DropReason> {
    let mut clear = Vec::new();
    let opened = KeyId::of_frame(sealed).and_then(|key| {
        if let Some(secret) = opening.gullible {
            let keys = SharedSecretKeys::new(ConferenceSecret::from_bytes(secret));
            return Opener::new(CipherSuite::default(), keys).open(sealed, &metadata.to_bytes(), &mut clear);
        }
        if !key.is_of(sender) {
            return Err(DropReason::WrongSender);
        }
        opening.opener.open(sealed, &metadata.to_bytes(), &mut clear)
    });
    if let Err(reason) = opened {
        frames.counters.refused += 1;
        return Err(reason);
    }
    frames.counters.opened += 1;
    let content = plaintext::read(&clear, opening.marker);
    frames.counters.marked += u64::from(matches!(content, Content::Marked(..)));
    frames.counters.strange += u64::from(content == Content::Strange);
    Ok(content)
}

impl Frames {
    pub(super) fn on_decoded(&mut self, now: Timestamp, content: Content) {
        self.counters.decoded += 1;
        if let Content::Marked(captured, identity) = content {
            self.slowest = self.slowest.max(now.saturating_since(captured));
            self.decoded.push(identity);
        }
    }
}
