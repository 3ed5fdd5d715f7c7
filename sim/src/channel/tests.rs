//! Claims about a channel between two ends over a simulated pair of links.

mod losses;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const ONE_WAY: Duration = Duration::from_millis(40);

/// What happens to a segment on its way.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Arrives,
    Lost,
    /// Arrives this much later than others.
    Late(Duration),
    /// Arrives twice, the second time this much later.
    Twice(Duration),
    Damaged,
}

/// Two ends, and segments under way by (arrival, order of sending) with their receiver.
struct Pair {
    now: Timestamp,
    ends: [Channel; 2],
    wire: BTreeMap<(Timestamp, u64), (usize, Vec<u8>)>,
    sent: u64,
    bytes: [u64; 2],
    received: [Vec<Vec<u8>>; 2],
}

impl Pair {
    fn new() -> Self {
        let now = Timestamp::from_millis(5);
        Self {
            now,
            ends: [Channel::connect(now), Channel::accept(now)],
            wire: BTreeMap::new(),
            sent: 0,
            bytes: [0; 2],
            received: [Vec::new(), Vec::new()],
        }
    }

    fn drain(&mut self, fate: &mut impl FnMut(u64) -> Fate) {
        for from in 0..2 {
            let mut burst = 0;
            while let Some(segment) = self.ends[from].poll_segment(self.now) {
                assert!(segment.len() <= SEGMENT_BYTES_MAX);
                burst += 1;
                assert!(burst < 200, "an end never stops sending");
                self.sent += 1;
                self.bytes[from] += segment.len() as u64;
                let arrival = self.now + ONE_WAY;
                let mut put = |at, bytes| self.wire.insert((at, self.sent), (1 - from, bytes));
                match fate(self.sent) {
                    Fate::Arrives => drop(put(arrival, segment)),
                    Fate::Lost => {}
                    Fate::Late(by) => drop(put(arrival + by, segment)),
                    Fate::Twice(by) => {
                        put(arrival, segment.clone());
                        put(arrival + by + Duration::from_nanos(1), segment);
                    }
                    Fate::Damaged => {
                        let mut segment = segment;
                        let place = self.sent as usize % segment.len();
                        segment[place] ^= 0x10;
                        put(arrival, segment);
                    }
                }
            }
            while let Some(message) = self.ends[from].poll_message() {
                self.received[from].push(message);
            }
        }
    }

    /// Runs until `done`, or until nothing is left to happen, or until `until`.
    fn run(&mut self, until: Timestamp, mut fate: impl FnMut(u64) -> Fate, done: impl Fn(&Self) -> bool) {
        loop {
            self.drain(&mut fate);
            if done(self) {
                return;
            }
            let arrival = self.wire.first_key_value().map(|((at, _), _)| *at);
            let timers = self.ends.iter().filter_map(Channel::poll_timeout);
            let Some(next) = timers.chain(arrival).min().filter(|next| *next <= until) else { return };
            assert!(next > self.now || arrival == Some(next), "a timer is not in the future");
            self.now = next;
            while let Some(entry) = self.wire.first_entry().filter(|entry| entry.key().0 <= next) {
                let (to, segment) = entry.remove();
                self.ends[to].handle_segment(next, &segment);
            }
            for end in &mut self.ends {
                end.handle_timeout(next);
            }
        }
    }

    fn open() -> Self {
        let mut pair = Self::new();
        pair.run(Timestamp::from_millis(1_000), |_| Fate::Arrives, |_| false);
        assert!(pair.ends.iter().all(|end| end.state() == ChannelState::Open));
        pair
    }
}

fn second(seconds: u64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn message(number: usize, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|place| (number * 31 + place) as u8).collect()
}

#[test]
fn the_client_is_open_after_exactly_three_round_trips_and_the_server_half_a_trip_before() {
    let mut pair = Pair::new();
    let start = pair.now;
    pair.run(second(9), |_| Fate::Arrives, |pair| pair.ends[1].state() == ChannelState::Open);
    assert_eq!(pair.now, start + ONE_WAY * 5);
    assert_eq!(pair.ends[0].state(), ChannelState::Connecting);
    pair.run(second(9), |_| Fate::Arrives, |pair| pair.ends[0].state() == ChannelState::Open);
    assert_eq!(pair.now, start + ONE_WAY * 6);
    assert_eq!(pair.ends[0].smoothed_rtt(), Some(ONE_WAY * 2));
}

