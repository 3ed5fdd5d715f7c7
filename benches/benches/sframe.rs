//! What sealing and opening a frame costs: the engine's SFrame beside its floor (AES-128-GCM of the same bytes with a
//! key that is set up once, no copy) and a peer (crate `sframe` on `RustCrypto`). Only ratios within one run mean
//! anything; they stand at the end of the run, with their bounds.
#![expect(clippy::similar_names, reason = "sealer and sealed, opener and opened are what they are called")]

use std::{hint::black_box, process::ExitCode, time::Duration};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use benches::{
    paired::{self, Contender, time},
    tally::{Tally, Work},
};
use conformance::measured::Size;
use criterion::{Criterion, Throughput};
use media_core::e2ee::{BaseKey, CipherSuite, KeyId, KeySource, Opener, Sealer};
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
    (CipherSuite::Aes128CtrHmacSha256_80, "engine, AES-CTR, 80 bits"),
    (CipherSuite::Aes128CtrHmacSha256_64, "engine, AES-CTR, 64 bits"),
    (CipherSuite::Aes128CtrHmacSha256_32, "engine, AES-CTR, 32 bits"),
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

fn raw_key() -> LessSafeKey {
    LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &[7; 16]).expect("16 bytes are a key of AES-128"))
}

fn nonce(counter: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&counter.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Frames of this size in one batch.
fn batch(size: usize) -> u64 {
    (BATCH_BYTES / size).min(64) as u64
}

/// The engine's suites that are measured at this size, with their names in the table and their bounds.
fn suites(size: usize, most: f64) -> impl Iterator<Item = (CipherSuite, &'static str, Option<f64>)> {
    let ctr = CTR_SUITES.into_iter().filter(move |_| size == CTR_SIZE);
    [(SUITE, "engine", Some(most))].into_iter().chain(ctr.map(|(suite, name)| (suite, name, None)))
}

/// Somebody who seals with `seal`, frame by frame.
fn seals(name: &'static str, most: Option<f64>, mut seal: impl FnMut() + 'static) -> Contender {
    let run = move |frames| time(|| (0..frames).for_each(|_| seal()));
    Contender { name, most, run: Box::new(run) }
}

/// Somebody who opens with `open` what `seal` sealed before, batch by batch.
fn opens<F: 'static>(
    name: &'static str,
    (most, batch): (Option<f64>, u64),
    mut seal: impl FnMut() -> F + 'static,
    mut open: impl FnMut(&F) + 'static,
) -> Contender {
    let run = move |frames| {
        let mut opened = 0;
        let mut total = Duration::ZERO;
        while opened < frames {
            let sealed: Vec<_> = (0..batch.min(frames - opened)).map(|_| seal()).collect();
            total += time(|| sealed.iter().for_each(&mut open));
            opened += sealed.len() as u64;
        }
        total
    };
    Contender { name, most, run: Box::new(run) }
}

/// Who seals frames of this size, the floor first.
fn sealing(size: usize, most: f64) -> Vec<Contender> {
    let plaintext = vec![0x5A; size];
    let (key, mut buffer, mut counter) = (raw_key(), plaintext.clone(), 0);
    let mut contenders = vec![seals("floor", None, move || {
        counter += 1;
        let tag = key.seal_in_place_separate_tag(nonce(counter), Aad::from(AAD), &mut buffer);
        let _ = black_box(tag.expect("a short frame can be sealed"));
    })];

    for (suite, name, most) in suites(size, most) {
        let (mut sealer, plaintext, mut out) = (sealer(suite), plaintext.clone(), Vec::new());
        contenders.push(seals(name, most, move || {
            sealer.seal(&plaintext, &METADATA, &mut out).expect("a short frame can be sealed");
        }));
    }

    let key = EncryptionKey::derive_from(sframe::CipherSuite::AesGcm128Sha256, SENDER.0, BASE)
        .expect("any bytes are key material");
    let (mut counter, mut out) = (MonotonicCounter::default(), Vec::new());
    contenders.push(seals("peer", None, move || {
        MediaFrameView::try_with_meta_data(&mut counter, &plaintext, &METADATA)
            .and_then(|frame| frame.encrypt_into(&key, &mut out).map(drop))
            .expect("a short frame can be sealed");
    }));
    contenders
}

/// Who opens frames of this size, the floor first.
fn opening(size: usize, most: f64) -> Vec<Contender> {
    let plaintext = vec![0x5A; size];
    let (sealing_key, key, mut counter, mut out) = (raw_key(), raw_key(), 0, vec![0; size]);
    let in_place = plaintext.clone();
    let seal = move || {
        counter += 1;
        let mut sealed = in_place.clone();
        let tag = sealing_key.seal_in_place_separate_tag(nonce(counter), Aad::from(AAD), &mut sealed);
        sealed.extend_from_slice(tag.expect("a short frame can be sealed").as_ref());
        (counter, sealed)
    };
    let mut contenders =
        vec![opens("floor", (None, batch(size)), seal, move |(counter, sealed): &(u64, Vec<u8>)| {
            let (ciphertext, tag) = sealed.split_at(sealed.len() - AES_128_GCM.tag_len());
            key.open_separate_gather(nonce(*counter), Aad::from(AAD), ciphertext, tag, &mut out)
                .expect("the frame is authentic");
        })];

    for (suite, name, most) in suites(size, most) {
        let (mut opener, mut out) = (Opener::new(suite, OneSender), Vec::new());
        contenders.push(opens(name, (most, batch(size)), frames(suite, plaintext.clone()), move |sealed| {
            opener.open(sealed, &METADATA, &mut out).expect("the frame is authentic");
        }));
    }

    // Opens our frames, which its key fits; it has no replay window here.
    let key = DecryptionKey::derive_from(sframe::CipherSuite::AesGcm128Sha256, SENDER.0, BASE)
        .expect("any bytes are key material");
    let mut out = Vec::new();
    contenders.push(opens("peer", (None, batch(size)), frames(SUITE, plaintext), move |sealed| {
        EncryptedFrameView::try_with_meta_data(&sealed[..], &METADATA)
            .and_then(|frame| frame.decrypt_into(&key, &mut out).map(drop))
            .expect("the frame is authentic");
    }));
    contenders
}

/// Seals one frame after the other.
fn frames(suite: CipherSuite, plaintext: Vec<u8>) -> impl FnMut() -> Vec<u8> {
    let mut sealer = sealer(suite);
    move || {
        let mut sealed = Vec::new();
        sealer.seal(&plaintext, &METADATA, &mut sealed).expect("a short frame can be sealed");
        sealed
    }
}

fn main() -> ExitCode {
    let mut criterion = Criterion::default().configure_from_args();
    let mut tally = Tally::begin("sframe");
    for (size, most) in SIZES {
        for (kind, mut contenders) in [("seal", sealing(size, most)), ("open", opening(size, most))] {
            let work = Work::sized(kind, Size::bytes(size as u64));
            let mut group = criterion.benchmark_group(work.to_string());
            group.throughput(Throughput::Bytes(size as u64));
            for contender in &mut contenders {
                group.bench_function(contender.name, |b| b.iter_custom(&mut contender.run));
            }
            group.finish();
            if paired::is_measured() {
                tally.compare(&work, &mut contenders, batch(size));
            }
        }
    }
    criterion.final_summary();
    if paired::is_measured() { tally.finish() } else { ExitCode::SUCCESS }
}
