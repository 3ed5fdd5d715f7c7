//! Owns the proofs that the ledger notices what goes wrong with handshake messages.

use media_core::{
    PeerId,
    engine::{Outgoing, Output, Transmit},
    signalling::ServerMessage,
};

use super::super::*;

/// Two furnished conferences whose people found groups and are taken into them one after another; somebody asks for it
/// once more.
fn script() -> Vec<u8> {
    let mut script = vec![1];
    script.extend((0..6_u8).flat_map(|slot| [(slot << 5) + 17, 0xc0, slot]));
    for host in 0..2_u8 {
        script.extend((1..=6).flat_map(|number| [(host << 5) + 17, 0xd0, 9, 1, number]));
        script.extend([(host << 5) + 17, 0xd0, 9, 0]);
    }
    script.extend([(2 << 5) + 17, 0xc0, 7, 17, 0xd0, 9, 0]);
    script
}

fn said(output: &Output) -> Option<(PeerId, ServerMessage)> {
    match output {
        Output::Transmit(Transmit { peer, packet: Outgoing::Signal(message) }) => {
            Some((*peer, ServerMessage::decode(message).ok()?))
        }
        Output::Transmit(_) | Output::Event(_) | Output::Offered { .. } | Output::Timeout(..) => None,
    }
}

fn say(peer: PeerId, message: &ServerMessage) -> Output {
    Output::Transmit(Transmit { peer, packet: Outgoing::Signal(message.encode().into()) })
}

fn fault(tamper: Tamper) -> String {
    examine_outputs(tamper, &script()).expect_err("it is noticed")
}

#[test]
fn the_script_brings_people_into_groups() {
    thread_local!(static SEEN: std::cell::Cell<[u32; 4]> = const { std::cell::Cell::new([0; 4]) });
    let verdict = examine_outputs(
        |outputs| {
            let mut seen = SEEN.get();
            for (_, message) in outputs.iter().filter_map(said) {
                seen[0] += u32::from(matches!(message, ServerMessage::FoundGroup { .. }));
                seen[1] += u32::from(matches!(message, ServerMessage::KeyPackage { .. }));
                seen[2] += u32::from(matches!(message, ServerMessage::Commit { .. }));
                seen[3] += u32::from(matches!(message, ServerMessage::Welcome { .. }));
            }
            SEEN.set(seen);
        },
        &script(),
    );
    assert_eq!(verdict, Ok(()));
    let [founded, offered, committed, welcomed] = SEEN.get();
    assert!(founded == 2 && offered > 4 && committed > 10 && welcomed == 4, "{:?}", SEEN.get());
}

#[test]
fn a_commit_that_one_member_does_not_hear_is_found() {
    let withheld: Tamper = |outputs| {
        outputs.retain(|output| !matches!(said(output), Some((PeerId(2), ServerMessage::Commit { .. }))));
    };
    assert!(fault(withheld).contains("is not at"));
}

#[test]
fn a_number_that_is_given_twice_is_found() {
    let repeated: Tamper = |outputs| {
        let commits =
            outputs.iter().filter(|output| matches!(said(output), Some((_, ServerMessage::Commit { .. }))));
        let again: Vec<Output> = commits.cloned().collect();
        outputs.extend(again);
    };
    assert!(fault(repeated).contains(" hears 1 after 1"));
}

#[test]
fn a_commit_to_somebody_who_is_not_in_the_group_is_found() {
    let leaked: Tamper = |outputs| {
        let commit = outputs
            .iter()
            .filter_map(said)
            .find(|(_, message)| matches!(message, ServerMessage::Commit { .. }));
        outputs.extend(commit.map(|(_, message)| say(PeerId(4), &message)));
    };
    assert!(fault(leaked).contains("is not in the group"));
    let outside: Tamper = |outputs| {
        let commit = outputs
            .iter()
            .filter_map(said)
            .find(|(_, message)| matches!(message, ServerMessage::Commit { .. }));
        outputs.extend(commit.map(|(_, message)| say(PeerId(99), &message)));
    };
    assert!(fault(outside).contains("from outside"));
}

#[test]
fn a_second_group_beside_the_first_is_found() {
    let forked: Tamper = |outputs| {
        let key_package = outputs
            .iter()
            .filter_map(said)
            .find(|(_, message)| matches!(message, ServerMessage::KeyPackage { .. }));
        outputs.extend(key_package.map(|_| say(PeerId(2), &ServerMessage::FoundGroup { sequence: 0 })));
    };
    assert!(fault(forked).contains("founds a group beside"));
}

#[test]
fn a_welcome_that_is_forgotten_is_found() {
    let forgotten: Tamper =
        |outputs| outputs.retain(|output| !matches!(said(output), Some((_, ServerMessage::Welcome { .. }))));
    assert!(fault(forgotten).contains("is not in the group"));
}
