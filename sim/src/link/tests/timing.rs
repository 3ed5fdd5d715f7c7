//! Rate, queue delay, outages and timeouts of a link without impairments.

use std::time::Duration;

use media_core::time::Timestamp;

use super::{DELAY, END, deliveries, link, offer_evenly};
use crate::link::{Link, LinkConfig, LinkDrop, RateTimeline};

const MS: Duration = Duration::from_millis(1);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

#[test]
fn a_lone_packet_takes_its_serialisation_and_the_propagation() {
    // 1250 bytes are 10 000 bits: 10 ms at 1 Mbit/s.
    let mut link = link(LinkConfig::clean(1_000_000, DELAY, 0));
    link.offer(at(5), 1250, 7);
    assert_eq!(link.poll_timeout(), Some(at(25)));
    assert_eq!(link.poll_delivery(Timestamp::from_nanos(24_999_999)), None);
    let delivery = link.poll_delivery(at(25)).unwrap();
    assert_eq!((delivery.at, delivery.item, delivery.corrupted), (at(25), 7, false));
    assert_eq!(link.poll_timeout(), None);
}

#[test]
fn an_arrival_within_a_nanosecond_is_rounded_up() {
    // 8 bits at 3 bit/s take 2.666... s.
    let mut link = link(LinkConfig::clean(3, Duration::ZERO, 0));
    link.offer(Timestamp::ZERO, 1, 0);
    assert_eq!(link.poll_delivery(END).unwrap().at, Timestamp::from_nanos(2_666_666_667));
}

#[test]
fn a_saturated_link_delivers_its_rate_within_a_thousandth() {
    for (bps, wire_bytes) in [(64_000, 200), (1_000_003, 1200), (100_000_000, 1500), (9_999_999_967, 1500)] {
        let mut link = link(LinkConfig::clean(bps, DELAY, u64::MAX));
        let arrived = offer_evenly(&mut link, 5000, Duration::ZERO, wire_bytes);
        let first_to_last = arrived[4999].at.saturating_since(arrived[0].at).as_secs_f64();
        let measured = 4999.0 * f64::from(wire_bytes) * 8.0 / first_to_last;
        let ratio = measured / bps as f64;
        assert!((0.999..=1.001).contains(&ratio), "{bps}: {ratio}");
    }
}

#[test]
fn each_packet_of_a_burst_waits_for_those_before_it() {
    // 125 bytes: 1 ms at 1 Mbit/s.
    let mut link = link(LinkConfig::clean(1_000_000, DELAY, u64::MAX));
    let arrived = offer_evenly(&mut link, 100, Duration::ZERO, 125);
    for (number, delivery) in arrived.iter().enumerate() {
        assert_eq!(delivery.at, at(10) + MS * (number as u32 + 1));
    }
    let stats = link.stats();
    assert_eq!(stats.queue_delay_max(), MS * 99);
    assert_eq!(stats.queue_delay_mean(), Duration::from_micros(49_500));
    assert_eq!(stats.served, 100);
}

#[test]
fn a_steady_overload_builds_the_queue_of_theory() {
    // Packets of 1 ms come every 0.8 ms: the n-th has waited n times 0.2 ms.
    let mut link = link(LinkConfig::clean(1_000_000, DELAY, u64::MAX));
    let arrived = offer_evenly(&mut link, 500, Duration::from_micros(800), 125);
    for delivery in arrived {
        let number = delivery.item as u32;
        let offered = Timestamp::ZERO + Duration::from_micros(800) * number;
        assert_eq!(delivery.at.saturating_since(offered), DELAY + MS + Duration::from_micros(200) * number);
    }
}

#[test]
fn an_under_loaded_link_has_no_queue() {
    let mut link = link(LinkConfig::clean(1_000_000, DELAY, 0));
    let arrived = offer_evenly(&mut link, 500, MS, 125);
    assert_eq!(arrived.len(), 500);
    assert_eq!(link.stats().queue_delay_max_ps, 0);
}

#[test]
fn a_full_queue_drops_what_does_not_fit_and_delays_the_rest_by_its_limit() {
    // One packet on the wire and ten waiting, the eleventh does not fit.
    let mut link = link(LinkConfig::clean(1_000_000, DELAY, 1250));
    let arrived = offer_evenly(&mut link, 50, Duration::ZERO, 125);
    assert_eq!(arrived.iter().map(|delivery| delivery.item).collect::<Vec<_>>(), (0..11).collect::<Vec<_>>());
    assert_eq!(link.stats().dropped(LinkDrop::QueueFull), 39);
    assert_eq!(link.stats().dropped_total(), 39);
    assert_eq!(link.stats().queue_delay_max(), MS * 10);
}

