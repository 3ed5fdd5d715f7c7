//! Owns VP8 in packets (RFC 7741) with the dependency descriptor beside it: sealed frames cut into payloads, and payloads put
//! together again.

use media_core::rtp::dependency::{DependencyDescriptor, DependencyStructure};

/// Bytes of a frame in one packet: with everything around them they fit Ethernet's 1,500.
const PART_BYTES: usize = 1_100;
/// The VP8 payload descriptor of a packet with which a partition starts, and of one that goes on with it.
const START: u8 = 0x10;
const CONTINUES: u8 = 0x00;

/// One packet's descriptor and payload; whether it is the frame's last.
pub(crate) struct Part {
    pub(crate) descriptor: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    pub(crate) is_last: bool,
}

/// Cuts a sealed frame into the payloads of packets.
pub(crate) fn cut(structure: &DependencyStructure, number: u16, key: bool, sealed: &[u8]) -> Vec<Part> {
    let count = sealed.len().div_ceil(PART_BYTES);
    let parts = sealed.chunks(PART_BYTES).enumerate().map(|(place, part)| {
        let (is_first, is_last) = (place == 0, place + 1 == count);
        let template = u8::from(!key);
        let of = DependencyDescriptor::of_template(structure, template, number, is_first, is_last);
        let mut descriptor = Vec::new();
        of.expect("the structure has two templates").write(structure, key && is_first, &mut descriptor);
        let payload = [&[if is_first { START } else { CONTINUES }], part].concat();
        Part { descriptor, payload, is_last }
    });
    parts.collect()
}

/// A whole frame as it was sealed, and what is bound to it.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    pub(crate) number: u16,
    pub(crate) spatial: u8,
    pub(crate) temporal: u8,
    pub(crate) key: bool,
    pub(crate) sealed: Vec<u8>,
}

/// Puts the frames of one stream together. A frame of which something is missing comes to nothing.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    structure: Option<DependencyStructure>,
    frame: Option<Whole>,
    /// The sequence number with which the frame goes on.
    next: u16,
}

impl Assembler {
    /// A packet; gives the frame that it ends.
    pub(crate) fn take(&mut self, sequence: u16, descriptor: &[u8], payload: &[u8]) -> Option<Whole> {
        let parsed = DependencyDescriptor::parse(descriptor, self.structure.as_ref()).ok()?;
        let key = parsed.new_structure.is_some();
        if key {
            self.structure = parsed.new_structure;
        }
        let DependencyDescriptor { start_of_frame, end_of_frame, frame_number, frame, .. } =
            parsed.descriptor;
        if start_of_frame {
            let (spatial, temporal) = (frame.spatial, frame.temporal);
            self.frame = Some(Whole { number: frame_number, spatial, temporal, key, sealed: Vec::new() });
        } else if sequence != self.next {
            self.frame = None;
        }
        self.next = sequence.wrapping_add(1);
        let whole = self.frame.as_mut()?;
        whole.sealed.extend_from_slice(payload.get(descriptor_bytes(payload)?..)?);
        if end_of_frame { self.frame.take() } else { None }
    }
}

/// Length of the VP8 payload descriptor (RFC 7741 section 4.2).
fn descriptor_bytes(payload: &[u8]) -> Option<usize> {
    let first = *payload.first()?;
    if first & 0x80 == 0 {
        return Some(1);
    }
    let fields = *payload.get(1)?;
    let mut bytes = 2;
    if fields & 0x80 != 0 {
        bytes += if payload.get(2)? & 0x80 == 0 { 1 } else { 2 };
    }
    bytes += usize::from(fields & 0x40 != 0);
    bytes += usize::from(fields & 0x30 != 0);
    Some(bytes)
}

/// Width and height, if a frame of VP8 is a key frame (RFC 6386 section 9.1).
pub(crate) fn size_of(frame: &[u8]) -> Option<(u16, u16)> {
    let [tag, _, _, 0x9d, 0x01, 0x2a, a, b, c, d, ..] = *frame else { return None };
    let size = |low, high| u16::from_le_bytes([low, high]) & 0x3fff;
    (tag & 1 == 0).then(|| (size(a, b), size(c, d)))
}
