//! Claims about handshake messages: whatever members and those who are none ask for, the engine answers as the model says;
//! and what a server can do wrong with them is noticed.

use std::{sync::Arc, time::Duration};

use media_core::{
    ParticipantId, PeerId, Timestamp,
    conference::{ConferenceConfig, Directory, Effect},
    signalling::{
        ClientInfo, ClientMessage, Encryption, EndpointKind, Handshake, LinkToken, Mode, Refusal, Request,
        ServerMessage,
    },
};
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use sim::{
    endpoint::credential,
    packet::peer_of,
    run::Run,
    scenario::{
        PersonIndex, ScenarioBuilder,
        file::{ConferenceEntry, PersonEntry, SiteEntry},
    },
    seed::Seed,
    tap::{SeenMessage, SeenRequest, Tap},
};

use super::super::{course::Course, wire::Wire};
use crate::{
    evidence::Findings,
    rehearsal::{Settings, Simulation},
};

const PEOPLE: usize = 7;

/// What somebody does.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Join,
    Offer,
    /// After a wrong number, if `late`; taking in whom a bit names, of those who wait unless `astray`, with a welcome unless
    /// `bare`.
    Commit {
        late: bool,
        astray: bool,
        adds: u8,
        bare: bool,
    },
    Leave,
    Vanish,
    Remove {
        whom: usize,
    },
}

fn arb_deed() -> impl Strategy<Value = (usize, Deed)> {
    let rarely = || prop::bool::weighted(0.1);
    let commit = (rarely(), rarely(), any::<(u8, u8)>().prop_map(|(one, other)| one | other), rarely());
    let deed = prop_oneof![
        5 => Just(Deed::Join),
        6 => Just(Deed::Offer),
        16 => commit.prop_map(|(late, astray, adds, bare)| Deed::Commit { late, astray, adds, bare }),
        1 => Just(Deed::Leave),
        1 => Just(Deed::Vanish),
        1 => (0..PEOPLE).prop_map(|whom| Deed::Remove { whom }),
    ];
    (0..PEOPLE, deed)
}

/// A run in which nobody comes to anything, whose wire is to be filled.
fn empty_run() -> Run {
    let person = |index: usize| PersonEntry {
        licence: Some((index == 0).into()),
        ..PersonEntry::new(&format!("p{index}"), "office", "meeting")
    };
    let stage = ScenarioBuilder::new("delivery", Duration::from_secs(1))
        .site(SiteEntry::new("office", "fibre-100"))
        .conference(ConferenceEntry::new("meeting", "p0"));
    let scenario = (0..PEOPLE).fold(stage, |stage, index| stage.person(person(index))).build().unwrap();
    let evidence = Simulation::new(Settings::default()).rehearse(&scenario, 1).unwrap();
    let mut run = Arc::into_inner(evidence.record.unwrap()).unwrap();
    run.server.tap = Tap::default();
    run
}

/// A directory, and what passes on its wire.
struct Stage {
    directory: Directory,
    tap: Tap,
    now: Timestamp,
    request: u32,
    link: Option<LinkToken>,
    peers: [PeerId; PEOPLE],
    connections: [u32; PEOPLE],
    participants: [ParticipantId; PEOPLE],
    sequence: u64,
    /// Who has offered a key package and is not taken in.
    waits: [bool; PEOPLE],
}

