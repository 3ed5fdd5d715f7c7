//! Owns the ways by which clients reach the media node.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a client reaches the media node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ClientKind {
    /// RTP as it is: what protects packets hop by hop costs bytes and round trips that are left out.
    #[default]
    Plain,
    /// WebRTC by another implementation than the media node's: SDP, ICE, DTLS, SRTP, and its feedback, requests and reports.
    Webrtc,
}
