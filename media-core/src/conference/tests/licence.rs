//! Claims about licences: LIC-001, LIC-002, LIC-004, LIC-006, CAP-002.

use std::time::Duration;

use super::*;
use crate::conference::ConfigError;

#[test]
fn only_a_licence_holder_starts_a_conference() {
    let mut hall = Hall::new(config());
    for credential in [None, Some(Token::from_bytes([99; 16]))] {
        let request = Request::Start {
            credential,
            name: "n".into(),
            mode: Mode::Discussion,
            lobby: false,
            client: DESK,
        };
        assert_eq!(hall.refused(0, request), Refusal::NoLicence);
    }
    hall.start();
    assert_eq!(hall.role(0), Role::Host);
}

#[test]
fn a_holder_runs_one_conference_at_a_time() {
    let mut hall = Hall::new(config());
    hall.start();
    assert_eq!(hall.refused(1, start(0, Mode::Discussion, false)), Refusal::LicenceInUse);
    hall.done(0, Request::End);
    hall.start_as(1, 0, Mode::Discussion, false);
}

#[test]
fn a_start_beyond_the_licences_is_refused_and_disturbs_nobody() {
    let mut hall = Hall::new(ConferenceConfig { licences: 2, ..config() });
    hall.start_as(0, 0, Mode::Discussion, false);
    hall.start_as(1, 1, Mode::Discussion, false);
    // `refused` asserts that nothing reaches anybody else.
    assert_eq!(hall.refused(2, start(2, Mode::Discussion, false)), Refusal::AllLicencesInUse);
    assert_eq!(hall.directory.statistics().conferences, 2);
    hall.done(0, Request::End);
    hall.start_as(2, 2, Mode::Discussion, false);
}

#[test]
fn after_the_term_nothing_is_started_but_what_runs_goes_on() {
    let end = Timestamp::from_millis(1_000);
    let mut hall = Hall::new(ConferenceConfig { valid_until: Some(end), ..config() });
    hall.now = end - Duration::from_nanos(1);
    let link = hall.start();
    hall.now = end;
    assert_eq!(hall.refused(1, start(1, Mode::Discussion, false)), Refusal::LicenceExpired);
    let heir = hall.holder(1, &link, 1);
    hall.done(0, Request::HandOver { participant: heir });
    hall.guest(2, &link);
    assert_eq!(hall.directory.statistics().present, 3);
}

#[test]
fn an_end_frees_the_licence_at_once_and_puts_everybody_out() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    let waiting = 2;
    hall.ask(1, join(&link));
    let admitted = hall.directory.peers[&PeerId(1)].participant;
    hall.done(0, Request::Admit { participant: admitted });
    hall.ask(waiting, join(&link));

    let effects = hall.done(0, Request::End);
    assert_media_first(&effects);
    let ended = position(&effects, |effect| matches!(effect, Effect::ConferenceEnded { .. }));
    assert_eq!(effects[..ended].iter().filter(|e| matches!(e, Effect::Left { .. })).count(), 2);
    for peer in [1, waiting] {
        let out = ServerMessage::Out { reason: crate::signalling::OutReason::Ended };
        assert_eq!(to(&effects, peer), [&out]);
    }
    hall.start();
    assert_eq!(hall.refused(1, join(&link)), Refusal::InvalidLink);
}

#[test]
fn an_empty_conference_keeps_its_licence_for_the_grace_time_and_no_longer() {
    let mut hall = Hall::new(config());
    let grace = crate::limits::EMPTY_CONFERENCE_GRACE;
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    hall.ask(9, join(&link));
    hall.disconnect(0);
    assert_eq!(hall.directory.poll_timeout(), Some(hall.now + grace));
    let just_before = hall.now + grace - Duration::from_nanos(1);
    assert_eq!(hall.pass(just_before.saturating_since(hall.now)), []);
    assert_eq!(hall.refused(1, start(0, Mode::Discussion, false)), Refusal::LicenceInUse);

    let effects = hall.pass(Duration::from_nanos(1));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ConferenceEnded { .. })));
    assert_eq!(to(&effects, 9), [&ServerMessage::Out { reason: crate::signalling::OutReason::Ended }]);
    assert_eq!(hall.directory.poll_timeout(), None);
    hall.start_as(1, 0, Mode::Discussion, false);
}

#[test]
fn the_grace_time_holds_without_a_punctual_caller() {
    let mut hall = Hall::new(config());
    hall.start();
    hall.disconnect(0);
    hall.now = hall.now + crate::limits::EMPTY_CONFERENCE_GRACE;
    hall.start_as(1, 0, Mode::Discussion, false);
    assert_eq!(hall.directory.statistics().conferences, 1);
}

#[test]
fn a_return_within_the_grace_time_keeps_the_conference() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.disconnect(0);
    hall.pass(crate::limits::EMPTY_CONFERENCE_GRACE / 2);
    hall.guest(1, &link);
    assert_eq!(hall.directory.poll_timeout(), None);
    hall.pass(crate::limits::EMPTY_CONFERENCE_GRACE);
    hall.holder(2, &link, 0);
    assert_eq!(hall.role(2), Role::Host);
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refused = |config| Directory::new(config, ChaCha20Rng::seed_from_u64(1)).err();
    assert_eq!(refused(config()), None);
    assert_eq!(refused(ConferenceConfig { licences: 0, ..config() }), Some(ConfigError::NoLicences));
    for configured in [0, crate::limits::PARTICIPANTS_MAX_CONFIGURABLE + 1] {
        let wrong = ConferenceConfig { participants_max: configured, ..config() };
        assert_eq!(refused(wrong), Some(ConfigError::ParticipantsOutOfRange { configured }));
    }
    let holders = vec![credential(0), credential(1), credential(0)];
    let duplicate = Some(ConfigError::DuplicateHolder { first: 0, second: 2 });
    assert_eq!(refused(ConferenceConfig { holders, ..config() }), duplicate);
}
