//! Owns the translation of one peer's packets between its numbers and the session's, in place: payload types, identifiers of
//! header extensions, and SSRCs of encodings that were announced by name only. Payloads are not looked at, apart from the block
//! headers of redundant audio (RFC 2198).

mod elements;
mod reports;
mod sources;

pub(super) use sources::Source;
use sources::Sources;

use super::{
    extensions::ExtensionIds,
    formats::{CODECS, PAYLOAD_TYPES, PayloadTypes, looks_like_rtcp},
};
use crate::{
    DropReason, Ssrc,
    rtp::{PROBE_PAYLOAD_TYPE, PROBE_SSRC, RED_PAYLOAD_TYPE, RtpView, ext},
};

/// In a table: no number stands for this one.
const NONE: u8 = u8::MAX;
/// Identifiers of header extensions in either form.
const EXTENSION_IDS: usize = 256;
/// Of an RTP packet.
const MARKER: u8 = 0x80;

/// How one peer's packets differ from the session's. Takes about 1 kB.
#[derive(Clone, Debug)]
pub struct Dialect {
    incoming_types: [u8; PAYLOAD_TYPES],
    outgoing_types: [u8; PAYLOAD_TYPES],
    /// 0 for what was not agreed on.
    incoming_ids: [u8; EXTENSION_IDS],
    outgoing_ids: [u8; EXTENSION_IDS],
    sources: Sources,
    takes_red: bool,
    is_plain: bool,
}

impl Default for Dialect {
    /// Nothing has been agreed on: no packet has a meaning.
    fn default() -> Self {
        Self::new(&PayloadTypes::default(), &ExtensionIds::default(), Vec::new())
    }
}

impl Dialect {
    pub(super) fn new(payload_types: &PayloadTypes, ids: &ExtensionIds, sources: Vec<Source>) -> Self {
        let mut pairs = Vec::new();
        for codec in CODECS {
            let (media, retransmission) = payload_types.of(codec);
            pairs.extend(media.map(|peer| (codec.payload_type(), peer)));
            pairs.extend(retransmission.map(|peer| (codec.rtx_payload_type(), peer)));
        }
        pairs.extend(payload_types.redundant().map(|peer| (RED_PAYLOAD_TYPE, peer)));
        // A number that the peer has no use for: it does not take for media what has no number there.
        let unused = (0..PAYLOAD_TYPES as u8)
            .rev()
            .find(|number| !payload_types.is_offered(*number) && !looks_like_rtcp(*number));
        let unused = unused.unwrap_or(PROBE_PAYLOAD_TYPE);
        pairs.push((PROBE_PAYLOAD_TYPE, unused));
        let mut dialect = Self {
            incoming_types: [NONE; PAYLOAD_TYPES],
            outgoing_types: [unused; PAYLOAD_TYPES],
            incoming_ids: [0; EXTENSION_IDS],
            outgoing_ids: [0; EXTENSION_IDS],
            sources: Sources::new(sources),
            takes_red: payload_types.redundant().is_some(),
            is_plain: false,
        };
        for (session, peer) in &pairs {
            dialect.incoming_types[usize::from(*peer)] = *session;
            dialect.outgoing_types[usize::from(*session)] = *peer;
        }
        for (session, peer) in ids.pairs() {
            dialect.incoming_ids[usize::from(peer)] = session;
            dialect.outgoing_ids[usize::from(session)] = peer;
        }
        let same_types = pairs.iter().all(|(session, peer)| session == peer);
        dialect.is_plain = same_types && ids.are_the_sessions() && dialect.sources.need_no_learning();
        dialect
    }

