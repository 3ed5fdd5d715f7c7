//! Claims about bytes from the network: none makes an error or a panic, and what goes no further is counted (SEC-001).

use media_core::{
    forwarding::{SubscriptionReport, TrackReport},
    rtp::{PROBE_SSRC, Protocol, RtpView, demux},
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};

use super::*;

fn config(cases: u32) -> Config {
    Config { rng_seed: RngSeed::Fixed(0x5EC1), failure_persistence: None, ..Config::with_cases(cases) }
}

/// Two people, each with a track, one watching the other.
fn meeting() -> (Server, [Source; 2]) {
    let (mut server, link) = Server::with_conference(Mode::Discussion, false);
    let guest = participant_of(&server.join(PeerId(2), &link), PeerId(2));
    let sources = [Source::new(10, Codec::Opus), Source::new(20, Codec::Vp8)];
    server.publish(HOST, MediaKind::Audio, &sources[0]);
    server.publish(PeerId(2), MediaKind::Camera, &sources[1]);
    server.ask(HOST, Request::Watch { source: guest, kind: MediaKind::Camera, layer: Some(0) });
    (server, sources)
}

/// Bytes overwritten at random, and cut off.
fn arb_damage() -> impl Strategy<Value = (Vec<(usize, u8)>, usize)> {
    (
        prop::collection::vec((0..80_usize, any::<u8>()), 0..6),
        prop_oneof![4 => Just(2_000), 1 => 0..220_usize],
    )
}

fn damaged(packet: &[u8], (writes, length): &(Vec<(usize, u8)>, usize)) -> Vec<u8> {
    let mut packet = packet.to_vec();
    for (at, byte) in writes {
        if let Some(slot) = packet.get_mut(*at) {
            *slot = *byte;
        }
    }
    packet.truncate(*length);
    packet
}

/// A request of every form that a peer can send with a valid link.
fn requests() -> Vec<Vec<u8>> {
    let participant = ParticipantId(2);
    let bodies = [
        Request::Leave,
        Request::Publish { tracks: Vec::new() },
        Request::Watch { source: participant, kind: MediaKind::Camera, layer: Some(1) },
        Request::SetMode { mode: Mode::Presenter },
        Request::SetPermissions { participant, permissions: Permissions::NONE },
        Request::Remove { participant },
    ];
    bodies.into_iter().map(|body| ClientMessage { request: 1, body }.encode()).collect()
}

fn balanced(server: &Server) -> bool {
    let (tracks, views) = server.engine.reports();
    tracks.iter().all(TrackReport::balances) && views.iter().all(SubscriptionReport::balances)
}

proptest! {
    #![proptest_config(config(2_000))]

    #[test]
    fn random_signals_are_counted(message in prop::collection::vec(any::<u8>(), 0..300)) {
        let (mut server, _) = meeting();
        let outputs = server.input(Input::Signal { peer: HOST, message: &message });
        prop_assert_eq!(drops_of(&outputs, HOST), [DropReason::MalformedSignal]);
    }

    #[test]
    fn random_datagrams_are_counted(
        first in prop_oneof![Just(0x80_u8), Just(0x90), any::<u8>()],
        rest in prop::collection::vec(any::<u8>(), 0..1_400),
        peer in 1..4_u32,
    ) {
        let (mut server, _) = meeting();
        let datagram = Bytes::from([&[first], rest.as_slice()].concat());
        let outputs = server.send(PeerId(peer), &datagram);
        let drops = drops_of(&outputs, PeerId(peer));
        match demux(&datagram) {
            Protocol::Other => prop_assert_eq!(drops, [DropReason::UnknownProtocol]),
            // An SSRC is not guessed.
            Protocol::Rtp => prop_assert_eq!(drops.len(), 1),
            Protocol::Rtcp if peer == 3 => prop_assert_eq!(drops, [DropReason::NotJoined]),
            Protocol::Rtcp => {}
        }
        prop_assert!(balanced(&server));
    }
}

proptest! {
    #![proptest_config(config(500))]

    /// Damage that leaves most of a packet right reaches deeper than noise.
    #[test]
    fn damaged_packets_and_requests_do_no_harm(damages in prop::collection::vec((0..4_u8, arb_damage()), 1..40)) {
        let (mut server, mut sources) = meeting();
        for (what, damage) in &damages {
            server.now = server.now + std::time::Duration::from_millis(7);
            let (peer, packet) = match what {
                0 => (HOST, sources[0].sound()),
                1 => (PeerId(2), sources[1].frame(damage.1.is_multiple_of(3))),
                2 => {
                    let mut compound = Vec::new();
                    let ssrc = sources[1].ssrc;
                    media_core::rtp::rtcp::write_sender_report(ssrc, 1 << 40, 7, 1, 1, &mut compound);
                    media_core::rtp::rtcp::write_nack(Ssrc(5), ssrc, &[1, 2, 90], &mut compound);
                    media_core::rtp::rtcp::write_pli(Ssrc(5), ssrc, &mut compound);
                    (PeerId(2), Bytes::from(compound))
                }
                _ => {
                    let requests = requests();
                    let request = damaged(&requests[damage.0.len()], damage);
                    server.input(Input::Signal { peer: HOST, message: &request });
                    continue;
                }
            };
            let received = |server: &Server| {
                let (tracks, _) = server.engine.reports();
                tracks.iter().map(|track| track.received).sum::<u64>()
            };
            let before = received(&server);
            let datagram = Bytes::from(damaged(&packet, damage));
            let outputs = server.send(peer, &datagram);
            if demux(&datagram) == Protocol::Rtp {
                let is_probe = RtpView::parse(&datagram).is_ok_and(|view| view.ssrc() == PROBE_SSRC);
                let accounted = is_probe || received(&server) > before;
                prop_assert!(accounted || drops_of(&outputs, peer).len() == 1, "nothing vanishes");
            }
            prop_assert!(balanced(&server));
        }
    }
}
