//! Owns a hall in which clients with [`Membership`]s meet around the real directory. Signalling arrives in order, after a
//! delay of its own for each message; frames arrive when they do, or not. The server can be made to [lie](Lies). Everything
//! is compared with the [model](Model) as it happens: whatever runs here, runs against it.

mod client;
mod network;
mod server;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use media_core::{
    DropReason, ParticipantId, PeerId, Timestamp,
    conference::{ConferenceConfig, Directory, Effect},
    e2ee::{
        CipherSuite, ConferenceSecret,
        mls::{Membership, MembershipConfig, MembershipOutput, MlsSuite},
    },
    secret::Token,
    signalling::{
        ClientInfo, ClientMessage, Encryption, EndpointKind, LinkToken, Mode, Refusal, Request, ServerMessage,
    },
};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use super::{
    lies::Lies,
    model::{Model, Stay, Verdict},
};
pub(crate) use client::{Client, Input, Noticed, Origin, Presence};
pub(crate) use network::Weather;
use network::{Network, Parcel};

/// Of the link that everybody was given.
pub(crate) const LINK: [u8; 32] = [9; 32];
/// Between two frames of a sender.
const FRAME_INTERVAL: Duration = Duration::from_millis(50);

/// A frame, with what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) sealed: Vec<u8>,
    pub(crate) metadata: Vec<u8>,
}

/// How a hall is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) seed: u64,
    pub(crate) encryption: Encryption,
    pub(crate) renew_after_frames: u64,
    pub(crate) weather: Weather,
    /// Whether everybody seals a frame every 50 ms.
    pub(crate) media: bool,
}

impl Setting {
    /// A quiet hall: nothing is late or lost, and nobody sends unless told to.
    pub(crate) const fn quiet(seed: u64) -> Self {
        let encryption = Encryption::DEFAULT;
        Self { seed, encryption, renew_after_frames: 1 << 31, weather: Weather::Calm, media: false }
    }
}

/// Directory, clients, and what is under way.
pub(crate) struct Hall {
    pub(crate) setting: Setting,
    pub(crate) now: Timestamp,
    pub(crate) rng: ChaCha20Rng,
    directory: Directory,
    pub(crate) clients: BTreeMap<PeerId, Client>,
    pub(crate) network: Network,
    pub(crate) link: Option<LinkToken>,
    pub(crate) model: Model,
    pub(crate) lies: Lies,
    /// When somebody last came, went, or was found to be gone, by the server's clock.
    pub(crate) changed_at: Timestamp,
    /// Whether clients keep what they are told, and the hall what clients ask for.
    pub(crate) record: bool,
    pub(crate) asked: Vec<(Timestamp, PeerId, Vec<u8>)>,
    frames_at: Timestamp,
    texts: u32,
}

impl Hall {
    pub(crate) fn new(setting: Setting) -> Self {
        let config =
            ConferenceConfig { holders: vec![Token::from_bytes([1; 16])], ..ConferenceConfig::default() };
        let directory = Directory::new(config, ChaCha20Rng::seed_from_u64(setting.seed ^ 0xD1));
        Self {
            setting,
            now: Timestamp::from_millis(1),
            rng: ChaCha20Rng::seed_from_u64(setting.seed),
            directory: directory.expect("the configuration is valid"),
            clients: BTreeMap::new(),
            network: Network::new(setting.seed, setting.weather),
            link: None,
            model: Model::default(),
            lies: Lies::default(),
            changed_at: Timestamp::ZERO,
            record: false,
            asked: Vec::new(),
            frames_at: Timestamp::ZERO,
            texts: 0,
        }
    }

    /// A hall with a conference that peer 0 has started.
    pub(crate) fn open(setting: Setting) -> Self {
        let mut hall = Self::new(setting);
        hall.start();
        hall.run(1_000);
        hall
    }