impl Stage {
    fn new(seed: u64) -> Self {
        let config =
            ConferenceConfig { holders: vec![credential(Seed::new(seed), 0)], ..ConferenceConfig::default() };
        let mut stage = Self {
            directory: Directory::new(config, ChaCha20Rng::seed_from_u64(1)).unwrap(),
            tap: Tap::default(),
            now: Timestamp::ZERO,
            request: 0,
            link: None,
            peers: std::array::from_fn(|person| peer_of(PersonIndex(person), 0, 0)),
            connections: [0; PEOPLE],
            participants: [ParticipantId(0); PEOPLE],
            sequence: 0,
            waits: [false; PEOPLE],
        };
        let client = ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) };
        let credential = Some(credential(Seed::new(seed), 0));
        let (name, mode) = ("p0".to_owned(), Mode::Discussion);
        stage.ask(0, Request::Start { credential, name, mode, lobby: false, client });
        stage
    }

    fn ask(&mut self, person: usize, body: Request) {
        let (at, peer) = (self.now, self.peers[person]);
        self.request += 1;
        self.tap.requests.push(SeenRequest { at, peer, request: self.request, body: body.clone() });
        self.directory.handle_request(at, peer, ClientMessage { request: self.request, body });
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(effect) = self.directory.poll_effect() {
            let Effect::Send { peer, message } = effect else { continue };
            if let ServerMessage::Entered { participant, invitation, .. } = &message {
                let person = self.peers.iter().position(|known| *known == peer).unwrap();
                self.participants[person] = *participant;
                self.link =
                    self.link.take().or(invitation.as_ref().map(|invitation| invitation.link.clone()));
            }
            if matches!(message, ServerMessage::Welcome { .. } | ServerMessage::FoundGroup { .. })
                && let Some(person) = self.peers.iter().position(|known| *known == peer)
            {
                self.waits[person] = false;
            }
            if let ServerMessage::Commit { sequence, .. } = &message {
                self.sequence = *sequence;
            }
            self.tap.messages.push(SeenMessage { at: self.now, peer, body: message });
        }
    }

    fn act(&mut self, person: usize, deed: Deed) {
        self.now = self.now + Duration::from_millis(700);
        let said = Handshake::new(&self.request.to_be_bytes());
        match deed {
            Deed::Join => {
                let client =
                    ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) };
                let (link, name) = (self.link.clone().unwrap(), format!("p{person}"));
                self.ask(
                    person,
                    Request::Join { link, credential: None, resume: None, attempt: None, name, client },
                );
            }
            Deed::Offer => {
                self.waits[person] = true;
                self.ask(person, Request::OfferKeyPackage { key_package: said });
            }
            Deed::Commit { late, astray, adds, bare } => {
                let named = |index: &usize| adds >> index & 1 == 1 && (astray || self.waits[*index]);
                let mut whom: Vec<_> =
                    (0..PEOPLE).filter(named).map(|index| self.participants[index]).collect();
                whom.dedup();
                let welcome = (!bare && !whom.is_empty()).then(|| said.clone());
                let after = if late { self.sequence + 1 } else { self.sequence };
                self.ask(person, Request::Commit { after, commit: said, welcome, adds: whom });
            }
            Deed::Leave => {
                self.waits[person] = false;
                self.ask(person, Request::Leave);
            }
            Deed::Remove { whom } => {
                let participant = self.participants[whom];
                self.waits[whom] = false;
                self.ask(0, Request::Remove { participant });
            }
            Deed::Vanish => {
                self.waits[person] = false;
                self.directory.handle_disconnect(self.now, self.peers[person]);
                self.tap.closed.push((self.now, self.peers[person]));
                self.drain();
                self.connections[person] += 1;
                self.peers[person] = peer_of(PersonIndex(person), self.connections[person], 0);
            }
        }
    }
}

fn compared(run: &Run) -> Vec<String> {
    let mut findings = Findings::new();
    Course::follow(run, &Wire::read(run), &mut findings);
    findings.breaches().iter().map(|breach| breach.message.clone()).collect()
}

#[test]
fn whatever_is_asked_the_engine_delivers_what_the_model_says() {
    let mut run = empty_run();
    let mut refused = std::collections::BTreeSet::new();
    let mut most = 0;
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (held, refusals, heard) = (
        std::cell::RefCell::new(&mut run),
        std::cell::RefCell::new(&mut refused),
        std::cell::RefCell::new(&mut most),
    );
    let result = runner.run(&prop::collection::vec(arb_deed(), 1..70), |deeds| {
        let mut run = held.borrow_mut();
        let mut stage = Stage::new(run.seed);
        for (person, deed) in deeds {
            stage.act(person, deed);
        }
        run.server.tap = stage.tap;
        for message in &run.server.tap.messages {
            if let ServerMessage::Refused { reason, .. } = &message.body {
                refusals.borrow_mut().insert(*reason);
            }
        }
        let last = run.server.tap.messages.iter().filter(|message| {
            matches!(&message.body, ServerMessage::Commit { sequence, .. } if *sequence == stage.sequence)
        });
        let mut most = heard.borrow_mut();
        **most = (**most).max(last.count());
        let broken = compared(&run);
        prop_assert!(broken.is_empty(), "{broken:#?}");
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
    for rare in [Refusal::StaleCommit, Refusal::NotInGroup, Refusal::BadCommit, Refusal::NotIn] {
        assert!(refused.contains(&rare), "{rare:?} never happened");
    }
    assert!(most > media_core::limits::COMMITTERS_MAX, "a group of {most} has nobody who could move up");
}

/// Four join, offer, and are taken in by commits of different members; one more waits, and then the founder goes.
fn meeting() -> Run {
    let mut run = empty_run();
    let mut stage = Stage::new(run.seed);
    let take_in = |adds: u8| Deed::Commit { late: false, astray: false, adds, bare: false };
    stage.act(0, Deed::Offer);
    for person in 1..6 {
        stage.act(person, Deed::Join);
        stage.act(person, Deed::Offer);
        if person < 5 {
            stage.act(person / 2, take_in(1 << person));
        }
    }
    stage.act(3, Deed::Commit { late: true, astray: false, adds: 0, bare: false });
    stage.act(6, Deed::Join);
    stage.act(6, Deed::Commit { late: false, astray: false, adds: 0, bare: false });
    stage.act(0, Deed::Vanish);
    run.server.tap = stage.tap;
    run
}

type Tamper = fn(&mut Tap);

fn last_of(tap: &Tap, is: fn(&ServerMessage) -> bool) -> usize {
    tap.messages.iter().rposition(|message| is(&message.body)).expect("there is one")
}

const fn is_welcome(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Welcome { .. })
}

const fn is_commit(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Commit { .. })
}

