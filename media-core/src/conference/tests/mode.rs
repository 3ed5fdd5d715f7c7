//! Claims about presenter mode: PRES-001, PRES-002, PRES-003, PRES-005, PRES-006.

use super::*;
use Permissions as P;

#[test]
fn in_presenter_mode_only_the_presenter_may_send() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    hall.guest(1, &link);
    hall.moderator(2, &link, 1);
    assert_eq!([0, 1, 2].map(|peer| hall.permissions(peer)), [P::ALL, P::NONE, P::NONE]);
}

#[test]
fn a_switch_takes_effect_before_it_is_acknowledged() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let guests = [hall.guest(1, &link), hall.guest(2, &link)];
    let effects = hall.done(0, Request::SetMode { mode: Mode::Presenter });
    assert_media_first(&effects);
    assert_eq!(changes(&effects), guests.map(|guest| (guest, P::NONE)));
    for peer in 0..3 {
        assert!(to(&effects, peer).contains(&&ServerMessage::ModeChanged { mode: Mode::Presenter }));
        let members = to(&effects, peer).into_iter().filter(|m| matches!(m, ServerMessage::Member { .. }));
        assert_eq!(members.count(), 3, "one presents, two fall silent");
    }
    let effects = hall.done(0, Request::SetMode { mode: Mode::Discussion });
    assert_eq!(changes(&effects), guests.map(|guest| (guest, P::ALL)));
}

#[test]
fn a_switch_to_the_mode_there_is_changes_nothing() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let who = hall.guest(1, &link);
    hall.done(0, Request::Grant { participant: who, permissions: AUDIO });
    assert_eq!(hall.done(0, Request::SetMode { mode: Mode::Presenter }).len(), 1);
    assert_eq!(hall.permissions(1), AUDIO);
}

#[test]
fn a_late_joiner_cannot_send_in_presenter_mode() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.done(0, Request::SetMode { mode: Mode::Presenter });
    let effects = hall.ask(1, join(&link));
    assert!(matches!(effects[0], Effect::Entered { permissions: P::NONE, .. }), "{effects:?}");
}

#[test]
fn a_raised_hand_is_granted_the_word_and_loses_it_again_before_the_answer() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let who = hall.guest(1, &link);
    let effects = hall.done(1, Request::RaiseHand);
    assert!(
        matches!(to(&effects, 0)[0], ServerMessage::Member { member } if member.hand_raised),
        "the host sees it"
    );
    for permissions in [AUDIO, AUDIO_VIDEO, P::NONE] {
        let effects = hall.done(0, Request::Grant { participant: who, permissions });
        assert_media_first(&effects);
        assert_eq!(changes(&effects), [(who, permissions)]);
        assert!(to(&effects, 1).iter().any(|message| matches!(message, ServerMessage::Member { member }
                if !member.hand_raised && member.permissions == permissions)));
    }
}

#[test]
fn a_screen_is_never_granted_nor_a_camera_without_the_word() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let participant = hall.guest(1, &link);
    for permissions in [P::ALL, P { video: true, ..P::NONE }, P { screen: true, ..AUDIO }] {
        assert_eq!(hall.refused(0, Request::Grant { participant, permissions }), Refusal::NotApplicable);
    }
    assert_eq!(hall.permissions(1), P::NONE);
}

#[test]
fn a_grant_reaches_no_further_than_the_cap() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let participant = hall.guest(1, &link);
    hall.done(0, Request::SetPermissions { participant, permissions: AUDIO });
    hall.done(0, Request::Grant { participant, permissions: AUDIO_VIDEO });
    assert_eq!(hall.permissions(1), AUDIO);
}

#[test]
fn the_word_can_be_given_without_a_raised_hand_but_not_to_the_presenter() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let participant = hall.guest(1, &link);
    hall.done(0, Request::Grant { participant, permissions: AUDIO });
    hall.done(0, Request::NamePresenter { participant });
    assert_eq!(hall.refused(0, Request::Grant { participant, permissions: AUDIO }), Refusal::NotApplicable);
    assert_eq!(hall.refused(1, Request::RaiseHand), Refusal::NotApplicable);
}

