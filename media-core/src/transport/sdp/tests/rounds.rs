//! Holds a row of offers of one peer to what was agreed on before.

use super::{answer, everything, local, track};
use crate::{
    MediaKind, Ssrc,
    transport::sdp::{Agreement, IceCredentials, Negotiation},
};

const CHROMIUM: &str = include_str!("../../../../../fixtures/sdp/chromium-full.sdp");

/// The sections of an answer.
fn sections(agreement: &Agreement) -> Vec<&str> {
    agreement.answer.split("m=").skip(1).collect()
}

/// Which track a section of the answer carries.
fn carried(section: &str) -> Option<&str> {
    section.lines().find_map(|line| line.strip_prefix("a=msid:")).and_then(|msid| msid.split(' ').nth(1))
}

fn carries(agreement: &Agreement) -> Vec<Option<&str>> {
    sections(agreement).into_iter().map(carried).collect()
}

#[test]
fn a_track_stays_in_its_section_for_as_long_as_it_exists() {
    let mut negotiation = Negotiation::new(local());
    let first = answer(&mut negotiation, CHROMIUM, &everything(3)).unwrap();
    let expected = [None, None, None, Some("p3-audio"), Some("p3-camera"), Some("p3-screen"), None];
    assert_eq!(carries(&first), expected);
    let second =
        answer(&mut negotiation, CHROMIUM, &[track(4, MediaKind::Camera), track(3, MediaKind::Screen)]);
    let second = second.unwrap();
    assert_eq!(carries(&second)[3..6], [None, Some("p4-camera"), Some("p3-screen")]);
    assert!(sections(&second)[3].contains("a=inactive"));
    assert_eq!((first.unplaced, second.unplaced), (0, 0));
}

#[test]
fn what_finds_no_section_is_counted() {
    let mut negotiation = Negotiation::new(local());
    let tracks: Vec<_> = [3, 4, 5].into_iter().flat_map(everything).collect();
    assert_eq!(answer(&mut negotiation, CHROMIUM, &tracks).unwrap().unplaced, 6);
}

#[test]
fn a_track_goes_only_where_its_codec_is_known() {
    let mut negotiation = Negotiation::new(local());
    let without = CHROMIUM.replace("VP8/90000", "X8/90000");
    let agreement = answer(&mut negotiation, &without, &everything(3)).unwrap();
    assert_eq!(carries(&agreement)[3..6], [Some("p3-audio"), None, None]);
    assert_eq!(agreement.unplaced, 2);
}

#[test]
fn encodings_keep_their_ssrcs_over_offers() {
    let mut negotiation = Negotiation::new(local());
    let first = answer(&mut negotiation, CHROMIUM, &[]).unwrap();
    let mut fresh = || panic!("nothing new was offered");
    let second = negotiation.answer(CHROMIUM, &[], &mut fresh).unwrap();
    assert_eq!(first.publish, second.publish);
    assert!(second.answer.contains("o=- 7 2 "), "the version rises");
}

#[test]
fn fresh_ssrcs_are_never_ones_that_are_in_use() {
    let mut negotiation = Negotiation::new(local());
    // The screen's own, again and again.
    let agreement = negotiation.answer(CHROMIUM, &[], &mut || Ssrc(3_357_706_309)).unwrap();
    let encodings = agreement.publish.iter().flat_map(|track| &track.encodings);
    let mut ssrcs: Vec<_> = encodings.flat_map(|encoding| [encoding.ssrc, encoding.rtx_ssrc]).collect();
    let count = ssrcs.len();
    ssrcs.sort_unstable();
    ssrcs.dedup();
    assert_eq!((ssrcs.len(), count), (10, 10));
}

#[test]
fn a_camera_that_pauses_stays_the_camera_and_keeps_its_encodings() {
    let mut negotiation = Negotiation::new(local());
    answer(&mut negotiation, CHROMIUM, &[]).unwrap();
    let camera = CHROMIUM.find("a=mid:1").unwrap();
    let (before, after) = CHROMIUM.split_at(camera);
    let paused = format!("{before}{}", after.replacen("a=sendonly", "a=inactive", 1));
    let agreement = answer(&mut negotiation, &paused, &[]).unwrap();
    let kinds = |agreement: &Agreement| agreement.publish.iter().map(|track| track.kind).collect::<Vec<_>>();
    assert_eq!(kinds(&agreement), [MediaKind::Audio, MediaKind::Screen]);
    assert!(sections(&agreement)[1].contains("a=simulcast:recv q;h;f"));
    let agreement = answer(&mut negotiation, CHROMIUM, &[]).unwrap();
    assert_eq!(kinds(&agreement), MediaKind::ALL);
}

