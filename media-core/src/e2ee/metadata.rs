//! Owns what stands in clear beside a frame and is bound to it: the SFrame metadata (RFC 9605 section 4.4.3). The
//! bytes are not sent; each side makes them from the packets' own fields.

use crate::media::{Codec, MediaKind};

/// What the server needs to see of a frame, where a lie could harm (E2E-011).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameMetadata {
    /// Which of the sender's tracks; a frame of the screen does not open as one of the camera.
    pub kind: MediaKind,
    /// By the RTP payload type.
    pub codec: Codec,
    /// Spatial layer or simulcast encoding, 0 the smallest. Zero for audio.
    pub spatial_layer: u8,
    /// Temporal layer, 0 the base. Zero for audio.
    pub temporal_layer: u8,
    /// Whether decoding can start here. False for audio.
    pub key_frame: bool,
    /// The frame number of the dependency descriptor; for audio, zero (its order is the SFrame counter's).
    pub frame_number: u16,
}

impl FrameMetadata {
    /// Bytes of the encoding.
    pub const BYTES: usize = 7;

    /// The one encoding: kind, payload type, spatial layer, temporal layer and key-frame flag in a byte each, then
    /// the frame number in network order. Different metadata has different bytes.
    pub const fn to_bytes(self) -> [u8; Self::BYTES] {
        let [high, low] = self.frame_number.to_be_bytes();
        [
            self.kind.index() as u8,
            self.codec.payload_type(),
            self.spatial_layer,
            self.temporal_layer,
            self.key_frame as u8,
            high,
            low,
        ]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::FrameMetadata;
    use crate::media::{Codec, MediaKind};

    #[test]
    fn different_metadata_has_different_bytes() {
        let mut seen = BTreeSet::new();
        for kind in MediaKind::ALL {
            for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264] {
                for spatial_layer in 0..4 {
                    for temporal_layer in 0..4 {
                        for key_frame in [false, true] {
                            for frame_number in [0, 1, 255, 256, u16::MAX] {
                                let metadata = FrameMetadata {
                                    kind,
                                    codec,
                                    spatial_layer,
                                    temporal_layer,
                                    key_frame,
                                    frame_number,
                                };
                                assert!(seen.insert(metadata.to_bytes()), "{metadata:?}");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_bytes_are_as_documented() {
        let metadata = FrameMetadata {
            kind: MediaKind::Screen,
            codec: Codec::Vp9,
            spatial_layer: 2,
            temporal_layer: 1,
            key_frame: true,
            frame_number: 0x1234,
        };
        assert_eq!(metadata.to_bytes(), [2, 98, 2, 1, 1, 0x12, 0x34]);
    }
}
