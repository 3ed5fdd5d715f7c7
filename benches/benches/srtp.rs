//! What hop-by-hop protection costs: one packet protected for each of many subscribers, and opened. The floor copies
//! header and payload into a send buffer and seals there with AES-128-GCM under a key that is set up once; the peer is
//! `rtc-srtp` on the same library of ciphers. Only ratios within one run mean anything; they stand at the end of the run,
//! with their bounds.

use std::{hint::black_box, process::ExitCode, time::Duration};

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use benches::{
    paired::{self, Contender, time},
    tally::{Tally, Work},
};
use conformance::measured::Size;
use criterion::{Criterion, Throughput};
use media_core::transport::srtp::{MasterKey, SrtpProfile, SrtpReceiver, SrtpSender};
use rtc_srtp::{context::Context, crypto, option, protection_profile::ProtectionProfile};

/// A frame of Opus with its encryption, and a full packet of video; with the ratio to the floor that protecting and opening
/// may have.
const SIZES: [(usize, f64); 2] = [(160, 2.0), (1_100, 1.5)];
/// A full conference, and a large presentation.
const SUBSCRIBERS: [usize; 2] = [49, 499];
/// Every profile of the engine is measured; the bound is that of the first, which conferences use.
const PROFILES: [(SrtpProfile, &str); 3] = [
    (SrtpProfile::AeadAes128Gcm, "engine"),
    (SrtpProfile::AeadAes256Gcm, "engine, AES-256-GCM"),
    (SrtpProfile::Aes128CmHmacSha1_80, "engine, AES-CM, HMAC-SHA1"),
];
const HEADER_BYTES: usize = 20;

/// A header with a one-byte extension of transport-wide numbers.
fn header(sequence: u16) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..2].copy_from_slice(&[0x90, 96]);
    header[2..4].copy_from_slice(&sequence.to_be_bytes());
    header[8..12].copy_from_slice(&[1, 2, 3, 4]);
    header[12..].copy_from_slice(&[0xbe, 0xde, 0, 1, 0x51, 0, 1, 0]);
    header
}

fn master(profile: SrtpProfile, subscriber: usize) -> MasterKey {
    let (key, salt) = secret(subscriber);
    MasterKey::new(profile, &key[..profile.key_bytes()], &salt[..profile.salt_bytes()])
        .expect("key and salt have the profile's lengths")
}

fn secret(subscriber: usize) -> ([u8; 32], [u8; 14]) {
    let mut key = [7; 32];
    key[..2].copy_from_slice(&(subscriber as u16).to_be_bytes());
    (key, [9; 14])
}

fn raw_key(subscriber: usize) -> LessSafeKey {
    let (key, _) = secret(subscriber);
    LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key[..16]).expect("16 bytes are a key of AES-128"))
}

fn peer(subscriber: usize) -> Context {
    let (key, salt) = secret(subscriber);
    let provider = crypto::default_provider().expect("a provider is compiled in");
    let (media, reports) = (option::srtp_no_replay_protection(), option::srtcp_no_replay_protection());
    let name = ProtectionProfile::AeadAes128Gcm;
    Context::new(&key[..16], &salt[..12], name, Some(media), Some(reports), provider.crypto())
        .expect("key and salt have the profile's lengths")
}

