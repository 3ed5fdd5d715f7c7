//! Owns what stands inside an encrypted frame: the codec's recorded header bytes, a marker by which plaintext would be
//! found on the wire (E2E-003), the time of capture, and filling. Nobody decodes it; its size is the recorded one.

use media_core::Timestamp;

use crate::recording::RecordedFrame;
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of the marker.
pub const MARKER_BYTES: usize = 16;

/// The same in every frame of a run, drawn from its seed.
pub type Marker = [u8; MARKER_BYTES];

/// Writes the plaintext of a frame captured at `captured` into `out`. Frames too small for the marker (comfort noise)
/// are filling only.
pub(super) fn write(
    frame: &RecordedFrame,
    marker: &Marker,
    captured: Timestamp,
    filling: u64,
    out: &mut Vec<u8>,
) {
    out.clear();
    let size = frame.size as usize;
    let header = frame.header.as_slice();
    out.extend_from_slice(&header[..header.len().min(size)]);
    if is_marked(size, out.len()) {
        out.extend_from_slice(marker);
        out.extend_from_slice(&captured.as_nanos().to_be_bytes());
    }
    let mut state = filling | 1;
    while out.len() < size {
        // xorshift64 (Marsaglia 2003): cheap, and unlike any marker.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let room = (size - out.len()).min(8);
        out.extend_from_slice(&state.to_be_bytes()[..room]);
    }
}

/// What a frame goes by in the records of a run: a hash of its plaintext, which holds the time of capture and filling that
/// is the sender's own. Sender and receiver name the same frame alike, and no two frames with a marker are the same.
pub fn frame_identity(plaintext: &[u8]) -> u64 {
    xxh3_64(plaintext)
}

/// Whether a plaintext of this many bytes under this codec header bears the marker.
pub(super) const fn is_marked(plaintext: usize, header: usize) -> bool {
    header + MARKER_BYTES + 8 <= plaintext
}

/// Configurations of Opus with SILK in them, alone or beside CELT (RFC 6716 section 3.1, table 2).
const SILK_CONFIGURATIONS: u8 = 16;
/// In the octet after the TOC: SILK's flag that a copy of the frame before is inside (LBRR, RFC 6716 section 4.2.3), which
/// follows one voice flag in mono frames of 20 ms.
const COPY_FLAG: u8 = 0x40;

/// Whether an Opus packet of one mono frame of 20 ms has a copy of the frame before inside (in-band forward error correction,
/// RFC 6716 section 2.1.7).
pub(super) fn has_copy(opus: &[u8]) -> bool {
    let [toc, flags, _, ..] = opus else { return false };
    let (configuration, stereo, frames) = (toc >> 3, toc & 4 != 0, toc & 3);
    // Of each bandwidth's frame sizes in SILK 20 ms is the second; of the hybrid ones, from 12 on, each second one.
    let twenty_ms = configuration % 4 == 1 || (configuration >= 12 && configuration % 2 == 1);
    configuration < SILK_CONFIGURATIONS && twenty_ms && !stereo && frames == 0 && flags & COPY_FLAG != 0
}

/// What an opened frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Captured at this time; the marker was there. Beside it, what the frame goes by.
    Marked(Timestamp, u64),
    /// Too small for a marker.
    Small,
    /// Large enough, but without the marker: not what any sender of this run wrote.
    Strange,
}

/// The codec header may have up to this many bytes before the marker.
const HEADER_BYTES_MAX: usize = 16;

pub(super) fn read(plaintext: &[u8], marker: &Marker) -> Content {
    let near = &plaintext[..plaintext.len().min(HEADER_BYTES_MAX + MARKER_BYTES)];
    let Some(at) = near.windows(MARKER_BYTES).position(|window| window == marker) else {
        let small = plaintext.len() < HEADER_BYTES_MAX + MARKER_BYTES + 8;
        return if small { Content::Small } else { Content::Strange };
    };
    let time = plaintext.get(at + MARKER_BYTES..at + MARKER_BYTES + 8);
    match time.and_then(|bytes| bytes.try_into().ok()) {
        Some(bytes) => {
            Content::Marked(Timestamp::from_nanos(u64::from_be_bytes(bytes)), frame_identity(plaintext))
        }
        None => Content::Strange,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_where_the_flag_of_a_frame_with_silk_says_so() {
        // Hybrid, fullband, 20 ms, mono.
        assert!(has_copy(&[0x78, 0xc4, 1]));
        assert!(has_copy(&[0x78, 0x40, 1]));
        assert!(!has_copy(&[0x78, 0x80, 1]));
        // CELT only: the bits are sound. Stereo and several frames have their flags elsewhere.
        assert!(!has_copy(&[0xf8, 0xc4, 1]));
        assert!(!has_copy(&[0x7c, 0xc4, 1]));
        assert!(!has_copy(&[0x79, 0xc4, 1]));
        // Too short to be more than a flag.
        assert!(!has_copy(&[0x78, 0xc4]));
    }

    #[test]
    fn the_recordings_with_error_correction_have_copies_and_the_others_none() {
        let copies = |name: &str| {
            let frames = &crate::recording::Recording::named(name).unwrap().encodings[0].frames;
            let mut plain = Vec::new();
            frames
                .iter()
                .filter(|frame| {
                    write(frame, &[0; MARKER_BYTES], Timestamp::ZERO, 1, &mut plain);
                    has_copy(&plain)
                })
                .count()
        };
        assert_eq!([copies("talk-fec"), copies("talk-vbr"), copies("talk-dtx")], [4_498, 0, 0]);
    }
}
