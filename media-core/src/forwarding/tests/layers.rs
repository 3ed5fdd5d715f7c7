//! Claims about simulcast layers: where a switch happens, and how the layers' clocks are brought together.

use super::*;

/// Participant 2 sees layer 0 of a camera of participant 1.
fn watched(layers: u32) -> (Studio, Vec<Source>) {
    let mut studio = Studio::with(3);
    let mut camera = studio.camera_of(1, layers);
    studio.watch(2, 1, Some(0));
    assert_eq!(sent_to(&studio.send_all(1, &camera[0].frame(true, 2)), 2).len(), 2);
    (studio, camera)
}

fn switches(outputs: &[ForwardingOutput]) -> Vec<u8> {
    let switches = outputs.iter().filter_map(|output| match output {
        ForwardingOutput::LayerSwitched { encoding, .. } => Some(*encoding),
        _ => None,
    });
    switches.collect()
}

#[test]
fn a_picture_begins_with_a_key_frame() {
    let mut studio = Studio::with(2);
    let mut camera = studio.camera_of(1, 1);
    studio.send_all(1, &camera[0].frame(true, 1));
    studio.watch(2, 1, Some(0));
    let outputs = studio.send_all(1, &camera[0].frame(false, 2));
    assert_eq!(sent_to(&outputs, 2).len(), 0);
    assert_eq!(sent_to(&studio.send_all(1, &camera[0].frame(true, 3)), 2).len(), 3);
    let view = studio.view(2, 1, MediaKind::Camera);
    assert_eq!(view.dropped.get(DropReason::AwaitingKeyFrame), 2);
}

#[test]
fn the_old_layer_flows_until_the_new_ones_key_frame_begins() {
    let (mut studio, mut camera) = watched(2);
    studio.watch(2, 1, Some(1));
    let mut outputs = Vec::new();
    outputs.extend(studio.send_all(1, &camera[1].frame(false, 2)));
    outputs.extend(studio.send_all(1, &camera[0].frame(false, 2)));
    let key = camera[1].frame(true, 3);
    outputs.extend(studio.send_all(1, &key[..1]));
    outputs.extend(studio.send_all(1, &camera[0].frame(true, 2)));
    outputs.extend(studio.send_all(1, &key[1..]));
    let packets = sent_to(&outputs, 2);
    let layers: Vec<Ssrc> = packets.iter().map(|packet| packet.source.meta.ssrc).collect();
    let (low, high) = (camera[0].offer.ssrc, camera[1].offer.ssrc);
    assert_eq!(layers, [low, low, high, high, high]);
    assert_eq!(steps(&packets), [0, 1, 2, 3, 4]);
    assert!(is_monotonic(&packets));
    assert_eq!(switches(&outputs), [1]);
}

#[test]
fn a_layer_that_does_not_exist_means_the_highest() {
    let (mut studio, mut camera) = watched(2);
    studio.watch(2, 1, Some(200));
    let outputs = studio.send_all(1, &camera[1].frame(true, 1));
    assert_eq!(sent_to(&outputs, 2).len(), 1);
}

#[test]
fn who_looks_away_and_back_waits_for_a_key_frame_and_misses_no_number() {
    let (mut studio, mut camera) = watched(1);
    let mut outputs = studio.send_all(1, &camera[0].frame(false, 1));
    studio.watch(2, 1, None);
    outputs.extend(studio.send_all(1, &camera[0].frame(false, 5)));
    studio.watch(2, 1, Some(0));
    let waiting = studio.send_all(1, &camera[0].frame(false, 5));
    assert_eq!(sent_to(&waiting, 2).len(), 0, "nothing that cannot be decoded");
    outputs.extend(studio.send_all(1, &camera[0].frame(true, 2)));
    let packets = sent_to(&outputs, 2);
    assert_eq!(steps(&packets), [0, 1, 2]);
    assert!(is_monotonic(&packets));
    let view = studio.view(2, 1, MediaKind::Camera);
    assert_eq!(view.dropped.get(DropReason::NotWatched), 5);
    assert_eq!(view.dropped.get(DropReason::AwaitingKeyFrame), 5);
}

#[test]
fn a_camera_that_was_barred_goes_on_with_a_key_frame_and_without_a_gap() {
    let (mut studio, mut camera) = watched(1);
    let mut outputs = studio.send_all(1, &camera[0].frame(false, 1));
    studio.permit(1, AUDIO);
    studio.send_all(1, &camera[0].frame(true, 3));
    studio.permit(1, Permissions::ALL);
    studio.pass(500);
    let blind = studio.send_all(1, &camera[0].frame(false, 3));
    assert_eq!(sent_to(&blind, 2).len(), 0);
    assert_eq!(key_frames_asked(&blind), [0]);
    outputs.extend(studio.send_all(1, &camera[0].frame(true, 2)));
    assert_eq!(steps(&sent_to(&outputs, 2)), [0, 1, 2]);
}

