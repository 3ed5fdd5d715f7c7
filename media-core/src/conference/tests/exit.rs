//! Claims about getting out, and about what somebody who returns finds: LIC-005, JOIN-006.

use super::*;
use crate::signalling::OutReason;

#[test]
fn who_leaves_is_out_before_they_are_told_so() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let guest = hall.guest(1, &link);
    let effects = hall.done(1, Request::Leave);
    assert_media_first(&effects);
    assert!(matches!(effects[0], Effect::Left { participant, peer: PeerId(1), .. } if participant == guest));
    assert_eq!(to(&effects, 0), [&ServerMessage::MemberLeft { participant: guest }]);
    assert_eq!(hall.refused(1, Request::Leave), Refusal::NotIn);
}

#[test]
fn nothing_is_sent_to_who_has_vanished() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.guest(1, &link);
    let effects = hall.disconnect(1);
    assert_eq!(to(&effects, 1), Vec::<&ServerMessage>::new());
    assert_eq!(hall.disconnect(1), []);
}

#[test]
fn the_conference_goes_on_without_its_host_and_moderators_moderate() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.moderator(1, &link, 1);
    let guest = hall.guest(2, &link);
    hall.disconnect(0);
    hall.done(1, Request::Remove { participant: guest });
    hall.guest(2, &link);
    hall.disconnect(1);
    assert_eq!(hall.refused(2, Request::Lock { locked: true }), Refusal::NotModerator);
    hall.holder(3, &link, 0);
    assert_eq!(hall.role(3), Role::Host);
    hall.done(3, Request::Lock { locked: true });
}

#[test]
fn a_holder_who_returns_has_cap_and_granted_word_as_before() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let who = hall.holder(1, &link, 1);
    hall.done(0, Request::Grant { participant: who, permissions: AUDIO_VIDEO });
    hall.done(0, Request::SetPermissions { participant: who, permissions: AUDIO });
    hall.disconnect(1);
    hall.holder(2, &link, 1);
    assert_eq!(hall.permissions(2), AUDIO);
    let who = hall.participant(2);
    hall.done(0, Request::SetPermissions { participant: who, permissions: Permissions::ALL });
    assert_eq!(hall.permissions(2), AUDIO_VIDEO);
}

#[test]
fn a_granted_word_is_not_kept_beyond_presenter_mode() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let who = hall.holder(1, &link, 1);
    hall.done(0, Request::Grant { participant: who, permissions: AUDIO });
    hall.done(0, Request::SetPermissions { participant: who, permissions: AUDIO });
    hall.disconnect(1);
    hall.done(0, Request::SetMode { mode: Mode::Discussion });
    hall.done(0, Request::SetMode { mode: Mode::Presenter });
    hall.holder(2, &link, 1);
    assert_eq!(hall.permissions(2), Permissions::NONE);
    hall.done(0, Request::SetMode { mode: Mode::Discussion });
    assert_eq!(hall.permissions(2), AUDIO, "the cap is kept");
}

#[test]
fn a_guest_who_returns_is_somebody_new() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let before = hall.guest(1, &link);
    hall.done(0, Request::Grant { participant: before, permissions: AUDIO });
    hall.disconnect(1);
    assert_ne!(hall.guest(1, &link), before);
    assert_eq!(hall.permissions(1), Permissions::NONE);
}

#[test]
fn who_is_put_out_is_told_and_can_come_again_only_by_the_usual_way() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let who = hall.moderator(1, &link, 1);
    let effects = hall.done(0, Request::Remove { participant: who });
    assert_media_first(&effects);
    assert_eq!(to(&effects, 1), [&ServerMessage::Out { reason: OutReason::Removed }]);
    hall.done(0, Request::Lock { locked: true });
    assert_eq!(hall.refused(1, join_as(&link, 1)), Refusal::ConferenceLocked);
    hall.done(0, Request::Lock { locked: false });
    hall.holder(1, &link, 1);
    assert_eq!(hall.role(1), Role::Participant);
}

#[test]
fn the_host_cannot_be_put_out() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.moderator(1, &link, 1);
    let host = hall.participant(0);
    assert_eq!(hall.refused(1, Request::Remove { participant: host }), Refusal::NotApplicable);
}