#[test]
fn slides_are_the_screen_wherever_they_stand() {
    let mut negotiation = Negotiation::new(local());
    let slides = CHROMIUM.replacen("a=mid:1\r\n", "a=mid:1\r\na=content:slides\r\n", 1);
    let agreement = answer(&mut negotiation, &slides, &[]).unwrap();
    let encodings = |kind| {
        let mut found = agreement.publish.iter().filter(|track| track.kind == kind);
        found.next().map(|track| track.encodings.len())
    };
    assert_eq!((encodings(MediaKind::Screen), encodings(MediaKind::Camera)), (Some(3), Some(1)));
}

#[test]
fn an_ice_restart_gets_other_credentials_once() {
    let mut negotiation = Negotiation::new(local());
    let first = answer(&mut negotiation, CHROMIUM, &[]).unwrap();
    assert_eq!((first.restarts_ice, first.local_ice), (false, local().ice));
    let spare = IceCredentials { ufrag: "spare".to_owned(), pwd: "anotherpasswordofthenode".to_owned() };
    negotiation.set_spare_ice(spare.clone());
    let same = answer(&mut negotiation, CHROMIUM, &[]).unwrap();
    assert_eq!((same.restarts_ice, same.local_ice), (false, local().ice));
    let restart = CHROMIUM.replace("qUHP", "another");
    let agreement = answer(&mut negotiation, &restart, &[]).unwrap();
    assert!(agreement.restarts_ice);
    assert_eq!((&agreement.local_ice, agreement.remote.ice.ufrag.as_str()), (&spare, "another"));
    assert!(agreement.answer.contains("a=ice-ufrag:spare"));
    assert!(!agreement.answer.contains("a=ice-ufrag:node"));
}

#[test]
fn a_section_that_has_ended_may_become_another_one() {
    let mut negotiation = Negotiation::new(local());
    answer(&mut negotiation, CHROMIUM, &everything(3)).unwrap();
    let ended = CHROMIUM.find("a=mid:5").unwrap();
    let line = CHROMIUM[..ended].rfind("m=video 9").unwrap();
    let stopped = format!("{}m=video 0{}", &CHROMIUM[..line], &CHROMIUM[line + 9..]);
    let agreement = answer(&mut negotiation, &stopped, &everything(3)).unwrap();
    assert!(sections(&agreement)[5].starts_with("video 0 "));
    assert_eq!((carries(&agreement)[5], agreement.unplaced), (None, 1));
    let reused = CHROMIUM.replace("a=mid:5", "a=mid:new").replace("BUNDLE", "BUNDLE new");
    let agreement = answer(&mut negotiation, &reused, &everything(3)).unwrap();
    assert_eq!(carries(&agreement)[5], Some("p3-screen"));
}

#[test]
fn no_password_is_shown() {
    let mut negotiation = Negotiation::new(local());
    let agreement = answer(&mut negotiation, CHROMIUM, &[]).unwrap();
    let shown = format!("{negotiation:?} {agreement:?} {:?}", local());
    assert!(!shown.contains(&local().ice.pwd) && !shown.contains(&agreement.remote.ice.pwd), "{shown}");
}

#[test]
fn a_conference_of_fifty_fits_one_offer() {
    let from = CHROMIUM.find("m=audio 9").unwrap();
    let three = &CHROMIUM[from..CHROMIUM.find("m=application").unwrap()];
    let mut offer = CHROMIUM[..from].to_owned();
    let mut mids = String::new();
    for participant in 0..49 {
        let mut next = three.to_owned();
        for mid in [3, 4, 5] {
            next = next.replace(&format!("a=mid:{mid}\r\n"), &format!("a=mid:{mid}-{participant}\r\n"));
            mids = format!("{mids} {mid}-{participant}");
        }
        offer += &next;
    }
    let offer = offer.replace("BUNDLE 0 1 2 3 4 5 6", &format!("BUNDLE 0 1 2{mids}"));
    let tracks: Vec<_> = (1..50).flat_map(everything).collect();
    let agreement = answer(&mut Negotiation::new(local()), &offer, &tracks).unwrap();
    assert_eq!((agreement.unplaced, agreement.refused.len()), (0, 0));
    assert_eq!(sections(&agreement).len(), 3 + 147);
    assert!(offer.len() > 560_000 && agreement.answer.len() < offer.len(), "{}", offer.len());
}
