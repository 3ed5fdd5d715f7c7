//! Claims about repair and key frames: what subscribers and the server ask for, how often, and of whom.

use super::*;
use crate::limits::{NACK_TRIES_MAX, RETRANSMISSIONS_MAX};

#[test]
fn a_lost_packet_comes_again_on_the_retransmission_stream_under_its_old_number() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let outputs = studio.send_all(1, &[microphone.sound(30), microphone.sound(30)]);
    let lost = sent_to(&outputs, 2)[1].clone();
    let outputs = studio.nack(2, lost.ssrc, &[lost.sequence]);
    let again = sent_to(&outputs, 2)[0];
    assert_ne!(again.ssrc, lost.ssrc);
    assert_eq!(again.payload_type, Codec::Opus.rtx_payload_type());
    assert_eq!((again.original_sequence, again.timestamp), (Some(lost.sequence), lost.timestamp));
    let mut bytes = Vec::new();
    again.write(&mut bytes);
    let view = RtpView::parse(&bytes).unwrap();
    assert_eq!(view.retransmitted().unwrap(), (lost.sequence, lost.source.payload()));
    assert_eq!(studio.view(2, 1, MediaKind::Audio).retransmitted, 1);
}

#[test]
fn who_asks_for_ever_is_answered_a_bounded_number_of_times_and_counted() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let packets: Vec<Bytes> = (0..10).map(|_| microphone.sound(30)).collect();
    let outputs = studio.send_all(1, &packets);
    let lost = sent_to(&outputs, 2)[0].clone();
    let answers: usize =
        (0..600).map(|_| sent_to(&studio.nack(2, lost.ssrc, &[lost.sequence]), 2).len()).sum();
    assert_eq!(answers, usize::from(RETRANSMISSIONS_MAX));
    let refused = studio.view(2, 1, MediaKind::Audio).refused;
    assert_eq!(refused.get(DropReason::RepairLimit), 600 - u64::from(RETRANSMISSIONS_MAX));
}

#[test]
fn a_nack_of_what_was_never_sent_or_is_not_theirs_is_counted() {
    let mut studio = Studio::with(3);
    let mut microphone = studio.microphone_of(1);
    let outputs = studio.send(1, &microphone.sound(30));
    let (two, three) = (sent_to(&outputs, 2)[0].clone(), sent_to(&outputs, 3)[0].clone());
    let future = two.sequence.wrapping_add(1);
    assert_eq!(drops_of(&studio.nack(2, two.ssrc, &[future]), 2), [DropReason::NotInCache]);
    assert_eq!(drops_of(&studio.nack(2, three.ssrc, &[three.sequence]), 2), [DropReason::ForeignFeedback]);
    assert_eq!(drops_of(&studio.pli(2, microphone.offer.ssrc), 2), [DropReason::ForeignFeedback]);
    assert_eq!(studio.view(2, 1, MediaKind::Audio).refused.get(DropReason::NotInCache), 1);
}

#[test]
fn loss_on_the_way_in_is_asked_for_once_for_all_and_not_any_more_when_it_has_come() {
    let mut studio = Studio::with(20);
    let mut microphone = studio.microphone_of(1);
    let packets: Vec<Bytes> = (0..4).map(|_| microphone.sound(30)).collect();
    studio.send(1, &packets[0]);
    let mut outputs = studio.send(1, &packets[3]);
    outputs.extend(studio.pass(20));
    assert_eq!(asked_of(&outputs, 1), [(microphone.offer.ssrc, 1_001), (microphone.offer.ssrc, 1_002)]);
    let repaired = studio.send(1, &microphone.again(&packets[1]));
    assert_eq!(sent_to(&repaired, 20).len(), 1, "a repaired packet goes on as the packet it repairs");
    let mut later = studio.pass(5_000);
    assert_eq!(asked_of(&later, 1).len(), usize::from(NACK_TRIES_MAX) - 1);
    assert!(asked_of(&later, 1).iter().all(|(_, sequence)| *sequence == 1_002));
    later = studio.pass(60_000);
    assert_eq!(later.len(), 0);
    assert_eq!(studio.forwarder.poll_timeout(), None);
}

