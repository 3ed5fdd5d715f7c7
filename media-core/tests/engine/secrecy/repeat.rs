//! Owns the claim that equal seeds give equal bytes.

use media_core::{PeerId, Timestamp, signalling::Encryption};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::{
    churn::perform,
    hall::{Hall, Setting},
    history::arb_history,
};

#[test]
fn the_same_history_is_the_same_messages() {
    for (hostile, seed) in [(false, 1), (true, 2)] {
        let config =
            Config { rng_seed: RngSeed::Fixed(seed), failure_persistence: None, ..Config::with_cases(12) };
        let result = TestRunner::new(config).run(&arb_history(hostile), |history| {
            let (one, other) = (perform(&history, true).hall, perform(&history, true).hall);
            assert!(one.asked.len() > 4, "{} messages", one.asked.len());
            assert!(one.asked == other.asked, "{history:?}");
            Ok(())
        });
        result.unwrap_or_else(|failure| panic!("{failure}"));
    }
}

/// What clients say when two leave at once, who go out in one commit.
fn two_leave(encryption: Encryption) -> Vec<(Timestamp, PeerId, Vec<u8>)> {
    let mut hall = Hall::new(Setting { encryption, ..Setting::quiet(7) });
    hall.record = true;
    hall.start();
    for peer in 1..7 {
        hall.join(peer);
    }
    hall.run(1_500);
    let before = hall.member(0).epoch();
    hall.leave(2);
    hall.leave(5);
    hall.run(1_000);
    assert_eq!(hall.member(0).epoch(), before.map(|epoch| epoch + 1), "one commit for both");
    hall.all_hear_all(&[0, 1, 3, 4, 6]);
    hall.asked
}

#[test]
fn a_commit_that_removes_two_is_the_same_every_time_in_each_suite() {
    for mls in Encryption::MLS {
        let encryption = Encryption { mls, ..Encryption::DEFAULT };
        let first = two_leave(encryption);
        for _ in 0..12 {
            assert!(two_leave(encryption) == first, "suite {mls}");
        }
    }
}
