//! Claims about another implementation of WebRTC beside the crate `webrtc`: `str0m`, over UDP, with whoever else is there.

use std::{collections::BTreeSet, time::Duration};

use media_core::signalling::{Mode, Request, ServerMessage};
use str0m::{media::MediaKind, rtp::RtpPacket};

use crate::{
    http_request::drops,
    media::Media,
    person::Person,
    stage,
    station::{Descriptor, Offered, Station},
};

const STEP: Duration = Duration::from_millis(20);
const TALKER: Offered = Offered { microphone: true, encodings: 0, descriptors: true, receives: (1, 0) };

/// Lets stations work until all of this is so.
async fn until(stations: &mut [&mut Station], is_so: impl Fn(&[&mut Station]) -> bool) -> bool {
    for _ in 0..500 {
        if is_so(stations) {
            return true;
        }
        for station in &mut *stations {
            station.work(STEP / 4).await;
        }
    }
    false
}

/// Lets one speak until the other hears.
async fn hears(speaker: &mut Station, listener: &mut Station, payload: &[u8]) -> bool {
    for _ in 0..200 {
        speaker.say(payload);
        speaker.work(STEP / 2).await;
        listener.work(STEP / 2).await;
        if listener.payloads().contains(payload) {
            return true;
        }
    }
    false
}

