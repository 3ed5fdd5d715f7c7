//! Owns the receiving side of SFrame (RFC 9605 section 4.4.4): the keys and replay windows of all senders, and the
//! refusal of everything that is not authentic and new.

use std::collections::BTreeMap;

use zeroize::Zeroize;

use crate::{
    drop_reason::{DropCounters, DropReason},
    limits,
    replay_window::ReplayWindow,
};

use super::{
    frame_key::FrameKey,
    header::{HEADER_BYTES_MAX, Header},
    key::{KeyId, KeySource},
    suite::CipherSuite,
};

/// Opens the frames of every sender of a conference.
///
/// A sender's keys are derived for each of its frames until one is authentic, and kept from then on: nobody without
/// a key can fill the table. A sender whose stay ended is to be [retired](Opener::retire), which frees its place
/// among [`limits::SENDER_KEYS_MAX`]; what does not fit is refused as [`DropReason::NoKey`]. Retired senders are
/// remembered, at most [`limits::KNOWN_SENDERS_MAX`] with the others, until they are [forgotten](Opener::forget) because
/// their keys are gone for good.
///
/// A replay is told from what this opener has seen. Frames that a sender sealed before this opener first heard it
/// open once, however old they are; only a key that changes when members come (MLS) refuses them.
pub struct Opener<K> {
    suite: CipherSuite,
    keys: K,
    /// Retired senders keep an empty place until they are forgotten, so that they are not taken for new.
    senders: BTreeMap<KeyId, Option<Box<Sender>>>,
    active: usize,
    /// Scratch for header || metadata, kept to not allocate for each frame.
    aad: Vec<u8>,
    drops: DropCounters,
}

struct Sender {
    key: FrameKey,
    window: ReplayWindow,
}

/// What the header of an opened frame says; it is authentic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Whose key sealed the frame.
    pub sender: KeyId,
    /// The sender's number of the frame, over all its tracks, from zero.
    pub counter: u64,
}

impl<K: KeySource> Opener<K> {
    /// An opener that has heard nobody.
    pub fn new(suite: CipherSuite, keys: K) -> Self {
        Self {
            suite,
            keys,
            senders: BTreeMap::new(),
            active: 0,
            aad: Vec::new(),
            drops: DropCounters::default(),
        }
    }

    /// Replaces `out` by the plaintext of a sealed frame. `metadata` is what the receiver read beside the frame; it
    /// must be what the sender sealed it with. Allocates only for a new sender, and while `out` has never held a
    /// frame of this size.
    ///
    /// # Errors
    /// The frame is refused, the reason counted, `out` empty and nothing remembered of it:
    /// [`DropReason::Oversized`], [`DropReason::Malformed`], [`DropReason::NoKey`], [`DropReason::Replayed`],
    /// [`DropReason::BeyondReplayWindow`] or [`DropReason::BadTag`].
    pub fn open(&mut self, sealed: &[u8], metadata: &[u8], out: &mut Vec<u8>) -> Result<Opened, DropReason> {
        let result = self.try_open(sealed, metadata, out);
        if let Err(reason) = result {
            self.drops.count(reason);
            // An AEAD may leave plaintext that is not authentic.
            out.as_mut_slice().zeroize();
            out.clear();
        }
        result
    }

    /// Ends a sender's stay: its key is wiped, and no frame of this id opens again. An endpoint retires its own id
    /// at once, so that a server cannot play its own voice back to it as another's.
    pub fn retire(&mut self, sender: KeyId) {
        if self.senders.len() >= limits::KNOWN_SENDERS_MAX && !self.senders.contains_key(&sender) {
            // Nobody new is heard any more, this sender included.
            return;
        }
        if self.senders.insert(sender, None).flatten().is_some() {
            self.active -= 1;
        }
    }

    /// Wipes the keys of the senders that `ended` names, and all memory of them, so that others have their places among
    /// [`limits::KNOWN_SENDERS_MAX`]; gives their number. It is for ids that come anew with every epoch (RFC 9605 section
    /// 5.2), of which there are more than can be remembered.
    ///
    /// The key source has to have dropped their base keys for good, since nothing else refuses their frames from here on:
    /// with the key, what was opened before would open once more. An id that may come again has to have another key.
    pub fn forget(&mut self, mut ended: impl FnMut(KeyId) -> bool) -> usize {
        let before = self.senders.len();
        self.senders.retain(|sender, _| !ended(*sender));
        self.active = self.senders.values().flatten().count();
        before - self.senders.len()
    }

    /// Senders whose keys are held or who were retired; at most [`limits::KNOWN_SENDERS_MAX`].
    pub fn remembered_senders(&self) -> usize {
        self.senders.len()
    }

    /// Senders whose keys are held, at most [`limits::SENDER_KEYS_MAX`].
    pub const fn active_senders(&self) -> usize {
        self.active
    }

    /// How often frames were refused, by reason.
    pub const fn drops(&self) -> &DropCounters {
        &self.drops
    }

    /// Where keys come from.
    pub const fn keys_mut(&mut self) -> &mut K {
        &mut self.keys
    }

    fn try_open(&mut self, sealed: &[u8], metadata: &[u8], out: &mut Vec<u8>) -> Result<Opened, DropReason> {
        if sealed.len() > limits::FRAME_BYTES_MAX {
            return Err(DropReason::Oversized);
        }
        let (header, header_bytes) = Header::decode(sealed)?;
        let (header_part, body) = sealed.split_at(header_bytes);
        let ciphertext_bytes = body.len().checked_sub(self.suite.tag_bytes()).ok_or(DropReason::Malformed)?;
        let (ciphertext, tag) = body.split_at(ciphertext_bytes);
        self.aad.clear();
        self.aad.reserve(HEADER_BYTES_MAX + metadata.len());
        self.aad.extend_from_slice(header_part);
        self.aad.extend_from_slice(metadata);

        let Header { sender, counter } = header;
        let open = |key: &FrameKey, aad: &[u8], out: &mut Vec<u8>| {
            out.resize(ciphertext.len(), 0);
            key.open(counter, aad, ciphertext, tag, out).map_err(|_| DropReason::BadTag)
        };
        match self.senders.get_mut(&sender) {
            Some(Some(known)) => {
                known.window.check(counter)?;
                open(&known.key, &self.aad, out)?;
                known.window.on_authentic(counter);
            }
            Some(None) => return Err(DropReason::NoKey),
            None => {
                let key = self.new_key(sender)?;
                open(&key, &self.aad, out)?;
                let mut window = ReplayWindow::new();
                window.on_authentic(counter);
                self.senders.insert(sender, Some(Box::new(Sender { key, window })));
                self.active += 1;
            }
        }
        Ok(Opened { sender, counter })
    }

    /// The key of a sender of whom no frame was authentic so far, if there is room for one more.
    fn new_key(&mut self, sender: KeyId) -> Result<FrameKey, DropReason> {
        if self.active >= limits::SENDER_KEYS_MAX || self.senders.len() >= limits::KNOWN_SENDERS_MAX {
            return Err(DropReason::NoKey);
        }
        let base = self.keys.base_key(sender).ok_or(DropReason::NoKey)?;
        Ok(FrameKey::derive(self.suite, sender, &base))
    }
}
