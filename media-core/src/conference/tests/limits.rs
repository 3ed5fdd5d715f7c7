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
