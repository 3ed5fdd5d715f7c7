//! Claims that hold whatever many peers ask for, in whatever order: the effects, replayed by somebody who knows nothing
//! else, lead to the directory's own state, and nobody gets more than they may.

mod replay;

use std::{cell::RefCell, collections::BTreeSet, time::Duration};

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use replay::Replay;

use super::*;
use crate::{
    ids::{InvitationId, Ssrc},
    limits,
    media::{Codec, MediaKind},
    signalling::{Attempt, EncodingOffer, Handshake, TrackOffer},
};

const LICENCES: u32 = 2;
const HOLDERS: u32 = 4;
const PARTICIPANTS_MAX: u32 = 3;
const PEERS: u32 = 9;

/// Who does something. Moderators are few, and would moderate rarely if all peers were alike.
#[derive(Clone, Copy, Debug)]
enum Actor {
    Peer(u32),
    Moderator(usize),
}

/// What one peer does. A `pick` chooses among what there is at that moment.
#[derive(Clone, Debug)]
enum Step {
    Start { holder: u8, presenter: bool, lobby: bool },
    Join { pick: usize, holder: Option<u8>, genuine: bool, resume: Option<usize>, attempt: Option<u8> },
    Plain(Request),
    Towards { pick: usize, what: Towards },
    Commit { late: bool, adds: Vec<usize>, welcome: bool },
    Disconnect,
    Pass { seconds: u64 },
    Crash { seconds: u64 },
}

#[derive(Clone, Copy, Debug)]
enum Towards {
    Admit,
    Remove,
    Permit(Permissions),
    Grant(Permissions),
    NamePresenter,
    NameModerator,
    HandOver,
    Watch,
}

fn arb_step() -> impl Strategy<Value = (Actor, Step)> {
    let holder = 0..HOLDERS as u8;
    let known = prop_oneof![Just(None), holder.clone().prop_map(Some)];
    let resume = prop::option::of(any::<usize>());
    let attempt = prop::option::weighted(0.1, 0u8..4);
    let step = prop_oneof![
        4 => (holder, any::<bool>(), any::<bool>())
            .prop_map(|(holder, presenter, lobby)| Step::Start { holder, presenter, lobby }),
        12 => (any::<usize>(), known, prop::bool::weighted(0.95), resume, attempt).prop_map(
            |(pick, holder, genuine, resume, attempt)| Step::Join { pick, holder, genuine, resume, attempt }
        ),
        10 => arb_plain().prop_map(Step::Plain),
        20 => (any::<usize>(), arb_towards()).prop_map(|(pick, what)| Step::Towards { pick, what }),
        5 => (prop::bool::weighted(0.1), prop::collection::vec(any::<usize>(), 0..4), prop::bool::weighted(0.8))
            .prop_map(|(late, adds, welcome)| Step::Commit { late, adds, welcome }),
        3 => Just(Step::Disconnect),
        2 => (1u64..70).prop_map(|seconds| Step::Pass { seconds }),
        1 => (0u64..70).prop_map(|seconds| Step::Crash { seconds }),
    ];
    (prop_oneof![2 => (0..PEERS).prop_map(Actor::Peer), 1 => any::<usize>().prop_map(Actor::Moderator)], step)
}

fn arb_permissions() -> impl Strategy<Value = Permissions> {
    any::<(bool, bool, bool)>().prop_map(|(audio, video, screen)| Permissions { audio, video, screen })
}

fn arb_towards() -> impl Strategy<Value = Towards> {
    prop_oneof![
        6 => Just(Towards::Admit),
        1 => Just(Towards::Remove),
        2 => arb_permissions().prop_map(Towards::Permit),
        3 => arb_permissions().prop_map(Towards::Grant),
        2 => Just(Towards::NamePresenter),
        2 => Just(Towards::NameModerator),
        1 => Just(Towards::HandOver),
        1 => Just(Towards::Watch),
    ]
}

