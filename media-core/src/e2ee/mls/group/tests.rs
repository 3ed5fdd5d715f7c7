//! What a member keeps of a group's past.

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Group, Identity, MlsSuite};
use crate::{e2ee::ConferenceSecret, ids::ParticipantId};

fn client(suite: MlsSuite, number: u32, rng: &mut ChaCha20Rng) -> Group {
    let identity = Identity { participant: ParticipantId(number), name: format!("p{number}") };
    Group::new(suite, &identity, ConferenceSecret::from_bytes([9; 32]), rng)
}

/// Keys of epochs that are over would open what was said in them to whoever finds them.
#[test]
fn a_member_keeps_no_private_key_that_no_later_message_needs() {
    for suite in MlsSuite::ALL {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut members = [0, 1, 2].map(|number| client(suite, number, &mut rng));
        members[0].found();
        for newcomer in 1..3 {
            let offer = members[0].read_offer(&members[newcomer].key_package()).unwrap();
            let commit = members[0].commit(&[offer], &[], true, &mut rng).unwrap();
            members[0].on_own_ordered();
            for member in &mut members[1..newcomer] {
                let followable = member.read_commit(&commit.commit).unwrap();
                member.follow(followable).unwrap();
            }
            members[newcomer].join(&commit.welcome.unwrap()).unwrap();
        }
        let renew = |members: &mut [Group; 3], by: usize, rng: &mut ChaCha20Rng| {
            let commit = members[by].commit(&[], &[], true, rng).unwrap().commit;
            for (number, member) in members.iter_mut().enumerate() {
                if number == by {
                    member.on_own_ordered();
                } else {
                    let followable = member.read_commit(&commit).unwrap();
                    member.follow(followable).unwrap();
                }
            }
        };
        (0..3).for_each(|by| renew(&mut members, by, &mut rng));
        let kept = [0, 1, 2].map(|number| members[number].keys_kept());
        assert!(kept.iter().all(|kept| (1..8).contains(kept)), "{kept:?}");
        (0..30).for_each(|round| renew(&mut members, round % 3, &mut rng));
        assert_eq!([0, 1, 2].map(|number| members[number].keys_kept()), kept);
        assert!(members.iter().all(|member| member.authenticator() == members[0].authenticator()));
    }
}
