//! Claims about both comparisons: they agree on what an honest run left, and notice what is wrong on one side.

use super::*;
use crate::{
    run::{Options, run},
    sabotage::Sabotage,
    scenario::Scenario,
};

fn rehearse(name: &str, text: &str, sabotage: Option<Sabotage>) -> Run {
    let scenario = Scenario::from_toml(name, text).unwrap();
    run(&scenario, 7, Options { sabotage, keep_packets: true, ..Options::default() }).unwrap()
}

fn loss(sabotage: Option<Sabotage>) -> Run {
    rehearse("loss.toml", include_str!("../../../fixtures/scenarios/loss.toml"), sabotage)
}

fn isolation(sabotage: Option<Sabotage>) -> Run {
    rehearse("isolation.toml", include_str!("../../../fixtures/scenarios/isolation.toml"), sabotage)
}

/// Whether the first engine did what the run's own did; ties in time may have been broken otherwise.
fn repeats(comparison: &Comparison, run: &Run) -> bool {
    let sent = run.server.tap.egress.len() as u64;
    sent > 1_000 && sent.abs_diff(comparison.packets_out) <= sent / 1_000
}

#[test]
fn metadata_and_bytes_give_the_same_and_a_wrong_length_is_noticed() {
    let run = loss(None);
    let honest = compare_metadata(&run);
    assert_eq!((honest.differences_total, honest.differences.first()), (0, None));
    assert!(honest.altered > 1_000 && honest.bytes_left_out > 100_000, "{honest:?}");
    assert!(repeats(&honest, &run), "the engine of the run, once more: {honest:?}");
    assert!(compare_metadata(&loss(Some(Sabotage::WrongLength))).differences_total > 0);
}

#[test]
fn one_engine_and_three_decide_alike_and_a_share_that_misses_packets_is_noticed() {
    let run = isolation(None);
    let honest = compare_split(&run, 3);
    assert_eq!((honest.differences_total, honest.differences.first()), (0, None));
    assert!(honest.altered > honest.datagrams, "each datagram is kept from two of three: {honest:?}");
    assert!(repeats(&honest, &run), "the engine of the run, once more: {honest:?}");
    assert!(compare_split(&isolation(Some(Sabotage::LossyShare)), 3).differences_total > 0);
}
