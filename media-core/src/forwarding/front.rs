//! Owns what stands in front of a forwarded packet's payload, as far as it is the same for everybody who gets it: written once,
//! when the packet comes in. Numbers are put in for each copy.

use bytes::{BufMut, Bytes};

use crate::{
    Ssrc,
    rtp::{
        AudioLevel, PacketMeta, RtpHeader, RtpView,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, TRANSPORT_SEQUENCE},
    },
};

/// Bytes of a header that nothing is allocated for: all but those that bring a new structure.
const SHORT: usize = 32;
/// Bytes in which each copy differs: the fixed header, and the transport-wide number with what is in front of it.
const OWN: usize = 20;
/// Where the number stands, by the form of the extension's elements (RFC 8285 sections 4.2 and 4.3).
const NUMBER_IN_ONE_BYTE_FORM: usize = 17;
const NUMBER_IN_TWO_BYTE_FORM: usize = 18;
/// The second byte of the profile that announces the one-byte form.
const ONE_BYTE_FORM: u8 = 0xde;

/// The header and its extensions.
#[derive(Clone, Debug)]
pub(super) enum Front {
    Short { bytes: [u8; SHORT], len: u8 },
    Long(Box<[u8]>),
}

/// In what a copy differs from others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Own {
    pub(super) ssrc: Ssrc,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) payload_type: u8,
    pub(super) marker: bool,
    pub(super) transport_sequence: u16,
}

impl Front {
    /// Of the packet that came in: its dependency descriptor goes on, or the level of its sound.
    pub(super) fn of(meta: &PacketMeta, datagram: &Bytes) -> Self {
        let view = meta.frame.and_then(|_| RtpView::parse(datagram).ok());
        let descriptor = view.as_ref().and_then(|view| view.extension(DEPENDENCY_DESCRIPTOR));
        let level = meta.audio_level.map(AudioLevel::bytes).unwrap_or_default();
        let number: (u8, &[u8]) = (TRANSPORT_SEQUENCE, &[0; 2]);
        let mut extensions = [number, (0, &[])];
        let mut count = 1;
        if let Some(descriptor) = descriptor {
            (extensions[1], count) = ((DEPENDENCY_DESCRIPTOR, descriptor), 2);
        } else if meta.audio_level.is_some() {
            (extensions[1], count) = ((AUDIO_LEVEL, &level[..]), 2);
        }
        let header = RtpHeader {
            ssrc: Ssrc(0),
            sequence: 0,
            timestamp: 0,
            payload_type: 0,
            marker: false,
            extensions: &extensions[..count],
        };
        if header.len() > SHORT {
            let mut bytes = Vec::with_capacity(header.len());
            header.write(&[], &mut bytes);
            return Self::Long(bytes.into_boxed_slice());
        }
        let mut bytes = [0; SHORT];
        header.write(&[], &mut &mut bytes[..]);
        Self::Short { bytes, len: header.len() as u8 }
    }

    /// Appends it with a copy's own numbers.
    pub(super) fn write(&self, own: Own, out: &mut impl BufMut) {
        let bytes = match self {
            Self::Short { bytes, len } => &bytes[..usize::from(*len)],
            Self::Long(bytes) => bytes,
        };
        let (first, rest) = bytes.split_first_chunk::<OWN>().expect("each has a transport-wide number");
        let mut first = *first;
        first[1] = u8::from(own.marker) << 7 | (own.payload_type & 0x7f);
        first[2..4].copy_from_slice(&own.sequence.to_be_bytes());
        first[4..8].copy_from_slice(&own.timestamp.to_be_bytes());
        first[8..12].copy_from_slice(&own.ssrc.0.to_be_bytes());
        let number = own.transport_sequence.to_be_bytes();
        if first[13] == ONE_BYTE_FORM {
            first[NUMBER_IN_ONE_BYTE_FORM..NUMBER_IN_ONE_BYTE_FORM + 2].copy_from_slice(&number);
        } else {
            first[NUMBER_IN_TWO_BYTE_FORM..NUMBER_IN_TWO_BYTE_FORM + 2].copy_from_slice(&number);
        }
        out.put_slice(&first);
        out.put_slice(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::FrameMeta;

    const FRAME: FrameMeta =
        FrameMeta { start: true, end: true, number: 1, spatial: 0, temporal: 0, key: true, switch_up: false };
    const OWN_NUMBERS: Own = Own {
        ssrc: Ssrc(0x0102_0304),
        sequence: 0x0506,
        timestamp: 0x0708_090a,
        payload_type: 111,
        marker: true,
        transport_sequence: 0x0b0c,
    };

    /// What came in with this extension, and what goes out with it.
    fn through(extension: Option<(u8, &[u8])>) -> (Vec<u8>, Vec<u8>) {
        let header = |ssrc, sequence, timestamp, payload_type, marker, extensions| RtpHeader {
            ssrc,
            sequence,
            timestamp,
            payload_type,
            marker,
            extensions,
        };
        let mut datagram = Vec::new();
        header(Ssrc(9), 9, 9, 96, false, extension.as_slice()).write(b"payload", &mut datagram);
        let datagram = Bytes::from(datagram);
        let frame = extension.filter(|(id, _)| *id == DEPENDENCY_DESCRIPTOR).map(|_| FRAME);
        let meta = PacketMeta::from_view(&RtpView::parse(&datagram).unwrap(), frame);
        let mut written = Vec::new();
        Front::of(&meta, &datagram).write(OWN_NUMBERS, &mut written);
        let mut extensions: Vec<(u8, &[u8])> = vec![(TRANSPORT_SEQUENCE, &[0x0b, 0x0c])];
        extensions.extend(extension);
        let Own { ssrc, sequence, timestamp, payload_type, marker, .. } = OWN_NUMBERS;
        let mut expected = Vec::new();
        header(ssrc, sequence, timestamp, payload_type, marker, &extensions).write(&[], &mut expected);
        (written, expected)
    }

    #[test]
    fn a_header_written_once_is_what_each_copy_would_have_written() {
        let descriptor = [7; 255];
        let lengths = (1..60).chain([255]);
        let pictures = lengths.map(|length| Some((DEPENDENCY_DESCRIPTOR, &descriptor[..length])));
        for extension in pictures.chain([Some((AUDIO_LEVEL, &[0x1e][..])), None]) {
            let (written, expected) = through(extension);
            assert_eq!(written, expected, "{extension:?}");
        }
    }
}
