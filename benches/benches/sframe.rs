//! What sealing and opening a frame costs: the engine's SFrame beside its floor (AES-128-GCM of the same bytes with a
//! key that is set up once, no copy) and a peer (crate `sframe` on `RustCrypto`). Only ratios within one run mean anything;
//! they stand at the end of the run, with their bounds.
#![expect(clippy::similar_names, reason = "sealer and sealed, opener and opened are what they are called")]

use std::{process::ExitCode, time::SystemTime};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use benches::ratios::{self, Ratio};
use criterion::{BatchSize, Criterion, Throughput};
use media_core::e2ee::{BaseKey, CipherSuite, KeyId, KeySource, Opener, Sealer, TAG_BYTES_MAX};
use sframe::{
    frame::{EncryptedFrameView, MediaFrameView, MonotonicCounter},
    key::{DecryptionKey, EncryptionKey},
};

/// An Opus frame with its packet, a full packet, a video frame, a large key frame; with the ratio to the floor that
/// sealing and opening may have.
const SIZES: [(usize, f64); 4] = [(160, 1.6), (1_100, 1.3), (10_000, 1.3), (50_000, 1.3)];
/// The suites of AES-CTR are measured at this size only, for information.
const CTR_SIZE: usize = 1_100;
const CTR_SUITES: [(CipherSuite, &str); 3] = [
    (CipherSuite::Aes128CtrHmacSha256_80, "engine, AES-CTR, 80"),
    (CipherSuite::Aes128CtrHmacSha256_64, "engine, AES-CTR, 64"),
    (CipherSuite::Aes128CtrHmacSha256_32, "engine, AES-CTR, 32"),
];
const BASE: [u8; 32] = [7; 32];
const SUITE: CipherSuite = CipherSuite::Aes128GcmSha256;
const SENDER: KeyId = KeyId(0x1234_5678_9ABC);
const METADATA: [u8; 7] = [1, 96, 0, 0, 0, 2, 188];
/// Header of a six-byte key id and a three-byte counter, with the metadata.
const AAD: [u8; 17] = [9; 17];
/// Bytes of frames that are sealed, untimed, before they are opened: they fit into a second-level cache.
const BATCH_BYTES: usize = 640_000;

/// One sender with a key that the peer can be given too.
struct OneSender;

impl KeySource for OneSender {
    fn base_key(&mut self, _: KeyId) -> Option<BaseKey> {
        BaseKey::from_bytes(&BASE).ok()
    }
}

fn sealer(suite: CipherSuite) -> Sealer {
    Sealer::new(suite, SENDER, &BaseKey::from_bytes(&BASE).expect("32 bytes are a base key"))
}

fn batch(size: usize) -> BatchSize {
    BatchSize::NumIterations((BATCH_BYTES / size).min(64) as u64)
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
    for (size, _) in SIZES {
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

        for (suite, name) in suites(size) {
            let (mut sealer, mut out) = (sealer(suite), Vec::new());
            group.bench_function(name, |b| b.iter(|| sealer.seal(&plaintext, &METADATA, &mut out)));
        }

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
    for (size, _) in SIZES {
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
                batch(size),
            );
        });

        for (suite, name) in suites(size) {
            let (mut seal, mut opener, mut out) =
                (frames(suite, &plaintext), Opener::new(suite, OneSender), Vec::new());
            group.bench_function(name, |b| {
                b.iter_batched_ref(
                    &mut seal,
                    |sealed| opener.open(sealed, &METADATA, &mut out).expect("the frame is authentic"),
                    batch(size),
                );
            });
        }

        // Opens our frames, which its key fits; it has no replay window here.
        let key = DecryptionKey::derive_from(sframe::CipherSuite::AesGcm128Sha256, SENDER.0, BASE)
            .expect("any bytes are key material");
        let (mut seal, mut out) = (frames(SUITE, &plaintext), Vec::new());
        group.bench_function("peer", |b| {
            b.iter_batched_ref(
                &mut seal,
                |sealed| {
                    EncryptedFrameView::try_with_meta_data(&sealed[..], &METADATA)
                        .and_then(|frame| frame.decrypt_into(&key, &mut out).map(|frame| frame.counter()))
                        .expect("the frame is authentic")
                },
                batch(size),
            );
        });
    }
}

/// The engine's suites that are measured at this size, with their names in the table.
fn suites(size: usize) -> impl Iterator<Item = (CipherSuite, &'static str)> {
    let ctr = CTR_SUITES.into_iter().filter(move |_| size == CTR_SIZE);
    [(SUITE, "engine")].into_iter().chain(ctr)
}

/// Seals one frame after the other.
fn frames(suite: CipherSuite, plaintext: &[u8]) -> impl FnMut() -> Vec<u8> {
    let mut sealer = sealer(suite);
    move || {
        let mut sealed = Vec::new();
        sealer.seal(plaintext, &METADATA, &mut sealed).expect("a short frame can be sealed");
        sealed
    }
}

/// Every ratio of the run; only that of the engine in the conferences' suite has a bound.
fn compare(begun: SystemTime) -> Result<ratios::Table, String> {
    let groups = SIZES.map(|(size, most)| (size, most, [format!("seal/{size}"), format!("open/{size}")]));
    let mut wanted = Vec::new();
    for (size, most, groups) in &groups {
        for group in groups {
            for (suite, function) in suites(*size) {
                wanted.push(Ratio {
                    group,
                    function,
                    floor: "floor",
                    most: (suite == SUITE).then_some(*most),
                });
            }
            wanted.push(Ratio { group, function: "peer", floor: "floor", most: None });
        }
    }
    ratios::compare(&ratios::directory(env!("CARGO_TARGET_TMPDIR")), begun, &wanted)
}

/// Whether this run measures at all, which one that lists or tries the benches does not.
fn measures() -> bool {
    let has = |word: &str| std::env::args().any(|argument| argument == word);
    has("--bench") && !["--list", "--test", "--profile-time"].into_iter().any(has)
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the table is what the run is for")]
#[expect(clippy::disallowed_methods, reason = "files of this run are told from older ones by their time")]
fn main() -> ExitCode {
    let begun = SystemTime::now();
    let directory = ratios::directory(env!("CARGO_TARGET_TMPDIR"));
    let mut criterion = Criterion::default().output_directory(&directory).configure_from_args();
    bench_seal(&mut criterion);
    bench_open(&mut criterion);
    criterion.final_summary();
    if !measures() {
        return ExitCode::SUCCESS;
    }
    match compare(begun) {
        Ok(table) => {
            println!("{}", table.text);
            if table.kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
