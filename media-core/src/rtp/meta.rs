//! Owns what the forwarding of media keeps of a packet: `Copy` metadata, read once. Frame metadata comes from the
//! dependency descriptor alone, because payloads are encrypted end to end.

use super::{
    dependency::{DependencyDescriptor, DependencyStructure, Indication, Template},
    ext::{AudioLevel, DEPENDENCY_DESCRIPTOR},
    header::RtpView,
};
use crate::{DropReason, Ssrc, congestion::WIRE_OVERHEAD_BYTES, limits};

#[cfg(test)]
mod tests;

/// What is known of one RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketMeta {
    /// Who sends it.
    pub ssrc: Ssrc,
    /// Sequence number.
    pub sequence: u16,
    /// Media time in units of the payload type's clock rate.
    pub timestamp: u32,
    /// Payload type, `0..=127`.
    pub payload_type: u8,
    /// The marker bit.
    pub marker: bool,
    /// Where the payload starts in the packet.
    pub payload_offset: u16,
    /// Bytes of payload, without padding; 0 in a packet that only probes for bandwidth.
    pub payload_len: u16,
    /// How loud it is, if it says so.
    pub audio_level: Option<AudioLevel>,
    /// Transport-wide sequence number, if it has one.
    pub transport_sequence: Option<u16>,
    /// Of the frame that it belongs to; `None` without a dependency descriptor, as in audio.
    pub frame: Option<FrameMeta>,
}

impl PacketMeta {
    /// Of a packet, with what [`FrameReader::frame_meta`] found in it.
    pub fn from_view(view: &RtpView<'_>, frame: Option<FrameMeta>) -> Self {
        Self {
            ssrc: view.ssrc(),
            sequence: view.sequence(),
            timestamp: view.timestamp(),
            payload_type: view.payload_type(),
            marker: view.marker(),
            // A view has at most `DATAGRAM_BYTES_MAX` bytes.
            payload_offset: view.payload_offset() as u16,
            payload_len: view.payload_len() as u16,
            audio_level: view.audio_level(),
            transport_sequence: view.transport_sequence(),
            frame,
        }
    }

    /// Bytes on the wire, with the headers of IPv4 and UDP, without padding.
    pub fn wire_bytes(&self) -> u32 {
        u32::from(self.payload_offset) + u32::from(self.payload_len) + WIRE_OVERHEAD_BYTES
    }
}

/// What is known of the frame that a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties, one byte each, of a Copy record")]
pub struct FrameMeta {
    /// The packet is the frame's first.
    pub start: bool,
    /// The packet is the frame's last.
    pub end: bool,
    /// The frame's number, increasing by one in decoding order, and wrapping.
    pub number: u16,
    /// Spatial layer, `0..=3`.
    pub spatial: u8,
    /// Temporal layer, `0..=7`.
    pub temporal: u8,
    /// Decoding can start here: the frame brought a new structure, or it refers to no other frame and is of the
    /// lowest layers. The same for every packet of the frame, whichever of them arrive.
    pub key: bool,
    /// Higher temporal layers of this spatial layer may be forwarded after this frame: every decode target that has
    /// them is marked `Switch`. False where there is no higher temporal layer.
    pub switch_up: bool,
}

/// Reads the frame metadata of the packets of one encoding, keeping its dependency structure.
#[derive(Clone, Debug, Default)]
pub struct FrameReader {
    structure: Option<Box<DependencyStructure>>,
    /// Number and timestamp of the frame that brought the structure. Numbers alone would not do: a subscriber's stream goes over
    /// to another encoding, which counts its frames anew, while its timestamps go on.
    key: Option<(u16, u32)>,
}

impl FrameReader {
    /// Without a structure: nothing can be read before a key frame's first packet.
    pub const fn new() -> Self {
        Self { structure: None, key: None }
    }

    /// The structure in use.
    pub fn structure(&self) -> Option<&DependencyStructure> {
        self.structure.as_deref()
    }

    /// The packet's frame; `None` when it has no dependency descriptor.
    ///
    /// A structure is taken over, except from a key frame that arrives after a newer one. Allocates for
    /// a new structure only.
    ///
    /// # Errors
    /// [`DropReason::BadExtension`] when the descriptor is broken, [`DropReason::UnknownTemplate`] when its
    /// structure has not arrived. Nothing changes then.
    pub fn frame_meta(&mut self, view: &RtpView<'_>) -> Result<Option<FrameMeta>, DropReason> {
        let Some(bytes) = view.extension(DEPENDENCY_DESCRIPTOR) else { return Ok(None) };
        let parsed = DependencyDescriptor::parse(bytes, self.structure())?;
        let descriptor = parsed.descriptor;
        let number = descriptor.frame_number;
        let brought_structure = parsed.new_structure.is_some();
        let switch_up = {
            let structure =
                parsed.new_structure.as_ref().or(self.structure()).ok_or(DropReason::UnknownTemplate)?;
            can_switch_up(structure, &descriptor.frame)
        };
        if let Some(structure) = parsed.new_structure {
            self.on_structure(structure, (number, view.timestamp()));
        }
        let independent = descriptor.frame.frame_diffs.is_empty() && descriptor.frame.spatial == 0;
        Ok(Some(FrameMeta {
            start: descriptor.start_of_frame,
            end: descriptor.end_of_frame,
            number,
            spatial: descriptor.frame.spatial,
            temporal: descriptor.frame.temporal,
            key: brought_structure || independent || self.key == Some((number, view.timestamp())),
            switch_up,
        }))
    }

    fn on_structure(&mut self, structure: DependencyStructure, key: (u16, u32)) {
        if self.key.is_some_and(|(_, kept)| is_late(key.1, kept)) {
            return;
        }
        self.key = Some(key);
        match &mut self.structure {
            Some(kept) => **kept = structure,
            None => self.structure = Some(Box::new(structure)),
        }
    }
}

/// Whether a frame is older than another one, and so near that its packets can have been overtaken.
fn is_late(timestamp: u32, kept: u32) -> bool {
    (1..=limits::REORDER_TICKS_MAX).contains(&kept.wrapping_sub(timestamp))
}

fn can_switch_up(structure: &DependencyStructure, frame: &Template) -> bool {
    let mut higher = structure
        .decode_target_layers()
        .iter()
        .enumerate()
        .filter(|(_, (spatial, temporal))| *spatial == frame.spatial && *temporal > frame.temporal)
        .peekable();
    higher.peek().is_some() && higher.all(|(target, _)| frame.indications.get(target) == Indication::Switch)
}
