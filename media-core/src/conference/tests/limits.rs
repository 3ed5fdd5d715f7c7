//! Claims about bounds: nothing that a peer can ask for grows without one.

use super::*;
use crate::limits;

#[test]
fn a_lobby_holds_so_many() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    for peer in 1..=limits::LOBBY_MAX as u32 {
        hall.ask(peer, join(&link));
    }
    let next = limits::LOBBY_MAX as u32 + 1;
    assert_eq!(hall.refused(next, join(&link)), Refusal::LobbyFull);
    assert_eq!(hall.directory.statistics().waiting, limits::LOBBY_MAX);
    hall.done(1, Request::Leave);
    hall.ask(next, join(&link));
    assert_eq!(hall.directory.statistics().waiting, limits::LOBBY_MAX);
}

#[test]
fn a_conference_has_so_many_links() {
    let mut hall = Hall::new(config());
    hall.start();
    for _ in 1..limits::INVITATIONS_MAX {
        hall.ask(0, Request::CreateInvitation);
    }
    assert_eq!(hall.refused(0, Request::CreateInvitation), Refusal::TooManyInvitations);
}

#[test]
fn a_name_has_so_many_bytes_and_no_control_characters() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let named = |name: &str| Request::Join {
        link: link.clone(),
        credential: None,
        resume: None,
        attempt: None,
        name: name.into(),
        client: DESK,
    };
    let longest = "ü".repeat(limits::NAME_BYTES_MAX / 2);
    for wrong in ["", "a\nb", "\u{85}", &format!("{longest}x")] {
        assert_eq!(hall.refused(1, named(wrong)), Refusal::BadName, "{wrong:?}");
    }
    for (peer, right) in [(1, "x"), (2, longest.as_str()), (3, "Bezirksamt Mitte, Raum 7")] {
        hall.ask(peer, named(right));
        assert!(hall.is_in(peer), "{right:?}");
    }
}

#[test]
fn a_bad_name_starts_nothing() {
    let mut hall = Hall::new(config());
    let request = Request::Start {
        credential: Some(credential(0)),
        name: String::new(),
        mode: Mode::Discussion,
        lobby: false,
        client: DESK,
    };
    assert_eq!(hall.refused(0, request), Refusal::BadName);
    hall.start();
}

#[test]
fn a_thousand_hear_one_presenter_where_it_is_configured() {
    let participants_max = limits::PARTICIPANTS_MAX_CONFIGURABLE;
    let mut hall = Hall::new(ConferenceConfig { participants_max, ..config() });
    let link = hall.present();
    for peer in 1..participants_max {
        hall.guest(peer, &link);
    }
    assert_eq!(hall.refused(participants_max, join(&link)), Refusal::ConferenceFull);
    let speakers = (0..participants_max).filter(|peer| hall.permissions(*peer) != Permissions::NONE);
    assert_eq!(speakers.collect::<Vec<_>>(), [0]);
}

#[test]
fn seven_hundred_and_fifty_conferences_of_fifty_run_at_once() {
    let holders = (0..751u128).map(|n| Token::from_bytes((n + 1).to_be_bytes())).collect::<Vec<_>>();
    let mut hall = Hall::new(ConferenceConfig { holders: holders.clone(), ..ConferenceConfig::default() });
    let starts = |hall: &mut Hall, n: u32| {
        let credential = Some(holders[n as usize].clone());
        let (mode, name) = (Mode::Discussion, "host".to_owned());
        hall.ask(n, Request::Start { credential, name, mode, lobby: false, client: DESK })
    };
    for n in 0..750 {
        let effects = starts(&mut hall, n);
        let Some(ServerMessage::Entered { invitation: Some(invitation), .. }) =
            to(&effects, n).first().copied()
        else {
            panic!("conference {n} does not start: {effects:?}");
        };
        for guest in 0..49 {
            hall.ask(1_000 + n * 49 + guest, join(&invitation.link));
        }
    }
    let full = crate::conference::Statistics { conferences: 750, present: 37_500, waiting: 0 };
    assert_eq!(hall.directory.statistics(), full);
    let refused = starts(&mut hall, 750);
    assert!(matches!(refused[0], Effect::Refused { reason: Refusal::AllLicencesInUse, .. }), "{refused:?}");
    assert_eq!(refused.len(), 2, "disturbs nobody");
}

#[test]
fn a_connection_that_comes_and_goes_for_ever_is_slowed_down() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let mut entries = 0;
    for _ in 0..1_000 {
        hall.ask(1, join(&link));
        entries += usize::from(hall.is_in(1));
        hall.ask(1, Request::Leave);
        hall.pass(Duration::from_millis(10));
    }
    let limit = limits::ENTRIES_PER_PEER;
    assert_eq!(entries, limit.burst as usize + 9, "ten seconds");
}

#[test]
fn a_storm_through_many_connections_is_slowed_at_the_door_and_who_is_known_passes() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let mut entries = 0;
    for peer in 1..=1_000 {
        hall.ask(peer, join(&link));
        entries += u32::from(hall.is_in(peer));
        hall.disconnect(peer);
        hall.pass(Duration::from_millis(10));
    }
    assert_eq!(entries, limits::PARTICIPANTS_MAX_DEFAULT + 19, "ten seconds");
    hall.ask(1_999, join(&link));
    assert_eq!(hall.refused(2_000, join(&link)), Refusal::TooManyRequests);
    hall.disconnect(0);
    hall.ask(2_001, join_as(&link, 0));
    assert!(hall.is_in(2_001), "the host returns");
    hall.pass(limits::ENTRY_INTERVAL);
    hall.ask(2_002, join(&link));
    assert!(hall.is_in(2_002), "after a while everybody can come in again");
}

/// Nobody learns from being refused too often whether a conference exists.
#[test]
fn who_guesses_too_often_hears_the_same_whatever_they_guess() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let wrong = LinkToken { token: Token::from_bytes([9; 16]), ..link.clone() };
    let elsewhere = LinkToken { conference: crate::ConferenceId(99), token: link.token };
    let answers = |hall: &mut Hall, peer, link: &LinkToken| -> Vec<Refusal> {
        (0..100).map(|_| hall.refused(peer, join(link))).collect()
    };
    assert_eq!(answers(&mut hall, 1, &wrong), answers(&mut hall, 2, &elsewhere));
    assert_eq!(hall.refused(1, join(&wrong)), Refusal::TooManyRequests);
}

#[test]
fn a_hand_that_goes_up_and_down_for_ever_is_told_of_a_bounded_number_of_times() {
    let mut hall = Hall::new(config());
    let link = hall.present();
    hall.guest(1, &link);
    let mut told = 0;
    for _ in 0..1_000 {
        for request in [Request::RaiseHand, Request::LowerHand] {
            let effects = hall.ask(1, request);
            told += to(&effects, 0).len();
        }
        hall.pass(Duration::from_millis(10));
    }
    let limit = limits::NEWS_PER_PEER;
    assert!((1..=limit.burst as usize + 10).contains(&told), "{told} in ten seconds");
}
