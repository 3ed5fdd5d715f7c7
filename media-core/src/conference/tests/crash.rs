//! Claims about what a crash of the media node leaves: LIC-006, JOIN-006.

use std::time::Duration;

use super::{
    resume::{back, enter, token_in},
    *,
};
use crate::{
    conference::{ConfigError, ControlState, ResumeError},
    ids::{ConferenceId, HolderId},
    limits::EMPTY_CONFERENCE_GRACE as GRACE,
};

impl Hall {
    /// The node crashes at this moment and carries on `down_for` later, from what the store holds as bytes.
    pub(super) fn crash(&mut self, down_for: Duration) -> Vec<Effect> {
        let stored = serde_json::to_vec(&self.directory.control_state()).unwrap();
        let state: ControlState = serde_json::from_slice(&stored).unwrap();
        assert_eq!(state, self.directory.control_state());
        self.request += 1;
        let rng = ChaCha20Rng::seed_from_u64(u64::from(self.request) + 1);
        self.directory = Directory::resume(self.config.clone(), rng, state, self.now).unwrap();
        self.pass(down_for)
    }
}

const DOWN: Duration = Duration::from_secs(1);

#[test]
fn after_a_crash_everybody_comes_back_as_who_they_were() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    hall.moderator(1, &link, 1);
    let holder = token_in(&hall.ask(2, join_as(&link, 2)), 2);
    let (guest, token) = enter(&mut hall, 3, &link);
    hall.done(0, Request::Grant { participant: guest, permissions: AUDIO_VIDEO });
    hall.done(0, Request::SetPermissions { participant: guest, permissions: AUDIO });
    hall.done(0, Request::Lock { locked: true });

    hall.crash(DOWN);
    assert_eq!(hall.directory.statistics().present, 0);
    assert_eq!(hall.refused(3, Request::RaiseHand), Refusal::NotIn);
    assert_eq!(hall.refused(9, join(&link)), Refusal::ConferenceLocked);
    hall.ask(13, back(&link, None, &token));
    hall.holder(11, &link, 1);
    hall.holder(10, &link, 0);
    hall.ask(12, back(&link, Some(2), &holder));
    let ranks = [10, 11, 12, 13].map(|peer| hall.role(peer));
    assert_eq!(ranks, [Role::Host, Role::Moderator, Role::Participant, Role::Guest]);
    let conference = hall.directory.conference_of(PeerId(10)).unwrap();
    assert_eq!(hall.directory.mode_of(conference), Some(Mode::Presenter));
    assert_eq!([11, 12, 13].map(|peer| hall.permissions(peer)), [Permissions::ALL, Permissions::NONE, AUDIO]);
}

#[test]
fn who_was_removed_before_a_crash_and_links_that_were_revoked_stay_out() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let effects = hall.ask(0, Request::CreateInvitation);
    let ServerMessage::Invited { invitation, .. } = to(&effects, 0)[0].clone() else { panic!("no link") };
    let (guest, token) = enter(&mut hall, 1, &link);
    let who = hall.moderator(2, &link, 1);
    for participant in [guest, who] {
        hall.done(0, Request::Remove { participant });
    }
    hall.done(0, Request::RevokeInvitation { invitation: invitation.id });
    hall.done(0, Request::Lock { locked: true });
    hall.crash(DOWN);
    assert_eq!(hall.refused(1, join(&invitation.link)), Refusal::InvalidLink);
    assert_eq!(hall.refused(1, back(&link, None, &token)), Refusal::ConferenceLocked);
    assert_eq!(hall.refused(2, join_as(&link, 1)), Refusal::ConferenceLocked, "the rank is gone, too");
}

#[test]
fn a_crash_keeps_the_licence_for_the_grace_time_and_no_longer() {
    for returns in [true, false] {
        let mut hall = Hall::new(config());
        let link = hall.start();
        hall.crash(GRACE.saturating_sub(Duration::from_nanos(1)));
        assert_eq!(hall.refused(1, start(0, Mode::Discussion, false)), Refusal::LicenceInUse);
        if returns {
            hall.holder(2, &link, 0);
            hall.pass(GRACE);
            assert_eq!(hall.refused(1, start(0, Mode::Discussion, false)), Refusal::LicenceInUse);
            hall.done(2, Request::End);
        } else {
            hall.pass(Duration::from_nanos(1));
        }
        assert_eq!(hall.directory.statistics().conferences, 0);
        hall.start_as(1, 0, Mode::Discussion, false);
    }
}

#[test]
fn the_grace_time_of_a_conference_that_was_empty_does_not_begin_anew() {
    let mut hall = Hall::new(config());
    hall.start();
    hall.disconnect(0);
    let end = hall.now + GRACE;
    hall.pass(GRACE / 2);
    hall.crash(DOWN);
    assert_eq!(hall.directory.poll_timeout(), Some(end));
}

#[test]
fn a_node_that_is_down_for_longer_ends_the_conference_when_it_is_back() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.crash(GRACE * 2);
    assert_eq!(hall.directory.statistics().conferences, 0);
    assert_eq!(hall.refused(1, join(&link)), Refusal::InvalidLink);
}

#[test]
fn numbers_go_on_and_nobody_waits_after_a_crash() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    hall.ask(1, join(&link));
    let before = hall.directory.peers[&PeerId(1)].participant;
    hall.crash(DOWN);
    assert_eq!(hall.directory.statistics().waiting, 0);
    let host = hall.holder(2, &link, 0);
    assert!(host > before, "no number is given twice");
    hall.ask(1, join(&link));
    assert_eq!(hall.directory.statistics().waiting, 1, "who waited asks again");
}

#[test]
fn a_state_that_does_not_fit_is_refused() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.moderator(1, &link, 1);
    let state = hall.directory.control_state();
    let resume = |config, state| {
        Directory::resume(config, ChaCha20Rng::seed_from_u64(2), state, Timestamp::ZERO).err()
    };
    assert_eq!(resume(config(), state.clone()), None);
    let none = ConferenceConfig { licences: 0, ..config() };
    assert_eq!(resume(none, state.clone()), Some(ResumeError::Config(ConfigError::NoLicences)));
    let fewer = ConferenceConfig { holders: vec![credential(0)], ..config() };
    let unknown = ResumeError::UnknownHolder { holder: HolderId(1), configured: 1 };
    assert_eq!(resume(fewer, state.clone()), Some(unknown));

    let damaged = |damage: &dyn Fn(&mut serde_json::Value)| {
        let mut stored = serde_json::to_value(&state).unwrap();
        damage(&mut stored);
        resume(config(), serde_json::from_value(stored).unwrap())
    };
    let twice = damaged(&|stored| {
        let kept = stored["conferences"][0].clone();
        stored["conferences"].as_array_mut().unwrap().push(kept);
    });
    assert_eq!(twice, Some(ResumeError::LicenceTwice { holder: HolderId(0) }));
    let number = damaged(&|stored| stored["conferences"][0]["id"] = 9.into());
    assert_eq!(number, Some(ResumeError::NumberNotItsOwn { conference: ConferenceId(9) }));
    let both = damaged(&|stored| {
        let mut kept = stored["conferences"][0].clone();
        kept["host"] = 3.into();
        stored["conferences"].as_array_mut().unwrap().push(kept);
    });
    assert_eq!(both, Some(ResumeError::NumberNotItsOwn { conference: ConferenceId(1) }));
}
