//! Owns a hall in which members of one encrypted conference meet: a server that keeps their handshake messages in order, a
//! clock of its own, and the account of what each of them spends and sends. Some are there in name only: their key packages
//! are in the group, but nobody follows it for them, so that a large group costs no more than those who are watched.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use media_core::{
    ParticipantId, Timestamp,
    e2ee::{
        CipherSuite, ConferenceSecret,
        mls::{Membership, MembershipConfig, MembershipOutput, MlsSuite},
    },
    limits,
    signalling::{ClientMessage, Handshake, Refusal, Request, ServerMessage},
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::paired::time;

/// How long each message is under way.
const DELAY: Duration = Duration::from_millis(20);

/// Somebody who follows the group.
struct Client {
    membership: Membership,
    account: Account,
}

/// What somebody has spent since the account was last taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Time of computing.
    pub spent: Duration,
    /// Bytes of handshake messages, as they stand in signalling.
    pub sent: u64,
    /// The same of those that came.
    pub received: u64,
    /// When its present epoch began, if it is in the group.
    pub inside_at: Option<Timestamp>,
}

/// The longest handshake messages so far, in bytes of signalling.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Longest {
    /// Request that offers a key package.
    pub key_package: usize,
    /// Request that commits, with its welcome.
    pub request: usize,
    /// Commit, as each member gets it.
    pub commit: usize,
    /// Welcome, as each newcomer gets it.
    pub welcome: usize,
}

enum Parcel {
    Request(ParticipantId, Request),
    Message(ParticipantId, ServerMessage),
}

/// Server, clients, and what is under way between them.
pub struct Hall {
    suite: MlsSuite,
    rng: ChaCha20Rng,
    now: Timestamp,
    roster: BTreeMap<ParticipantId, String>,
    clients: BTreeMap<ParticipantId, Client>,
    /// In order, since all take equally long.
    parcels: VecDeque<(Timestamp, Parcel)>,
    sequence: u64,
    group: Vec<ParticipantId>,
    offers: BTreeMap<ParticipantId, Handshake>,
    longest: Longest,
}

impl Hall {
    /// An empty hall.
    pub fn new(suite: MlsSuite) -> Self {
        Self {
            suite,
            rng: ChaCha20Rng::seed_from_u64(1),
            now: Timestamp::from_millis(1),
            roster: BTreeMap::new(),
            clients: BTreeMap::new(),
            parcels: VecDeque::new(),
            sequence: 0,
            group: Vec::new(),
            offers: BTreeMap::new(),
            longest: Longest::default(),
        }
    }

    /// Present time.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Commits so far.
    pub const fn commits(&self) -> u64 {
        self.sequence
    }

    /// People in the group, as the server knows it.
    pub fn members(&self) -> usize {
        self.group.len()
    }

    /// Somebody comes in and asks for a place in the group.
    pub fn enter(&mut self, number: u32) {
        let participant = ParticipantId(number);
        let name = format!("participant {number:04}");
        self.roster.insert(participant, name.clone());
        self.tell(|membership, now| membership.on_member(now, participant, &name));
        let config = MembershipConfig {
            mls: self.suite,
            sframe: CipherSuite::default(),
            participant,
            name: name.clone(),
            secret: ConferenceSecret::from_bytes([9; 32]),
            renew_after_frames: limits::SEALED_FRAMES_MAX / 2,
        };
        let (now, roster) = (self.now, self.roster.clone());
        let rng = ChaCha20Rng::seed_from_u64(self.rng.next_u64());
        let clients = &mut self.clients;
        let spent = time(|| {
            let membership = Membership::new(now, config, roster, rng);
            clients.insert(participant, Client { membership, account: Account::default() });
        });
        if let Some(client) = clients.get_mut(&participant) {
            client.account.spent = spent;
        }
        self.drain(participant);
    }

    /// Somebody is there in name only from now on.
    pub fn absent(&mut self, number: u32) {
        self.clients.remove(&ParticipantId(number));
    }

    /// Somebody leaves.
    pub fn leave(&mut self, number: u32) {
        let participant = ParticipantId(number);
        self.roster.remove(&participant);
        self.clients.remove(&participant);
        self.offers.remove(&participant);
        self.group.retain(|member| *member != participant);
        self.tell(|membership, now| membership.on_member_left(now, participant));
    }

    /// Somebody renews their keys.
    pub fn renew(&mut self, number: u32) {
        let (participant, now) = (ParticipantId(number), self.now);
        if let Some(client) = self.clients.get_mut(&participant) {
            client.account.spent += time(|| client.membership.renew(now));
        }
        self.drain(participant);
    }

    /// Takes somebody's account, which begins anew. Nothing of who is there in name only.
    pub fn take_account(&mut self, number: u32) -> Account {
        let Some(client) = self.clients.get_mut(&ParticipantId(number)) else { return Account::default() };
        let inside_at = client.account.inside_at;
        std::mem::replace(&mut client.account, Account { inside_at, ..Account::default() })
    }

    /// Takes the lengths of messages, which are measured anew from here on.
    pub fn take_longest(&mut self) -> Longest {
        std::mem::take(&mut self.longest)
    }

