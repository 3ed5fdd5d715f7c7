//! Claims about getting in: JOIN-001, JOIN-002, JOIN-007, PRES-003, PRES-008, CAP-004, AVC-001.

use super::*;
use crate::{
    ids::{ConferenceId, InvitationId},
    signalling::{Invitation, OutReason},
};

fn invite(hall: &mut Hall, peer: u32) -> Invitation {
    let effects = hall.ask(peer, Request::CreateInvitation);
    match to(&effects, peer).as_slice() {
        [ServerMessage::Invited { invitation, .. }] => invitation.clone(),
        messages => panic!("no invitation: {messages:?}"),
    }
}

/// The number of somebody who waits, as moderators were told it.
fn knocked(effects: &[Effect], moderator: u32) -> ParticipantId {
    match to(effects, moderator).as_slice() {
        [ServerMessage::Knock { participant, .. }] => *participant,
        messages => panic!("no knock: {messages:?}"),
    }
}

#[test]
fn a_person_with_the_link_joins_without_licence_or_account() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.guest(1, &link);
    assert_eq!((hall.role(1), hall.permissions(1)), (Role::Guest, Permissions::ALL));
}

#[test]
fn an_unknown_credential_makes_a_guest_and_gives_no_sign() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.holder(1, &link, 77);
    assert_eq!(hall.role(1), Role::Guest);
}

#[test]
fn a_wrong_link_gets_one_answer_whatever_the_conference_is_like() {
    let mut hall = Hall::new(ConferenceConfig { participants_max: 2, ..config() });
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    let other = hall.start_as(1, 1, Mode::Discussion, false);
    let revoked = invite(&mut hall, 0);
    hall.done(0, Request::RevokeInvitation { invitation: revoked.id });
    hall.done(0, Request::Lock { locked: true });
    hall.guest(2, &other);

    let wrong = LinkToken { token: Token::from_bytes([0; 16]), ..link.clone() };
    let unknown = LinkToken { conference: ConferenceId(4711), ..link.clone() };
    let foreign = LinkToken { conference: link.conference, ..other.clone() };
    let into_full = LinkToken { conference: other.conference, ..link.clone() };
    for link in [wrong, unknown, foreign, into_full, revoked.link] {
        assert_eq!(hall.refused(3, join(&link)), Refusal::InvalidLink);
        assert_eq!(hall.refused(3, join_as(&link, 0)), Refusal::InvalidLink);
    }
    assert_eq!(hall.refused(3, join(&link)), Refusal::ConferenceLocked);
    assert_eq!(hall.refused(3, join(&other)), Refusal::ConferenceFull);
}

#[test]
fn a_revoked_link_admits_nobody_and_the_other_links_stay() {
    let mut hall = Hall::new(config());
    let first = hall.start();
    let second = invite(&mut hall, 0);
    hall.guest(1, &second.link);
    hall.done(0, Request::RevokeInvitation { invitation: second.id });
    assert_eq!(hall.refused(2, join(&second.link)), Refusal::InvalidLink);
    assert!(hall.is_in(1));
    hall.guest(2, &first);
    let again = Request::RevokeInvitation { invitation: second.id };
    assert_eq!(hall.refused(0, again), Refusal::NoSuchInvitation);
    let never = Request::RevokeInvitation { invitation: InvitationId(99) };
    assert_eq!(hall.refused(0, never), Refusal::NoSuchInvitation);
}

#[test]
fn who_enters_is_told_mode_and_roster_after_media_and_before_the_others_hear() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let effects = hall.ask(1, join(&link));
    let guest = hall.participant(1);
    let [
        Effect::Entered { participant, permissions: Permissions::NONE, peer: PeerId(1), .. },
        Effect::Send {
            peer: PeerId(1),
            message: ServerMessage::Entered { mode: Mode::Presenter, roster, invitation: None, .. },
        },
        Effect::Send { peer: PeerId(0), message: ServerMessage::Member { member } },
    ] = effects.as_slice()
    else {
        panic!("another order: {effects:?}");
    };
    assert_eq!((*participant, member.participant), (guest, guest));
    assert_eq!(roster.len(), 2);
    assert_eq!(roster[1], *member);
}

