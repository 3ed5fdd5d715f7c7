//! Claims about RTCP.

use proptest::prelude::*;

use super::{
    Feedback, ReportBlock, read, write_bye, write_fir, write_nack, write_pli, write_receiver_report,
    write_remb, write_sender_report, write_twcc,
};
use crate::{DropReason, Ssrc, limits, rtp::tests::many_cases};

const SENDER: Ssrc = Ssrc(0x0102_0304);
const MEDIA: Ssrc = Ssrc(0x1112_1314);
const BLOCK: ReportBlock = ReportBlock {
    ssrc: MEDIA,
    fraction_lost: 64,
    cumulative_lost: -3,
    highest_sequence: 0x0001_0005,
    jitter: 17,
    last_sender_report: 0xaabb_ccdd,
    delay_since_last_sender_report: 65_536,
};

/// What a compound says, in words.
fn said(bytes: &[u8]) -> Result<Vec<String>, DropReason> {
    let mut all = Vec::new();
    read(bytes, |feedback| all.push(format!("{feedback:?}")))?;
    Ok(all)
}

fn nacked(bytes: &[u8]) -> Vec<u16> {
    let mut all = Vec::new();
    read(bytes, |feedback| {
        let Feedback::Nack { media: MEDIA, sequence } = feedback else {
            panic!("{feedback:?} is no NACK of the stream")
        };
        all.push(sequence);
    })
    .unwrap();
    all
}

/// Bytes by RFC 4585 section 6.2.1: 5 is missing, and of the 16 that follow the first and the last.
#[test]
fn a_nack_has_the_layout_of_rfc_4585() {
    let mut out = Vec::new();
    assert_eq!(write_nack(SENDER, MEDIA, &[5, 6, 21], &mut out), 3);
    let expected = [0x81, 205, 0, 3, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0, 5, 0x80, 0x01];
    assert_eq!(out, expected);
    assert_eq!(nacked(&out), [5, 6, 21]);
}

#[test]
fn a_nack_names_no_more_than_its_limit() {
    let far_apart: Vec<u16> = (0..1_000).map(|n| n * 40).collect();
    let mut out = Vec::new();
    assert_eq!(write_nack(SENDER, MEDIA, &far_apart, &mut out), limits::NACK_ENTRIES_MAX);
    assert!(out.len() <= limits::DATAGRAM_BYTES_MAX);
    assert_eq!(nacked(&out), far_apart[..limits::NACK_ENTRIES_MAX]);
}

#[test]
fn of_a_nack_no_more_than_the_limit_is_taken() {
    let mut nack = vec![0x81, 205, 0, 22, 0, 0, 0, 1, 0x11, 0x12, 0x13, 0x14];
    for entry in 0..20_u16 {
        nack.extend((entry * 17).to_be_bytes());
        nack.extend([0xff, 0xff]);
    }
    assert_eq!(nacked(&nack), (0..limits::NACK_ENTRIES_MAX as u16).collect::<Vec<_>>());
}

#[test]
fn nacks_around_the_wrap_name_every_packet_once() {
    let mut out = Vec::new();
    write_nack(SENDER, MEDIA, &[65_534, 65_535, 0, 1], &mut out);
    let mut found = nacked(&out);
    found.sort_unstable();
    assert_eq!(found, [0, 1, 65_534, 65_535]);
}

#[test]
fn no_packets_make_no_nack() {
    let mut out = Vec::new();
    assert_eq!(write_nack(SENDER, MEDIA, &[], &mut out), 0);
    assert!(out.is_empty());
}

#[test]
fn padding_is_not_taken_for_nacks() {
    let mut out = Vec::new();
    write_nack(SENDER, MEDIA, &[5], &mut out);
    out[0] |= 0x20;
    out[3] += 2;
    out.extend([0, 0, 0, 0, 0, 0, 0, 8]);
    assert_eq!(nacked(&out), [5]);
}

#[test]
fn padding_that_is_none_or_crooked_or_too_much_is_malformed() {
    for count in [0, 3, 16, 255] {
        let mut out = Vec::new();
        write_pli(SENDER, MEDIA, &mut out);
        out[0] |= 0x20;
        out[3] += 1;
        out.extend([0, 0, 0, count]);
        assert_eq!(said(&out), Err(DropReason::Malformed), "{count}");
    }
}

