//! What a server, a stranger or a network can do to frames, and that nothing of it reaches the decoder.
#![expect(clippy::similar_names, reason = "sealer and sealed, opener and opened are what they are called")]

use proptest::prelude::*;

use super::Keys;
use crate::{
    drop_reason::DropReason,
    e2ee::{
        BaseKey, CipherSuite, ConferenceSecret, FrameMetadata, HEADER_BYTES_MAX, KeyId, KeySource, Opener,
        SealError, Sealer, SharedSecretKeys, TAG_BYTES_MAX,
    },
    limits,
    media::{Codec, MediaKind},
};

const SUITE: CipherSuite = CipherSuite::Aes128GcmSha256;
const SENDER: KeyId = KeyId(0x1234_5678_9ABC);
const BASE: [u8; 32] = [5; 32];
const METADATA: FrameMetadata = FrameMetadata {
    kind: MediaKind::Camera,
    codec: Codec::Vp8,
    spatial_layer: 1,
    temporal_layer: 2,
    key_frame: false,
    frame_number: 700,
};

fn sealer() -> Sealer {
    Sealer::new(SUITE, SENDER, &BaseKey::from_bytes(&BASE).unwrap())
}

fn opener() -> Opener<Keys> {
    Opener::new(SUITE, Keys::of(SENDER, &BASE))
}

fn seal(sealer: &mut Sealer, plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    sealer.seal(plaintext, &METADATA.to_bytes(), &mut sealed).unwrap();
    sealed
}

/// Opens, and sees to it that a refusal leaves nothing behind and is counted.
fn open<K: KeySource>(opener: &mut Opener<K>, sealed: &[u8]) -> Result<Vec<u8>, DropReason> {
    open_as(opener, sealed, METADATA)
}

fn open_as<K: KeySource>(
    opener: &mut Opener<K>,
    sealed: &[u8],
    metadata: FrameMetadata,
) -> Result<Vec<u8>, DropReason> {
    let mut out = b"the frame before".to_vec();
    let before = opener.drops().clone();
    match opener.open(sealed, &metadata.to_bytes(), &mut out) {
        Ok(_) => {
            assert_eq!(*opener.drops(), before);
            Ok(out)
        }
        Err(reason) => {
            assert_eq!(out, b"");
            assert_eq!(opener.drops().get(reason), before.get(reason) + 1);
            assert_eq!(opener.drops().total(), before.total() + 1);
            Err(reason)
        }
    }
}

