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
