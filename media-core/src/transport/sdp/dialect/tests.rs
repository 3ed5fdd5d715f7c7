//! Holds translation to what it promises.

use proptest::{
    prelude::{any, prop_assert_eq, proptest},
    test_runner::{Config, RngSeed},
};

use super::Dialect;
use crate::{
    Codec, DropReason, Ssrc,
    rtp::{
        AudioLevel, PROBE_PAYLOAD_TYPE, PROBE_SSRC, RED_PAYLOAD_TYPE, RedView, Redundant, RtpHeader, RtpView,
        ext, red, rtcp,
    },
    transport::sdp::{Fingerprint, IceCredentials, LocalDescription, Negotiation},
};

const CHROMIUM: &str = include_str!("../../../../../fixtures/sdp/chromium-full.sdp");
const FIREFOX: &str = include_str!("../../../../../fixtures/sdp/firefox-full.sdp");
/// Chromium's identifiers.
const CHROMIUM_DESCRIPTOR: u8 = 12;
const CHROMIUM_SEND_TIME: u8 = 2;

/// Of an offer, with fresh SSRCs from 500 on: 500 audio's retransmissions, then two for each encoding of the camera.
fn dialect(offer: &str) -> Dialect {
    let ice = IceCredentials { ufrag: "node".to_owned(), pwd: "passwordpasswordpassword".to_owned() };
    let local =
        LocalDescription { ice, fingerprint: Fingerprint::new([1; 32]), candidates: Vec::new(), session: 1 };
    let mut negotiation = Negotiation::new(local);
    let mut fresh = (500..).map(Ssrc);
    negotiation.answer(offer, &[], &mut || fresh.next().unwrap()).unwrap();
    negotiation.dialect().clone()
}

fn packet(ssrc: u32, payload_type: u8, extensions: &[(u8, &[u8])], payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let ssrc = Ssrc(ssrc);
    RtpHeader { ssrc, sequence: 7, timestamp: 8, payload_type, marker: true, extensions }
        .write(payload, &mut bytes);
    bytes
}

#[test]
fn chromiums_packet_is_read_with_the_sessions_numbers() {
    let mut dialect = dialect(CHROMIUM);
    let mid_and_rid: [(u8, &[u8]); 3] = [(4, b"1"), (10, b"h"), (CHROMIUM_DESCRIPTOR, &[1, 2, 3])];
    let mut bytes = packet(90, 96, &mid_and_rid, b"picture");
    dialect.incoming_rtp(&mut bytes).unwrap();
    let view = RtpView::parse(&bytes).unwrap();
    assert_eq!((view.ssrc(), view.payload_type(), view.marker()), (Ssrc(503), 96, true));
    assert_eq!(view.extension(ext::DEPENDENCY_DESCRIPTOR), Some(&[1, 2, 3][..]));
    assert_eq!((view.mid(), view.rid(), view.payload()), (Some(&b"1"[..]), Some(&b"h"[..]), &b"picture"[..]));
}

#[test]
fn firefoxs_packet_is_read_with_the_sessions_numbers() {
    let mut dialect = dialect(FIREFOX);
    let mut bytes = packet(1_054_063_597, 109, &[(1, &[20]), (7, &[0, 5])], b"voice");
    dialect.incoming_rtp(&mut bytes).unwrap();
    let view = RtpView::parse(&bytes).unwrap();
    assert_eq!((view.ssrc(), view.payload_type()), (Ssrc(1_054_063_597), Codec::Opus.payload_type()));
    assert_eq!(view.audio_level(), Some(AudioLevel { level: 20, voice: false }));
    assert_eq!(view.transport_sequence(), Some(5));
}

#[test]
fn a_stream_that_was_named_once_needs_no_name_any_more() {
    let mut dialect = dialect(CHROMIUM);
    assert_eq!(dialect.incoming_rtp(&mut packet(90, 96, &[], b"x")), Err(DropReason::ForeignSsrc));
    dialect.incoming_rtp(&mut packet(90, 96, &[(4, b"1"), (10, b"q")], b"x")).unwrap();
    let mut later = packet(90, 96, &[], b"x");
    dialect.incoming_rtp(&mut later).unwrap();
    assert_eq!(RtpView::parse(&later).unwrap().ssrc(), Ssrc(501));
}

