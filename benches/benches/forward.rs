//! What forwarding a packet to many subscribers costs, for each copy that goes out: the engine's decisions alone, with
//! the bytes of every copy written, and the physical floors beside them (a header with new numbers for each
//! subscriber, without and with the payload's copy). Only ratios within one run mean anything.

use std::hint::black_box;

use bytes::Bytes;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use media_core::{
    Codec, MediaKind, ParticipantId, PeerId, Ssrc, Timestamp,
    conference::ConferenceConfig,
    congestion::BitrateBounds,
    engine::{Engine, EngineConfig, Event, Input, Outgoing, Output, Transmit},
    rtp::{AudioLevel, RtpHeader, ext::AUDIO_LEVEL},
    secret::Token,
    signalling::{
        ClientInfo, ClientMessage, EncodingOffer, Encryption, EndpointKind, LinkToken, Mode, Request,
        ServerMessage, TrackOffer,
    },
};

/// A full conference, and a presenter's audience of half a thousand.
const SUBSCRIBERS: [u32; 2] = [49, 499];
/// Payloads: an Opus frame with its packet, a full packet of video.
const SIZES: [usize; 2] = [160, 1_100];
/// Paths on which nothing waits.
const AMPLE: BitrateBounds =
    BitrateBounds { start: 1_000_000_000_000, min: 1_000_000_000_000, max: 1_000_000_000_000 };
const PUBLISHER: PeerId = PeerId(1);
const SOURCE: Ssrc = Ssrc(10);
/// Packets that are made, untimed, before they are forwarded.
const BATCH: BatchSize = BatchSize::NumIterations(64);
/// RTP header and extensions as the engine writes them: transport-wide sequence number and audio level.
const HEADER_BYTES: usize = 24;

/// An engine with one conference in which everybody hears the publisher.
fn engine(subscribers: u32) -> Engine {
    let conference = ConferenceConfig {
        holders: vec![Token::from_bytes([1; 16])],
        participants_max: subscribers + 1,
        ..ConferenceConfig::default()
    };
    let mut engine = Engine::new(EngineConfig { conference, speakers: 3, downlink: AMPLE, seed: [1; 32] })
        .expect("the configuration is valid");
    let client = ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) };
    let start = Request::Start {
        credential: Some(Token::from_bytes([1; 16])),
        name: "host".into(),
        mode: Mode::Discussion,
        lobby: false,
        client,
    };
    let link = ask(&mut engine, PUBLISHER, start).expect("the host gets a link");
    let encodings = vec![EncodingOffer { ssrc: SOURCE, rtx_ssrc: Ssrc(11), target_kbps: 500 }];
    let tracks = vec![TrackOffer { kind: MediaKind::Audio, codec: Codec::Opus, encodings }];
    ask(&mut engine, PUBLISHER, Request::Publish { tracks });
    for peer in 2..subscribers + 2 {
        let join = Request::Join {
            link: link.clone(),
            credential: None,
            resume: None,
            name: "guest".into(),
            client,
        };
        ask(&mut engine, PeerId(peer), join);
    }
    engine
}

/// The link that comes with the answer, if one does.
fn ask(engine: &mut Engine, peer: PeerId, body: Request) -> Option<LinkToken> {
    let message = ClientMessage { request: 1, body }.encode();
    engine
        .handle_input(Timestamp::ZERO, Input::Signal { peer, message: &message })
        .expect("time stands still");
    let mut link = None;
    loop {
        match engine.poll_output() {
            Output::Timeout(..) => return link,
            Output::Transmit(Transmit { packet: Outgoing::Signal(message), .. }) => {
                if let Ok(ServerMessage::Entered { invitation: Some(invitation), .. }) =
                    ServerMessage::decode(&message)
                {
                    link = Some(invitation.link);
                }
            }
            Output::Event(Event::Refused { reason, .. }) => panic!("refused: {reason:?}"),
            Output::Transmit(_) | Output::Event(_) => {}
        }
    }
}

