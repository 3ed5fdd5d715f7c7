//! Owns the reading of a run's wire in the model's words: who asked for what and when, which connection ended, and what
//! the server said to it all. Tokens and numbers of the protocol become links and connections here.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{
    ParticipantId, PeerId,
    ids::InvitationId,
    secret::Token,
    signalling::{Attempt, ClientInfo, Handshake, Invitation, LinkToken, Request, ServerMessage},
};
use sim::{
    endpoint::credential,
    packet::{connection_of, person_of},
    run::Run,
    scenario::{HolderId, PersonIndex, Timestamp},
    seed::Seed,
};

use crate::model::{
    Ask, Connection, Door, EntryNumber, HandshakeNumber, LinkNumber, Notice, RefCommit, Reply, StayNumber,
    Visitor,
};

/// Something that reaches the server.
#[derive(Debug)]
pub struct Occurrence {
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: Arrival,
}

/// What reaches the server.
#[derive(Debug)]
pub enum Arrival {
    /// A request, with the first answer to it.
    Request {
        /// From whom.
        who: Connection,
        /// What is asked for.
        ask: Ask,
        /// What was answered.
        reply: Option<Reply>,
    },
    /// A connection is gone.
    Gone(Connection),
    /// The media node crashes.
    Crash,
}

/// What happened at the server, and what it said unasked.
#[derive(Debug, Default)]
pub struct Wire {
    /// In the order of time.
    pub occurrences: Vec<Occurrence>,
    /// What people learned because of others, in the order of time.
    pub notices: Vec<(Timestamp, Connection, Notice)>,
    /// Which connection goes by which number.
    pub participants: BTreeMap<ParticipantId, Connection>,
    /// By which numbers a connection has gone, and from when.
    numbers: BTreeMap<Connection, Vec<(Timestamp, ParticipantId)>>,
}

/// The connection of a peer in the model's words.
pub const fn connection(peer: PeerId) -> Connection {
    Connection { person: person_of(peer), number: connection_of(peer) }
}

#[derive(Default)]
struct Reader {
    /// The credentials that were given out.
    credentials: Vec<(HolderId, Token)>,
    links: Vec<(LinkToken, InvitationId)>,
    /// Secrets of stays, in the order in which they were first told.
    stays: Vec<Token>,
    /// Secrets of entries, in the order in which they were first shown.
    entries: Vec<Attempt>,
    /// What members said to one another through the server.
    handshakes: BTreeMap<Handshake, HandshakeNumber>,
    wire: Wire,
    answers: BTreeMap<(PeerId, u32), Reply>,
}

impl Wire {
    /// Reads a run.
    pub fn read(run: &Run) -> Self {
        let holders: BTreeSet<HolderId> =
            run.scenario.people.iter().filter_map(|person| person.holder).collect();
        let given_out = |holder: HolderId| (holder, credential(Seed::new(run.seed), holder.0));
        let mut reader =
            Reader { credentials: holders.into_iter().map(given_out).collect(), ..Reader::default() };
        reader.number_said(run);
        reader.read_messages(run);
        let tap = &run.server.tap;
        for seen in &tap.requests {
            let who = connection(seen.peer);
            let reply = reader.answers.get(&(seen.peer, seen.request)).copied();
            let what = Arrival::Request { who, ask: reader.ask(seen.at, &seen.body), reply };
            reader.wire.occurrences.push(Occurrence { at: seen.at, what });
        }
        let gone = tap.closed.iter().map(|(at, peer)| (*at, Arrival::Gone(connection(*peer))));
        let crashes = run.scenario.crashes.iter().map(|crash| (crash.at, Arrival::Crash));
        let more = gone.chain(crashes).map(|(at, what)| Occurrence { at, what });
        reader.wire.occurrences.extend(more);
        // Stable: what a connection asked for in its last moment comes before its end.
        reader.wire.occurrences.sort_by_key(|occurrence| occurrence.at);
        reader.wire
    }
}

impl Wire {
    /// The connections by which a person was ever named.
    pub fn connections(&self, person: PersonIndex) -> Vec<Connection> {
        let first = Connection { person, number: 0 };
        let last = Connection { person, number: u32::MAX };
        self.numbers.range(first..=last).map(|(who, _)| *who).collect()
    }

    fn name(&mut self, at: Timestamp, participant: ParticipantId, who: Connection) {
        self.participants.insert(participant, who);
        self.numbers.entry(who).or_default().push((at, participant));
    }
}