fn arb_plain() -> impl Strategy<Value = Request> {
    let encodings = vec![EncodingOffer { ssrc: Ssrc(1), rtx_ssrc: Ssrc(2), target_kbps: 500 }];
    let tracks = vec![TrackOffer { kind: MediaKind::Audio, codec: Codec::Opus, encodings }];
    prop_oneof![
        4 => any::<bool>().prop_map(|presenter| Request::SetMode { mode: mode(presenter) }),
        4 => Just(Request::RaiseHand),
        2 => Just(Request::LowerHand),
        2 => any::<bool>().prop_map(|locked| Request::Lock { locked }),
        1 => Just(Request::CreateInvitation),
        1 => (0u32..6).prop_map(|id| Request::RevokeInvitation { invitation: InvitationId(id) }),
        1 => Just(Request::Publish { tracks }),
        8 => any::<u8>().prop_map(|byte| Request::OfferKeyPackage { key_package: Handshake::new(&[byte]) }),
        1 => Just(Request::Leave),
        1 => Just(Request::End),
    ]
}

fn mode(presenter: bool) -> Mode {
    if presenter { Mode::Presenter } else { Mode::Discussion }
}

/// The directory, and the observer who replays its effects.
struct World {
    hall: Hall,
    replay: Replay,
}

impl World {
    fn new() -> Self {
        let config = ConferenceConfig {
            licences: LICENCES,
            participants_max: PARTICIPANTS_MAX,
            holders: (0..HOLDERS as u8).map(credential).collect(),
            ..ConferenceConfig::default()
        };
        Self { hall: Hall::new(config), replay: Replay::default() }
    }

    fn step(&mut self, actor: Actor, step: Step) {
        let peer = self.peer(actor);
        let admits = matches!(step, Step::Towards { what: Towards::Admit, .. });
        let effects = match step {
            Step::Disconnect => {
                self.replay.on_disconnect(PeerId(peer));
                self.hall.disconnect(peer)
            }
            Step::Pass { seconds } => self.hall.pass(Duration::from_secs(seconds)),
            Step::Crash { seconds } => {
                self.replay.on_crash();
                self.hall.crash(Duration::from_secs(seconds))
            }
            Step::Start { .. }
            | Step::Join { .. }
            | Step::Plain(_)
            | Step::Towards { .. }
            | Step::Commit { .. } => {
                let request = self.request(peer, step);
                let offers = matches!(request, Request::OfferKeyPackage { .. });
                let effects = self.hall.ask(peer, request);
                if offers && !effects.iter().any(|effect| matches!(effect, Effect::Refused { .. })) {
                    self.replay.on_offered(PeerId(peer));
                }
                effects
            }
        };
        let refused = effects.iter().any(|effect| matches!(effect, Effect::Refused { .. }));
        assert!(!refused || admits || effects.len() == 2, "a refusal changes something: {effects:?}");
        for effect in &effects {
            self.replay.apply(effect);
        }
        self.replay.assert_matches(&self.hall.directory);
    }

    fn request(&self, peer: u32, step: Step) -> Request {
        match step {
            Step::Start { holder, presenter, lobby } => start(holder, mode(presenter), lobby),
            Step::Join { pick, holder, genuine, resume, attempt } => {
                let links = &self.replay.links;
                let Some(link) = links.get(pick % links.len().max(1)) else { return Request::Leave };
                let mut link = link.clone();
                if !genuine {
                    link.token = Token::from_bytes([0; 16]);
                }
                let tokens = &self.replay.tokens;
                let resume = resume.and_then(|pick| tokens.get(pick % tokens.len().max(1)).cloned());
                let credential = holder.map(credential);
                let attempt = attempt.map(|attempt| Attempt::from_bytes([7; 16]).numbered(attempt.into()));
                Request::Join { link, credential, resume, attempt, name: "somebody".into(), client: DESK }
            }
            Step::Plain(request) => request,
            Step::Towards { pick, what } => towards(self.somebody(peer, pick), what),
            Step::Commit { late, adds, welcome } => self.commit(peer, late, &adds, welcome),
            Step::Disconnect | Step::Pass { .. } | Step::Crash { .. } => unreachable!("are no requests"),
        }
    }