#[test]
fn the_set_up_costs_the_bytes_of_its_flights_and_a_header_for_each_segment() {
    let pair = Pair::open();
    let [client, server] = pair.ends.map(|end| end.counters());
    // SYN, hello, three acknowledgements of the flight (one of them with Finished and upgrade), the last one.
    let client_flights =
        (8 + setup::CLIENT_HELLO_BYTES + setup::FINISHED_BYTES + setup::UPGRADE_BYTES) as u64;
    let server_flights = (8 + setup::SERVER_FLIGHT_BYTES + setup::SWITCHING_BYTES) as u64;
    assert_eq!(client.bytes_sent, client_flights + 32 * client.segments_sent);
    assert_eq!(server.bytes_sent, server_flights + 32 * server.segments_sent);
    assert_eq!(server.segments_sent, 5, "SYN, three segments of the flight, 101");
    assert_eq!([client.retransmissions, server.retransmissions], [0, 0]);
    assert_eq!([client.bytes_received, server.bytes_received], [server.bytes_sent, client.bytes_sent]);
}

#[test]
fn messages_sent_before_the_channel_is_open_arrive_once_it_is() {
    let mut pair = Pair::new();
    pair.ends[0].send(pair.now, message(1, 3_000));
    pair.ends[1].send(pair.now, message(2, 10));
    pair.run(second(9), |_| Fate::Arrives, |_| false);
    assert_eq!(pair.received, [vec![message(2, 10)], vec![message(1, 3_000)]]);
}

#[test]
fn a_burst_is_the_initial_window_grown_by_the_set_up_and_doubles_with_each_round_trip() {
    let mut pair = Pair::open();
    pair.ends[0].send(pair.now, message(1, 200_000));
    let mut bursts = Vec::new();
    for _ in 0..3 {
        let before = pair.ends[0].counters().segments_sent;
        pair.drain(&mut |_| Fate::Arrives);
        while let Some(((at, _), (to, segment))) = pair.wire.pop_first() {
            pair.now = at;
            pair.ends[to].handle_segment(at, &segment);
            if to == 1 {
                pair.drain(&mut |_| Fate::Arrives);
            }
        }
        // Only the receiver spoke in between, so the sender's next burst is still to be polled.
        bursts.push(pair.ends[0].counters().segments_sent - before);
    }
    // Ten segments, and one for each of SYN, hello, and Finished with the upgrade; 64 is the receiver's window.
    assert_eq!(bursts, [13, 26, 52]);
}

#[test]
fn a_dead_link_closes_the_channel_after_fifteen_seconds_of_silence_and_not_before() {
    let mut pair = Pair::open();
    let heard = pair.ends[0].heard_at();
    pair.ends[0].send(pair.now, vec![1]);
    pair.run(heard + SILENCE_MAX - Duration::from_nanos(1), |_| Fate::Lost, |_| false);
    assert_eq!(pair.ends[0].state(), ChannelState::Open);
    pair.run(heard + SILENCE_MAX, |_| Fate::Lost, |_| false);
    assert_eq!(pair.ends[0].state(), ChannelState::Closed { reason: CloseReason::TimedOut });
    assert_eq!(pair.ends[0].poll_timeout(), None);
    let retransmissions = pair.ends[0].counters().retransmissions;
    assert!((4..=7).contains(&retransmissions), "{retransmissions} tries with back-off");
}

#[test]
fn an_idle_channel_stays_open_for_a_day_at_two_bare_segments_each_two_seconds() {
    let mut pair = Pair::open();
    let (sent, begins) = (pair.sent, pair.now);
    pair.run(second(86_400), |_| Fate::Arrives, |_| false);
    assert!(pair.ends.iter().all(|end| end.state() == ChannelState::Open));
    let round = KEEP_ALIVE_AFTER + ONE_WAY * 2;
    let rounds = pair.now.saturating_since(begins).as_nanos() / round.as_nanos();
    assert!((u128::from(pair.sent - sent) / 2).abs_diff(rounds) <= 1);
    pair.ends[0].send(pair.now, vec![7]);
    pair.run(second(86_401), |_| Fate::Arrives, |_| false);
    assert_eq!(pair.received[1], [vec![7]]);
}

