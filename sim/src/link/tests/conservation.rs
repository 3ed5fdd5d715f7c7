//! Properties of a link under any settings and any traffic.

use std::time::Duration;

use media_core::time::Timestamp;
use proptest::prelude::*;

use crate::{
    link::{Jitter, Link, LinkConfig, Loss, Queue, RateTimeline},
    seed::Seed,
};

/// One thing that happens to a link, after a time.
#[derive(Clone, Debug)]
enum Step {
    Offer { wire_bytes: u32 },
    Poll,
    SetRate { bps: u64 },
    SetOutage { outage: bool },
}

/// Rates are at most this, so that no packet can be serialised faster.
const BPS_MAX: u64 = 50_000_000;

fn arb_rate() -> impl Strategy<Value = u64> {
    prop_oneof![1 => Just(0), 4 => 1_000..=BPS_MAX]
}

fn arb_timeline() -> impl Strategy<Value = RateTimeline> {
    prop::collection::btree_map(1_u64..2_000_000_000, arb_rate(), 0..5).prop_flat_map(|steps| {
        arb_rate().prop_map(move |first| {
            let later = steps.iter().map(|(&nanos, &bps)| (Timestamp::from_nanos(nanos), bps));
            RateTimeline::from_steps(std::iter::once((Timestamp::ZERO, first)).chain(later).collect())
                .unwrap()
        })
    })
}

fn arb_queue() -> impl Strategy<Value = Queue> {
    let millis = |range: std::ops::Range<u64>| range.prop_map(Duration::from_millis);
    prop_oneof![
        (0_u64..100_000).prop_map(|bytes| Queue::DropTail { bytes }),
        (0_u64..100_000, millis(0..20), millis(0..200)).prop_map(|(bytes, target, interval)| Queue::CoDel {
            bytes,
            target,
            interval
        }),
    ]
}

fn arb_loss() -> impl Strategy<Value = Loss> {
    prop_oneof![
        Just(Loss::None),
        (0.0..=1.0).prop_map(|share| Loss::Random { share }),
        (0.0..=1.0, 0.0..=1.0, 0.0..=1.0, 0.0..=1.0).prop_map(
            |(good_to_bad, bad_to_good, loss_good, loss_bad)| {
                Loss::GilbertElliott { good_to_bad, bad_to_good, loss_good, loss_bad }
            }
        ),
    ]
}

fn arb_config() -> impl Strategy<Value = LinkConfig> {
    let shares = (0.0..=0.5, 0.0..=0.5, 0.0..=0.5);
    let jitter = (0_u64..30_000_000, any::<bool>())
        .prop_map(|(nanos, keep_order)| Jitter { max: Duration::from_nanos(nanos), keep_order });
    let delay = (0_u64..100_000_000).prop_map(Duration::from_nanos);
    let mtu = prop::option::of(500_u32..1500);
    (arb_timeline(), delay, arb_queue(), jitter, arb_loss(), shares, mtu).prop_map(
        |(rate, delay, queue, jitter, loss, (reorder_share, duplicate_share, corrupt_share), mtu_bytes)| {
            LinkConfig {
                rate,
                delay,
                queue,
                jitter,
                loss,
                reorder_share,
                duplicate_share,
                corrupt_share,
                mtu_bytes,
            }
        },
    )
}

fn arb_steps() -> impl Strategy<Value = Vec<(u64, Step)>> {
    let step = prop_oneof![
        20 => (0_u32..1600).prop_map(|wire_bytes| Step::Offer { wire_bytes }),
        5 => Just(Step::Poll),
        1 => arb_rate().prop_map(|bps| Step::SetRate { bps }),
        1 => any::<bool>().prop_map(|outage| Step::SetOutage { outage }),
    ];
    // Half of the steps come at the same time as the one before.
    let gap_nanos = prop_oneof![Just(0), 0_u64..5_000_000];
    prop::collection::vec((gap_nanos, step), 0..300)
}

/// What a packet carries: when it was offered and its size.
type Offered = (Timestamp, u32);

fn assert_conserved(link: &Link<Offered>) {
    let stats = link.stats();
    assert_eq!(stats.offered + stats.duplicated, stats.delivered + stats.dropped_total() + link.in_flight());
}

/// Takes out everything due at `now` and checks it; gives back the time of the last arrival.
fn drain(link: &mut Link<Offered>, now: Timestamp, mut last: Timestamp) -> Timestamp {
    while let Some(delivery) = link.poll_delivery(now) {
        let (offered, wire_bytes) = delivery.item;
        let bits_ns = u128::from(wire_bytes) * 8 * 1_000_000_000;
        let fastest = Duration::from_nanos(bits_ns.div_ceil(u128::from(BPS_MAX)) as u64);
        assert!(delivery.at >= offered + fastest + link.config().delay, "{delivery:?} comes too early");
        assert!(delivery.at <= now, "{delivery:?} comes before its time");
        assert!(delivery.at >= last, "{delivery:?} comes out of order, after {last}");
        last = delivery.at;
        assert_conserved(link);
    }
    assert!(link.poll_timeout().is_none_or(|timeout| timeout > now), "a timeout is later than the poll");
    last
}

proptest! {
    #[test]
    fn packets_are_conserved_ordered_and_never_early(config in arb_config(), steps in arb_steps(), seed: u64) {
        let mut link = Link::new(config, Seed::new(seed).stream("link"));
        let (mut now, mut last) = (Timestamp::ZERO, Timestamp::ZERO);
        for (gap_nanos, step) in steps {
            now = now + Duration::from_nanos(gap_nanos);
            match step {
                Step::Offer { wire_bytes } => link.offer(now, wire_bytes, (now, wire_bytes)),
                Step::Poll => last = drain(&mut link, now, last),
                Step::SetRate { bps } => link.set_rate(now, bps),
                Step::SetOutage { outage } => link.set_outage(now, outage),
            }
            assert_conserved(&link);
        }
        link.set_rate(now, BPS_MAX);
        link.set_outage(now, false);
        while let Some(timeout) = link.poll_timeout() {
            last = drain(&mut link, timeout.max(now), last);
        }
        prop_assert_eq!(link.in_flight(), 0, "with the link up everything comes out in the end");
        assert_conserved(&link);
    }

    #[test]
    fn how_often_a_link_is_polled_changes_nothing(
        config in arb_config(), steps in arb_steps(), seed: u64, keep in any::<bool>(),
    ) {
        let run = |poll_always: bool| {
            let mut link = Link::new(config.clone(), Seed::new(seed).stream("link"));
            let mut now = Timestamp::ZERO;
            let mut arrived = Vec::new();
            for (number, (gap_nanos, step)) in steps.iter().enumerate() {
                now = now + Duration::from_nanos(*gap_nanos);
                match step {
                    Step::Offer { wire_bytes } => link.offer(now, *wire_bytes, number),
                    Step::Poll if keep => arrived.extend(std::iter::from_fn(|| link.poll_delivery(now))),
                    Step::Poll => {}
                    Step::SetRate { bps } => link.set_rate(now, *bps),
                    Step::SetOutage { outage } => link.set_outage(now, *outage),
                }
                if poll_always {
                    arrived.extend(std::iter::from_fn(|| link.poll_delivery(now)));
                }
            }
            let end = now + Duration::from_secs(1_000_000);
            arrived.extend(std::iter::from_fn(|| link.poll_delivery(end)));
            arrived
        };
        prop_assert_eq!(run(true), run(false));
    }
}