#[test]
fn a_rate_step_within_a_packet_splits_its_service() {
    // 1250 bytes: 4 ms at 1 Mbit/s do 4000 bits, the other 6000 take 3 ms at 2 Mbit/s.
    let rate = RateTimeline::from_steps(vec![(at(0), 1_000_000), (at(4), 2_000_000)]).unwrap();
    let mut link = link(LinkConfig { rate, ..LinkConfig::clean(0, DELAY, 0) });
    link.offer(at(0), 1250, 0);
    assert_eq!(link.poll_delivery(END).unwrap().at, at(17));
}

#[test]
fn a_rate_set_at_run_time_applies_to_the_rest_of_the_packet_and_to_all_that_wait() {
    let mut link = link(LinkConfig::clean(1_000_000, DELAY, u64::MAX));
    link.offer(at(0), 1250, 0);
    link.offer(at(0), 1250, 1);
    link.set_rate(at(4), 2_000_000);
    let times: Vec<_> = deliveries(&mut link, END).iter().map(|delivery| delivery.at).collect();
    assert_eq!(times, [at(17), at(22)]);
}

#[test]
fn an_outage_holds_packets_up_to_the_queues_limit_and_drops_the_rest() {
    let rate = RateTimeline::from_steps(vec![(at(0), 1_000_000), (at(10), 0), (at(500), 1_000_000)]).unwrap();
    let mut link = link(LinkConfig { rate, ..LinkConfig::clean(0, DELAY, 250) });
    for number in 0..5 {
        link.offer(at(10), 125, number);
    }
    // One is being serialised, two wait, two did not fit.
    assert_eq!(link.stats().dropped(LinkDrop::Outage), 2);
    assert_eq!((link.in_flight(), link.queue_bytes()), (3, 250));
    assert_eq!(deliveries(&mut link, at(510)), []);
    let times: Vec<_> = deliveries(&mut link, END).iter().map(|delivery| delivery.at).collect();
    assert_eq!(times, [at(511), at(512), at(513)]);
}

#[test]
fn an_outage_at_run_time_spares_what_is_already_on_its_way() {
    let mut link = link(LinkConfig::clean(1_000_000, DELAY, 125));
    link.offer(at(0), 125, 0);
    link.offer(at(0), 125, 1);
    link.set_outage(Timestamp::from_nanos(1_500_000), true);
    assert_eq!(link.poll_timeout(), Some(at(11)));
    assert_eq!(link.poll_delivery(at(99)).unwrap().item, 0);
    assert_eq!(link.poll_timeout(), None, "only the end of the outage brings the rest in");
    link.set_outage(at(100), false);
    // Half of the second packet was out.
    assert_eq!(link.poll_delivery(END).unwrap().at, Timestamp::from_nanos(110_500_000));
}

#[test]
fn a_packet_above_the_mtu_is_dropped_by_that_name_and_one_of_its_size_is_not() {
    let mut link = link(LinkConfig { mtu_bytes: Some(1280), ..LinkConfig::clean(1_000_000, DELAY, 0) });
    link.offer(at(0), 1281, 0);
    assert_eq!(link.stats().dropped(LinkDrop::TooBig), 1);
    assert_eq!(link.poll_timeout(), None);
    link.offer(at(0), 1280, 1);
    assert_eq!(link.poll_delivery(END).unwrap().item, 1);
}

#[test]
fn waking_only_at_timeouts_gives_what_polling_each_millisecond_gives() {
    let config = LinkConfig::clean(777_777, Duration::from_micros(3333), 10_000);
    let offers = |link: &mut Link<u64>| (0..100).for_each(|number| link.offer(at(0), 300, number));
    let mut waking = link(config.clone());
    offers(&mut waking);
    let mut woken = Vec::new();
    while let Some(timeout) = waking.poll_timeout() {
        let batch = deliveries(&mut waking, timeout);
        assert!(waking.poll_timeout().is_none_or(|next| next > timeout), "a timeout is later than the poll");
        woken.extend(batch);
    }
    let mut polling = link(config);
    offers(&mut polling);
    let polled: Vec<_> = (0..1000).flat_map(|millis| deliveries(&mut polling, at(millis))).collect();
    assert_eq!(woken.len(), 34, "one on the wire and 33 in 10 000 bytes");
    assert_eq!(woken, polled);
}
