//! Claims about members whose messages cross: what comes late, twice, or after its subject has gone, splits no group.

use rand_core::SeedableRng;

use super::*;
use crate::{
    e2ee::{CipherSuite, ConferenceSecret, mls::MlsSuite},
    limits,
};

const ANNA: ParticipantId = ParticipantId(1);
const BERT: ParticipantId = ParticipantId(2);
const CARLA: ParticipantId = ParticipantId(3);

fn name_of(participant: ParticipantId) -> String {
    format!("person {}", participant.0)
}

fn joins(now: Timestamp, participant: ParticipantId) -> (Membership, Handshake) {
    let config = MembershipConfig {
        mls: MlsSuite::default(),
        sframe: CipherSuite::default(),
        participant,
        name: name_of(participant),
        secret: ConferenceSecret::from_bytes([7; 32]),
        renew_after_frames: 1_000,
    };
    let roster = [ANNA, BERT, CARLA].map(|who| (who, name_of(who)));
    let rng = ChaCha20Rng::seed_from_u64(u64::from(participant.0));
    let mut member = Membership::new(now, config, roster, rng);
    let Some(MembershipOutput::Offer(offer)) = member.poll_output() else { panic!("no offer") };
    (member, offer)
}

/// Lets time go on until the member commits: for members, and for who is added.
fn commits(member: &mut Membership) -> (Handshake, Option<Handshake>) {
    loop {
        while let Some(output) = member.poll_output() {
            if let MembershipOutput::Commit { commit, welcome, .. } = output {
                return (commit, welcome);
            }
        }
        let at = member.poll_timeout().expect("there is something to commit");
        member.handle_timeout(at);
    }
}

/// Anna and Bert in one group after one commit.
fn pair() -> (Timestamp, Membership, Membership) {
    let now = Timestamp::ZERO;
    let (mut anna, _) = joins(now, ANNA);
    let (mut bert, offer) = joins(now, BERT);
    anna.on_found(now, 0);
    anna.on_key_package(now, BERT, &offer);
    let (commit, welcome) = commits(&mut anna);
    let now = now + limits::COMMIT_INTERVAL * 2;
    anna.on_commit(now, 1, &commit);
    bert.on_welcome(now, 1, &welcome.expect("bert is added"));
    assert_eq!(anna.verification_code(), bert.verification_code());
    (now, anna, bert)
}

fn rejections(member: &mut Membership) -> Vec<(Option<ParticipantId>, Rejection)> {
    let outputs = std::iter::from_fn(|| member.poll_output());
    let rejected = |output| {
        if let MembershipOutput::Rejected(whom, why) = output { Some((whom, why)) } else { None }
    };
    outputs.filter_map(rejected).collect()
}

#[test]
fn a_commit_that_comes_again_changes_nothing() {
    let (now, mut anna, mut bert) = pair();
    bert.renew(now);
    let (commit, _) = commits(&mut bert);
    for member in [&mut anna, &mut bert] {
        member.on_commit(now, 2, &commit);
        let code = member.verification_code();
        member.on_commit(now, 2, &commit);
        assert_eq!(rejections(member), [(None, Rejection::Invalid)]);
        member.handle_timeout(now + limits::BEHIND_MAX * 2);
        assert_eq!(member.verification_code(), code);
    }
}

#[test]
fn a_refusal_that_comes_late_says_nothing_of_the_next_commit() {
    let (now, mut anna, mut bert) = pair();
    anna.renew(now);
    bert.renew(now);
    let (too_late, _) = commits(&mut anna);
    let (first, _) = commits(&mut bert);
    anna.on_commit(now, 2, &first);
    bert.on_commit(now, 2, &first);
    // Anna tries again before the server has refused what came too late.
    let (second, _) = commits(&mut anna);
    assert_ne!(too_late, second);
    anna.on_refused(now, Refusal::StaleCommit);
    anna.on_commit(now, 3, &second);
    bert.on_commit(now, 3, &second);
    assert_eq!((anna.epoch(), bert.epoch()), (Some(3), Some(3)));
    assert_eq!(anna.verification_code(), bert.verification_code());
}

#[test]
fn who_has_not_believed_a_commit_does_not_commit_on_top_of_it() {
    let (now, _, mut bert) = pair();
    bert.on_commit(now, 2, &Handshake::new(b"garbage"));
    bert.renew(now);
    assert!(bert.poll_timeout().is_some_and(|at| at >= now + limits::BEHIND_MAX));
}

#[test]
fn a_key_package_that_comes_to_who_is_out_is_not_kept() {
    let (now, ..) = pair();
    let (mut bert, _) = joins(now, BERT);
    let (_, offer) = joins(now, CARLA);
    bert.on_key_package(now, CARLA, &offer);
    assert!(bert.offers.is_empty() && rejections(&mut bert).is_empty());
}
