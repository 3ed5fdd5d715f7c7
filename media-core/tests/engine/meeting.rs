//! Claims about whole meetings: signalling and media together, and the order of what comes out.

use super::*;

const GUEST: PeerId = PeerId(2);

#[test]
fn two_people_see_and_hear_each_other() {
    let (mut server, link) = Server::with_conference(Mode::Discussion, false);
    let joined = server.join(GUEST, &link);
    let guest = participant_of(&joined, GUEST);
    let (mut voice, mut picture) = (Source::new(10, Codec::Opus), Source::new(20, Codec::Vp8));
    server.publish(HOST, MediaKind::Audio, &voice);
    let announced = server.publish(GUEST, MediaKind::Camera, &picture);
    let track = |message| match message {
        ServerMessage::TrackAdded { track } => Some(track),
        _ => None,
    };
    let track = messages_to(&announced, HOST).into_iter().find_map(track).expect("announced");
    let watched = server.ask(HOST, Request::Watch { source: guest, kind: MediaKind::Camera, layer: Some(0) });
    let demand = ServerMessage::Demand { kind: MediaKind::Camera, encodings: 1 };
    assert!(messages_to(&watched, GUEST).contains(&demand));
    for key in [true, false, false] {
        assert_eq!(media_to(&server.send(HOST, &voice.sound()), GUEST).len(), 1);
        let outputs = server.send(GUEST, &picture.frame(key));
        assert_eq!(media_to(&outputs, HOST)[0].ssrc, track.ssrc);
    }
    let (tracks, views) = server.engine.reports();
    assert_eq!((tracks.len(), views.len()), (2, 2));
    assert!(tracks.iter().all(|track| track.balances() && track.admitted == 3));
    assert!(views.iter().all(|view| view.balances() && view.forwarded == 3));
}

#[test]
fn who_is_in_learns_it_before_the_tracks() {
    let (mut server, link) = Server::with_conference(Mode::Discussion, false);
    server.publish(HOST, MediaKind::Audio, &Source::new(10, Codec::Opus));
    let told = messages_to(&server.join(GUEST, &link), GUEST);
    let position = |wanted: fn(&ServerMessage) -> bool| told.iter().position(wanted).expect("told");
    let entered = position(|message| matches!(message, ServerMessage::Entered { .. }));
    assert!(entered < position(|message| matches!(message, ServerMessage::TrackAdded { .. })));
}

/// PRES-002: at the moment of the acknowledgement nobody in the audience may send any more.
#[test]
fn presenter_mode_holds_before_it_is_acknowledged() {
    let (mut server, link) = Server::with_conference(Mode::Discussion, false);
    let guest = participant_of(&server.join(GUEST, &link), GUEST);
    let mut voice = Source::new(10, Codec::Opus);
    server.publish(GUEST, MediaKind::Audio, &voice);
    assert_eq!(media_to(&server.send(GUEST, &voice.sound()), HOST).len(), 1);
    let outputs = server.ask(HOST, Request::SetMode { mode: Mode::Presenter });
    let silenced = outputs.iter().position(|output| {
        matches!(output, Output::Event(Event::PermissionsChanged { participant, permissions })
            if *participant == guest && *permissions == Permissions::NONE)
    });
    let done = ServerMessage::Done { request: server.request };
    let acknowledged = outputs.iter().position(|output| {
        matches!(output, Output::Transmit(Transmit { peer: HOST, packet: Outgoing::Signal(message) })
            if ServerMessage::decode(message).as_ref() == Ok(&done))
    });
    assert!(silenced.expect("silenced") < acknowledged.expect("acknowledged"));
    for _ in 0..5 {
        let outputs = server.send(GUEST, &voice.sound());
        assert_eq!(
            (media_to(&outputs, HOST).len(), drops_of(&outputs, GUEST)),
            (0, vec![DropReason::NotPermitted])
        );
    }
}

/// PRES-003.
#[test]
fn a_late_joiner_cannot_send_in_presenter_mode() {
    let (mut server, link) = Server::with_conference(Mode::Presenter, false);
    server.join(GUEST, &link);
    let mut voice = Source::new(10, Codec::Opus);
    server.publish(GUEST, MediaKind::Audio, &voice);
    let outputs = server.send(GUEST, &voice.sound());
    assert_eq!(drops_of(&outputs, GUEST), [DropReason::NotPermitted]);
    assert_eq!(media_to(&outputs, HOST).len(), 0);
}

