//! Claims about what becomes of frames when packets are lost, late or doubled.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn ms(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// The packets of frame `number`, `count` from `sequence` on, depending on the frames `diffs` before it.
fn packets(number: u16, sequence: u64, count: u64, diffs: &[u16]) -> Vec<VideoPacket> {
    (0..count)
        .map(|place| VideoPacket {
            sequence: sequence + place,
            timestamp: u32::from(number) * 3_000,
            start: place == 0,
            end: place + 1 == count,
            frame_number: number,
            spatial: 0,
            temporal: 0,
            key: diffs.is_empty(),
            diffs: FrameDiffs::new(diffs).unwrap(),
            payload: Bytes::from(vec![number as u8, place as u8]),
        })
        .collect()
}

/// Frames 0 (key) to `frames`, each of three packets and depending on the one before; first sequence number 100.
fn chain(frames: u16) -> Vec<VideoPacket> {
    (0..frames)
        .flat_map(|number| {
            packets(number, 100 + u64::from(number) * 3, 3, if number == 0 { &[] } else { &[1] })
        })
        .collect()
}

fn insert(assembler: &mut Assembler, at: u64, packets: impl IntoIterator<Item = VideoPacket>) {
    packets.into_iter().for_each(|packet| assembler.insert(ms(at), packet));
}

/// Numbers of the frames that come out, and whether they can be decoded.
fn frames(assembler: &mut Assembler) -> Vec<(u16, bool)> {
    std::iter::from_fn(|| assembler.poll_frame()).map(|frame| (frame.frame_number, frame.decodable)).collect()
}

fn whole(numbers: std::ops::Range<u16>) -> Vec<(u16, bool)> {
    numbers.map(|number| (number, true)).collect()
}

#[test]
fn frames_come_out_whole_with_their_bytes_in_order_and_their_arrivals() {
    let mut assembler = Assembler::new();
    for (place, packet) in
        [2, 0, 1].into_iter().map(|place| (place, packets(7, 50, 3, &[]).swap_remove(place)))
    {
        assert!(assembler.poll_frame().is_none());
        assembler.insert(ms(10 + place as u64), packet);
    }
    let frame = assembler.poll_frame().unwrap();
    assert_eq!(&frame.payload[..], [7, 0, 7, 1, 7, 2]);
    assert_eq!((frame.first_arrival, frame.last_arrival), (ms(10), ms(12)));
    assert_eq!((frame.first_sequence, frame.timestamp), (50, 21_000));
    assert!(frame.key && frame.decodable);
    assert_eq!(assembler.counters().torn_frames, 0);
}

#[test]
fn reordering_within_10_ms_requests_nothing_and_a_loss_is_requested_each_round_trip() {
    let mut assembler = Assembler::new();
    assembler.set_rtt(Duration::from_millis(50));
    let mut stream = chain(3);
    let lost = stream.remove(4);
    insert(&mut assembler, 1_000, stream);
    assert_eq!(frames(&mut assembler), whole(0..1));
    assert_eq!(assembler.poll_timeout(), Some(ms(1_010)));
    assert!(assembler.nacks(ms(1_009)).is_empty());
    assert_eq!(assembler.nacks(ms(1_010)), [104]);
    assert!(assembler.nacks(ms(1_059)).is_empty());
    assert_eq!(assembler.nacks(ms(1_060)), [104]);
    assembler.insert(ms(1_070), lost.clone());
    assert_eq!(frames(&mut assembler), whole(1..3));
    assert!(assembler.nacks(ms(1_200)).is_empty());
    assembler.insert(ms(1_300), lost);
    let counters = assembler.counters();
    assert_eq!((counters.nacks, counters.repaired, counters.late_or_duplicate_packets), (2, 1, 1));
    assert_eq!((counters.torn_frames, counters.given_up), (0, 0));
    assert_eq!(assembler.poll_timeout(), None);
}

/// Runs all timers up to `until` as an endpoint would; returns requests and times of key-frame requests.
fn run(assembler: &mut Assembler, until: u64) -> (usize, Vec<Timestamp>) {
    let (mut nacks, mut keys) = (0, Vec::new());
    while let Some(now) = assembler.poll_timeout().filter(|now| *now <= ms(until)) {
        assembler.handle_timeout(now);
        nacks += assembler.nacks(now).len();
        if assembler.wants_key_frame(now) {
            keys.push(now);
        }
        assert!(assembler.poll_timeout().is_none_or(|next| next > now), "no progress at {now}");
    }
    (nacks, keys)
}

