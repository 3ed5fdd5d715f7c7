//! Claims about reading and writing RTP headers.

use proptest::prelude::*;

use super::{super::tests::many_cases, RtpView};
use crate::{
    DropReason, Ssrc, limits,
    rtp::{AudioLevel, RtpHeader, ext},
};

const HEADER: RtpHeader<'static> = RtpHeader {
    ssrc: Ssrc(0x0102_0304),
    sequence: 0x1234,
    timestamp: 0x89ab_cdef,
    payload_type: 96,
    marker: true,
    extensions: &[],
};

fn written(header: &RtpHeader<'_>, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    header.write(payload, &mut packet);
    packet
}

#[test]
fn the_fixed_header_has_the_fields_of_rfc_3550() {
    let packet = written(&HEADER, b"media");
    assert_eq!(packet[..12], [0x80, 0xe0, 0x12, 0x34, 0x89, 0xab, 0xcd, 0xef, 1, 2, 3, 4]);
    let view = RtpView::parse(&packet).unwrap();
    assert_eq!(view.ssrc(), HEADER.ssrc);
    assert_eq!(view.sequence(), HEADER.sequence);
    assert_eq!(view.timestamp(), HEADER.timestamp);
    assert_eq!(view.payload_type(), HEADER.payload_type);
    assert!(view.marker());
    assert_eq!(view.payload(), b"media");
}

#[test]
fn the_payload_starts_after_the_contributing_sources() {
    let mut packet = written(&HEADER, &[]);
    packet[0] |= 2;
    packet.extend([0; 8]);
    packet.extend(b"media");
    assert_eq!(RtpView::parse(&packet).unwrap().payload(), b"media");
    assert_eq!(RtpView::parse(&packet[..19]).unwrap_err(), DropReason::Malformed);
}

/// The example of RFC 8285 section 4.2, with identifiers and data filled in.
#[test]
fn one_byte_extensions_are_read_as_in_rfc_8285() {
    let mut packet = written(&HEADER, &[]);
    packet[0] |= 0x10;
    packet.extend([0xbe, 0xde, 0, 3, 0x10, 7, 0x21, 8, 9, 0, 0, 0x33, 1, 2, 3, 4]);
    packet.extend(b"media");
    let view = RtpView::parse(&packet).unwrap();
    let found: Vec<_> = view.extensions().collect();
    assert_eq!(found, [(1, &[7][..]), (2, &[8, 9]), (3, &[1, 2, 3, 4])]);
    assert_eq!(view.extension(3), Some(&[1, 2, 3, 4][..]));
    assert_eq!(view.extension(4), None);
    assert_eq!(view.payload(), b"media");
}

/// The example of RFC 8285 section 4.3, with identifiers and data filled in, and application bits set.
#[test]
fn two_byte_extensions_are_read_as_in_rfc_8285() {
    let mut packet = written(&HEADER, &[]);
    packet[0] |= 0x10;
    packet.extend([0x10, 0x0f, 0, 3, 1, 0, 200, 1, 8, 0, 3, 4, 1, 2, 3, 4]);
    let view = RtpView::parse(&packet).unwrap();
    let found: Vec<_> = view.extensions().collect();
    assert_eq!(found, [(1, &[][..]), (200, &[8]), (3, &[1, 2, 3, 4])]);
}

#[test]
fn a_reader_of_one_byte_extensions_stops_at_identifier_fifteen_and_at_zero_with_a_length() {
    for stop in [0xf0, 0x01] {
        let mut packet = written(&HEADER, &[]);
        packet[0] |= 0x10;
        packet.extend([0xbe, 0xde, 0, 2, 0x10, 7, stop, 0, 0, 0x20, 8, 0]);
        let view = RtpView::parse(&packet).unwrap();
        assert_eq!(view.extensions().collect::<Vec<_>>(), [(1, &[7][..])], "{stop:#x}");
    }
}

#[test]
fn an_element_that_reaches_beyond_the_extension_is_not_there() {
    let mut packet = written(&HEADER, &[]);
    packet[0] |= 0x10;
    packet.extend([0xbe, 0xde, 0, 1, 0x10, 7, 0x23, 1]);
    packet.extend(b"media");
    let view = RtpView::parse(&packet).unwrap();
    assert_eq!(view.extension(1), Some(&[7][..]));
    assert_eq!(view.extension(2), None);
}

