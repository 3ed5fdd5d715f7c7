//! Claims about coming, going and keeping apart: nothing is left behind, nothing crosses, every account balances
//! (FWD-007, FWD-008).

use super::*;
use crate::signalling::Refusal;

/// Last accounts given: (tracks, subscriptions). All must balance.
fn closed(outputs: &[ForwardingOutput]) -> (usize, usize) {
    let mut counts = (0, 0);
    for output in outputs {
        match output {
            ForwardingOutput::TrackClosed(report) => {
                assert!(report.balances(), "{report:?}");
                counts.0 += 1;
            }
            ForwardingOutput::SubscriptionClosed(report) => {
                assert!(report.balances(), "{report:?}");
                counts.1 += 1;
            }
            _ => {}
        }
    }
    counts
}

pub(super) fn assert_empty(studio: &Studio) {
    let forwarder = &studio.forwarder;
    assert!(forwarder.rooms.is_empty() && forwarder.members.is_empty());
    assert!(forwarder.by_peer.is_empty() && forwarder.by_participant.is_empty());
    assert!(forwarder.tracks.is_empty() && forwarder.subscriptions.is_empty());
    assert!(forwarder.timers.is_empty(), "{:?}", forwarder.timers);
}

#[test]
fn conferences_with_the_same_streams_share_nothing() {
    let mut studio = Studio::with(2);
    studio.enter(OTHER_HALL, 11);
    studio.enter(OTHER_HALL, 12);
    let mut sources = [microphone(700), microphone(700)];
    for (who, source) in [1, 11].into_iter().zip(&sources) {
        studio.publish(who, &[offer(MediaKind::Audio, std::slice::from_ref(source))]);
    }
    for _ in 0..5 {
        let outputs = studio.send(1, &sources[0].sound(30));
        assert_eq!((outputs.len(), sent_to(&outputs, 2).len()), (1, 1));
        let outputs = studio.send(11, &sources[1].sound(30));
        assert_eq!((outputs.len(), sent_to(&outputs, 12).len()), (1, 1));
    }
    let across =
        studio.forwarder.watch(studio.now, ParticipantId(2), ParticipantId(11), MediaKind::Audio, None);
    assert_eq!(across, Err(Refusal::NoSuchTrack));
    assert_eq!(studio.view(12, 11, MediaKind::Audio).forwarded, 5);
}

#[test]
fn who_leaves_leaves_nothing_behind() {
    let mut studio = Studio::with(3);
    let mut camera = studio.camera_of(1, 2);
    studio.watch(2, 1, Some(0));
    studio.watch(3, 1, Some(1));
    let key = camera[0].frame(true, 3);
    studio.send(1, &key[0]);
    studio.send(1, &key[2]);
    assert!(studio.forwarder.poll_timeout().is_some(), "a repair and a key frame wait");
    let outputs = studio.leave(1);
    assert_eq!(closed(&outputs), (1, 2));
    let removed = |output: &&ForwardingOutput| matches!(output, ForwardingOutput::TrackRemoved { .. });
    assert_eq!(outputs.iter().filter(removed).count(), 2);
    assert_eq!(studio.pass(5_000).len(), 0);
    assert_eq!(drops_of(&studio.send(1, &key[1]), 1), [DropReason::NotJoined]);
    studio.leave(2);
    studio.leave(3);
    assert_empty(&studio);
}

#[test]
fn a_subscriber_who_leaves_is_sent_nothing_and_its_account_is_closed() {
    let mut studio = Studio::with(3);
    let mut microphone = studio.microphone_of(1);
    studio.send(1, &microphone.sound(30));
    assert_eq!(closed(&studio.leave(2)), (0, 1));
    let outputs = studio.send(1, &microphone.sound(30));
    assert_eq!((outputs.len(), sent_to(&outputs, 3).len()), (1, 1));
}

#[test]
fn who_rejoins_begins_anew_and_is_seen_under_new_streams() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    let before = studio.send(1, &microphone.sound(30));
    studio.leave(1);
    studio.forwarder.on_entered(studio.now, HALL, ParticipantId(41), PeerId(1), AUDIO);
    let source = std::slice::from_ref(&microphone);
    studio.publish(41, &[offer(MediaKind::Audio, source)]);
    let after = studio.send(1, &microphone.sound(30));
    assert_eq!(sent_to(&after, 2).len(), 1);
    assert_ne!(sent_to(&before, 2)[0].ssrc, sent_to(&after, 2)[0].ssrc);
    assert_eq!(studio.view(2, 41, MediaKind::Audio).offered, 1);
}

#[test]
fn tracks_that_are_published_again_are_not_touched() {
    let mut studio = Studio::with(2);
    let (mut voice, picture) = (microphone(100), camera(200, 2));
    let voice_offer = offer(MediaKind::Audio, std::slice::from_ref(&voice));
    studio.publish(1, std::slice::from_ref(&voice_offer));
    let mut outputs = studio.send(1, &voice.sound(30));
    let news = studio.publish(1, &[offer(MediaKind::Camera, &picture), voice_offer]);
    assert!(matches!(news.as_slice(), [ForwardingOutput::TrackAdded { .. }]), "{news:?}");
    outputs.extend(studio.send(1, &voice.sound(30)));
    assert_eq!(steps(&sent_to(&outputs, 2)), [0, 1]);
    let changed = studio.publish(1, &[offer(MediaKind::Camera, &picture[..1])]);
    assert_eq!(closed(&changed), (2, 2), "the microphone and the old camera");
}

#[test]
fn a_late_joiner_learns_of_every_track_and_accounts_from_there() {
    let mut studio = Studio::with(2);
    let mut microphone = studio.microphone_of(1);
    studio.send(1, &microphone.sound(30));
    let news = studio.enter(HALL, 3);
    assert!(matches!(news.as_slice(), [ForwardingOutput::TrackAdded { peer: PeerId(3), .. }]), "{news:?}");
    studio.send(1, &microphone.sound(30));
    assert_eq!(studio.view(3, 1, MediaKind::Audio).offered, 1);
    assert_eq!(studio.view(2, 1, MediaKind::Audio).offered, 2);
}

#[test]
fn nobody_watches_themselves_or_what_is_not_there() {
    let mut studio = Studio::with(2);
    studio.camera_of(1, 1);
    for (subscriber, source, kind) in
        [(1, 1, MediaKind::Camera), (2, 1, MediaKind::Screen), (2, 9, MediaKind::Camera)]
    {
        let (subscriber, source) = (ParticipantId(subscriber), ParticipantId(source));
        let watched = studio.forwarder.watch(studio.now, subscriber, source, kind, Some(0));
        assert_eq!(watched, Err(Refusal::NoSuchTrack));
    }
}
