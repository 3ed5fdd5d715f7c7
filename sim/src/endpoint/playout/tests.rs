//! Claims about what is played, concealed and silent, and how the delay follows the network.

use super::*;

const TRANSIT: u64 = 50;

fn ms(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// The frame with `sequence` that covers the 20 ms from `slot` x 20 ms on.
fn frame(sequence: u64, slot: u64) -> AudioFrame {
    AudioFrame {
        sequence,
        rtp_timestamp: 1_000_000 + slot * 960,
        captured: ms(slot * 20),
        voice: true,
        copy_before: false,
    }
}

/// When the frame of `slot` arrives on an undisturbed path: when its last sample was captured, and 50 ms.
fn arrival(slot: u64) -> Timestamp {
    ms(slot * 20 + 20 + TRANSIT)
}

/// Inserts in order of time, with play-out driven by its timer alone.
fn run(playout: &mut Playout, mut arrivals: Vec<(Timestamp, AudioFrame)>, until: Timestamp) {
    arrivals.sort_by_key(|(at, frame)| (*at, frame.sequence));
    for (at, frame) in arrivals {
        drive(playout, at);
        playout.insert(at, frame);
    }
    drive(playout, until);
}

fn drive(playout: &mut Playout, until: Timestamp) {
    while let Some(at) = playout.poll_timeout().filter(|at| *at < until) {
        playout.handle_timeout(at);
        assert!(playout.poll_timeout().is_none_or(|next| next > at), "no progress at {at}");
    }
}

fn counts(playout: &Playout) -> [u64; 3] {
    let meter = playout.meter();
    [meter.played(), meter.concealed(), meter.silent()]
}

fn talk(slots: std::ops::Range<u64>) -> Vec<(Timestamp, AudioFrame)> {
    slots.map(|slot| (arrival(slot), frame(slot, slot))).collect()
}

#[test]
fn an_undisturbed_speaker_is_played_whole_packet_and_transit_and_buffer_after_the_mouth() {
    let mut playout = Playout::new();
    run(&mut playout, talk(0..500), ms(60_000));
    assert_eq!(counts(&playout), [500, 0, 0]);
    assert_eq!(playout.meter().mouth_to_ear_ms(95), Some(20 + TRANSIT + 40));
    assert_eq!(playout.target_delay(), ms(20).saturating_since(ms(0)));
}

#[test]
fn a_lost_frame_is_concealed_and_keeps_its_time() {
    let mut playout = Playout::new();
    let arrivals =
        talk(0..100).into_iter().filter(|(_, frame)| ![30, 60, 61].contains(&frame.sequence)).collect();
    run(&mut playout, arrivals, ms(60_000));
    assert_eq!(counts(&playout), [97, 3, 0]);
    assert_eq!(playout.meter().late(), 0);
    assert_eq!(playout.meter().longest_gap(), STEP * 2);
}

#[test]
fn silence_between_consecutive_numbers_is_not_loss_however_long() {
    for pause in [1, 5, 40, 5_000] {
        let mut playout = Playout::new();
        let mut arrivals = talk(0..50);
        arrivals.extend((50..100).map(|number| (arrival(number + pause), frame(number, number + pause))));
        run(&mut playout, arrivals, ms(600_000));
        let [played, concealed, silent] = counts(&playout);
        assert_eq!((played, concealed), (100, 0), "pause of {pause}");
        // The pause may be shortened or lengthened by one adjustment of the delay in 200 ms.
        assert!(silent.abs_diff(pause) <= 1 + pause / 10, "{silent} of {pause}");
    }
}

#[test]
fn a_dead_link_is_concealed_in_hindsight_when_numbers_are_missing() {
    let mut playout = Playout::new();
    let mut arrivals = talk(0..50);
    arrivals.extend(talk(150..200));
    run(&mut playout, arrivals, ms(60_000));
    assert_eq!(counts(&playout), [100, 100, 0]);
    assert_eq!(playout.meter().longest_gap(), STEP * 100);
}

#[test]
fn a_late_packet_after_an_empty_buffer_grows_the_delay_at_once_by_what_was_concealed() {
    let mut playout = Playout::new();
    // From the 50th on everything takes 100 ms longer: the buffer's 40 ms cover two steps of it.
    let arrivals = (0..100)
        .map(|slot| {
            (arrival(slot) + Duration::from_millis(if slot < 50 { 0 } else { 100 }), frame(slot, slot))
        })
        .collect();
    run(&mut playout, arrivals, ms(60_000));
    let [played, concealed, silent] = counts(&playout);
    assert_eq!((played, silent), (100, 0));
    assert!((3..=4).contains(&concealed), "{concealed}");
    assert_eq!(playout.meter().late(), 1);
    assert_eq!(playout.meter().mouth_to_ear_ms(100), Some(20 + TRANSIT + 40 + 20 * concealed));
}

#[test]
fn an_overtaken_packet_in_time_costs_nothing_and_after_its_time_is_late_once() {
    for (delay, concealed, late) in [(30, 0, 0), (90, 1, 1)] {
        let mut playout = Playout::new();
        let mut arrivals = talk(0..100);
        arrivals[40].0 = arrival(40) + Duration::from_millis(delay);
        let again = (arrival(60), frame(40, 40));
        arrivals.extend([again, (arrival(70), frame(20, 20))]);
        run(&mut playout, arrivals, ms(60_000));
        assert_eq!(counts(&playout), [100 - concealed, concealed, 0], "{delay} ms");
        assert_eq!(playout.meter().late(), late, "{delay} ms: duplicates are not late");
    }
}

#[test]
fn jitter_raises_the_target_and_calm_lowers_the_delay_again_in_pauses() {
    let mut playout = Playout::new();
    // Every fifth packet takes 90 ms more; a link keeps the order, so followers wait for it.
    let mut arrivals: Vec<_> = (0..400)
        .map(|slot| {
            (
                arrival(slot) + Duration::from_millis([90, 70, 50, 30, 10][slot as usize % 5]),
                frame(slot, slot),
            )
        })
        .collect();
    run(&mut playout, std::mem::take(&mut arrivals), arrival(399));
    let raised = playout.delay().unwrap();
    assert!(
        playout.target_delay() >= STEP * 4 && playout.target_delay() <= STEP * 5,
        "{:?}",
        playout.target_delay()
    );
    assert!(raised >= STEP * 4, "{raised:?}");
    // Calm, with a pause of 5 steps after each 20 frames.
    for number in 400..1_400 {
        let slot = number + (number - 400) / 20 * 5 + 10;
        arrivals.push((arrival(slot), frame(number, slot)));
    }
    let concealed = playout.meter().concealed();
    run(&mut playout, arrivals, ms(40_000));
    let lowered = playout.delay().unwrap();
    assert!(lowered + STEP * 2 <= raised, "{raised:?} to {lowered:?}");
    assert_eq!(playout.meter().concealed(), concealed, "shrinking costs no speech");
    assert_eq!(playout.meter().played(), 1_400);
}

#[test]
fn comfort_noise_is_shortened_when_the_delay_is_too_high_but_speech_is_not() {
    for voice in [false, true] {
        let mut playout = Playout::new();
        let arrivals = (0..600).map(|slot| {
            let at = if (50..65).contains(&slot) { arrival(65) } else { arrival(slot) };
            (at, AudioFrame { voice: voice || slot < 100, ..frame(slot, slot) })
        });
        run(&mut playout, arrivals.collect(), ms(60_000));
        let [played, concealed, silent] = counts(&playout);
        assert!((10..=15).contains(&concealed) && silent == 0, "{concealed} {silent}");
        if voice {
            assert_eq!(played, 600);
        } else {
            assert!((584..=592).contains(&played), "{played}");
        }
    }
}

#[test]
fn what_a_link_held_back_for_a_second_is_skipped_rather_than_heard_a_second_late() {
    let mut playout = Playout::new();
    let release = arrival(100);
    let arrivals = (0..300).map(|slot| {
        let at = if (50..100).contains(&slot) { release } else { arrival(slot) };
        (at, frame(slot, slot))
    });
    run(&mut playout, arrivals.collect(), ms(60_000));
    let [played, concealed, _] = counts(&playout);
    let discarded = playout.meter().discarded();
    assert!((45..=52).contains(&concealed), "{concealed}");
    assert!(discarded >= 30, "{discarded}");
    assert_eq!(played + discarded, 300);
    assert!(playout.meter().mouth_to_ear_ms(100) <= Some(20 + TRANSIT + 400 + 20));
}

#[test]
fn nothing_is_judged_after_the_last_packet_until_the_caller_says_what_it_was() {
    for lost in [false, true] {
        let mut playout = Playout::new();
        run(&mut playout, talk(0..50), ms(60_000));
        assert_eq!(counts(&playout), [50, 0, 0]);
        assert_eq!(playout.poll_timeout(), None);
        // The 50 frames are played from 110 ms on, so the first step without one is at 1,110 ms.
        playout.finish(ms(2_110), lost);
        assert_eq!(counts(&playout), if lost { [50, 51, 0] } else { [50, 0, 51] });
        playout.finish(ms(9_000), true);
        assert_eq!(playout.meter().concealed(), if lost { 51 } else { 0 });
    }
}

#[test]
fn jumping_timestamps_neither_panic_nor_hold_play_out_up() {
    let mut playout = Playout::new();
    let mut arrivals = talk(0..50);
    arrivals.extend((50..100).map(|slot| (arrival(slot), frame(slot, slot + 3_000_000_000))));
    arrivals.extend((100..150).map(|slot| (arrival(slot), frame(slot, slot))));
    run(&mut playout, arrivals, ms(60_000));
    assert!(playout.meter().played() >= 140, "{:?}", counts(&playout));
    assert!(playout.poll_timeout().is_none());
}

#[test]
fn a_pause_is_used_to_grow_the_delay_so_that_overtaken_packets_come_in_time_after_it() {
    let mut playout = Playout::new();
    let late = |number: u64| Duration::from_millis(if number % 10 == 5 { 90 } else { 0 });
    run(
        &mut playout,
        (0..200).map(|slot| (arrival(slot) + late(slot), frame(slot, slot))).collect(),
        arrival(203),
    );
    assert_eq!(playout.meter().concealed(), 20);
    let after = (200..300).map(|number| (arrival(number + 10) + late(number), frame(number, number + 10)));
    run(&mut playout, after.collect(), ms(60_000));
    assert_eq!((playout.meter().concealed(), playout.meter().late()), (20, 20));
}

#[test]
fn words_that_begin_late_lengthen_the_pause_before_them_but_without_a_pause_they_interrupt() {
    // Held up for 160 ms with 40 ms in the buffer: the steps at 0, 20, ... 120 ms after the first should have played.
    for (pause, concealed) in [(25, 0), (0, 7)] {
        let mut playout = Playout::new();
        // The first eight frames after the pause are held up and come together with the ninth.
        let held_until = arrival(50 + pause + 8);
        let words = (50..120).map(|number| {
            let slot = number + pause;
            (arrival(slot).max(held_until), frame(number, slot))
        });
        run(&mut playout, talk(0..50).into_iter().chain(words).collect(), ms(60_000));
        assert_eq!(playout.meter().concealed(), concealed, "after a pause of {pause} steps");
        assert_eq!(playout.meter().late(), 1);
        assert_eq!(playout.meter().played(), 120);
    }
}

fn with_copies(arrivals: Vec<(Timestamp, AudioFrame)>) -> Vec<(Timestamp, AudioFrame)> {
    arrivals.into_iter().map(|(at, frame)| (at, AudioFrame { copy_before: true, ..frame })).collect()
}

fn without(lost: &[u64], arrivals: Vec<(Timestamp, AudioFrame)>) -> Vec<(Timestamp, AudioFrame)> {
    arrivals.into_iter().filter(|(_, frame)| !lost.contains(&frame.sequence)).collect()
}

#[test]
fn a_lost_frame_is_recovered_from_the_copy_in_the_next_one_and_two_in_a_row_are_not() {
    let mut playout = Playout::new();
    run(&mut playout, without(&[30, 60, 61], with_copies(talk(0..100))), ms(60_000));
    assert_eq!(counts(&playout), [97, 1, 0]);
    assert_eq!(playout.meter().recovered(), 2);
    // A copy is played when the frame would have been.
    assert_eq!(playout.meter().mouth_to_ear_ms(100), Some(20 + TRANSIT + 40));
}

#[test]
fn without_a_copy_nothing_is_recovered() {
    let mut playout = Playout::new();
    run(&mut playout, without(&[30], talk(0..100)), ms(60_000));
    assert_eq!((counts(&playout), playout.meter().recovered()), ([99, 1, 0], 0));
}

#[test]
fn a_lost_frame_behind_a_pause_is_recovered_in_its_own_time() {
    let mut playout = Playout::new();
    // Frames 0 to 49, a pause of 10 steps, and frames from slot 60 on, of which the first is lost.
    let after = (51..100).map(|sequence| (arrival(sequence + 10), frame(sequence, sequence + 10)));
    run(&mut playout, with_copies(talk(0..50).into_iter().chain(after).collect()), ms(60_000));
    let meter = playout.meter();
    assert_eq!((meter.recovered(), meter.concealed(), meter.played()), (1, 0, 99));
}

#[test]
fn where_repairs_come_late_the_delay_makes_room_for_them() {
    let lost: Vec<u64> = (0..40).map(|n| 100 + n * 25).collect();
    let mut playout = Playout::new();
    run(&mut playout, without(&lost, with_copies(talk(0..1_100))), ms(60_000));
    let meter = playout.meter();
    // The undisturbed start has brought the delay down to one step, which is no room: a loss or two are concealed.
    assert!(meter.concealed() <= 3 && meter.recovered() >= 37, "{} {}", meter.concealed(), meter.recovered());
    assert_eq!(playout.target_delay(), 2 * STEP);
}
