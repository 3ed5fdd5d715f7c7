//! Claims about the model itself, read off the requirements.

use std::time::Duration;

use sim::scenario::{
    Encryption, HolderId, Mode, Permissions, PersonIndex, Refusal, Scenario, ScenarioBuilder, Timestamp,
    file::{ConferenceEntry, LimitsEntry, PersonEntry, SiteEntry},
};

use super::{
    Ask, Connection, Door, Expected, LinkNumber, Outcome, Presence, RefServer, Reply, StayNumber, Visitor,
};

const HOST: Connection = Connection { person: PersonIndex(0), number: 0 };
const HOLDER: Connection = Connection { person: PersonIndex(1), number: 0 };
const GUEST: Connection = Connection { person: PersonIndex(2), number: 0 };

fn scenario() -> Scenario {
    let person = |name: &str, licence: bool| PersonEntry {
        licence: Some(licence.into()),
        ..PersonEntry::new(name, "office", "meeting")
    };
    ScenarioBuilder::new("three", Duration::from_secs(2))
        .site(SiteEntry::new("office", "fibre-100"))
        .conference(ConferenceEntry::new("meeting", "host"))
        .limits(LimitsEntry { participants_max: Some(2.into()), ..LimitsEntry::default() })
        .person(person("host", true))
        .person(person("holder", true))
        .person(person("guest", false))
        .build()
        .unwrap()
}

fn visitor(who: Connection) -> Visitor {
    let holder = (who.person != GUEST.person).then_some(HolderId(who.person.0 as u32));
    Visitor { holder, encryption: Some(Encryption::DEFAULT) }
}

fn door(who: Connection) -> Ask {
    Ask::Join { visitor: visitor(who), door: Door::Link(LinkNumber(0)), stay: None, entry: None }
}

fn start(mode: Mode, lobby: bool) -> Ask {
    Ask::Start { visitor: visitor(HOST), mode, lobby }
}

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn started(mode: Mode, lobby: bool) -> RefServer {
    let mut server = RefServer::new(&scenario());
    let outcome = server.ask(at(0), HOST, &start(mode, lobby));
    assert_eq!(outcome, Outcome::of(Reply::Entered { mode, link: Some(LinkNumber(0)) }));
    server
}

fn refusals(outcome: &Outcome) -> Vec<Refusal> {
    match &outcome.expected {
        Expected::RefusedAs(reasons) => reasons.iter().copied().collect(),
        Expected::Reply(_) => Vec::new(),
    }
}

#[test]
fn a_guest_joins_in_presenter_mode_and_may_send_nothing() {
    let mut server = started(Mode::Presenter, false);
    server.ask(at(1), GUEST, &door(GUEST));
    assert_eq!(server.presence(GUEST), Presence::In);
    assert_eq!(server.may_send(GUEST), Permissions::NONE);
    assert_eq!(server.may_send(HOST), Permissions::ALL);
}

#[test]
fn one_too_many_is_refused_also_while_the_host_hands_over() {
    let mut server = started(Mode::Discussion, false);
    server.ask(at(1), HOLDER, &door(HOLDER));
    server.ask(at(2), HOST, &Ask::HandOver(HOLDER));
    assert_eq!(refusals(&server.ask(at(3), GUEST, &door(GUEST))), [Refusal::ConferenceFull]);
}

#[test]
fn who_comes_again_by_the_same_licence_takes_their_own_place_and_rank() {
    let mut server = started(Mode::Presenter, true);
    let again = Connection { number: 1, ..HOST };
    let outcome = server.ask(at(1), again, &door(again));
    assert_eq!(outcome.notices.len(), 1, "the old connection is told");
    assert_eq!(server.presence(HOST), Presence::Outside);
    assert_eq!(server.may_send(again), Permissions::ALL, "and presents");
}

#[test]
fn who_waits_has_no_place_and_no_media() {
    let mut server = started(Mode::Discussion, true);
    server.ask(at(1), GUEST, &door(GUEST));
    assert_eq!(server.presence(GUEST), Presence::Waiting);
    assert_eq!(server.may_send(GUEST), Permissions::NONE);
    server.ask(at(2), HOST, &Ask::Admit(GUEST));
    assert_eq!(server.presence(GUEST), Presence::In);
}

#[test]
fn an_abandoned_conference_keeps_its_licence_for_a_minute_and_not_longer() {
    let mut server = started(Mode::Discussion, false);
    server.vanish(at(1_000), HOST);
    let again = Connection { number: 1, ..HOST };
    let start = start(Mode::Discussion, false);
    assert_eq!(refusals(&server.ask(at(60_999), again, &start)), [Refusal::LicenceInUse]);
    assert!(refusals(&server.ask(at(61_000), again, &start)).is_empty());
}

#[test]
fn who_is_put_out_loses_rank_and_word_and_stays_muted() {
    let mut server = started(Mode::Discussion, false);
    server.ask(at(1), HOLDER, &door(HOLDER));
    server.ask(at(2), HOST, &Ask::NameModerator(HOLDER));
    server.ask(at(3), HOST, &Ask::Cap(HOLDER, Permissions { audio: false, ..Permissions::ALL }));
    server.ask(at(4), HOST, &Ask::Remove(HOLDER));
    let again = Connection { number: 1, ..HOLDER };
    server.ask(at(5), again, &door(again));
    assert!(!server.may_send(again).audio);
    assert_eq!(refusals(&server.ask(at(6), again, &Ask::Lock(true))), [Refusal::NotModerator]);
}

#[test]
fn a_guest_who_vanished_comes_back_muted_past_the_lobby_and_one_who_left_does_not() {
    let mut server = started(Mode::Discussion, true);
    server.ask(at(1), GUEST, &door(GUEST));
    server.ask(at(2), HOST, &Ask::Admit(GUEST));
    server.ask(at(3), HOST, &Ask::Cap(GUEST, Permissions::NONE));
    server.vanish(at(4), GUEST);
    let again = Connection { number: 1, ..GUEST };
    let secret = Some(StayNumber(1));
    let door = Door::Link(LinkNumber(0));
    let back = Ask::Join { visitor: visitor(GUEST), door, stay: secret, entry: None };
    server.ask(at(5), again, &back);
    assert_eq!((server.presence(again), server.may_send(again)), (Presence::In, Permissions::NONE));
    server.ask(at(6), again, &Ask::Leave);
    let third = Connection { number: 2, ..GUEST };
    server.ask(at(7), third, &back);
    assert_eq!(server.presence(third), Presence::Waiting);
}

#[test]
fn a_crash_leaves_nobody_in_and_everybody_may_come_back() {
    let mut server = started(Mode::Presenter, false);
    server.ask(at(1), GUEST, &door(GUEST));
    server.crash(at(2));
    assert_eq!((server.presence(HOST), server.presence(GUEST)), (Presence::Outside, Presence::Outside));
    let again = Connection { number: 1, ..HOST };
    server.ask(at(3), again, &door(HOST));
    assert_eq!(server.may_send(again), Permissions::ALL, "rank and stage go with the licence");
}
