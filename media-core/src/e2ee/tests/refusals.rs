//! What a server, a stranger or a network can make of frames, and that nothing of it reaches the decoder: each is
//! refused under its name and counted, whatever the suite.
#![expect(clippy::similar_names, reason = "sealer and sealed, opener and opened are what they are called")]

use proptest::prelude::*;

use super::{
    BASE, Everybody, Keys, METADATA, SENDER, arb_suite, base, open, open_with, opener, seal, sealer,
};
use crate::{
    drop_reason::DropReason,
    e2ee::{
        BaseKey, CipherSuite, FrameMetadata, HEADER_BYTES_MAX, KeyId, Opener, SealError, Sealer,
        TAG_BYTES_MAX, header::Header,
    },
    limits,
    media::{Codec, MediaKind},
};

/// A second sender whose key the opener has.
const OTHER: KeyId = KeyId(0xAB);

/// A frame of [`SENDER`] in its parts.
#[derive(Clone, Debug)]
struct Parts {
    header: Vec<u8>,
    ciphertext: Vec<u8>,
    tag: Vec<u8>,
}

impl Parts {
    fn of(suite: CipherSuite, counter: u64, plaintext: &[u8], metadata: &[u8]) -> Self {
        let mut sealed = Vec::new();
        Sealer::starting_at(suite, SENDER, &base(), counter).seal(plaintext, metadata, &mut sealed).unwrap();
        let tag = sealed.split_off(sealed.len() - suite.tag_bytes());
        let ciphertext = sealed.split_off(sealed.len() - plaintext.len());
        Self { header: sealed, ciphertext, tag }
    }

    fn join(&self) -> Vec<u8> {
        [&self.header[..], &self.ciphertext, &self.tag].concat()
    }
}

/// Has the keys of both senders.
fn opener_of_two(suite: CipherSuite) -> Opener<Keys> {
    let other = BaseKey::from_bytes(&[6; 32]).unwrap();
    Opener::new(suite, Keys { known: vec![(SENDER, base()), (OTHER, other)], asked: 0 })
}

/// Sees the forgery refused, by somebody who has heard nobody and by somebody who has heard the sender, and that the true
/// frame opens for both afterwards.
fn refused(suite: CipherSuite, forged: &[u8], metadata: &[u8], truth: (&[u8], &[u8])) -> DropReason {
    let mut stranger = opener_of_two(suite);
    let mut listener = opener_of_two(suite);
    let first = Parts::of(suite, 0, b"first", b"").join();
    open_with(&mut listener, &first, b"").unwrap();

    let reason = open_with(&mut stranger, forged, metadata).unwrap_err();
    assert_eq!(open_with(&mut listener, forged, metadata), Err(reason));
    assert_eq!(stranger.active_senders(), 0, "what is not authentic is not remembered");
    for opener in [&mut stranger, &mut listener] {
        assert!(open_with(opener, truth.0, truth.1).is_ok(), "the true frame still opens");
    }
    reason
}

fn arb_bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..=most)
}

