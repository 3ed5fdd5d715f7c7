//! Claims about the door: who may send what, on which streams.

use super::*;

#[test]
fn a_packet_reaches_everybody_else_in_the_conference_once() {
    let mut studio = Studio::with(4);
    let mut microphone = studio.microphone_of(1);
    let outputs = studio.send(1, &microphone.sound(30));
    assert_eq!(outputs.len(), 3);
    let ssrcs: Vec<Ssrc> = (2..=4).map(|who| sent_to(&outputs, who)[0].ssrc).collect();
    assert!(ssrcs.iter().all(|ssrc| *ssrc != microphone.offer.ssrc), "a publisher's SSRC is not passed on");
}

#[test]
fn what_is_written_for_a_subscriber_is_the_packet_under_its_numbers() {
    let mut studio = Studio::with(2);
    let mut camera = studio.camera_of(1, 1);
    studio.watch(2, 1, Some(0));
    let frame = camera[0].frame(true, 1);
    let outputs = studio.send(1, &frame[0]);
    let packet = sent_to(&outputs, 2)[0];
    let mut bytes = Vec::new();
    packet.write(&mut bytes);
    let (sent, source) = (RtpView::parse(&bytes).unwrap(), RtpView::parse(&frame[0]).unwrap());
    assert_eq!(
        (sent.ssrc(), sent.sequence(), sent.timestamp()),
        (packet.ssrc, packet.sequence, packet.timestamp)
    );
    assert_eq!((sent.payload(), sent.marker()), (source.payload(), true));
    assert_eq!(sent.extension(DEPENDENCY_DESCRIPTOR), source.extension(DEPENDENCY_DESCRIPTOR));
    assert_eq!(sent.transport_sequence(), Some(packet.transport_sequence));
}

#[test]
fn transport_sequence_numbers_count_every_packet_to_a_peer() {
    let mut studio = Studio::with(3);
    let (mut one, mut two) = (studio.microphone_of(1), studio.microphone_of(2));
    let mut numbers = Vec::new();
    for _ in 0..5 {
        let mut outputs = studio.send(1, &one.sound(30));
        outputs.extend(studio.send(2, &two.sound(30)));
        numbers.extend(sent_to(&outputs, 3).iter().map(|packet| packet.transport_sequence));
    }
    assert_eq!(numbers, (0..10).collect::<Vec<u16>>());
}

#[test]
fn permission_that_is_taken_holds_for_the_next_packet() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    assert_eq!(sent_to(&studio.send(1, &microphone.sound(30)), 2).len(), 1);
    studio.permit(1, VIDEO);
    let outputs = studio.send(1, &microphone.sound(30));
    assert_eq!(sent_to(&outputs, 2).len(), 0);
    assert_eq!(drops_of(&outputs, 1), [DropReason::NotPermitted]);
    studio.permit(1, AUDIO);
    assert_eq!(sent_to(&studio.send(1, &microphone.sound(30)), 2).len(), 1);
    assert_eq!(studio.track(1, MediaKind::Audio).dropped.get(DropReason::NotPermitted), 1);
}

#[test]
fn permission_is_of_one_kind_of_media_only() {
    let mut studio = Studio::with(2);
    let (mut voice, mut picture) = (microphone(100), camera(200, 1));
    studio.publish(
        1,
        &[offer(MediaKind::Audio, std::slice::from_ref(&voice)), offer(MediaKind::Camera, &picture)],
    );
    studio.watch(2, 1, Some(0));
    studio.permit(1, AUDIO);
    assert_eq!(drops_of(&studio.send_all(1, &picture[0].frame(true, 1)), 1), [DropReason::NotPermitted]);
    assert_eq!(sent_to(&studio.send(1, &voice.sound(30)), 2).len(), 1);
}

