//! The claim that forwarding takes no memory per packet once it has warmed up.

use allocation_counter::measure;

use super::*;

/// Subscribers of one publisher in a full conference.
const SUBSCRIBERS: u32 = 49;

/// A conference of fifty, with one microphone and one camera that all others see.
fn full_conference() -> (Server, [Source; 2]) {
    let mut server = Server::new(SUBSCRIBERS + 1);
    let link = server.start(Mode::Discussion, false);
    let sources = [Source::new(10, Codec::Opus), Source::new(20, Codec::Vp8)];
    let offer = |kind, source: &Source| TrackOffer {
        kind,
        codec: source.codec,
        encodings: vec![EncodingOffer {
            ssrc: source.ssrc,
            rtx_ssrc: Ssrc(source.ssrc.0 + 1),
            target_kbps: 500,
        }],
    };
    let tracks = vec![offer(MediaKind::Audio, &sources[0]), offer(MediaKind::Camera, &sources[1])];
    server.ask(HOST, Request::Publish { tracks });
    for peer in 2..SUBSCRIBERS + 2 {
        server.join(PeerId(peer), &link);
        let source = ParticipantId(1);
        server.ask(PeerId(peer), Request::Watch { source, kind: MediaKind::Camera, layer: Some(0) });
    }
    (server, sources)
}

/// Handles packets and drops what comes out; says how many were forwarded.
fn forward(server: &mut Server, packets: &[Bytes]) -> u64 {
    let mut forwarded = 0;
    for packet in packets {
        let input = Input::Datagram { peer: HOST, datagram: packet.clone() };
        server.engine.handle_input(server.now, input).expect("time stands still");
        loop {
            match server.engine.poll_output() {
                Output::Timeout(..) => break,
                Output::Transmit(Transmit { packet: Outgoing::Rtp(_), .. }) => forwarded += 1,
                _ => {}
            }
        }
    }
    forwarded
}

#[test]
fn forwarding_to_49_allocates_nothing_once_warm() {
    let (mut server, mut sources) = full_conference();
    let mut packets: Vec<Bytes> = Vec::new();
    for number in 0..4_000 {
        packets.push(sources[0].sound());
        packets.push(sources[1].frame(number == 0));
    }
    // The first handle to bytes that were a vector makes its count, which is the host's memory, not the engine's.
    let shared = packets.clone();
    let (warm_up, steady) = shared.split_at(5_000);
    forward(&mut server, warm_up);
    let mut forwarded = 0;
    let memory = measure(|| forwarded = forward(&mut server, steady));
    assert_eq!(forwarded, steady.len() as u64 * u64::from(SUBSCRIBERS));
    assert_eq!(memory.count_total, 0, "{memory:?}");
}