/// The packets of a microphone that never pauses, each with its payload.
fn packets(payload: usize) -> impl FnMut() -> Bytes {
    let payload = vec![0xC1; payload];
    let mut number = 0_u32;
    move || {
        number = number.wrapping_add(1);
        let level = AudioLevel { level: 30, voice: true }.bytes();
        let header = RtpHeader {
            ssrc: SOURCE,
            sequence: number as u16,
            timestamp: number.wrapping_mul(960),
            payload_type: Codec::Opus.payload_type(),
            marker: false,
            extensions: &[(AUDIO_LEVEL, &level)],
        };
        let mut packet = Vec::with_capacity(header.len() + payload.len());
        header.write(&payload, &mut packet);
        packet.into()
    }
}

/// Forwards one packet; `on_packet` gets every copy.
fn forward(engine: &mut Engine, datagram: &Bytes, mut on_packet: impl FnMut(Transmit)) {
    let input = Input::Datagram { peer: PUBLISHER, datagram: datagram.clone() };
    engine.handle_input(Timestamp::ZERO, input).expect("time stands still");
    loop {
        match engine.poll_output() {
            Output::Timeout(..) => return,
            Output::Transmit(transmit) => on_packet(transmit),
            Output::Event(event) => panic!("nothing else happens: {event:?}"),
        }
    }
}

/// New numbers in the header of each copy, and nothing else.
fn rewrite(header: &mut [u8; HEADER_BYTES], subscriber: u32, number: u32) {
    header[2..4].copy_from_slice(&(number as u16).to_be_bytes());
    header[4..8].copy_from_slice(&number.wrapping_mul(960).to_be_bytes());
    header[8..12].copy_from_slice(&subscriber.to_be_bytes());
}

fn bench_forward(c: &mut Criterion) {
    for subscribers in SUBSCRIBERS {
        for size in SIZES {
            let mut group = c.benchmark_group(format!("forward/{subscribers}/{size}"));
            group.throughput(Throughput::Elements(u64::from(subscribers)));
            bench_floors(&mut group, subscribers, size);

            let (mut engine, mut next) = (engine(subscribers), packets(size));
            group.bench_function("engine", |b| {
                b.iter_batched_ref(
                    &mut next,
                    |packet| forward(&mut engine, packet, |transmit| drop(black_box(transmit))),
                    BATCH,
                );
            });
            let mut out = Vec::with_capacity(2_048);
            group.bench_function("engine and bytes", |b| {
                b.iter_batched_ref(
                    &mut next,
                    |packet| {
                        forward(&mut engine, packet, |transmit| {
                            let Outgoing::Rtp(packet) = transmit.packet else { return };
                            out.clear();
                            packet.write(&mut out);
                            black_box(&out);
                        });
                    },
                    BATCH,
                );
            });
            let (_, views) = engine.reports();
            assert!(
                views.iter().all(|view| view.source == ParticipantId(1) && view.forwarded == view.offered)
            );
            assert_eq!(views.len(), subscribers as usize, "everybody was sent everything");
        }
    }
}

fn bench_floors(
    group: &mut criterion::BenchmarkGroup<'_, criterion::measurement::WallTime>,
    subscribers: u32,
    size: usize,
) {
    let (mut header, mut number) = ([0x80; HEADER_BYTES], 0_u32);
    group.bench_function("floor", |b| {
        b.iter(|| {
            number = number.wrapping_add(1);
            for subscriber in 0..subscribers {
                rewrite(&mut header, subscriber, number);
                black_box(&mut header);
            }
        });
    });
    let (payload, mut out) = (vec![0xC1; size], Vec::with_capacity(2_048));
    group.bench_function("floor and bytes", |b| {
        b.iter(|| {
            number = number.wrapping_add(1);
            for subscriber in 0..subscribers {
                rewrite(&mut header, subscriber, number);
                out.clear();
                out.extend_from_slice(&header);
                out.extend_from_slice(&payload);
                black_box(&out);
            }
        });
    });
}

criterion_group!(benches, bench_forward);
criterion_main!(benches);