#[test]
fn reordering_within_the_tolerance_is_not_asked_for() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let packets: Vec<Bytes> = (0..3).map(|_| microphone.sound(30)).collect();
    studio.send(1, &packets[0]);
    studio.send(1, &packets[2]);
    studio.pass(8);
    studio.send(1, &packets[1]);
    assert_eq!(studio.pass(5_000).len(), 0);
}

#[test]
fn a_storm_of_requests_becomes_one_key_frame_in_half_a_second() {
    let mut studio = Studio::with(30);
    let mut camera = studio.camera_of(1, 1);
    studio.watch(2, 1, Some(0));
    studio.send_all(1, &camera[0].frame(true, 1));
    studio.pass(2_000);
    let mut outputs = Vec::new();
    for who in 3..=30 {
        outputs.extend(studio.watch(who, 1, Some(0)));
        outputs.extend(studio.pass(10));
    }
    assert_eq!(key_frames_asked(&outputs), [0], "28 people within 280 ms");
    let served = studio.send_all(1, &camera[0].frame(true, 1));
    assert!((2..=30).all(|who| sent_to(&served, who).len() == 1));
    assert_eq!(studio.pass(5_000).len(), 0, "nobody waits");
}

#[test]
fn a_request_for_a_key_frame_is_repeated_until_one_comes() {
    let mut studio = Studio::with(3);
    let mut camera = studio.camera_of(1, 1);
    studio.watch(2, 1, Some(0));
    let outputs = studio.send_all(1, &camera[0].frame(true, 1));
    let ssrc = sent_to(&outputs, 2)[0].ssrc;
    studio.pass(1_000);
    let mut outputs = studio.pli(2, ssrc);
    outputs.extend(studio.pass(1_900));
    assert_eq!(key_frames_asked(&outputs), [0; 4]);
    studio.send_all(1, &camera[0].frame(true, 1));
    assert_eq!(studio.pass(5_000).len(), 0);
}

#[test]
fn nobody_is_asked_for_key_frames_of_what_they_may_not_send_or_nobody_watches() {
    let mut studio = Studio::with(2);
    studio.permit(1, AUDIO);
    let mut camera = studio.camera_of(1, 2);
    assert_eq!(key_frames_asked(&studio.watch(2, 1, Some(1))), [0; 0]);
    assert_eq!(studio.pass(5_000).len(), 0, "not permitted");
    studio.permit(1, Permissions::ALL);
    let unreadable = studio.send_all(1, &camera[1].frame(false, 1));
    assert_eq!(key_frames_asked(&unreadable), [1], "the key frame with the structure was not permitted");
    studio.send_all(1, &camera[1].frame(true, 1));
    studio.permit(1, AUDIO);
    studio.permit(1, Permissions::ALL);
    studio.send_all(1, &camera[1].frame(false, 1));
    studio.watch(2, 1, None);
    assert_eq!(studio.pass(5_000).len(), 0, "not watched");
    assert_eq!(studio.forwarder.poll_timeout(), None);
}

#[test]
fn padding_among_retransmissions_is_told_from_what_is_broken() {
    let mut studio = Studio::with(2);
    let camera = &studio.camera_of(1, 1)[0];
    let header = RtpHeader {
        ssrc: camera.offer.rtx_ssrc,
        sequence: 9,
        timestamp: 0,
        payload_type: camera.codec.rtx_payload_type(),
        marker: false,
        extensions: &[],
    };
    let mut padding = Vec::new();
    header.write_padding(200, &mut padding);
    assert_eq!(drops_of(&studio.send(1, &padding.into()), 1), [DropReason::Padding]);
    // What has bytes, but too few to name a packet, is.
    let mut cut = Vec::new();
    header.write(&[1], &mut cut);
    assert_eq!(drops_of(&studio.send(1, &cut.into()), 1), [DropReason::Malformed]);
}
