//! Claims about what publishers are told of the interest in their pictures (FWD-006).

use super::*;

#[test]
fn what_nobody_watches_goes_to_nobody_and_is_counted() {
    let mut studio = Studio::with(2);
    let mut camera = studio.camera_of(1, 1);
    let outputs = studio.send_all(1, &camera[0].frame(true, 3));
    assert!(outputs.is_empty());
    assert_eq!(studio.view(2, 1, MediaKind::Camera).dropped.get(DropReason::NotWatched), 3);
}

#[test]
fn demand_is_told_when_it_changes_and_only_then() {
    let mut studio = Studio::with(4);
    studio.camera_of(1, 3);
    assert_eq!(demands(&studio.watch(2, 1, Some(0))), [0b001]);
    assert_eq!(demands(&studio.watch(3, 1, Some(0))), [0; 0]);
    assert_eq!(demands(&studio.watch(4, 1, Some(2))), [0b101]);
    assert_eq!(demands(&studio.watch(4, 1, None)), [0b001]);
    assert_eq!(demands(&studio.watch(2, 1, None)), [0; 0]);
    assert_eq!(demands(&studio.leave(3)), [0]);
}

#[test]
fn both_layers_are_wanted_until_the_switch_is_made() {
    let mut studio = Studio::with(2);
    let mut camera = studio.camera_of(1, 2);
    studio.watch(2, 1, Some(0));
    studio.send_all(1, &camera[0].frame(true, 1));
    assert_eq!(demands(&studio.watch(2, 1, Some(1))), [0b11]);
    assert_eq!(demands(&studio.send_all(1, &camera[1].frame(true, 1))), [0b10]);
}

/// The old layer is in nobody's view any more, although no switch from it was ever made.
#[test]
fn after_an_interruption_the_layer_that_was_left_is_not_wanted_any_more() {
    let mut studio = Studio::with(2);
    let mut camera = studio.camera_of(1, 2);
    studio.watch(2, 1, Some(0));
    studio.send_all(1, &camera[0].frame(true, 1));
    studio.watch(2, 1, Some(1));
    studio.permit(1, AUDIO);
    studio.permit(1, Permissions::ALL);
    assert_eq!(demands(&studio.send_all(1, &camera[1].frame(true, 1))), [0b10]);
}

#[test]
fn an_encoding_that_wakes_up_begins_with_a_key_frame_unasked() {
    let mut studio = Studio::with(2);
    let mut camera = studio.camera_of(1, 1);
    let outputs = studio.watch(2, 1, Some(0));
    assert_eq!((demands(&outputs), key_frames_asked(&outputs)), (vec![1], vec![]));
    assert_eq!(key_frames_asked(&studio.pass(400)), [0; 0]);
    assert_eq!(key_frames_asked(&studio.pass(200)), [0], "it did not");
    studio.send_all(1, &camera[0].frame(true, 1));
    assert_eq!(studio.pass(5_000).len(), 0);
}

#[test]
fn of_an_encoding_that_rests_nothing_is_asked_for() {
    let mut studio = Studio::with(2);
    let mut camera = studio.camera_of(1, 1);
    studio.watch(2, 1, Some(0));
    let key = camera[0].frame(true, 4);
    studio.send(1, &key[0]);
    studio.send(1, &key[3]);
    studio.watch(2, 1, None);
    assert_eq!(studio.pass(5_000).len(), 0);
    assert_eq!(studio.forwarder.poll_timeout(), None);
}
