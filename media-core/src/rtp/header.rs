//! Owns reading an RTP packet's header in place: RFC 3550 section 5.1, with the header extensions of RFC 8285.
//! What an extension's bytes mean is in [`super::ext`] and [`super::dependency`].

use crate::{DropReason, Ssrc, limits};

/// Bytes of the header without CSRCs and extension.
pub const FIXED_HEADER_BYTES: usize = 12;
/// The profile that announces one-byte extension elements (RFC 8285 section 4.2).
pub(crate) const ONE_BYTE_PROFILE: u16 = 0xbede;
/// The profile that announces two-byte extension elements; its last four bits are free (RFC 8285 section 4.3).
pub(crate) const TWO_BYTE_PROFILE: u16 = 0x1000;
/// The reserved identifier at which a reader of one-byte elements stops (RFC 8285 section 4.2).
pub(crate) const STOP_ID: u8 = 15;

/// An RTP packet, read in place. Everything in it is bounded by the packet's own bytes.
#[derive(Clone, Copy, Debug)]
pub struct RtpView<'a> {
    packet: &'a [u8],
    form: Form,
    elements: &'a [u8],
    payload_start: usize,
    payload_end: usize,
    /// Bytes of the payload that are known to be there and are not at hand.
    absent: usize,
}

impl<'a> RtpView<'a> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`DropReason::Oversized`] beyond [`limits::DATAGRAM_BYTES_MAX`], [`DropReason::WrongVersion`] unless it is
    /// version 2, [`DropReason::Malformed`] when CSRCs, extension or padding reach beyond the packet.
    pub fn parse(packet: &'a [u8]) -> Result<Self, DropReason> {
        if packet.len() > limits::DATAGRAM_BYTES_MAX {
            return Err(DropReason::Oversized);
        }
        let first = *packet.first().ok_or(DropReason::Malformed)?;
        if first >> 6 != 2 {
            return Err(DropReason::WrongVersion);
        }
        let csrc_end = FIXED_HEADER_BYTES + 4 * usize::from(first & 0x0f);
        if packet.len() < csrc_end {
            return Err(DropReason::Malformed);
        }
        let (form, elements, payload_start) = if first & 0x10 == 0 {
            (Form::Foreign, &[][..], csrc_end)
        } else {
            let area = packet.get(csrc_end..csrc_end + 4).ok_or(DropReason::Malformed)?;
            let start = csrc_end + 4;
            let end = start + 4 * usize::from(u16::from_be_bytes([area[2], area[3]]));
            let rest = packet.get(start..end).ok_or(DropReason::Malformed)?;
            (Form::of(u16::from_be_bytes([area[0], area[1]])), rest, end)
        };
        let padding = if first & 0x20 == 0 { 0 } else { padding_of(&packet[payload_start..])? };
        Ok(Self { packet, form, elements, payload_start, payload_end: packet.len() - padding, absent: 0 })
    }

    /// Reads the header of a packet of which the last `absent` bytes of the payload are known by their number only, as
    /// where packets are parsed at the edge. Such a packet has no padding: there would be nothing to read its length from.
    ///
    /// # Errors
    /// As [`RtpView::parse`] of the whole packet; [`DropReason::Malformed`] when bytes are absent from a padded packet.
    pub fn parse_front(front: &'a [u8], absent: usize) -> Result<Self, DropReason> {
        if front.len().saturating_add(absent) > limits::DATAGRAM_BYTES_MAX {
            return Err(DropReason::Oversized);
        }
        let padded = front.first().is_some_and(|first| first & 0x20 != 0);
        if absent > 0 && padded {
            return Err(DropReason::Malformed);
        }
        Ok(Self { absent, ..Self::parse(front)? })
    }

    /// Who sends it.
    pub fn ssrc(&self) -> Ssrc {
        Ssrc(self.word(8))
    }

    /// Sequence number.
    pub fn sequence(&self) -> u16 {
        u16::from_be_bytes([self.packet[2], self.packet[3]])
    }

    /// Media time in units of the payload type's clock rate.
    pub fn timestamp(&self) -> u32 {
        self.word(4)
    }

    /// Payload type, `0..=127`.
    pub fn payload_type(&self) -> u8 {
        self.packet[1] & 0x7f
    }

    /// The marker bit: the last packet of a video frame, the first of a talk spurt.
    pub fn marker(&self) -> bool {
        self.packet[1] & 0x80 != 0
    }

    /// The payload without padding, as far as it is at hand. Empty in a packet that is nothing but padding.
    pub fn payload(&self) -> &'a [u8] {
        &self.packet[self.payload_start..self.payload_end]
    }

    /// Bytes of payload without padding, at hand or not.
    pub fn payload_len(&self) -> usize {
        self.payload_end - self.payload_start + self.absent
    }

    /// Where the payload starts in the packet.
    pub fn payload_offset(&self) -> usize {
        self.payload_start
    }

    /// The whole packet.
    pub fn packet(&self) -> &'a [u8] {
        self.packet
    }

    /// The first header extension element with this identifier.
    pub fn extension(&self, id: u8) -> Option<&'a [u8]> {
        self.extensions().find(|(found, _)| *found == id).map(|(_, data)| data)
    }

    /// Every header extension element in its order, up to the first that is broken.
    pub fn extensions(&self) -> Extensions<'a> {
        Extensions { form: self.form, rest: self.elements }
    }

    /// What an RTX packet sends again: the original sequence number and payload (RFC 4588 section 4).
    ///
    /// # Errors
    /// [`DropReason::Malformed`] when there is no room for the sequence number.
    pub fn retransmitted(&self) -> Result<(u16, &'a [u8]), DropReason> {
        let (sequence, payload) = self.payload().split_first_chunk::<2>().ok_or(DropReason::Malformed)?;
        Ok((u16::from_be_bytes(*sequence), payload))
    }

    /// The four bytes at `offset`, which lies in the fixed header.
    fn word(&self, offset: usize) -> u32 {
        let bytes = &self.packet[offset..offset + 4];
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }
}