/// What was said while muted must not come out by the back door of repair.
#[test]
fn what_was_sent_without_permission_reaches_nobody_later_either() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    studio.send(1, &microphone.sound(30));
    studio.permit(1, Permissions::NONE);
    let muted: Vec<Bytes> = (0..10).map(|_| microphone.sound(30)).collect();
    studio.send_all(1, &muted[..5]);
    studio.permit(1, AUDIO);
    let early = studio.send(1, &microphone.again(&muted[4]));
    assert_eq!(drops_of(&early, 1), [DropReason::NotPermitted]);
    let mut outputs = studio.send(1, &microphone.sound(30));
    studio.enter(HALL, 3);
    outputs.extend(studio.pass(1_000));
    assert_eq!(asked_of(&outputs, 1), [], "nothing of the mute is asked for");
    for packet in &muted {
        let again = studio.send(1, &microphone.again(packet));
        assert_eq!(drops_of(&again, 1), [DropReason::NotPermitted]);
        assert_eq!(again.len(), 1);
    }
    studio.assert_balanced();
}

/// Half the number space and more goes by while somebody talks who may not: numbers must not seem old after that.
#[test]
fn a_long_mute_that_the_client_ignores_ends_at_once_when_it_is_lifted() {
    for muted in [1, 30_000, 40_000, 65_535, 65_536] {
        let mut studio = Studio::with(2);
        let mut microphone = studio.microphone_of(1);
        let before = studio.send(1, &microphone.sound(30));
        studio.permit(1, Permissions::NONE);
        for _ in 0..muted {
            studio.send(1, &microphone.sound(30));
        }
        studio.permit(1, AUDIO);
        let after = studio.send_all(1, &[microphone.sound(30), microphone.sound(30)]);
        let packets = [sent_to(&before, 2), sent_to(&after, 2)].concat();
        assert_eq!(steps(&packets), [0, 1, 2], "after {muted} packets");
    }
}

#[test]
fn streams_that_were_not_published_are_dropped() {
    let mut studio = Studio::with(2);
    studio.microphone_of(1);
    let foreign = microphone(1_500).sound(30);
    assert_eq!(drops_of(&studio.send(2, &foreign), 2), [DropReason::ForeignSsrc]);
    assert_eq!(drops_of(&studio.send(9, &foreign), 9), [DropReason::NotJoined]);
    studio.publish(1, &[]);
    assert_eq!(drops_of(&studio.send(1, &foreign), 1), [DropReason::ForeignSsrc]);
}

#[test]
fn payload_types_and_extensions_must_be_the_tracks() {
    let mut studio = Studio::with(2);
    let (mut voice, mut picture) = (microphone(100), camera(200, 1).remove(0));
    studio.publish(
        1,
        &[
            offer(MediaKind::Audio, std::slice::from_ref(&voice)),
            offer(MediaKind::Camera, std::slice::from_ref(&picture)),
        ],
    );
    voice.codec = Codec::Vp8;
    assert_eq!(drops_of(&studio.send(1, &voice.sound(30)), 1), [DropReason::UnknownPayloadType]);
    voice.codec = Codec::Opus;
    assert_eq!(drops_of(&studio.send(1, &voice.packet(false, &[], b"x")), 1), [DropReason::BadExtension]);
    assert_eq!(drops_of(&studio.send(1, &picture.packet(true, &[], b"x")), 1), [DropReason::BadExtension]);
    assert_eq!(drops_of(&studio.send_all(1, &picture.frame(false, 1)), 1), [DropReason::UnknownTemplate]);
    studio.assert_balanced();
}

#[test]
fn a_packet_that_would_grow_beyond_the_limit_on_its_way_is_dropped_at_the_door() {
    let mut studio = Studio::with(2);
    let mut voice = studio.microphone_of(1);
    let level: (u8, &[u8]) = (AUDIO_LEVEL, &[30]);
    // The server adds its transport-wide number: 4 bytes with padding, and 2 more when it is sent again.
    let fits = crate::limits::DATAGRAM_BYTES_MAX - 12 - 4 - 8 - 2;
    let large = studio.send(1, &voice.packet(false, &[level], &vec![0; fits + 1]));
    assert_eq!(drops_of(&large, 1), [DropReason::Oversized]);
    let fitting = studio.send(1, &voice.packet(false, &[level], &vec![0; fits]));
    let mut longest = 0;
    for output in &fitting {
        if let ForwardingOutput::Rtp { packet, .. } = output {
            let mut bytes = Vec::new();
            packet.write(&mut bytes);
            longest = longest.max(bytes.len());
        }
    }
    assert_eq!(longest, crate::limits::DATAGRAM_BYTES_MAX - 2);
}