    /// Peer 0 starts a conference.
    pub(crate) fn start(&mut self) {
        let (credential, name) = (Some(Token::from_bytes([1; 16])), "p0".to_owned());
        let client = self.client_info();
        self.clients.insert(PeerId(0), Client::new(LINK));
        self.ask(
            PeerId(0),
            Request::Start { credential, name, mode: Mode::Discussion, lobby: false, client },
        );
        while self.link.is_none() {
            self.run(100);
        }
    }

    pub(crate) fn join(&mut self, peer: u32) {
        self.join_with(peer, LINK);
    }

    /// Why a conference that peer 0 would start is refused, if it is.
    pub(crate) fn answer_to_start(&mut self) -> Option<Refusal> {
        let (credential, name) = (Some(Token::from_bytes([1; 16])), "p0".to_owned());
        let body = Request::Start {
            credential,
            name,
            mode: Mode::Discussion,
            lobby: false,
            client: self.client_info(),
        };
        self.directory.handle_request(self.now, PeerId(0), ClientMessage { request: 1, body });
        std::iter::from_fn(|| self.directory.poll_effect()).find_map(|effect| match effect {
            Effect::Send { message: ServerMessage::Refused { reason, .. }, .. } => Some(reason),
            _ => None,
        })
    }

    /// Somebody joins who was given another secret than the others.
    pub(crate) fn join_with(&mut self, peer: u32, secret: [u8; 32]) {
        let link = self.link.clone().expect("the conference has a link");
        self.clients.insert(PeerId(peer), Client::new(secret));
        let (name, client) = (format!("p{peer}"), self.client_info());
        self.ask(
            PeerId(peer),
            Request::Join { link, credential: None, resume: None, attempt: None, name, client },
        );
    }

    /// Somebody leaves, and keeps all they know.
    pub(crate) fn leave(&mut self, peer: u32) {
        self.ask(PeerId(peer), Request::Leave);
        self.client(peer).presence = Presence::Gone;
    }

    /// Somebody's line dies, which the server notices after so many milliseconds.
    pub(crate) fn vanish(&mut self, peer: u32, millis: u64) {
        self.client(peer).presence = Presence::Mute;
        self.network.post(self.now + Duration::from_millis(millis), Parcel::Hangup(PeerId(peer)));
    }

    pub(crate) fn client(&mut self, peer: u32) -> &mut Client {
        self.clients.get_mut(&PeerId(peer)).expect("the client exists")
    }

    pub(crate) fn member(&mut self, peer: u32) -> &mut Membership {
        self.client(peer).membership.as_mut().expect("the client is in")
    }

    pub(crate) fn participant(&self, peer: u32) -> ParticipantId {
        self.clients[&PeerId(peer)].participant.expect("the client is in")
    }

    /// Who is in the conference, and knows it.
    pub(crate) fn present(&self) -> Vec<u32> {
        let present = self.clients.iter().filter(|(_, client)| client.presence == Presence::In);
        present.map(|(peer, _)| peer.0).collect()
    }

