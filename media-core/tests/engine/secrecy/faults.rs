//! Claims against what is known to have gone wrong elsewhere, each by its name.

use media_core::{
    DropReason, PeerId, limits,
    signalling::{Encryption, Refusal},
};

use super::{
    hall::{Hall, Input, LINK, Noticed, Setting, Weather},
    hall_of,
    lies::Fork,
};

/// Nextcloud Talk sends frames in clear while it has no key.
#[test]
fn without_a_key_nothing_is_sealed_and_nothing_is_sent() {
    let mut hall = Hall::open(Setting { media: true, ..Setting::quiet(11) });
    hall.lies.deaf.insert(PeerId(0));
    hall.join(1);
    hall.run(1_000);
    assert!(hall.seal(1).is_none(), "nobody has let it in");
    assert!(hall.model.census.counts["silent"] > 10);
    hall.lies.deaf.clear();
    hall.run(7_000);
    assert!(hall.seal(1).is_some(), "it asks again");
}

/// Who has left goes on receiving everything, commits included.
#[test]
fn who_has_left_decrypts_nothing_of_the_epochs_after() {
    let mut hall = hall_of(3, 12);
    hall.lies.eavesdroppers = true;
    hall.leave(2);
    hall.run(1_000);
    let from = hall.participant(0);
    for _ in 0..3 {
        let frame = hall.seal(0).expect("inside");
        assert_eq!(hall.open_frame(2, from, &frame), Err(DropReason::NoKey));
        hall.renew(1);
        hall.run(1_000);
    }
}

/// Rosters that nobody authenticates: who has not the link's secret is in no group, whatever the server shows.
#[test]
fn whom_the_server_shows_without_a_proof_is_in_no_group() {
    let mut hall = hall_of(2, 13);
    hall.join_with(2, [1; 32]);
    hall.run(2_000);
    assert_eq!(hall.member(0).members().len(), 2);
    let stranger = Some(hall.participant(2));
    let rejected =
        |(_, noticed): &(_, Noticed)| matches!(noticed, Noticed::Rejected(who, _) if *who == stranger);
    assert!(hall.client(0).noticed.iter().any(rejected));
}

/// Somebody whom the server hides from one member is followed by that member into no epoch; let in again, it sees them.
#[test]
fn whom_the_server_hides_is_seen_in_the_group() {
    let mut hall = hall_of(3, 14);
    hall.setting.media = true;
    hall.lies.hidden.insert("p3".to_owned(), [PeerId(2)].into());
    hall.join(3);
    hall.run(500);
    let alone = hall.member(2).verification_code();
    assert_ne!(hall.member(0).verification_code(), alone, "they are not in one group");
    let ghost = hall.participant(3);
    let seen = (0..300).any(|_| {
        hall.run(10);
        hall.member(2).hidden().iter().any(|member| member.participant == ghost)
    });
    assert!(seen, "taken in anew, it sees whom it was not shown");
}

/// SFrame leaves replay to the application (RFC 9605 section 9.3).
#[test]
fn a_frame_opens_once_also_after_the_next_epoch_has_begun() {
    let mut hall = hall_of(2, 15);
    let (from, frame) = (hall.participant(0), hall.seal(0).expect("inside"));
    assert!(hall.open_frame(1, from, &frame).is_ok());
    assert_eq!(hall.open_frame(1, from, &frame), Err(DropReason::Replayed));
    hall.renew(0);
    hall.run(500);
    assert_eq!(hall.open_frame(1, from, &frame), Err(DropReason::Replayed));
    let late = hall.seal(0).expect("inside");
    hall.renew(0);
    hall.run(500);
    assert!(hall.open_frame(1, from, &late).is_ok(), "it was under way");
    let never = hall.seal(0).expect("inside");
    hall.renew(0);
    hall.run(limits::EPOCH_OVERLAP.as_millis() as u64 + 500);
    assert_eq!(hall.open_frame(1, from, &never), Err(DropReason::NoKey), "its epoch is forgotten");
}

/// A joiner sees black until a key frame comes: senders learn who came in with the epoch in which they are heard.
#[test]
fn everybody_who_sends_learns_who_needs_a_key_frame_with_the_epoch() {
    let mut hall = hall_of(3, 16);
    hall.join(3);
    hall.run(1_000);
    let joiner = hall.participant(3);
    for peer in 0..3 {
        let Some((_, Noticed::Epoch(change))) = hall.client(peer).noticed.last().cloned() else {
            panic!("the epoch is the last news of {peer}")
        };
        assert_eq!((change.added, change.first), (vec![joiner], false));
    }
    let Some((_, Noticed::Epoch(change))) = hall.client(3).noticed.last().cloned() else { panic!("no news") };
    assert!(change.first, "it has sent nothing yet that the others could know");
}

