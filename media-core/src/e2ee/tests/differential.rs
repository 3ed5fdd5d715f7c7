//! Our SFrame against crate `sframe`: the same inputs give the same bytes, and each opens the other's frames.

use proptest::prelude::*;
use sframe::{
    frame::{EncryptedFrameView, MediaFrameView, SingleUseCounter},
    key::{DecryptionKey, EncryptionKey},
};

use super::Keys;
use crate::{
    drop_reason::DropReason,
    e2ee::{BaseKey, CipherSuite, KeyId, Opened, Opener, Sealer},
    limits::SEALED_FRAMES_MAX,
};

#[derive(Clone, Debug)]
struct Frame {
    suite: CipherSuite,
    base: Vec<u8>,
    sender: u64,
    counter: u64,
    metadata: Vec<u8>,
    plaintext: Vec<u8>,
}

fn arb_frame(counter_max: u64) -> impl Strategy<Value = Frame> {
    (
        prop::sample::select(CipherSuite::ALL.to_vec()),
        prop::collection::vec(any::<u8>(), BaseKey::BYTES_MIN..=BaseKey::BYTES_MAX),
        (any::<u64>(), 0..64_u32).prop_map(|(number, shift)| number >> shift),
        (0..=counter_max, 0..64_u32).prop_map(|(number, shift)| number >> shift),
        prop::collection::vec(any::<u8>(), 0..40),
        prop_oneof![
            3 => prop::collection::vec(any::<u8>(), 0..200),
            1 => prop::collection::vec(any::<u8>(), 1_000..6_000),
        ],
    )
        .prop_map(|(suite, base, sender, counter, metadata, plaintext)| Frame {
            suite,
            base,
            sender,
            counter,
            metadata,
            plaintext,
        })
}

impl Frame {
    fn their_suite(&self) -> sframe::CipherSuite {
        match self.suite {
            CipherSuite::Aes128CtrHmacSha256_80 => sframe::CipherSuite::AesCtr128HmacSha256_80,
            CipherSuite::Aes128CtrHmacSha256_64 => sframe::CipherSuite::AesCtr128HmacSha256_64,
            CipherSuite::Aes128CtrHmacSha256_32 => sframe::CipherSuite::AesCtr128HmacSha256_32,
            CipherSuite::Aes128GcmSha256 => sframe::CipherSuite::AesGcm128Sha256,
            CipherSuite::Aes256GcmSha512 => sframe::CipherSuite::AesGcm256Sha512,
        }
    }

    /// Their frame without the metadata, which they write in front of it.
    fn sealed_by_them(&self) -> Vec<u8> {
        let key = EncryptionKey::derive_from(self.their_suite(), self.sender, &self.base).unwrap();
        let mut counter = SingleUseCounter::new(self.counter);
        let mut buffer = Vec::new();
        MediaFrameView::try_with_meta_data(&mut counter, &self.plaintext, &self.metadata)
            .unwrap()
            .encrypt_into(&key, &mut buffer)
            .unwrap();
        buffer.split_off(self.metadata.len())
    }

    fn sealed_by_us(&self) -> Vec<u8> {
        let base = BaseKey::from_bytes(&self.base).unwrap();
        let mut sealed = vec![0xEE; 3];
        Sealer::starting_at(self.suite, KeyId(self.sender), &base, self.counter)
            .seal(&self.plaintext, &self.metadata, &mut sealed)
            .unwrap();
        sealed
    }
}

proptest! {
    #[test]
    fn both_seal_the_same_bytes(frame in arb_frame(SEALED_FRAMES_MAX - 1)) {
        prop_assert_eq!(frame.sealed_by_us(), frame.sealed_by_them());
    }

    #[test]
    fn their_frames_open_here(frame in arb_frame(u64::MAX)) {
        let mut opener = Opener::new(frame.suite, Keys::of(KeyId(frame.sender), &frame.base));
        let mut plaintext = vec![0xEE; 3];
        let opened = opener.open(&frame.sealed_by_them(), &frame.metadata, &mut plaintext);
        prop_assert_eq!(opened, Ok(Opened { sender: KeyId(frame.sender), counter: frame.counter }));
        prop_assert_eq!(plaintext, frame.plaintext);
    }

    #[test]
    fn our_frames_open_there(frame in arb_frame(SEALED_FRAMES_MAX - 1)) {
        let key = DecryptionKey::derive_from(frame.their_suite(), frame.sender, &frame.base).unwrap();
        let sealed = frame.sealed_by_us();
        let theirs = EncryptedFrameView::try_with_meta_data(&sealed, &frame.metadata).unwrap();
        let opened = theirs.decrypt(&key).unwrap();
        prop_assert_eq!(opened.payload(), &frame.plaintext[..]);
        prop_assert_eq!(opened.counter(), frame.counter);
    }

    #[test]
    fn both_refuse_the_same_damaged_frames(
        frame in arb_frame(u64::MAX),
        place in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let mut sealed = frame.sealed_by_them();
        let place = place.index(sealed.len());
        sealed[place] ^= flip;

        let mut opener = Opener::new(frame.suite, Keys::of(KeyId(frame.sender), &frame.base));
        let ours = opener.open(&sealed, &frame.metadata, &mut Vec::new());
        prop_assert!(
            matches!(ours, Err(DropReason::BadTag | DropReason::NoKey | DropReason::Malformed)),
            "{:?}", ours
        );
        let key = DecryptionKey::derive_from(frame.their_suite(), frame.sender, &frame.base).unwrap();
        let theirs = EncryptedFrameView::try_with_meta_data(&sealed, &frame.metadata)
            .and_then(|view| view.decrypt(&key));
        prop_assert!(theirs.is_err());
    }
}