#[test]
fn retransmissions_are_learned_by_the_name_of_what_they_repair() {
    let mut dialect = dialect(CHROMIUM);
    let mut bytes = packet(91, 97, &[(4, b"1"), (11, b"f")], &[0, 1, 2]);
    dialect.incoming_rtp(&mut bytes).unwrap();
    assert_eq!(RtpView::parse(&bytes).unwrap().ssrc(), Ssrc(506));
    let mut media = packet(92, 96, &[(4, b"1"), (10, b"f")], b"x");
    dialect.incoming_rtp(&mut media).unwrap();
    assert_eq!(RtpView::parse(&media).unwrap().ssrc(), Ssrc(505));
}

#[test]
fn a_name_that_was_not_offered_is_foreign() {
    let mut dialect = dialect(CHROMIUM);
    for name in [[(4, &b"9"[..]), (10, &b"q"[..])], [(4, b"1"), (10, b"z")], [(4, b"0"), (10, b"q")]] {
        assert_eq!(dialect.incoming_rtp(&mut packet(90, 96, &name, b"x")), Err(DropReason::ForeignSsrc));
    }
    // An announced stream is not learned anew: nobody takes its place.
    assert_eq!(dialect.incoming_rtp(&mut packet(90, 111, &[(4, b"0")], b"x")), Err(DropReason::ForeignSsrc));
}

#[test]
fn a_peer_that_changes_its_ssrcs_all_the_time_takes_no_more_room() {
    let mut dialect = dialect(CHROMIUM);
    let before = dialect.sources().len();
    for ssrc in 1_000..2_000 {
        let mut bytes = packet(ssrc, 96, &[(4, b"1"), (10, b"q")], b"x");
        dialect.incoming_rtp(&mut bytes).unwrap();
        assert_eq!(RtpView::parse(&bytes).unwrap().ssrc(), Ssrc(501));
    }
    assert_eq!(dialect.sources().len(), before);
    assert_eq!(dialect.incoming_rtp(&mut packet(1_000, 96, &[], b"x")), Err(DropReason::ForeignSsrc));
}

#[test]
fn a_payload_type_that_was_not_agreed_on_is_refused() {
    let mut dialect = dialect(CHROMIUM);
    // G.722 and AV1 were offered, 77 was not.
    for payload_type in [9, 45] {
        let refused = dialect.incoming_rtp(&mut packet(1_987_924_713, payload_type, &[], b"x"));
        assert_eq!(refused, Err(DropReason::UnknownPayloadType));
    }
}

#[test]
fn an_extension_that_was_not_agreed_on_becomes_padding() {
    let mut dialect = dialect(CHROMIUM);
    // As long as it needs two-byte headers, and not.
    for length in [3, 40] {
        let descriptor = vec![0xaa; length];
        let extensions: [(u8, &[u8]); 3] =
            [(CHROMIUM_SEND_TIME, &[1, 2, 3]), (CHROMIUM_DESCRIPTOR, &descriptor), (3, &[0, 9])];
        let mut bytes = packet(3_357_706_309, 96, &extensions, b"x");
        dialect.incoming_rtp(&mut bytes).unwrap();
        let found: Vec<_> = RtpView::parse(&bytes).unwrap().extensions().collect();
        let expected =
            [(ext::DEPENDENCY_DESCRIPTOR, &descriptor[..]), (ext::TRANSPORT_SEQUENCE, &[0, 9][..])];
        assert_eq!(found, expected);
    }
}

#[test]
fn what_goes_to_firefox_has_its_numbers() {
    let dialect = dialect(FIREFOX);
    let extensions: [(u8, &[u8]); 3] = [
        (ext::AUDIO_LEVEL, &[9]),
        (ext::TRANSPORT_SEQUENCE, &[1, 2]),
        (ext::DEPENDENCY_DESCRIPTOR, &[1, 2, 3]),
    ];
    let mut bytes = packet(40, Codec::Vp8.payload_type(), &extensions, b"x");
    let length = bytes.len();
    dialect.outgoing_rtp(&mut bytes);
    let view = RtpView::parse(&bytes).unwrap();
    let found: Vec<_> = view.extensions().collect();
    assert_eq!(found, [(1, &[9][..]), (7, &[1, 2][..]), (8, &[1, 2, 3][..])]);
    assert_eq!((view.ssrc(), view.payload_type(), bytes.len()), (Ssrc(40), 120, length));
    let mut repair = packet(40, Codec::Vp8.rtx_payload_type(), &[], b"x");
    dialect.outgoing_rtp(&mut repair);
    assert_eq!(RtpView::parse(&repair).unwrap().payload_type(), 124);
}

