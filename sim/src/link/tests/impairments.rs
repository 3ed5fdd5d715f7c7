//! Loss, jitter, reordering, duplication and corruption against their theory.

use std::time::Duration;

use media_core::time::Timestamp;

use super::{DELAY, link, offer_evenly};
use crate::link::{Delivery, Jitter, LinkConfig, LinkDrop, Loss};

const PACKETS: u64 = 200_000;
const GAP: Duration = Duration::from_millis(1);

/// Fast enough never to queue 100 bytes in each millisecond.
fn clean() -> LinkConfig {
    LinkConfig::clean(1_000_000_000, DELAY, 0)
}

/// Whether a count lies within three standard deviations of `share` of `trials`; `spread` is the factor by which
/// dependence between trials widens the variance.
fn assert_share(count: u64, trials: u64, share: f64, spread: f64) {
    let sigma = (trials as f64 * share * (1.0 - share) * spread).sqrt();
    let off = (count as f64 - trials as f64 * share).abs();
    assert!(sigma > 0.0 && off <= 3.0 * sigma, "{count} of {trials}: {off} off, sigma {sigma}");
}

#[test]
fn random_loss_has_its_share() {
    for share in [0.001, 0.02, 0.3] {
        let mut link = link(LinkConfig { loss: Loss::Random { share }, ..clean() });
        let arrived = offer_evenly(&mut link, PACKETS, GAP, 100);
        let lost = link.stats().dropped(LinkDrop::Loss);
        assert_eq!(lost, PACKETS - arrived.len() as u64);
        assert_share(lost, PACKETS, share, 1.0);
    }
}

#[test]
fn a_share_of_nothing_never_and_a_share_of_one_always_happens() {
    let mut none = link(LinkConfig { loss: Loss::Random { share: 0.0 }, ..clean() });
    assert_eq!(offer_evenly(&mut none, 10_000, GAP, 100).len(), 10_000);
    let mut all = link(LinkConfig { loss: Loss::Random { share: 1.0 }, ..clean() });
    assert_eq!(offer_evenly(&mut all, 10_000, GAP, 100).len(), 0);
}

#[test]
fn gilbert_elliott_loss_has_the_share_of_theory() {
    for (good_to_bad, bad_to_good, loss_good, loss_bad) in
        [(0.01, 0.2, 0.0, 1.0), (0.05, 0.3, 0.01, 0.5), (0.5, 0.5, 0.1, 0.3)]
    {
        let loss = Loss::GilbertElliott { good_to_bad, bad_to_good, loss_good, loss_bad };
        let mut link = link(LinkConfig { loss, ..clean() });
        offer_evenly(&mut link, PACKETS, GAP, 100);
        let share = loss.mean_share();
        let bad = good_to_bad / (good_to_bad + bad_to_good);
        assert!((share - (loss_good * (1.0 - bad) + loss_bad * bad)).abs() < 1e-12);
        // The chain's states correlate by `memory` from packet to packet; its sum widens the variance.
        let memory = 1.0 - good_to_bad - bad_to_good;
        let between_states = (loss_bad - loss_good).powi(2) * bad * (1.0 - bad);
        let spread = 1.0 + 2.0 * between_states * memory / (1.0 - memory) / (share * (1.0 - share));
        assert_share(link.stats().dropped(LinkDrop::Loss), PACKETS, share, spread);
    }
}

#[test]
fn gilbert_elliott_bursts_and_the_pauses_between_them_have_the_length_of_theory() {
    for (good_to_bad, bad_to_good) in [(0.01, 0.2), (0.0051, 0.25), (0.04, 0.5)] {
        let loss = Loss::GilbertElliott { good_to_bad, bad_to_good, loss_good: 0.0, loss_bad: 1.0 };
        let mut link = link(LinkConfig { loss, ..clean() });
        let arrived = offer_evenly(&mut link, PACKETS, GAP, 100);
        let gaps = arrived.windows(2).map(|pair| pair[1].item - pair[0].item - 1);
        let bursts: Vec<u64> = gaps.filter(|&gap| gap > 0).collect();
        assert_geometric(&bursts, bad_to_good);
        let before_a_gap = (1..arrived.len()).filter(|&at| arrived[at].item > arrived[at - 1].item + 1);
        let ends: Vec<usize> = before_a_gap.collect();
        let pauses: Vec<u64> = ends.windows(2).map(|pair| (pair[1] - pair[0]) as u64).collect();
        assert_geometric(&pauses, good_to_bad);
    }
}