/// A tag of 4 bytes is forged within an hour: no conference is started with one.
#[test]
fn no_conference_has_tags_of_four_bytes() {
    for sframe in 0..=u16::MAX {
        let known = Encryption { mls: 1, sframe }.is_known();
        assert_eq!(known, sframe == 4 || sframe == 5, "{sframe}");
    }
    let mut hall = Hall::new(Setting::quiet(17));
    hall.setting.encryption = Encryption { mls: 1, sframe: 3 };
    assert_eq!(hall.answer_to_start(), Some(Refusal::UnknownSuite));
}

/// A key is not used up: in time there is another epoch, and nobody misses a frame.
#[test]
fn a_key_that_wears_out_is_replaced_before_it_does() {
    const FRAMES: u64 = 20;
    let setting =
        Setting { renew_after_frames: FRAMES, media: true, weather: Weather::Calm, ..Setting::quiet(18) };
    let mut hall = Hall::open(setting);
    hall.join_with(1, LINK);
    hall.run(1_000);
    let (before, refused) = (hall.member(0).epoch(), hall.model.census.refused.clone());
    for _ in 0..200 {
        hall.run(50);
        for peer in [0, 1] {
            let frames = hall.member(peer).sealer().expect("inside").frames();
            assert!(frames <= FRAMES + 20, "{frames} frames under one key");
        }
    }
    assert!(hall.member(0).epoch() > before.map(|epoch| epoch + 4));
    assert_eq!(hall.model.census.refused, refused, "every frame opens");
}

/// A server that answers a member's commit with silence does not stop it for ever.
#[test]
fn who_gets_no_answer_to_a_commit_asks_to_be_added_anew() {
    let mut hall = hall_of(3, 19);
    hall.lies.withheld = [PeerId(0), PeerId(1), PeerId(2)].into();
    hall.renew(0);
    hall.run(500);
    hall.lies.withheld.clear();
    hall.run(6_000);
    hall.all_hear_all(&[0, 1, 2]);
}

/// Somebody leaves between a commit that adds them and its order: with the usual delays the commit is made 180 ms after they
/// asked to come in.
#[test]
fn who_leaves_while_being_added_splits_no_group() {
    for others in [1, 3] {
        let mut hall = hall_of(others, 20);
        hall.join(8);
        hall.join(9);
        hall.run(165);
        hall.leave(8);
        hall.run(2_000);
        assert!(hall.model.census.counts.contains_key("commit refused for whom it adds"));
        let there: Vec<u32> = (0..others).chain([9]).collect();
        hall.all_hear_all(&there);
        for peer in there {
            let lost = |(_, noticed): &(_, Noticed)| !matches!(noticed, Noticed::Epoch(_));
            assert!(!hall.client(peer).noticed.iter().any(lost), "{peer}");
        }
    }
}

/// Halves of a group that its server split are one again after the next change, since who is behind commits nothing.
#[test]
fn a_group_that_was_split_shows_it_and_grows_together_at_the_next_change() {
    for seed in 21..26 {
        let mut hall = hall_of(5, seed);
        hall.setting.media = true;
        hall.lies.fork = Some(Fork::new([PeerId(1), PeerId(3)].into()));
        hall.renew(0);
        hall.renew(1);
        hall.run(500);
        assert_ne!(hall.member(0).verification_code(), hall.member(1).verification_code());
        assert_eq!(hall.member(0).epoch(), hall.member(1).epoch());
        hall.lies.end();
        hall.leave(4);
        hall.run(4_000);
        assert!(hall.is_together());
    }
}

/// Everybody comes into another group while frames of the first are under way, and both are in an epoch of one number.
#[test]
fn frames_of_two_epochs_of_one_number_open() {
    let mut hall = Hall::open(Setting::quiet(26));
    hall.join(1);
    hall.join(2);
    hall.run(1_000);
    let (number, code) = (hall.member(1).epoch(), hall.member(1).verification_code());
    let (from, late) = (hall.participant(2), hall.seal(2).expect("inside"));
    for peer in 0..3 {
        hall.tell(PeerId(peer), &Input::Refused(Refusal::NotInGroup));
    }
    hall.run(1_000);
    assert_eq!(hall.member(1).epoch(), number);
    assert_ne!(hall.member(1).verification_code(), code);
    let present = hall.seal(2).expect("inside");
    assert!(hall.open_frame(1, from, &present).is_ok());
    assert!(hall.open_frame(1, from, &late).is_ok());
}