/// Two with stations, who have agreed on what they send to each other.
async fn pair(server: &media_node::Server, offered: Offered) -> [(Person, Box<Station>); 2] {
    let (mut anna, invitation) = stage::conference(server, Mode::Discussion).await;
    let mut annas = Station::of(&mut anna, offered).await;
    let mut bert = stage::guest(server, &invitation, "bert").await;
    let mut berts = Station::of(&mut bert, offered).await;
    let kind = if offered.encodings > 0 { MediaKind::Video } else { MediaKind::Audio };
    let added = anna.wait_for(|message| matches!(message, ServerMessage::TrackAdded { .. })).await;
    assert!(added.is_some(), "anna is told of what bert sends");
    annas.renegotiate(&mut anna, kind).await;
    let connected = |stations: &[&mut Station]| stations.iter().all(|station| station.is_connected());
    assert!(until(&mut [&mut annas, &mut berts], connected).await, "both come to be connected");
    [(anna, Box::new(annas)), (bert, Box::new(berts))]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn str0m_and_webrtc_hear_each_other() {
    let server = stage::server().await;
    let (mut anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let mut annas = Media::new(1_001, 1).await;
    annas.negotiate(&mut anna).await;
    let mut bert = stage::guest(&server, &invitation, "bert").await;
    let mut berts = Station::of(&mut bert, TALKER).await;
    anna.wait_for(|message| matches!(message, ServerMessage::TrackAdded { .. })).await;
    annas.negotiate(&mut anna).await;
    assert!(until(&mut [&mut berts], |stations| stations[0].is_connected()).await);
    annas.connected().await;

    let (mut of_anna, mut of_bert) = (false, None);
    for _ in 0..150 {
        annas.say(b"what anna sealed").await;
        berts.say(b"what bert sealed");
        berts.work(STEP).await;
        of_anna |= berts.payloads().contains(&b"what anna sealed"[..]);
        of_bert = of_bert.or(annas.hear(Duration::from_millis(1)).await);
        if of_anna && of_bert.is_some() {
            break;
        }
    }
    assert!(of_anna, "str0m hears webrtc");
    assert_eq!(of_bert.map(|packet| packet.payload.to_vec()), Some(b"what bert sealed".to_vec()));
    for reason in ["malformed", "bad-tag", "unknown-payload-type", "foreign-ssrc"] {
        assert_eq!(drops(&server, reason).await, 0, "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_camera_without_dependency_descriptors_is_refused_by_name_and_a_microphone_beside_it_is_not() {
    let server = stage::server().await;
    let (mut anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let plain = Offered { encodings: 1, ..Offered::default() };
    let (_, offer, _) = Station::new(plain).await;
    let answer = anna.ask(Request::Negotiate { offer }).await;
    let ServerMessage::OfferRefused { reason, .. } = answer else { panic!("it is served: {answer:?}") };
    assert_eq!(reason, "no-dependency-descriptor");

    let mut annas = Station::of(&mut anna, Offered { microphone: true, ..plain }).await;
    let mut bert = stage::guest(&server, &invitation, "bert").await;
    let mut berts = Station::of(&mut bert, TALKER).await;
    let connected = |stations: &[&mut Station]| stations.iter().all(|station| station.is_connected());
    assert!(until(&mut [&mut annas, &mut berts], connected).await);
    assert!(hears(&mut annas, &mut berts, b"heard, and not seen").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_frame_comes_through_lines_that_lose_packets_and_the_feedback_of_both_sides_is_understood() {
    let server = stage::server().await;
    let offered = Offered { encodings: 3, descriptors: true, microphone: false, receives: (0, 1) };
    let [(_anna, mut annas), (mut bert, mut berts)] = Box::pin(pair(&server, offered)).await;
    watch(&mut bert).await;
    // What is shown before somebody sees it would be lost without a loss.
    assert!(sees(&mut annas, &mut berts).await, "pictures flow");
    (annas.loses_one_in, berts.loses_one_in) = (12, 12);
    let shown: Vec<String> = (0..100).map(|number| format!("frame {number}, sealed")).collect();
    for payload in &shown {
        annas.show(payload.as_bytes());
        annas.work(STEP / 2).await;
        berts.work(STEP / 2).await;
    }
    (annas.loses_one_in, berts.loses_one_in) = (0, 0);
    // Only a later one shows that the last is missing.
    annas.show(b"the end");
    let shown: BTreeSet<&[u8]> = shown.iter().map(String::as_bytes).collect();
    let all = |stations: &[&mut Station]| stations[1].payloads().is_superset(&shown);
    assert!(
        until(&mut [&mut annas, &mut berts], all).await,
        "{} of 100",
        berts.payloads().intersection(&shown).count()
    );
    assert!(annas.lost() >= 8 && berts.lost() >= 8, "{} and {}", annas.lost(), berts.lost());
    let described = |packet: &RtpPacket| packet.header.ext_vals.user_values.get::<Descriptor>().is_some();
    assert!(berts.heard.iter().all(described), "each says which frames it builds upon");
    let stats = annas.stats.as_ref().expect("a second has passed");
    assert!(stats.rtt.is_some() && stats.egress_loss_fraction.is_some(), "{stats:?}");
    assert_eq!(drops(&server, "malformed").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_that_needs_more_than_paths_are_believed_to_carry_comes_when_probes_have_found_it() {
    let server = stage::server().await;
    let offered = Offered { encodings: 1, descriptors: true, microphone: false, receives: (0, 1) };
    let [(_anna, mut annas), (mut bert, mut berts)] = Box::pin(pair(&server, offered)).await;
    watch(&mut bert).await;
    assert!(sees(&mut annas, &mut berts).await, "nothing but padding could show that there is room");
}

/// Watches the only camera of somebody else.
async fn watch(person: &mut Person) {
    let added = person.wait_for(|message| matches!(message, ServerMessage::TrackAdded { .. })).await;
    let Some(ServerMessage::TrackAdded { track }) = added else { panic!("there is no camera") };
    person.ask(Request::Watch { source: track.participant, kind: track.kind, layer: Some(0) }).await;
}

/// Lets one show frames until the other sees one.
async fn sees(shower: &mut Station, viewer: &mut Station) -> bool {
    for _ in 0..600 {
        shower.show(b"the first");
        shower.work(STEP / 2).await;
        viewer.work(STEP / 2).await;
        if !viewer.heard.is_empty() {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sound_goes_on_from_another_port_with_an_ice_restart_and_without() {
    let server = stage::server().await;
    let [(_anna, mut annas), (mut bert, mut berts)] = Box::pin(pair(&server, TALKER)).await;
    assert!(hears(&mut berts, &mut annas, b"from the first port").await);
    assert!(hears(&mut annas, &mut berts, b"to the first port").await);

    berts.move_away(&mut bert).await;
    assert!(hears(&mut berts, &mut annas, b"from the second port").await);
    assert!(hears(&mut annas, &mut berts, b"to the second port").await);

    berts.is_moved().await;
    assert!(hears(&mut berts, &mut annas, b"from the third port").await);
    assert!(hears(&mut annas, &mut berts, b"to the third port").await);
}
