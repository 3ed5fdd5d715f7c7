//! Owns the misbehaviour of the media node's host: it stands between the engine and the wire and carries out one
//! [`Sabotage`]. Without one it passes everything on unchanged.

mod believer;
mod forgery;
mod ghosts;
mod handshakes;
mod lines;
mod media;
mod outsiders;
mod signals;

use core::net::SocketAddr;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use media_core::{
    DropReason, PeerId, Permissions, Timestamp,
    engine::{EngineConfig, Event, Outgoing, Transmit},
    secret::Token,
    signalling::{ClientInfo, ClientMessage, Encryption, EndpointKind, LinkToken, Request, ServerMessage},
};

use crate::{
    address,
    endpoint::{conference_secrets, credential},
    packet::{Datagram, person_of},
    sabotage::Sabotage,
    scenario::Scenario,
    seed::Seed,
    trace::Channel,
};
use believer::Believer;
use forgery::Forgery;
use ghosts::Ghosts;
use handshakes::Handshakes;
use lines::Lines;
use media::Streams;
use outsiders::Outsiders;
use signals::Signals;

/// How long [`Sabotage::LateModeSwitch`] keeps a request back.
const LATE: Duration = Duration::from_millis(300);

/// The misbehaving host.
pub(crate) struct Saboteur {
    sabotage: Option<Sabotage>,
    credentials: Vec<Token>,
    /// Who is in which conference, as the host sees messages pass.
    inside: BTreeMap<PeerId, media_core::ConferenceId>,
    waiting: BTreeSet<PeerId>,
    /// Entered while presenter mode was on.
    late: BTreeSet<PeerId>,
    hosts: BTreeMap<media_core::ConferenceId, PeerId>,
    links: BTreeMap<media_core::ConferenceId, LinkToken>,
    cameras: BTreeSet<PeerId>,
    last_media: Option<(PeerId, Bytes)>,
    delayed: Vec<(Timestamp, PeerId, Vec<u8>)>,
    forged: Vec<Transmit>,
    starts: u32,
    streams: Streams,
    believer: Believer,
    forgery: Forgery,
    ghosts: Ghosts,
    handshakes: Handshakes,
    lines: Lines,
    outsiders: Outsiders,
    signals: Signals,
}

impl Saboteur {
    pub(crate) fn new(
        sabotage: Option<Sabotage>,
        scenario: &Scenario,
        config: &mut EngineConfig,
        seed: Seed,
    ) -> Self {
        let holders = config.conference.holders.len() as u32;
        // One more holder than anybody knows, for licences that are nobody's.
        if matches!(sabotage, Some(Sabotage::LicenceForEverybody | Sabotage::BorrowedLicence)) {
            config.conference.holders.extend((holders..holders + 8).map(|holder| credential(seed, holder)));
        }
        let seats: u32 = scenario
            .people
            .iter()
            .filter(|person| person.endpoint == EndpointKind::AvcRoom)
            .map(|person| person.seats - 1)
            .sum();
        let conference = &mut config.conference;
        match sabotage {
            Some(Sabotage::OneLicenceMore) => conference.licences += 1,
            Some(Sabotage::EternalLicences) => conference.valid_until = None,
            Some(Sabotage::SmallRooms) => conference.participants_max -= 1,
            Some(Sabotage::LargeRooms) => conference.participants_max += 1,
            Some(Sabotage::RoomsCountHeads) => {
                conference.participants_max = conference.participants_max.saturating_sub(seats).max(1);
            }
            Some(Sabotage::AllMicrophones) => config.speakers = 1_000,
            _ => {}
        }
        Self {
            sabotage,
            credentials: (holders..holders + 8).map(|holder| credential(seed, holder)).collect(),
            inside: BTreeMap::new(),
            waiting: BTreeSet::new(),
            late: BTreeSet::new(),
            hosts: BTreeMap::new(),
            links: BTreeMap::new(),
            cameras: BTreeSet::new(),
            last_media: None,
            delayed: Vec::new(),
            forged: Vec::new(),
            starts: 0,
            streams: Streams::default(),
            believer: Believer::default(),
            forgery: Forgery::default(),
            ghosts: Ghosts::new(
                ghost_secrets(sabotage, scenario, seed),
                seed.stream_at("adversary", u64::MAX),
            ),
            handshakes: Handshakes::default(),
            lines: Lines::default(),
            outsiders: Outsiders::default(),
            signals: Signals::default(),
        }
    }

    fn is(&self, sabotage: Sabotage) -> bool {
        self.sabotage == Some(sabotage)
    }

