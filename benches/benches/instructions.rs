//! How many instructions the engine needs for work of a fixed form. `.ci/instructions` counts them with valgrind and compares
//! with a baseline. There are no ciphers in it: valgrind gives them another processor than they would find.
#![expect(missing_docs, reason = "the macros make public items")]

use std::hint::black_box;

use benches::{
    broadcast::{Load, Script},
    fixed,
};
use gungraun::{library_benchmark, library_benchmark_group, main};
use media_core::{engine::Engine, signalling::LinkToken};

const SUBSCRIBERS: u32 = 49;
// What comes between two feedback packets of one subscriber: 100 ms.

#[library_benchmark]
#[bench::audio(Script::media(Load::Audio, SUBSCRIBERS, 5))]
#[bench::video(Script::media(Load::Video, SUBSCRIBERS, 12))]
fn forward(script: Script) -> Script {
    black_box(script.play())
}

#[library_benchmark]
#[bench::audio(Script::feedback(Load::Audio, SUBSCRIBERS, 5))]
#[bench::video(Script::feedback(Load::Video, SUBSCRIBERS, 12))]
fn feedback(script: Script) -> Script {
    black_box(script.play())
}

#[library_benchmark]
#[bench::rtp(fixed::rtp_packet())]
fn parse(packet: Vec<u8>) -> Vec<u8> {
    for _ in 0..1_000 {
        black_box(fixed::read_rtp(black_box(&packet)));
    }
    packet
}

#[library_benchmark]
#[bench::twcc(fixed::twcc_packet(7, media_core::Timestamp::from_millis(12_345), 1))]
fn read(packet: Vec<u8>) -> Vec<u8> {
    for _ in 0..1_000 {
        black_box(fixed::read_twcc(black_box(&packet)));
    }
    packet
}

#[library_benchmark]
#[bench::of_the_fiftieth(fixed::conference(49, 50))]
fn join((mut engine, link): (Engine, LinkToken)) -> Engine {
    fixed::come_in(&mut engine, &link, 50);
    black_box(engine)
}

library_benchmark_group!(name = engine, benchmarks = [forward, feedback, parse, read, join]);
main!(library_benchmark_groups = engine);