proptest! {
    #[test]
    fn a_truncated_frame_is_refused(
        suite in arb_suite(),
        counter in 1..100_000_u64,
        plaintext in arb_bytes(300),
        metadata in arb_bytes(40),
        place in any::<prop::sample::Index>(),
    ) {
        let parts = Parts::of(suite, counter, &plaintext, &metadata);
        let sealed = parts.join();
        let length = place.index(sealed.len());
        let reason = refused(suite, &sealed[..length], &metadata, (&sealed, &metadata));
        let shortest = parts.header.len() + suite.tag_bytes();
        prop_assert_eq!(reason, if length < shortest { DropReason::Malformed } else { DropReason::BadTag });
    }

    #[test]
    fn an_extended_frame_is_refused(
        suite in arb_suite(),
        counter in 1..100_000_u64,
        plaintext in arb_bytes(300),
        more in arb_bytes(39),
        last in any::<u8>(),
        place in any::<prop::sample::Index>(),
    ) {
        let parts = Parts::of(suite, counter, &plaintext, b"metadata");
        let sealed = parts.join();
        let more = [&more[..], &[last]].concat();
        let place = parts.header.len() + place.index(sealed.len() - parts.header.len() + 1);
        let forged = [&sealed[..place], &more, &sealed[place..]].concat();
        let reason = refused(suite, &forged, b"metadata", (&sealed, b"metadata"));
        prop_assert_eq!(reason, DropReason::BadTag);
    }

    #[test]
    fn a_frame_spliced_from_two_is_refused(
        suite in arb_suite(),
        one in (1..1_000_u64, arb_bytes(300)),
        two in (1_000..100_000_u64, arb_bytes(300)),
        part in 1..7_u8,
        places in any::<[prop::sample::Index; 2]>(),
    ) {
        let (a, b) = (Parts::of(suite, one.0, &one.1, b""), Parts::of(suite, two.0, &two.1, b""));
        let pick = |bit: u8| if part & bit == 0 { &a } else { &b };
        let forged = [&pick(1).header[..], &pick(2).ciphertext, &pick(4).tag].concat();
        let (a, b) = (a.join(), b.join());
        // Two frames without content differ in headers and tags only.
        if forged != a && forged != b {
            prop_assert_eq!(refused(suite, &forged, b"", (&a, b"")), DropReason::BadTag);
        }

        let [cut, rest] = places;
        let forged = [&a[..cut.index(a.len())], &b[rest.index(b.len())..]].concat();
        if forged != a && forged != b {
            let reason = refused(suite, &forged, b"", (&b, b""));
            let expected = [DropReason::BadTag, DropReason::NoKey, DropReason::Malformed];
            prop_assert!(expected.contains(&reason), "{:?}", reason);
        }
    }

    #[test]
    fn a_frame_under_another_header_is_refused(
        suite in arb_suite(),
        counter in 1..1_000_u64,
        lie in 1_000..u64::MAX,
        stranger in 0x100..u64::MAX,
        plaintext in arb_bytes(300),
    ) {
        prop_assume!(stranger != SENDER.0);
        let parts = Parts::of(suite, counter, &plaintext, b"");
        let sealed = parts.join();
        let relabelled = |sender, counter| {
            let header = Header { sender, counter }.encode().as_bytes().to_vec();
            Parts { header, ..parts.clone() }.join()
        };
        for (sender, counter, expected) in [
            (SENDER, lie, DropReason::BadTag),
            (OTHER, counter, DropReason::BadTag),
            (OTHER, lie, DropReason::BadTag),
            (KeyId(stranger), counter, DropReason::NoKey),
        ] {
            let reason = refused(suite, &relabelled(sender, counter), b"", (&sealed, b""));
            prop_assert_eq!(reason, expected);
        }
    }

    #[test]
    fn a_frame_with_other_metadata_is_refused(
        suite in arb_suite(),
        plaintext in arb_bytes(300),
        metadata in arb_bytes(40),
        lie in arb_bytes(40),
    ) {
        prop_assume!(metadata != lie);
        let sealed = Parts::of(suite, 5, &plaintext, &metadata).join();
        prop_assert_eq!(refused(suite, &sealed, &lie, (&sealed, &metadata)), DropReason::BadTag);
    }

    #[test]
    fn bytes_that_change_sides_between_metadata_and_content_are_noticed(
        suite in arb_suite(),
        plaintext in arb_bytes(100),
        metadata in prop::collection::vec(any::<u8>(), 1..40),
        place in any::<prop::sample::Index>(),
    ) {
        let parts = Parts::of(suite, 5, &plaintext, &metadata);
        let sealed = parts.join();
        let (kept, moved) = metadata.split_at(place.index(metadata.len()));
        let forged = Parts { ciphertext: [moved, &parts.ciphertext].concat(), ..parts.clone() }.join();
        prop_assert_eq!(refused(suite, &forged, kept, (&sealed, &metadata)), DropReason::BadTag);

        let (moved, kept) = parts.ciphertext.split_at(place.index(plaintext.len() + 1));
        if !moved.is_empty() {
            let longer = [&metadata[..], moved].concat();
            let forged = Parts { ciphertext: kept.to_vec(), ..parts.clone() }.join();
            prop_assert_eq!(refused(suite, &forged, &longer, (&sealed, &metadata)), DropReason::BadTag);
        }
    }

    #[test]
    fn what_is_sealed_opens(
        suite in arb_suite(),
        frames in prop::collection::vec((arb_bytes(600), arb_bytes(30)), 1..20),
        secret in any::<[u8; 32]>(),
        sender in any::<u64>(),
    ) {
        let keys = Everybody::with(secret);
        let mut sealer = Sealer::new(suite, KeyId(sender), &keys.0);
        let mut opener = Opener::new(suite, keys);
        let (mut sealed, mut out) = (Vec::new(), Vec::new());
        for (counter, (plaintext, metadata)) in frames.iter().enumerate() {
            sealer.seal(plaintext, metadata, &mut sealed).unwrap();
            let opened = opener.open(&sealed, metadata, &mut out).unwrap();
            prop_assert_eq!((opened.sender, opened.counter), (KeyId(sender), counter as u64));
            prop_assert_eq!(&out, plaintext);
        }
    }

    #[test]
    fn arbitrary_bytes_never_open(suite in arb_suite(), sealed in arb_bytes(200)) {
        let mut opener = Opener::new(suite, Everybody::with([1; 32]));
        prop_assert!(open(&mut opener, &sealed).is_err());
    }
}

