//! Claims about coming back with the token of an earlier stay: JOIN-006, and what must not follow from it (JOIN-002).

use super::*;
use crate::{
    limits,
    signalling::{Attempt, OutReason},
};

/// Comes back with the token of an earlier stay, as a guest or as a holder.
pub(super) fn back(link: &LinkToken, holder: Option<u8>, token: &Token) -> Request {
    Request::Join {
        link: link.clone(),
        credential: holder.map(credential),
        resume: Some(token.clone()),
        attempt: None,
        name: "back".into(),
        client: DESK,
    }
}

/// The token that somebody's `Entered` tells.
pub(super) fn token_in(effects: &[Effect], peer: u32) -> Token {
    let entered = to(effects, peer).into_iter().find_map(|message| {
        let ServerMessage::Entered { resume, .. } = message else { return None };
        Some(resume.clone())
    });
    entered.unwrap_or_else(|| panic!("did not enter: {effects:?}"))
}

/// A guest comes in: their number and token.
pub(super) fn enter(hall: &mut Hall, peer: u32, link: &LinkToken) -> (ParticipantId, Token) {
    let effects = hall.ask(peer, join(link));
    (hall.participant(peer), token_in(&effects, peer))
}

#[test]
fn a_guest_who_vanished_comes_back_with_cap_and_granted_word() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let (who, token) = enter(&mut hall, 1, &link);
    hall.done(0, Request::Grant { participant: who, permissions: AUDIO_VIDEO });
    hall.done(0, Request::SetPermissions { participant: who, permissions: AUDIO });
    hall.disconnect(1);
    let effects = hall.ask(2, back(&link, None, &token));
    assert_ne!(hall.participant(2), who, "a stay has its own number");
    assert_eq!(hall.permissions(2), AUDIO);
    assert!(
        matches!(effects[0], Effect::Entered { permissions: AUDIO, .. }),
        "not one packet more than before: {effects:?}"
    );
    assert_eq!(token_in(&effects, 2), token, "stays good, should this answer be lost");
    let who = hall.participant(2);
    hall.done(0, Request::SetPermissions { participant: who, permissions: Permissions::ALL });
    assert_eq!(hall.permissions(2), AUDIO_VIDEO);
}

#[test]
fn a_guest_whose_old_connection_counts_as_present_is_replaced() {
    let mut hall = Hall::new(ConferenceConfig { participants_max: 2, ..config() });
    let link = hall.present();
    let (old, token) = enter(&mut hall, 1, &link);
    hall.done(0, Request::SetPermissions { participant: old, permissions: AUDIO });
    hall.done(0, Request::NamePresenter { participant: old });
    hall.done(0, Request::Lock { locked: true });
    let effects = hall.ask(2, back(&link, None, &token));
    let new = hall.participant(2);
    let left = position(&effects, |e| matches!(e, Effect::Left { participant, .. } if *participant == old));
    let entered = position(
        &effects,
        |e| matches!(e, Effect::Entered { participant, permissions: AUDIO, .. } if *participant == new),
    );
    assert_eq!((left, entered), (0, 1), "presents on, muted as before, without two of them at once");
    assert_eq!(to(&effects, 1), [&ServerMessage::Out { reason: OutReason::Replaced }]);
    assert_eq!(hall.directory.statistics().present, 2);
    assert_eq!(hall.disconnect(1), [], "the old connection is nobody's");
}

#[test]
fn a_raised_hand_stays_up_over_a_replacement() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let (_, token) = enter(&mut hall, 1, &link);
    hall.done(1, Request::RaiseHand);
    hall.ask(2, back(&link, None, &token));
    let place = hall.directory.present(PeerId(2)).unwrap();
    assert!(hall.directory.conferences[&place.conference].roster.get(place.participant).unwrap().hand_raised);
}

#[test]
fn who_had_been_in_passes_lock_and_lobby_but_not_a_full_conference() {
    for has_lobby in [true, false] {
        let mut hall = Hall::new(ConferenceConfig { participants_max: 3, ..config() });
        let link = hall.start_as(0, 0, Mode::Discussion, false);
        let (_, guest) = enter(&mut hall, 1, &link);
        let holder = token_in(&hall.ask(2, join_as(&link, 2)), 2);
        hall.directory.conferences.values_mut().for_each(|running| running.has_lobby = has_lobby);
        hall.disconnect(1);
        hall.disconnect(2);
        for peer in [3, 4] {
            let (holder, token) = if peer == 3 { (None, &guest) } else { (Some(2), &holder) };
            hall.done(0, Request::Lock { locked: true });
            hall.ask(peer, back(&link, holder, token));
            assert!(hall.is_in(peer), "passes");
            hall.disconnect(peer);
            hall.done(0, Request::Lock { locked: false });
        }
        hall.directory.conferences.values_mut().for_each(|running| running.has_lobby = false);
        hall.guest(5, &link);
        hall.guest(6, &link);
        assert_eq!(hall.refused(7, back(&link, None, &guest)), Refusal::ConferenceFull);
        hall.disconnect(6);
        hall.ask(7, back(&link, None, &guest));
        assert!(hall.is_in(7), "the refusal has cost nothing");
    }
}

