//! Owns what the server keeps of a published track: its encodings, who subscribes, and its account.

use std::collections::VecDeque;

use super::{
    SubscriptionIndex, key_frames::KeyFrameRequests, missing::MissingPackets, repair::RepairCache,
    report::TrackReport,
};
use crate::{
    DropCounters,
    ids::{ConferenceId, ParticipantId, PeerId},
    media::{Codec, MediaKind},
    rtp::{meta::FrameReader, sequence::SequenceUnwrapper},
    signalling::{EncodingOffer, TrackOffer},
    time::Timestamp,
};

/// One simulcast encoding as it comes in.
#[derive(Debug)]
pub(super) struct Encoding {
    pub(super) offer: EncodingOffer,
    pub(super) numbers: SequenceUnwrapper,
    pub(super) frames: FrameReader,
    pub(super) cache: RepairCache,
    pub(super) missing: MissingPackets,
    pub(super) key_frames: KeyFrameRequests,
    /// From the publisher's sender reports: NTP time (32.32 fixed point) and RTP time of one instant.
    pub(super) clock: Option<(u64, u32)>,
    /// When the forwarder's timer for this encoding fires.
    pub(super) scheduled: Option<Timestamp>,
}

impl Encoding {
    fn new(offer: EncodingOffer) -> Self {
        Self {
            offer,
            numbers: SequenceUnwrapper::new(),
            frames: FrameReader::new(),
            cache: RepairCache::default(),
            missing: MissingPackets::default(),
            key_frames: KeyFrameRequests::default(),
            clock: None,
            scheduled: None,
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        [self.missing.poll_timeout(), self.key_frames.poll_timeout()].into_iter().flatten().min()
    }
}

/// A published track.
#[derive(Debug)]
pub(super) struct Track {
    pub(super) conference: ConferenceId,
    pub(super) owner: ParticipantId,
    pub(super) peer: PeerId,
    pub(super) kind: MediaKind,
    pub(super) codec: Codec,
    pub(super) encodings: Vec<Encoding>,
    pub(super) subscriptions: Vec<SubscriptionIndex>,
    /// Which encodings the publisher was told that somebody watches.
    pub(super) demand: u8,
    /// Grows whenever packets of the track were kept from everybody (mute, mode, not loud): what follows begins a
    /// new stretch.
    pub(super) stretch: u32,
    interrupted: bool,
    /// Extended sequence numbers that are held back (audio only).
    pub(super) held: VecDeque<u64>,
    pub(super) received: u64,
    pub(super) admitted: u64,
    pub(super) dropped: DropCounters,
}

impl Track {
    pub(super) fn new(
        conference: ConferenceId,
        owner: ParticipantId,
        peer: PeerId,
        offer: &TrackOffer,
    ) -> Self {
        Self {
            conference,
            owner,
            peer,
            kind: offer.kind,
            codec: offer.codec,
            encodings: offer.encodings.iter().copied().map(Encoding::new).collect(),
            subscriptions: Vec::new(),
            demand: 0,
            stretch: 0,
            interrupted: false,
            held: VecDeque::new(),
            received: 0,
            admitted: 0,
            dropped: DropCounters::default(),
        }
    }

    /// Whether the offer describes this very track.
    pub(super) fn is(&self, offer: &TrackOffer) -> bool {
        self.kind == offer.kind
            && self.codec == offer.codec
            && self.encodings.iter().map(|encoding| encoding.offer).eq(offer.encodings.iter().copied())
    }

    /// A packet was kept from everybody.
    pub(super) fn interrupt(&mut self) {
        self.interrupted = true;
    }

    /// A packet goes to the subscribers.
    pub(super) fn admit(&mut self) {
        self.admitted += 1;
        if std::mem::take(&mut self.interrupted) {
            self.stretch += 1;
        }
    }

    pub(super) fn report(&self) -> TrackReport {
        TrackReport {
            conference: self.conference,
            source: self.owner,
            kind: self.kind,
            received: self.received,
            admitted: self.admitted,
            held: self.held.len() as u64,
            dropped: self.dropped.clone(),
        }
    }
}