#[test]
fn another_profile_has_no_elements() {
    let mut packet = written(&HEADER, b"");
    packet[0] |= 0x10;
    packet.extend([0x20, 0, 0, 1, 0x10, 7, 0, 0]);
    assert_eq!(RtpView::parse(&packet).unwrap().extensions().count(), 0);
}

#[test]
fn an_extension_that_reaches_beyond_the_packet_is_malformed() {
    let mut packet = written(&HEADER, &[]);
    packet[0] |= 0x10;
    assert_eq!(RtpView::parse(&packet).unwrap_err(), DropReason::Malformed);
    packet.extend([0xbe, 0xde, 0, 1, 0, 0, 0]);
    assert_eq!(RtpView::parse(&packet).unwrap_err(), DropReason::Malformed);
    packet.push(0);
    assert!(RtpView::parse(&packet).is_ok());
}

#[test]
fn padding_is_not_payload() {
    let mut packet = written(&HEADER, b"media\0\0\x03");
    packet[0] |= 0x20;
    assert_eq!(RtpView::parse(&packet).unwrap().payload(), b"media");
}

#[test]
fn padding_of_no_bytes_or_more_than_there_are_is_malformed() {
    for count in [0, 6, 255] {
        let mut packet = written(&HEADER, &[1, 2, 3, 4, count]);
        packet[0] |= 0x20;
        assert_eq!(RtpView::parse(&packet).unwrap_err(), DropReason::Malformed, "{count}");
    }
}

#[test]
fn a_probe_is_nothing_but_padding() {
    for bytes in [1, 2, 255] {
        let mut packet = Vec::new();
        HEADER.write_padding(bytes, &mut packet);
        assert_eq!(packet.len(), 12 + usize::from(bytes));
        assert!(RtpView::parse(&packet).unwrap().payload().is_empty());
    }
}

#[test]
fn what_is_too_long_too_short_or_of_another_version_has_its_own_name() {
    let longest = written(&HEADER, &[0; limits::DATAGRAM_BYTES_MAX - 12]);
    assert!(RtpView::parse(&longest).is_ok());
    let too_long = written(&HEADER, &[0; limits::DATAGRAM_BYTES_MAX - 11]);
    assert_eq!(RtpView::parse(&too_long).unwrap_err(), DropReason::Oversized);
    for length in 0..12 {
        assert_eq!(RtpView::parse(&longest[..length]).unwrap_err(), DropReason::Malformed);
    }
    for version in [0x00, 0x40, 0xc0] {
        let mut packet = longest.clone();
        packet[0] = version;
        assert_eq!(RtpView::parse(&packet).unwrap_err(), DropReason::WrongVersion);
    }
}

#[test]
fn a_retransmission_names_what_it_sends_again() {
    let mut packet = Vec::new();
    HEADER.write_retransmission(0xfffe, b"media", &mut packet);
    assert_eq!(packet[12..], *b"\xff\xfemedia");
    let view = RtpView::parse(&packet).unwrap();
    assert_eq!(view.retransmitted(), Ok((0xfffe, &b"media"[..])));
    let short = written(&HEADER, b"x");
    assert_eq!(RtpView::parse(&short).unwrap().retransmitted(), Err(DropReason::Malformed));
}

#[test]
fn the_one_byte_form_is_written_unless_an_element_fits_only_the_other() {
    for (id, length, profile) in
        [(14, 16, 0xbede), (1, 1, 0xbede), (15, 1, 0x1000), (1, 17, 0x1000), (1, 0, 0x1000)]
    {
        let data = vec![7; length];
        let packet = written(&RtpHeader { extensions: &[(id, &data)], ..HEADER }, b"media");
        assert_eq!(u16::from_be_bytes([packet[12], packet[13]]), profile, "{id} {length}");
        let view = RtpView::parse(&packet).unwrap();
        assert_eq!(view.extension(id), Some(&data[..]));
        assert_eq!(view.payload(), b"media");
    }
}

