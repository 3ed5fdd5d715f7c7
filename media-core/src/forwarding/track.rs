//! Owns what the server keeps of a published track: its encodings, who subscribes, and its account.

use std::collections::VecDeque;

use super::{
    SubscriptionIndex, key_frames::KeyFrameRequests, missing::MissingPackets, rates::LayerRates,
    repair::RepairCache, report::TrackReport, voice::Voice,
};
use crate::{
    DropCounters, DropReason,
    ids::{ConferenceId, ParticipantId, PeerId},
    limits::ENCODING_SILENT,
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
    /// The publisher may not send, or has sent nothing since it may again.
    pub(super) barred: bool,
    /// What came before this number, was sent when the publisher was not permitted to.
    pub(super) permitted_from: u64,
    /// The newest packet that the subscribers were offered, or that was kept from all of them.
    front: Option<u64>,
    /// What it costs on the wire.
    pub(super) rates: LayerRates,
    /// Since when somebody wants it.
    pub(super) wanted_since: Option<Timestamp>,
    /// When the forwarder's timer for this encoding fires.
    pub(super) scheduled: Option<Timestamp>,
}

impl Encoding {
    fn new(offer: EncodingOffer, permitted: bool) -> Self {
        Self {
            offer,
            numbers: SequenceUnwrapper::new(),
            frames: FrameReader::new(),
            cache: RepairCache::default(),
            missing: MissingPackets::default(),
            key_frames: KeyFrameRequests::default(),
            clock: None,
            barred: !permitted,
            permitted_from: 0,
            front: None,
            rates: LayerRates::default(),
            wanted_since: None,
            scheduled: None,
        }
    }

    /// Nothing is to be sent: there is nothing to ask for.
    pub(super) fn rest(&mut self) {
        self.missing.clear();
        self.key_frames.on_served();
    }

    /// The place of a packet in the publisher's numbering. What was sent while it was not permitted stays out, also
    /// when it comes again later as a retransmission; however long that time was, the numbers go on after it.
    pub(super) fn unwrap(&mut self, number: u16, retransmission: bool) -> Result<u64, DropReason> {
        if !self.barred {
            let sequence = self.numbers.unwrap(number);
            return if sequence < self.permitted_from { Err(DropReason::NotPermitted) } else { Ok(sequence) };
        }
        if retransmission {
            return Err(DropReason::NotPermitted);
        }
        self.barred = false;
        self.permitted_from = self.numbers.unwrap_ahead(number);
        Ok(self.permitted_from)
    }

    /// Whether newer packets were offered, or kept from all, before.
    pub(super) fn is_behind(&self, sequence: u64) -> bool {
        self.front.is_some_and(|front| sequence < front)
    }

    /// Whether a packet lies ahead of all that subscribers were offered or that was kept from them. A stretch cannot
    /// begin behind that: its numbers would have to count what will not come again.
    pub(super) fn advance(&mut self, sequence: u64) -> bool {
        let ahead = self.front.is_none_or(|front| sequence > front);
        if ahead {
            self.front = Some(sequence);
        }
        ahead
    }

    /// It is wanted, and nothing of it comes: its publisher's uplink does not carry it.
    pub(super) fn is_silent(&self, now: Timestamp) -> bool {
        let Some(wanted) = self.wanted_since else { return false };
        let since = self.rates.newest().map_or(wanted, |newest| newest.max(wanted));
        now.saturating_since(since) >= ENCODING_SILENT
    }

    /// What its temporal layers up to `temporal` cost, in bits per second on the wire: measured, or before anything could be
    /// measured what the publisher says its encoder aims at.
    pub(super) fn cost(&mut self, now: Timestamp, temporal: usize, floor_percent: u64) -> u64 {
        // Headers and seals are a tenth on top of media in full packets.
        let declared = u64::from(self.offer.target_kbps) * 1_100;
        match self.rates.bps(now, temporal).filter(|_| self.wanted_since.is_some()) {
            Some(measured) if self.rates.is_settled() => measured.max(declared * floor_percent / 100),
            Some(measured) => measured.clamp(declared * floor_percent / 100, declared * 5 / 4),
            None => declared,
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
    /// Its publisher may send it.
    pub(super) is_permitted: bool,
    pub(super) encodings: Vec<Encoding>,
    pub(super) subscriptions: Vec<SubscriptionIndex>,
    /// Which encodings the publisher was told that somebody watches.
    pub(super) demand: u8,
    /// Grows whenever packets of the track were kept from everybody (mute, mode, not loud): what follows begins a
    /// new stretch.
    pub(super) stretch: u32,
    interrupted: bool,
    /// Whether its levels can be those of speech (audio only).
    pub(super) voice: Voice,
    /// Extended sequence numbers that are held back (audio only).
    pub(super) held: VecDeque<u64>,
    pub(super) received: u64,
    pub(super) recovered: u64,
    pub(super) admitted: u64,
    pub(super) dropped: DropCounters,
}

impl Track {
    pub(super) fn new(
        conference: ConferenceId,
        owner: ParticipantId,
        peer: PeerId,
        permitted: bool,
        offer: &TrackOffer,
    ) -> Self {
        Self {
            conference,
            owner,
            peer,
            kind: offer.kind,
            codec: offer.codec,
            is_permitted: permitted,
            encodings: offer.encodings.iter().map(|offer| Encoding::new(*offer, permitted)).collect(),
            subscriptions: Vec::new(),
            demand: 0,
            stretch: 0,
            interrupted: false,
            voice: Voice::default(),
            held: VecDeque::new(),
            received: 0,
            recovered: 0,
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

    /// The publisher may not send any more, for the time being.
    pub(super) fn bar(&mut self) {
        self.interrupt();
        for encoding in &mut self.encodings {
            encoding.barred = true;
            encoding.rest();
        }
    }

    /// A microphone's packet is kept from everybody, because others are louder.
    pub(super) fn pass_over(&mut self, sequence: u64) {
        self.dropped.count(DropReason::NotLoudest);
        self.encodings[0].advance(sequence);
        self.interrupt();
    }

    /// A packet goes to the subscribers. Says whether it lies ahead of all before it.
    pub(super) fn admit(&mut self, encoding: u8, sequence: u64) -> bool {
        self.admitted += 1;
        if std::mem::take(&mut self.interrupted) {
            self.stretch += 1;
        }
        self.encodings[usize::from(encoding)].advance(sequence)
    }

    pub(super) fn report(&self) -> TrackReport {
        TrackReport {
            conference: self.conference,
            source: self.owner,
            kind: self.kind,
            received: self.received,
            recovered: self.recovered,
            admitted: self.admitted,
            held: self.held.len() as u64,
            dropped: self.dropped.clone(),
        }
    }
}
