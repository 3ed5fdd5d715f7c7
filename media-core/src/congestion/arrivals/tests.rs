//! Claims about feedback: what arrived is told as it was, for a bounded price.

use proptest::prelude::*;

use super::*;
use crate::rtp::rtcp::Feedback;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_millis(ms)
}

/// Everything that feedback says at `now`: number and arrival in ticks.
fn told(log: &mut ArrivalLog, now: Timestamp) -> Vec<Vec<(u16, Option<i64>)>> {
    let mut packets = Vec::new();
    let mut bytes = Vec::new();
    while log.write_feedback(now, Ssrc(1), Ssrc(2), &mut bytes) {
        let mut packet = Vec::new();
        rtcp::read(&bytes, |feedback| {
            let Feedback::TransportFeedback(feedback) = feedback else { panic!("not TWCC") };
            let mut tick = i64::from(feedback.reference_time) * TICKS_PER_REFERENCE;
            packet = feedback
                .packets()
                .map(|(sequence, delta)| {
                    tick += i64::from(delta.unwrap_or(0));
                    (sequence, delta.map(|_| tick))
                })
                .collect();
        })
        .unwrap();
        packets.push(packet);
        bytes.clear();
    }
    packets
}

#[test]
fn real_arrivals_and_gaps_are_told() {
    let mut log = ArrivalLog::default();
    for (ms, sequence) in [(1000, 65_534), (1010, 65_535), (1030, 2), (1035, 1)] {
        log.on_packet(at(ms), sequence, 1200);
    }
    assert_eq!(log.poll_timeout(), Some(at(1100)));
    assert!(told(&mut log, at(1099)).is_empty());
    let expected = [(65_534, Some(4000)), (65_535, Some(4040)), (0, None), (1, Some(4140)), (2, Some(4120))];
    assert_eq!(told(&mut log, at(1100)), [expected.to_vec()]);
    assert_eq!(log.poll_timeout(), None);
}

#[test]
fn what_is_missing_between_two_feedbacks_is_told_too() {
    let mut log = ArrivalLog::default();
    log.on_packet(at(0), 10, 1200);
    assert_eq!(told(&mut log, at(100)), [vec![(10, Some(0))]]);
    log.on_packet(at(110), 13, 1200);
    assert_eq!(told(&mut log, at(600)), [vec![(11, None), (12, None), (13, Some(440))]]);
}

#[test]
fn a_packet_that_comes_after_it_was_called_missing_is_told() {
    let mut log = ArrivalLog::default();
    log.on_packet(at(0), 10, 1200);
    log.on_packet(at(1), 12, 1200);
    told(&mut log, at(100));
    log.on_packet(at(110), 11, 1200);
    assert_eq!(told(&mut log, at(600)), [vec![(11, Some(440)), (12, Some(4))]]);
    log.on_packet(at(610), 11, 1200);
    assert_eq!(log.poll_timeout(), None, "a duplicate is nothing new");
}

#[test]
fn a_number_that_leaps_far_begins_anew() {
    let mut log = ArrivalLog::default();
    log.on_packet(at(0), 10, 1200);
    log.on_packet(at(1), 20_000, 1200);
    assert_eq!(told(&mut log, at(600)), [vec![(20_000, Some(4))]]);
}

#[test]
fn a_time_too_far_for_a_delta_begins_another_packet() {
    let mut log = ArrivalLog::default();
    log.on_packet(at(0), 10, 1200);
    log.on_packet(at(9000), 11, 1200);
    assert_eq!(told(&mut log, at(9500)), [vec![(10, Some(0))], vec![(11, Some(36_000))]]);
}

#[test]
fn much_is_told_in_several_packets() {
    let mut log = ArrivalLog::default();
    (0..3000_u16).for_each(|n| log.on_packet(at(u64::from(n) / 10), n, 1200));
    let packets = told(&mut log, at(600));
    assert!(packets.len() > 1, "{}", packets.len());
    assert_eq!(packets.concat().len(), 3000);
}

/// Bytes of feedback on the wire per byte received, and the mean time between two, in ms.
fn cost(interval_ms: u64, bytes: u32) -> (f64, u64) {
    let mut log = ArrivalLog::default();
    let (mut sent, mut count, mut out) = (0, 0, Vec::new());
    for n in 0..4000 {
        log.on_packet(at(n * interval_ms), n as u16, bytes);
        while log.write_feedback(at(n * interval_ms), Ssrc(1), Ssrc(2), &mut out) {
            sent += out.len() + WIRE_OVERHEAD_BYTES as usize;
            count += 1;
            out.clear();
        }
    }
    (sent as f64 / (4000.0 * f64::from(bytes)), 4000 * interval_ms / count)
}

#[test]
fn feedback_stays_at_three_percent_of_what_comes() {
    let (audio, interval) = cost(20, 150);
    assert!(audio < 0.0305, "{audio}");
    assert!((280..=520).contains(&interval), "{interval}");
    let (video, interval) = cost(10, 1200);
    assert!(video < 0.03, "{video}");
    assert!((100..=115).contains(&interval), "{interval}");
}

proptest! {
    #[test]
    fn nothing_that_comes_breaks_it(
        packets in proptest::collection::vec((any::<u16>(), 0..2_000_u64, 0..3_000_u32), 0..300),
    ) {
        let mut log = ArrivalLog::default();
        let mut now = 0;
        for (sequence, later, bytes) in packets {
            now += later;
            log.on_packet(at(now), sequence, bytes);
            prop_assert!(log.arrivals.len() <= limits::FEEDBACK_STATUSES_MAX);
            for packet in told(&mut log, at(now)) {
                prop_assert!(!packet.is_empty());
            }
        }
    }

    #[test]
    fn every_arrival_is_told_at_its_time(order in Just((100..400_u16).collect::<Vec<_>>()).prop_shuffle()) {
        let mut log = ArrivalLog::default();
        let mut seen = std::collections::BTreeMap::new();
        for (n, sequence) in order.iter().enumerate() {
            log.on_packet(at(n as u64), *sequence, 1200);
            for (sequence, tick) in told(&mut log, at(n as u64)).concat() {
                seen.insert(sequence, tick);
            }
        }
        for (sequence, tick) in told(&mut log, at(5000)).concat() {
            seen.insert(sequence, tick);
        }
        for (n, sequence) in order.iter().enumerate() {
            // What comes before the first number is passed over, as are those far behind.
            if *sequence >= order[0] {
                prop_assert_eq!(seen.get(sequence), Some(&Some(4 * n as i64)));
            }
        }
    }
}
