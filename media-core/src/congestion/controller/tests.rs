//! Claims about the controller, on a line of one rate in steps of a millisecond, and under lies.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::*;
use crate::{Ssrc, congestion::ArrivalLog, rtp::rtcp, rtp::rtcp::Feedback};

const BOUNDS: BitrateBounds = BitrateBounds { start: 300_000, min: 30_000, max: 20_000_000 };
const OWD: Duration = Duration::from_millis(50);
const PACKET: u32 = 1000;

/// One line, one sender that sends as much as it may, one receiver. In steps of a millisecond.
struct Path {
    controller: CongestionController,
    log: ArrivalLog,
    now: Timestamp,
    /// The line's rate, and when it has sent everything.
    bps: u64,
    free: Timestamp,
    /// Each n-th packet is lost; 0: none.
    loses_each: u64,
    is_deaf: bool,
    /// The most that the sender has to send.
    has_bps: u64,
    owed: f64,
    sequence: u16,
    offered: u64,
    delivered_bytes: u64,
    flying: VecDeque<(Timestamp, u16, u32)>,
    returning: VecDeque<(Timestamp, Vec<u8>)>,
}

impl Path {
    fn new(bps: u64) -> Self {
        let mut controller = CongestionController::new(Timestamp::ZERO, BOUNDS);
        controller.set_demand(BOUNDS.max);
        Self {
            controller,
            log: ArrivalLog::default(),
            now: Timestamp::ZERO,
            bps,
            free: Timestamp::ZERO,
            loses_each: 0,
            is_deaf: false,
            has_bps: u64::MAX,
            owed: 0.0,
            sequence: 65_000,
            offered: 0,
            delivered_bytes: 0,
            flying: VecDeque::new(),
            returning: VecDeque::new(),
        }
    }

    fn run(&mut self, seconds: u64) -> u64 {
        for _ in 0..seconds * 1000 {
            self.now = self.now + Duration::from_millis(1);
            self.step();
        }
        self.controller.estimate_bps()
    }

    fn step(&mut self) {
        let now = self.now;
        if self.controller.poll_timeout().is_some_and(|at| at <= now) {
            self.controller.handle_timeout(now);
        }
        while let Some(payload) = self.controller.poll_padding(now) {
            self.send(u32::from(payload) + 28);
        }
        let bps = self.controller.estimate_bps().min(self.has_bps);
        self.owed += bps as f64 / 8000.0;
        while self.owed >= f64::from(PACKET) {
            self.owed -= f64::from(PACKET);
            self.send(PACKET);
        }
        while self.flying.front().is_some_and(|(at, ..)| *at <= now) {
            let (_, sequence, bytes) = self.flying.pop_front().unwrap();
            self.delivered_bytes += u64::from(bytes);
            self.log.on_packet(now, sequence, bytes);
        }
        let mut bytes = Vec::new();
        while self.log.write_feedback(now, Ssrc(1), Ssrc(2), &mut bytes) {
            self.returning.push_back((now + OWD, std::mem::take(&mut bytes)));
        }
        while self.returning.front().is_some_and(|(at, _)| *at <= now) {
            let (_, bytes) = self.returning.pop_front().unwrap();
            if !self.is_deaf {
                hear(&mut self.controller, now, &bytes);
            }
        }
    }

    fn send(&mut self, bytes: u32) {
        self.controller.on_sent(self.now, self.sequence, bytes);
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        self.offered += 1;
        if self.loses_each > 0 && self.offered.is_multiple_of(self.loses_each) {
            return;
        }
        self.free =
            self.free.max(self.now) + Duration::from_nanos(8_000_000_000 * u64::from(bytes) / self.bps);
        self.flying.push_back((self.free + OWD, sequence, bytes));
    }

    fn queue_ms(&self) -> u128 {
        self.free.saturating_since(self.now).as_millis()
    }
}

fn hear(controller: &mut CongestionController, now: Timestamp, bytes: &[u8]) {
    rtcp::read(bytes, |feedback| {
        if let Feedback::TransportFeedback(feedback) = feedback {
            controller.on_feedback(now, &feedback);
        }
    })
    .unwrap();
}

#[test]
fn the_estimate_finds_what_the_line_carries() {
    for bps in [100_000, 1_000_000, 5_000_000] {
        let mut path = Path::new(bps);
        path.run(10);
        let before = path.delivered_bytes;
        path.run(20);
        let used = (path.delivered_bytes - before) as f64 * 8.0 / 20.0 / bps as f64;
        assert!((0.75..=1.0).contains(&used), "{bps}: {used}");
        // Three packets of 1,000 bytes take 240 ms on the slowest line.
        let most_ms = (3 * 8_000_000 / u128::from(bps)).max(150);
        assert!(path.queue_ms() < most_ms, "{bps}: {}", path.queue_ms());
    }
}