/// JOIN-005: the connection survives ten seconds without a line.
#[test]
fn an_outage_of_ten_seconds_is_survived_and_one_of_fifteen_noticed_by_both_ends() {
    for (seconds, survives) in [(10, true), (15, false)] {
        let mut pair = Pair::open();
        // The worst moment: just before the client would have asked.
        pair.run(pair.now + KEEP_ALIVE_AFTER.saturating_sub(ONE_WAY), |_| Fate::Arrives, |_| false);
        let cut = pair.now;
        pair.ends[1].send(cut, vec![9]);
        pair.run(cut + Duration::from_secs(seconds), |_| Fate::Lost, |_| false);
        pair.wire.clear();
        let back = pair.now;
        pair.run(back + Duration::from_secs(3), |_| Fate::Arrives, |_| false);
        let alive = pair.ends.iter().map(|end| end.state() == ChannelState::Open);
        assert_eq!(alive.collect::<Vec<_>>(), [survives, survives], "after {seconds} s");
        assert_eq!(
            pair.received[0].len(),
            usize::from(survives),
            "what waited comes soon, not after the back-off"
        );
    }
}

#[test]
fn a_server_that_has_lost_its_state_says_so_at_the_next_question() {
    let mut pair = Pair::open();
    let mut answered = None;
    pair.run(
        second(60),
        |_| Fate::Arrives,
        |pair| pair.wire.values().any(|(to, _)| *to == 1) && pair.now > second(1),
    );
    for ((_, _), (to, segment)) in std::mem::take(&mut pair.wire) {
        assert_eq!(to, 1);
        if let Stray::Reset(reset) = Channel::stray(&segment) {
            answered = Some(reset);
        }
    }
    let reset = answered.expect("a question goes to the server");
    assert_eq!(Channel::stray(&reset), Stray::Ignored, "two ends that know nothing do not quarrel");
    pair.ends[0].handle_segment(pair.now, &reset);
    assert_eq!(pair.ends[0].state(), ChannelState::Closed { reason: CloseReason::Reset });
}

#[test]
fn a_reset_that_does_not_know_where_the_channel_stands_is_ignored() {
    let mut pair = Pair::open();
    let forged = Segment { flag: Flag::Reset, sequence: 4_711, ..Segment::acknowledgement(0, 0) };
    pair.ends[0].handle_segment(pair.now, &forged.encode());
    assert_eq!(pair.ends[0].state(), ChannelState::Open);
    let syn = Segment { flag: Flag::Syn, sequence: 0, ack: 0, sack: 0, payload: vec![0; 8] };
    assert_eq!(Channel::stray(&syn.encode()), Stray::Opens);
    assert_eq!(Channel::stray(&[1, 2, 3]), Stray::Ignored);
}

#[test]
fn a_server_without_a_client_gives_up_too() {
    let mut server = Channel::accept(second(1));
    assert_eq!(server.poll_timeout(), Some(second(1) + SILENCE_MAX));
    assert_eq!(server.poll_segment(second(1)), None);
    server.handle_timeout(second(1) + SILENCE_MAX);
    assert_eq!(server.state(), ChannelState::Closed { reason: CloseReason::TimedOut });
}

#[test]
fn closing_delivers_what_was_sent_before_even_when_its_acknowledgement_is_lost() {
    let mut pair = Pair::open();
    let (now, before) = (pair.now, pair.sent);
    pair.ends[1].send(now, message(2, 5_000));
    pair.ends[0].send(now, vec![1]);
    pair.ends[0].close(now);
    pair.ends[0].send(now, vec![2]);
    pair.run(
        second(60),
        |sent| if (before + 7..before + 10).contains(&sent) { Fate::Lost } else { Fate::Arrives },
        |_| false,
    );
    assert_eq!(pair.received[1], [vec![1]]);
    assert_eq!(pair.ends[0].state(), ChannelState::Closed { reason: CloseReason::Local });
    assert_eq!(pair.ends[1].state(), ChannelState::Closed { reason: CloseReason::Remote });
    assert_eq!(pair.ends[1].counters().malformed, 0);
}

