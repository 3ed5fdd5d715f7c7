//! Owns the dependency descriptor (AV1 RTP specification, appendix A): what a frame depends on and which decode
//! targets it serves, readable without the payload's key. Keeping the structure between packets is
//! [`super::FrameReader`]'s.

mod bits;
mod structure;
mod template;

#[cfg(test)]
mod tests;

use bits::{BitReader, BitWriter};
pub use structure::DependencyStructure;
use structure::{read_indications, write_indications};
pub use template::{ChainDiffs, FrameDiffs, Indication, Indications, Template};

use crate::{DropReason, limits};

/// Bytes of a descriptor without extended fields.
const MANDATORY_BYTES: usize = 3;
/// Bits of a chain difference in a descriptor.
const CHAIN_DIFF_BITS: u32 = 8;

/// What one packet says of its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DependencyDescriptor {
    /// The packet is the first of its frame.
    pub start_of_frame: bool,
    /// The packet is the last of its frame.
    pub end_of_frame: bool,
    /// Names the template, `0..=63`.
    pub template_id: u8,
    /// Increases by one with each frame, in decoding order, and wraps.
    pub frame_number: u16,
    /// Which decode targets the sender produces at the moment (bit n is target n), if the packet says it.
    pub active_decode_targets: Option<u32>,
    /// Layer and dependencies. What differs from the template is sent with the packet; the layer cannot differ.
    pub frame: Template,
}

/// What [`DependencyDescriptor::parse`] finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The packet's descriptor.
    pub descriptor: DependencyDescriptor,
    /// The structure that came with it, to be kept for the packets that follow. The descriptor refers to it already.
    pub new_structure: Option<DependencyStructure>,
}

impl DependencyDescriptor {
    /// Reads the extension's data with the structure that an earlier packet brought.
    ///
    /// # Errors
    /// [`DropReason::BadExtension`] when it is too short or a field is out of bounds,
    /// [`DropReason::UnknownTemplate`] when no structure defines its template.
    pub fn parse(bytes: &[u8], structure: Option<&DependencyStructure>) -> Result<Parsed, DropReason> {
        let mut reader = BitReader::new(bytes);
        let start_of_frame = reader.flag()?;
        let end_of_frame = reader.flag()?;
        let template_id = reader.bits(6)? as u8;
        let frame_number = reader.bits(16)? as u16;
        let mut fields = ExtendedFields::default();
        if bytes.len() > MANDATORY_BYTES {
            fields = ExtendedFields::read(&mut reader)?;
        }
        let new_structure =
            if fields.structure { Some(DependencyStructure::read(&mut reader)?) } else { None };
        let structure = new_structure.as_ref().or(structure).ok_or(DropReason::UnknownTemplate)?;
        let active_decode_targets = if fields.active_decode_targets {
            Some(reader.bits(u32::from(structure.decode_targets()))?)
        } else {
            None
        };
        let mut frame = *structure.template(template_id).ok_or(DropReason::UnknownTemplate)?;
        fields.read_frame(&mut reader, structure, &mut frame)?;
        let descriptor =
            Self { start_of_frame, end_of_frame, template_id, frame_number, active_decode_targets, frame };
        Ok(Parsed { descriptor, new_structure })
    }

    /// The descriptor of a packet of a frame that is just as a template of the structure says; `None` if there is no
    /// template of that index.
    pub fn of_template(
        structure: &DependencyStructure,
        index: u8,
        frame_number: u16,
        start_of_frame: bool,
        end_of_frame: bool,
    ) -> Option<Self> {
        let frame = *structure.templates().get(usize::from(index))?;
        let template_id = (structure.id_offset() + index) % limits::TEMPLATES_MAX as u8;
        Some(Self {
            start_of_frame,
            end_of_frame,
            template_id,
            frame_number,
            active_decode_targets: None,
            frame,
        })
    }

