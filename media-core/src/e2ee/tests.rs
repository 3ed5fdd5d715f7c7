//! Tests of SFrame as a whole: against the RFC's vectors, against another implementation, and against an attacker, in
//! every cipher suite.

mod allocations;
mod counters;
mod differential;
mod refusals;
mod replay;
mod rfc9605;
mod senders;

use proptest::prelude::*;

use super::{BaseKey, CipherSuite, FrameMetadata, KeyId, KeySource, Opener, Sealer};
use crate::{
    drop_reason::DropReason,
    media::{Codec, MediaKind},
};

/// Its header has seven bytes before the counter.
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

/// Knows the keys of the senders it was given, and counts how often it was asked.
#[derive(Default)]
struct Keys {
    known: Vec<(KeyId, BaseKey)>,
    asked: usize,
}

impl Keys {
    fn of(sender: KeyId, base: &[u8]) -> Self {
        Self { known: vec![(sender, BaseKey::from_bytes(base).unwrap())], asked: 0 }
    }
}

impl KeySource for Keys {
    fn base_key(&mut self, sender: KeyId) -> Option<BaseKey> {
        self.asked += 1;
        self.known.iter().find(|(known, _)| *known == sender).map(|(_, base)| base.clone())
    }
}

/// One base key for everybody, as in an epoch of a group: frame keys differ by the key id (RFC 9605 section 5.2).
#[derive(Clone)]
struct Everybody(BaseKey);

impl Everybody {
    fn with(base: [u8; 32]) -> Self {
        Self(BaseKey::from_bytes(&base).unwrap())
    }
}

impl KeySource for Everybody {
    fn base_key(&mut self, _: KeyId) -> Option<BaseKey> {
        Some(self.0.clone())
    }
}

fn arb_suite() -> impl Strategy<Value = CipherSuite> {
    prop::sample::select(CipherSuite::ALL.to_vec())
}

fn base() -> BaseKey {
    BaseKey::from_bytes(&BASE).unwrap()
}

fn sealer(suite: CipherSuite) -> Sealer {
    Sealer::new(suite, SENDER, &base())
}

fn opener(suite: CipherSuite) -> Opener<Keys> {
    Opener::new(suite, Keys::of(SENDER, &BASE))
}

fn seal(sealer: &mut Sealer, plaintext: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    sealer.seal(plaintext, &METADATA.to_bytes(), &mut out).unwrap();
    out
}

/// Opens, and sees to it that a refusal leaves nothing behind and is counted.
fn open<K: KeySource>(opener: &mut Opener<K>, sealed: &[u8]) -> Result<Vec<u8>, DropReason> {
    open_with(opener, sealed, &METADATA.to_bytes())
}

fn open_with<K: KeySource>(
    opener: &mut Opener<K>,
    sealed: &[u8],
    metadata: &[u8],
) -> Result<Vec<u8>, DropReason> {
    let mut out = b"the frame before".to_vec();
    let before = opener.drops().clone();
    match opener.open(sealed, metadata, &mut out) {
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