#[test]
fn extensions_of_any_length_together_are_read_as_written_and_padded_with_zeros() {
    for bytes in 1..=255 {
        let (first, second) = ([7], vec![9; bytes]);
        let header = RtpHeader { extensions: &[(1, &first), (2, &second)], ..HEADER };
        let packet = written(&header, b"media");
        assert_eq!(packet.len(), header.len() + 5, "{bytes}");
        let view = RtpView::parse(&packet).unwrap();
        assert_eq!(view.extensions().collect::<Vec<_>>(), [(1, &first[..]), (2, &second[..])], "{bytes}");
        assert_eq!(view.payload(), b"media");
        let end = packet.iter().rposition(|byte| *byte == 9).unwrap() + 1;
        assert!(packet[end..view.payload_offset()].iter().all(|byte| *byte == 0), "{bytes}");
    }
}

#[test]
fn the_extensions_of_the_session_are_read_by_name() {
    let level = AudioLevel { level: 42, voice: true };
    let packet = written(
        &RtpHeader {
            extensions: &[
                (ext::AUDIO_LEVEL, &level.bytes()),
                (ext::TRANSPORT_SEQUENCE, &0xabcd_u16.to_be_bytes()),
                (ext::MID, b"0"),
                (ext::RID, b"h"),
                (ext::REPAIRED_RID, b"q"),
            ],
            ..HEADER
        },
        b"",
    );
    let view = RtpView::parse(&packet).unwrap();
    assert_eq!(view.audio_level(), Some(level));
    assert_eq!(view.transport_sequence(), Some(0xabcd));
    assert_eq!(
        (view.mid(), view.rid(), view.repaired_rid()),
        (Some(&b"0"[..]), Some(&b"h"[..]), Some(&b"q"[..]))
    );
}

#[test]
fn a_transport_sequence_of_another_length_is_none() {
    let packet = written(&RtpHeader { extensions: &[(ext::TRANSPORT_SEQUENCE, &[1, 2, 3])], ..HEADER }, b"");
    assert_eq!(RtpView::parse(&packet).unwrap().transport_sequence(), None);
}

/// Touches everything that can be asked of a view, and checks what holds of any packet.
fn examine(bytes: &[u8]) -> Result<(), TestCaseError> {
    let Ok(view) = RtpView::parse(bytes) else { return Ok(()) };
    prop_assert!(view.payload_offset() + view.payload().len() <= bytes.len());
    let area: usize = view.extensions().map(|(_, data)| data.len() + 1).sum();
    prop_assert!(area <= view.payload_offset() - 12);
    let _ =
        (view.audio_level(), view.transport_sequence(), view.retransmitted(), view.ssrc(), view.timestamp());
    Ok(())
}

proptest! {
    #![proptest_config(many_cases())]

    #[test]
    fn no_bytes_make_a_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), rtp: bool) {
        if let (true, Some(first)) = (rtp, bytes.first_mut()) {
            *first = 0x80 | *first & 0x3f;
        }
        examine(&bytes)?;
    }

    #[test]
    fn no_change_to_a_packet_makes_a_reader_panic(
        elements in prop::collection::vec((1_u8..16, prop::collection::vec(any::<u8>(), 0..20)), 0..5),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let elements: Vec<_> = elements.iter().map(|(id, data)| (*id, &data[..])).collect();
        let mut packet = written(&RtpHeader { extensions: &elements, ..HEADER }, b"media");
        for (index, byte) in changes {
            let index = index.index(packet.len());
            packet[index] = byte;
        }
        examine(&packet)?;
        examine(&packet[..cut.index(packet.len())])?;
    }

    #[test]
    fn whatever_is_written_is_read(
        (ssrc, sequence, timestamp, payload_type, marker) in (any::<u32>(), any::<u16>(), any::<u32>(), 0_u8..128, any::<bool>()),
        elements in prop::collection::btree_map(1_u8.., prop::collection::vec(any::<u8>(), 0..40), 0..6),
        payload in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let elements: Vec<_> = elements.iter().map(|(id, data)| (*id, &data[..])).collect();
        let ssrc = Ssrc(ssrc);
        let header = RtpHeader { ssrc, sequence, timestamp, payload_type, marker, extensions: &elements };
        let packet = written(&header, &payload);
        let view = RtpView::parse(&packet).unwrap();
        prop_assert_eq!(
            (view.ssrc(), view.sequence(), view.timestamp(), view.payload_type(), view.marker()),
            (ssrc, sequence, timestamp, payload_type, marker)
        );
        prop_assert_eq!(view.extensions().collect::<Vec<_>>(), elements.clone());
        prop_assert_eq!(view.payload(), &payload[..]);
        prop_assert_eq!(view.payload_offset(), header.len());
    }
}