/// As `str0m` 0.25 sends it when a report falls due together with feedback: receiver report, transport-wide feedback whose last word
/// is filled up, and an extended report (RFC 3611) behind it.
#[test]
fn what_follows_padded_transport_wide_feedback_is_read() {
    let mut out = Vec::new();
    write_receiver_report(SENDER, &[BLOCK], &mut out);
    let feedback = out.len();
    write_twcc(SENDER, MEDIA, 7, 0, 0, &[Some(1)], &mut out);
    out[feedback] |= 0x20;
    *out.last_mut().unwrap() = 1;
    let reference_time = [0x80, 207, 0, 4, 1, 2, 3, 4, 4, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0];
    out.extend(reference_time);
    write_pli(SENDER, MEDIA, &mut out);
    let said = said(&out).unwrap();
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(said[2], format!("{:?}", Feedback::PictureLoss { media: MEDIA }));
}

#[test]
fn key_frame_requests_have_the_layouts_of_rfc_4585_and_rfc_5104() {
    let mut out = Vec::new();
    write_pli(SENDER, MEDIA, &mut out);
    assert_eq!(out, [0x81, 206, 0, 2, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14]);
    let start = out.len();
    write_fir(SENDER, MEDIA, 9, &mut out);
    let expected = [0x84, 206, 0, 4, 1, 2, 3, 4, 0, 0, 0, 0, 0x11, 0x12, 0x13, 0x14, 9, 0, 0, 0];
    assert_eq!(out[start..], expected);
    let requests = [Feedback::PictureLoss { media: MEDIA }, Feedback::FullIntraRequest { media: MEDIA }];
    assert_eq!(said(&out), Ok(requests.map(|request| format!("{request:?}")).to_vec()));
}

#[test]
fn a_report_of_both_kinds_is_read_as_it_was_written() {
    let mut out = Vec::new();
    write_sender_report(SENDER, 0x1234_5678_9abc_def0, 90_000, 10, 12_000, &mut out);
    assert_eq!(out[..8], [0x80, 200, 0, 6, 1, 2, 3, 4]);
    let start = out.len();
    assert_eq!(write_receiver_report(SENDER, &[BLOCK], &mut out), 1);
    // RFC 3550 section 6.4.1: fraction, then -3 in 24 bits.
    assert_eq!(
        out[start..start + 16],
        [0x81, 201, 0, 7, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 64, 0xff, 0xff, 0xfd]
    );
    let sent = Feedback::SenderReport {
        ssrc: SENDER,
        ntp: 0x1234_5678_9abc_def0,
        rtp_timestamp: 90_000,
        packets: 10,
        octets: 12_000,
    };
    let received = Feedback::ReceiverReport { sender: SENDER, block: BLOCK };
    assert_eq!(said(&out), Ok(vec![format!("{sent:?}"), format!("{received:?}")]));
}

#[test]
fn a_receiver_report_takes_thirty_one_blocks() {
    let mut out = Vec::new();
    assert_eq!(write_receiver_report(SENDER, &[BLOCK; 40], &mut out), 31);
    assert!(out.len() <= limits::DATAGRAM_BYTES_MAX);
    assert_eq!(said(&out).unwrap().len(), 31);
}

#[test]
fn loss_that_does_not_fit_stays_at_the_nearest_that_does() {
    for (lost, expected) in [(i32::MAX, 0x7f_ffff), (i32::MIN, -0x80_0000)] {
        let mut out = Vec::new();
        write_receiver_report(SENDER, &[ReportBlock { cumulative_lost: lost, ..BLOCK }], &mut out);
        let block = ReportBlock { cumulative_lost: expected, ..BLOCK };
        assert_eq!(said(&out), Ok(vec![format!("{:?}", Feedback::ReceiverReport { sender: SENDER, block })]));
    }
}

/// Bytes by draft-alvestrand-rmcat-remb-03: 1 Mbit/s is 250,000 times 2 to the 2nd.
#[test]
fn a_remb_has_the_layout_of_its_draft() {
    let mut out = Vec::new();
    write_remb(SENDER, 1_000_000, &[MEDIA], &mut out);
    let expected = b"\x8f\xce\0\x05\x01\x02\x03\x04\0\0\0\0REMB\x01\x0b\xd0\x90\x11\x12\x13\x14";
    assert_eq!(out, expected);
    let mut seen = None;
    read(&out, |feedback| {
        if let Feedback::Remb { bitrate_bps, ssrcs } = feedback {
            seen = Some((bitrate_bps, ssrcs.iter().collect::<Vec<_>>()));
        }
    })
    .unwrap();
    assert_eq!(seen, Some((1_000_000, vec![MEDIA])));
}

