//! Owns the sending side of SFrame (RFC 9605 section 4.4.3): one key, one counter that only rises.

use thiserror::Error;
use zeroize::Zeroize;

use crate::limits;

use super::{
    frame_key::FrameKey,
    header::{HEADER_BYTES_MAX, Header},
    key::{BaseKey, KeyId},
    suite::{CipherSuite, TAG_BYTES_MAX},
};

/// Seals the frames of one sender's stay: of all its tracks and layers, since they share one key and therefore one
/// counter.
///
/// It cannot be copied, and nothing takes its counter back, so no (key, nonce) pair is used twice. When [`remaining`]
/// comes to zero it seals nothing more; whoever holds it puts a sealer with a new base key in its place before.
///
/// [`remaining`]: Sealer::remaining
pub struct Sealer {
    sender: KeyId,
    key: FrameKey,
    /// The next frame's. Never taken back, not even when sealing fails.
    counter: u64,
    /// The first counter that is not used; at most [`limits::SEALED_FRAMES_MAX`].
    limit: u64,
    /// Scratch for header || metadata, kept to not allocate for each frame.
    aad: Vec<u8>,
}

impl Sealer {
    /// A sealer whose counter starts at zero. There is one for each sender and base key: a second one would use the
    /// same (key, nonce) pairs again. In a group each epoch has a base key of its own, and each member a leaf.
    pub fn new(suite: CipherSuite, sender: KeyId, base: &BaseKey) -> Self {
        Self::with_limit(suite, sender, base, limits::SEALED_FRAMES_MAX)
    }

    /// The same, for so many frames instead of [`limits::SEALED_FRAMES_MAX`], which stays the bound of a higher limit:
    /// with it a rehearsal reaches the end of a key within seconds.
    pub fn with_limit(suite: CipherSuite, sender: KeyId, base: &BaseKey, frames: u64) -> Self {
        Self {
            sender,
            key: FrameKey::derive(suite, sender, base),
            counter: 0,
            limit: frames.min(limits::SEALED_FRAMES_MAX),
            aad: Vec::new(),
        }
    }

    /// For the RFC's vectors, which do not start at zero.
    #[cfg(test)]
    pub(super) fn starting_at(suite: CipherSuite, sender: KeyId, base: &BaseKey, counter: u64) -> Self {
        Self::new(suite, sender, base).with_counter(counter)
    }

    /// The same sealer, as if it had sealed so many frames.
    #[cfg(test)]
    pub(super) fn with_counter(self, counter: u64) -> Self {
        Self { counter, ..self }
    }

    /// Whose frames this seals.
    pub const fn sender(&self) -> KeyId {
        self.sender
    }

    /// Frames sealed so far, or refused after their counter was taken.
    pub const fn frames(&self) -> u64 {
        self.counter
    }

    /// Frames that can still be sealed. At 200 frames/s, 12,000 last for a minute, which is time enough for a new key.
    pub const fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.counter)
    }

    /// Replaces `out` by the sealed frame: header, ciphertext, tag. `metadata` is bound to the frame but not part of
    /// `out`; the receiver needs the same bytes to open it. At most [`HEADER_BYTES_MAX`] and [`TAG_BYTES_MAX`] longer
    /// than `plaintext`. Allocates only while `out` has never held a frame of this size.
    ///
    /// # Errors
    /// Nothing is sealed and `out` is empty: the key was used as often as it may be, or the frame is too long.
    pub fn seal(&mut self, plaintext: &[u8], metadata: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        out.clear();
        if self.remaining() == 0 {
            return Err(SealError::CounterExhausted);
        }
        if plaintext.len() > limits::FRAME_BYTES_MAX - HEADER_BYTES_MAX - TAG_BYTES_MAX {
            return Err(SealError::Oversized);
        }
        let counter = self.counter;
        self.counter += 1;

        let header = Header { sender: self.sender, counter }.encode();
        let header = header.as_bytes();
        // Room for the longest header: the counter's length grows, which is no reason to allocate anew.
        self.aad.clear();
        self.aad.reserve(HEADER_BYTES_MAX + metadata.len());
        self.aad.extend_from_slice(header);
        self.aad.extend_from_slice(metadata);
        out.reserve(HEADER_BYTES_MAX + plaintext.len() + TAG_BYTES_MAX);
        out.extend_from_slice(header);
        out.extend_from_slice(plaintext);
        if self.key.seal(counter, &self.aad, out, header.len()).is_err() {
            // The plaintext stands in `out`; nobody may take it for a sealed frame. Length is all an AEAD refuses.
            out.zeroize();
            return Err(SealError::Oversized);
        }
        Ok(())
    }
}

/// Why a frame was not sealed. There is nothing to send then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The sealed frame would be longer than [`limits::FRAME_BYTES_MAX`].
    #[error("the frame is longer than a receiver opens")]
    Oversized,
    /// As many frames were sealed as the limit says, at most [`limits::SEALED_FRAMES_MAX`]: the sender needs a sealer
    /// with a new key id.
    #[error("the key was used as often as it may be; a new key id is needed")]
    CounterExhausted,
}
