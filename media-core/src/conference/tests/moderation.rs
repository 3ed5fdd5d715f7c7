//! Claims about who may do what to whom: LIC-003.

use super::*;
use crate::ids::InvitationId;

fn moderating(participant: ParticipantId) -> Vec<Request> {
    let permissions = Permissions::NONE;
    vec![
        Request::Admit { participant },
        Request::Remove { participant },
        Request::SetMode { mode: Mode::Presenter },
        Request::Lock { locked: true },
        Request::SetPermissions { participant, permissions },
        Request::Grant { participant, permissions },
        Request::NamePresenter { participant },
        Request::CreateInvitation,
        Request::RevokeInvitation { invitation: InvitationId(1) },
    ]
}

fn hosting(participant: ParticipantId) -> Vec<Request> {
    vec![Request::NameModerator { participant }, Request::HandOver { participant }, Request::End]
}

#[test]
fn guests_and_unnamed_holders_moderate_nothing() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.guest(1, &link);
    let who = hall.holder(2, &link, 2);
    for peer in [1, 2] {
        for request in moderating(who) {
            assert_eq!(hall.refused(peer, request), Refusal::NotModerator);
        }
        for request in hosting(who) {
            assert_eq!(hall.refused(peer, request), Refusal::NotHost);
        }
    }
    hall.guest(3, &link);
}

#[test]
fn a_moderator_moderates_and_does_not_host() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.moderator(1, &link, 1);
    let guest = hall.guest(2, &link);
    for request in hosting(guest) {
        assert_eq!(hall.refused(1, request), Refusal::NotHost);
    }
    hall.done(1, Request::SetPermissions { participant: guest, permissions: AUDIO });
    hall.done(1, Request::SetMode { mode: Mode::Presenter });
    hall.done(1, Request::NamePresenter { participant: guest });
    hall.done(1, Request::RevokeInvitation { invitation: InvitationId(1) });
    hall.done(1, Request::Remove { participant: guest });
}

#[test]
fn only_a_present_licence_holder_is_named_moderator() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let host = hall.participant(0);
    let guest = hall.guest(1, &link);
    let named = |participant| Request::NameModerator { participant };
    assert_eq!(hall.refused(0, named(guest)), Refusal::NotLicenceHolder);
    assert_eq!(hall.refused(0, named(ParticipantId(99))), Refusal::NoSuchParticipant);
    assert_eq!(hall.refused(0, named(host)), Refusal::NotApplicable);
    let moderator = hall.moderator(2, &link, 2);
    assert_eq!(hall.role(2), Role::Moderator);
    assert_eq!(hall.done(0, named(moderator)).len(), 1, "twice is once");
}

#[test]
fn a_mute_takes_effect_before_it_is_acknowledged_and_everybody_sees_it() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let participant = hall.guest(1, &link);
    let permissions = Permissions { audio: false, ..Permissions::ALL };
    let effects = hall.done(0, Request::SetPermissions { participant, permissions });
    assert_media_first(&effects);
    assert_eq!(changes(&effects), [(participant, permissions)]);
    for peer in [0, 1] {
        assert!(to(&effects, peer).iter().any(|message| matches!(message, ServerMessage::Member { member }
                if member.participant == participant && member.permissions == permissions)));
    }
}

#[test]
fn a_conference_is_handed_over_with_its_licence() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let heir = hall.holder(1, &link, 1);
    hall.done(0, Request::HandOver { participant: heir });
    assert_eq!((hall.role(0), hall.role(1)), (Role::Moderator, Role::Host));
    assert_eq!(hall.refused(0, Request::End), Refusal::NotHost);
    // The first host's licence is free, the heir's is not.
    assert_eq!(hall.refused(2, start(1, Mode::Discussion, false)), Refusal::LicenceInUse);
    hall.start_as(3, 0, Mode::Discussion, false);
    // So the conference cannot be handed back.
    let back = hall.participant(0);
    assert_eq!(hall.refused(1, Request::HandOver { participant: back }), Refusal::LicenceInUse);
    hall.done(1, Request::End);
    hall.start_as(1, 1, Mode::Discussion, false);
}

#[test]
fn a_conference_is_handed_to_a_present_licence_holder_only() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let guest = hall.guest(1, &link);
    let host = hall.participant(0);
    let to = |participant| Request::HandOver { participant };
    assert_eq!(hall.refused(0, to(guest)), Refusal::NotLicenceHolder);
    assert_eq!(hall.refused(0, to(host)), Refusal::NotApplicable);
    assert_eq!(hall.refused(0, to(ParticipantId(99))), Refusal::NoSuchParticipant);
}

#[test]
fn nobody_of_another_conference_can_be_reached() {
    let mut hall = Hall::new(config());
    hall.present();
    let other = hall.start_as(1, 1, Mode::Presenter, true);
    let stranger = hall.participant(1);
    hall.ask(2, join(&other));
    let waiting = hall.directory.peers[&PeerId(2)].participant;
    for participant in [stranger, waiting] {
        for request in [
            Request::Admit { participant },
            Request::Remove { participant },
            Request::SetPermissions { participant, permissions: Permissions::NONE },
            Request::Grant { participant, permissions: AUDIO },
            Request::NamePresenter { participant },
            Request::NameModerator { participant },
            Request::HandOver { participant },
            Request::Watch { source: participant, kind: crate::MediaKind::Camera, layer: None },
        ] {
            assert_eq!(hall.refused(0, request), Refusal::NoSuchParticipant);
        }
    }
    let invitation = InvitationId(2);
    assert_eq!(hall.refused(0, Request::RevokeInvitation { invitation }), Refusal::NoSuchInvitation);
}