#[test]
fn trains_find_a_wide_line_within_a_second() {
    let mut path = Path::new(18_000_000);
    let bps = path.run(1);
    assert!(bps > 10_000_000, "{bps}");
}

#[test]
fn a_line_that_becomes_a_tenth_is_noticed_within_three_seconds_and_found_again() {
    let mut path = Path::new(10_000_000);
    path.run(20);
    path.bps = 1_000_000;
    let bps = path.run(3);
    assert!(bps < 1_000_000, "{bps}");
    path.run(7);
    assert!(path.queue_ms() < 150, "{}", path.queue_ms());
    path.bps = 10_000_000;
    let bps = path.run(12);
    assert!(bps > 9_000_000, "{bps}");
}

#[test]
fn losses_that_the_rate_does_not_cause_leave_most_of_it() {
    for loses_each in [10, 33] {
        let mut path = Path::new(2_000_000);
        path.loses_each = loses_each;
        let bps = path.run(30);
        assert!((700_000..2_600_000).contains(&bps), "1 of {loses_each}: {bps}");
    }
}

#[test]
fn without_feedback_the_estimate_falls_and_comes_back_at_once() {
    let mut path = Path::new(2_000_000);
    path.run(20);
    let before = path.controller.estimate_bps();
    path.is_deaf = true;
    let bps = path.run(3);
    assert!(bps < 40_000, "{bps}");
    assert!(path.controller.poll_timeout().is_none_or(|at| at > path.now || path.run(2) == BOUNDS.min));
    path.is_deaf = false;
    let bps = path.run(3);
    assert!(bps > before * 8 / 10, "{bps} after {before}");
}

#[test]
fn who_sends_nothing_after_a_silence_learns_all_the_same_that_the_line_is_back() {
    let mut path = Path::new(5_000_000);
    path.has_bps = 200_000;
    path.run(5);
    path.is_deaf = true;
    path.run(5);
    path.has_bps = 0;
    let fallen = path.run(10);
    assert_eq!(fallen, BOUNDS.min);
    let asked = path.offered;
    path.run(10);
    assert!((10..100).contains(&(path.offered - asked)), "it asks, and not all the time");
    path.is_deaf = false;
    let back = path.run(4);
    assert!(back > 200_000, "{back}");
}

#[test]
fn a_path_is_ample_once_it_carries_what_is_wanted_and_until_it_was_full() {
    let mut path = Path::new(5_000_000);
    path.has_bps = 1_000_000;
    path.controller.set_demand(1_000_000);
    assert!(!path.controller.is_ample(), "more is wanted than the start");
    path.run(5);
    assert!(path.controller.is_ample());
    path.bps = 500_000;
    path.run(5);
    path.bps = 5_000_000;
    path.run(30);
    assert!(path.controller.estimate_bps() >= 1_000_000 && !path.controller.is_ample());
}

#[test]
fn a_path_is_not_ample_for_what_has_never_arrived() {
    let mut path = Path::new(5_000_000);
    path.has_bps = 300_000;
    path.controller.set_demand(300_000);
    path.controller.set_steps(Timestamp::ZERO, 300_000, None);
    path.run(5);
    assert!(path.controller.is_ample());
    path.controller.set_steps(Timestamp::from_millis(5_000), 600_000, None);
    assert!(path.controller.estimate_bps() >= 300_000 && !path.controller.is_ample());
}

#[test]
fn who_sends_little_is_not_believed_to_be_able_to_send_much() {
    let mut path = Path::new(5_000_000);
    path.controller.set_demand(0);
    path.has_bps = 200_000;
    let bps = path.run(30);
    assert!((250_000..400_000).contains(&bps), "{bps}");
}

#[test]
fn who_sends_little_and_wants_more_finds_it_by_trains() {
    let mut path = Path::new(5_000_000);
    path.controller.set_demand(0);
    path.has_bps = 200_000;
    path.run(10);
    path.controller.set_demand(2_000_000);
    let bps = path.run(12);
    assert!((1_900_000..2_600_000).contains(&bps), "{bps}");
}

#[test]
fn who_was_never_sent_anything_because_it_costs_too_much_learns_whether_the_line_carries_it() {
    for (line_bps, carries) in [(5_000_000, true), (400_000, false)] {
        let mut path = Path::new(line_bps);
        path.has_bps = 0;
        path.controller.set_demand(1_500_000);
        let bps = path.run(3);
        assert_eq!(bps > 1_500_000, carries, "{bps} on {line_bps}");
        assert_eq!(path.run(20) > 1_500_000, carries);
    }
}

#[test]
fn who_wants_nothing_beyond_the_start_is_not_asked() {
    let mut path = Path::new(5_000_000);
    path.has_bps = 0;
    path.controller.set_demand(BOUNDS.start);
    path.run(5);
    assert_eq!(path.offered, 0);
}

