//! Claims about time: it never goes back, and every announced timeout leads further.

use std::time::Duration;

use media_core::engine::ApiError;

use super::*;

#[test]
fn time_that_goes_back_is_the_callers_error_and_changes_nothing() {
    let (mut server, link) = Server::with_conference(Mode::Discussion, false);
    server.now = Timestamp::from_millis(50);
    server.join(PeerId(2), &link);
    let (now, before) = (Timestamp::from_millis(49), server.now);
    let refused = server.engine.handle_input(now, Input::Disconnected { peer: PeerId(2) });
    assert_eq!(refused, Err(ApiError::TimeWentBack { now, before }));
    assert_eq!(server.engine.statistics().present, 2);
}

/// A camera whose packets and key frames are missing: repairs and requests are due, one after the other.
fn server_with_a_gap() -> (Server, Source) {
    let (mut server, link) = Server::with_conference(Mode::Discussion, false);
    let guest = participant_of(&server.join(PeerId(2), &link), PeerId(2));
    let mut picture = Source::new(20, Codec::Vp8);
    server.publish(PeerId(2), MediaKind::Camera, &picture);
    server.ask(HOST, Request::Watch { source: guest, kind: MediaKind::Camera, layer: Some(0) });
    server.send(PeerId(2), &picture.frame(true));
    picture.frame(false);
    server.send(PeerId(2), &picture.frame(false));
    (server, picture)
}

#[test]
fn every_announced_timeout_makes_progress_until_there_is_nothing_left_to_say() {
    let (mut server, _) = server_with_a_gap();
    let (mut requests, mut quiet) = (0, 0);
    for _ in 0..200 {
        let (outputs, at, reason) = server.drain();
        requests += outputs.len();
        quiet = if outputs.is_empty() { quiet + 1 } else { 0 };
        // Who watches somebody is thought of every now and then, whether anything comes or not.
        if reason == TimeoutReason::Idle || quiet > 20 {
            assert!(requests > 0, "the lost packet was asked for");
            return;
        }
        server.now = at;
        server.engine.handle_input(at, Input::Timeout).unwrap();
    }
    panic!("it never comes to rest");
}

#[test]
fn input_that_comes_when_a_timeout_is_due_does_what_is_due() {
    let (mut server, mut picture) = server_with_a_gap();
    server.now = server.now + Duration::from_secs(1);
    // The harness asserts that the timeout after it lies ahead.
    let outputs = server.send(PeerId(2), &picture.frame(false));
    let to_publisher = |output: &&Output| {
        matches!(output, Output::Transmit(Transmit { peer: PeerId(2), packet: Outgoing::Rtcp(_) }))
    };
    assert_eq!(outputs.iter().filter(to_publisher).count(), 1);
}

#[test]
fn an_empty_conference_ends_by_its_timeout() {
    let (mut server, _) = Server::with_conference(Mode::Discussion, false);
    server.input(Input::Disconnected { peer: HOST });
    let (_, at, reason) = server.drain();
    assert_eq!(reason, TimeoutReason::Conference);
    server.now = at;
    let outputs = server.input(Input::Timeout);
    assert!(matches!(outputs.as_slice(), [Output::Event(Event::ConferenceEnded(_))]), "{outputs:?}");
    assert_eq!(server.engine.statistics().conferences, 0);
}
