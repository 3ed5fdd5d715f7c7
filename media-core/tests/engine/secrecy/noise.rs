//! Owns the claim that messages of no meaning do nothing: no panic, no other epoch, and the next sound message counts.

use media_core::signalling::{Handshake, ServerMessage};
use proptest::{
    prelude::*,
    test_runner::{Config, RngSeed},
};

use super::hall::{Hall, Input, Setting};
use media_core::PeerId;

fn config(cases: u32) -> Config {
    Config { rng_seed: RngSeed::Fixed(0x5EC6), failure_persistence: None, ..Config::with_cases(cases) }
}

/// Whatever the bytes are taken for: by a member, and by somebody who waits for a welcome.
fn tell_all(hall: &mut Hall, bytes: &[u8]) {
    let noise = Handshake::new(bytes);
    let before = hall.member(0).epoch();
    for peer in [0, 2] {
        let (who, next) = (hall.participant(peer), 50);
        hall.tell(PeerId(peer), &Input::KeyPackage(who, noise.clone()));
        hall.tell(PeerId(peer), &Input::Welcome(next, noise.clone()));
    }
    let next = hall.lies.overheard.len() as u64 + 100;
    hall.tell(PeerId(0), &Input::Commit(next, noise));
    assert_eq!(hall.member(0).epoch(), before);
    assert_eq!(hall.member(2).epoch(), None);
}

/// Two in a group, and a third of whose key package nobody has heard.
fn hall() -> Hall {
    let mut hall = Hall::open(Setting::quiet(3));
    hall.join(1);
    hall.run(1_000);
    hall.lies.deaf.insert(PeerId(0));
    hall.lies.deaf.insert(PeerId(1));
    hall.join(2);
    hall.run(300);
    hall
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn bytes_of_no_meaning_change_nothing(noise in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..400), 8)) {
        let mut hall = hall();
        for bytes in noise {
            tell_all(&mut hall, &bytes);
        }
    }

    #[test]
    fn real_messages_with_a_changed_byte_change_nothing(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..=255_u8), 12),
    ) {
        let mut hall = hall();
        let overheard = hall.lies.overheard.clone();
        for (which, at, change) in damage {
            let mut bytes = match which.get(&overheard) {
                ServerMessage::Commit { commit, .. } => commit.as_bytes().to_vec(),
                ServerMessage::Welcome { welcome, .. } => welcome.as_bytes().to_vec(),
                ServerMessage::KeyPackage { key_package, .. } => key_package.as_bytes().to_vec(),
                other => unreachable!("{other:?} is no handshake"),
            };
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            tell_all(&mut hall, &bytes);
        }
    }

    /// The keys that a message is read with are used up by reading it; a mangled copy must not use them up.
    #[test]
    fn a_mangled_commit_does_not_keep_the_true_one_from_being_followed(
        at in any::<prop::sample::Index>(),
        change in 1..=255_u8,
    ) {
        let mut hall = Hall::open(Setting::quiet(4));
        hall.join(1);
        hall.run(1_000);
        hall.lies.withheld.insert(PeerId(1));
        hall.renew(0);
        hall.run(500);
        let Some(ServerMessage::Commit { sequence, commit }) = hall.lies.overheard.last().cloned() else {
            panic!("a commit is the last message")
        };
        let mut bytes = commit.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        let before = hall.member(1).epoch();
        // As if it came first, and the true one next.
        hall.tell(PeerId(1), &Input::Commit(sequence, Handshake::new(&bytes)));
        prop_assert_eq!(hall.member(1).epoch(), before);
        hall.tell(PeerId(1), &Input::Commit(sequence + 1, commit));
        prop_assert_eq!(hall.member(1).epoch(), hall.member(0).epoch());
    }
}
