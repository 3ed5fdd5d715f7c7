//! Claims about the loudest microphones (FWD-005), as subscribers hear them.

use super::*;
use crate::limits::SPEAKER_HELD_PACKETS;

const TALK: u8 = 30;
const SILENCE: u8 = 127;

/// Microphones of participants 1 to `count`; participant 99 listens.
fn talking(count: u32) -> (Studio, Vec<Source>) {
    let mut studio = Studio::with(count);
    studio.enter(HALL, 99);
    let microphones = (1..=count).map(|who| studio.microphone_of(who)).collect();
    (studio, microphones)
}

/// 20 ms: everybody sends a packet of their level.
fn round(studio: &mut Studio, microphones: &mut [Source], levels: &[u8]) -> Vec<ForwardingOutput> {
    let mut outputs = Vec::new();
    for (who, (microphone, level)) in (1..).zip(microphones.iter_mut().zip(levels)) {
        outputs.extend(studio.send(who, &microphone.sound(*level)));
    }
    outputs.extend(studio.pass(20));
    outputs
}

/// What participant 99 hears of one microphone.
fn heard<'a>(outputs: &'a [ForwardingOutput], microphone: &Source) -> Vec<&'a ForwardedRtp> {
    let packets = sent_to(outputs, 99).into_iter();
    packets.filter(|packet| packet.source.meta.ssrc == microphone.offer.ssrc).collect()
}

#[test]
fn three_of_five_talkers_are_heard() {
    let (mut studio, mut microphones) = talking(5);
    let mut outputs = Vec::new();
    for _ in 0..50 {
        outputs.extend(round(&mut studio, &mut microphones, &[TALK; 5]));
    }
    let counts: Vec<usize> = microphones.iter().map(|one| heard(&outputs, one).len()).collect();
    assert_eq!(counts, [50, 50, 50, 0, 0]);
    let waiting = studio.track(5, MediaKind::Audio);
    assert_eq!(waiting.held, SPEAKER_HELD_PACKETS as u64);
    assert_eq!(waiting.dropped.get(DropReason::NotLoudest), 50 - waiting.held);
}

#[test]
fn a_louder_voice_is_heard_from_its_first_packet_and_without_the_silence_before() {
    let (mut studio, mut microphones) = talking(4);
    let mut outputs = Vec::new();
    for _ in 0..30 {
        outputs.extend(round(&mut studio, &mut microphones, &[TALK, TALK, TALK, SILENCE]));
    }
    assert_eq!(heard(&outputs, &microphones[3]).len(), 0);
    let onset = microphones[3].sequence;
    for _ in 0..20 {
        outputs.extend(round(&mut studio, &mut microphones, &[TALK, TALK, TALK, TALK - 15]));
    }
    let packets = heard(&outputs, &microphones[3]);
    assert_eq!(packets.len(), 20, "all of the speech and nothing before it");
    assert_eq!(packets[0].source.meta.sequence, onset);
    assert_eq!(steps(&packets), (0..20).collect::<Vec<u16>>());
    assert!(is_monotonic(&packets));
    studio.assert_balanced();
}

#[test]
fn who_loses_the_place_and_gets_it_again_goes_on_without_a_gap() {
    let (mut studio, mut microphones) = talking(4);
    let mut outputs = Vec::new();
    let one_silent = [SILENCE, TALK, TALK, TALK];
    let four_silent = [TALK, TALK, TALK, SILENCE];
    for levels in [four_silent, one_silent, four_silent] {
        for _ in 0..40 {
            outputs.extend(round(&mut studio, &mut microphones, &levels));
        }
    }
    for microphone in &microphones {
        let packets = heard(&outputs, microphone);
        assert!(packets.len() > 20, "{}", packets.len());
        assert_eq!(steps(&packets), (0..packets.len() as u16).collect::<Vec<u16>>());
        assert!(is_monotonic(&packets));
    }
}

#[test]
fn held_packets_that_overtook_one_another_come_out_in_order() {
    let (mut studio, mut microphones) = talking(4);
    for _ in 0..30 {
        round(&mut studio, &mut microphones, &[TALK, TALK, TALK, SILENCE]);
    }
    let onset: Vec<Bytes> = (0..4).map(|_| microphones[3].sound(TALK - 15)).collect();
    let mut outputs = Vec::new();
    for packet in [1, 0, 3, 2] {
        outputs.extend(studio.send(4, &onset[packet]));
        outputs.extend(round(&mut studio, &mut microphones[..3], &[TALK; 3]));
    }
    for _ in 0..5 {
        outputs.extend(studio.send(4, &microphones[3].sound(TALK - 15)));
        outputs.extend(round(&mut studio, &mut microphones[..3], &[TALK; 3]));
    }
    assert_eq!(steps(&heard(&outputs, &microphones[3])), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
}

#[test]
fn a_repair_that_comes_when_others_are_heard_still_fills_its_place() {
    let (mut studio, mut microphones) = talking(4);
    let mut outputs = round(&mut studio, &mut microphones, &[TALK; 3]);
    let lost = microphones[0].sound(TALK);
    outputs.extend(round(&mut studio, &mut microphones, &[TALK; 3]));
    for _ in 0..40 {
        outputs.extend(round(&mut studio, &mut microphones, &[SILENCE, TALK, TALK, TALK]));
    }
    let before = heard(&outputs, &microphones[0]).len() as u16;
    outputs.extend(studio.send(1, &microphones[0].again(&lost)));
    let packets = heard(&outputs, &microphones[0]);
    assert_eq!((packets.len() as u16, *steps(&packets).last().unwrap()), (before + 1, 1));
    studio.assert_balanced();
}

#[test]
fn a_muted_speakers_place_is_free_and_what_was_held_of_them_is_gone() {
    let (mut studio, mut microphones) = talking(4);
    for _ in 0..10 {
        round(&mut studio, &mut microphones, &[TALK; 4]);
    }
    studio.permit(1, Permissions::NONE);
    let outputs = round(&mut studio, &mut microphones[1..], &[TALK; 3]);
    assert_eq!(drops_of(&outputs, 1), [DropReason::ForeignSsrc; 1], "participant 1 sends what is not theirs");
    studio.permit(4, Permissions::NONE);
    let muted = studio.track(4, MediaKind::Audio);
    assert_eq!((muted.held, muted.dropped.get(DropReason::NotPermitted)), (0, 10));
}

#[test]
fn microphones_of_one_conference_do_not_compete_with_those_of_another() {
    let (mut studio, mut microphones) = talking(3);
    studio.enter(OTHER_HALL, 50);
    studio.enter(OTHER_HALL, 51);
    let mut other = studio.microphone_of(50);
    round(&mut studio, &mut microphones, &[TALK - 20; 3]);
    let outputs = studio.send(50, &other.sound(TALK));
    assert_eq!(sent_to(&outputs, 51).len(), 1);
    assert_eq!(outputs.len(), 1);
}