impl Reader {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only some of the messages answer or decide anything")]
    fn read_messages(&mut self, run: &Run) {
        let mut waiting: BTreeMap<usize, Connection> = BTreeMap::new();
        for message in &run.server.tap.messages {
            let (at, peer, who) = (message.at, message.peer, connection(message.peer));
            match &message.body {
                ServerMessage::Entered { request, participant, mode, invitation, resume, .. } => {
                    self.wire.name(at, *participant, who);
                    if self.stay(resume).is_none() {
                        self.stays.push(resume.clone());
                    }
                    let link = invitation.as_ref().map(|invitation| self.add_link(invitation));
                    self.on_answer(at, (peer, *request), Reply::Entered { mode: *mode, link });
                }
                ServerMessage::Waiting { request } => {
                    waiting.insert(who.person.0, who);
                    self.on_answer(at, (peer, *request), Reply::Waiting);
                }
                ServerMessage::Done { request } | ServerMessage::Answer { request, .. } => {
                    self.on_answer(at, (peer, *request), Reply::Done);
                }
                ServerMessage::Invited { request, invitation } => {
                    let link = self.add_link(invitation);
                    self.on_answer(at, (peer, *request), Reply::Invited(link));
                }
                ServerMessage::Refused { request, reason } => {
                    self.on_answer(at, (peer, *request), Reply::Refused(*reason));
                }
                ServerMessage::Out { reason } => self.wire.notices.push((at, who, Notice::Out(*reason))),
                ServerMessage::FoundGroup { sequence } => {
                    self.wire.notices.push((at, who, Notice::FoundGroup { sequence: *sequence }));
                }
                ServerMessage::KeyPackage { participant, key_package } => {
                    let (whose, offer) = (self.whom(at, *participant), self.handshake(key_package));
                    self.wire.notices.push((at, who, Notice::KeyPackage { whose, offer }));
                }
                ServerMessage::Commit { sequence, commit } => {
                    let notice = Notice::Commit { sequence: *sequence, commit: self.handshake(commit) };
                    self.wire.notices.push((at, who, notice));
                }
                ServerMessage::Welcome { sequence, welcome } => {
                    let notice = Notice::Welcome { sequence: *sequence, welcome: self.handshake(welcome) };
                    self.wire.notices.push((at, who, notice));
                }
                ServerMessage::Knock { participant, name } => {
                    let person = run.scenario.people.iter().position(|person| person.name == *name);
                    let who = person.and_then(|person| waiting.get(&person));
                    if let Some(who) = who.copied() {
                        self.wire.name(at, *participant, who);
                    }
                }
                _ => {}
            }
        }
    }