    /// Turns what came from the peer, with its protection removed, into a packet of the session. The stream of an encoding that
    /// was announced by name is learned from its first packets, which have that name (RFC 8843 section 9.2).
    ///
    /// # Errors
    /// As [`RtpView::parse`]; [`DropReason::UnknownPayloadType`] for a number that was not agreed on,
    /// [`DropReason::ForeignSsrc`] for a stream that nothing is known of, [`DropReason::Malformed`] for redundant audio
    /// that cannot be read. The packet is of no use then.
    pub fn incoming_rtp(&mut self, packet: &mut [u8]) -> Result<(), DropReason> {
        let view = RtpView::parse(packet)?;
        let payload_type = self.incoming_types[usize::from(view.payload_type())];
        if payload_type == NONE {
            return Err(DropReason::UnknownPayloadType);
        }
        let ssrc = view.ssrc();
        let session = match self.sources.session_of(ssrc) {
            Some(session) => session,
            None if ssrc == PROBE_SSRC => PROBE_SSRC,
            None => self.learn(&view, payload_type)?,
        };
        let payload = view.payload_offset()..view.payload_offset() + view.payload_len();
        // A packet that is nothing but padding has no blocks.
        if payload_type == RED_PAYLOAD_TYPE && !payload.is_empty() {
            translate_blocks(&mut packet[payload], &self.incoming_types)?;
        }
        packet[1] = packet[1] & MARKER | payload_type;
        packet[8..12].copy_from_slice(&session.0.to_be_bytes());
        elements::translate(packet, &self.incoming_ids);
        Ok(())
    }

    /// Turns the SSRCs of senders in a compound from the peer into the session's. What it reports on has SSRCs that the server
    /// chose. A compound that cannot be read stays as it is from there on.
    pub fn incoming_rtcp(&self, packet: &mut [u8]) {
        reports::for_each_sender(packet, |ssrc| self.sources.session_of(ssrc));
    }

    /// Turns a packet of the session into one that the peer understands, before it is protected. What has no payload type
    /// there gets one that the peer has not offered; an extension that was not agreed on becomes padding. What is no RTP packet
    /// stays as it is.
    pub fn outgoing_rtp(&self, packet: &mut [u8]) {
        let Ok(view) = RtpView::parse(packet) else { return };
        let payload = view.payload_offset()..view.payload_offset() + view.payload_len();
        let payload_type = view.payload_type();
        if payload_type == RED_PAYLOAD_TYPE && self.takes_red {
            // The session's own packets can be read.
            let _read = translate_blocks(&mut packet[payload], &self.outgoing_types);
        }
        packet[1] = packet[1] & MARKER | self.outgoing_types[usize::from(payload_type)];
        elements::translate(packet, &self.outgoing_ids);
    }

    /// Turns the SSRCs on which a compound to the peer reports, or of which it asks something, into the peer's.
    pub fn outgoing_rtcp(&self, packet: &mut [u8]) {
        reports::for_each_subject(packet, |ssrc| self.sources.peer_of(ssrc));
    }

    /// Whether redundant audio (RFC 2198) was agreed on.
    pub const fn takes_red(&self) -> bool {
        self.takes_red
    }

    /// Whether the peer's numbers are the session's, so that nothing has to be translated.
    pub const fn is_plain(&self) -> bool {
        self.is_plain
    }

    pub(super) fn sources(&self) -> &[Source] {
        self.sources.all()
    }

    fn learn(&mut self, view: &RtpView<'_>, payload_type: u8) -> Result<Ssrc, DropReason> {
        let element = |id: u8| match self.outgoing_ids[usize::from(id)] {
            0 => None,
            peer => view.extension(peer),
        };
        let mid = element(ext::MID).ok_or(DropReason::ForeignSsrc)?;
        let repairs = CODECS.iter().any(|codec| codec.rtx_payload_type() == payload_type);
        let rid = if repairs { element(ext::REPAIRED_RID).or(element(ext::RID)) } else { element(ext::RID) };
        self.sources.learn(view.ssrc(), mid, rid, repairs).ok_or(DropReason::ForeignSsrc)
    }
}

/// Translates the block types of redundant audio: every header but the last has four bytes (RFC 2198 section 3).
fn translate_blocks(payload: &mut [u8], types: &[u8; PAYLOAD_TYPES]) -> Result<(), DropReason> {
    let mut at = 0;
    loop {
        let header = payload.get_mut(at).ok_or(DropReason::Malformed)?;
        let block = types[usize::from(*header & !MARKER)];
        if block == NONE {
            return Err(DropReason::UnknownPayloadType);
        }
        let follows = *header & MARKER;
        *header = follows | block;
        if follows == 0 {
            return Ok(());
        }
        at += 4;
    }
}

#[cfg(test)]
mod tests;
