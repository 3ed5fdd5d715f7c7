//! Claims about groups below the rules of a membership: what an epoch's key is worth, and what is kept.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{MlsSuite, group::Group, identity::Identity};
use crate::{
    DropReason, ParticipantId,
    e2ee::{BaseKey, CipherSuite, ConferenceSecret, KeyId, KeySource, Opener, Sealer},
};

const SFRAME: CipherSuite = CipherSuite::Aes128GcmSha256;

/// Gives one key for whatever is asked for: all that somebody has who was given one.
struct Stolen(BaseKey);

impl KeySource for Stolen {
    fn base_key(&mut self, _: KeyId) -> Option<BaseKey> {
        Some(self.0.clone())
    }
}

/// Two members of a group.
fn pair(suite: MlsSuite, rng: &mut ChaCha20Rng) -> (Group, Group) {
    let mut person = |number: u32| {
        let identity = Identity { participant: ParticipantId(number), name: format!("p{number}") };
        Group::new(suite, &identity, ConferenceSecret::from_bytes([5; 32]), rng)
    };
    let (mut anna, mut ben) = (person(1), person(2));
    anna.found();
    let offer = anna.read_offer(&ben.key_package()).expect("sound");
    let commit = anna.commit(&[offer], &[], false, rng).expect("there is somebody to add");
    anna.on_own_ordered();
    ben.join(&commit.welcome.expect("somebody is added")).expect("welcome");
    (anna, ben)
}

fn renew(by: &mut Group, other: &mut Group, rng: &mut ChaCha20Rng) {
    let commit = by.commit(&[], &[], true, rng).expect("keys can be renewed at any time");
    by.on_own_ordered();
    let followable = other.read_commit(&commit.commit).expect("sound");
    other.follow(followable).expect("sound");
}

#[test]
fn the_key_of_one_epoch_opens_the_recorded_frames_of_that_epoch_only() {
    for suite in MlsSuite::ALL {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let (mut anna, mut ben) = pair(suite, &mut rng);
        let mut epochs = Vec::new();
        for _ in 0..5 {
            let base = anna.base_key(SFRAME).expect("inside");
            assert_eq!(ben.base_key(SFRAME).expect("inside").expose(), base.expose());
            let (leaf, epoch) = (anna.own_leaf().expect("inside"), anna.epoch().expect("inside"));
            let mut frame = Vec::new();
            let mut sealer = Sealer::new(SFRAME, KeyId::of_sender(leaf, epoch), &base);
            sealer.seal(b"recorded", b"", &mut frame).expect("short");
            epochs.push((base, frame));
            renew(&mut anna, &mut ben, &mut rng);
        }
        for (stolen, (base, _)) in epochs.iter().enumerate() {
            let mut thief = Opener::new(SFRAME, Stolen(base.clone()));
            for (of, (_, frame)) in epochs.iter().enumerate() {
                let opened = thief.open(frame, b"", &mut Vec::new()).map(|_| ());
                assert_eq!(opened, if of == stolen { Ok(()) } else { Err(DropReason::BadTag) }, "{suite:?}");
            }
        }
    }
}

#[test]
fn private_keys_of_earlier_epochs_are_not_kept() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (mut anna, mut ben) = pair(MlsSuite::default(), &mut rng);
    for _ in 0..2 {
        renew(&mut anna, &mut ben, &mut rng);
        renew(&mut ben, &mut anna, &mut rng);
    }
    let kept = (anna.keys_kept(), ben.keys_kept());
    assert!(kept.0 > 0 && kept.1 > 0, "{kept:?}");
    for _ in 0..20 {
        renew(&mut anna, &mut ben, &mut rng);
        renew(&mut ben, &mut anna, &mut rng);
        assert_eq!((anna.keys_kept(), ben.keys_kept()), kept);
    }
    for _ in 0..20 {
        anna.commit(&[], &[], true, &mut rng).expect("keys can be renewed at any time");
        anna.on_own_refused();
    }
    assert!(anna.keys_kept() <= kept.0, "what was refused is forgotten");
}
