//! Whose frames are heard: keys that are there, stays that ended, and how many senders are kept and remembered.

use super::{Everybody, Keys, SENDER, base, open, opener, seal, sealer};
use crate::{
    drop_reason::DropReason,
    e2ee::{CipherSuite, KeyId, Opener, Sealer},
    limits::{KNOWN_SENDERS_MAX, SENDER_KEYS_MAX},
};

const SUITE: CipherSuite = CipherSuite::Aes128GcmSha256;

fn shared_keys() -> Everybody {
    Everybody::with([1; 32])
}

/// The first frame of one sender.
fn frame_of(keys: &Everybody, sender: u64) -> Vec<u8> {
    seal(&mut Sealer::new(SUITE, KeyId(sender), &keys.0), b"frame")
}

#[test]
fn nothing_opens_without_a_key() {
    for suite in CipherSuite::ALL {
        let sealed = seal(&mut sealer(suite), b"frame");
        let mut opener = Opener::new(suite, Keys::default());
        assert_eq!(open(&mut opener, &sealed), Err(DropReason::NoKey));

        // The key may arrive later: nothing was remembered of the refusal.
        opener.keys_mut().known.push((SENDER, base()));
        assert_eq!(open(&mut opener, &sealed).unwrap(), b"frame");
    }
}

#[test]
fn a_known_senders_key_is_asked_for_once() {
    let (mut sealer, mut opener) = (sealer(SUITE), opener(SUITE));
    for length in 0..50 {
        assert_eq!(open(&mut opener, &seal(&mut sealer, &vec![1; length])).unwrap(), vec![1; length]);
    }
    assert_eq!(opener.keys_mut().asked, 1);
}

#[test]
fn a_retired_sender_is_never_heard_again() {
    let mut sealer = sealer(SUITE);
    let mut opener = opener(SUITE);
    open(&mut opener, &seal(&mut sealer, b"frame")).unwrap();
    assert_eq!(opener.active_senders(), 1);
    opener.retire(SENDER);
    assert_eq!(opener.active_senders(), 0);
    assert_eq!(open(&mut opener, &seal(&mut sealer, b"frame")), Err(DropReason::NoKey));
    opener.retire(SENDER);
    assert_eq!(opener.active_senders(), 0);
}

#[test]
fn ones_own_voice_cannot_be_played_back() {
    let mut opener = opener(SUITE);
    opener.retire(SENDER);
    assert_eq!(open(&mut opener, &seal(&mut sealer(SUITE), b"frame")), Err(DropReason::NoKey));
}

#[test]
fn the_table_of_senders_is_bounded_and_only_the_authentic_fill_it() {
    let keys = shared_keys();
    let mut opener = Opener::new(SUITE, keys.clone());
    let places = SENDER_KEYS_MAX as u64;
    for stranger in 0..places {
        let mut forged = frame_of(&keys, stranger);
        forged[12] ^= 1;
        assert!(open(&mut opener, &forged).is_err());
    }
    assert_eq!(opener.active_senders(), 0);
    for sender in 0..places {
        open(&mut opener, &frame_of(&keys, sender)).unwrap();
    }
    assert_eq!(open(&mut opener, &frame_of(&keys, places)), Err(DropReason::NoKey));
    assert_eq!(opener.active_senders(), SENDER_KEYS_MAX);
    opener.retire(KeyId(7));
    assert!(open(&mut opener, &frame_of(&keys, places)).is_ok());
}

#[test]
fn senders_beyond_those_that_can_be_remembered_are_not_heard() {
    let mut opener = opener(SUITE);
    for sender in 0..=KNOWN_SENDERS_MAX as u64 {
        opener.retire(KeyId(sender));
    }
    assert_eq!(opener.remembered_senders(), KNOWN_SENDERS_MAX);
    assert_eq!(open(&mut opener, &seal(&mut sealer(SUITE), b"frame")), Err(DropReason::NoKey));
}

/// Three members and key ids whose low byte is the epoch: more ids than can be remembered come and go.
#[test]
fn epochs_that_are_forgotten_leave_room_for_those_that_come() {
    let keys = shared_keys();
    let mut opener = Opener::new(SUITE, keys.clone());
    let epochs = KNOWN_SENDERS_MAX as u64 / 3 + 10;
    for epoch in 0..epochs {
        for member in 0..3 {
            // Opening each would take seconds; a retired id takes as much room as one that is heard.
            opener.retire(KeyId(epoch << 8 | member));
        }
        let forgotten = opener.forget(|sender| sender.0 >> 8 < epoch);
        assert_eq!(forgotten, if epoch == 0 { 0 } else { 3 });
        assert_eq!(opener.remembered_senders(), 3);
    }
    open(&mut opener, &frame_of(&keys, epochs << 8)).unwrap();
}

#[test]
fn a_forgotten_sender_takes_its_key_along_and_its_neighbour_stays() {
    let (one, two) = (KeyId(1), KeyId(2));
    let mut opener = Opener::new(SUITE, Keys { known: vec![(one, base()), (two, base())], asked: 0 });
    let mut sealers = [one, two].map(|sender| Sealer::new(SUITE, sender, &base()));
    let neighbours = seal(&mut sealers[1], b"frame");
    open(&mut opener, &seal(&mut sealers[0], b"frame")).unwrap();
    open(&mut opener, &neighbours).unwrap();

    opener.keys_mut().known.remove(0);
    assert_eq!(opener.forget(|sender| sender == one), 1);
    assert_eq!((opener.active_senders(), opener.remembered_senders()), (1, 1));
    assert_eq!(open(&mut opener, &seal(&mut sealers[0], b"frame")), Err(DropReason::NoKey));
    assert_eq!(open(&mut opener, &neighbours), Err(DropReason::Replayed));
    assert!(open(&mut opener, &seal(&mut sealers[1], b"frame")).is_ok());
}
