//! Owns the vocabulary of media: kinds, codecs, permissions and the payload types of the session.

use serde::{Deserialize, Serialize};

/// What a track carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaKind {
    /// A microphone.
    Audio,
    /// A camera.
    Camera,
    /// A shared screen.
    Screen,
}

impl MediaKind {
    /// Every kind, in the order of [`MediaKind::index`].
    pub const ALL: [Self; 3] = [Self::Audio, Self::Camera, Self::Screen];

    /// Dense index, for tables.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether frames of this kind are pictures.
    pub const fn is_video(self) -> bool {
        matches!(self, Self::Camera | Self::Screen)
    }

    /// RTP clock rate in Hz (RFC 7587 for Opus, RFC 7741 and others for video).
    pub const fn clock_rate(self) -> u32 {
        match self {
            Self::Audio => 48_000,
            Self::Camera | Self::Screen => 90_000,
        }
    }
}

/// What a participant may send. Enforced at the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    /// May speak.
    pub audio: bool,
    /// May show a camera.
    pub video: bool,
    /// May share a screen.
    pub screen: bool,
}

impl Permissions {
    /// Nothing may be sent.
    pub const NONE: Self = Self { audio: false, video: false, screen: false };
    /// Everything may be sent.
    pub const ALL: Self = Self { audio: true, video: true, screen: true };

    /// Whether media of `kind` may be sent.
    pub const fn allows(self, kind: MediaKind) -> bool {
        match kind {
            MediaKind::Audio => self.audio,
            MediaKind::Camera => self.video,
            MediaKind::Screen => self.screen,
        }
    }

    /// What both allow.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            audio: self.audio && other.audio,
            video: self.video && other.video,
            screen: self.screen && other.screen,
        }
    }
}

/// A codec, with the payload types this session uses for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// RFC 7587.
    Opus,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184.
    H264,
}

impl Codec {
    /// RTP payload type of the media itself.
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Opus => 111,
            Self::Vp8 => 96,
            Self::Vp9 => 98,
            Self::H264 => 102,
        }
    }

    /// RTP payload type of retransmissions (RFC 4588).
    pub const fn rtx_payload_type(self) -> u8 {
        match self {
            Self::Opus => 112,
            Self::Vp8 => 97,
            Self::Vp9 => 99,
            Self::H264 => 103,
        }
    }

    /// Whether a track of `kind` can carry this codec.
    pub const fn fits(self, kind: MediaKind) -> bool {
        match self {
            Self::Opus => !kind.is_video(),
            Self::Vp8 | Self::Vp9 | Self::H264 => kind.is_video(),
        }
    }
}
