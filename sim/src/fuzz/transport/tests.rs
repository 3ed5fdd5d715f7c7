//! Claims about the target of transports: its script reaches a connection, and what it forbids would be noticed.

use super::*;

fn connected() -> Trial {
    let mut trial = Trial::new().expect("the recorded offer is served");
    for step in [&[0, 0, 0, 0, 1][..], &[2, 0, 0, 1], &[4, 0, 0]] {
        trial.step(&mut Input::new(step)).expect("nothing is wrong with it");
    }
    assert!(trial.clients[0].is_connected() && trial.connected.contains(&PeerId(0)));
    trial
}

#[test]
fn the_real_transports_pass() {
    for (name, bytes) in crate::fuzz::target("transport").expect("it is there").corpus() {
        assert_eq!(examine(bytes), Ok(()), "{name}");
    }
}

#[test]
fn the_script_reaches_media_in_both_directions() {
    let mut trial = connected();
    trial.step(&mut Input::new(&[8, 0, 0, 3, 10, 1, 2])).expect("nothing is wrong with it");
    let mut out = Vec::new();
    let packet = [&[128, 111][..], &[0; 20]].concat();
    assert!(trial.transports.protect_plain(trial.now, PeerId(0), &packet, &mut out).is_ok());
}

#[test]
fn what_goes_to_a_stranger_is_noticed() {
    let mut trial = connected();
    trial.checked.clear();
    let packet = [&[128, 111][..], &[0; 20]].concat();
    assert!(trial.send(PeerId(0), &packet).is_err());
    let noticed = trial.receive(SocketAddr::from(([203, 0, 113, 7], 0)), vec![22; 40], Maker::Forger);
    assert!(noticed.is_err(), "a stranger was listened to");
}

#[test]
fn a_connection_that_ends_by_a_forged_record_is_noticed() {
    let mut trial = connected();
    let event = TransportEvent::Closed(PeerId(0), DropReason::HandshakeFailed);
    assert!(trial.judge_event(event, Maker::Forger).is_err());
    let mut trial = connected();
    assert_eq!(trial.judge_event(event, Maker::Client(PeerId(0))), Ok(()));
}

#[test]
fn a_forged_check_that_is_believed_and_a_packet_of_nobody_are_noticed() {
    let mut trial = connected();
    let from = SocketAddr::from(([203, 0, 113, 7], 5));
    let check = trial.clients[0].check(true, None).expect("it has names");
    assert!(trial.receive(from, check, Maker::Forger).is_err());
    trial.made.clear();
    let packet = trial.clients[0].protect([&[128, 111, 0, 9][..], &[0; 20]].concat()).expect("it has keys");
    let taken = trial.receive(SocketAddr::from(([203, 0, 113, 7], 0)), packet, Maker::Client(PeerId(0)));
    assert!(taken.is_err(), "a probe that nobody made");
}

/// libFuzzer came to it: the type of FINGERPRINT was changed.
#[test]
fn a_check_that_was_changed_behind_its_tag_is_the_clients_and_one_that_was_changed_before_it_is_not() {
    let trial = connected();
    let check = trial.remembered.iter().find(|datagram| datagram[0] == 0).expect("the client has checked");
    for (place, byte) in check.iter().enumerate() {
        let mut changed = check.clone();
        changed[place] = !byte;
        let is_behind = place >= check.len() - 8;
        let is_length = matches!(place, 2 | 3);
        assert_eq!(authenticated(&changed) == authenticated(check), is_behind || is_length, "{place}");
    }
}
