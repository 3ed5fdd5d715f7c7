//! Owns what the dependency descriptors of forwarded video say, as a subscriber reads them: which frame, and on which
//! others it depends (AV1 RTP specification, appendix A).

use std::collections::BTreeMap;

use media_core::{
    PeerId, Ssrc, Timestamp,
    rtp::{DependencyDescriptor, FrameReader, RtpView, dependency::FrameDiffs, ext::DEPENDENCY_DESCRIPTOR},
};

use super::RTX_PAYLOAD_TYPES;
use crate::packet::Datagram;

/// The first packet of a frame, on its way to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenFrame {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub peer: PeerId,
    /// On this SSRC.
    pub ssrc: Ssrc,
    /// Sequence number of the packet.
    pub sequence: u16,
    /// Number of the frame; wraps.
    pub number: u16,
    /// Temporal layer.
    pub temporal: u8,
    /// Decoding can start here.
    pub key: bool,
    /// How far back the frames lie on which it depends, in frame numbers.
    pub diffs: FrameDiffs,
}

/// Reads each stream with the structure that came in it.
#[derive(Default)]
pub(super) struct Readers(BTreeMap<(PeerId, Ssrc), FrameReader>);

impl Readers {
    /// The frame that a packet from the server begins. A descriptor that a subscriber cannot read begins none.
    pub(super) fn on_egress(&mut self, at: Timestamp, datagram: &Datagram) -> Option<SeenFrame> {
        let view = RtpView::parse(&datagram.bytes).ok()?;
        let bytes = view.extension(DEPENDENCY_DESCRIPTOR)?;
        if RTX_PAYLOAD_TYPES.contains(&view.payload_type()) {
            return None;
        }
        let reader = self.0.entry((datagram.peer, view.ssrc())).or_default();
        let meta = reader.frame_meta(&view).ok()??;
        let parsed = DependencyDescriptor::parse(bytes, reader.structure()).ok()?;
        meta.start.then_some(SeenFrame {
            at,
            peer: datagram.peer,
            ssrc: view.ssrc(),
            sequence: view.sequence(),
            number: meta.number,
            temporal: meta.temporal,
            key: meta.key,
            diffs: parsed.descriptor.frame.frame_diffs,
        })
    }
}