    /// Lets so many milliseconds pass.
    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        loop {
            let timers = self.clients.values().filter(|client| client.presence == Presence::In);
            let timer = timers.filter_map(|client| client.membership.as_ref()?.poll_timeout()).min();
            let tick = self.setting.media.then_some(self.frames_at);
            let next = [self.network.next_at(), timer, tick].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            if let Some(parcel) = self.network.take(self.now) {
                self.deliver(parcel);
            } else if tick.is_some_and(|at| at <= self.now) {
                self.frames_at = self.now + FRAME_INTERVAL;
                self.send_frames();
            } else {
                self.time_out();
            }
        }
        self.now = end;
    }

    fn time_out(&mut self) {
        let now = self.now;
        let is_due = |client: &Client| {
            let timeout = client.membership.as_ref().and_then(Membership::poll_timeout);
            client.presence == Presence::In && timeout.is_some_and(|at| at <= now)
        };
        let due: Vec<PeerId> =
            self.clients.iter().filter(|(_, client)| is_due(client)).map(|(peer, _)| *peer).collect();
        for peer in due {
            self.tell(peer, &Input::Timeout);
            let again = self.member(peer.0).poll_timeout();
            assert!(again.is_none_or(|at| at > now), "{peer} would make its host spin");
        }
    }

    /// Somebody wants fresh keys.
    pub(crate) fn renew(&mut self, peer: u32) {
        self.tell(PeerId(peer), &Input::Renew);
    }

    /// Gives a membership an input, and compares all that follows with the model.
    pub(crate) fn tell(&mut self, peer: PeerId, input: &Input) {
        let now = self.now;
        let mut expected = self.model.on_input(now, peer, input).into_iter();
        let client = self.clients.get_mut(&peer).expect("known");
        if self.record {
            client.told.push((now, input.clone()));
        }
        let membership = client.membership.as_mut().expect("in");
        input.apply(membership, now);
        while let Some(output) = self.member(peer.0).poll_output() {
            let Some(noticed) = self.carry_out(peer, output) else { continue };
            if matches!((input, &noticed), (Input::Timeout, Noticed::LeftBehind)) {
                self.model.on_gave_up(now, peer);
            } else {
                assert_eq!(Some(&noticed), expected.next().as_ref(), "{peer} at {now} about {input:?}");
            }
            self.client(peer.0).noticed.push((now, noticed));
        }
        assert_eq!(expected.next(), None, "{peer} at {now} about {input:?}");
        let membership = self.clients.get_mut(&peer).and_then(|client| client.membership.as_mut());
        self.model.compare(peer, membership.expect("in"));
    }

    /// Sends what is to be sent; the rest is news.
    fn carry_out(&mut self, peer: PeerId, output: MembershipOutput) -> Option<Noticed> {
        match output {
            MembershipOutput::Offer(key_package) => {
                self.model.on_offer(peer, &key_package);
                self.ask(peer, Request::OfferKeyPackage { key_package });
                None
            }
            MembershipOutput::Commit { after, commit, welcome, adds } => {
                self.model.on_commit_made(self.now, peer, after, (&commit, welcome.as_ref()), &adds);
                self.ask(peer, Request::Commit { after, commit, welcome, adds });
                None
            }
            MembershipOutput::Epoch(change) => Some(Noticed::Epoch(change)),
            MembershipOutput::Rejected(whom, rejection) => Some(Noticed::Rejected(whom, rejection)),
            MembershipOutput::LeftBehind => Some(Noticed::LeftBehind),
        }
    }

    /// What `from` seals now, or nothing without a key.
    pub(crate) fn seal(&mut self, from: u32) -> Option<Rc<Frame>> {
        self.texts += 1;
        let plaintext = [&b"frame "[..], &self.texts.to_be_bytes()].concat();
        // Layer and key flag, as they stand beside a frame.
        let metadata = vec![1, 98, (self.texts % 3) as u8, 0, u8::from(self.texts.is_multiple_of(7)), 0, 0];
        let mut sealed = Vec::new();
        self.member(from).sealer()?.seal(&plaintext, &metadata, &mut sealed).expect("the key is not worn");
        self.model.on_sealed(PeerId(from), &sealed, &metadata, &plaintext);
        Some(Rc::new(Frame { sealed, metadata }))
    }

    /// What `to` makes of a frame that comes in the track of `from`; it has to be what the model says.
    pub(crate) fn open_frame(
        &mut self,
        to: u32,
        from: ParticipantId,
        frame: &Frame,
    ) -> Result<Vec<u8>, DropReason> {
        let now = self.now;
        let verdict = self.model.on_frame(now, PeerId(to), from, (&frame.sealed, &frame.metadata));
        let mut plain = Vec::new();
        let opened = self.member(to).open(now, from, &frame.sealed, &frame.metadata, &mut plain);
        match (&verdict, opened) {
            (Verdict::Opens(expected), Ok(_)) => assert_eq!(*expected, plain, "{to} opens something else"),
            (Verdict::Refused(reasons), Err(reason)) if reasons.contains(&reason) => {
                self.model.census.count_refused(reason);
            }
            (_, opened) => panic!("{to} at {now} of {from}: {opened:?}, not {verdict:?}"),
        }
        opened.map(|_| plain)
    }

    /// Whether somebody is on the way in, or out without anybody's knowing.
    pub(crate) fn is_changing(&self) -> bool {
        let changing = |client: &Client| matches!(client.presence, Presence::Waiting | Presence::Mute);
        self.clients.values().any(changing) || self.network.has_requests()
    }

    /// Whether all who are in are in one epoch, with nobody else.
    pub(crate) fn is_together(&self) -> bool {
        let present = self.present();
        let company = present.iter().map(|peer| self.participant(*peer)).collect();
        let epochs: BTreeSet<Option<usize>> =
            present.iter().map(|peer| self.model.stays[&PeerId(*peer)].inside).collect();
        let together = present.iter().all(|peer| self.model.company(PeerId(*peer)) == company);
        together && epochs.len() == 1 && !self.is_changing()
    }

    /// Everybody of `peers` hears everybody else of them, and nobody of them has any other company.
    pub(crate) fn all_hear_all(&mut self, peers: &[u32]) {
        let company = peers.iter().map(|peer| self.participant(*peer)).collect();
        for from in peers {
            assert_eq!(self.model.company(PeerId(*from)), company, "the group as {from} knows it");
            let frame = self.seal(*from).expect("who is in the group can seal");
            let participant = self.participant(*from);
            for to in peers.iter().filter(|to| *to != from) {
                self.open_frame(*to, participant, &frame).expect("heard");
            }
        }
    }

    pub(crate) fn ask(&mut self, peer: PeerId, body: Request) {
        let client = self.clients.get_mut(&peer).expect("known");
        assert!(!matches!(client.presence, Presence::Gone), "{peer} is gone and asks for {body:?}");
        client.request += 1;
        let request = client.request;
        if matches!(body, Request::OfferKeyPackage { .. } | Request::Commit { .. }) {
            client.handshakes.insert(request);
        }
        let message = ClientMessage { request, body };
        if self.record {
            self.asked.push((self.now, peer, message.encode()));
        }
        self.network.signal(self.now, peer, true, Parcel::ToServer(peer, message));
    }

    fn client_info(&self) -> ClientInfo {
        ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(self.setting.encryption) }
    }

    fn on_entered(&mut self, peer: PeerId, message: &ServerMessage) {
        let ServerMessage::Entered { participant, roster, invitation, .. } = message else { return };
        let roster: Vec<_> = roster.iter().map(|member| (member.participant, member.name.clone())).collect();
        let person = roster.iter().find(|person| person.0 == *participant).expect("oneself").clone();
        let client = self.clients.get_mut(&peer).expect("known");
        let encryption = self.setting.encryption;
        let config = MembershipConfig {
            mls: MlsSuite::try_from(encryption.mls).expect("known"),
            sframe: CipherSuite::from_id(encryption.sframe).expect("known"),
            participant: *participant,
            name: person.1.clone(),
            secret: ConferenceSecret::from_bytes(client.link),
            renew_after_frames: self.setting.renew_after_frames,
        };
        let origin = Origin { at: self.now, config, roster: roster.clone(), seed: self.rng.next_u64() };
        let stay = Stay::new(person, client.link, &roster, self.setting.renew_after_frames);
        self.model.on_entered(peer, stay);
        client.membership = Some(origin.membership());
        client.origin = Some(origin);
        client.participant = Some(*participant);
        client.presence = Presence::In;
        if self.link.is_none() {
            self.link = invitation.as_ref().map(|invitation| invitation.link.clone());
        }
        while let Some(output) = self.member(peer.0).poll_output() {
            assert_eq!(self.carry_out(peer, output), None, "who comes in knows nothing yet");
        }
    }
}