#[test]
fn a_repair_that_never_comes_is_given_up_and_a_key_frame_is_asked_for_every_half_second() {
    for (rtt, requests, given_up_at) in [(50, 10, 1_510), (300, 4, 2_000)] {
        let mut assembler = Assembler::new();
        assembler.set_rtt(Duration::from_millis(rtt));
        let mut stream = chain(3);
        stream.remove(4);
        insert(&mut assembler, 1_000, stream);
        frames(&mut assembler);
        let (nacks, keys) = run(&mut assembler, given_up_at - 1);
        assert_eq!((nacks, keys.len()), (requests, 0), "round trip {rtt}");
        assert_eq!(frames(&mut assembler), []);
        let (_, keys) = run(&mut assembler, given_up_at + 1_100);
        assert_eq!(keys, [ms(given_up_at), ms(given_up_at + 500), ms(given_up_at + 1_000)]);
        assert_eq!(frames(&mut assembler), [(2, false)]);
        let counters = assembler.counters();
        assert_eq!((counters.torn_frames, counters.given_up, counters.undecodable_frames), (1, 1, 1));
        insert(&mut assembler, given_up_at + 1_200, packets(3, 109, 2, &[]));
        assert_eq!(frames(&mut assembler), whole(3..4));
        assert_eq!(run(&mut assembler, 60_000), (0, vec![]));
    }
}

#[test]
fn a_key_frame_makes_everything_older_obsolete_at_once() {
    let mut assembler = Assembler::new();
    let mut stream = chain(3);
    let late = stream.remove(4);
    insert(&mut assembler, 1_000, stream);
    insert(&mut assembler, 1_005, packets(3, 109, 4, &[]));
    assert_eq!(frames(&mut assembler), [(0, true), (3, true)]);
    assert_eq!(assembler.counters().torn_frames, 1, "frame 2 was whole, frame 1 was not");
    assert_eq!(run(&mut assembler, 9_000), (0, vec![]));
    assembler.insert(ms(1_010), late);
    assert_eq!(assembler.counters().late_or_duplicate_packets, 1);
    assert_eq!(frames(&mut assembler), []);
}

#[test]
fn a_frame_that_does_not_need_what_is_missing_waits_one_round_trip_only() {
    let mut assembler = Assembler::new();
    assembler.set_rtt(Duration::from_millis(80));
    // Frame 1 is of a higher temporal layer and loses its only packet; frame 2 depends on the key frame.
    insert(&mut assembler, 1_000, packets(0, 10, 2, &[]));
    insert(&mut assembler, 1_000, packets(2, 13, 2, &[2]));
    assert_eq!(frames(&mut assembler), whole(0..1));
    let (_, keys) = run(&mut assembler, 1_099);
    assert_eq!(frames(&mut assembler), []);
    run(&mut assembler, 1_100);
    assert_eq!(frames(&mut assembler), whole(2..3));
    assert!(keys.is_empty());
    assert_eq!(assembler.counters().torn_frames, 0, "no part of frame 1 ever came");
    assembler.insert(ms(1_110), packets(1, 12, 1, &[1]).remove(0));
    assert_eq!(frames(&mut assembler), []);
    assert_eq!(run(&mut assembler, 9_000), (0, vec![]));
}

#[test]
fn padding_fills_its_sequence_number_and_belongs_to_no_frame() {
    let mut assembler = Assembler::new();
    let mut padding = packets(0, 12, 1, &[]).remove(0);
    padding.payload = Bytes::new();
    insert(&mut assembler, 1_000, packets(0, 10, 2, &[]));
    insert(&mut assembler, 1_010, [padding]);
    insert(&mut assembler, 1_020, packets(1, 13, 2, &[1]));
    assert_eq!(frames(&mut assembler), whole(0..2));
    assert_eq!(run(&mut assembler, 9_000), (0, vec![]));
    assert_eq!(assembler.counters().torn_frames, 0);
}

#[test]
fn who_joins_between_key_frames_asks_for_one_and_requests_nothing_older() {
    let mut assembler = Assembler::new();
    assert_eq!(assembler.poll_timeout(), None);
    assert!(!assembler.wants_key_frame(ms(500)));
    insert(&mut assembler, 1_000, chain(3).into_iter().skip(4));
    insert(&mut assembler, 1_001, packets(5, 118, 2, &[1]));
    assert!(!assembler.wants_key_frame(ms(1_009)));
    assert_eq!(run(&mut assembler, 1_600), (0, vec![ms(1_010), ms(1_510)]));
    // The key frame's first packet is overtaken by its second.
    insert(&mut assembler, 1_700, packets(6, 120, 2, &[]).into_iter().rev());
    assert_eq!(frames(&mut assembler), whole(6..7));
    assert_eq!(run(&mut assembler, 9_000), (0, vec![]));
}

