//! Claims about endless replay.

use std::collections::BTreeSet;

use super::*;

const CAMERA: &str = "camera-carphone";

fn replay(name: &str, offset: Duration) -> Replay {
    Replay::new(Recording::named(name).unwrap(), offset, Timestamp::from_millis(500))
}

/// Polls until `until`, in steps of 10 ms.
fn play(replay: &mut Replay, until: Timestamp) -> Vec<ReplayedFrame> {
    let mut frames = Vec::new();
    while let Some(at) = replay.next_at().filter(|&at| at <= until) {
        assert_eq!(replay.poll(at - Duration::from_nanos(1)), None, "nothing comes before its time");
        while let Some(frame) = replay.poll(at) {
            assert_eq!(frame.at, at);
            frames.push(frame);
        }
        assert!(replay.next_at() > Some(at), "time moves on");
    }
    frames
}

fn of(encoding: usize, frames: &[ReplayedFrame]) -> Vec<ReplayedFrame> {
    frames.iter().copied().filter(|frame| frame.encoding == encoding).collect()
}

fn at_second(second: u64) -> Timestamp {
    Timestamp::from_millis(500 + second * 1000)
}

#[test]
fn only_the_first_frame_is_a_key_frame_unless_one_is_requested() {
    for name in ["camera-carphone", "camera-passersby", "camera-vp9", "camera-h264", "screen-slides"] {
        let mut replay = replay(name, Duration::from_secs(5));
        let encodings = replay.recording().encodings.len();
        // Several times around the recording.
        let frames = play(&mut replay, at_second(200));
        for encoding in 0..encodings {
            let keys: Vec<_> = of(encoding, &frames).iter().map(|frame| frame.frame.key).collect();
            assert!(keys[0], "{name}");
            assert_eq!(keys.iter().filter(|&&key| key).count(), 1, "{name}");
        }
    }
}

#[test]
fn after_a_request_the_very_next_frame_of_that_encoding_is_a_key_frame() {
    let mut replay = replay(CAMERA, Duration::ZERO);
    for second in 1..30 {
        play(&mut replay, at_second(second));
        let encoding = second as usize % 3;
        replay.request_key_frame(encoding);
        let frames = play(&mut replay, at_second(second) + Duration::from_millis(500));
        for other in 0..3 {
            let keys: Vec<_> = of(other, &frames).iter().map(|frame| frame.frame.key).collect();
            assert_eq!(keys.iter().filter(|&&key| key).count(), usize::from(other == encoding));
            assert_eq!(keys[0], other == encoding);
        }
    }
}

#[test]
fn a_request_jumps_to_the_nearest_following_key_frame_of_the_recording() {
    let mut replay = replay(CAMERA, Duration::ZERO);
    play(&mut replay, at_second(5));
    replay.request_key_frame(1);
    let jumped = of(1, &play(&mut replay, at_second(6)))[0];
    assert_eq!(jumped.frame.at, Duration::from_secs(8));
    // At the end of the recording the nearest one is its beginning.
    play(&mut replay, at_second(17));
    replay.request_key_frame(0);
    assert_eq!(of(0, &play(&mut replay, at_second(18)))[0].frame.at, Duration::from_secs(20));
    replay.request_key_frame(0);
    assert_eq!(of(0, &play(&mut replay, at_second(19)))[0].frame.at, Duration::ZERO);
}

#[test]
fn temporal_layers_alternate_across_segments_loops_and_requests() {
    for (name, pattern) in [(CAMERA, &[0, 1][..]), ("camera-vp9", &[0, 2, 1, 2]), ("camera-h264", &[0])] {
        let mut replay = replay(name, Duration::from_secs(7));
        let mut frames = play(&mut replay, at_second(60));
        for request in 1..9 {
            replay.request_key_frame(0);
            frames.extend(play(&mut replay, at_second(60) + Duration::from_millis(request * 333)));
        }
        let mut phase = 0;
        for frame in of(0, &frames) {
            phase = if frame.frame.key { 0 } else { phase + 1 };
            assert_eq!(frame.frame.temporal, pattern[phase % pattern.len()], "{name} at {}", frame.at);
        }
        assert_eq!(frames.iter().filter(|frame| frame.encoding == 0 && frame.frame.key).count(), 9);
    }
}

#[test]
fn frames_come_in_order_and_evenly_and_are_counted_without_gaps() {
    let mut replay = replay(CAMERA, Duration::from_secs(3));
    let frames = play(&mut replay, at_second(40));
    assert!(frames.is_sorted_by_key(|frame| (frame.at, frame.encoding)));
    for encoding in 0..3 {
        let frames = of(encoding, &frames);
        assert_eq!(frames.len(), 40 * 30 + 1);
        for (number, frame) in frames.iter().enumerate() {
            assert_eq!(usize::from(frame.frame_number), number);
            let nanos = number as u64 * 1_000_000_000 / 30;
            assert_eq!(frame.at, Timestamp::from_millis(500) + Duration::from_nanos(nanos));
        }
    }
}

