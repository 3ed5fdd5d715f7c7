//! What sealing and opening a frame costs: the engine's SFrame beside its floor (AES-128-GCM of the same bytes with a
//! key that is set up once, no copy) and a peer (crate `sframe`). Only ratios within one run mean anything.
#![expect(clippy::similar_names, reason = "sealer and sealed, opener and opened are what they are called")]

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use media_core::e2ee::{BaseKey, CipherSuite, KeyId, KeySource, Opener, Sealer, TAG_BYTES_MAX};
use sframe::{
    frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter},
    key::{DecryptionKey, EncryptionKey},
};

/// An Opus frame with its packet, a full packet, a large video frame.
const SIZES: [usize; 3] = [160, 1_100, 10_000];
const BASE: [u8; 32] = [7; 32];
const SUITE: CipherSuite = CipherSuite::Aes128GcmSha256;
const SENDER: KeyId = KeyId(0x1234_5678_9ABC);
const METADATA: [u8; 7] = [1, 96, 0, 0, 0, 2, 188];
/// Header of a six-byte key id and a three-byte counter, with the metadata.
const AAD: [u8; 17] = [9; 17];
/// Frames that are sealed, untimed, before as many are opened: at 10 kB they fit into a second-level cache.
const BATCH: BatchSize = BatchSize::NumIterations(64);

/// One sender with a key that the peer can be given too.
struct OneSender;

impl KeySource for OneSender {
    fn base_key(&mut self, _: KeyId) -> Option<BaseKey> {
        BaseKey::from_bytes(&BASE).ok()
    }
}

fn sealer() -> Sealer {
    Sealer::new(SUITE, SENDER, &BaseKey::from_bytes(&BASE).expect("32 bytes are a base key"))
}

fn raw_key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[7; 16]).expect("16 bytes are a key of AES-128"))
}

fn nonce(counter: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

fn bench_seal(c: &mut Criterion) {
    for size in SIZES {
        let plaintext = vec![0x5A; size];
        let mut group = c.benchmark_group(format!("seal/{size}"));
        group.throughput(Throughput::Bytes(size as u64));

        let (key, mut buffer, mut counter) = (raw_key(), plaintext.clone(), 0);
        group.bench_function("floor", |b| {
            b.iter(|| {
                counter += 1;
                key.seal_in_place_separate_tag(nonce(counter), Aad::from(AAD), &mut buffer)
            });
        });

        let (mut sealer, mut out) = (sealer(), Vec::new());
        group.bench_function("engine", |b| b.iter(|| sealer.seal(&plaintext, &METADATA, &mut out)));

        let key = EncryptionKey::derive_from(sframe::CipherSuite::AesGcm128Sha256, SENDER.0, BASE)
            .expect("any bytes are key material");
        let (mut counter, mut out) = (MonotonicCounter::default(), Vec::new());
        group.bench_function("peer", |b| {
            b.iter(|| {
                MediaFrameView::try_with_meta_data(&mut counter, &plaintext, &METADATA)
                    .and_then(|frame| frame.encrypt_into(&key, &mut out).map(|sealed| sealed.header().len()))
            });
        });
    }
}

fn bench_open(c: &mut Criterion) {
    for size in SIZES {
        let plaintext = vec![0x5A; size];
        let mut group = c.benchmark_group(format!("open/{size}"));
        group.throughput(Throughput::Bytes(size as u64));

        let (key, mut counter, mut out) = (raw_key(), 0, vec![0; size]);
        group.bench_function("floor", |b| {
            b.iter_batched_ref(
                || {
                    counter += 1;
                    let mut sealed = plaintext.clone();
                    let tag = key.seal_in_place_separate_tag(nonce(counter), Aad::from(AAD), &mut sealed);
                    sealed.extend_from_slice(tag.expect("a short frame can be sealed").as_ref());
                    (counter, sealed)
                },
                |(counter, sealed)| {
                    let (ciphertext, tag) = sealed.split_at(sealed.len() - TAG_BYTES_MAX);
                    key.open_separate_gather(nonce(*counter), Aad::from(AAD), ciphertext, tag, &mut out)
                        .expect("the frame is authentic");
                },
                BATCH,
            );
        });

        let (mut sealer, mut opener, mut out) = (sealer(), Opener::new(SUITE, OneSender), Vec::new());
        let mut seal = || {
            let mut sealed = Vec::new();
            sealer.seal(&plaintext, &METADATA, &mut sealed).expect("a short frame can be sealed");
            sealed
        };
        group.bench_function("engine", |b| {
            b.iter_batched_ref(
                &mut seal,
                |sealed| opener.open(sealed, &METADATA, &mut out).expect("the frame is authentic"),
                BATCH,
            );
        });

        // Opens our frames, which its key fits; it has no replay window here.
        let key = DecryptionKey::derive_from(sframe::CipherSuite::AesGcm128Sha256, SENDER.0, BASE)
            .expect("any bytes are key material");
        let mut out = Vec::new();
        group.bench_function("peer", |b| {
            b.iter_batched_ref(
                &mut seal,
                |sealed| {
                    EncryptedFrameView::try_with_meta_data(&sealed[..], &METADATA)
                        .and_then(|frame| frame.decrypt_into(&key, &mut out).map(|frame| frame.counter()))
                        .expect("the frame is authentic")
                },
                BATCH,
            );
        });
    }
}

criterion_group!(benches, bench_seal, bench_open);
criterion_main!(benches);
