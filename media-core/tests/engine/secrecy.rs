//! Claims about who can decrypt what, made with real clients around the real directory.

mod census;
mod churn;
mod faults;
mod hall;
mod history;
mod leaks;
mod lies;
mod model;
mod noise;
mod repeat;

use hall::{Hall, Noticed, Setting};
use media_core::PeerId;

fn epochs(hall: &Hall, peer: u32) -> usize {
    let noticed = &hall.clients[&PeerId(peer)].noticed;
    noticed.iter().filter(|(_, noticed)| matches!(noticed, Noticed::Epoch(_))).count()
}

/// A hall with a conference of so many.
fn hall_of(people: u32, seed: u64) -> Hall {
    let mut hall = Hall::open(Setting::quiet(seed));
    for peer in 1..people {
        hall.join(peer);
    }
    hall.run(2_000);
    hall
}

#[test]
fn who_comes_and_stays_hears_everybody() {
    let mut hall = hall_of(1, 1);
    for peer in 1..6 {
        hall.join(peer);
        hall.run(1_000);
        hall.all_hear_all(&(0..=peer).collect::<Vec<_>>());
        let code = hall.member(0).verification_code();
        for other in 1..=peer {
            assert_eq!(hall.member(other).verification_code(), code);
            assert!(hall.member(other).hidden().is_empty());
        }
    }
}

#[test]
fn who_leaves_hears_nothing_of_later_and_who_comes_nothing_of_before() {
    let mut hall = hall_of(4, 2);
    let host = hall.participant(0);
    let before = hall.seal(0).expect("sealed");
    hall.leave(3);
    hall.run(1_000);
    let after = hall.seal(0).expect("sealed");
    assert!(hall.open_frame(3, host, &before).is_ok());
    assert!(hall.open_frame(3, host, &after).is_err());
    hall.join(4);
    hall.run(1_000);
    assert!(hall.open_frame(4, host, &after).is_err());
    hall.all_hear_all(&[0, 1, 2, 4]);
}

#[test]
fn fifty_who_come_within_a_second_make_a_few_epochs() {
    let mut hall = hall_of(1, 3);
    for peer in 1..50 {
        hall.join(peer);
        hall.run(20);
    }
    hall.run(3_000);
    hall.all_hear_all(&(0..50).collect::<Vec<_>>());
    let made = epochs(&hall, 0);
    assert!((2..=6).contains(&made), "{made} epochs");
}

#[test]
fn a_committer_who_vanishes_is_replaced() {
    let mut hall = hall_of(4, 4);
    hall.vanish(0, 10_000);
    hall.join(5);
    hall.run(2_000);
    let frame = hall.seal(5).expect("sealed");
    let from = hall.participant(5);
    for to in [1, 2, 3] {
        assert!(hall.open_frame(to, from, &frame).is_ok());
    }
}

#[test]
fn many_who_leave_at_once_are_out_soon() {
    let mut hall = hall_of(12, 5);
    for peer in 4..12 {
        hall.leave(peer);
    }
    hall.run(1_500);
    hall.all_hear_all(&[0, 1, 2, 3]);
}

#[test]
fn when_all_others_vanish_the_last_ones_found_anew() {
    let mut hall = hall_of(2, 6);
    hall.leave(0);
    hall.join(2);
    hall.run(20);
    hall.leave(1);
    hall.run(3_000);
    hall.join(3);
    hall.run(1_000);
    hall.all_hear_all(&[2, 3]);
}