/// Whether the mean of lengths lies within three standard deviations of that of stays which end with probability `end`
/// at each step: mean `1/end`, variance `(1 - end)/end^2`.
fn assert_geometric(lengths: &[u64], end: f64) {
    let mean = lengths.iter().sum::<u64>() as f64 / lengths.len() as f64;
    let sigma = ((1.0 - end) / end.powi(2) / lengths.len() as f64).sqrt();
    assert!((mean - 1.0 / end).abs() <= 3.0 * sigma, "mean {mean} of {}, sigma {sigma}", 1.0 / end);
}

#[test]
fn held_up_packets_are_overtaken_and_have_their_share() {
    let share = 0.03;
    let mut link = link(LinkConfig { reorder_share: share, ..clean() });
    let arrived = offer_evenly(&mut link, PACKETS, GAP, 100);
    let overtaken = arrived
        .iter()
        .scan(0, |highest, delivery| {
            let late = delivery.item < *highest;
            *highest = delivery.item.max(*highest);
            Some(late)
        })
        .filter(|&late| late)
        .count() as u64;
    assert_eq!(link.stats().reordered, overtaken);
    assert_share(overtaken, PACKETS, share, 1.0);
}

#[test]
fn copies_and_damage_have_their_shares() {
    let (duplicate_share, corrupt_share) = (0.05, 0.01);
    let mut link = link(LinkConfig { duplicate_share, corrupt_share, ..clean() });
    let arrived = offer_evenly(&mut link, PACKETS, GAP, 100);
    let stats = link.stats();
    let mut times = vec![0_u32; PACKETS as usize];
    for delivery in &arrived {
        times[delivery.item as usize] += 1;
    }
    assert!(times.iter().all(|times| (1..=2).contains(times)));
    assert_eq!(times.iter().filter(|times| **times == 2).count() as u64, stats.duplicated);
    assert_share(stats.duplicated, PACKETS, duplicate_share, 1.0);
    let corrupted = arrived.iter().filter(|delivery| delivery.corrupted).count() as u64;
    assert_eq!(stats.corrupted, corrupted);
    assert_share(corrupted, stats.delivered, corrupt_share, 1.0);
    assert_eq!(stats.reordered, 0, "a copy beside its original is no reordering");
    assert_eq!(stats.bytes_delivered, stats.delivered * 100);
}

/// Extra delays beyond serialisation and propagation, in the order of arrival.
fn extra_delays(jitter: Jitter) -> (Vec<Duration>, u64) {
    let mut link = link(LinkConfig { jitter, ..clean() });
    let arrived = offer_evenly(&mut link, PACKETS, GAP, 125);
    // 125 bytes take 1 microsecond.
    let fixed = DELAY + Duration::from_micros(1);
    let extra = |delivery: &Delivery<u64>| {
        delivery.at.saturating_since(Timestamp::ZERO + GAP * delivery.item as u32 + fixed)
    };
    (arrived.iter().map(extra).collect(), link.stats().reordered)
}

#[test]
fn jitter_that_does_not_keep_order_is_uniform_and_reorders() {
    let max = Duration::from_millis(8);
    let (extra, reordered) = extra_delays(Jitter { max, keep_order: false });
    assert!(reordered > 0);
    assert!(extra.iter().all(|&delay| delay <= max));
    // Uniform: mean max/2, variance max^2/12.
    let mean = extra.iter().sum::<Duration>().as_secs_f64() / PACKETS as f64;
    let sigma = max.as_secs_f64() / (12.0 * PACKETS as f64).sqrt();
    assert!((mean - max.as_secs_f64() / 2.0).abs() <= 3.0 * sigma, "mean {mean}, sigma {sigma}");
    let in_first_tenth = extra.iter().filter(|&&delay| delay < max / 10).count() as u64;
    assert_share(in_first_tenth, PACKETS, 0.1, 1.0);
}

#[test]
fn jitter_that_keeps_order_never_reorders() {
    let max = Duration::from_millis(8);
    let (extra, reordered) = extra_delays(Jitter { max, keep_order: true });
    assert_eq!(reordered, 0);
    assert!(extra.iter().all(|&delay| delay <= max));
    assert!(extra.iter().any(|&delay| delay > max * 9 / 10));
}

#[test]
fn an_impairment_more_does_not_shift_the_losses() {
    let lossy = LinkConfig { loss: Loss::Random { share: 0.1 }, ..clean() };
    let arrived = |config| {
        let mut numbers: Vec<_> =
            offer_evenly(&mut link(config), 5000, GAP, 100).iter().map(|delivery| delivery.item).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    };
    let jitter = Jitter { max: Duration::from_millis(5), keep_order: false };
    let worse = LinkConfig { jitter, duplicate_share: 0.2, reorder_share: 0.1, ..lossy.clone() };
    assert_eq!(arrived(worse), arrived(lossy));
}