const fn is_key_package(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::KeyPackage { .. })
}

const fn is_refused(message: &ServerMessage) -> bool {
    matches!(message, ServerMessage::Refused { .. })
}

fn outsider() -> PeerId {
    peer_of(PersonIndex(6), 0, 0)
}

/// What a server does wrong, and how the comparison tells it.
const TAMPERS: &[(&str, Tamper, &str)] = &[
    (
        "a welcome is forgotten",
        |tap| drop(tap.messages.remove(last_of(tap, is_welcome))),
        "was not told Welcome",
    ),
    (
        "a commit is withheld from one",
        |tap| drop(tap.messages.remove(last_of(tap, is_commit))),
        "was not told Commit",
    ),
    (
        "a key package is forgotten when somebody moves up",
        |tap| {
            drop(tap.messages.remove(last_of(tap, is_key_package)));
        },
        "was not told KeyPackage",
    ),
    (
        "a commit goes to somebody who is not in the group",
        |tap| {
            let mut message = tap.messages[last_of(tap, is_commit)].clone();
            message.peer = outsider();
            tap.messages.push(message);
        },
        "was told Commit",
    ),
    (
        "a welcome goes to somebody else",
        |tap| {
            let place = last_of(tap, is_welcome);
            tap.messages[place].peer = outsider();
        },
        "Welcome",
    ),
    (
        "a member gets another commit than the others",
        |tap| {
            let place = last_of(tap, is_commit);
            if let ServerMessage::Commit { commit, .. } = &mut tap.messages[place].body {
                *commit = Handshake::new(b"forged");
            }
        },
        "told Commit",
    ),
    (
        "a number is given twice",
        |tap| {
            for message in &mut tap.messages {
                if let ServerMessage::Commit { sequence, .. } = &mut message.body {
                    *sequence = (*sequence).min(2);
                }
            }
        },
        "told Commit",
    ),
    (
        "two commits to one epoch are ordered",
        |tap| {
            let place = last_of(tap, is_commit);
            let at = tap.messages[place].at;
            for seen in &mut tap.requests {
                if let Request::Commit { after, .. } = &mut seen.body
                    && seen.at == at
                {
                    *after -= 1;
                }
            }
        },
        "a refusal as {StaleCommit} was due",
    ),
    (
        "a stranger's commit is acknowledged",
        |tap| {
            let place = last_of(tap, is_refused);
            let ServerMessage::Refused { request, .. } = tap.messages[place].body else { return };
            tap.messages[place].body = ServerMessage::Done { request };
        },
        "a refusal as {NotInGroup} was due",
    ),
    (
        "a group is founded beside the one there is",
        |tap| {
            let place = last_of(tap, is_refused);
            let at = tap.messages[place].at;
            tap.messages.push(SeenMessage {
                at,
                peer: outsider(),
                body: ServerMessage::FoundGroup { sequence: 4 },
            });
        },
        "was told FoundGroup",
    ),
];

#[test]
fn what_a_server_does_wrong_with_handshakes_is_noticed() {
    assert!(compared(&meeting()).is_empty(), "{:#?}", compared(&meeting()));
    for (what, tamper, told) in TAMPERS {
        let mut run = meeting();
        tamper(&mut run.server.tap);
        let broken = compared(&run);
        assert!(broken.iter().any(|message| message.contains(told)), "{what}: {broken:#?}");
    }
}