#[test]
fn who_left_was_removed_or_whose_conference_ended_has_no_good_token() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let (_, left) = enter(&mut hall, 1, &link);
    let (removed, removed_token) = enter(&mut hall, 2, &link);
    let holder = token_in(&hall.ask(3, join_as(&link, 2)), 3);
    hall.done(1, Request::Leave);
    hall.done(0, Request::Remove { participant: removed });
    hall.done(3, Request::Leave);
    hall.done(0, Request::Lock { locked: true });
    for (peer, holder, token) in [(4, None, &left), (5, None, &removed_token), (6, Some(2), &holder)] {
        assert_eq!(hall.refused(peer, back(&link, holder, token)), Refusal::ConferenceLocked);
    }
    hall.done(0, Request::End);
    assert_eq!(hall.refused(4, back(&link, None, &left)), Refusal::InvalidLink);
    let next = hall.start();
    hall.done(0, Request::Lock { locked: true });
    assert_eq!(hall.refused(4, back(&next, None, &left)), Refusal::ConferenceLocked);
}

#[test]
fn a_token_counts_in_its_conference_only_and_only_with_the_credential_it_was_given_with() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let other = hall.start_as(10, 1, Mode::Discussion, false);
    let (who, guest) = enter(&mut hall, 1, &link);
    hall.done(0, Request::SetPermissions { participant: who, permissions: AUDIO });
    let holder = token_in(&hall.ask(2, join_as(&link, 2)), 2);
    for peer in [1, 2] {
        hall.disconnect(peer);
    }
    hall.done(0, Request::Lock { locked: true });
    hall.done(10, Request::Lock { locked: true });
    for (link, shown, token) in [
        (&other, None, &guest),
        (&link, Some(3), &guest),
        (&link, None, &holder),
        (&link, Some(3), &holder),
        (&link, None, &Token::from_bytes([0; 16])),
    ] {
        assert_eq!(hall.refused(20, back(link, shown, token)), Refusal::ConferenceLocked);
    }
    hall.ask(20, back(&link, Some(77), &guest));
    assert_eq!(
        (hall.role(20), hall.permissions(20)),
        (Role::Guest, AUDIO),
        "no credential, if an unknown one"
    );
    hall.ask(21, back(&link, Some(2), &holder));
    assert_eq!(hall.role(21), Role::Participant);
}

#[test]
fn a_wrong_token_makes_somebody_new_and_gives_no_sign() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let (who, token) = enter(&mut hall, 1, &link);
    hall.done(0, Request::Grant { participant: who, permissions: AUDIO });
    hall.disconnect(1);
    let effects = hall.ask(2, back(&link, None, &Token::from_bytes([9; 16])));
    assert_eq!(hall.permissions(2), Permissions::NONE);
    assert_ne!(token_in(&effects, 2), token);
    hall.ask(3, back(&link, None, &token));
    assert_eq!(hall.permissions(3), AUDIO, "still there for who has the right one");
}

#[test]
fn a_token_does_not_stand_for_a_link() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let (_, token) = enter(&mut hall, 1, &link);
    let wrong = LinkToken { token: token.clone(), ..link };
    assert_eq!(hall.refused(2, back(&wrong, None, &token)), Refusal::InvalidLink);
}

#[test]
fn a_granted_word_of_who_vanished_ends_with_presenter_mode_and_the_cap_does_not() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let (who, token) = enter(&mut hall, 1, &link);
    hall.done(0, Request::Grant { participant: who, permissions: AUDIO_VIDEO });
    hall.done(0, Request::SetPermissions { participant: who, permissions: AUDIO });
    hall.disconnect(1);
    hall.done(0, Request::SetMode { mode: Mode::Discussion });
    hall.done(0, Request::SetMode { mode: Mode::Presenter });
    hall.ask(2, back(&link, None, &token));
    assert_eq!(hall.permissions(2), Permissions::NONE);
    hall.done(0, Request::SetMode { mode: Mode::Discussion });
    assert_eq!(hall.permissions(2), AUDIO);
}

#[test]
fn a_holder_without_the_token_has_cap_and_word_but_no_way_past_the_lock() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let who = hall.holder(1, &link, 1);
    hall.done(0, Request::SetPermissions { participant: who, permissions: AUDIO });
    hall.disconnect(1);
    hall.done(0, Request::Lock { locked: true });
    assert_eq!(hall.refused(2, join_as(&link, 1)), Refusal::ConferenceLocked);
    hall.done(0, Request::Lock { locked: false });
    hall.holder(2, &link, 1);
    assert_eq!(hall.permissions(2), AUDIO);
}

