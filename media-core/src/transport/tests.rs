//! Holds transports to what they promise, with a peer that is made of the parts that browsers have: it checks paths, shakes
//! hands, and protects packets.

mod hostile;
mod moves;
mod peer;

use core::net::SocketAddr;

use bytes::Bytes;

use super::{Received, TransportConfig, TransportEvent, Transports, sdp::SdpRefusal};
use crate::{DropReason, PeerId, Ssrc, Timestamp, rtp::RtpHeader, rtp::ext::TRANSPORT_SEQUENCE};
use peer::Peer;

const HOME: ([u8; 4], u16) = ([192, 0, 2, 10], 5_000);
const NODE: ([u8; 4], u16) = ([198, 51, 100, 1], 3_478);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn transports() -> Transports {
    let config = TransportConfig {
        certificate: peer::certificate(),
        crypto: dimpl::crypto::rust_crypto::default_provider(),
        anchor: peer::anchor(),
        candidates: vec![NODE.into()],
        seed: [7; 32],
    };
    Transports::new(config).expect("RustCrypto has all of DTLS 1.2")
}

/// An RTP packet of the peer's microphone in the session's numbers.
fn voice(sequence: u16) -> Vec<u8> {
    let header = RtpHeader {
        ssrc: Ssrc(4_000),
        sequence,
        timestamp: u32::from(sequence) * 960,
        payload_type: 111,
        marker: false,
        extensions: &[(TRANSPORT_SEQUENCE, &[0, 1])],
    };
    let mut packet = Vec::new();
    header.write(b"sealed by the sender", &mut packet);
    packet
}

/// A peer that is connected, from its home address.
fn connected(transports: &mut Transports) -> Peer {
    let mut peer = Peer::new(PeerId(1), HOME.into());
    peer.negotiate(at(0), transports).expect("the offer is good");
    peer.connect(at(10), transports);
    assert_eq!(transports.poll_event(), Some(TransportEvent::Connected(PeerId(1))));
    peer
}

#[test]
fn a_peer_connects_and_packets_flow_both_ways() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    let sent = peer.protect(&voice(1));
    let received = transports.handle_datagram(at(20), HOME.into(), sent);
    assert_eq!(received, Received::Media { peer: PeerId(1), packet: Bytes::from(voice(1)) });
    let mut out = Vec::new();
    let to = transports.protect_rtp(at(30), PeerId(1), &voice(9), &mut out).expect("it is connected");
    assert_eq!(to, SocketAddr::from(HOME));
    assert_eq!(peer.open(out), Ok(voice(9)));
}

#[test]
fn nothing_is_sent_and_nothing_believed_before_the_handshake_is_over() {
    let mut transports = transports();
    let mut peer = Peer::new(PeerId(1), HOME.into());
    peer.negotiate(at(0), &mut transports).expect("the offer is good");
    let mut out = Vec::new();
    let protected = transports.protect_rtp(at(1), PeerId(1), &voice(9), &mut out);
    assert_eq!((protected, out.len()), (Err(DropReason::NotConnected), 0));
    peer.check(at(2), &mut transports, true);
    let received = transports.handle_datagram(at(3), HOME.into(), voice(1));
    assert_eq!(received, dropped(Some(1), DropReason::NotConnected));
}

#[test]
fn a_lost_flight_is_sent_again_and_the_handshake_comes_to_its_end() {
    for lost in 0..4 {
        let mut transports = transports();
        let mut peer = Peer::new(PeerId(1), HOME.into());
        peer.negotiate(at(0), &mut transports).expect("the offer is good");
        peer.check(at(5), &mut transports, true);
        peer.shake_hands(at(10), &mut transports, Some(lost));
        assert_eq!(transports.poll_event(), Some(TransportEvent::Connected(PeerId(1))), "datagram {lost}");
    }
}

#[test]
fn who_shows_another_certificate_than_the_one_of_the_offer_is_refused() {
    let mut transports = transports();
    let mut peer = Peer::new(PeerId(1), HOME.into());
    peer.claims_another_certificate();
    peer.negotiate(at(0), &mut transports).expect("the offer is good");
    peer.check(at(5), &mut transports, true);
    peer.shake_hands(at(10), &mut transports, None);
    let closed = TransportEvent::Closed(PeerId(1), DropReason::WrongCertificate);
    assert_eq!(transports.poll_event(), Some(closed));
    let mut out = Vec::new();
    assert_eq!(transports.protect_rtp(at(30), PeerId(1), &voice(9), &mut out), Err(DropReason::NotConnected));
}

#[test]
fn a_connection_that_is_removed_leaves_nothing_behind() {
    let mut transports = transports();
    let mut peer = connected(&mut transports);
    transports.remove(PeerId(1));
    assert!(!transports.contains(PeerId(1)));
    let received = transports.handle_datagram(at(40), HOME.into(), peer.protect(&voice(1)));
    assert_eq!(received, dropped(None, DropReason::UnknownConnection));
    assert_eq!(peer.check(at(41), &mut transports, true), dropped(None, DropReason::UnknownConnection));
    assert_eq!(transports.poll_timeout(), Timestamp::FAR_FUTURE);
    let state = (transports.by_peer.len(), transports.by_ufrag.len(), transports.by_address.len());
    assert_eq!(state, (0, 0, 0));
}

#[test]
fn an_offer_that_is_refused_changes_nothing() {
    let mut transports = transports();
    let refused = transports.negotiate(at(0), PeerId(1), "v=0\r\n", &[]).map(drop);
    assert_eq!(refused, Err(SdpRefusal::Malformed));
    assert!(!transports.contains(PeerId(1)));
    let mut peer = connected(&mut transports);
    assert!(transports.negotiate(at(50), PeerId(1), "nonsense", &[]).is_err());
    let received = transports.handle_datagram(at(60), HOME.into(), peer.protect(&voice(1)));
    assert!(matches!(received, Received::Media { .. }));
}

fn dropped(peer: Option<u32>, reason: DropReason) -> Received {
    Received::Dropped { peer: peer.map(PeerId), reason }
}