#[test]
fn a_full_conference_refuses_at_once_and_a_freed_place_is_usable_at_once() {
    let mut hall = Hall::new(ConferenceConfig { participants_max: 3, ..config() });
    let link = hall.start();
    hall.guest(1, &link);
    hall.holder(2, &link, 2);
    assert_eq!(hall.refused(3, join(&link)), Refusal::ConferenceFull);
    hall.disconnect(1);
    hall.guest(3, &link);
    hall.disconnect(0);
    hall.guest(4, &link);
    assert_eq!(hall.refused(0, join_as(&link, 0)), Refusal::ConferenceFull, "the host too needs a place");
}

#[test]
fn fifty_take_part_unless_configured_otherwise() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    for peer in 1..50 {
        hall.guest(peer, &link);
    }
    assert_eq!(hall.refused(50, join(&link)), Refusal::ConferenceFull);
    assert_eq!(hall.directory.statistics().present, 50);
}

#[test]
fn an_avc_room_counts_as_one_participant() {
    let mut hall = Hall::new(ConferenceConfig { participants_max: 2, ..config() });
    let link = hall.start();
    let client = ClientInfo { endpoint: EndpointKind::AvcRoom, encryption: Some(Encryption::DEFAULT) };
    let effects = hall.ask(
        1,
        Request::Join {
            link: link.clone(),
            credential: None,
            resume: None,
            attempt: None,
            name: "hall".into(),
            client,
        },
    );
    let shown = to(&effects, 0);
    assert!(
        matches!(shown[0], ServerMessage::Member { member } if member.endpoint == EndpointKind::AvcRoom),
        "{shown:?}"
    );
    assert_eq!(hall.directory.statistics().present, 2);
    assert_eq!(hall.refused(2, join(&link)), Refusal::ConferenceFull);
}

#[test]
fn who_waits_is_nobody_until_a_moderator_admits_them() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    let effects = hall.ask(1, join(&link));
    let who = knocked(&effects, 0);
    assert_eq!(to(&effects, 1), [&ServerMessage::Waiting { request: hall.request }]);
    assert!(effects.iter().all(|effect| matches!(effect, Effect::Send { .. })), "{effects:?}");
    assert!(!hall.is_in(1));
    assert_eq!(hall.refused(1, Request::Publish { tracks: Vec::new() }), Refusal::NotIn);
    assert_eq!(hall.refused(1, join(&link)), Refusal::AlreadyIn);
    let watch = Request::Watch { source: who, kind: crate::MediaKind::Camera, layer: None };
    assert_eq!(hall.refused(0, watch), Refusal::NoSuchParticipant);

    let effects = hall.done(0, Request::Admit { participant: who });
    assert_media_first(&effects);
    assert_eq!(hall.participant(1), who);
    assert_eq!(hall.refused(0, Request::Admit { participant: who }), Refusal::NoSuchParticipant);
}

#[test]
fn who_waits_hears_nothing_of_what_goes_on_inside() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    hall.ask(1, join(&link));
    let effects = hall.done(0, Request::SetMode { mode: Mode::Presenter });
    assert_eq!(to(&effects, 1), Vec::<&ServerMessage>::new());
}

#[test]
fn the_answer_to_a_wait_that_ends_carries_the_number_of_the_join() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    let effects = hall.ask(1, join(&link));
    let (who, joined) = (knocked(&effects, 0), hall.request);
    let effects = hall.done(0, Request::Admit { participant: who });
    assert!(matches!(to(&effects, 1)[0], ServerMessage::Entered { request, .. } if *request == joined));
}

#[test]
fn an_admission_to_a_full_conference_ends_the_wait() {
    let mut hall = Hall::new(ConferenceConfig { participants_max: 2, ..config() });
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    let first = hall.ask(1, join(&link));
    let second = hall.ask(2, join(&link));
    let joined = hall.request;
    hall.done(0, Request::Admit { participant: knocked(&first, 0) });
    let effects = hall.ask(0, Request::Admit { participant: knocked(&second, 0) });
    let full = |request| ServerMessage::Refused { request, reason: Refusal::ConferenceFull };
    assert_eq!(to(&effects, 2), [&full(joined)]);
    assert!(to(&effects, 0).contains(&&full(hall.request)));
    assert_eq!(hall.directory.statistics().waiting, 0);
    assert_eq!(hall.refused(2, join(&link)), Refusal::ConferenceFull);
}

