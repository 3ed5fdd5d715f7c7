//! Owns a hall in which clients with [`Membership`]s meet around the real directory: signalling arrives in order, after a
//! delay of its own for each message; frames arrive when they do. Whoever orders handshake messages can be made to lie.

use std::{collections::BTreeMap, time::Duration};

use media_core::{
    DropReason, ParticipantId, PeerId, Timestamp,
    conference::{ConferenceConfig, Directory, Effect},
    e2ee::{
        CipherSuite, ConferenceSecret,
        mls::{EpochChange, Membership, MembershipConfig, MembershipOutput, MlsSuite, Rejection},
    },
    secret::Token,
    signalling::{
        ClientInfo, ClientMessage, Encryption, EndpointKind, LinkToken, Mode, Request, ServerMessage,
    },
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

const DESK: ClientInfo = ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) };
const LINK: [u8; 32] = [9; 32];

/// What a client has noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Noticed {
    Epoch(EpochChange),
    Rejected(Option<ParticipantId>, Rejection),
    LeftBehind,
}

pub(crate) struct Client {
    pub(crate) membership: Option<Membership>,
    pub(crate) participant: Option<ParticipantId>,
    pub(crate) noticed: Vec<(Timestamp, Noticed)>,
    handshakes: BTreeMap<u32, ()>,
    request: u32,
}

enum Parcel {
    ToServer(PeerId, Vec<u8>),
    ToClient(PeerId, ServerMessage),
}

/// Directory, clients, and what is under way.
pub(crate) struct Hall {
    pub(crate) now: Timestamp,
    pub(crate) rng: ChaCha20Rng,
    directory: Directory,
    pub(crate) clients: BTreeMap<PeerId, Client>,
    parcels: BTreeMap<(Timestamp, u64), Parcel>,
    number: u64,
    /// Until when a later message of the same direction cannot arrive before.
    lanes: BTreeMap<(PeerId, bool), Timestamp>,
    pub(crate) link: Option<LinkToken>,
    /// Longest and usual time under way, in milliseconds.
    pub(crate) delay: (u64, u64),
    /// Everything the server said, in order.
    pub(crate) said: Vec<(Timestamp, PeerId, ServerMessage)>,
}

impl Hall {
    pub(crate) fn new(seed: u64) -> Self {
        let config =
            ConferenceConfig { holders: vec![Token::from_bytes([1; 16])], ..ConferenceConfig::default() };
        let directory = Directory::new(config, ChaCha20Rng::seed_from_u64(seed ^ 0xD1)).unwrap();
        Self {
            now: Timestamp::from_millis(1),
            rng: ChaCha20Rng::seed_from_u64(seed),
            directory,
            clients: BTreeMap::new(),
            parcels: BTreeMap::new(),
            number: 0,
            lanes: BTreeMap::new(),
            link: None,
            delay: (20, 20),
            said: Vec::new(),
        }
    }

    /// A hall with a conference that peer 0 has started.
    pub(crate) fn open(seed: u64) -> Self {
        let mut hall = Self::new(seed);
        let (credential, name) = (Some(Token::from_bytes([1; 16])), "p0".to_owned());
        hall.ask(
            PeerId(0),
            Request::Start { credential, name, mode: Mode::Discussion, lobby: false, client: DESK },
        );
        hall.run(300);
        hall
    }

    pub(crate) fn join(&mut self, peer: u64) {
        let link = self.link.clone().expect("the conference has a link");
        let name = format!("p{peer}");
        self.ask(
            PeerId(peer as _),
            Request::Join { link, credential: None, resume: None, name, client: DESK },
        );
    }

    pub(crate) fn leave(&mut self, peer: u64) {
        self.ask(PeerId(peer as _), Request::Leave);
        if let Some(client) = self.clients.get_mut(&PeerId(peer as _)) {
            client.membership = None;
            client.participant = None;
        }
    }

    pub(crate) fn member(&mut self, peer: u64) -> &mut Membership {
        let client = self.clients.get_mut(&PeerId(peer as _)).expect("the client exists");
        client.membership.as_mut().expect("the client is in")
    }

