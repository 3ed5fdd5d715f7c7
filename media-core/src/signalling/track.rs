//! Owns tracks as clients offer them and as they are told of.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ParticipantId, Ssrc},
    media::{Codec, MediaKind},
};

/// A track that a client is going to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackOffer {
    /// Microphone, camera or screen.
    pub kind: MediaKind,
    /// How it is coded.
    pub codec: Codec,
    /// Simulcast encodings from the smallest to the largest; exactly one for audio.
    pub encodings: Vec<EncodingOffer>,
}

/// One simulcast encoding of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncodingOffer {
    /// Of the media.
    pub ssrc: Ssrc,
    /// Of its retransmissions (RFC 4588).
    pub rtx_ssrc: Ssrc,
    /// What its encoder aims at, in kbit/s of media: from this the server knows whether a subscriber's line carries it before
    /// any of it has come.
    pub target_kbps: u32,
}

/// A track as a subscriber receives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackInfo {
    /// Who sends it.
    pub participant: ParticipantId,
    /// Microphone, camera or screen.
    pub kind: MediaKind,
    /// How it is coded.
    pub codec: Codec,
    /// Simulcast layers there are to choose from.
    pub layers: u8,
    /// The one SSRC under which this subscriber sees it.
    pub ssrc: Ssrc,
    /// The SSRC of its retransmissions.
    pub rtx_ssrc: Ssrc,
}
