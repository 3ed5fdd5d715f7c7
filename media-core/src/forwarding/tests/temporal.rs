//! Claims about temporal layers: fewer frames of a picture when its subscriber's path carries no more.

use super::*;
use crate::forwarding::{
    climber::{Rung, Shortage, TEMPORAL_ALL},
    grants::Grant,
};

/// Frames of a picture with two temporal layers: the base at even numbers, which begin with a key frame.
fn frames(count: u16) -> Vec<Bytes> {
    let mut source = Source::new(1_000, Codec::Vp8);
    source.structure = DependencyStructure::simulcast_l1t2(320, 180);
    (0..count)
        .map(|number| {
            source.timestamp = source.timestamp.wrapping_add(3_000);
            let template = if number == 0 { 0 } else { 1 + (number % 2) as u8 };
            let descriptor =
                DependencyDescriptor::of_template(&source.structure, template, number, true, true).unwrap();
            let mut data = Vec::new();
            descriptor.write(&source.structure, number == 0, &mut data);
            source.packet(true, &[(DEPENDENCY_DESCRIPTOR, &data)], b"ciphertext")
        })
        .collect()
}

fn watched() -> Studio {
    let mut studio = Studio::with(2);
    studio.publish(1, &[offer(MediaKind::Camera, &[Source::new(1_000, Codec::Vp8)])]);
    studio.watch(2, 1, Some(0));
    studio
}

/// From here on participant 2's path carries the picture up to this temporal layer.
fn grant(studio: &mut Studio, temporal: u8) {
    let now = studio.now;
    let (_, subscription) = studio.forwarder.subscriptions.iter_mut().next().unwrap();
    let rung = Some(Rung { encoding: 0, temporal });
    subscription.set_grant(now, Grant { rung, shortage: Shortage::Elsewhere }, 0);
}

fn seen(outputs: &[ForwardingOutput]) -> Vec<(u16, u16)> {
    let packets = sent_to(outputs, 2).into_iter();
    packets.map(|packet| (packet.source.meta.frame.unwrap().number, packet.sequence)).collect()
}

#[test]
fn every_second_frame_goes_through_without_a_gap_and_all_again_from_a_base_frame_on() {
    let mut studio = watched();
    let frames = frames(10);
    let mut outputs = studio.send_all(1, &frames[..3]);
    grant(&mut studio, 0);
    outputs.extend(studio.send_all(1, &frames[3..7]));
    grant(&mut studio, TEMPORAL_ALL);
    // Frame 7 refers to 6, which went through; but the layer begins where the descriptor says that it may.
    outputs.extend(studio.send_all(1, &frames[7..]));
    let seen = seen(&outputs);
    let numbers: Vec<u16> = seen.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [0, 1, 2, 4, 6, 8, 9]);
    let first = seen[0].1;
    assert!((0..).zip(&seen).all(|(place, (_, sequence))| sequence.wrapping_sub(first) == place));
    let view = studio.view(2, 1, MediaKind::Camera);
    assert_eq!(view.dropped.get(DropReason::LayerNotSelected), 3);
}

#[test]
fn what_is_missing_in_front_of_a_frame_that_is_left_out_can_still_be_repaired() {
    let mut studio = watched();
    let frames = frames(6);
    studio.send_all(1, &frames[..2]);
    grant(&mut studio, 0);
    // The base frame 2 is lost; 3 is left out.
    let outputs = studio.send_all(1, &[frames[3].clone(), frames[4].clone()]);
    let [(4, behind)] = seen(&outputs)[..] else { panic!("{:?}", seen(&outputs)) };
    let outputs = studio.send(1, &frames[2]);
    assert_eq!(seen(&outputs), [(2, behind.wrapping_sub(1))]);
}
