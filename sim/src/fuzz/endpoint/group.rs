//! Owns the honest people around the endpoint: two who are in the conference's group and take in whoever proves to be invited,
//! more who come later, and the order of their handshake messages as a server keeps it. What the endpoint is told of it waits
//! here until the fuzzed server hands it out; what else that server says of the group is drawn from the input.

use std::collections::{BTreeMap, VecDeque};

use media_core::{
    ParticipantId, Permissions, Timestamp,
    e2ee::{
        BaseKey, CipherSuite, ConferenceSecret, KeyId, Sealer,
        mls::{Membership, MembershipConfig, MembershipOutput, MlsSuite},
    },
    signalling::{ClientMessage, EndpointKind, Handshake, Member, Refusal, Request, Role, ServerMessage},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{super::input::Input, PEOPLE, SECRET};

/// When the two who are there first have met.
const MET: Timestamp = Timestamp::from_millis(400);
/// Messages for the endpoint that may wait; older ones are lost.
const WAITING_MAX: usize = 32;
/// People who may come later, in one trial: each is dear.
const LATECOMERS_MAX: u64 = 4;

/// The honest people, and what their server knows.
pub(super) struct Group {
    people: BTreeMap<ParticipantId, Membership>,
    /// As whom the endpoint is in the conference.
    endpoint: (ParticipantId, String),
    /// Whether the group has taken the endpoint in.
    has_endpoint: bool,
    /// Of the last commit.
    sequence: u64,
    waiting: VecDeque<ServerMessage>,
    /// Whether the server keeps to itself what waits.
    withholds: bool,
    /// The last key package, commit and welcome.
    last: [Option<Handshake>; 3],
    /// How many have come.
    came: u64,
    sealed: u64,
}

impl Group {
    /// Two people, neither of them the endpoint, who met a while ago.
    pub(super) fn around(endpoint: (ParticipantId, String)) -> Self {
        let number = endpoint.0.0;
        let mut group = Self {
            people: BTreeMap::new(),
            endpoint,
            has_endpoint: false,
            sequence: 0,
            waiting: VecDeque::new(),
            withholds: false,
            last: [None, None, None],
            came: 0,
            sealed: 0,
        };
        group.comes(Timestamp::ZERO, beside(number, 1));
        for founder in group.people.values_mut() {
            founder.on_found(Timestamp::ZERO, 0);
        }
        group.comes(Timestamp::ZERO, beside(number, 2));
        group.advance(MET);
        group.waiting.clear();
        group
    }

    /// Frames that were sealed under keys of the group.
    pub(super) const fn sealed(&self) -> u64 {
        self.sealed
    }

    /// Whether somebody is one of the honest people.
    pub(super) fn has(&self, participant: ParticipantId) -> bool {
        self.people.contains_key(&participant)
    }

    /// The endpoint is in the conference anew, as this participant.
    pub(super) fn on_endpoint_entered(&mut self, now: Timestamp, endpoint: (ParticipantId, String)) {
        let before = std::mem::replace(&mut self.endpoint, endpoint);
        let (participant, name) = self.endpoint.clone();
        self.has_endpoint = false;
        for member in self.people.values_mut() {
            if before.0 != participant {
                member.on_member_left(now, before.0);
            }
            member.on_member(now, participant, &name);
        }
        self.settle(now);
    }

    /// The endpoint asks for something.
    pub(super) fn on_request(&mut self, now: Timestamp, said: &ClientMessage) {
        self.serve(now, self.endpoint.0, said);
        self.settle(now);
    }

    /// Time goes by.
    pub(super) fn advance(&mut self, now: Timestamp) {
        for member in self.people.values_mut() {
            if member.poll_timeout().is_some_and(|at| at <= now) {
                member.handle_timeout(now);
            }
        }
        self.settle(now);
    }

    /// The next message for the endpoint, unless it is withheld.
    pub(super) fn poll_message(&mut self) -> Option<ServerMessage> {
        if self.withholds { None } else { self.waiting.pop_front() }
    }

    /// What the fuzzed server says of the group; nothing when it only changes what honest people do.
    pub(super) fn drawn(&mut self, now: Timestamp, input: &mut Input<'_>) -> Option<ServerMessage> {
        let choice = input.byte();
        let sequence = match choice >> 6 {
            0 | 1 => self.sequence,
            2 => self.sequence + 1,
            _ => u64::from(input.long()),
        };
        match choice % 8 {
            0 => Some(ServerMessage::FoundGroup { sequence }),
            1 => {
                let participant = ParticipantId(u32::from(input.byte()) % PEOPLE);
                Some(ServerMessage::KeyPackage { participant, key_package: self.handshake(0, input) })
            }
            2 => Some(ServerMessage::Commit { sequence, commit: self.handshake(1, input) }),
            3 => Some(ServerMessage::Welcome { sequence, welcome: self.handshake(2, input) }),
            4 => {
                self.withholds = !self.withholds;
                None
            }
            5 => self.waiting.pop_front(),
            6 => {
                if let Some(member) = self.people.values_mut().nth(input.below(2)) {
                    member.renew(now);
                }
                None
            }
            _ => {
                self.comes(now, ParticipantId(u32::from(input.byte()) % PEOPLE));
                None
            }
        }
    }

    /// A frame as `person` sends it; as a stranger would forge it, when they have no key.
    pub(super) fn seal(&mut self, person: u32, clear: &[u8], metadata: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = Vec::new();
        let member = self.people.get_mut(&ParticipantId(person)).and_then(Membership::sealer);
        if let Some(sealer) = member {
            sealer.seal(clear, metadata, &mut sealed).ok()?;
            self.sealed += 1;
        } else {
            let epoch = self.people.values().find_map(Membership::epoch).unwrap_or_default();
            forger(person, epoch).seal(clear, metadata, &mut sealed).ok()?;
        }
        Some(sealed)
    }

    /// The last message of a kind as it was, with a byte changed, or another one altogether.
    fn handshake(&self, kind: usize, input: &mut Input<'_>) -> Handshake {
        let choice = input.byte();
        let last = self.last[kind].as_ref().map(|last| last.as_bytes().to_vec()).unwrap_or_default();
        match choice % 4 {
            0 | 1 => Handshake::new(&last),
            2 if !last.is_empty() => {
                let mut changed = last;
                let place = usize::from(input.number()) % changed.len();
                changed[place] ^= input.byte().max(1);
                Handshake::new(&changed)
            }
            _ => Handshake::new(input.run()),
        }
    }

    /// Somebody comes into the conference and wants to be in the group.
    fn comes(&mut self, now: Timestamp, participant: ParticipantId) {
        if participant == self.endpoint.0 || self.has(participant) || self.came >= LATECOMERS_MAX {
            return;
        }
        self.came += 1;
        for member in self.people.values_mut() {
            member.on_member(now, participant, NAME);
        }
        self.wait(ServerMessage::Member { member: guest(participant) });
        let others = self.people.keys().map(|other| (*other, NAME.to_owned()));
        let roster: Vec<_> = others.chain([(participant, NAME.to_owned()), self.endpoint.clone()]).collect();
        let config = MembershipConfig {
            mls: MlsSuite::default(),
            sframe: CipherSuite::default(),
            participant,
            name: NAME.to_owned(),
            secret: ConferenceSecret::from_bytes(SECRET),
            renew_after_frames: 1 << 31,
        };
        let rng = ChaCha20Rng::seed_from_u64(self.came);
        self.people.insert(participant, Membership::new(now, config, roster, rng));
        self.settle(now);
    }

    /// What honest people have to say reaches the server, until nobody has anything to say.
    fn settle(&mut self, now: Timestamp) {
        loop {
            let next = self.people.iter_mut().find_map(|(who, member)| Some((*who, member.poll_output()?)));
            let Some((who, output)) = next else { return };
            let body = match output {
                MembershipOutput::Offer(key_package) => Request::OfferKeyPackage { key_package },
                MembershipOutput::Commit { after, commit, welcome, adds } => {
                    Request::Commit { after, commit, welcome, adds }
                }
                MembershipOutput::Epoch(_)
                | MembershipOutput::Rejected(..)
                | MembershipOutput::LeftBehind => continue,
            };
            self.serve(now, who, &ClientMessage { request: 0, body });
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is not about the group")]
    fn serve(&mut self, now: Timestamp, from: ParticipantId, said: &ClientMessage) {
        match &said.body {
            Request::OfferKeyPackage { key_package } => {
                self.last[0] = Some(key_package.clone());
                self.has_endpoint &= from != self.endpoint.0;
                for (who, member) in &mut self.people {
                    if *who != from && member.epoch().is_some() {
                        member.on_key_package(now, from, key_package);
                    }
                }
                if from != self.endpoint.0 {
                    let key_package = key_package.clone();
                    self.wait(ServerMessage::KeyPackage { participant: from, key_package });
                }
            }
            Request::Commit { after, .. } if *after != self.sequence => {
                let reason = Refusal::StaleCommit;
                match self.people.get_mut(&from) {
                    Some(member) => member.on_refused(now, reason),
                    None => self.wait(ServerMessage::Refused { request: said.request, reason }),
                }
            }
            Request::Commit { commit, welcome, adds, .. } => {
                self.order(now, from, commit, welcome.as_ref(), adds);
            }
            _ => {}
        }
    }

    fn order(
        &mut self,
        now: Timestamp,
        from: ParticipantId,
        commit: &Handshake,
        welcome: Option<&Handshake>,
        adds: &[ParticipantId],
    ) {
        self.sequence += 1;
        let sequence = self.sequence;
        self.last[1] = Some(commit.clone());
        for member in self.people.values_mut() {
            member.on_commit(now, sequence, commit);
        }
        if self.has_endpoint || from == self.endpoint.0 {
            self.wait(ServerMessage::Commit { sequence, commit: commit.clone() });
        }
        let Some(welcome) = welcome else { return };
        self.last[2] = Some(welcome.clone());
        for added in adds {
            match self.people.get_mut(added) {
                Some(member) => member.on_welcome(now, sequence, welcome),
                None if *added == self.endpoint.0 => {
                    self.has_endpoint = true;
                    self.wait(ServerMessage::Welcome { sequence, welcome: welcome.clone() });
                }
                None => {}
            }
        }
    }

    fn wait(&mut self, message: ServerMessage) {
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back(message);
    }
}

/// How everybody but the endpoint is called.
pub(super) const NAME: &str = "somebody";

/// Somebody without rank, as the server shows them.
fn guest(participant: ParticipantId) -> Member {
    Member {
        participant,
        name: NAME.to_owned(),
        role: Role::Guest,
        presenter: false,
        hand_raised: false,
        permissions: Permissions { audio: true, video: true, screen: true },
        endpoint: EndpointKind::Desk,
    }
}

/// The number so many after this one, among those who can be there.
fn beside(number: u32, after: u32) -> ParticipantId {
    ParticipantId((number % PEOPLE + after) % PEOPLE)
}

/// Somebody who names a member's key and does not have it.
fn forger(person: u32, epoch: u64) -> Sealer {
    let key = BaseKey::from_bytes(&[0x0f; 16]).expect("16 bytes are a base key");
    Sealer::new(CipherSuite::default(), KeyId::of_sender(person % 4, epoch), &key)
}