    /// Appends the extension's data to `out`, for a reader that has `structure`, or that gets it with this packet if `attached`
    /// (which is for the first packet of a key frame).
    ///
    /// # Panics
    /// When the structure lacks the descriptor's template, or the frame's layer is not the template's.
    pub fn write(&self, structure: &DependencyStructure, attached: bool, out: &mut Vec<u8>) {
        let template = structure.template(self.template_id).expect("the caller chose the template");
        let layer = (template.spatial, template.temporal);
        assert_eq!((self.frame.spatial, self.frame.temporal), layer, "a frame is of its template's layer");
        let fields = ExtendedFields {
            structure: attached,
            active_decode_targets: self.active_decode_targets.is_some(),
            indications: self.frame.indications != template.indications,
            frame_diffs: self.frame.frame_diffs != template.frame_diffs,
            chain_diffs: self.frame.chain_diffs != template.chain_diffs,
        };
        let mut writer = BitWriter::new(out);
        writer.flag(self.start_of_frame);
        writer.flag(self.end_of_frame);
        writer.bits(u32::from(self.template_id), 6);
        writer.bits(u32::from(self.frame_number), 16);
        if fields != ExtendedFields::default() {
            fields.write(&mut writer);
            if attached {
                structure.write(&mut writer);
            }
            if let Some(active) = self.active_decode_targets {
                writer.bits(active, u32::from(structure.decode_targets()));
            }
            fields.write_frame(&mut writer, structure, &self.frame);
        }
    }
}

/// Which optional fields are there.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "five independent flags of the wire format")]
struct ExtendedFields {
    structure: bool,
    active_decode_targets: bool,
    indications: bool,
    frame_diffs: bool,
    chain_diffs: bool,
}

impl ExtendedFields {
    fn read(reader: &mut BitReader<'_>) -> Result<Self, DropReason> {
        Ok(Self {
            structure: reader.flag()?,
            active_decode_targets: reader.flag()?,
            indications: reader.flag()?,
            frame_diffs: reader.flag()?,
            chain_diffs: reader.flag()?,
        })
    }

    fn write(self, writer: &mut BitWriter<'_>) {
        for flag in
            [self.structure, self.active_decode_targets, self.indications, self.frame_diffs, self.chain_diffs]
        {
            writer.flag(flag);
        }
    }

    /// Replaces what the packet says differently from the template.
    fn read_frame(
        self,
        reader: &mut BitReader<'_>,
        structure: &DependencyStructure,
        frame: &mut Template,
    ) -> Result<(), DropReason> {
        if self.indications {
            frame.indications = read_indications(reader, usize::from(structure.decode_targets()))?;
        }
        if self.frame_diffs {
            frame.frame_diffs = read_frame_diffs(reader)?;
        }
        if self.chain_diffs {
            frame.chain_diffs = ChainDiffs::default();
            for _ in 0..structure.chains() {
                frame.chain_diffs.push(reader.bits(CHAIN_DIFF_BITS)? as u8);
            }
        }
        Ok(())
    }

    fn write_frame(self, writer: &mut BitWriter<'_>, structure: &DependencyStructure, frame: &Template) {
        if self.indications {
            write_indications(writer, frame.indications, usize::from(structure.decode_targets()));
        }
        if self.frame_diffs {
            write_frame_diffs(writer, frame.frame_diffs);
        }
        if self.chain_diffs {
            let diffs = frame.chain_diffs.as_slice();
            assert_eq!(diffs.len(), usize::from(structure.chains()), "one difference for each chain");
            for diff in diffs {
                writer.bits(u32::from(*diff), CHAIN_DIFF_BITS);
            }
        }
    }
}

/// Each difference says first how many times four bits it takes; 0 ends the list.
fn read_frame_diffs(reader: &mut BitReader<'_>) -> Result<FrameDiffs, DropReason> {
    let mut diffs = FrameDiffs::default();
    loop {
        let size = reader.bits(2)?;
        if size == 0 {
            return Ok(diffs);
        }
        if !diffs.push(reader.bits(4 * size)? as u16 + 1) {
            return Err(DropReason::BadExtension);
        }
    }
}

fn write_frame_diffs(writer: &mut BitWriter<'_>, diffs: FrameDiffs) {
    for diff in diffs.as_slice() {
        let less_one = u32::from(*diff) - 1;
        let size = (u32::BITS - less_one.leading_zeros()).div_ceil(4).max(1);
        writer.bits(size, 2);
        writer.bits(less_one, 4 * size);
    }
    writer.bits(0, 2);
}