#[test]
fn dependencies_follow_the_wrap_of_the_frame_number() {
    let mut assembler = Assembler::new();
    insert(&mut assembler, 0, packets(65_535, 10, 1, &[]));
    insert(&mut assembler, 0, packets(0, 11, 1, &[1]));
    insert(&mut assembler, 0, packets(1, 12, 1, &[2, 1]));
    insert(&mut assembler, 0, packets(2, 13, 1, &[9]));
    assert_eq!(frames(&mut assembler), [(65_535, true), (0, true), (1, true), (2, false)]);
    assert!(assembler.wants_key_frame(ms(0)));
    assert!(FrameDiffs::new(&[1; limits::FRAME_DIFFS_MAX + 1]).is_none());
}

#[test]
fn a_jump_of_the_sequence_starts_over_and_buffers_stay_bounded() {
    let mut assembler = Assembler::new();
    insert(&mut assembler, 0, chain(2));
    frames(&mut assembler);
    insert(&mut assembler, 10, packets(9, 5_000_000, 2, &[1]));
    assert!(assembler.nacks(ms(100)).is_empty());
    assert!(assembler.wants_key_frame(ms(100)));
    insert(&mut assembler, 200, packets(10, 5_000_002, 2, &[]));
    assert_eq!(frames(&mut assembler), whole(10..11));
    // A frame that never ends.
    for sequence in 5_000_004..5_010_000 {
        let mut packet = packets(11, sequence, 1, &[1]).remove(0);
        packet.start = sequence == 5_000_004;
        packet.end = false;
        assembler.insert(ms(300), packet);
        assert!(assembler.packets.len() <= PACKETS_MAX);
    }
    assert!(assembler.counters().torn_frames >= 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_duplication_within_the_tolerance_gives_every_frame_once_in_order(
        shuffled in Just((0..60_usize).collect::<Vec<_>>()).prop_shuffle(),
        doubled in prop::collection::vec(0..60_usize, 0..20),
    ) {
        let stream = chain(20);
        let mut assembler = Assembler::new();
        // The key frame's start is first, so that nothing is taken for what came before it.
        assembler.insert(ms(0), stream[0].clone());
        for place in shuffled.into_iter().chain(doubled) {
            assembler.insert(ms(1), stream[place].clone());
        }
        prop_assert_eq!(frames(&mut assembler), whole(0..20));
        prop_assert_eq!(assembler.counters().torn_frames, 0);
        prop_assert_eq!(run(&mut assembler, 9_000), (0, vec![]));
    }

    #[test]
    fn whole_and_torn_frames_and_those_of_which_nothing_came_are_all_there_are(
        lost in prop::collection::btree_set(3..57_usize, 0..30),
    ) {
        let mut assembler = Assembler::new();
        let stream = chain(20);
        let kept = stream.iter().enumerate().filter(|(place, _)| !lost.contains(place)).map(|(_, packet)| packet.clone());
        insert(&mut assembler, 0, kept);
        run(&mut assembler, 3_000);
        let arrived = |number: usize| (0..3).filter(|place| !lost.contains(&(number * 3 + place))).count();
        let torn = (0..20).filter(|number| (1..3).contains(&arrived(*number))).count() as u64;
        prop_assert_eq!(assembler.counters().torn_frames, torn);
        let first_lost = lost.first().map_or(20, |place| place / 3);
        let expected: Vec<_> = (0..20).filter(|number| arrived(*number) == 3)
            .map(|number| (number as u16, number < first_lost)).collect();
        prop_assert_eq!(frames(&mut assembler), expected);
        prop_assert_eq!(assembler.packets.len(), 0);
    }

    #[test]
    fn no_packets_make_it_panic_or_spin(
        packets in prop::collection::vec((0_u64..40, any::<bool>(), any::<bool>(), 0_u16..6, any::<bool>(),
            prop::collection::vec(0_u16..4, 0..3), 0_usize..3, 0_u64..30), 1..200),
    ) {
        let mut assembler = Assembler::new();
        let mut now = 0;
        for (sequence, start, end, frame_number, key, diffs, bytes, wait) in packets {
            now += wait;
            run(&mut assembler, now);
            assembler.insert(ms(now), VideoPacket {
                sequence, timestamp: 0, start, end, frame_number, spatial: 0, temporal: 0, key,
                diffs: FrameDiffs::new(&diffs).unwrap(), payload: Bytes::from(vec![0; bytes]),
            });
            assembler.nacks(ms(now));
            assembler.wants_key_frame(ms(now));
            assert!(assembler.poll_timeout().is_none_or(|next| next > ms(now)));
        }
    }
}
