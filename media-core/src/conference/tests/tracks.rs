//! Claims about publishing and watching: CAM-001, and what is refused before the engine sees it.

use super::*;
use crate::{
    ids::Ssrc,
    media::{Codec, MediaKind},
    signalling::{EncodingOffer, TrackOffer},
};

/// A track whose encodings count their SSRCs up from `first`.
fn track(kind: MediaKind, codec: Codec, first: u32, encodings: u32) -> TrackOffer {
    let encoding = |index| EncodingOffer {
        ssrc: Ssrc(first + 2 * index),
        rtx_ssrc: Ssrc(first + 2 * index + 1),
        target_kbps: 500,
    };
    TrackOffer { kind, codec, encodings: (0..encodings).map(encoding).collect() }
}

#[test]
fn every_kind_of_track_can_be_published_whatever_is_permitted_at_the_moment() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let who = hall.guest(1, &link);
    let tracks = vec![
        track(MediaKind::Audio, Codec::Opus, 10, 1),
        track(MediaKind::Camera, Codec::Vp8, 20, 3),
        track(MediaKind::Screen, Codec::H264, 30, 1),
    ];
    let effects = hall.done(1, Request::Publish { tracks: tracks.clone() });
    assert_media_first(&effects);
    assert_eq!(effects[0], Effect::Published { participant: who, tracks });
}

#[test]
fn without_camera_and_microphone_one_takes_part_fully_otherwise() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let who = hall.guest(1, &link);
    let effects = hall.done(1, Request::Publish { tracks: Vec::new() });
    assert_eq!(effects[0], Effect::Published { participant: who, tracks: Vec::new() });
    hall.done(1, Request::RaiseHand);
    let source = hall.participant(0);
    hall.ask(1, Request::Watch { source, kind: MediaKind::Screen, layer: Some(0) });
    hall.done(1, Request::LowerHand);
    hall.done(0, Request::NamePresenter { participant: who });
}

#[test]
fn a_track_list_that_is_not_valid_is_refused() {
    let mut hall = Hall::new(config());
    hall.start();
    let camera = |first| track(MediaKind::Camera, Codec::Vp9, first, 2);
    let audio = |first| track(MediaKind::Audio, Codec::Opus, first, 1);
    let mut same_rtx = audio(10);
    same_rtx.encodings[0].rtx_ssrc = Ssrc(10);
    for tracks in [
        vec![camera(10), camera(20)],
        vec![audio(1), camera(10), track(MediaKind::Screen, Codec::Vp8, 20, 1), camera(30)],
        vec![track(MediaKind::Camera, Codec::Opus, 10, 1)],
        vec![track(MediaKind::Audio, Codec::Vp8, 10, 1)],
        vec![track(MediaKind::Audio, Codec::Opus, 10, 2)],
        vec![track(MediaKind::Audio, Codec::Opus, 10, 0)],
        vec![track(MediaKind::Camera, Codec::Vp8, 10, 0)],
        vec![track(MediaKind::Camera, Codec::Vp8, 10, 4)],
        vec![audio(10), camera(11)],
        vec![same_rtx],
    ] {
        let shown = format!("{tracks:?}");
        assert_eq!(hall.refused(0, Request::Publish { tracks }), Refusal::BadTracks, "{shown}");
    }
    hall.done(0, Request::Publish { tracks: vec![audio(9), camera(11)] });
}

#[test]
fn a_watch_is_the_callers_to_answer() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let (source, subscriber) = (hall.participant(0), hall.guest(1, &link));
    let (kind, layer) = (MediaKind::Camera, Some(2));
    let effects = hall.ask(1, Request::Watch { source, kind, layer });
    assert_eq!(effects, [Effect::Watch { subscriber, request: hall.request, source, kind, layer }]);
}

#[test]
fn one_watches_pictures_of_others_who_are_present() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let (host, guest) = (hall.participant(0), hall.guest(1, &link));
    let watch = |source, kind| Request::Watch { source, kind, layer: Some(0) };
    assert_eq!(hall.refused(1, watch(host, MediaKind::Audio)), Refusal::NoSuchTrack);
    assert_eq!(hall.refused(1, watch(guest, MediaKind::Camera)), Refusal::NoSuchParticipant);
    hall.disconnect(0);
    assert_eq!(hall.refused(1, watch(host, MediaKind::Camera)), Refusal::NoSuchParticipant);
}
