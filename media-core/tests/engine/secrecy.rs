//! Claims about who can decrypt what, made with real clients around the real directory.

mod hall;

use hall::{Hall, Noticed};

/// Everybody of `peers` hears everybody else of them.
fn all_hear_all(hall: &mut Hall, peers: &[u64]) {
    for from in peers {
        let frame = hall.seal(*from, b"hello").expect("who is in the group can seal");
        for to in peers.iter().filter(|to| *to != from) {
            assert_eq!(hall.open_frame(*to, *from, &frame), Ok(b"hello".to_vec()), "{from} to {to}");
        }
    }
}

fn epochs(hall: &Hall, peer: u64) -> usize {
    let noticed = &hall.clients[&media_core::PeerId(peer as _)].noticed;
    noticed.iter().filter(|(_, noticed)| matches!(noticed, Noticed::Epoch(_))).count()
}

#[test]
fn who_comes_and_stays_hears_everybody() {
    let mut hall = Hall::open(1);
    for peer in 1..6 {
        hall.join(peer);
        hall.run(1_000);
        all_hear_all(&mut hall, &(0..=peer).collect::<Vec<_>>());
        let code = hall.member(0).verification_code();
        for other in 1..=peer {
            assert_eq!(hall.member(other).verification_code(), code);
            assert!(hall.member(other).hidden().is_empty());
        }
    }
}

#[test]
fn who_leaves_hears_nothing_of_later_and_who_comes_nothing_of_before() {
    let mut hall = Hall::open(2);
    for peer in 1..4 {
        hall.join(peer);
    }
    hall.run(2_000);
    let before = hall.seal(0, b"before").unwrap();
    hall.ask(media_core::PeerId(3), media_core::signalling::Request::Leave);
    hall.run(1_000);
    let after = hall.seal(0, b"after").unwrap();
    assert_eq!(hall.open_frame(3, 0, &before), Ok(b"before".to_vec()));
    assert!(hall.open_frame(3, 0, &after).is_err());
    hall.join(4);
    hall.run(1_000);
    assert!(hall.open_frame(4, 0, &after).is_err());
    all_hear_all(&mut hall, &[0, 1, 2, 4]);
}

#[test]
fn fifty_who_come_within_a_second_make_a_few_epochs() {
    let mut hall = Hall::open(3);
    for peer in 1..50 {
        hall.join(peer);
        hall.run(20);
    }
    hall.run(3_000);
    all_hear_all(&mut hall, &(0..50).collect::<Vec<_>>());
    let made = epochs(&hall, 0);
    assert!((2..=6).contains(&made), "{made} epochs");
}

#[test]
fn a_committer_who_vanishes_is_replaced() {
    let mut hall = Hall::open(4);
    for peer in 1..4 {
        hall.join(peer);
    }
    hall.run(2_000);
    // Still on the roster, but mute.
    hall.clients.get_mut(&media_core::PeerId(0)).unwrap().membership = None;
    hall.join(5);
    hall.run(2_000);
    all_hear_all(&mut hall, &[1, 2, 3, 5]);
}

#[test]
fn many_who_leave_at_once_are_out_soon() {
    let mut hall = Hall::open(5);
    for peer in 1..12 {
        hall.join(peer);
    }
    hall.run(2_000);
    for peer in 4..12 {
        hall.leave(peer);
    }
    hall.run(1_500);
    assert_eq!(hall.member(0).members().len(), 4);
    all_hear_all(&mut hall, &[0, 1, 2, 3]);
}

#[test]
fn when_all_others_vanish_the_last_ones_found_anew() {
    let mut hall = Hall::open(6);
    hall.join(1);
    hall.run(1_000);
    hall.leave(0);
    hall.join(2);
    hall.run(20);
    hall.leave(1);
    hall.run(3_000);
    hall.join(3);
    hall.run(1_000);
    all_hear_all(&mut hall, &[2, 3]);
}
