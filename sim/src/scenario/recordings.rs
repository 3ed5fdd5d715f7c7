//! Owns the names of the recordings that a microphone, camera or screen can play. The recordings themselves are
//! not here.

use media_core::MediaKind;

/// Every recording and what it was recorded from.
pub const KNOWN_RECORDINGS: &[(&str, MediaKind)] = &[
    ("hello", MediaKind::Audio),
    ("hello-dtx", MediaKind::Audio),
    ("hello-fec", MediaKind::Audio),
    ("talk", MediaKind::Audio),
    ("talk-dtx", MediaKind::Audio),
    ("talk-fec", MediaKind::Audio),
    ("camera-vp8", MediaKind::Camera),
    ("camera-h264", MediaKind::Camera),
    ("camera-vp9", MediaKind::Camera),
    ("slides", MediaKind::Screen),
];