/// The padding's length is in its last byte and counts that byte too (RFC 3550 section 5.1).
fn padding_of(payload: &[u8]) -> Result<usize, DropReason> {
    match payload.last() {
        Some(&count) if count > 0 && usize::from(count) <= payload.len() => Ok(usize::from(count)),
        _ => Err(DropReason::Malformed),
    }
}

/// Iterates over `(identifier, data)` of the header extension elements of one packet.
#[derive(Clone, Debug)]
pub struct Extensions<'a> {
    form: Form,
    rest: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    OneByte,
    TwoByte,
    /// None, or a profile that RFC 8285 does not define: its content is nobody's business here.
    Foreign,
}

impl Form {
    fn of(profile: u16) -> Self {
        match profile {
            ONE_BYTE_PROFILE => Self::OneByte,
            profile if profile & 0xfff0 == TWO_BYTE_PROFILE => Self::TwoByte,
            _ => Self::Foreign,
        }
    }
}

impl<'a> Extensions<'a> {
    /// The next element's identifier and data, and what follows; `None` at the end and at a broken element.
    fn split(&self) -> Option<(u8, &'a [u8], &'a [u8])> {
        // A zero byte between elements is padding in both forms.
        let padding = self.rest.iter().take_while(|byte| **byte == 0).count();
        let (first, rest) = self.rest[padding..].split_first()?;
        let (id, length, rest) = match self.form {
            Form::OneByte => (first >> 4, usize::from(first & 0x0f) + 1, rest),
            Form::TwoByte => {
                let (length, rest) = rest.split_first()?;
                (*first, usize::from(*length), rest)
            }
            Form::Foreign => return None,
        };
        // RFC 8285 section 4.2: a reader stops at identifier 15, and at identifier 0 that has a length.
        if self.form == Form::OneByte && (id == 0 || id == STOP_ID) {
            return None;
        }
        let (data, rest) = rest.split_at_checked(length)?;
        Some((id, data, rest))
    }
}

impl<'a> Iterator for Extensions<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if let Some((id, data, rest)) = self.split() {
            self.rest = rest;
            return Some((id, data));
        }
        self.rest = &[];
        None
    }
}

#[cfg(test)]
mod tests;