#[test]
fn probes_have_a_payload_type_that_the_peer_did_not_offer() {
    // `rtc` has H.264 under the session's number for probes.
    let offer = FIREFOX.replace(" 109", " 127").replace(":109", ":127");
    let mut dialect = dialect(&offer);
    let mut bytes = packet(PROBE_SSRC.0, PROBE_PAYLOAD_TYPE, &[], b"x");
    dialect.outgoing_rtp(&mut bytes);
    assert_eq!(RtpView::parse(&bytes).unwrap().payload_type(), 126);
    dialect.incoming_rtp(&mut bytes).unwrap();
    assert_eq!(RtpView::parse(&bytes).unwrap().payload_type(), PROBE_PAYLOAD_TYPE);
    // What was not agreed on goes there, too.
    let mut h264 = packet(40, Codec::H264.payload_type(), &[], b"x");
    dialect.outgoing_rtp(&mut h264);
    assert_eq!(RtpView::parse(&h264).unwrap().payload_type(), 126);
}

#[test]
fn what_libwebrtc_probes_with_before_it_sends_pictures_is_a_probe() {
    let mut dialect = dialect(CHROMIUM);
    // The payload type is that of retransmissions, and nothing says which stream is repaired.
    let mut bytes = packet(0, Codec::Vp8.rtx_payload_type(), &[], b"");
    dialect.incoming_rtp(&mut bytes).expect("it is known");
    assert_eq!(RtpView::parse(&bytes).unwrap().ssrc(), PROBE_SSRC);
}

#[test]
fn blocks_of_redundant_audio_are_translated_both_ways() {
    let offer = CHROMIUM.replace(" 111", " 121").replace(":111", ":121").replace("121/111", "121/121");
    let mut dialect = dialect(&offer);
    assert!(dialect.takes_red());
    let blocks = [Redundant::new(1_920, b"older").unwrap(), Redundant::new(960, b"old").unwrap()];
    let mut payload = Vec::new();
    red::write(&blocks, Codec::Opus.payload_type(), b"new", &mut payload);
    let sent = packet(1_987_924_713, RED_PAYLOAD_TYPE, &[], &payload);
    let mut bytes = sent.clone();
    dialect.outgoing_rtp(&mut bytes);
    let view = RtpView::parse(&bytes).unwrap();
    assert!(RedView::parse(view.payload(), 121).is_ok_and(|read| read.primary() == b"new"));
    dialect.incoming_rtp(&mut bytes).unwrap();
    assert_eq!(bytes, sent);
}

#[test]
fn a_peer_with_the_sessions_numbers_needs_no_translation() {
    let from = CHROMIUM.find("m=video").unwrap();
    let to = CHROMIUM.find("m=application").unwrap();
    let camera = CHROMIUM[from..].find("a=rid:q").unwrap() + from;
    let sections = CHROMIUM[camera..to].find("m=video").unwrap() + camera;
    // Without the camera, whose SSRCs are not announced.
    let offer = format!("{}{}", &CHROMIUM[..from], &CHROMIUM[sections..to]);
    let offer = offer.replace("BUNDLE 0 1 2 3 4 5 6", "BUNDLE 0 2 3 4 5").replace("extmap:13 ", "extmap:15 ");
    let plain = dialect(&offer.replace("extmap:12 ", "extmap:13 "));
    assert!(plain.is_plain() && plain.takes_red());
    let mut bytes = packet(1_987_924_713, 63, &[(1, &[1]), (3, &[1, 2]), (4, b"0")], &[111, 1]);
    let before = bytes.clone();
    plain.outgoing_rtp(&mut bytes);
    plain.clone().incoming_rtp(&mut bytes).unwrap();
    assert_eq!(bytes, before);
    for other in [
        offer.clone(),
        offer.replace("extmap:12 ", "extmap:13 ").replace("ssrc:1987924713", "x:1"),
        offer
            .replace("extmap:12 ", "extmap:13 ")
            .replace(" 96", " 50")
            .replace(":96", ":50")
            .replace("=96", "=50"),
    ] {
        assert!(!dialect(&other).is_plain());
    }
}

