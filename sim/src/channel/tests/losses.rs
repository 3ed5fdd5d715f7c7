//! Claims about what losses cost.

use super::*;

#[test]
fn a_lost_syn_costs_one_second() {
    let mut pair = Pair::new();
    let start = pair.now;
    let fate = |sent| if sent == 1 { Fate::Lost } else { Fate::Arrives };
    pair.run(second(9), fate, |pair| pair.ends[0].state() == ChannelState::Open);
    // The window of one that this leaves to the client is enough for its part of the set-up.
    assert_eq!(pair.now, start + Duration::from_secs(1) + ONE_WAY * 6);
}

#[test]
fn one_lost_segment_of_many_is_repaired_in_a_round_trip_and_a_lost_last_one_by_a_probe() {
    for (lost, at_most, retransmissions) in [(3, ONE_WAY * 3, 1), (9, ONE_WAY * 7, 1)] {
        let mut pair = Pair::open();
        let (start, before) = (pair.now, pair.sent);
        pair.ends[1].send(start, message(1, 9 * 1_100));
        let fate = |sent| if sent == before + lost { Fate::Lost } else { Fate::Arrives };
        pair.run(second(20), fate, |pair| !pair.received[0].is_empty());
        assert_eq!(pair.received[0], [message(1, 9 * 1_100)]);
        assert_eq!(pair.ends[1].counters().retransmissions, retransmissions, "segment {lost}");
        let took = pair.now.saturating_since(start);
        assert!(took > ONE_WAY * 2 && took <= at_most, "segment {lost} took {took:?}");
        assert_eq!(took > Duration::from_millis(200), lost == 9);
    }
}

#[test]
fn a_message_lost_alone_comes_after_two_round_trips_of_waiting_and_then_after_the_timer() {
    for (losses, after) in [(1, ONE_WAY * 4), (2, ONE_WAY * 4 + Duration::from_millis(200))] {
        let mut pair = Pair::open();
        let (start, before) = (pair.now, pair.sent);
        pair.ends[1].send(start, message(1, 100));
        let fate = |sent| if sent <= before + losses { Fate::Lost } else { Fate::Arrives };
        pair.run(second(20), fate, |pair| !pair.received[0].is_empty());
        let took = pair.now.saturating_since(start);
        assert!(took.abs_diff(after + ONE_WAY) < Duration::from_millis(1), "{losses} losses: {took:?}");
    }
}

#[test]
fn a_lost_retransmission_is_found_by_what_was_sent_after_it_and_not_by_the_timer() {
    let mut pair = Pair::open();
    let (start, before) = (pair.now, pair.sent);
    pair.ends[1].send(start, message(1, 9 * 1_100));
    let again = start + ONE_WAY * 2;
    // Nine segments, one acknowledgement of those that arrive together, and the third once more.
    let mut fate = |sent| if [3, 11].contains(&(sent - before)) { Fate::Lost } else { Fate::Arrives };
    pair.run(again + Duration::from_millis(5), &mut fate, |_| false);
    pair.ends[1].send(pair.now, message(2, 100));
    pair.run(second(20), &mut fate, |pair| pair.received[0].len() == 2);
    let took = pair.now.saturating_since(again);
    assert_eq!(pair.ends[1].counters().retransmissions, 2);
    assert!(took < ONE_WAY * 5, "three trips and the allowance for reordering: {took:?}");
}

#[test]
fn a_segment_overtaken_by_two_is_waited_for_and_one_overtaken_by_three_is_sent_again() {
    for (place, retransmissions) in [(7, 0), (6, 1)] {
        let mut pair = Pair::open();
        let before = pair.sent;
        pair.ends[1].send(pair.now, message(1, 9 * 1_100));
        let late = Fate::Late(Duration::from_millis(1));
        pair.run(second(20), |sent| if sent == before + place { late } else { Fate::Arrives }, |_| false);
        assert_eq!(pair.received[0], [message(1, 9 * 1_100)]);
        assert_eq!(pair.ends[1].counters().retransmissions, retransmissions, "segment {place} of 9");
    }
}
