//! Owns changing the identifiers of header extension elements in place (RFC 8285), in the form that the packet has.

use crate::rtp::header::{FIXED_HEADER_BYTES, ONE_BYTE_PROFILE, STOP_ID, TWO_BYTE_PROFILE};

/// Gives every element the identifier that stands in its old one's place; where that is 0, the element becomes padding. The
/// packet's header has been read before. Identifiers in the table fit the one-byte form.
pub(super) fn translate(packet: &mut [u8], ids: &[u8; 256]) {
    let Some((is_two_byte, elements)) = elements_of(packet) else { return };
    let mut at = 0;
    while let Some(first) = elements.get(at).copied() {
        if first == 0 {
            at += 1;
            continue;
        }
        let (id, head, length) = if is_two_byte {
            let Some(length) = elements.get(at + 1) else { return };
            (first, 2, usize::from(*length))
        } else {
            (first >> 4, 1, usize::from(first & 0x0f) + 1)
        };
        // A reader stops here, too (RFC 8285 section 4.2).
        if !is_two_byte && (id == 0 || id == STOP_ID) {
            return;
        }
        let Some(element) = elements.get_mut(at..at + head + length) else { return };
        match ids[usize::from(id)] {
            0 => element.fill(0),
            id if is_two_byte => element[0] = id,
            id => element[0] = id << 4 | first & 0x0f,
        }
        at += head + length;
    }
}

/// Whether the elements have the two-byte form, and where they stand; `None` where there are none of either form.
fn elements_of(packet: &mut [u8]) -> Option<(bool, &mut [u8])> {
    let first = *packet.first()?;
    if first & 0x10 == 0 {
        return None;
    }
    let area = packet.get_mut(FIXED_HEADER_BYTES + 4 * usize::from(first & 0x0f)..)?;
    let (head, rest) = area.split_first_chunk_mut::<4>()?;
    let is_two_byte = match u16::from_be_bytes([head[0], head[1]]) {
        ONE_BYTE_PROFILE => false,
        profile if profile & 0xfff0 == TWO_BYTE_PROFILE => true,
        _ => return None,
    };
    let elements = rest.get_mut(..4 * usize::from(u16::from_be_bytes([head[2], head[3]])))?;
    Some((is_two_byte, elements))
}