#[test]
fn the_guest_who_vanished_first_is_forgotten_first_and_no_holder_for_a_guest() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let holder = hall.holder(1, &link, 1);
    hall.done(0, Request::SetPermissions { participant: holder, permissions: AUDIO });
    hall.disconnect(1);
    let mut tokens = Vec::new();
    for _ in 0..=limits::GUESTS_REMEMBERED_MAX {
        tokens.push(enter(&mut hall, 2, &link).1);
        hall.disconnect(2);
        hall.pass(limits::ENTRY_INTERVAL);
    }
    hall.done(0, Request::Lock { locked: true });
    assert_eq!(hall.refused(3, back(&link, None, &tokens[0])), Refusal::ConferenceLocked);
    hall.ask(3, back(&link, None, &tokens[1]));
    assert!(hall.is_in(3));
    hall.done(0, Request::Lock { locked: false });
    hall.holder(4, &link, 1);
    assert_eq!(hall.permissions(4), AUDIO);
}

/// An attempt of an entry whose secret is made of one byte.
fn attempt(link: &LinkToken, secret: u8, number: u32) -> Request {
    Request::Join {
        link: link.clone(),
        credential: None,
        resume: None,
        attempt: Some(Attempt::from_bytes([secret; 16]).numbered(number)),
        name: "guest".into(),
        client: DESK,
    }
}

#[test]
fn who_asks_again_because_an_answer_was_late_is_there_once_and_takes_their_own_place() {
    let mut hall = Hall::new(ConferenceConfig { participants_max: 2, ..config() });
    let link = hall.start();
    let effects = hall.ask(1, attempt(&link, 7, 1));
    let (old, token) = (hall.participant(1), token_in(&effects, 1));
    hall.done(0, Request::SetPermissions { participant: old, permissions: AUDIO });
    hall.done(0, Request::Lock { locked: true });
    let effects = hall.ask(2, attempt(&link, 7, 2));
    assert_eq!(token_in(&effects, 2), token);
    assert_eq!(to(&effects, 1), [&ServerMessage::Out { reason: OutReason::Replaced }]);
    assert_eq!((hall.permissions(2), hall.directory.statistics().present), (AUDIO, 2));
    assert_eq!(hall.refused(3, attempt(&link, 8, 1)), Refusal::ConferenceLocked, "that is another entry");
}

#[test]
fn an_attempt_that_comes_after_a_later_one_puts_nobody_out() {
    for (has_lobby, place) in [(false, "inside"), (true, "in the lobby")] {
        let mut hall = Hall::new(config());
        let link = hall.start_as(0, 0, Mode::Discussion, has_lobby);
        hall.ask(2, attempt(&link, 7, 2));
        assert_eq!(hall.is_in(2), !has_lobby);
        for number in [1, 2] {
            assert_eq!(hall.refused(1, attempt(&link, 7, number)), Refusal::AlreadyIn, "{place}");
        }
        assert_eq!(hall.is_in(2), !has_lobby, "{place}");
        hall.ask(3, attempt(&link, 7, 3));
        assert_eq!((hall.is_in(2), hall.is_in(3)), (false, !has_lobby), "{place}");
    }
}

#[test]
fn who_asks_again_waits_in_the_lobby_once() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    let knock = |effects: &[Effect]| {
        let knocks = to(effects, 0).into_iter().filter_map(|message| {
            let ServerMessage::Knock { participant, .. } = message else { return None };
            Some(*participant)
        });
        knocks.collect::<Vec<_>>()
    };
    let first = knock(&hall.ask(1, attempt(&link, 7, 1)));
    let effects = hall.ask(2, attempt(&link, 7, 2));
    let again = knock(&effects);
    assert!(to(&effects, 0).contains(&&ServerMessage::MemberLeft { participant: first[0] }));
    assert_eq!(to(&effects, 1), [&ServerMessage::Out { reason: OutReason::Replaced }]);
    assert_eq!(hall.refused(0, Request::Admit { participant: first[0] }), Refusal::NoSuchParticipant);
    hall.done(0, Request::Admit { participant: again[0] });
    assert!(hall.is_in(2) && !hall.is_in(1));
}

#[test]
fn the_secret_of_an_entry_ends_with_the_stay() {
    let mut hall = Hall::new(ConferenceConfig { participants_max: 2, ..config() });
    let link = hall.start();
    hall.ask(1, attempt(&link, 7, 1));
    let removed = hall.participant(1);
    hall.done(0, Request::Remove { participant: removed });
    hall.done(0, Request::Lock { locked: true });
    assert_eq!(hall.refused(2, attempt(&link, 7, 2)), Refusal::ConferenceLocked);
}