    /// Lets so much time pass.
    ///
    /// # Panics
    /// If somebody does not believe or cannot follow the others: then nothing that was measured is worth anything.
    pub fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let parcel = self.parcels.front().map(|(at, _)| *at);
            let timer = self.clients.values().filter_map(|client| client.membership.poll_timeout()).min();
            let next = [parcel, timer].into_iter().flatten().min().unwrap_or(Timestamp::FAR_FUTURE);
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            if parcel.is_some_and(|at| at <= self.now) {
                match self.parcels.pop_front() {
                    Some((_, Parcel::Request(from, request))) => self.serve(from, request),
                    Some((_, Parcel::Message(to, message))) => self.deliver(to, &message),
                    None => {}
                }
            } else {
                self.wake();
            }
        }
        self.now = end;
    }

    /// Everybody learns of a change of the roster.
    fn tell(&mut self, news: impl Fn(&mut Membership, Timestamp)) {
        let now = self.now;
        for client in self.clients.values_mut() {
            client.account.spent += time(|| news(&mut client.membership, now));
        }
    }

    fn wake(&mut self) {
        let now = self.now;
        let due = |client: &Client| client.membership.poll_timeout().is_some_and(|at| at <= now);
        let due: Vec<_> =
            self.clients.iter().filter(|(_, client)| due(client)).map(|(number, _)| *number).collect();
        for participant in due {
            if let Some(client) = self.clients.get_mut(&participant) {
                client.account.spent += time(|| client.membership.handle_timeout(now));
            }
            self.drain(participant);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the server here says nothing else")]
    fn deliver(&mut self, to: ParticipantId, message: &ServerMessage) {
        let now = self.now;
        let Some(Client { membership, account }) = self.clients.get_mut(&to) else { return };
        account.received += message.encode().len() as u64;
        account.spent += time(|| match message {
            ServerMessage::FoundGroup { sequence } => membership.on_found(now, *sequence),
            ServerMessage::KeyPackage { participant, key_package } => {
                membership.on_key_package(now, *participant, key_package);
            }
            ServerMessage::Commit { sequence, commit } => membership.on_commit(now, *sequence, commit),
            ServerMessage::Welcome { sequence, welcome } => membership.on_welcome(now, *sequence, welcome),
            ServerMessage::Refused { reason, .. } => membership.on_refused(now, *reason),
            _ => {}
        });
        self.drain(to);
    }

    fn drain(&mut self, from: ParticipantId) {
        let (now, mut requests) = (self.now, Vec::new());
        let Some(Client { membership, account }) = self.clients.get_mut(&from) else { return };
        while let Some(output) = membership.poll_output() {
            match output {
                MembershipOutput::Offer(key_package) => {
                    requests.push(Request::OfferKeyPackage { key_package });
                }
                MembershipOutput::Commit { after, commit, welcome, adds } => {
                    requests.push(Request::Commit { after, commit, welcome, adds });
                }
                MembershipOutput::Epoch(_) => account.inside_at = Some(now),
                MembershipOutput::Rejected(whom, rejection) => {
                    panic!("{from:?} does not believe {whom:?}: {rejection:?}");
                }
                MembershipOutput::LeftBehind => panic!("{from:?} cannot follow"),
            }
        }
        for body in requests {
            let message = ClientMessage { request: 1, body };
            let bytes = message.encode().len();
            account.sent += bytes as u64;
            let commits = matches!(message.body, Request::Commit { .. });
            let Longest { request, key_package, .. } = &mut self.longest;
            let longest = if commits { request } else { key_package };
            *longest = bytes.max(*longest);
            self.parcels.push_back((now + DELAY, Parcel::Request(from, message.body)));
        }
    }

    /// The server's part, as `media_core::conference` plays it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the clients here ask for nothing else")]
    fn serve(&mut self, from: ParticipantId, request: Request) {
        match request {
            Request::OfferKeyPackage { .. } if self.group.is_empty() => {
                self.group.push(from);
                self.send(from, ServerMessage::FoundGroup { sequence: self.sequence });
            }
            Request::OfferKeyPackage { key_package } => {
                self.offers.insert(from, key_package.clone());
                let message = ServerMessage::KeyPackage { participant: from, key_package };
                for member in self.group.iter().copied().take(limits::COMMITTERS_MAX).collect::<Vec<_>>() {
                    self.send(member, message.clone());
                }
            }
            Request::Commit { after, .. } if after != self.sequence => {
                self.send(from, ServerMessage::Refused { request: 1, reason: Refusal::StaleCommit });
            }
            Request::Commit { commit, welcome, adds, .. } => self.order(commit, welcome, adds),
            _ => {}
        }
    }

    fn order(&mut self, commit: Handshake, welcome: Option<Handshake>, adds: Vec<ParticipantId>) {
        self.sequence += 1;
        let sequence = self.sequence;
        let message = ServerMessage::Commit { sequence, commit };
        self.longest.commit = self.longest.commit.max(message.encode().len());
        for member in self.group.clone() {
            self.send(member, message.clone());
        }
        let Some(welcome) = welcome else { return };
        let message = ServerMessage::Welcome { sequence, welcome };
        self.longest.welcome = self.longest.welcome.max(message.encode().len());
        let shown = self.group.len().min(limits::COMMITTERS_MAX);
        for added in adds {
            self.offers.remove(&added);
            self.send(added, message.clone());
            self.group.push(added);
        }
        for member in self.group.clone().into_iter().take(limits::COMMITTERS_MAX).skip(shown) {
            for (participant, key_package) in self.offers.clone() {
                self.send(member, ServerMessage::KeyPackage { participant, key_package });
            }
        }
    }

    /// Who is there in name only hears nothing.
    fn send(&mut self, to: ParticipantId, message: ServerMessage) {
        if self.clients.contains_key(&to) {
            self.parcels.push_back((self.now + DELAY, Parcel::Message(to, message)));
        }
    }
}
