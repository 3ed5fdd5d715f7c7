//! Claims about what counts as frozen, paused and watched.

use super::*;

fn ms(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Wanted at 1 s, first frame at 1.2 s, then `frames` intervals of 40 ms.
fn steady(frames: u64) -> (VideoMeter, u64) {
    let mut meter = VideoMeter::new(ms(1_000));
    for frame in 0..=frames {
        meter.on_frame(ms(1_200 + frame * 40), 0);
    }
    (meter, 1_200 + frames * 40)
}

fn report(meter: &VideoMeter, until: u64) -> VideoReport {
    VideoMeter::report([meter], ms(until)).unwrap()
}

#[test]
fn an_interval_of_the_threshold_is_a_freeze_and_a_shorter_one_is_not() {
    // With 29 intervals of 40 ms before it: avg = (1160 + x) / 30, and x >= avg + 150 holds from x = 195.2 ms on.
    for (interval, freezes) in [(195, 0), (196, 1)] {
        let (mut meter, last) = steady(40);
        meter.on_frame(ms(last + interval), 0);
        assert_eq!(meter.freezes(), freezes, "{interval} ms");
        assert_eq!(meter.longest_freeze().is_zero(), freezes == 0);
    }
    // At 5 frames/s the threefold average rules: (5800 + x) / 30 x 3 <= x from x = 644.4 ms on.
    for (interval, freezes) in [(644, 0), (645, 1)] {
        let mut meter = VideoMeter::new(ms(0));
        (0..=40).for_each(|frame| meter.on_frame(ms(frame * 200), 0));
        meter.on_frame(ms(8_000 + interval), 0);
        assert_eq!(meter.freezes(), freezes, "{interval} ms");
    }
}

#[test]
fn fewer_than_five_intervals_tell_no_freeze_unless_it_is_a_pause() {
    for (before, interval, freezes, pauses) in
        [(3, 1_000, 0, 0), (4, 1_000, 1, 0), (3, 5_000, 0, 0), (3, 5_001, 1, 1)]
    {
        let (mut meter, last) = steady(before);
        meter.on_frame(ms(last + interval), 0);
        assert_eq!((meter.freezes(), meter.pauses()), (freezes, pauses), "{before} {interval}");
    }
}

#[test]
fn the_whole_freeze_is_frozen_time_and_the_first_frame_is_measured_from_the_wish() {
    let (mut meter, last) = steady(20);
    meter.on_frame(ms(last + 1_000), 0);
    let report = report(&meter, last + 1_000);
    assert_eq!(report.freezes, 1);
    assert!((report.first_frame_ms - 200.0).abs() < 1e-9);
    assert!((report.frozen_share - 1_000.0 / 1_800.0).abs() < 1e-9);
}

#[test]
fn a_stream_that_stops_is_frozen_to_the_end_and_one_paused_on_purpose_is_not() {
    let (meter, last) = steady(20);
    assert!((report(&meter, last + 9_200).frozen_share - 0.92).abs() < 1e-9);
    let mut paused = meter.clone();
    paused.on_paused(ms(last + 40));
    let report = report(&paused, last + 9_200);
    assert_eq!(report.freezes, 0);
    assert!(report.frozen_share.abs() < 1e-9);
}

#[test]
fn after_a_pause_the_wait_for_the_next_frame_is_judged_but_the_pause_is_not() {
    for (wait, freezes) in [(100, 0), (900, 1)] {
        let (mut meter, last) = steady(20);
        meter.on_paused(ms(last + 20));
        meter.on_paused(ms(last + 30));
        meter.on_resumed(ms(last + 60_020));
        meter.on_frame(ms(last + 60_020 + wait), 0);
        let report = report(&meter, last + 60_020 + wait);
        assert_eq!((report.freezes, meter.pauses()), (freezes, 0));
        let expected = if freezes == 1 { 900.0 / 1_720.0 } else { 0.0 };
        assert!((report.frozen_share - expected).abs() < 1e-9, "{report:?}");
    }
}

#[test]
fn a_stream_that_never_shows_a_frame_is_frozen_all_its_time() {
    let report = report(&VideoMeter::new(ms(2_000)), 12_000);
    assert!((report.frozen_share - 1.0).abs() < 1e-9);
    assert!((report.first_frame_ms - 10_000.0).abs() < 1e-9);
    let mut paused = VideoMeter::new(ms(2_000));
    paused.on_paused(ms(2_000));
    assert_eq!(VideoMeter::report([&paused], ms(12_000)), None);
    assert_eq!(VideoMeter::report([], ms(12_000)), None);
}

#[test]
fn time_after_the_watching_does_not_count() {
    let (mut meter, last) = steady(20);
    meter.on_ended(ms(last));
    meter.on_frame(ms(last + 70_000), 0);
    assert_eq!(report(&meter, last + 90_000), report(&meter, last));
    assert_eq!(meter.frames(), 21);
}

#[test]
fn layer_changes_are_counted_and_rates_and_torn_frames_add_up() {
    let (mut low, last) = steady(20);
    for (frame, spatial) in [1, 1, 0, 2].into_iter().enumerate() {
        low.on_frame(ms(last + 40 * (frame as u64 + 1)), spatial);
    }
    assert_eq!(low.quality_switches(), 3);
    let mut other = VideoMeter::new(ms(500));
    other.on_frame(ms(900), 0);
    low.on_payload(10_000);
    other.on_payload(15_000);
    low.on_torn(2);
    other.on_torn(1);
    let report = VideoMeter::report([&low, &other], ms(2_500)).unwrap();
    // 200 kbit in 2 s.
    assert!((report.kbps - 100.0).abs() < 1e-9);
    assert_eq!(report.torn_frames, 3);
    assert!((report.first_frame_ms - 400.0).abs() < 1e-9, "the slowest stream");
}

#[test]
fn a_pause_before_the_first_frame_is_no_part_of_the_wait_for_it() {
    let mut meter = VideoMeter::new(ms(1_000));
    meter.on_paused(ms(1_100));
    meter.on_resumed(ms(61_100));
    meter.on_frame(ms(61_300), 0);
    let report = report(&meter, 61_300 + 1_000);
    assert!((report.first_frame_ms - 300.0).abs() < 1e-9, "{report:?}");
    assert!(report.frozen_share.abs() < 1e-9);
}