#[test]
fn who_queues_more_than_the_buffer_is_cut_off() {
    let mut pair = Pair::open();
    for _ in 1..SEND_BYTES_MAX / MESSAGE_BYTES_MAX {
        pair.ends[0].send(pair.now, vec![0; MESSAGE_BYTES_MAX]);
    }
    assert_eq!(pair.ends[0].state(), ChannelState::Open);
    // The framing counts, too, so that the last one that would fit without it does not.
    pair.ends[0].send(pair.now, vec![0; MESSAGE_BYTES_MAX]);
    assert_eq!(pair.ends[0].state(), ChannelState::Closed { reason: CloseReason::SendBufferFull });
    let mut longer = Pair::open();
    longer.ends[0].send(longer.now, vec![0; MESSAGE_BYTES_MAX + 1]);
    assert_eq!(longer.ends[0].state(), ChannelState::Closed { reason: CloseReason::SendBufferFull });
}

#[test]
fn a_message_out_of_turn_closes_and_a_false_acknowledgement_is_malformed() {
    let forge = |sequence, ack, payload: Vec<u8>| {
        let flag = if sequence == 0 && !payload.is_empty() { Flag::Syn } else { Flag::None };
        Segment { flag, sequence, ack, sack: u64::MAX, payload }.encode()
    };
    let mut server = Channel::accept(second(1));
    server.handle_segment(second(1), &forge(0, 1, vec![0; 8]));
    assert_eq!(server.counters().malformed, 1);
    assert_eq!(server.state(), ChannelState::Connecting);
    server.handle_segment(second(1), &forge(0, 0, vec![0; 8]));
    server.handle_segment(second(1), &forge(1, 0, setup::record(RecordKind::Message, b"hi")));
    assert_eq!(server.state(), ChannelState::Closed { reason: CloseReason::ProtocolViolation });
    assert_eq!(server.poll_message(), None);
}

fn arb_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Arrives),
        2 => Just(Fate::Lost),
        1 => (1_u64..400).prop_map(|ms| Fate::Late(Duration::from_millis(ms))),
        1 => (0_u64..400).prop_map(|ms| Fate::Twice(Duration::from_millis(ms))),
        1 => Just(Fate::Damaged),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_to_the_first_segments_every_message_arrives_once_and_in_order(
        fates in prop::collection::vec(arb_fate(), 0..120),
        sizes in prop::collection::vec((any::<bool>(), 0_usize..6_000), 1..20),
    ) {
        let mut pair = Pair::new();
        let mut expected = [Vec::new(), Vec::new()];
        for (number, (from, bytes)) in sizes.iter().enumerate() {
            let from = usize::from(*from);
            pair.ends[from].send(pair.now, message(number, *bytes));
            expected[1 - from].push(message(number, *bytes));
        }
        pair.run(second(600), |sent| fates.get(sent as usize - 1).copied().unwrap_or(Fate::Arrives), |_| false);
        if pair.ends.iter().any(|end| matches!(end.state(), ChannelState::Closed { .. })) {
            // Only a long run of losses may end it; then what arrived is a prefix.
            let lost = fates.iter().filter(|fate| matches!(fate, Fate::Lost | Fate::Damaged)).count();
            prop_assert!(lost >= 5, "closed after {} losses", lost);
            for (expected, received) in expected.iter().zip(&pair.received) {
                prop_assert!(expected.starts_with(received));
            }
        } else {
            prop_assert_eq!(&pair.received, &expected);
            prop_assert!(pair.ends.iter().all(|end| !end.sender.is_waiting()));
        }
        for (end, bytes) in pair.ends.iter().zip(pair.bytes) {
            prop_assert_eq!(end.counters().bytes_sent, bytes);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(datagrams in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..20)) {
        let mut server = Channel::accept(second(1));
        for datagram in &datagrams {
            server.handle_segment(second(1), datagram);
        }
        prop_assert_eq!(server.counters().malformed, datagrams.len() as u64);
        prop_assert_eq!(server.state(), ChannelState::Connecting);
    }

    #[test]
    fn no_well_formed_segment_makes_it_panic(
        segments in prop::collection::vec((0_u32..5, prop_oneof![0_u32..4, any::<u32>()], any::<u64>(),
            prop::collection::vec(0_u8..8, 0..60)), 1..40),
    ) {
        let mut channel = Channel::connect(second(1));
        for (sequence, ack, sack, payload) in segments {
            let flag = match (sequence, payload.len()) {
                (0, 1..) => Flag::Syn,
                (4, 0) => Flag::Probe,
                (3, 0) => Flag::Reset,
                _ => Flag::None,
            };
            channel.handle_segment(second(2), &Segment { flag, sequence, ack, sack, payload }.encode());
            while channel.poll_segment(second(2)).is_some() {}
            channel.handle_timeout(second(4));
        }
    }
}