#[test]
fn a_remb_beyond_sixty_four_bits_saturates() {
    let packet = b"\x8f\xce\0\x04\0\0\0\x01\0\0\0\0REMB\0\xff\xff\xff";
    let mut seen = None;
    read(packet, |feedback| {
        if let Feedback::Remb { bitrate_bps, .. } = feedback {
            seen = Some(bitrate_bps);
        }
    })
    .unwrap();
    assert_eq!(seen, Some(u64::MAX));
}

#[test]
fn a_remb_that_promises_more_sources_than_it_has_is_malformed() {
    let packet = b"\x8f\xce\0\x04\0\0\0\x01\0\0\0\0REMB\x01\0\0\0";
    assert_eq!(said(packet), Err(DropReason::Malformed));
}

/// Bytes by draft-holmer section 3.1: a vector of two-bit statuses (small, lost, large), times 4, -1.
#[test]
fn transport_feedback_has_the_layout_of_its_draft() {
    let mut out = Vec::new();
    assert_eq!(write_twcc(SENDER, MEDIA, 65_535, -2, 7, &[Some(4), None, Some(-1)], &mut out), 3);
    let head = [0x8f, 205, 0, 6, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0xff, 0xff, 0, 3, 0xff, 0xff, 0xfe, 7];
    assert_eq!(out[..20], head);
    assert_eq!(out[20..], [0b1101_0010, 0, 4, 0xff, 0xff, 0, 0, 0]);
    let mut seen = None;
    read(&out, |feedback| {
        if let Feedback::TransportFeedback(feedback) = feedback {
            let head = (feedback.media, feedback.base_sequence, feedback.status_count);
            let times = (feedback.reference_time, feedback.feedback_count);
            seen = Some((head, times, feedback.packets().collect::<Vec<_>>()));
        }
    })
    .unwrap();
    let packets = vec![(65_535, Some(4)), (0, None), (1, Some(-1))];
    assert_eq!(seen, Some(((MEDIA, 65_535, 3), (-2, 7), packets)));
}

#[test]
fn a_bye_names_every_stream() {
    let mut out = Vec::new();
    write_bye(&[SENDER, MEDIA], &mut out);
    assert_eq!(out, [0x82, 203, 0, 2, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14]);
    let expected = [SENDER, MEDIA].map(|ssrc| format!("{:?}", Feedback::Goodbye { ssrc }));
    assert_eq!(said(&out), Ok(expected.to_vec()));
}

