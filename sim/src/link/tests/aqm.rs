//! CoDel at work in a link.

use std::time::Duration;

use media_core::time::Timestamp;

use super::{DELAY, deliveries, link, offer_evenly};
use crate::link::{LinkConfig, LinkDrop, Queue};

const TARGET: Duration = Duration::from_millis(5);

/// 10 Mbit/s: 1250 bytes take 1 ms.
fn codel() -> LinkConfig {
    let queue = Queue::CoDel { bytes: 1_000_000, target: TARGET, interval: Duration::from_millis(100) };
    LinkConfig { queue, ..LinkConfig::clean(10_000_000, DELAY, 0) }
}

/// Queue delays of the packets that arrive from `from` on, when one is offered in each `gap` for 20 s.
fn queue_delays(config: LinkConfig, gap: Duration, from: Timestamp) -> Vec<Duration> {
    let packets = (20_000_000 / gap.as_micros()) as u64;
    offer_evenly(&mut link(config), packets, gap, 1250)
        .iter()
        .filter(|delivery| delivery.at >= from)
        .map(|delivery| {
            let unqueued = Timestamp::ZERO + gap * delivery.item as u32 + DELAY + Duration::from_millis(1);
            delivery.at.saturating_since(unqueued)
        })
        .collect()
}

#[test]
fn codel_brings_a_standing_queue_down_to_near_its_target() {
    // 2 % overload from senders that do not react. Drop-tail of the same size lets it stand.
    let gap = Duration::from_micros(980);
    let from = Timestamp::from_millis(10_000);
    let mut managed = queue_delays(codel(), gap, from);
    managed.sort_unstable();
    let median = managed[managed.len() / 2];
    assert!((Duration::from_millis(1)..TARGET * 2).contains(&median), "median {median:?}");
    let tail = LinkConfig { queue: Queue::DropTail { bytes: 1_000_000 }, ..codel() };
    let standing = queue_delays(tail, gap, from);
    assert!(standing.iter().all(|&delay| delay > TARGET * 30), "{:?}", standing.iter().min());
}

#[test]
fn codel_drops_nothing_when_under_loaded() {
    let mut link = link(codel());
    let arrived = offer_evenly(&mut link, 10_000, Duration::from_micros(1050), 1250);
    assert_eq!(arrived.len(), 10_000);
    assert_eq!(link.stats().dropped_total(), 0);
}

#[test]
fn codel_lets_a_burst_shorter_than_the_interval_pass() {
    let mut link = link(codel());
    for second in 0..20 {
        let now = Timestamp::from_millis(second * 1000);
        (0..90).for_each(|number| link.offer(now, 1250, number));
        assert_eq!(deliveries(&mut link, now + Duration::from_millis(900)).len(), 90);
    }
    assert_eq!(link.stats().queue_delay_max(), Duration::from_millis(89));
    assert_eq!(link.stats().dropped_total(), 0);
}

#[test]
fn codel_never_takes_a_single_waiting_packet_for_a_standing_queue() {
    // At 100 kbit/s a packet takes 100 ms, so that whatever waits has waited longer than the target. A full queue
    // of two holds one packet behind the head, a queue of three holds two.
    let drops = |bytes| {
        let queue = Queue::CoDel { bytes, target: TARGET, interval: Duration::from_millis(100) };
        let mut link = link(LinkConfig { queue, ..LinkConfig::clean(100_000, DELAY, 0) });
        offer_evenly(&mut link, 1000, Duration::from_millis(50), 1250);
        link.stats().dropped(LinkDrop::Aqm)
    };
    assert_eq!(drops(2 * 1250), 0);
    assert!(drops(3 * 1250) > 0);
}

#[test]
fn codel_drops_at_the_head_and_counts_it_by_name() {
    let mut link = link(codel());
    let arrived = offer_evenly(&mut link, 1000, Duration::from_micros(500), 1250);
    let stats = link.stats();
    assert!(stats.dropped(LinkDrop::Aqm) > 0);
    assert_eq!(stats.dropped(LinkDrop::Aqm), 1000 - arrived.len() as u64);
    // With 1 ms of service for each 0.5 ms, packet n waits n/2 ms: 5 ms are passed with packet 11 (the first to have
    // waited more is taken at 11 ms or so), and the first drop comes at the first dequeue 100 ms later.
    let first_missing =
        arrived.iter().zip(0..).find(|(delivery, number)| delivery.item != *number).unwrap().1;
    assert!((108..=112).contains(&first_missing), "{first_missing}");
}
