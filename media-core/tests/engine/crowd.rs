//! Claims about crowds that come into a group at once: how many one commit takes in, and how long the longest message is.
//! Those who come are there in name only: who commits is what is looked at.

use std::time::Duration;

use media_core::{
    ParticipantId, Timestamp,
    e2ee::{
        CipherSuite, ConferenceSecret,
        mls::{Membership, MembershipConfig, MembershipOutput, MlsSuite},
    },
    limits,
    signalling::{ClientMessage, Handshake, Request},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// The only member who does anything.
struct Committer {
    membership: Membership,
    suite: MlsSuite,
    now: Timestamp,
    sequence: u64,
    roster: Vec<(ParticipantId, String)>,
}

/// A commit as it went to the server.
struct Committed {
    adds: Vec<ParticipantId>,
    bytes: usize,
}

fn client(suite: MlsSuite, number: u32, roster: &[(ParticipantId, String)]) -> Membership {
    let config = MembershipConfig {
        mls: suite,
        sframe: CipherSuite::default(),
        participant: ParticipantId(number),
        name: name(number),
        secret: ConferenceSecret::from_bytes([9; 32]),
        renew_after_frames: 1 << 31,
    };
    let rng = ChaCha20Rng::seed_from_u64(number as _);
    Membership::new(Timestamp::from_millis(1), config, roster.to_vec(), rng)
}

/// As long as a name may be.
fn name(number: u32) -> String {
    format!("{number:0width$}", width = limits::NAME_BYTES_MAX)
}

fn key_package(mut membership: Membership) -> Handshake {
    match membership.poll_output() {
        Some(MembershipOutput::Offer(key_package)) => key_package,
        other => panic!("who is new offers a key package, not {other:?}"),
    }
}

impl Committer {
    /// Alone in the group, with so many on the roster.
    fn among(suite: MlsSuite, people: u32) -> Self {
        let roster: Vec<_> = (0..people).map(|number| (ParticipantId(number), name(number))).collect();
        let mut membership = client(suite, 0, &roster);
        membership.on_found(Timestamp::from_millis(1), 0);
        while membership.poll_output().is_some() {}
        Self { membership, suite, now: Timestamp::from_millis(1), sequence: 0, roster }
    }

    fn offered(&mut self, number: u32) {
        let offer = key_package(client(self.suite, number, &self.roster));
        self.membership.on_key_package(self.now, ParticipantId(number), &offer);
    }

    /// The next commit, which the server orders, if there is one.
    fn commit(&mut self) -> Option<Committed> {
        self.now = self.now + Duration::from_secs(1);
        self.membership.handle_timeout(self.now);
        let mut committed = None;
        while let Some(output) = self.membership.poll_output() {
            if let MembershipOutput::Commit { after, commit, welcome, adds } = output {
                let body = Request::Commit { after, commit: commit.clone(), welcome, adds: adds.clone() };
                let bytes = ClientMessage { request: u32::MAX, body }.encode().len();
                self.sequence += 1;
                self.membership.on_commit(self.now, self.sequence, &commit);
                committed = Some(Committed { adds, bytes });
            }
        }
        committed
    }
}

#[test]
fn a_crowd_comes_in_by_parts() {
    let people = 2 * limits::ADDS_PER_COMMIT_MAX as u32 + 10;
    let mut committer = Committer::among(MlsSuite::default(), people);
    (1..people).for_each(|number| committer.offered(number));
    let parts: Vec<usize> =
        std::iter::from_fn(|| committer.commit().map(|committed| committed.adds.len())).collect();
    assert_eq!(parts, [limits::ADDS_PER_COMMIT_MAX, limits::ADDS_PER_COMMIT_MAX, 9]);
    assert_eq!(committer.membership.members().len(), people as usize);
}

/// A commit that removed them without adding them would be one that nobody follows.
#[test]
fn who_comes_back_amid_a_crowd_goes_and_comes_in_one_commit() {
    let people = limits::ADDS_PER_COMMIT_MAX as u32 + 10;
    let back = people - 1;
    let mut committer = Committer::among(MlsSuite::default(), people);
    committer.offered(back);
    assert_eq!(committer.commit().unwrap().adds, [ParticipantId(back)]);
    (1..people).for_each(|number| committer.offered(number));
    let adds = committer.commit().unwrap().adds;
    assert_eq!(adds.len(), limits::ADDS_PER_COMMIT_MAX);
    assert_eq!(adds.last(), Some(&ParticipantId(back)));
    assert!(adds.is_sorted());
    while committer.commit().is_some() {}
    assert_eq!(committer.membership.members().len(), people as usize);
}

/// In the longer suite and with the longest names, the largest conference takes in as many as one commit can, and removes as
/// many, while nobody but the committer ever had a path in the tree: the secret of the new epoch is sealed for each member.
#[test]
fn the_longest_honest_message_fits_and_the_limit_is_not_far_above_it() {
    let people = limits::PARTICIPANTS_MAX_CONFIGURABLE;
    let (last, removals) = (limits::ADDS_PER_COMMIT_MAX as u32, limits::REMOVALS_PER_COMMIT_MAX as u32);
    let mut committer = Committer::among(MlsSuite::P256, people + removals);
    let (first_late, first_gone) = (people - last, people);
    (1..first_late).for_each(|number| committer.offered(number));
    (first_gone..people + removals).for_each(|number| committer.offered(number));
    while committer.commit().is_some() {}
    for number in first_gone..people + removals {
        committer.membership.on_member_left(committer.now, ParticipantId(number));
    }
    (first_late..people).for_each(|number| committer.offered(number));
    let longest = committer.commit().unwrap();
    assert_eq!(longest.adds.len(), limits::ADDS_PER_COMMIT_MAX);
    assert_eq!(committer.membership.members().len(), people as usize);
    let (bytes, limit) = (longest.bytes, limits::SIGNAL_BYTES_MAX);
    assert!(bytes * 5 / 4 <= limit, "{bytes} bytes leave no room below {limit}");
    assert!(bytes * 4 >= limit, "{bytes} bytes are far below {limit}");
}