fn nonce(sequence: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&sequence.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Somebody who protects each packet for every subscriber in turn; the work is one of them.
fn protects(
    name: &'static str,
    most: Option<f64>,
    subscribers: usize,
    mut protect: impl FnMut(usize, u64) + 'static,
) -> Contender {
    let mut done = 0;
    let run = move |packets| {
        time(|| {
            for _ in 0..packets {
                protect(done % subscribers, (done / subscribers) as u64);
                done += 1;
            }
        })
    };
    Contender { name, most, run: Box::new(run) }
}

/// Who protects for so many, the floor first.
fn protecting(size: usize, most: f64, subscribers: usize) -> Vec<Contender> {
    let payload = vec![0x5A; size];
    let keys: Vec<_> = (0..subscribers).map(raw_key).collect();
    let (floor_payload, mut out) = (payload.clone(), Vec::new());
    let floor = protects("floor", None, subscribers, move |subscriber, sequence| {
        let header = header(sequence as u16);
        out.clear();
        out.extend_from_slice(&header);
        out.extend_from_slice(&floor_payload);
        let tag = keys[subscriber].seal_in_place_separate_tag(
            nonce(sequence),
            Aad::from(header),
            &mut out[HEADER_BYTES..],
        );
        out.extend_from_slice(tag.expect("a packet can be sealed").as_ref());
        black_box(&out);
    });
    let mut contenders = vec![floor];
    for (place, (profile, name)) in PROFILES.into_iter().enumerate() {
        let mut senders: Vec<_> =
            (0..subscribers).map(|each| SrtpSender::new(&master(profile, each))).collect();
        let (payload, mut out) = (payload.clone(), Vec::new());
        let most = (place == 0).then_some(most);
        contenders.push(protects(name, most, subscribers, move |subscriber, sequence| {
            out.clear();
            senders[subscriber]
                .protect_rtp(&header(sequence as u16), &payload, &mut out)
                .expect("numbers only rise");
            black_box(&out);
        }));
    }
    let mut peers: Vec<_> = (0..subscribers).map(peer).collect();
    let mut plain = Vec::new();
    contenders.push(protects("peer", None, subscribers, move |subscriber, sequence| {
        plain.clear();
        plain.extend_from_slice(&header(sequence as u16));
        plain.extend_from_slice(&payload);
        black_box(peers[subscriber].encrypt_rtp(&plain).expect("numbers only rise"));
    }));
    contenders
}

/// Somebody who opens with `open` what was protected before; sealing is not timed.
fn opens(
    name: &'static str,
    most: Option<f64>,
    profile: SrtpProfile,
    payload: Vec<u8>,
    mut open: impl FnMut(u64, &mut Vec<u8>) + 'static,
) -> Contender {
    let mut sender = SrtpSender::new(&master(profile, 0));
    let mut sequence = 0;
    let run = move |packets: u64| {
        let mut total = Duration::ZERO;
        for _ in 0..packets.div_ceil(64) {
            let mut batch: Vec<(u64, Vec<u8>)> = (sequence..sequence + 64)
                .map(|sequence| {
                    let mut packet = Vec::new();
                    sender
                        .protect_rtp(&header(sequence as u16), &payload, &mut packet)
                        .expect("numbers only rise");
                    (sequence, packet)
                })
                .collect();
            sequence += 64;
            total += time(|| batch.iter_mut().for_each(|(sequence, packet)| open(*sequence, packet)));
        }
        total.mul_f64(packets as f64 / (packets.div_ceil(64) * 64) as f64)
    };
    Contender { name, most, run: Box::new(run) }
}

/// Who opens, the floor first: it opens what it sealed itself, in place.
fn opening(size: usize, most: f64) -> Vec<Contender> {
    let payload = vec![0x5A; size];
    let (key, sealed_payload) = (raw_key(0), payload.clone());
    let mut sequence = 0;
    let run = move |packets: u64| {
        let mut batch: Vec<_> = (sequence..sequence + packets)
            .map(|sequence| {
                let mut body = sealed_payload.clone();
                let aad = Aad::from(header(sequence as u16));
                let tag = key.seal_in_place_separate_tag(nonce(sequence), aad, &mut body);
                (sequence, body, tag.expect("a packet can be sealed"))
            })
            .collect();
        sequence += packets;
        time(|| {
            for (sequence, body, tag) in &mut batch {
                let aad = Aad::from(header(*sequence as u16));
                let _ = key
                    .open_in_place_separate_tag(nonce(*sequence), aad, tag.as_ref(), body)
                    .expect("the packet is authentic");
            }
        })
    };
    let mut contenders = vec![Contender { name: "floor", most: None, run: Box::new(run) }];
    for (place, (profile, name)) in PROFILES.into_iter().enumerate() {
        let mut receiver = SrtpReceiver::new(&master(profile, 0));
        let most = (place == 0).then_some(most);
        contenders.push(opens(name, most, profile, payload.clone(), move |_, packet| {
            receiver.unprotect_rtp(packet).expect("the packet is authentic");
        }));
    }
    let mut context = peer(0);
    contenders.push(opens("peer", None, SrtpProfile::AeadAes128Gcm, payload, move |_, packet| {
        black_box(context.decrypt_rtp(packet).expect("the packet is authentic"));
    }));
    contenders
}

fn main() -> ExitCode {
    let mut criterion = Criterion::default().configure_from_args();
    let mut tally = Tally::begin("srtp");
    for (size, most) in SIZES {
        let protecting = SUBSCRIBERS.map(|subscribers| {
            let work = Work::sized(format!("protect/{size}"), Size::subscribers(subscribers as u64));
            (work, protecting(size, most, subscribers), subscribers as u64)
        });
        let opening = (Work::sized("open", Size::bytes(size as u64)), opening(size, most), 64);
        for (work, mut contenders, batch) in protecting.into_iter().chain([opening]) {
            let mut group = criterion.benchmark_group(work.to_string());
            group.throughput(Throughput::Bytes(size as u64));
            for contender in &mut contenders {
                group.bench_function(contender.name, |b| b.iter_custom(&mut contender.run));
            }
            group.finish();
            if paired::is_measured() {
                tally.compare(&work, &mut contenders, batch);
            }
        }
    }
    criterion.final_summary();
    if paired::is_measured() { tally.finish() } else { ExitCode::SUCCESS }
}