    fn on_answer(&mut self, at: Timestamp, to: (PeerId, u32), reply: Reply) {
        if self.answers.get(&to) != Some(&Reply::Waiting) {
            self.answers.entry(to).or_insert(reply);
            return;
        }
        // Who waits gets a second answer, because of what somebody else does.
        let notice = match reply {
            Reply::Entered { .. } => Notice::Entered,
            Reply::Refused(reason) => Notice::Refused(reason),
            Reply::Waiting | Reply::Done | Reply::Invited(_) => return,
        };
        self.wire.notices.push((at, connection(to.0), notice));
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "no other request holds something that only clients say"
    )]
    /// Numbers what only clients say.
    fn number_said(&mut self, run: &Run) {
        for seen in &run.server.tap.requests {
            match &seen.body {
                Request::Join { attempt: Some(attempt), .. } if self.entry(attempt).is_none() => {
                    self.entries.push(attempt.clone());
                }
                Request::OfferKeyPackage { key_package } => self.number(key_package),
                Request::Commit { commit, welcome, .. } => {
                    self.number(commit);
                    if let Some(welcome) = welcome {
                        self.number(welcome);
                    }
                }
                _ => {}
            }
        }
    }

    fn number(&mut self, message: &Handshake) {
        let next = HandshakeNumber(self.handshakes.len() as u32);
        self.handshakes.entry(message.clone()).or_insert(next);
    }

    /// Nobody has said what has the highest number.
    fn handshake(&self, message: &Handshake) -> HandshakeNumber {
        self.handshakes.get(message).copied().unwrap_or(HandshakeNumber(u32::MAX))
    }

    fn add_link(&mut self, invitation: &Invitation) -> LinkNumber {
        self.links.push((invitation.link.clone(), invitation.id));
        LinkNumber(self.links.len() as u32 - 1)
    }

    fn door(&self, link: &LinkToken) -> Door {
        let known = self.links.iter().position(|(known, _)| known == link);
        known.map_or(Door::None, |place| Door::Link(LinkNumber(place as u32)))
    }

    fn visitor(&self, credential: Option<&Token>, client: ClientInfo) -> Visitor {
        let known = |shown: &Token| self.credentials.iter().find(|(_, known)| known == shown);
        let holder = credential.and_then(known).map(|(holder, _)| *holder);
        Visitor { holder, encryption: client.encryption }
    }

    fn stay(&self, secret: &Token) -> Option<StayNumber> {
        let known = self.stays.iter().rposition(|known| known == secret)?;
        Some(StayNumber(known as u32))
    }

    fn entry(&self, attempt: &Attempt) -> Option<(EntryNumber, u32)> {
        let known = self.entries.iter().position(|known| known.is_of_same_entry(attempt))?;
        Some((EntryNumber(known as u32), attempt.number()))
    }

    /// Nobody goes by a number that the server never gave out, nor by that of an earlier stay on the same connection.
    fn whom(&self, at: Timestamp, participant: ParticipantId) -> Connection {
        let nobody = Connection { person: PersonIndex(usize::MAX), number: participant.0 };
        let Some(who) = self.wire.participants.get(&participant).copied() else { return nobody };
        let numbers = &self.wire.numbers[&who];
        let present = numbers.iter().rev().find(|(from, _)| *from <= at).map(|(_, number)| *number);
        if present.is_none_or(|present| present == participant) { who } else { nobody }
    }

    fn ask(&self, at: Timestamp, request: &Request) -> Ask {
        let whom = |participant: ParticipantId| self.whom(at, participant);
        match request {
            Request::Start { credential, mode, lobby, client, .. } => {
                Ask::Start { visitor: self.visitor(credential.as_ref(), *client), mode: *mode, lobby: *lobby }
            }
            Request::Join { link, credential, resume, attempt, client, .. } => Ask::Join {
                visitor: self.visitor(credential.as_ref(), *client),
                door: self.door(link),
                stay: resume.as_ref().and_then(|resume| self.stay(resume)),
                entry: attempt.as_ref().and_then(|attempt| self.entry(attempt)),
            },
            Request::Leave => Ask::Leave,
            Request::Publish { tracks } => {
                Ask::Publish { media: tracks.iter().map(|track| track.kind).collect() }
            }
            // The observer writes down what was read out of an offer.
            Request::Negotiate { .. } => Ask::Publish { media: BTreeSet::new() },
            Request::Watch { source, kind, .. } => Ask::Watch { whom: whom(*source), kind: *kind },
            Request::RaiseHand => Ask::RaiseHand,
            Request::LowerHand => Ask::LowerHand,
            Request::Admit { participant } => Ask::Admit(whom(*participant)),
            Request::Remove { participant } => Ask::Remove(whom(*participant)),
            Request::SetMode { mode } => Ask::SetMode(*mode),
            Request::Lock { locked } => Ask::Lock(*locked),
            Request::SetPermissions { participant, permissions } => {
                Ask::Cap(whom(*participant), *permissions)
            }
            Request::Grant { participant, permissions } => Ask::Grant(whom(*participant), *permissions),
            Request::NamePresenter { participant } => Ask::NamePresenter(whom(*participant)),
            Request::NameModerator { participant } => Ask::NameModerator(whom(*participant)),
            Request::HandOver { participant } => Ask::HandOver(whom(*participant)),
            Request::CreateInvitation => Ask::CreateInvitation,
            Request::RevokeInvitation { invitation } => {
                let place = self.links.iter().position(|(_, id)| id == invitation);
                Ask::RevokeInvitation(LinkNumber(place.map_or(u32::MAX, |place| place as u32)))
            }
            Request::End => Ask::End,
            Request::OfferKeyPackage { key_package } => Ask::OfferKeyPackage(self.handshake(key_package)),
            Request::Commit { after, commit, welcome, adds } => Ask::Commit(RefCommit {
                after: *after,
                commit: self.handshake(commit),
                welcome: welcome.as_ref().map(|welcome| self.handshake(welcome)),
                adds: adds.iter().map(|added| whom(*added)).collect(),
            }),
        }
    }
}
