//! Claims about peers that change their address, restart ICE, leave, and come back.

use super::*;
use crate::limits::UFRAGS_PER_CONNECTION;

const AWAY: ([u8; 4], u16) = ([203, 0, 113, 5], 6_000);

fn destination(transports: &mut Transports, now: Timestamp, sequence: u16) -> SocketAddr {
    let mut out = Vec::new();
    transports.protect_rtp(now, PeerId(1), &voice(sequence), &mut out).expect("it is connected")
}

#[test]
fn a_nominated_address_is_taken_at_once_and_packets_from_there_are_the_peers() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    peer.address = AWAY.into();
    let early = peer.protect(&voice(1));
    let received = transports.handle_datagram(at(100), AWAY.into(), early);
    assert_eq!(received, dropped(None, DropReason::UnknownConnection), "nobody has checked from there");
    assert_eq!(peer.check(at(110), &mut transports, true), Received::Handled);
    assert_eq!(destination(&mut transports, at(111), 1), SocketAddr::from(AWAY));
    let received = transports.handle_datagram(at(120), AWAY.into(), peer.protect(&voice(2)));
    assert!(matches!(received, Received::Media { .. }));
}

#[test]
fn a_peer_that_does_not_know_that_it_moved_is_followed_when_its_old_address_falls_silent() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    transports.handle_datagram(at(900), HOME.into(), peer.protect(&voice(1)));
    peer.address = AWAY.into();
    peer.check(at(1_000), &mut transports, false);
    assert_eq!(destination(&mut transports, at(1_001), 1), SocketAddr::from(HOME));
    peer.check(at(1_500), &mut transports, false);
    assert_eq!(destination(&mut transports, at(1_501), 2), SocketAddr::from(AWAY));
}

#[test]
fn after_an_ice_restart_the_keys_are_the_same_and_the_names_are_new() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    let before = peer.node.clone();
    let old_ufrag = std::mem::replace(&mut peer.ufrag, "restarted".to_owned());
    peer.negotiate(at(200), &mut transports).expect("a restart is an ordinary offer");
    assert_ne!(peer.node, before, "both sides change their credentials");
    // Until the new names are used the old ones hold (RFC 8445 section 9).
    let (new_node, new_ufrag) = (peer.node.clone(), peer.ufrag.clone());
    (peer.node, peer.ufrag) = (before.clone(), old_ufrag);
    assert_eq!(peer.check(at(210), &mut transports, true), Received::Handled);
    (peer.node, peer.ufrag) = (new_node, new_ufrag);
    peer.address = AWAY.into();
    assert_eq!(peer.check(at(220), &mut transports, false), Received::Handled);
    assert_eq!(destination(&mut transports, at(221), 1), SocketAddr::from(AWAY));
    let received = transports.handle_datagram(at(230), AWAY.into(), peer.protect(&voice(1)));
    assert!(matches!(received, Received::Media { .. }));
    // And not longer.
    (peer.node, peer.ufrag) = (before, "peer".to_owned());
    assert_eq!(peer.check(at(240), &mut transports, true), dropped(Some(1), DropReason::BadTag));
}

#[test]
fn restarts_over_and_over_are_not_remembered() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    for round in 0..50 {
        peer.ufrag = format!("restart{round}");
        peer.negotiate(at(200 + round), &mut transports).expect("a restart is an ordinary offer");
    }
    assert_eq!(transports.counts().names, UFRAGS_PER_CONNECTION);
    assert_eq!(peer.check(at(300), &mut transports, true), Received::Handled);
    transports.remove(PeerId(1));
    assert_eq!(transports.counts().names, 0);
}

#[test]
fn nothing_is_sent_to_who_has_not_checked_for_half_a_minute() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    let mut out = Vec::new();
    let late = transports.protect_rtp(at(30_011), PeerId(1), &voice(1), &mut out);
    assert_eq!((late, out.len()), (Err(DropReason::NoConsent), 0));
    peer.check(at(31_000), &mut transports, false);
    assert_eq!(destination(&mut transports, at(31_001), 2), SocketAddr::from(HOME));
}

#[test]
fn who_says_goodbye_gets_nothing_more_and_may_come_back_with_a_new_offer() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    peer.close(at(300), &mut transports);
    let closed = TransportEvent::Closed(PeerId(1), DropReason::PeerClosed);
    assert_eq!(transports.poll_event(), Some(closed));
    let mut out = Vec::new();
    let refused = transports.protect_rtp(at(301), PeerId(1), &voice(1), &mut out);
    assert_eq!(refused, Err(DropReason::NotConnected));
    while transports.poll_datagram().is_some() {}
    connected(&mut transports);
}