#[test]
fn feedback_to_a_peer_names_the_streams_as_it_does() {
    let mut dialect = dialect(CHROMIUM);
    dialect.incoming_rtp(&mut packet(90, 96, &[(4, b"1"), (10, b"q")], b"x")).unwrap();
    let (session, peer, me) = (Ssrc(501), Ssrc(90), Ssrc(5));
    let block = |ssrc| rtcp::ReportBlock {
        ssrc,
        fraction_lost: 1,
        cumulative_lost: 2,
        highest_sequence: 3,
        jitter: 4,
        last_sender_report: 5,
        delay_since_last_sender_report: 6,
    };
    let mut compound = Vec::new();
    rtcp::write_receiver_report(me, &[block(Ssrc(1)), block(session)], &mut compound);
    rtcp::write_twcc(me, session, 1, 2, 3, &[Some(4)], &mut compound);
    rtcp::write_nack(me, session, &[1, 2, 40], &mut compound);
    rtcp::write_pli(me, session, &mut compound);
    rtcp::write_fir(me, session, 1, &mut compound);
    let mut expected = Vec::new();
    rtcp::write_receiver_report(me, &[block(Ssrc(1)), block(peer)], &mut expected);
    rtcp::write_twcc(me, peer, 1, 2, 3, &[Some(4)], &mut expected);
    rtcp::write_nack(me, peer, &[1, 2, 40], &mut expected);
    rtcp::write_pli(me, peer, &mut expected);
    rtcp::write_fir(me, peer, 1, &mut expected);
    dialect.outgoing_rtcp(&mut compound);
    assert_eq!(compound, expected);
}

#[test]
fn a_peers_sender_report_is_of_the_sessions_stream() {
    let mut dialect = dialect(CHROMIUM);
    dialect.incoming_rtp(&mut packet(90, 96, &[(4, b"1"), (10, b"q")], b"x")).unwrap();
    let report = |ssrc| {
        let mut bytes = Vec::new();
        rtcp::write_sender_report(Ssrc(ssrc), 1, 2, 3, 4, &mut bytes);
        rtcp::write_bye(&[Ssrc(ssrc)], &mut bytes);
        bytes
    };
    let mut bytes = report(90);
    dialect.incoming_rtcp(&mut bytes);
    assert_eq!(bytes, report(501));
}

#[test]
fn translation_allocates_nothing() {
    let mut dialect = dialect(CHROMIUM);
    let mut named = packet(90, 96, &[(4, b"1"), (10, b"q"), (CHROMIUM_DESCRIPTOR, &[1, 2, 3])], b"x");
    let mut sent = packet(40, 96, &[(ext::DEPENDENCY_DESCRIPTOR, &[1, 2, 3])], b"x");
    let info = allocation_counter::measure(|| {
        dialect.incoming_rtp(&mut named).unwrap();
        dialect.outgoing_rtp(&mut sent);
    });
    assert_eq!(info.count_total, 0);
}

/// The same cases in every run.
fn cases() -> Config {
    Config { rng_seed: RngSeed::Fixed(0x5d9), failure_persistence: None, ..Config::with_cases(1_000) }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200), rtp in any::<bool>()) {
        let mut dialect = dialect(FIREFOX);
        let mut bytes = bytes;
        if let (true, Some(first)) = (rtp, bytes.first_mut()) {
            *first = 0x80 | *first & 0x3f;
        }
        for mut bytes in [bytes.clone(), bytes] {
            dialect.outgoing_rtp(&mut bytes);
            dialect.outgoing_rtcp(&mut bytes);
            dialect.incoming_rtcp(&mut bytes);
            let _verdict = dialect.incoming_rtp(&mut bytes);
        }
    }

    #[test]
    fn what_was_translated_back_is_what_it_was(
        level in 0_u8..128,
        descriptor in proptest::collection::vec(any::<u8>(), 1..60),
        payload in proptest::collection::vec(any::<u8>(), 0..50),
    ) {
        let mut dialect = dialect(FIREFOX);
        let extensions: [(u8, &[u8]); 3] = [
            (ext::AUDIO_LEVEL, &[level]),
            (ext::DEPENDENCY_DESCRIPTOR, &descriptor),
            (ext::TRANSPORT_SEQUENCE, &[1, 2]),
        ];
        let sent = packet(1_054_063_597, Codec::Vp9.payload_type(), &extensions, &payload);
        let mut bytes = sent.clone();
        dialect.outgoing_rtp(&mut bytes);
        dialect.incoming_rtp(&mut bytes).unwrap();
        prop_assert_eq!(bytes, sent);
    }
}