    /// Lets so many milliseconds pass.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        loop {
            let parcel = self.parcels.first_key_value().map(|((at, _), _)| *at);
            let timer =
                self.clients.values().filter_map(|client| client.membership.as_ref()?.poll_timeout()).min();
            let next = [parcel, timer].into_iter().flatten().min().unwrap_or(Timestamp::FAR_FUTURE);
            if next > end {
                break;
            }
            self.now = self.now.max(next);
            if let Some(entry) = self.parcels.first_entry()
                && entry.key().0 <= self.now
            {
                let parcel = entry.remove();
                self.deliver(parcel);
                continue;
            }
            let due: Vec<PeerId> = self
                .clients
                .iter()
                .filter(|(_, client)| {
                    let timeout = client.membership.as_ref().and_then(Membership::poll_timeout);
                    timeout.is_some_and(|at| at <= self.now)
                })
                .map(|(peer, _)| *peer)
                .collect();
            for peer in due {
                let now = self.now;
                if let Some(membership) =
                    self.clients.get_mut(&peer).and_then(|client| client.membership.as_mut())
                {
                    membership.handle_timeout(now);
                }
                self.drain(peer);
            }
        }
        self.now = end;
    }

    /// What `from` seals now, or nothing without a key.
    pub(crate) fn seal(&mut self, from: u64, plaintext: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = Vec::new();
        self.member(from).sealer()?.seal(plaintext, b"meta", &mut sealed).ok()?;
        Some(sealed)
    }

    /// What `to` makes of a frame that comes in the track of `from`.
    pub(crate) fn open_frame(&mut self, to: u64, from: u64, sealed: &[u8]) -> Result<Vec<u8>, DropReason> {
        let from = self.clients[&PeerId(from as _)].participant.unwrap_or(ParticipantId(u32::MAX));
        let now = self.now;
        let mut plain = Vec::new();
        self.member(to).open(now, from, sealed, b"meta", &mut plain).map(|_| plain)
    }

    fn deliver(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::ToServer(peer, message) => {
                let message = ClientMessage::decode(&message).expect("clients speak the protocol");
                self.directory.handle_request(self.now, peer, message);
                while let Some(effect) = self.directory.poll_effect() {
                    if let Effect::Send { peer, message } = effect {
                        self.said.push((self.now, peer, message.clone()));
                        self.post(peer, false, |peer| Parcel::ToClient(peer, message));
                    }
                }
            }
            Parcel::ToClient(peer, message) => self.on_message(peer, message),
        }
    }

    fn on_message(&mut self, peer: PeerId, message: ServerMessage) {
        let now = self.now;
        let seed = self.rng.next_u64();
        let Some(client) = self.clients.get_mut(&peer) else { return };
        if let ServerMessage::Entered { participant, roster, invitation, .. } = &message {
            let name = roster.iter().find(|member| member.participant == *participant).unwrap().name.clone();
            let config = MembershipConfig {
                mls: MlsSuite::default(),
                sframe: CipherSuite::default(),
                participant: *participant,
                name,
                secret: ConferenceSecret::from_bytes(LINK),
                renew_after_frames: 1 << 31,
            };
            let roster = roster.iter().map(|member| (member.participant, member.name.clone()));
            client.membership = Some(Membership::new(now, config, roster, ChaCha20Rng::seed_from_u64(seed)));
            client.participant = Some(*participant);
            self.link =
                self.link.take().or_else(|| invitation.as_ref().map(|invitation| invitation.link.clone()));
        }
        let Some(membership) = &mut client.membership else { return };
        match message {
            ServerMessage::Member { member } => membership.on_member(now, member.participant, &member.name),
            ServerMessage::MemberLeft { participant } => membership.on_member_left(now, participant),
            ServerMessage::FoundGroup { sequence } => membership.on_found(now, sequence),
            ServerMessage::KeyPackage { participant, key_package } => {
                membership.on_key_package(now, participant, &key_package);
            }
            ServerMessage::Commit { sequence, commit } => membership.on_commit(now, sequence, &commit),
            ServerMessage::Welcome { sequence, welcome } => membership.on_welcome(now, sequence, &welcome),
            ServerMessage::Refused { request, reason } if client.handshakes.contains_key(&request) => {
                membership.on_refused(now, reason);
            }
            _ => {}
        }
        self.drain(peer);
    }

    fn drain(&mut self, peer: PeerId) {
        while let Some(output) = self
            .clients
            .get_mut(&peer)
            .and_then(|client| client.membership.as_mut())
            .and_then(Membership::poll_output)
        {
            let noticed = match output {
                MembershipOutput::Offer(key_package) => {
                    self.ask(peer, Request::OfferKeyPackage { key_package });
                    continue;
                }
                MembershipOutput::Commit { after, commit, welcome, adds } => {
                    self.ask(peer, Request::Commit { after, commit, welcome, adds });
                    continue;
                }
                MembershipOutput::Epoch(change) => Noticed::Epoch(change),
                MembershipOutput::Rejected(whom, rejection) => Noticed::Rejected(whom, rejection),
                MembershipOutput::LeftBehind => Noticed::LeftBehind,
            };
            let now = self.now;
            if let Some(client) = self.clients.get_mut(&peer) {
                client.noticed.push((now, noticed));
            }
        }
    }

    pub(crate) fn ask(&mut self, peer: PeerId, body: Request) {
        let client = self.clients.entry(peer).or_insert_with(|| Client {
            membership: None,
            participant: None,
            noticed: Vec::new(),
            handshakes: BTreeMap::new(),
            request: 0,
        });
        client.request += 1;
        let request = client.request;
        if matches!(body, Request::OfferKeyPackage { .. } | Request::Commit { .. }) {
            client.handshakes.insert(request, ());
        }
        let message = ClientMessage { request, body }.encode();
        self.post(peer, true, |peer| Parcel::ToServer(peer, message));
    }

    fn post(&mut self, peer: PeerId, up: bool, parcel: impl FnOnce(PeerId) -> Parcel) {
        let (usual, longest) = self.delay;
        let extra = if longest > usual { self.rng.next_u64() % (longest - usual) } else { 0 };
        let lane = self.lanes.entry((peer, up)).or_default();
        let at = (self.now + Duration::from_millis(usual + extra)).max(*lane);
        *lane = at;
        self.number += 1;
        self.parcels.insert((at, self.number), parcel(peer));
    }
}
