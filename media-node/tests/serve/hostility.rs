//! Claims about strangers and about people who may not speak.

use std::{net::UdpSocket, time::Duration};

use media_core::signalling::{Mode, Request, ServerMessage};
use tokio::time::sleep;

use crate::{
    hearing::heard,
    http_request::{comes_to, drops, get},
    media::Media,
    person::Person,
    stage,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_presenter_mode_nobody_hears_the_audience() {
    let server = stage::server().await;
    let (mut anna, invitation) = stage::conference(&server, Mode::Presenter).await;
    let mut annas = Media::new(1_001, 1).await;
    annas.negotiate(&mut anna).await;
    let mut bert = stage::guest(&server, &invitation, "bert").await;
    let mut berts = Media::new(2_002, 1).await;
    berts.negotiate(&mut bert).await;
    anna.wait_for(|message| matches!(message, ServerMessage::TrackAdded { .. })).await;
    annas.negotiate(&mut anna).await;
    annas.connected().await;
    berts.connected().await;
    assert!(heard(&mut annas, &mut berts, b"the presenter").await.is_some());

    let before = drops(&server, "not-permitted").await;
    for _ in 0..50 {
        berts.say(b"the audience").await;
        sleep(Duration::from_millis(5)).await;
    }
    assert!(annas.hear(Duration::from_millis(200)).await.is_none());
    assert!(drops(&server, "not-permitted").await >= before + 50);

    anna.ask(Request::SetMode { mode: Mode::Discussion }).await;
    assert!(heard(&mut berts, &mut annas, b"now they may").await.is_some(), "the way is there");
}

/// A STUN binding request with a user name and without anything else (RFC 8489).
fn check(name: [u8; 8]) -> Vec<u8> {
    let mut request = vec![0x00, 0x01, 0x00, 12, 0x21, 0x12, 0xa4, 0x42];
    request.extend_from_slice(&[7; 12]);
    request.extend_from_slice(&[0x00, 0x06, 0x00, 8]);
    request.extend_from_slice(&name);
    request
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_are_counted_and_change_nothing() {
    let server = stage::server().await;
    let (mut anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let mut annas = Media::new(1_001, 1).await;
    annas.negotiate(&mut anna).await;
    let mut bert = stage::guest(&server, &invitation, "bert").await;
    let mut berts = Media::new(2_002, 1).await;
    berts.negotiate(&mut bert).await;
    annas.connected().await;
    berts.connected().await;

    let stranger = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    stranger.connect(server.media_address()).expect("an address");
    let hello = [&[22, 0xfe, 0xfd][..], &[0; 60]].concat();
    let packet = [&[0x80, 111][..], &[0; 60]].concat();
    for round in 0..100 {
        for datagram in [&check(*b"nobody:x")[..], &hello, &packet, &[0; 4_000], b"", &[0xff; 9]] {
            stranger.send(datagram).expect("loopback takes it");
        }
        if round % 10 == 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }
    comes_to(&server, "media_node_drops_total{reason=\"unknown-protocol\"}", 200).await;
    assert_eq!(drops(&server, "oversized").await, 100);
    assert!(drops(&server, "unknown-connection").await >= 200);
    let stun = drops(&server, "unknown-connection").await + drops(&server, "not-a-binding-request").await;
    assert_eq!(stun, 300);
    comes_to(&server, "media_node_connections", 2).await;
    stranger.set_read_timeout(Some(Duration::from_millis(100))).expect("a time limit");
    assert!(stranger.recv(&mut [0; 1_500]).is_err(), "strangers get no answer");
    let answer = bert.ask(Request::Negotiate { offer: "v=0\r\n".to_owned() }).await;
    assert!(matches!(answer, ServerMessage::OfferRefused { .. }), "{answer:?}");
    assert!(heard(&mut annas, &mut berts, b"as before").await.is_some());
}

#[tokio::test]
async fn nothing_secret_is_told_to_whoever_reads_the_metrics() {
    let server = stage::server().await;
    let (_anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let _bert = stage::guest(&server, &invitation, "bert").await;
    comes_to(&server, "media_node_participants", 2).await;
    let text = get(&server, "/metrics").await.body;
    assert!(text.contains("media_node_participants 2") && text.ends_with("# EOF\n"), "{text}");
    let token = serde_json::to_string(&invitation.link.token).expect("JSON");
    let credential = serde_json::to_string(&stage::credential()).expect("JSON");
    for secret in [token.trim_matches('"'), credential.trim_matches('"'), "anna", "bert", "127.0.0.1"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_channel_and_nothing_else() {
    let server = stage::server().await;
    let (mut anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let mut liar = Person::connect(&server).await;
    liar.write("x".repeat(media_core::limits::SIGNAL_BYTES_MAX + 1)).await;
    assert!(liar.wait_for(|_| true).await.is_none(), "the channel is closed");
    let _bert = stage::guest(&server, &invitation, "bert").await;
    assert!(anna.wait_for(|message| matches!(message, ServerMessage::Member { .. })).await.is_some());
}