#[test]
fn every_single_flipped_bit_is_refused() {
    for suite in CipherSuite::ALL {
        for length in [0, 1, 16, 61] {
            let base = BaseKey::from_bytes(&BASE).unwrap();
            let sealed = seal(&mut Sealer::starting_at(suite, SENDER, &base, 300), &vec![7; length]);
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
    let sealed = seal(&mut sealer(), b"frame");
    for bit in 0..FrameMetadata::BYTES * 8 {
        let mut metadata = METADATA.to_bytes();
        metadata[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(opener().open(&sealed, &metadata, &mut Vec::new()), Err(DropReason::BadTag));
    }
}

#[test]
fn a_relabelled_frame_is_refused() {
    let sealed = seal(&mut sealer(), b"frame");
    let lies = [
        FrameMetadata { kind: MediaKind::Screen, ..METADATA },
        FrameMetadata { codec: Codec::H264, ..METADATA },
        FrameMetadata { spatial_layer: 2, ..METADATA },
        FrameMetadata { temporal_layer: 0, ..METADATA },
        FrameMetadata { key_frame: true, ..METADATA },
        FrameMetadata { frame_number: 701, ..METADATA },
    ];
    let mut opener = opener();
    for lie in lies {
        assert_eq!(open_as(&mut opener, &sealed, lie), Err(DropReason::BadTag), "{lie:?}");
    }
    assert_eq!(open(&mut opener, &sealed).unwrap(), b"frame");
}

#[test]
fn a_frame_of_every_cut_length_is_refused() {
    let sealed = seal(&mut sealer(), b"a frame of some length");
    for length in 0..sealed.len() {
        let refused = open(&mut opener(), &sealed[..length]).unwrap_err();
        // Key id of six bytes, counter within the configuration byte.
        let expected = if length < 7 + TAG_BYTES_MAX { DropReason::Malformed } else { DropReason::BadTag };
        assert_eq!(refused, expected, "{length}");
    }
}

#[test]
fn a_frame_opens_once() {
    let mut sealer = sealer();
    let frames: Vec<_> = (0..5_u8).map(|n| seal(&mut sealer, &[n])).collect();
    let mut opener = opener();
    for n in [2, 0, 4, 1, 3] {
        assert_eq!(open(&mut opener, &frames[n]).unwrap(), [n as u8]);
    }
    for frame in &frames {
        assert_eq!(open(&mut opener, frame), Err(DropReason::Replayed));
    }
}

#[test]
fn a_frame_from_before_the_window_is_refused() {
    let mut sealer = sealer();
    let frames: Vec<_> = (0..limits::REPLAY_WINDOW_FRAMES + 2).map(|_| seal(&mut sealer, b"frame")).collect();
    let mut opener = opener();
    open(&mut opener, frames.last().unwrap()).unwrap();
    assert_eq!(open(&mut opener, &frames[0]), Err(DropReason::BeyondReplayWindow));
    assert!(open(&mut opener, &frames[1]).is_ok());
}

#[test]
fn a_forged_counter_does_not_move_the_window() {
    let base = BaseKey::from_bytes(&BASE).unwrap();
    let mut opener = opener();
    open(&mut opener, &seal(&mut sealer(), b"first")).unwrap();

    let mut far = Sealer::starting_at(SUITE, SENDER, &base, limits::SEALED_FRAMES_MAX - 1);
    let mut forged = seal(&mut far, b"far");
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(open(&mut opener, &forged), Err(DropReason::BadTag));

    let mut second = Sealer::starting_at(SUITE, SENDER, &base, 1);
    assert_eq!(open(&mut opener, &seal(&mut second, b"second")).unwrap(), b"second");
}

#[test]
fn nothing_opens_without_a_key() {
    let sealed = seal(&mut sealer(), b"frame");
    let mut opener = Opener::new(SUITE, Keys::default());
    assert_eq!(open(&mut opener, &sealed), Err(DropReason::NoKey));

    // The key may arrive later: nothing was remembered of the refusal.
    opener.keys_mut().known.push((SENDER, BaseKey::from_bytes(&BASE).unwrap()));
    assert_eq!(open(&mut opener, &sealed).unwrap(), b"frame");
}

#[test]
fn plaintext_does_not_pass_as_a_frame() {
    let mut opener = Opener::new(SUITE, SharedSecretKeys::new(ConferenceSecret::from_bytes([1; 32])));
    for first in 0..=255 {
        let mut plaintext = vec![first; 1_000];
        plaintext[1] = 1;
        assert!(open(&mut opener, &plaintext).is_err());
    }
    assert_eq!(opener.active_senders(), 0);
}

#[test]
fn the_other_suite_does_not_open_a_frame() {
    let sealed = seal(&mut sealer(), b"frame");
    let mut opener = Opener::new(CipherSuite::Aes256GcmSha512, Keys::of(SENDER, &BASE));
    assert_eq!(open(&mut opener, &sealed), Err(DropReason::BadTag));
}

#[test]
fn another_conferences_secret_opens_nothing() {
    let ours = SharedSecretKeys::new(ConferenceSecret::from_bytes([1; 32]));
    let sealed = seal(&mut Sealer::new(SUITE, SENDER, &ours.derive(SENDER)), b"frame");
    let theirs = SharedSecretKeys::new(ConferenceSecret::from_bytes([2; 32]));
    assert_eq!(open(&mut Opener::new(SUITE, theirs), &sealed), Err(DropReason::BadTag));
    assert_eq!(open(&mut Opener::new(SUITE, ours), &sealed).unwrap(), b"frame");
}

#[test]
fn an_oversized_frame_is_neither_sealed_nor_opened() {
    let mut sealer = sealer();
    let longest = limits::FRAME_BYTES_MAX - HEADER_BYTES_MAX - TAG_BYTES_MAX;
    let mut sealed = vec![1; 9];
    assert_eq!(sealer.seal(&vec![0; longest + 1], &[], &mut sealed), Err(SealError::Oversized));
    assert_eq!(sealed, b"");

    let largest = seal(&mut sealer, &vec![3; longest]);
    assert_eq!(open(&mut opener(), &largest).unwrap(), vec![3; longest]);
    assert_eq!(open(&mut opener(), &vec![0; limits::FRAME_BYTES_MAX + 1]), Err(DropReason::Oversized));
}

#[test]
fn an_exhausted_sealer_seals_nothing() {
    let base = BaseKey::from_bytes(&BASE).unwrap();
    let mut sealer = Sealer::starting_at(SUITE, SENDER, &base, limits::SEALED_FRAMES_MAX - 1);
    let last = seal(&mut sealer, b"last");
    assert_eq!(open(&mut opener(), &last).unwrap(), b"last");
    for _ in 0..3 {
        let mut out = b"old".to_vec();
        assert_eq!(sealer.seal(b"secret", &[], &mut out), Err(SealError::CounterExhausted));
        assert_eq!(out, b"");
    }
}

#[test]
fn a_retired_sender_is_never_heard_again() {
    let mut sealer = sealer();
    let mut opener = opener();
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
    let mut opener = opener();
    opener.retire(SENDER);
    assert_eq!(open(&mut opener, &seal(&mut sealer(), b"frame")), Err(DropReason::NoKey));
}

#[test]
fn the_table_of_senders_is_bounded_and_only_the_authentic_fill_it() {
    let keys = SharedSecretKeys::new(ConferenceSecret::from_bytes([1; 32]));
    let mut opener = Opener::new(SUITE, keys.clone());
    let frame_of =
        |sender: u64| seal(&mut Sealer::new(SUITE, KeyId(sender), &keys.derive(KeyId(sender))), b"frame");
    let places = limits::SENDER_KEYS_MAX as u64;
    for stranger in 0..places {
        let mut forged = frame_of(stranger);
        forged[12] ^= 1;
        assert!(open(&mut opener, &forged).is_err());
    }
    assert_eq!(opener.active_senders(), 0);
    for sender in 0..places {
        open(&mut opener, &frame_of(sender)).unwrap();
    }
    assert_eq!(open(&mut opener, &frame_of(places)), Err(DropReason::NoKey));
    assert_eq!(opener.active_senders(), limits::SENDER_KEYS_MAX);
    opener.retire(KeyId(7));
    assert!(open(&mut opener, &frame_of(places)).is_ok());
}

#[test]
fn senders_beyond_those_that_can_be_remembered_are_not_heard() {
    let mut opener = opener();
    for sender in 0..=limits::KNOWN_SENDERS_MAX as u64 {
        opener.retire(KeyId(sender));
    }
    assert_eq!(open(&mut opener, &seal(&mut sealer(), b"frame")), Err(DropReason::NoKey));
    assert_eq!(opener.keys_mut().asked, 0);
}

#[test]
fn a_known_senders_key_is_derived_once_and_buffers_are_kept() {
    let (mut sealer, mut opener) = (sealer(), opener());
    let (mut sealed, mut opened) = (Vec::new(), Vec::new());
    sealer.seal(&[1; 2_000], &[2; 7], &mut sealed).unwrap();
    opener.open(&sealed, &[2; 7], &mut opened).unwrap();
    let buffers = |sealed: &Vec<u8>, opened: &Vec<u8>| {
        [(sealed.as_ptr(), sealed.capacity()), (opened.as_ptr(), opened.capacity())]
    };
    let before = buffers(&sealed, &opened);
    for length in (0..2_000).step_by(17) {
        sealer.seal(&vec![1; length], &[2; 7], &mut sealed).unwrap();
        opener.open(&sealed, &[2; 7], &mut opened).unwrap();
        assert_eq!(opened, vec![1; length]);
    }
    assert_eq!(buffers(&sealed, &opened), before);
    assert_eq!(opener.keys_mut().asked, 1);
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        frames in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..600), prop::collection::vec(any::<u8>(), 0..30)),
            1..20,
        ),
        secret in any::<[u8; 32]>(),
        sender in any::<u64>(),
    ) {
        let keys = SharedSecretKeys::new(ConferenceSecret::from_bytes(secret));
        let mut sealer = Sealer::new(SUITE, KeyId(sender), &keys.derive(KeyId(sender)));
        let mut opener = Opener::new(SUITE, keys);
        let (mut sealed, mut out) = (Vec::new(), Vec::new());
        for (counter, (plaintext, metadata)) in frames.iter().enumerate() {
            sealer.seal(plaintext, metadata, &mut sealed).unwrap();
            let opened = opener.open(&sealed, metadata, &mut out).unwrap();
            prop_assert_eq!((opened.sender, opened.counter), (KeyId(sender), counter as u64));
            prop_assert_eq!(&out, plaintext);
        }
    }

    #[test]
    fn arbitrary_bytes_never_open(sealed in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut opener = Opener::new(SUITE, SharedSecretKeys::new(ConferenceSecret::from_bytes([1; 32])));
        prop_assert!(open(&mut opener, &sealed).is_err());
    }
}