#[test]
fn every_single_flipped_bit_is_refused() {
    for suite in CipherSuite::ALL {
        for length in [0, 1, 16, 61] {
            let sealed = seal(&mut Sealer::starting_at(suite, SENDER, &base(), 300), &vec![7; length]);
            for bit in 0..sealed.len() * 8 {
                let mut damaged = sealed.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                let mut opener = Opener::new(suite, Keys::of(SENDER, &BASE));
                let refused = open(&mut opener, &damaged).unwrap_err();
                assert!(
                    matches!(refused, DropReason::BadTag | DropReason::NoKey | DropReason::Malformed),
                    "bit {bit}: {refused:?}"
                );
                assert_eq!(opener.active_senders(), 0);
                assert!(open(&mut opener, &sealed).is_ok(), "the true frame still opens");
            }
        }
    }
}

#[test]
fn every_flipped_bit_of_the_metadata_is_refused() {
    for suite in CipherSuite::ALL {
        let sealed = seal(&mut sealer(suite), b"frame");
        for bit in 0..FrameMetadata::BYTES * 8 {
            let mut metadata = METADATA.to_bytes();
            metadata[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open_with(&mut opener(suite), &sealed, &metadata), Err(DropReason::BadTag));
        }
    }
}

#[test]
fn a_relabelled_frame_is_refused() {
    let lies = [
        FrameMetadata { kind: MediaKind::Screen, ..METADATA },
        FrameMetadata { codec: Codec::H264, ..METADATA },
        FrameMetadata { spatial_layer: 2, ..METADATA },
        FrameMetadata { temporal_layer: 0, ..METADATA },
        FrameMetadata { key_frame: true, ..METADATA },
        FrameMetadata { frame_number: 701, ..METADATA },
    ];
    for suite in CipherSuite::ALL {
        let sealed = seal(&mut sealer(suite), b"frame");
        let mut opener = opener(suite);
        for lie in lies {
            assert_eq!(open_with(&mut opener, &sealed, &lie.to_bytes()), Err(DropReason::BadTag), "{lie:?}");
        }
        assert_eq!(open(&mut opener, &sealed).unwrap(), b"frame");
    }
}

#[test]
fn plaintext_does_not_pass_as_a_frame() {
    for suite in CipherSuite::ALL {
        let mut opener = Opener::new(suite, Everybody::with([1; 32]));
        for first in 0..=255 {
            let mut plaintext = vec![first; 1_000];
            plaintext[1] = 1;
            assert!(open(&mut opener, &plaintext).is_err());
        }
        assert_eq!(opener.active_senders(), 0);
    }
}

#[test]
fn no_other_suite_opens_a_frame_not_even_with_the_tag_cut_to_its_length() {
    for suite in CipherSuite::ALL {
        let sealed = seal(&mut sealer(suite), b"a frame longer than a tag");
        for other in CipherSuite::ALL.into_iter().filter(|other| *other != suite) {
            let cut = suite.tag_bytes().saturating_sub(other.tag_bytes());
            for forged in [&sealed[..], &sealed[..sealed.len() - cut]] {
                assert_eq!(
                    open(&mut opener(other), forged),
                    Err(DropReason::BadTag),
                    "{suite:?} as {other:?}"
                );
            }
        }
    }
}

#[test]
fn another_conferences_secret_opens_nothing() {
    for suite in CipherSuite::ALL {
        let ours = Everybody::with([1; 32]);
        let sealed = seal(&mut Sealer::new(suite, SENDER, &ours.0), b"frame");
        let theirs = Everybody::with([2; 32]);
        assert_eq!(open(&mut Opener::new(suite, theirs), &sealed), Err(DropReason::BadTag));
        assert_eq!(open(&mut Opener::new(suite, ours), &sealed).unwrap(), b"frame");
    }
}

#[test]
fn an_oversized_frame_is_neither_sealed_nor_opened() {
    let longest = limits::FRAME_BYTES_MAX - HEADER_BYTES_MAX - TAG_BYTES_MAX;
    for suite in CipherSuite::ALL {
        let mut sealer = sealer(suite);
        let mut sealed = vec![1; 9];
        assert_eq!(sealer.seal(&vec![0; longest + 1], &[], &mut sealed), Err(SealError::Oversized));
        assert_eq!(sealed, b"");

        let largest = seal(&mut sealer, &vec![3; longest]);
        assert_eq!(open(&mut opener(suite), &largest).unwrap(), vec![3; longest]);
        let longer = vec![0; limits::FRAME_BYTES_MAX + 1];
        assert_eq!(open(&mut opener(suite), &longer), Err(DropReason::Oversized));
    }
}
