//! Owns the sending side of SFrame (RFC 9605 section 4.4.3): one key, one counter that only rises.

use thiserror::Error;
use zeroize::Zeroize;

use crate::limits;

use super::{
    frame_key::FrameKey,
    header::{HEADER_BYTES_MAX, Header},
    key::{BaseKey, KeyId},
    suite::{CipherSuite, TAG_BYTES},
};

/// Seals the frames of one sender's stay: of all its tracks and layers, since they share one key and therefore one
/// counter.
pub struct Sealer {
    sender: KeyId,
    key: FrameKey,
    /// The next frame's. Never taken back, not even when sealing fails.
    counter: u64,
    /// Scratch for header || metadata, kept to not allocate for each frame.
    aad: Vec<u8>,
}

impl Sealer {
    /// A sealer whose counter starts at zero. `sender` is of this stay only (see [`KeyId::of_stay`]): a second sealer
    /// with the same id and base key would use the same (key, nonce) pairs again.
    pub fn new(suite: CipherSuite, sender: KeyId, base: &BaseKey) -> Self {
        Self::starting_at(suite, sender, base, 0)
    }

    /// For the RFC's vectors, which do not start at zero.
    pub(super) fn starting_at(suite: CipherSuite, sender: KeyId, base: &BaseKey, counter: u64) -> Self {
        Self { sender, key: FrameKey::derive(suite, sender, base), counter, aad: Vec::new() }
    }

    /// Whose frames this seals.
    pub const fn sender(&self) -> KeyId {
        self.sender
    }

    /// Frames sealed so far, or refused after their counter was taken.
    pub const fn frames(&self) -> u64 {
        self.counter
    }

    /// Replaces `out` by the sealed frame: header, ciphertext, tag. `metadata` is bound to the frame but not part of
    /// `out`; the receiver needs the same bytes to open it. At most [`HEADER_BYTES_MAX`] and [`TAG_BYTES`] longer
    /// than `plaintext`. Allocates only while `out` has never held a frame of this size.
    ///
    /// # Errors
    /// Nothing is sealed and `out` is empty: the frame is too long, or the key was used as often as it may be.
    pub fn seal(&mut self, plaintext: &[u8], metadata: &[u8], out: &mut Vec<u8>) -> Result<(), SealError> {
        out.clear();
        if plaintext.len() > limits::FRAME_BYTES_MAX - HEADER_BYTES_MAX - TAG_BYTES {
            return Err(SealError::Oversized);
        }
        if self.counter >= limits::SEALED_FRAMES_MAX {
            return Err(SealError::CounterExhausted);
        }
        let counter = self.counter;
        self.counter += 1;

        let header = Header { sender: self.sender, counter }.encode();
        let header = header.as_bytes();
        self.aad.clear();
        self.aad.extend_from_slice(header);
        self.aad.extend_from_slice(metadata);
        out.reserve(header.len() + plaintext.len() + TAG_BYTES);
        out.extend_from_slice(header);
        out.extend_from_slice(plaintext);
        let Ok(tag) = self.key.seal(counter, &self.aad, &mut out[header.len()..]) else {
            // The plaintext stands in `out`; nobody may take it for a sealed frame. Length is all an AEAD refuses.
            out.zeroize();
            return Err(SealError::Oversized);
        };
        out.extend_from_slice(tag.as_ref());
        Ok(())
    }
}

/// Why a frame was not sealed. There is nothing to send then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SealError {
    /// The sealed frame would be longer than [`limits::FRAME_BYTES_MAX`].
    #[error("the frame is longer than a receiver opens")]
    Oversized,
    /// [`limits::SEALED_FRAMES_MAX`] frames were sealed: the sender needs a new key id and sealer.
    #[error("the key was used as often as it may be; a new key id is needed")]
    CounterExhausted,
}
