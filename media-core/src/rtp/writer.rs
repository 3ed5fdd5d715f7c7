//! Owns writing RTP packets: RFC 3550 section 5.1, header extensions of RFC 8285, retransmissions of RFC 4588. What
//! stands in them is the caller's.

use bytes::BufMut;

use super::header::{FIXED_HEADER_BYTES, ONE_BYTE_PROFILE, STOP_ID, TWO_BYTE_PROFILE};
use crate::Ssrc;

/// Where extension elements begin, behind their profile and length.
const ELEMENTS_AT: usize = FIXED_HEADER_BYTES + 4;
/// Bytes of the headers that are put together on the stack.
const ROOM: usize = 64;

/// Writes RTP packets with one header. The header is the writer: it is made anew for each packet, on the stack.
pub type RtpWriter<'a> = RtpHeader<'a>;

/// The header of an RTP packet that is going to be written. No CSRCs: nothing here mixes media.
///
/// Every method appends one packet to `out`, a `Vec<u8>` or a `BytesMut`. Packets are kept within
/// [`crate::limits::DATAGRAM_BYTES_MAX`] by the caller; readers refuse longer ones.
#[derive(Clone, Copy, Debug)]
pub struct RtpHeader<'a> {
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
    /// Extension elements as (identifier, data): identifiers `1..=255`, data up to 255 bytes. They are written in
    /// the one-byte form unless one of them fits only the two-byte form.
    pub extensions: &'a [(u8, &'a [u8])],
}

impl RtpHeader<'_> {
    /// Appends a packet with this payload.
    ///
    /// # Panics
    /// When an extension's identifier is 0 or its data is longer than 255 bytes.
    pub fn write(&self, payload: &[u8], out: &mut impl BufMut) {
        self.write_header(false, out);
        out.put_slice(payload);
    }

    /// Appends a packet that is nothing but `bytes` of padding, as bandwidth probes are. Nothing needs 0 bytes of
    /// padding, so that is taken for 1.
    ///
    /// # Panics
    /// As [`RtpHeader::write`].
    pub fn write_padding(&self, bytes: u8, out: &mut impl BufMut) {
        let bytes = bytes.max(1);
        self.write_header(true, out);
        out.put_bytes(0, usize::from(bytes) - 1);
        out.put_u8(bytes);
    }

    /// Appends a retransmission (RFC 4588 section 4). The header is that of the retransmission stream;
    /// `original_sequence` and `payload` are what is sent again. [`super::RtpView::retransmitted`] reads it.
    ///
    /// # Panics
    /// As [`RtpHeader::write`].
    pub fn write_retransmission(&self, original_sequence: u16, payload: &[u8], out: &mut impl BufMut) {
        self.write_header(false, out);
        out.put_u16(original_sequence);
        out.put_slice(payload);
    }

    /// Bytes in front of the payload.
    pub fn len(&self) -> usize {
        if self.extensions.is_empty() {
            return FIXED_HEADER_BYTES;
        }
        ELEMENTS_AT + self.element_bytes(self.needs_two_byte_form()).next_multiple_of(4)
    }

    /// Never: a header has at least 12 bytes.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// Most headers are put together on the stack and written at once: every copy of a forwarded packet has its own.
    fn write_header(&self, padded: bool, out: &mut impl BufMut) {
        let extended = !self.extensions.is_empty();
        let mut room = [0; ROOM];
        room[0] = 0x80 | u8::from(padded) << 5 | u8::from(extended) << 4;
        room[1] = u8::from(self.marker) << 7 | (self.payload_type & 0x7f);
        room[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        room[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        room[8..12].copy_from_slice(&self.ssrc.0.to_be_bytes());
        if !extended {
            return out.put_slice(&room[..FIXED_HEADER_BYTES]);
        }
        let two_byte = self.needs_two_byte_form();
        let bytes = self.element_bytes(two_byte);
        let words =
            u16::try_from(bytes.div_ceil(4)).expect("the caller chose extensions that fit a datagram");
        room[12..14]
            .copy_from_slice(&if two_byte { TWO_BYTE_PROFILE } else { ONE_BYTE_PROFILE }.to_be_bytes());
        room[14..16].copy_from_slice(&words.to_be_bytes());
        let end = ELEMENTS_AT + 4 * usize::from(words);
        if end <= ROOM {
            self.write_elements(two_byte, &mut &mut room[ELEMENTS_AT..]);
            out.put_slice(&room[..end]);
        } else {
            out.put_slice(&room[..ELEMENTS_AT]);
            self.write_elements(two_byte, out);
            out.put_bytes(0, 4 * usize::from(words) - bytes);
        }
    }

    fn write_elements(&self, two_byte: bool, out: &mut impl BufMut) {
        for (id, data) in self.extensions {
            assert_ne!(*id, 0, "identifier 0 is padding (RFC 8285 section 4.1.2)");
            let length = u8::try_from(data.len()).expect("the caller chose data that an extension can hold");
            if two_byte {
                out.put_slice(&[*id, length]);
            } else {
                out.put_u8(id << 4 | (length - 1));
            }
            out.put_slice(data);
        }
    }

    /// The one-byte form has identifiers 1 to 14 and data of 1 to 16 bytes.
    fn needs_two_byte_form(&self) -> bool {
        self.extensions.iter().any(|(id, data)| *id >= STOP_ID || !(1..=16).contains(&data.len()))
    }

    /// Bytes of the extension elements without the padding at their end.
    fn element_bytes(&self, two_byte: bool) -> usize {
        let element_header = if two_byte { 2 } else { 1 };
        self.extensions.iter().map(|(_, data)| element_header + data.len()).sum()
    }
}