#[test]
fn frames_of_one_instant_have_one_number_whatever_was_off_before() {
    let mut replay = replay(CAMERA, Duration::ZERO);
    replay.set_active(2, false, Timestamp::ZERO);
    play(&mut replay, at_second(5));
    replay.set_active(2, true, at_second(5) + Duration::from_millis(5));
    let frames = play(&mut replay, at_second(6));
    for frame in of(2, &frames) {
        let other = frames.iter().find(|other| other.encoding == 0 && other.at == frame.at).unwrap();
        assert_eq!(frame.frame_number, other.frame_number);
    }
}

#[test]
fn frame_numbers_wrap() {
    let mut replay = replay("talk-vbr", Duration::ZERO);
    let frames = play(&mut replay, at_second(65_536 / 50 + 1));
    assert_eq!(frames[65_535].frame_number, 65_535);
    assert_eq!(frames[65_536].frame_number, 0);
}

#[test]
fn a_replayed_rate_is_the_recorded_one_less_its_key_frames() {
    let mut replay = replay(CAMERA, Duration::ZERO);
    let frames = play(&mut replay, at_second(120));
    for (encoding, track) in replay.recording().encodings.iter().enumerate() {
        let bytes: u64 = of(encoding, &frames).iter().map(|frame| u64::from(frame.frame.size)).sum();
        let percent = bytes * 8 / 120 * 100 / u64::from(track.mean_bps);
        assert!((90..=101).contains(&percent), "{percent} %");
    }
}

#[test]
fn playing_on_in_a_still_slide_show_does_not_invent_changes() {
    let mut replay = replay("screen-slides", Duration::ZERO);
    let first = play(&mut replay, at_second(5)).len();
    // One round without what is left out at the six key frames, two seconds each. It has the six changes of slide; that
    // from the last slide to the first is left out with the recording's beginning.
    let round = play(&mut replay, at_second(5 + 48));
    assert_eq!((first, round.len()), (51, 480));
    let large = round.iter().filter(|frame| frame.frame.size > 8000).count();
    assert_eq!(large, 6);
}

#[test]
fn an_encoding_that_is_off_sends_nothing_and_comes_back_with_a_key_frame() {
    let mut replay = replay(CAMERA, Duration::ZERO);
    let before = of(2, &play(&mut replay, at_second(5)));
    replay.set_active(2, false, at_second(5));
    assert!(!replay.is_active(2));
    let meanwhile = play(&mut replay, at_second(9));
    assert!(of(2, &meanwhile).is_empty());
    assert_eq!(of(1, &meanwhile).len(), 120);
    let back = at_second(9) + Duration::from_millis(5);
    replay.set_active(2, true, back);
    let after = of(2, &play(&mut replay, at_second(12)));
    assert!(after[0].frame.key && after[0].at >= back);
    assert_eq!(after.iter().filter(|frame| frame.frame.key).count(), 1);
    assert!(
        after[0].frame_number > before.last().unwrap().frame_number + 1,
        "time has been counted meanwhile"
    );
    // What is on already is not disturbed by being switched on.
    replay.set_active(2, true, at_second(12));
    assert!(!of(2, &play(&mut replay, at_second(13)))[0].frame.key);
}

#[test]
fn a_replay_with_everything_off_has_no_next_frame_and_does_not_catch_up() {
    let mut replay = replay("screen-slides", Duration::ZERO);
    replay.set_active(0, false, Timestamp::ZERO);
    assert_eq!(replay.next_at(), None);
    assert_eq!(replay.poll(Timestamp::FAR_FUTURE), None);
    replay.set_active(0, true, at_second(1000));
    assert_eq!(replay.next_at(), Some(at_second(1000)));
    assert!(replay.poll(at_second(1000)).unwrap().frame.key);
    assert_eq!(replay.poll(at_second(1000)), None);
}

#[test]
fn the_offset_says_where_a_participant_begins() {
    let first =
        |name, millis| play(&mut replay(name, Duration::from_millis(millis)), at_second(0))[0].frame.at;
    assert_eq!(first(CAMERA, 0), Duration::ZERO);
    assert_eq!(first(CAMERA, 1), Duration::from_secs(4));
    assert_eq!(first(CAMERA, 8000), Duration::from_secs(8));
    assert_eq!(first(CAMERA, 23_999), Duration::ZERO);
    assert_eq!(first(CAMERA, 24_000 + 3000), Duration::from_secs(4));
    assert_eq!(first("talk-vbr", 1230), Duration::from_millis(1240));
    let distinct: BTreeSet<_> = (0..50).map(|step| first("talk-dtx", step * 1000)).collect();
    assert_eq!(distinct.len(), 50);
}

#[test]
fn pauses_of_discontinuous_transmission_are_marked_and_speech_goes_on_for_ever() {
    let mut dtx = replay("talk-dtx", Duration::from_secs(100));
    let minutes = play(&mut dtx, at_second(300));
    assert_eq!(minutes.len(), 300 * 50 + 1);
    let unsent = minutes.iter().filter(|frame| frame.dtx).count() * 100 / minutes.len();
    assert!((10..25).contains(&unsent), "{unsent} %");
    assert!(minutes.iter().all(|frame| frame.dtx == (frame.frame.size <= 2) && !frame.frame.key));
    let mut vbr = replay("talk-vbr", Duration::from_secs(100));
    assert!(play(&mut vbr, at_second(300)).iter().all(|frame| !frame.dtx));
}
