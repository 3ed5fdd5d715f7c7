//! That a sealer uses no counter twice, and seals nothing beyond its limit.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{SENDER, arb_suite, base, open, opener, seal};
use crate::{
    e2ee::{CipherSuite, SealError, Sealer, header::Header},
    limits::{FRAME_BYTES_MAX, SEALED_FRAMES_MAX},
};

/// What somebody may ask of a sealer.
#[derive(Clone, Debug)]
enum Ask {
    Seal { plaintext: usize, metadata: usize },
    SealTooMuch { by: usize },
    Nothing,
}

fn arb_ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        6 => (0..400_usize, 0..40_usize).prop_map(|(plaintext, metadata)| Ask::Seal { plaintext, metadata }),
        1 => (0..100_usize).prop_map(|by| Ask::SealTooMuch { by }),
        1 => Just(Ask::Nothing),
    ]
}

/// What has to come of asking a sealer with so many frames left.
fn expected(ask: &Ask, left: u64) -> Result<(), SealError> {
    match (left, ask) {
        (0, _) => Err(SealError::CounterExhausted),
        (_, Ask::SealTooMuch { .. }) => Err(SealError::Oversized),
        _ => Ok(()),
    }
}

proptest! {
    #[test]
    fn no_counter_is_used_twice_and_nothing_is_sealed_beyond_the_limit(
        suite in arb_suite(),
        // The counters at the beginning, and those at the end of what one key may seal.
        (start, limit) in prop_oneof![
            (Just(0), 0..40_u64),
            (0..20_u64).prop_map(|left| (SEALED_FRAMES_MAX - left, SEALED_FRAMES_MAX)),
            (0..20_u64).prop_map(|left| (SEALED_FRAMES_MAX - left, u64::MAX)),
        ],
        asks in prop::collection::vec(arb_ask(), 1..80),
    ) {
        let bound = limit.min(SEALED_FRAMES_MAX);
        let fresh = Sealer::with_limit(suite, SENDER, &base(), limit);
        prop_assert_eq!(fresh.remaining(), bound);
        let mut sealer = fresh.with_counter(start);
        let mut used = BTreeSet::new();
        let mut out = Vec::new();
        let large = vec![0; FRAME_BYTES_MAX + 100];
        for ask in asks {
            let left = bound - start - used.len() as u64;
            prop_assert_eq!(sealer.remaining(), left);
            prop_assert_eq!(sealer.frames(), start + used.len() as u64);
            let (plaintext, metadata) = match ask {
                Ask::Seal { plaintext, metadata } => (plaintext, metadata),
                Ask::SealTooMuch { by } => (FRAME_BYTES_MAX + by, 0),
                Ask::Nothing => continue,
            };
            let sealed = sealer.seal(&large[..plaintext], &large[..metadata], &mut out);
            prop_assert_eq!(sealed, expected(&ask, left));
            if sealed.is_ok() {
                let (header, _) = Header::decode(&out).unwrap();
                prop_assert!(header.counter < bound, "{} is beyond {}", header.counter, bound);
                prop_assert!(used.insert(header.counter), "{} was used before", header.counter);
            } else {
                prop_assert!(out.is_empty());
            }
        }
    }
}

#[test]
fn an_exhausted_sealer_seals_nothing() {
    let too_much = vec![0; FRAME_BYTES_MAX + 1];
    for suite in CipherSuite::ALL {
        let mut sealer = Sealer::starting_at(suite, SENDER, &base(), SEALED_FRAMES_MAX - 1);
        assert_eq!(sealer.remaining(), 1);
        let last = seal(&mut sealer, b"last");
        assert_eq!(open(&mut opener(suite), &last).unwrap(), b"last");
        for plaintext in [&b"secret"[..], b"", &too_much[..]] {
            let mut out = b"old".to_vec();
            assert_eq!(sealer.seal(plaintext, &[], &mut out), Err(SealError::CounterExhausted));
            assert_eq!((out, sealer.remaining()), (Vec::new(), 0));
        }
    }
}

#[test]
fn a_sealer_without_a_limit_of_its_own_has_that_of_the_key() {
    assert_eq!(Sealer::new(CipherSuite::default(), SENDER, &base()).remaining(), SEALED_FRAMES_MAX);
}
