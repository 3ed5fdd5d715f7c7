//! Claims about sequence numbers and timestamps: gaps are the network's, never the server's (FWD-001).

use super::*;

#[test]
fn loss_on_the_way_in_leaves_exactly_its_own_gap() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let mut outputs = Vec::new();
    for number in 0..20 {
        let packet = microphone.sound(30);
        if ![3, 4, 9].contains(&number) {
            outputs.extend(studio.send(1, &packet));
        }
    }
    let numbers: Vec<u16> = (0..20).filter(|number| ![3, 4, 9].contains(number)).collect();
    assert_eq!(steps(&sent_to(&outputs, 2)), numbers);
}

#[test]
fn a_late_packet_finds_its_place() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let packets: Vec<Bytes> = (0..4).map(|_| microphone.sound(30)).collect();
    let outputs: Vec<_> =
        [0, 2, 3, 1].into_iter().flat_map(|number: usize| studio.send(1, &packets[number])).collect();
    assert_eq!(steps(&sent_to(&outputs, 2)), [0, 2, 3, 1]);
    assert!(is_monotonic(&sent_to(&outputs, 2)));
}

#[test]
fn a_packet_that_comes_again_is_dropped() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let packet = microphone.sound(30);
    assert_eq!(sent_to(&studio.send(1, &packet), 2).len(), 1);
    assert_eq!(drops_of(&studio.send(1, &packet), 1), [DropReason::Duplicate]);
    assert_eq!(drops_of(&studio.send(1, &microphone.again(&packet)), 1), [DropReason::Duplicate]);
    studio.assert_balanced();
}

#[test]
fn a_packet_from_before_somebody_came_does_not_begin_their_view() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let packets: Vec<Bytes> = (0..4).map(|_| microphone.sound(30)).collect();
    studio.send(1, &packets[0]);
    studio.send(1, &packets[2]);
    studio.enter(HALL, 3);
    let late = studio.send(1, &packets[1]);
    assert_eq!((sent_to(&late, 2).len(), sent_to(&late, 3).len()), (1, 0));
    assert_eq!(sent_to(&studio.send(1, &packets[3]), 3).len(), 1);
    assert_eq!(studio.view(3, 1, MediaKind::Audio).dropped.get(DropReason::TooOld), 1);
}

#[test]
fn a_pause_of_the_source_is_a_step_in_time_and_none_in_numbers() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let mut outputs = studio.send(1, &microphone.sound(30));
    // Discontinuous transmission: RTP time goes on, numbers do not (RFC 3551 section 4.1).
    studio.pass(400);
    microphone.timestamp += 400 * 48;
    outputs.extend(studio.send(1, &microphone.sound(30)));
    let packets = sent_to(&outputs, 2);
    assert_eq!(steps(&packets), [0, 1]);
    assert_eq!(packets[1].timestamp - packets[0].timestamp, 960 + 400 * 48);
}

#[test]
fn a_mute_closes_its_gap_and_keeps_its_time() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let mut outputs = studio.send(1, &microphone.sound(30));
    studio.permit(1, VIDEO);
    for _ in 0..50 {
        studio.send(1, &microphone.sound(30));
    }
    studio.permit(1, AUDIO);
    outputs.extend(studio.send(1, &microphone.sound(30)));
    let packets = sent_to(&outputs, 2);
    assert_eq!(steps(&packets), [0, 1]);
    assert_eq!(packets[1].timestamp.wrapping_sub(packets[0].timestamp), 51 * 960);
}

#[test]
fn numbers_and_timestamps_that_wrap_go_on() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    microphone.sequence = 65_530;
    microphone.timestamp = u32::MAX - 5_000;
    let mut outputs = Vec::new();
    for _ in 0..20 {
        outputs.extend(studio.send(1, &microphone.sound(30)));
    }
    let packets = sent_to(&outputs, 2);
    assert_eq!(steps(&packets), (0..20).collect::<Vec<u16>>());
    assert!(is_monotonic(&packets));
}