    /// The node crashes: what the host remembers of connections is lost with them.
    pub(crate) fn on_crash(&mut self) {
        self.inside.clear();
        self.waiting.clear();
        self.late.clear();
        self.cameras.clear();
        self.hosts.clear();
        self.last_media = None;
        self.delayed.clear();
        self.forged.clear();
        self.streams = Streams::default();
        self.believer = Believer::default();
        self.forgery = Forgery::default();
        self.handshakes = Handshakes::default();
        self.lines = Lines::default();
        self.outsiders = Outsiders::default();
        self.signals = Signals::default();
    }

    /// A request before the engine sees it: what the engine gets instead, and from whom.
    pub(crate) fn on_request(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        message: Vec<u8>,
    ) -> Vec<(PeerId, Vec<u8>)> {
        if self.sabotage.is_none() {
            return vec![(peer, message)];
        }
        let Ok(mut decoded) = ClientMessage::decode(&message) else { return vec![(peer, message)] };
        if let Request::Publish { tracks } = &decoded.body
            && tracks.iter().any(|track| track.kind.is_video())
        {
            self.cameras.insert(peer);
        }
        if let Request::Publish { tracks } = &decoded.body {
            self.believer.on_published(peer, tracks);
        }
        self.note_leaving(peer, &decoded.body);
        self.twist_entry(&mut decoded.body);
        self.conceal_ghost(&mut decoded.body);
        self.signals.on_request(now, &decoded.body);
        self.lines.on_request(now, peer, &decoded.body);
        if self.takes_commit(peer, &decoded) || self.swallows(now, peer, &decoded) {
            return Vec::new();
        }
        let moderates = matches!(
            decoded.body,
            Request::SetMode { .. }
                | Request::Lock { .. }
                | Request::Remove { .. }
                | Request::SetPermissions { .. }
        );
        let mut from = peer;
        if self.is(Sabotage::EveryoneModerates) && moderates {
            let conference = self.inside.get(&peer);
            from = conference.and_then(|conference| self.hosts.get(conference)).copied().unwrap_or(peer);
        }
        vec![(from, decoded.encode())]
    }

    /// Changes what gets somebody in.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other requests get nobody in")]
    fn twist_entry(&mut self, body: &mut Request) {
        match body {
            Request::Start { credential, client, .. } => {
                self.twist_suites(client);
                self.starts += 1;
                let nobodys = self.credentials.get(self.starts as usize % self.credentials.len()).cloned();
                if self.is(Sabotage::LicenceForEverybody) && credential.is_none()
                    || self.is(Sabotage::BorrowedLicence) && self.starts > 1
                {
                    *credential = nobodys;
                }
            }
            Request::Join { link, credential, client, .. } => {
                self.twist_suites(client);
                if self.is(Sabotage::GuestsUnwelcome) && credential.is_none() {
                    link.token = Token::from_bytes([0; 16]);
                }
                if let Some(open) = self.links.get(&link.conference).filter(|_| self.is(Sabotage::OpenDoor)) {
                    *link = open.clone();
                }
            }
            _ => {}
        }
    }

    /// Makes a client look as if it encrypted like everybody else.
    fn twist_suites(&self, client: &mut ClientInfo) {
        if self.is(if client.encryption.is_some() {
            Sabotage::AnySuite
        } else {
            Sabotage::EncryptionOptional
        }) {
            client.encryption = Some(Encryption::DEFAULT);
        }
    }

    /// Whether a request is answered by the host itself and kept from the engine, for a while or for good.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other requests pass")]
    fn swallows(&mut self, now: Timestamp, peer: PeerId, message: &ClientMessage) -> bool {
        let nothing = |permissions: &Permissions| *permissions == Permissions::NONE;
        let (swallow, later) = match &message.body {
            Request::SetMode { .. } => (self.is(Sabotage::LateModeSwitch), true),
            Request::Grant { permissions, .. } if nothing(permissions) => {
                (self.is(Sabotage::RevokeForgotten), false)
            }
            Request::Grant { .. } => (self.is(Sabotage::GrantForgotten), false),
            Request::End => (self.is(Sabotage::EndForgotten), false),
            _ => (false, false),
        };
        if swallow {
            let done = ServerMessage::Done { request: message.request };
            self.forged.push(Transmit { peer, packet: Outgoing::Signal(done.encode().into()) });
            if later {
                self.delayed.push((now + LATE, peer, message.encode()));
            }
        }
        swallow
    }

