//! Claims about the order and the numbers of what leaves, and about frames that wait too long.

use media_core::rtp::{RtpView, ext::DEPENDENCY_DESCRIPTOR};

use super::*;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A part of frame `frame` of the camera's encoding `encoding`.
fn part(encoding: usize, frame: u32, temporal: u8, end: bool, descriptor: usize) -> Waiting {
    let header = RtpHeader {
        ssrc: media_core::Ssrc(10),
        sequence: 0,
        timestamp: frame,
        payload_type: 96,
        marker: end,
        extensions: &[(TRANSPORT_SEQUENCE, &[0; 2]), (DEPENDENCY_DESCRIPTOR, &vec![7; descriptor])],
    };
    let mut bytes = Vec::new();
    header.write(&[1; 1_000], &mut bytes);
    Waiting::Media(Unnumbered { kind: MediaKind::Camera, encoding, timestamp: frame, temporal, end, bytes })
}

#[test]
fn numbers_are_in_the_order_of_leaving_whatever_waited_and_in_both_forms_of_extensions() {
    let mut uplink = Uplink::new(at(0), 65_534);
    uplink.push(at(0), part(0, 1, 0, true, 3));
    uplink.push(at(0), part(0, 2, 0, true, 40));
    let mut numbers = Vec::new();
    let mut leave = |uplink: &mut Uplink, now: Timestamp, packet: Waiting| {
        let (Waiting::Media(Unnumbered { mut bytes, .. }) | Waiting::Repair(mut bytes)) = packet;
        uplink.on_leaving(now, &mut bytes);
        numbers.push(RtpView::parse(&bytes).unwrap().transport_sequence().unwrap());
    };
    let first = uplink.poll(at(0)).unwrap();
    leave(&mut uplink, at(0), first);
    // Audio overtakes what waits.
    leave(&mut uplink, at(1), part(1, 9, 0, true, 1));
    let second = uplink.poll(at(1_000)).unwrap();
    leave(&mut uplink, at(1_000), second);
    assert_eq!(numbers, [65_535, 0, 1]);
    assert!(uplink.poll(at(2_000)).is_none());
}

#[test]
fn frames_that_wait_too_long_are_given_up_whole_with_what_builds_upon_them() {
    let mut uplink = Uplink::new(at(0), 0);
    for frame in 1..=3 {
        uplink.push(at(0), part(0, frame, 0, false, 3));
        uplink.push(at(0), part(0, frame, 0, true, 3));
    }
    // The first half of the first frame leaves.
    assert!(uplink.poll(at(0)).is_some());
    uplink.push(at(450), part(0, 4, 0, true, 3));
    uplink.push(at(450), part(1, 4, 0, true, 3));
    assert_eq!(uplink.give_up_stale(at(500)), GivenUp::default());
    let given_up = uplink.give_up_stale(at(501));
    assert_eq!(given_up, GivenUp { frames: 3, broken: vec![(MediaKind::Camera, 0)] });
    let mut left = Vec::new();
    while let Some(packet) = uplink.poll(at(60_000 + left.len() as u64 * 1_000)) {
        let Waiting::Media(media) = packet else { continue };
        left.push((media.encoding, media.timestamp, media.end));
    }
    assert_eq!(left, [(0, 1, true), (1, 4, true)]);
}

#[test]
fn upper_temporal_layers_are_missed_by_nobody() {
    let mut uplink = Uplink::new(at(0), 0);
    uplink.push(at(0), part(0, 1, 0, true, 3));
    assert!(uplink.poll(at(0)).is_some());
    uplink.push(at(0), part(0, 2, 1, true, 3));
    assert_eq!(uplink.give_up_stale(at(600)), GivenUp { frames: 1, broken: Vec::new() });
}
