//! Claims about who comes in with which cryptography: E2E-012.

use super::*;

#[test]
fn a_client_that_cannot_encrypt_is_refused_where_encryption_is_required() {
    for required in [true, false] {
        let mut hall = Hall::new(ConferenceConfig { encryption_required: required, ..config() });
        let link = hall.start();
        let reason = if required { Refusal::EncryptionRequired } else { Refusal::OtherSuite };
        assert_eq!(hall.refused(1, join_with(&link, None)), reason);
        if required {
            assert_eq!(hall.refused(1, start_with(1, None)), reason);
        }
    }
}

#[test]
fn where_encryption_is_not_required_a_conference_is_as_its_host_started_it() {
    let mut hall = Hall::new(ConferenceConfig { encryption_required: false, ..config() });
    let effects = hall.ask(0, start_with(0, None));
    let ServerMessage::Entered { invitation: Some(invitation), .. } = to(&effects, 0)[0] else {
        panic!("does not start: {effects:?}");
    };
    assert_eq!(hall.refused(1, join(&invitation.link)), Refusal::OtherSuite);
    hall.ask(1, join_with(&invitation.link, None));
    assert!(hall.is_in(1));
}

#[test]
fn a_conference_is_started_with_known_suites_only() {
    let mut hall = Hall::new(config());
    for (mls, sframe) in [(0, 4), (3, 4), (1, 0), (1, 1), (1, 2), (1, 3), (1, 6), (u16::MAX, u16::MAX)] {
        let unknown = Some(Encryption { mls, sframe });
        assert_eq!(hall.refused(0, start_with(0, unknown)), Refusal::UnknownSuite, "{unknown:?}");
    }
    for (peer, mls) in (0..).zip(Encryption::MLS) {
        for (peer, sframe) in (2 * peer..).zip(Encryption::SFRAME) {
            hall.ask(peer, start_with(peer as u8, Some(Encryption { mls, sframe })));
            assert!(hall.is_in(peer), "{mls} {sframe}");
        }
    }
}

#[test]
fn who_has_other_suites_than_the_conference_stays_out_also_after_a_crash() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let others = [(1, 5), (2, 4), (2, 5), (0, 0)].map(|(mls, sframe)| Encryption { mls, sframe });
    for crashed in [false, true] {
        for other in others {
            assert_eq!(hall.refused(1, join_with(&link, Some(other))), Refusal::OtherSuite, "{other:?}");
        }
        hall.ask(2, join(&link));
        assert!(hall.is_in(2));
        if !crashed {
            hall.crash(Duration::from_secs(1));
        }
    }
}

#[test]
fn who_has_no_valid_link_learns_nothing_of_a_conferences_suites() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    let wrong = LinkToken { token: Token::from_bytes([9; 16]), ..link };
    for encryption in [None, Some(Encryption { mls: 2, sframe: 5 }), Some(Encryption::DEFAULT)] {
        assert_eq!(hall.refused(1, join_with(&wrong, encryption)), Refusal::InvalidLink);
    }
}

fn join_with(link: &LinkToken, encryption: Option<Encryption>) -> Request {
    let client = ClientInfo { encryption, ..DESK };
    Request::Join {
        link: link.clone(),
        credential: None,
        resume: None,
        attempt: None,
        name: "n".into(),
        client,
    }
}

fn start_with(holder: u8, encryption: Option<Encryption>) -> Request {
    let client = ClientInfo { encryption, ..DESK };
    let (name, mode) = ("n".into(), Mode::Discussion);
    Request::Start { credential: Some(credential(holder)), name, mode, lobby: false, client }
}