    /// An answer for a peer; `known` are the addresses of everybody.
    pub(crate) fn on_answer<'a>(
        &self,
        peer: PeerId,
        mut answer: String,
        known: impl Iterator<Item = &'a SocketAddr>,
    ) -> String {
        if self.sabotage == Some(Sabotage::AddressesInAnswers) {
            for address in known.filter(|address| !address::is_of(**address, person_of(peer))) {
                // RFC 3605.
                answer.extend([
                    "a=rtcp:",
                    &address.port().to_string(),
                    " IN IP4 ",
                    &address.ip().to_string(),
                    "\r\n",
                ]);
            }
        }
        answer
    }

    /// Messages that the host sends by itself.
    pub(crate) fn poll_forged(&mut self) -> Vec<Transmit> {
        std::mem::take(&mut self.forged)
    }

    pub(crate) fn poll_timeout(&self) -> Timestamp {
        let request = self.delayed.first().map_or(Timestamp::FAR_FUTURE, |(at, ..)| *at);
        let restless = self.lines.poll_timeout(self.sabotage);
        request.min(self.signals.poll_timeout()).min(self.ghost_due()).min(restless)
    }

    /// Requests that were kept back long enough.
    pub(crate) fn handle_timeout(&mut self, now: Timestamp) -> Vec<(PeerId, Vec<u8>)> {
        self.bring_ghost(now);
        let due = self.delayed.partition_point(|(at, ..)| *at <= now);
        let restless = self.lines.restless(now, self.sabotage);
        self.delayed.drain(..due).map(|(_, peer, message)| (peer, message)).chain(restless).collect()
    }

    /// Whether a message of the engine goes to nobody.
    pub(crate) fn withholds(&mut self, now: Timestamp, peer: PeerId, message: &[u8]) -> bool {
        if self.sabotage.is_none() {
            return false;
        }
        let Ok(message) = ServerMessage::decode(message) else { return false };
        self.is(Sabotage::WithheldNews) && matches!(message, ServerMessage::ModeChanged { .. })
            || self.withholds_commit(now, peer, &message)
    }

    /// A message of the engine to a peer: what the peer gets in its place. By these the host knows who is where.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other messages say nothing about who is where")]
    pub(crate) fn on_message(&mut self, now: Timestamp, peer: PeerId, message: Vec<u8>) -> Vec<u8> {
        let Some(sabotage) = self.sabotage else { return message };
        let Ok(mut decoded) = ServerMessage::decode(&message) else { return message };
        match &decoded {
            ServerMessage::Entered { conference, participant, mode, invitation, .. } => {
                self.signals.on_entered(*participant, peer);
                self.waiting.remove(&peer);
                self.inside.insert(peer, *conference);
                self.believer.on_entered(now, sabotage);
                if *mode == media_core::signalling::Mode::Presenter {
                    self.late.insert(peer);
                }
                if let Some(invitation) = invitation {
                    self.hosts.insert(*conference, peer);
                    self.links.insert(*conference, invitation.link.clone());
                }
            }
            ServerMessage::Waiting { .. } => {
                self.waiting.insert(peer);
            }
            ServerMessage::TrackAdded { track } => self.lines.on_track(peer, track),
            ServerMessage::Out { .. } => {
                self.note_outsider(peer);
                self.inside.remove(&peer);
                self.waiting.remove(&peer);
            }
            _ => {}
        }
        self.feed_commit(peer, &decoded);
        self.show_ghost(peer, &mut decoded);
        self.forgery.on_message(sabotage, peer, &mut decoded);
        decoded.encode()
    }

    /// Media from a peer: what the engine gets in its place.
    pub(crate) fn on_media(&mut self, now: Timestamp, peer: PeerId, bytes: Bytes) -> Bytes {
        let Some(sabotage) = self.sabotage else { return bytes };
        self.last_media = Some((peer, bytes.clone()));
        self.feed_media(peer, &bytes);
        let bytes = self.lines.on_media(sabotage, bytes);
        self.believer.on_media(now, sabotage, peer, bytes, &mut self.forged)
    }

    /// What the host passes on although the engine refused it.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other drops stay drops")]
    pub(crate) fn on_event(&mut self, event: &Event) -> Vec<Datagram> {
        let Event::Dropped { peer, reason } = event else { return Vec::new() };
        let passes = match reason {
            DropReason::NotPermitted => {
                self.is(Sabotage::AudienceSpeaks)
                    || self.is(Sabotage::LateJoinerSpeaks) && self.late.contains(peer)
            }
            DropReason::ForeignSsrc => self.is(Sabotage::ForeignAccepted),
            _ => false,
        };
        let Some((_, bytes)) = self.last_media.as_ref().filter(|(from, _)| passes && from == peer) else {
            return Vec::new();
        };
        let conference = self.inside.get(peer);
        let other = self.inside.iter().find(|(other, there)| *other != peer && Some(*there) == conference);
        other
            .map(|(other, _)| Datagram { peer: *other, channel: Channel::Media, bytes: bytes.clone() })
            .into_iter()
            .collect()
    }
}

/// What a ghost knows that has come by a link: nothing where there is none.
fn ghost_secrets(sabotage: Option<Sabotage>, scenario: &Scenario, seed: Seed) -> Vec<[u8; 32]> {
    if sabotage.is_none() { Vec::new() } else { conference_secrets(scenario, seed) }
}
