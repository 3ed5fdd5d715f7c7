//! Claims about strangers and about peers that break the rules: what they send is dropped by name, costs no state, and moves
//! nobody.

use proptest::{prelude::*, test_runner::RngSeed};

use super::{super::stun::request, *};
use crate::limits::ADDRESSES_PER_CONNECTION;

const STRANGE: ([u8; 4], u16) = ([203, 0, 113, 66], 666);

#[test]
fn a_stranger_leaves_no_trace_whatever_it_sends() {
    let mut transports = transports();
    let peer = connected(&mut transports);
    let known = (transports.by_address.len(), transports.timers.len());
    let check = request("nobody:peer", "guessed", true, 1);
    let named = request(&format!("{}:peer", peer.node.0), "guessed", true, 1);
    let hello = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    for (datagram, of, reason) in [
        (check, None, DropReason::UnknownConnection),
        (named, Some(1), DropReason::BadTag),
        (hello.to_vec(), None, DropReason::UnknownConnection),
        (voice(1), None, DropReason::UnknownConnection),
        (vec![0; 20], None, DropReason::Malformed),
        (vec![64; 20], None, DropReason::UnknownProtocol),
        (Vec::new(), None, DropReason::UnknownProtocol),
    ] {
        assert_eq!(transports.handle_datagram(at(50), STRANGE.into(), datagram), dropped(of, reason));
    }
    assert_eq!((transports.by_address.len(), transports.timers.len()), known);
    assert_eq!(transports.poll_datagram(), None, "a stranger is not answered");
}

#[test]
fn a_packet_that_was_changed_or_comes_twice_goes_no_further() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    let sent = peer.protect(&voice(1));
    let mut changed = sent.clone();
    *changed.last_mut().expect("a packet has bytes") ^= 1;
    let mut give = |datagram: &[u8]| transports.handle_datagram(at(20), HOME.into(), datagram.to_vec());
    assert_eq!(give(&changed), dropped(Some(1), DropReason::BadTag));
    assert!(matches!(give(&sent), Received::Media { .. }));
    assert_eq!(give(&sent), dropped(Some(1), DropReason::Replayed));
}

#[test]
fn a_packet_of_a_peer_from_a_spoofed_address_goes_no_further() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    let received = transports.handle_datagram(at(20), STRANGE.into(), peer.protect(&voice(1)));
    assert_eq!(received, dropped(None, DropReason::UnknownConnection));
}

#[test]
fn a_peer_takes_up_no_more_addresses_than_it_may() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    for port in 0..100 {
        peer.address = SocketAddr::from((STRANGE.0, 1_000 + port));
        peer.check(at(20_000 + u64::from(port) * 100), &mut transports, true);
    }
    assert_eq!(transports.by_address.len(), ADDRESSES_PER_CONNECTION);
}

#[test]
fn checks_beyond_the_limit_are_not_looked_at_and_the_connection_lives_on() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    let mut refused = 0;
    for _ in 0..250 {
        let received = peer.check(at(5_000), &mut transports, true);
        refused += u32::from(received == dropped(Some(1), DropReason::HandshakeLimit));
    }
    assert!((40..=60).contains(&refused), "{refused}");
    let received = transports.handle_datagram(at(5_001), HOME.into(), peer.protect(&voice(1)));
    assert!(matches!(received, Received::Media { .. }));
}

#[test]
fn records_beyond_the_limit_are_not_looked_at() {
    let mut transports = transports();
    connected(&mut transports);
    let hello = vec![22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    let give =
        |transports: &mut Transports| transports.handle_datagram(at(20_000), HOME.into(), hello.clone());
    let refused = (0..150).filter(|_| give(&mut transports) == dropped(Some(1), DropReason::HandshakeLimit));
    assert_eq!(refused.count(), 50);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        rng_seed: RngSeed::Fixed(0x7767),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_datagram_from_a_known_address_breaks_anything(
        datagrams in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..20)
    ) {
        let mut transports = transports();
        let mut peer = connected(&mut transports);
        for datagram in datagrams {
            transports.handle_datagram(at(50), HOME.into(), datagram);
        }
        transports.handle_timeout(at(60));
        let closed = std::iter::from_fn(|| transports.poll_event()).count() > 0;
        let received = transports.handle_datagram(at(70), HOME.into(), peer.protect(&voice(1)));
        let is_media = matches!(received, Received::Media { .. });
        prop_assert!(is_media || closed);
    }
}
