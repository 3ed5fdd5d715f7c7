//! That a frame opens once, for each sender on its own, and that what is not authentic moves no window.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Keys, SENDER, arb_suite, base, open, opener, seal, sealer};
use crate::{
    drop_reason::DropReason,
    e2ee::{BaseKey, CipherSuite, KeyId, Opener, Sealer},
    limits::{REPLAY_WINDOW, SEALED_FRAMES_MAX},
};

#[test]
fn a_frame_opens_once() {
    for suite in CipherSuite::ALL {
        let mut sealer = sealer(suite);
        let frames: Vec<_> = (0..5_u8).map(|n| seal(&mut sealer, &[n])).collect();
        let mut opener = opener(suite);
        for n in [2, 0, 4, 1, 3] {
            assert_eq!(open(&mut opener, &frames[n]).unwrap(), [n as u8]);
        }
        for frame in &frames {
            assert_eq!(open(&mut opener, frame), Err(DropReason::Replayed));
        }
    }
}

#[test]
fn a_frame_from_before_the_window_is_refused() {
    for suite in CipherSuite::ALL {
        let mut sealer = sealer(suite);
        let frames: Vec<_> = (0..REPLAY_WINDOW + 2).map(|_| seal(&mut sealer, b"frame")).collect();
        let mut opener = opener(suite);
        open(&mut opener, frames.last().unwrap()).unwrap();
        assert_eq!(open(&mut opener, &frames[0]), Err(DropReason::BeyondReplayWindow));
        assert!(open(&mut opener, &frames[1]).is_ok());
    }
}

#[test]
fn a_forged_counter_does_not_move_the_window() {
    for suite in CipherSuite::ALL {
        let mut opener = opener(suite);
        open(&mut opener, &seal(&mut sealer(suite), b"first")).unwrap();

        let mut far = Sealer::starting_at(suite, SENDER, &base(), SEALED_FRAMES_MAX - 1);
        let mut forged = seal(&mut far, b"far");
        *forged.last_mut().unwrap() ^= 1;
        assert_eq!(open(&mut opener, &forged), Err(DropReason::BadTag));

        let mut second = Sealer::starting_at(suite, SENDER, &base(), 1);
        assert_eq!(open(&mut opener, &seal(&mut second, b"second")).unwrap(), b"second");
    }
}

proptest! {
    /// Frames of three senders come in any order, many of them twice; sets of everything opened say what has to happen.
    #[test]
    fn each_sender_has_a_window_of_its_own(
        suite in arb_suite(),
        deliveries in prop::collection::vec((0..3_usize, prop_oneof![0..6_u64, 1_020..1_040_u64]), 1..80),
    ) {
        let senders: Vec<_> =
            (1..=3_u8).map(|n| (KeyId(u64::from(n) << 20), BaseKey::from_bytes(&[n; 16]).unwrap())).collect();
        let mut opener = Opener::new(suite, Keys { known: senders.clone(), asked: 0 });
        let mut opened = [const { BTreeSet::new() }; 3];
        for (at, counter) in deliveries {
            let (sender, base) = &senders[at];
            let sealed = seal(&mut Sealer::starting_at(suite, *sender, base, counter), b"frame");
            let newest = opened[at].last().copied().unwrap_or(0_u64);
            let expected = if newest.saturating_sub(counter) > REPLAY_WINDOW {
                Err(DropReason::BeyondReplayWindow)
            } else if opened[at].insert(counter) {
                Ok(b"frame".to_vec())
            } else {
                Err(DropReason::Replayed)
            };
            prop_assert_eq!(open(&mut opener, &sealed), expected);
        }
    }
}
