//! Owns the target of session descriptions: one peer's offers, one after the other, against one negotiation. A refusal changes
//! nothing; an answer has the offer's sections, hands out nothing twice, and is the same when it is asked for again.

use std::collections::BTreeSet;

use media_core::{
    Codec, MediaKind, ParticipantId, Ssrc,
    limits::{ENCODINGS_MAX, TRACKS_MAX},
    signalling::TrackInfo,
    transport::sdp::{Agreement, Fingerprint, IceCredentials, LocalDescription, Negotiation},
};

use super::{Verdict, require};

/// Offers of one input.
const OFFERS_MAX: usize = 4;
/// Bytes that an answer has for each section beside what it repeats: credentials, fingerprint, codecs, streams.
const SECTION_BYTES_MAX: usize = 4_096;

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    let mut negotiation = negotiation();
    let mut next = 1_000;
    let mut fresh = || {
        next += 1;
        Ssrc(next)
    };
    for (round, offer) in bytes.split(|byte| *byte == 0).take(OFFERS_MAX).enumerate() {
        let offer = String::from_utf8_lossy(offer);
        let tracks = tracks(round);
        let before = format!("{negotiation:?}");
        let Ok(agreement) = negotiation.answer(&offer, &tracks, &mut fresh) else {
            let after = format!("{negotiation:?}");
            require(before == after, || format!("a refusal turned {before} into {after}"))?;
            continue;
        };
        judge(&offer, &tracks, &agreement)?;
        let again = negotiation.answer(&offer, &tracks, &mut fresh);
        let again = again.map_err(|reason| format!("what was answered is refused: {reason}"))?;
        require(again.publish == agreement.publish && again.refused == agreement.refused, || {
            format!("{agreement:?} became {again:?}")
        })?;
        require(body(&again.answer) == body(&agreement.answer), || {
            format!("{} became {}", agreement.answer, again.answer)
        })?;
    }
    Ok(())
}

fn negotiation() -> Negotiation {
    Negotiation::new(LocalDescription {
        ice: IceCredentials { ufrag: "node".to_owned(), pwd: "passwordpasswordpassword".to_owned() },
        fingerprint: Fingerprint::new([7; 32]),
        candidates: Vec::new(),
        session: 1,
    })
}

/// Other people's tracks change from offer to offer.
fn tracks(round: usize) -> Vec<TrackInfo> {
    let participants = [3, 4, 5].into_iter().skip(round % 3).map(ParticipantId);
    let tracks = participants.flat_map(|participant| MediaKind::ALL.map(|kind| (participant, kind)));
    let track = |(participant, kind): (ParticipantId, MediaKind)| {
        let ssrc = 100 * participant.0 + 2 * kind.index() as u32;
        let codec = match kind {
            MediaKind::Audio => Codec::Opus,
            MediaKind::Camera => Codec::Vp8,
            MediaKind::Screen => Codec::Vp9,
        };
        TrackInfo { participant, kind, codec, layers: 1, ssrc: Ssrc(ssrc), rtx_ssrc: Ssrc(ssrc + 1) }
    };
    tracks.map(track).collect()
}

fn judge(offer: &str, tracks: &[TrackInfo], agreement: &Agreement) -> Verdict {
    let answer = &agreement.answer;
    let sections = |text: &str| text.split('\n').filter(|line| line.starts_with("m=")).count();
    require(sections(offer) == sections(answer), || format!("{offer}\nis answered by\n{answer}"))?;
    let room = offer.len() + SECTION_BYTES_MAX * (1 + sections(offer));
    require(answer.len() <= room, || format!("{} bytes become {}", offer.len(), answer.len()))?;
    let plain = answer.split_terminator("\r\n").all(|line| line.as_bytes().get(1) == Some(&b'='));
    require(plain, || format!("an answer with a line that is none: {answer}"))?;
    let msids: Vec<&str> = answer.lines().filter(|line| line.starts_with("a=msid:")).collect();
    let differ = msids.iter().collect::<BTreeSet<_>>().len() == msids.len();
    require(differ && msids.len() + agreement.unplaced == tracks.len(), || {
        format!("{msids:?} and {} others of {}", agreement.unplaced, tracks.len())
    })?;
    let kinds: BTreeSet<_> = agreement.publish.iter().map(|track| track.kind).collect();
    require(kinds.len() == agreement.publish.len() && kinds.len() <= TRACKS_MAX, || {
        format!("a kind twice: {agreement:?}")
    })?;
    let mut ssrcs = BTreeSet::new();
    for track in &agreement.publish {
        let most = if track.kind.is_video() { ENCODINGS_MAX } else { 1 };
        let counted = (1..=most).contains(&track.encodings.len());
        require(counted && track.codec.fits(track.kind), || format!("no track of the session: {track:?}"))?;
        for encoding in &track.encodings {
            let fresh = ssrcs.insert(encoding.ssrc) && ssrcs.insert(encoding.rtx_ssrc);
            require(fresh && encoding.target_kbps > 0, || format!("{encoding:?} in {agreement:?}"))?;
        }
    }
    Ok(())
}

/// An answer without the line that counts it.
fn body(answer: &str) -> String {
    answer.lines().filter(|line| !line.starts_with("o=")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = include_str!("../../../fixtures/sdp/firefox-full.sdp");

    fn agreement() -> Agreement {
        negotiation().answer(OFFER, &tracks(0), &mut || Ssrc(9)).expect("the offer is served")
    }

    #[test]
    fn what_is_wrong_with_an_answer_is_noticed() {
        assert_eq!(judge(OFFER, &tracks(0), &agreement()), Ok(()));
        let broken: [fn(&mut Agreement); 6] = [
            |agreement| agreement.answer = agreement.answer.replacen("m=video", "a=video", 1),
            |agreement| agreement.answer = agreement.answer.replacen("a=mid", "mid", 1),
            |agreement| agreement.answer = agreement.answer.replace("p3-camera", "p3-screen"),
            |agreement| agreement.unplaced += 1,
            |agreement| agreement.publish.push(agreement.publish[0].clone()),
            |agreement| agreement.publish[1].encodings[0].ssrc = agreement.publish[0].encodings[0].ssrc,
        ];
        for (place, damage) in broken.into_iter().enumerate() {
            let mut agreement = agreement();
            damage(&mut agreement);
            assert!(judge(OFFER, &tracks(0), &agreement).is_err(), "{place}");
        }
    }

    #[test]
    fn the_script_reaches_a_second_answer() {
        let (_, script) = crate::fuzz::target("session-description")
            .and_then(|target| target.corpus().iter().find(|(name, _)| *name == "seed-rounds"))
            .expect("the script is kept");
        let mut negotiation = negotiation();
        let mut next = 1_000;
        let mut rounds = Vec::new();
        for (round, offer) in script.split(|byte| *byte == 0).enumerate() {
            let mut fresh = || {
                next += 1;
                Ssrc(next)
            };
            let answered = negotiation.answer(&String::from_utf8_lossy(offer), &tracks(round), &mut fresh);
            let agreement = answered.expect("the script's offers are served");
            let encodings: Vec<_> = agreement.publish.iter().map(|track| track.encodings.len()).collect();
            rounds.push((agreement.restarts_ice, encodings));
        }
        assert_eq!(rounds, [(false, vec![1, 2, 2]), (true, vec![2, 2])]);
    }
}