#[test]
fn the_round_trip_time_is_measured() {
    let mut path = Path::new(5_000_000);
    path.run(5);
    let rtt = path.controller.rtt().unwrap();
    assert!((100..160).contains(&rtt.as_millis()), "{rtt:?}");
    assert!(path.controller.loss() < 0.01);
}

#[derive(Clone, Debug)]
enum Deed {
    Wait(u64),
    Send(u16, u32),
    Lie { base: u16, reference: i32, arrivals: Vec<Option<i16>> },
    Want(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let arrivals = proptest::collection::vec(any::<Option<i16>>(), 1..60);
    prop_oneof![
        (0..3_000_u64).prop_map(Deed::Wait),
        (any::<u16>(), any::<u32>()).prop_map(|(sequence, bytes)| Deed::Send(sequence, bytes)),
        (0..300_u16, 0..1500_u32).prop_map(|(sequence, bytes)| Deed::Send(sequence, bytes)),
        (0..300_u16, any::<i32>(), arrivals).prop_map(|(base, reference, arrivals)| Deed::Lie {
            base,
            reference,
            arrivals
        }),
        any::<u64>().prop_map(Deed::Want),
    ]
}

/// A path of 1 Mbit/s that was full and carries 400 kbit/s now, with a step to `next_bps` that is waited for: how much it has been
/// shown to carry after some seconds, and the longest queue meanwhile.
fn after_trials_of(next_bps: u64, seconds: u64) -> (u64, Duration) {
    let mut path = Path::new(1_000_000);
    path.run(10);
    assert!(path.controller.proven_bps().is_some(), "it was never full");
    path.has_bps = 400_000;
    path.run(15);
    path.controller.set_steps(path.now, 400_000, Some(next_bps));
    let mut longest = Duration::ZERO;
    for _ in 0..seconds * 10 {
        for _ in 0..100 {
            path.now = path.now + Duration::from_millis(1);
            path.step();
        }
        longest = longest.max(path.controller.queue());
    }
    (path.controller.proven_bps().unwrap(), longest)
}

#[test]
fn a_step_that_fits_is_shown_to_fit_before_anybody_climbs() {
    let (proven, queue) = after_trials_of(700_000, 20);
    assert!((700_000..900_000).contains(&proven), "{proven}");
    assert!(queue < Duration::from_millis(80), "{queue:?}");
}

#[test]
fn a_step_that_does_not_fit_is_not_shown_and_makes_no_long_queue() {
    let (proven, queue) = after_trials_of(1_300_000, 20);
    assert!(proven < 1_050_000, "{proven}");
    assert!(queue < Duration::from_millis(100), "{queue:?}");
}

#[test]
fn a_short_queue_does_not_end_what_is_held_for_good() {
    let mut path = Path::new(1_000_000);
    path.run(10);
    path.has_bps = 800_000;
    path.controller.set_steps(path.now, 850_000, None);
    path.run(10);
    // Somebody else's burst: 30 ms of the line's time.
    path.free = path.free.max(path.now) + Duration::from_millis(30);
    assert!(path.run(3) >= 850_000);
}

proptest! {
    #[test]
    fn no_lie_breaks_it_or_leads_beyond_the_bounds(deeds in proptest::collection::vec(deed(), 0..300)) {
        let mut controller = CongestionController::new(Timestamp::ZERO, BOUNDS);
        let mut now = Timestamp::ZERO;
        for deed in deeds {
            match deed {
                Deed::Wait(ms) => now = now + Duration::from_millis(ms),
                Deed::Send(sequence, bytes) => {
                    let before = controller.poll_timeout();
                    let is_sooner = controller.on_sent(now, sequence, bytes);
                    let soonest = |at: Option<Timestamp>| at.unwrap_or(Timestamp::FAR_FUTURE);
                    prop_assert!(is_sooner || soonest(controller.poll_timeout()) >= soonest(before));
                }
                Deed::Lie { base, reference, arrivals } => {
                    let mut bytes = Vec::new();
                    rtcp::write_twcc(Ssrc(1), Ssrc(2), base, reference, 0, &arrivals, &mut bytes);
                    hear(&mut controller, now, &bytes);
                }
                Deed::Want(bps) => controller.set_demand(bps),
            }
            controller.handle_timeout(now);
            let padding = (0..100).take_while(|_| controller.poll_padding(now).is_some()).count();
            prop_assert!(padding < 100);
            prop_assert!((BOUNDS.min..=BOUNDS.max).contains(&controller.estimate_bps()));
            prop_assert!(controller.pacing_bps() > 0);
            prop_assert!((0.0..=1.0).contains(&controller.loss()));
        }
    }
}