#[test]
fn a_picture_that_begins_without_its_structure_is_asked_for_a_key_frame_if_anybody_watches() {
    for watches in [true, false] {
        let mut studio = Studio::with(2);
        studio.permit(1, AUDIO);
        let mut camera = studio.camera_of(1, 1);
        if watches {
            studio.watch(2, 1, Some(0));
        }
        studio.send_all(1, &camera[0].frame(true, 1));
        studio.permit(1, Permissions::ALL);
        studio.pass(500);
        let outputs = studio.send_all(1, &camera[0].frame(false, 1));
        assert_eq!(drops_of(&outputs, 1), [DropReason::UnknownTemplate]);
        assert_eq!(key_frames_asked(&outputs).len(), usize::from(watches));
        let again = key_frames_asked(&studio.send_all(1, &camera[0].frame(false, 1)));
        assert_eq!(again, Vec::<u8>::new(), "not at once again");
        studio.pass(500);
        let later = key_frames_asked(&studio.send_all(1, &camera[0].frame(false, 1)));
        assert_eq!(later.len(), usize::from(watches), "but until one comes");
        let shown = studio.send_all(1, &camera[0].frame(true, 2));
        assert_eq!(sent_to(&shown, 2).len(), if watches { 2 } else { 0 });
    }
}

/// The rest of that key frame went by already: to begin there would leave a hole that nobody fills.
#[test]
fn nobody_begins_at_the_late_first_packet_of_a_key_frame() {
    let (mut studio, mut camera) = watched(1);
    studio.watch(3, 1, Some(0));
    let key = camera[0].frame(true, 4);
    studio.send_all(1, &key[1..]);
    let late = studio.send(1, &camera[0].again(&key[0]));
    assert_eq!(sent_to(&late, 2).len(), 1, "who sees the layer gets it in its place");
    assert_eq!(sent_to(&late, 3).len(), 0);
    assert_eq!(key_frames_asked(&studio.pass(500)), [0], "the newcomer still waits");
    let outputs = studio.send_all(1, &camera[0].frame(true, 3));
    assert_eq!(steps(&sent_to(&outputs, 3)), [0, 1, 2]);
    studio.assert_balanced();
}

#[test]
fn sender_reports_bring_the_layers_clocks_together() {
    let (mut studio, mut camera) = watched(2);
    // One instant is 53,000 on the one clock and 4,000,000,000 on the other, reported at different times.
    let (low, high) = (camera[0].timestamp, 4_000_000_000_u32);
    let reports = [camera[0].report(5_000, low), camera[1].report(5_100, high.wrapping_add(9_000))];
    studio.feed_back(1, &reports[0]);
    studio.feed_back(1, &reports[1]);
    let mut outputs = studio.send_all(1, &camera[0].frame(false, 1));
    studio.watch(2, 1, Some(1));
    studio.pass(400);
    camera[1].timestamp = high.wrapping_add(3_000);
    outputs.extend(studio.send_all(1, &camera[1].frame(true, 1)));
    let packets = sent_to(&outputs, 2);
    let step = packets[1].timestamp.wrapping_sub(packets[0].timestamp);
    assert_eq!(step, 3_000, "one frame later, whenever it arrived");
}

#[test]
fn without_sender_reports_the_time_that_went_by_moves_the_timestamps() {
    let (mut studio, mut camera) = watched(2);
    let mut outputs = studio.send_all(1, &camera[0].frame(false, 1));
    studio.watch(2, 1, Some(1));
    studio.pass(100);
    camera[1].timestamp = 7;
    outputs.extend(studio.send_all(1, &camera[1].frame(true, 1)));
    let packets = sent_to(&outputs, 2);
    assert_eq!(packets[1].timestamp.wrapping_sub(packets[0].timestamp), 9_000);
}

#[test]
fn packets_of_one_frame_have_one_timestamp_also_after_a_switch() {
    let (mut studio, mut camera) = watched(2);
    studio.watch(2, 1, Some(1));
    let outputs = studio.send_all(1, &camera[1].frame(true, 4));
    let timestamps: Vec<u32> = sent_to(&outputs, 2).iter().map(|packet| packet.timestamp).collect();
    assert_eq!(timestamps.len(), 4);
    assert!(timestamps.iter().all(|timestamp| *timestamp == timestamps[0]));
}

#[test]
fn padding_has_its_number_and_begins_nothing() {
    let (mut studio, mut camera) = watched(1);
    studio.watch(3, 1, Some(0));
    let mut packets = camera[0].frame(false, 1);
    packets.push(camera[0].packet(false, &[], b""));
    packets.extend(camera[0].frame(false, 1));
    let outputs = studio.send_all(1, &packets);
    assert_eq!(steps(&sent_to(&outputs, 2)), [0, 1, 2]);
    assert_eq!(sent_to(&outputs, 3).len(), 0);
}
