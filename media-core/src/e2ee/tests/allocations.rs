//! That sealing and opening take no memory per frame once the buffers are as large as the frames, in every suite. What
//! is counted is what Rust allocates; the library in C works in the contexts that it is given.
#![expect(clippy::similar_names, reason = "sealer and sealed, opener and opened are what they are called")]

use allocation_counter::measure;

use super::{METADATA, opener, sealer};
use crate::{drop_reason::DropReason, e2ee::CipherSuite};

/// An audio frame, a packet, and video frames; the largest first, so that the first round warms every buffer.
const SIZES: [usize; 4] = [50_000, 10_000, 1_100, 160];

#[test]
fn sealing_allocates_nothing_once_warm() {
    for suite in CipherSuite::ALL {
        let (mut sealer, plaintext, mut out) = (sealer(suite), vec![7; SIZES[0]], Vec::new());
        let mut round = || {
            SIZES.map(|size| {
                sealer.seal(&plaintext[..size], &METADATA.to_bytes(), &mut out).map(|()| out.len())
            })
        };
        let cold = measure(|| assert!(round().iter().all(Result::is_ok)));
        assert!(cold.count_total > 0, "the counter counts");
        // Counters of one and of two bytes are reached on the way.
        let warm = measure(|| {
            for _ in 0..200 {
                assert!(round().iter().all(Result::is_ok));
            }
        });
        assert_eq!(warm.count_total, 0, "{suite:?}: {warm:?}");
    }
}

#[test]
fn opening_and_refusing_allocate_nothing_once_warm() {
    for suite in CipherSuite::ALL {
        let mut sealer = sealer(suite);
        let mut frames = Vec::new();
        for size in SIZES.iter().cycle().take(400) {
            let mut sealed = Vec::new();
            sealer.seal(&vec![7; *size], &METADATA.to_bytes(), &mut sealed).unwrap();
            frames.push(sealed);
        }
        let (mut opener, mut out) = (opener(suite), Vec::new());
        let metadata = METADATA.to_bytes();
        let cold = measure(|| {
            assert!(opener.open(&frames[0], &metadata, &mut out).is_ok());
            assert_eq!(opener.open(&frames[0], &metadata, &mut out), Err(DropReason::Replayed));
        });
        assert!(cold.count_total > 0, "the counter counts");
        let warm = measure(|| {
            for frame in &frames[1..] {
                assert_eq!(opener.open(frame, &[], &mut out), Err(DropReason::BadTag));
                assert!(opener.open(frame, &metadata, &mut out).is_ok());
                assert_eq!(opener.open(frame, &metadata, &mut out), Err(DropReason::Replayed));
            }
        });
        assert_eq!(warm.count_total, 0, "{suite:?}: {warm:?}");
    }
}
