//! Owns what an eavesdropper does: a client that keeps its keys when it is out of the conference, takes whatever still
//! reaches it, and tries each key on each frame. It goes by no rule of the group: which epoch a frame claims, and whose
//! it is, keeps it from nothing.

use bytes::Bytes;
use media_core::{
    Codec, MediaKind, Timestamp,
    e2ee::{
        BaseKey, CipherSuite, FrameMetadata, KeyId, KeySource, Opener,
        mls::{Membership, MembershipOutput},
    },
    rtp::{Protocol, RtpView, demux},
    signalling::ServerMessage,
};

use crate::endpoint::{DecodedFrame, frame_identity};

/// What an eavesdropper wrote down after it was out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overheard {
    /// Frames of sound that reached it and that it tried to open. Only sound is tried: its packets are whole frames.
    pub tried: u64,
    /// The frames that it opened, by when they came.
    pub opened: Vec<DecodedFrame>,
    /// Commits that it was still given.
    pub commits: u64,
    /// Commits that it could follow, so that it had the keys of their epoch.
    pub followed: u64,
}

/// The keys that are kept, and what came of it.
#[derive(Default)]
pub(super) struct Eavesdropper {
    /// Of every epoch that it was in while it kept keys.
    keys: Vec<BaseKey>,
    /// Its part in the group that it is out of.
    membership: Option<Membership>,
    overheard: Overheard,
}

impl Eavesdropper {
    pub(super) fn keep(&mut self, key: BaseKey) {
        self.keys.push(key);
    }

    /// The client is out: what it had of the group is not forgotten.
    pub(super) fn on_outside(&mut self, membership: Membership) {
        self.membership = Some(membership);
    }

    /// The client is in, and needs no tricks.
    pub(super) fn on_entered(&mut self) {
        self.membership = None;
    }

    /// A message to somebody who is out.
    pub(super) fn on_message(&mut self, now: Timestamp, message: &ServerMessage) {
        let ServerMessage::Commit { sequence, commit } = message else { return };
        let Some(membership) = &mut self.membership else { return };
        self.overheard.commits += 1;
        membership.on_commit(now, *sequence, commit);
        while let Some(output) = membership.poll_output() {
            if matches!(output, MembershipOutput::Epoch(_)) {
                self.overheard.followed += 1;
                self.keys.extend(membership.base_key());
            }
        }
    }

    /// A packet to somebody who is out.
    pub(super) fn on_received(&mut self, now: Timestamp, bytes: &Bytes) {
        if self.membership.is_none() || demux(bytes) != Protocol::Rtp {
            return;
        }
        let Ok(view) = RtpView::parse(bytes) else { return };
        if view.payload_type() != Codec::Opus.payload_type() {
            return;
        }
        self.overheard.tried += 1;
        let metadata = FrameMetadata {
            kind: MediaKind::Audio,
            codec: Codec::Opus,
            spatial_layer: 0,
            temporal_layer: 0,
            key_frame: false,
            frame_number: 0,
        };
        let mut clear = Vec::new();
        let opens = |key: &BaseKey| {
            let mut opener = Opener::new(CipherSuite::default(), ForEverybody(key.clone()));
            opener.open(view.payload(), &metadata.to_bytes(), &mut clear).is_ok()
        };
        if self.keys.iter().any(opens) {
            let identity = frame_identity(&clear);
            self.overheard.opened.push(DecodedFrame { at: now, identity });
        }
    }

    pub(super) fn finish(&mut self) -> Overheard {
        std::mem::take(&mut self.overheard)
    }
}

/// Takes one key for everybody's in every epoch.
struct ForEverybody(BaseKey);

impl KeySource for ForEverybody {
    fn base_key(&mut self, _: KeyId) -> Option<BaseKey> {
        Some(self.0.clone())
    }
}