    fn peer(&self, actor: Actor) -> u32 {
        let pick = match actor {
            Actor::Peer(peer) => return peer,
            Actor::Moderator(pick) => pick,
        };
        let mut moderators = Vec::new();
        for running in self.hall.directory.conferences.values() {
            let present = running.roster.as_slice().iter();
            let ranked = present.filter(|attendee| running.role_of(attendee.holder) >= Role::Moderator);
            moderators.extend(ranked.map(|attendee| attendee.peer.0));
        }
        moderators.get(pick % moderators.len().max(1)).copied().unwrap_or_default()
    }

    /// A commit that is as it should be, or is not.
    fn commit(&self, peer: u32, late: bool, adds: &[usize], welcome: bool) -> Request {
        let conference = self.hall.directory.conference_of(PeerId(peer));
        let running = conference.and_then(|id| self.hall.directory.conferences.get(&id));
        let sequence = running.map_or(0, |running| running.delivery.sequence);
        let adds: Vec<_> = adds.iter().map(|pick| self.somebody(peer, *pick)).collect();
        let message = Handshake::new(&sequence.to_be_bytes());
        Request::Commit {
            after: if late { sequence.wrapping_sub(1) } else { sequence },
            commit: message.clone(),
            welcome: (welcome != adds.is_empty()).then_some(message),
            adds,
        }
    }

    /// Somebody in the peer's conference or its lobby, or now and then nobody.
    fn somebody(&self, peer: u32, pick: usize) -> ParticipantId {
        let conference = self.hall.directory.conference_of(PeerId(peer));
        let running = conference.and_then(|id| self.hall.directory.conferences.get(&id));
        let Some(running) = running else { return ParticipantId(0) };
        let present = running.roster.as_slice().iter().map(|attendee| attendee.participant);
        let mut all: Vec<_> = present.chain(running.lobby.iter().map(|(waiting, _)| *waiting)).collect();
        all.push(ParticipantId(0));
        all[pick % all.len()]
    }
}

fn towards(participant: ParticipantId, what: Towards) -> Request {
    match what {
        Towards::Admit => Request::Admit { participant },
        Towards::Remove => Request::Remove { participant },
        Towards::Permit(permissions) => Request::SetPermissions { participant, permissions },
        Towards::Grant(permissions) => Request::Grant { participant, permissions },
        Towards::NamePresenter => Request::NamePresenter { participant },
        Towards::NameModerator => Request::NameModerator { participant },
        Towards::HandOver => Request::HandOver { participant },
        Towards::Watch => Request::Watch { source: participant, kind: MediaKind::Camera, layer: Some(1) },
    }
}

#[test]
fn whatever_is_asked_effects_and_state_agree_and_nobody_gets_more_than_they_may() {
    let seen = RefCell::new(BTreeSet::new());
    let config = Config { cases: 500, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&prop::collection::vec(arb_step(), 1..250), |steps| {
        let mut world = World::new();
        for (actor, step) in steps {
            world.step(actor, step);
        }
        seen.borrow_mut().append(&mut world.replay.seen);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    let seen = seen.into_inner();
    // A run that never came near the rules would prove nothing about them.
    for rare in [
        "AllLicencesInUse",
        "LicenceInUse",
        "InvalidLink",
        "ConferenceFull",
        "ConferenceLocked",
        "AlreadyIn",
        "NotIn",
        "NotHost",
        "NotModerator",
        "NotLicenceHolder",
        "NoSuchParticipant",
        "NoSuchInvitation",
        "NotInPresenterMode",
        "NotApplicable",
        "Published",
        "Watch",
        "PermissionsChanged",
        "ConferenceEnded",
        "waiter admitted",
        "waiter refused",
        "Removed",
        "Denied",
        "Ended",
        "Replaced",
        "came back as the same",
        "came back after a crash",
        "NotInGroup",
        "StaleCommit",
        "BadCommit",
        "FoundGroup",
        "KeyPackage",
        "Commit",
        "Welcome",
    ] {
        assert!(seen.contains(rare), "{rare} never happened; but {seen:?} did");
    }
    assert!(limits::EMPTY_CONFERENCE_GRACE < Duration::from_secs(70), "time passes far enough");
}
