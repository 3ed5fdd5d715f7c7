//! Claims about clients that lie to the server: it costs others little, and nobody for ever (SEC-003).

use super::*;
use crate::{limits, signalling::Refusal};

const TALK: u8 = 30;

/// Participant 2 watches the camera of participant 1, which sends; so does participant 3.
fn watched() -> (Studio, Vec<Source>, Ssrc) {
    let mut studio = Studio::with(3);
    let mut camera = studio.camera_of(1, 1);
    studio.watch(2, 1, Some(0));
    studio.watch(3, 1, Some(0));
    let outputs = studio.send_all(1, &camera[0].frame(true, 1));
    let ssrc = sent_to(&outputs, 2)[0].ssrc;
    (studio, camera, ssrc)
}

#[test]
fn who_asks_for_key_frames_all_the_time_gets_them_rarely() {
    let (mut studio, mut camera, ssrc) = watched();
    let (mut asked, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let outputs = studio.pli(2, ssrc);
        refused += drops_of(&outputs, 2).len();
        let wanted = key_frames_asked(&outputs).len() + key_frames_asked(&studio.pass(20)).len();
        asked += wanted;
        studio.send_all(1, &camera[0].frame(wanted > 0, 1));
    }
    let limit = limits::KEY_FRAMES_PER_SUBSCRIPTION;
    let most = limit.burst as usize + 60 / limit.interval.as_secs() as usize;
    assert!((limit.burst as usize..=most).contains(&asked), "{asked} in a minute, at most {most}");
    assert!(refused > 2_850, "{refused}");
    studio.assert_balanced();
}

#[test]
fn somebody_elses_wish_for_a_key_frame_is_heard_while_a_liar_asks_all_the_time() {
    let (mut studio, mut camera, ssrc) = watched();
    for _ in 0..500 {
        let asked = !key_frames_asked(&studio.pli(2, ssrc)).is_empty();
        studio.send_all(1, &camera[0].frame(asked, 1));
        studio.pass(20);
    }
    let outputs = studio.send_all(1, &camera[0].frame(false, 1));
    let other = sent_to(&outputs, 3)[0].ssrc;
    let mut outputs = studio.pli(3, other);
    outputs.extend(studio.pass(500));
    assert_eq!(key_frames_asked(&outputs), [0]);
}

#[test]
fn who_begins_and_ceases_to_watch_all_the_time_starts_the_encoder_rarely() {
    let mut studio = Studio::with(2);
    studio.camera_of(1, 1);
    let mut told = 0;
    for _ in 0..1_500 {
        for layer in [Some(0), None] {
            let (who, whose) = (ParticipantId(2), ParticipantId(1));
            let asked = studio.forwarder.watch(studio.now, who, whose, MediaKind::Camera, layer);
            assert!(matches!(asked, Ok(()) | Err(Refusal::TooManyRequests)), "{asked:?}");
            told += demands(&studio.drain()).len();
        }
        studio.pass(40);
    }
    let limit = limits::WATCHES_PER_SUBSCRIPTION;
    let most = limit.burst as usize + 60 / limit.interval.as_secs() as usize;
    assert!((limit.burst as usize..=most).contains(&told), "{told} in a minute, at most {most}");
}

/// Microphones of three talkers and of somebody who always claims the same level; how many packets of each talker reach
/// participant 99 in ten seconds, and how many there were.
fn beside_a_liar(level: u8) -> ([usize; 3], usize) {
    let mut studio = Studio::with(4);
    studio.enter(HALL, 99);
    let mut microphones: Vec<Source> = (1..=4).map(|who| studio.microphone_of(who)).collect();
    let (mut heard, rounds) = ([0; 3], 500);
    for round in 0..rounds {
        // The liar comes first.
        let mut outputs = studio.send(4, &microphones[3].sound(level));
        for (who, microphone) in (1..=3).zip(&mut microphones) {
            let talk = TALK + (round * 7 % 15) as u8;
            outputs.extend(studio.send(who, &microphone.sound(talk)));
        }
        for packet in sent_to(&outputs, 99) {
            let whose = microphones.iter().position(|one| one.offer.ssrc == packet.source.meta.ssrc);
            if let Some(count) = whose.and_then(|who| heard.get_mut(who)) {
                *count += 1;
            }
        }
        studio.pass(20);
    }
    (heard, rounds)
}

#[test]
fn a_level_that_stands_still_takes_nobodys_place_for_long() {
    let (heard, sent) = beside_a_liar(0);
    let lost = 3 * sent - heard.iter().sum::<usize>();
    let doubted = (limits::SPEAKER_FLAT + limits::SPEAKER_HANGOVER).as_millis() as usize / 20;
    assert!(lost <= doubted + 2, "{lost} packets of 20 ms lost: {heard:?} of {sent}");
    assert!(lost > 0, "for a moment the liar was believed");
}

#[test]
fn the_same_streams_published_by_two_participants_are_two_streams() {
    let mut studio = Studio::with(2);
    studio.enter(HALL, 99);
    let mut victim = studio.microphone_of(1);
    let mut thief = Source::new(victim.offer.ssrc.0, Codec::Opus);
    thief.offer = victim.offer;
    studio.publish(2, &[offer(MediaKind::Audio, std::slice::from_ref(&thief))]);
    let stolen = studio.send(2, &thief.sound(TALK));
    let own = studio.send(1, &victim.sound(TALK));
    assert_ne!(sent_to(&stolen, 99)[0].ssrc, sent_to(&own, 99)[0].ssrc);
    assert_eq!(studio.track(1, MediaKind::Audio).received, 1);
    assert_eq!(studio.track(2, MediaKind::Audio).received, 1);
}