#[test]
fn who_is_turned_away_at_the_lobby_is_told_so() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    let effects = hall.ask(1, join(&link));
    let who = knocked(&effects, 0);
    let effects = hall.done(0, Request::Remove { participant: who });
    assert_eq!(to(&effects, 1), [&ServerMessage::Out { reason: OutReason::Denied }]);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Left { .. })), "never was in");
    assert_eq!(hall.directory.statistics().waiting, 0);
}

#[test]
fn moderators_hear_when_somebody_stops_waiting() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    for leaves in [true, false] {
        let effects = hall.ask(1, join(&link));
        let who = knocked(&effects, 0);
        let effects = if leaves { hall.done(1, Request::Leave) } else { hall.disconnect(1) };
        assert_eq!(to(&effects, 0), [&ServerMessage::MemberLeft { participant: who }]);
    }
}

#[test]
fn who_comes_to_moderate_hears_of_everybody_who_waits() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    hall.disconnect(0);
    for peer in [1, 2] {
        hall.ask(peer, join(&link));
    }
    let effects = hall.ask(3, join_as(&link, 0));
    let knocks = to(&effects, 3).into_iter().filter(|m| matches!(m, ServerMessage::Knock { .. }));
    assert_eq!(knocks.count(), 2);
}

#[test]
fn host_and_moderators_pass_lobby_and_lock() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.moderator(1, &link, 1);
    hall.holder(2, &link, 2);
    hall.done(0, Request::Lock { locked: true });
    for peer in 0..3 {
        hall.disconnect(peer);
    }
    assert_eq!(hall.refused(4, join(&link)), Refusal::ConferenceLocked);
    assert_eq!(hall.refused(4, join_as(&link, 2)), Refusal::ConferenceLocked);
    hall.holder(5, &link, 1);
    hall.holder(6, &link, 0);
    assert_eq!((hall.role(5), hall.role(6)), (Role::Moderator, Role::Host));

    let link = hall.start_as(10, 5, Mode::Discussion, true);
    hall.disconnect(10);
    hall.holder(11, &link, 5);
    assert_eq!(hall.role(11), Role::Host);
}

#[test]
fn a_lock_leaves_those_who_wait_to_be_admitted() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    let effects = hall.ask(1, join(&link));
    hall.done(0, Request::Lock { locked: true });
    hall.done(0, Request::Admit { participant: knocked(&effects, 0) });
    assert!(hall.is_in(1));
    hall.done(0, Request::Lock { locked: false });
    knocked(&hall.ask(2, join(&link)), 0);
}

#[test]
fn a_holder_who_comes_again_takes_their_own_place() {
    let mut hall = Hall::new(ConferenceConfig { participants_max: 2, ..config() });
    let link = hall.present();
    let old = hall.participant(0);
    let guest = hall.guest(1, &link);
    hall.done(0, Request::Lock { locked: true });
    let effects = hall.ask(2, join_as(&link, 0));
    let new = hall.participant(2);
    let left = position(&effects, |e| matches!(e, Effect::Left { participant, .. } if *participant == old));
    let entered = position(
        &effects,
        |e| matches!(e, Effect::Entered { participant, permissions: Permissions::ALL, .. } if *participant == new),
    );
    assert_eq!((left, entered), (0, 1), "presents on, without two of them at once");
    assert_eq!(to(&effects, 0), [&ServerMessage::Out { reason: OutReason::Replaced }]);
    assert!(to(&effects, 1).contains(&&ServerMessage::MemberLeft { participant: old }));
    assert!(!hall.is_in(0));
    assert_eq!(hall.role(2), Role::Host);
    hall.done(2, Request::Grant { participant: guest, permissions: AUDIO });
}

#[test]
fn one_connection_is_in_one_conference() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    assert_eq!(hall.refused(0, start(1, Mode::Discussion, false)), Refusal::AlreadyIn);
    assert_eq!(hall.refused(0, join(&link)), Refusal::AlreadyIn);
    for request in [Request::Leave, Request::RaiseHand, Request::End, Request::CreateInvitation] {
        assert_eq!(hall.refused(1, request), Refusal::NotIn);
    }
}
