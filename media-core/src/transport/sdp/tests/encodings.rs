//! Holds readers of encodings to order, pairs and rates.

use sdp_types::{Attribute, Bandwidth, BandwidthType, Media, MediaType, TransportProto};

use crate::{
    MediaKind, Ssrc,
    transport::sdp::{
        SdpRefusal,
        encodings::{self, Encoding},
    },
};

fn section(lines: &[(&str, &str)]) -> Media {
    let mut media = Media::new(MediaType::Video, 9, TransportProto::UdpTlsRtpSavpf, "96");
    for (name, value) in lines {
        media.add_attribute(Attribute::with_value(name, value));
    }
    media
}

fn names(encodings: &[Encoding]) -> Vec<String> {
    let rids = encodings.iter().filter_map(|encoding| encoding.rid);
    rids.map(|rid| String::from_utf8_lossy(rid.as_bytes()).into_owned()).collect()
}

fn camera(media: &Media) -> Vec<Encoding> {
    encodings::of(media, MediaKind::Camera).unwrap()
}

fn kbps(encodings: &[Encoding]) -> Vec<u32> {
    encodings.iter().map(|encoding| encoding.target_kbps).collect()
}

#[test]
fn encodings_stand_as_listed_unless_their_sizes_are_said() {
    let listed =
        section(&[("rid", "a send"), ("rid", "b send"), ("rid", "c send"), ("simulcast", "send b;~a,x;c")]);
    assert_eq!(names(&camera(&listed)), ["b", "a", "c"]);
    let sized = section(&[
        ("rid", "f send pt=96;max-width=1280;max-height=720"),
        ("rid", "h send max-width=640;max-height=360"),
        ("rid", "q send max-width=320"),
        ("simulcast", "recv z send f;h;q"),
    ]);
    assert_eq!(names(&camera(&sized)), ["q", "h", "f"]);
    let rated = section(&[("rid", "f send max-br=2000000"), ("rid", "q send max-br=200000")]);
    assert_eq!(
        (names(&camera(&rated)), kbps(&camera(&rated))),
        (vec!["q".into(), "f".into()], vec![200, 2_000])
    );
}

#[test]
fn ssrc_groups_say_which_retransmissions_belong_to_which_encoding() {
    let grouped = section(&[
        ("ssrc-group", "SIM 1 2 3"),
        ("ssrc-group", "FID 3 6"),
        ("ssrc-group", "FID 1 4"),
        ("ssrc", "1 cname:x"),
    ]);
    let found: Vec<_> = camera(&grouped).iter().map(|encoding| (encoding.ssrc, encoding.rtx_ssrc)).collect();
    let ssrc = |number| Some(Ssrc(number));
    assert_eq!(found, [(ssrc(1), ssrc(4)), (ssrc(2), None), (ssrc(3), ssrc(6))]);
}

#[test]
fn four_encodings_are_too_many_and_two_are_for_audio() {
    let four = section(&[("ssrc-group", "SIM 1 2 3 4")]);
    assert_eq!(encodings::of(&four, MediaKind::Camera), Err(SdpRefusal::TooManyEncodings));
    let two = section(&[("rid", "a send"), ("rid", "b send")]);
    assert_eq!(encodings::of(&two, MediaKind::Audio), Err(SdpRefusal::TooManyEncodings));
}

#[test]
fn what_a_section_may_take_is_divided_and_never_more_than_usual() {
    let mut media = section(&[("rid", "a send"), ("rid", "b send"), ("rid", "c send")]);
    assert_eq!(kbps(&camera(&media)), [150, 500, 1_500]);
    media.bandwidths.push(Bandwidth::new(BandwidthType::As, 1_075));
    assert_eq!(kbps(&camera(&media)), [75, 250, 750]);
    media.bandwidths.push(Bandwidth { bwtype: "TIAS".to_owned(), bandwidth: 100_000 });
    assert_eq!(kbps(&camera(&media)), [6, 23, 69]);
    media.bandwidths = vec![Bandwidth::new(BandwidthType::As, u64::MAX)];
    assert_eq!(kbps(&camera(&media)), [150, 500, 1_500]);
    media.bandwidths = vec![Bandwidth::new(BandwidthType::As, 0)];
    assert_eq!(kbps(&camera(&media)), [1, 1, 1]);
}

#[test]
fn what_says_nothing_sends_one_encoding() {
    let plain = section(&[]);
    let screen = encodings::of(&plain, MediaKind::Screen).unwrap();
    assert_eq!((screen.len(), screen[0].ssrc, kbps(&screen)), (1, None, vec![1_000]));
}