#[test]
fn what_nothing_acts_on_is_passed_over() {
    // SDES with a CNAME, APP, an unknown transport and an unknown payload feedback, and then a PLI.
    let mut out = vec![0x81, 202, 0, 2, 0, 0, 0, 1, 1, 1, b'a', 0];
    out.extend([0x80, 204, 0, 2, 0, 0, 0, 1, b'n', b'a', b'm', b'e']);
    out.extend([0x83, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    out.extend([0x82, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2]);
    write_pli(SENDER, MEDIA, &mut out);
    assert_eq!(said(&out), Ok(vec![format!("{:?}", Feedback::PictureLoss { media: MEDIA })]));
}

#[test]
fn packets_that_do_not_fill_the_datagram_say_nothing() {
    let mut out = Vec::new();
    write_pli(SENDER, MEDIA, &mut out);
    write_pli(SENDER, MEDIA, &mut out);
    for length in (0..24).filter(|length| *length != 12) {
        let mut heard = 0;
        assert_eq!(read(&out[..length], |_| heard += 1), Err(DropReason::Malformed), "{length}");
        assert_eq!(heard, 0);
    }
    out[12] = 0x41;
    assert_eq!(said(&out), Err(DropReason::WrongVersion));
}

#[test]
fn a_compound_is_read_up_to_its_limit() {
    let mut out = Vec::new();
    for _ in 0..limits::RTCP_PACKETS_MAX + 3 {
        write_pli(SENDER, MEDIA, &mut out);
    }
    assert_eq!(said(&out).unwrap().len(), limits::RTCP_PACKETS_MAX);
    out.resize(limits::DATAGRAM_BYTES_MAX + 4, 0);
    assert_eq!(said(&out), Err(DropReason::Oversized));
}

/// Reads everything that can be read.
fn examine(bytes: &[u8]) {
    let _ = read(bytes, |feedback| {
        if let Feedback::TransportFeedback(feedback) = feedback {
            assert!(feedback.packets().count() <= usize::from(feedback.status_count));
        }
        if let Feedback::Remb { ssrcs, .. } = feedback {
            assert!(ssrcs.iter().count() <= 255);
        }
        assert!(!format!("{feedback:?}").is_empty());
    });
}

proptest! {
    #![proptest_config(many_cases())]

    #[test]
    fn no_bytes_make_a_reader_panic(
        packets in prop::collection::vec((any::<u8>(), 198_u8..209, prop::collection::vec(any::<u8>(), 0..60)), 1..4),
        raw in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        examine(&raw);
        let mut bytes = Vec::new();
        for (first, packet_type, content) in packets {
            let content = &content[..content.len() / 4 * 4];
            bytes.extend([0x80 | first & 0x3f, packet_type, 0, (content.len() / 4) as u8]);
            bytes.extend(content);
        }
        examine(&bytes);
    }

    #[test]
    fn no_change_to_a_compound_makes_a_reader_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length in any::<prop::sample::Index>(),
    ) {
        let mut out = Vec::new();
        write_sender_report(SENDER, 1, 2, 3, 4, &mut out);
        write_receiver_report(SENDER, &[BLOCK; 2], &mut out);
        write_nack(SENDER, MEDIA, &[1, 2, 30], &mut out);
        write_twcc(SENDER, MEDIA, 1, 2, 3, &[Some(1), None, Some(500), Some(3)], &mut out);
        write_fir(SENDER, MEDIA, 1, &mut out);
        write_remb(SENDER, 5_000_000, &[MEDIA], &mut out);
        write_bye(&[MEDIA], &mut out);
        for (index, byte) in changes {
            let index = index.index(out.len());
            out[index] = byte;
        }
        examine(&out);
        examine(&out[..length.index(out.len())]);
    }

    #[test]
    fn a_remb_loses_less_than_one_part_in_two_to_the_seventeenth(bitrate: u64, shift in 0_u32..64) {
        let bitrate = bitrate >> shift;
        let mut out = Vec::new();
        write_remb(SENDER, bitrate, &[], &mut out);
        let mut seen = None;
        read(&out, |feedback| if let Feedback::Remb { bitrate_bps, .. } = feedback { seen = Some(bitrate_bps) }).unwrap();
        let seen = seen.unwrap();
        prop_assert!(seen <= bitrate && bitrate - seen <= bitrate >> 17, "{} {}", seen, bitrate);
    }
}

proptest! {
    #![proptest_config(proptest::test_runner::Config { cases: 500, ..many_cases() })]

    #[test]
    fn arrivals_survive_the_wire_in_as_many_packets_as_they_take(
        base: u16,
        runs in prop::collection::vec((prop::option::of(any::<i16>()), 1_usize..400), 1..20),
        noise in prop::collection::vec(prop::option::of(-300_i16..600), 0..600),
    ) {
        let mut arrivals: Vec<_> = runs.iter().flat_map(|(arrival, count)| vec![*arrival; *count]).collect();
        arrivals.extend(noise);
        let (mut done, mut seen) = (0, Vec::new());
        while done < arrivals.len() {
            let mut out = Vec::new();
            let from = base.wrapping_add(done as u16);
            let taken = write_twcc(SENDER, MEDIA, from, 0, 0, &arrivals[done..], &mut out);
            prop_assert!(taken > 0 && out.len() <= limits::DATAGRAM_BYTES_MAX);
            read(&out, |feedback| if let Feedback::TransportFeedback(feedback) = feedback {
                seen.extend(feedback.packets());
            }).unwrap();
            done += taken;
        }
        let sent: Vec<_> = arrivals.iter().enumerate().map(|(n, arrival)| (base.wrapping_add(n as u16), *arrival)).collect();
        prop_assert_eq!(seen, sent);
    }

    #[test]
    fn nacks_survive_the_wire(sequences in prop::collection::btree_set(any::<u16>(), 1..=limits::NACK_ENTRIES_MAX)) {
        let sequences: Vec<_> = sequences.into_iter().collect();
        let mut out = Vec::new();
        prop_assert_eq!(write_nack(SENDER, MEDIA, &sequences, &mut out), sequences.len());
        prop_assert!(out.len() <= limits::DATAGRAM_BYTES_MAX);
        prop_assert_eq!(nacked(&out), sequences);
    }
}
