//! Claims about redundant audio (RFC 2198), in and out.

use super::*;
use crate::rtp::red::{self, RED_PAYLOAD_TYPE, RedView, Redundant};

const TALK: u8 = 30;

/// A packet of 20 ms that carries `before`, oldest first, beside its own frame.
fn together(before: &[&Bytes], packet: &Bytes) -> Bytes {
    let view = RtpView::parse(packet).unwrap();
    let views: Vec<_> = before.iter().map(|packet| RtpView::parse(packet).unwrap()).collect();
    let blocks: Vec<_> = views
        .iter()
        .map(|before| Redundant::new(view.timestamp() - before.timestamp(), before.payload()).unwrap())
        .collect();
    let mut payload = Vec::new();
    red::write(&blocks, view.payload_type(), view.payload(), &mut payload);
    let extensions: Vec<_> = view.extensions().collect();
    let header = RtpHeader {
        ssrc: view.ssrc(),
        sequence: view.sequence(),
        timestamp: view.timestamp(),
        payload_type: RED_PAYLOAD_TYPE,
        marker: false,
        extensions: &extensions,
    };
    let mut out = Vec::new();
    header.write(&payload, &mut out);
    out.into()
}

#[test]
fn what_was_lost_on_the_way_in_comes_out_of_the_next_packet() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let sounds: Vec<Bytes> = (0..4).map(|_| microphone.sound(TALK)).collect();
    let mut outputs = studio.send(1, &sounds[0]);
    outputs.extend(studio.send(1, &together(&[&sounds[0], &sounds[1]], &sounds[2])));
    outputs.extend(studio.send(1, &sounds[3]));
    let heard = sent_to(&outputs, 2);
    let first = heard[0].sequence;
    let numbers: Vec<u16> = heard.iter().map(|packet| packet.sequence.wrapping_sub(first)).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
    assert!(
        heard.iter().all(|packet| packet.source.payload() == b"ciphertext" && packet.payload_type == 111)
    );
    assert_eq!(heard[1].timestamp.wrapping_sub(heard[0].timestamp), 960);
    let track = studio.track(1, MediaKind::Audio);
    assert_eq!((track.received, track.recovered, track.admitted), (3, 1, 4));
    assert_eq!(studio.pass(1_000).len(), 0, "nothing is missing, so nothing is asked for");
}

#[test]
fn a_redundant_packet_that_is_none_is_dropped_by_name() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let sound = microphone.sound(TALK);
    let mut broken = together(&[], &sound).to_vec();
    broken.truncate(broken.len() - b"ciphertext".len());
    assert_eq!(drops_of(&studio.send(1, &broken.into()), 1), [DropReason::Malformed]);
    studio.assert_balanced();
}

/// One round of 20 ms, after which participant 2 says that one packet in ten was lost.
fn lossy_rounds(studio: &mut Studio, microphone: &mut Source, rounds: usize) -> Vec<ForwardedRtp> {
    let mut to_the_lossy = Vec::new();
    for round in 0..rounds {
        let mut outputs = studio.send(1, &microphone.sound(TALK));
        outputs.extend(studio.pass(20));
        to_the_lossy.extend(sent_to(&outputs, 2).into_iter().cloned());
        assert!(sent_to(&outputs, 3).iter().all(|packet| packet.redundant.is_none()), "its path is sound");
        if round % 10 == 9 {
            let base = to_the_lossy[to_the_lossy.len() - 10].transport_sequence;
            let mut arrivals = [Some(80); 10];
            arrivals[5] = None;
            let mut packet = Vec::new();
            let reference = (studio.now.as_millis() / 64) as i32;
            rtcp::write_twcc(Ssrc(2), Ssrc(2), base, reference, (round / 10) as u8, &arrivals, &mut packet);
            studio.feed_back(2, &packet);
        }
    }
    to_the_lossy
}

#[test]
fn only_to_whose_path_loses_sound_is_sent_twice() {
    let mut studio = Studio::with(3);
    let mut microphone = studio.microphone_of(1);
    let sent = lossy_rounds(&mut studio, &mut microphone, 200);
    assert!(sent[..10].iter().all(|packet| packet.redundant.is_none()));
    let last = sent.last().unwrap();
    assert_eq!(last.redundant.as_ref().map(|frames| frames.len()), Some(2));
    let mut bytes = Vec::new();
    last.write(&mut bytes);
    assert_eq!(bytes.len() as u32 + 28, last.wire_bytes() + 4, "the source has no transport-wide number");
    let view = RtpView::parse(&bytes).unwrap();
    assert_eq!(view.payload_type(), RED_PAYLOAD_TYPE);
    let red = RedView::parse(view.payload(), 111).unwrap();
    assert_eq!(red.primary(), b"ciphertext");
    let before: Vec<_> = red.redundant(view.sequence(), view.timestamp()).collect();
    let (older, newer) = (&sent[sent.len() - 3], &sent[sent.len() - 2]);
    assert_eq!((before[0].sequence, before[0].timestamp), (older.sequence, older.timestamp));
    assert_eq!((before[1].sequence, before[1].timestamp), (newer.sequence, newer.timestamp));
}

#[test]
fn whose_timestamps_jump_about_gets_no_packet_that_receivers_would_refuse() {
    let mut studio = Studio::with(3);
    let mut microphone = studio.microphone_of(1);
    let mut sent = lossy_rounds(&mut studio, &mut microphone, 200);
    for step in [-8_000, 8_000, 0, 0] {
        microphone.timestamp = microphone.timestamp.wrapping_add_signed(step);
        sent.extend(lossy_rounds(&mut studio, &mut microphone, 1));
    }
    for packet in &sent[190..] {
        let mut bytes = Vec::new();
        packet.write(&mut bytes);
        let view = RtpView::parse(&bytes).unwrap();
        let redundant = view.payload_type() == RED_PAYLOAD_TYPE;
        assert!(!redundant || RedView::parse(view.payload(), 111).is_ok(), "{packet:?}");
    }
}