#[test]
fn there_are_hands_grants_and_presenters_in_presenter_mode_only() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let participant = hall.guest(1, &link);
    assert_eq!(hall.refused(1, Request::RaiseHand), Refusal::NotInPresenterMode);
    assert_eq!(hall.refused(1, Request::LowerHand), Refusal::NotInPresenterMode);
    let grant = Request::Grant { participant, permissions: AUDIO };
    assert_eq!(hall.refused(0, grant), Refusal::NotInPresenterMode);
    assert_eq!(hall.refused(0, Request::NamePresenter { participant }), Refusal::NotInPresenterMode);
}

#[test]
fn going_back_to_discussion_clears_hands_grants_and_the_presenter() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let granted = hall.guest(1, &link);
    let presenter = hall.guest(2, &link);
    hall.guest(3, &link);
    hall.done(0, Request::Grant { participant: granted, permissions: AUDIO });
    hall.done(0, Request::NamePresenter { participant: presenter });
    hall.done(3, Request::RaiseHand);
    hall.done(0, Request::SetMode { mode: Mode::Discussion });
    hall.done(0, Request::SetMode { mode: Mode::Presenter });
    assert_eq!([0, 1, 2, 3].map(|peer| hall.permissions(peer)), [P::ALL, P::NONE, P::NONE, P::NONE]);
    let running = hall.directory.conferences.values().next().unwrap();
    assert!(running.roster.as_slice().iter().all(|attendee| !attendee.hand_raised));
}

#[test]
fn the_next_presenter_may_speak_before_the_last_one_may_no_longer() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let (host, next) = (hall.participant(0), hall.guest(1, &link));
    let effects = hall.done(0, Request::NamePresenter { participant: next });
    assert_media_first(&effects);
    assert_eq!(changes(&effects), [(next, P::ALL), (host, P::NONE)]);
    let effects = hall.done(0, Request::NamePresenter { participant: host });
    assert_eq!(changes(&effects), [(host, P::ALL), (next, P::NONE)]);
}

#[test]
fn a_presenter_keeps_no_grant_for_the_time_after() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let (host, who) = (hall.participant(0), hall.guest(1, &link));
    hall.done(0, Request::Grant { participant: who, permissions: AUDIO });
    hall.done(0, Request::NamePresenter { participant: who });
    hall.done(0, Request::NamePresenter { participant: host });
    assert_eq!(hall.permissions(1), P::NONE);
}

#[test]
fn when_the_presenter_goes_the_host_presents() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    let (host, who) = (hall.participant(0), hall.guest(1, &link));
    hall.done(0, Request::NamePresenter { participant: who });
    let effects = hall.disconnect(1);
    assert_eq!(changes(&effects), [(host, P::ALL)]);
}

#[test]
fn without_a_host_a_moderator_presents_and_without_both_nobody_until_the_host_returns() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    hall.guest(1, &link);
    let moderator = hall.moderator(2, &link, 1);
    assert_eq!(changes(&hall.disconnect(0)), [(moderator, P::ALL)]);
    assert_eq!(changes(&hall.disconnect(2)), []);
    assert_eq!(hall.permissions(1), P::NONE);
    hall.holder(3, &link, 3);
    assert_eq!(hall.permissions(3), P::NONE);
    let effects = hall.ask(4, join_as(&link, 0));
    assert!(matches!(effects[0], Effect::Entered { permissions: P::ALL, .. }), "{effects:?}");
}

#[test]
fn a_cap_bounds_the_presenter_too() {
    let mut hall = Hall::new(config());
    hall.present();
    let participant = hall.participant(0);
    hall.done(0, Request::SetPermissions { participant, permissions: AUDIO });
    assert_eq!(hall.permissions(0), AUDIO);
}