/// JOIN-007.
#[test]
fn nobody_in_the_lobby_sends_or_receives_a_packet() {
    let (mut server, link) = Server::with_conference(Mode::Discussion, true);
    let (mut voice, mut other) = (Source::new(10, Codec::Opus), Source::new(30, Codec::Opus));
    server.publish(HOST, MediaKind::Audio, &voice);
    let knocked = messages_to(&server.join(GUEST, &link), HOST);
    let Some(ServerMessage::Knock { participant, .. }) = knocked.first() else {
        panic!("a knock: {knocked:?}")
    };
    let refused = messages_to(&server.publish(GUEST, MediaKind::Audio, &other), GUEST);
    assert!(matches!(refused.as_slice(), [ServerMessage::Refused { .. }]), "{refused:?}");
    assert_eq!(media_to(&server.send(HOST, &voice.sound()), GUEST).len(), 0);
    assert_eq!(drops_of(&server.send(GUEST, &other.sound()), GUEST), [DropReason::NotJoined]);

    server.ask(HOST, Request::Admit { participant: *participant });
    server.publish(GUEST, MediaKind::Audio, &other);
    assert_eq!(media_to(&server.send(HOST, &voice.sound()), GUEST).len(), 1);
    assert_eq!(media_to(&server.send(GUEST, &other.sound()), HOST).len(), 1);
}

#[test]
fn after_the_end_nothing_flows_and_every_account_is_closed() {
    let (mut server, link) = Server::with_conference(Mode::Discussion, false);
    server.join(GUEST, &link);
    let mut voice = Source::new(10, Codec::Opus);
    server.publish(GUEST, MediaKind::Audio, &voice);
    server.send(GUEST, &voice.sound());
    let outputs = server.ask(HOST, Request::End);
    let closed = outputs.iter().filter(|output| match output {
        Output::Event(Event::TrackClosed(report)) => report.balances(),
        Output::Event(Event::SubscriptionClosed(report)) => report.balances(),
        _ => false,
    });
    assert_eq!(closed.count(), 2);
    assert_eq!(drops_of(&server.send(GUEST, &voice.sound()), GUEST), [DropReason::NotJoined]);
    let (tracks, views) = server.engine.reports();
    assert!(tracks.is_empty() && views.is_empty());
}

#[test]
fn who_watches_what_is_not_there_is_refused() {
    let (mut server, link) = Server::with_conference(Mode::Discussion, false);
    let guest = participant_of(&server.join(GUEST, &link), GUEST);
    let outputs = server.ask(HOST, Request::Watch { source: guest, kind: MediaKind::Camera, layer: Some(0) });
    let told = messages_to(&outputs, HOST);
    assert!(matches!(told.as_slice(), [ServerMessage::Refused { .. }]), "{told:?}");
}

#[test]
fn a_commit_is_encoded_once_for_all_its_receivers() {
    let (mut server, link) = Server::with_conference(Mode::Discussion, false);
    let peers: Vec<PeerId> = (2..6).map(PeerId).collect();
    let guests: Vec<_> = peers.iter().map(|peer| participant_of(&server.join(*peer, &link), *peer)).collect();
    let bytes = Handshake::new(&vec![7; 60_000]);
    for peer in peers.iter().copied().chain([HOST]).rev() {
        server.ask(peer, Request::OfferKeyPackage { key_package: Handshake::new(&[1]) });
    }
    let commit = |after, adds| Request::Commit { after, commit: bytes.clone(), welcome: None, adds };
    let welcomed =
        Request::Commit { after: 0, commit: bytes.clone(), welcome: Some(bytes.clone()), adds: guests };
    server.ask(HOST, welcomed);
    let outputs = server.ask(HOST, commit(1, Vec::new()));
    let sent = outputs.iter().filter_map(|output| match output {
        Output::Transmit(Transmit { packet: Outgoing::Signal(message), .. }) if message.len() > 60_000 => {
            Some(message)
        }
        _ => None,
    });
    let sent: Vec<_> = sent.collect();
    assert_eq!(sent.len(), 5);
    assert!(sent.iter().all(|message| message.as_ptr() == sent[0].as_ptr()), "the bytes are shared");
}
