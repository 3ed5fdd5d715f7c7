//! Owns the simulated participant: signalling, encoder, seal, play-out and meters, sans-IO. It knows the scenario's person
//! and the server's messages; it knows neither the world nor the engine.

mod adaptation;
pub mod assembler;
mod compounds;
mod conduct;
mod encryption;
mod entry;
mod farewell;
mod incoming;
mod layout;
pub mod light;
mod media;
mod messages;
mod opened;
mod outgoing;
mod plaintext;
pub mod playout;
mod publisher;
mod received;
mod reception;
mod redundancy;
mod report;
mod scouts;
mod sending;
mod session;
mod uplink;
mod webrtc;

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use media_core::{
    DropCounters, MediaKind, PeerId, Ssrc, Timestamp,
    congestion::ArrivalLog,
    limits,
    secret::Token,
    signalling::{ClientInfo, Request},
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use crate::{
    adversary::Adversary,
    mail::{FullLink, Mail},
    packet::Datagram,
    recording::Recording,
    sabotage::Sabotage,
    scenario::{ClientKind, ConferenceIndex, Person, PersonIndex, Scenario},
    seed::Seed,
    timeline::{Grid, Hearing, Receiving},
    trace::Channel as Wire,
};
use adaptation::Adaptation;
use encryption::Encryption;
use entry::{Door, Entry};
use farewell::Farewells;
use incoming::Incoming;
use layout::Layout;
use publisher::Publisher;
use redundancy::Redundancy;
use scouts::Scouts;
use session::Session;
use uplink::Uplink;
use webrtc::WebRtc;

pub use encryption::{EncryptionRecord, EpochRecord, RejectionRecord, SealedFrame};
pub use entry::RETURN_MAX;
pub use incoming::ReceivedTrack;
pub use opened::{DecodedFrame, FrameCounters, UnopenedFrame};
pub use plaintext::{MARKER_BYTES, Marker, frame_identity};
pub use report::{ClientView, PersonRecord, UplinkRecord};
pub use session::{Observation, RequestName};

/// Pause between two receiver and sender reports (RFC 3550 section 6.2 allows less often).
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// A participant, or a room full of them.
pub struct Endpoint {
    person: Person,
    conference: ConferenceIndex,
    clock_unix_ns: u64,
    marker: Marker,
    rng: ChaCha8Rng,
    session: Session,
    /// For clients whose way to the media node is WebRTC.
    webrtc: Option<WebRtc>,
    own_index: PersonIndex,
    farewells: Farewells,
    layout: Layout,
    secret: Option<[u8; 32]>,
    encryption: Option<Encryption>,
    encrypted: EncryptionRecord,
    renew_after_frames: u64,
    publishers: Vec<Publisher>,
    incoming: Vec<Incoming>,
    uplink: Uplink,
    uplink_record: UplinkRecord,
    adaptation: Adaptation,
    redundancy: Redundancy,
    arrivals: ArrivalLog,
    next_report: Timestamp,
    camera_on: bool,
    screen_on: bool,
    adversary: Adversary,
    sabotage: Option<Sabotage>,
    /// When it opened the link, for the time until the first sound.
    opened_at: Option<Timestamp>,
    entered_after: Option<Duration>,
    heard_after: Option<Duration>,
    frames: FrameCounters,
    refused: DropCounters,
    received: Vec<ReceivedTrack>,
    /// The frames that were sealed, by [`frame_identity`].
    sealed: Vec<(MediaKind, SealedFrame)>,
    grid: Grid,
    hearing: Hearing,
    receiving: Receiving,
    published: Vec<(Ssrc, MediaKind)>,
    stays: Vec<media_core::ParticipantId>,
    out: VecDeque<Datagram>,
    mail: VecDeque<Mail>,
    observations: VecDeque<Observation>,
}

impl Endpoint {
    /// A person of the scenario, outside any conference.
    pub fn new(scenario: &Scenario, index: PersonIndex, seed: Seed, marker: Marker) -> Self {
        let person = scenario.person(index).clone();
        let credential = person.holder.map(|holder| credential(seed, holder.0));
        let client = ClientInfo { endpoint: person.endpoint, encryption: person.encryption };
        let own = scenario.is_host(index).then(|| scenario.conference(person.conference));
        let grid = Grid::of(scenario.duration);
        let mut endpoint = Self {
            conference: person.conference,
            clock_unix_ns: scenario.clock_unix_ns,
            marker,
            rng: seed.stream_at("endpoint", index.0 as u64),
            session: Session::new(
                person.name.clone(),
                (client, credential),
                Entry::new(seed.stream_at("rejoin", index.0 as u64)),
                Scouts::new(index, scenario.media_nodes()),
            ),
            webrtc: (person.client == ClientKind::Webrtc).then(WebRtc::new),
            own_index: index,
            farewells: Farewells::default(),
            layout: Layout::new(person.watch, person.tiles),
            secret: None,
            encryption: None,
            encrypted: EncryptionRecord::default(),
            renew_after_frames: scenario.limits.frames_per_key.unwrap_or(limits::SEALED_FRAMES_MAX / 2),
            publishers: Vec::new(),
            incoming: Vec::new(),
            uplink: Uplink::new(Timestamp::ZERO, 0),
            uplink_record: UplinkRecord::default(),
            adaptation: Adaptation::default(),
            redundancy: Redundancy::default(),
            arrivals: ArrivalLog::default(),
            next_report: Timestamp::FAR_FUTURE,
            camera_on: true,
            screen_on: person.screen.is_some(),
            adversary: Adversary::new(index, seed.stream_at("adversary", index.0 as u64)),
            sabotage: None,
            opened_at: None,
            entered_after: None,
            heard_after: None,
            frames: FrameCounters::default(),
            refused: DropCounters::default(),
            received: Vec::new(),
            sealed: Vec::new(),
            grid,
            hearing: Hearing::new(grid),
            receiving: Receiving::new(grid),
            published: Vec::new(),
            stays: Vec::new(),
            out: VecDeque::new(),
            mail: VecDeque::new(),
            observations: VecDeque::new(),
            person,
        };
        endpoint.uplink = Uplink::new(Timestamp::ZERO, endpoint.rng.next_u32() as u16);
        if own.is_some() {
            // The host makes the conference's secret; everybody else gets it with the link.
            let mut secret = [0; 32];
            endpoint.rng.fill_bytes(&mut secret);
            endpoint.secret = Some(secret);
        }
        endpoint
    }

    /// Breaks this client on purpose.
    pub fn set_sabotage(&mut self, sabotage: Option<Sabotage>) {
        self.sabotage = sabotage;
        self.session.entry.sabotage = sabotage;
        self.session.scouts.set_sabotage(sabotage);
    }

    /// Starts the person's own conference.
    pub fn start(&mut self, now: Timestamp, scenario: &Scenario) {
        let conference = scenario.conference(self.conference);
        self.on_opening(now);
        self.session.open(now, Door::Start { mode: conference.mode, lobby: conference.lobby });
        self.flush_channel(now);
    }

    /// Opens a link.
    pub fn join(&mut self, now: Timestamp, link: &FullLink) {
        self.secret = link.secret;
        self.adversary.on_link(&link.link);
        self.on_opening(now);
        self.session.open(now, Door::Link(link.link.clone()));
        self.flush_channel(now);
    }

    /// A datagram from the server.
    pub fn handle_datagram(&mut self, now: Timestamp, datagram: &Datagram) {
        let ours = self.session.channel.as_mut().filter(|(peer, _)| *peer == datagram.peer);
        let Some((_, channel)) = ours else {
            if datagram.channel == Wire::Media {
                self.adversary.on_received(now, &datagram.bytes);
            }
            if self.farewells.handle_datagram(now, datagram) {
                return self.flush_channel(now);
            }
            if self.session.scouts.handle_datagram(now, datagram) {
                self.follow_scout(now);
                return self.flush_channel(now);
            }
            self.adversary.handle_datagram(now, datagram);
            return self.misbehave(now);
        };
        match datagram.channel {
            Wire::Signalling => {
                channel.handle_segment(now, &datagram.bytes);
                self.drain_messages(now);
            }
            Wire::Media if self.webrtc.is_some() => self.on_webrtc_datagram(now, &datagram.bytes),
            Wire::Media => self.on_media(now, &datagram.bytes),
        }
        self.flush_channel(now);
    }

    /// The time that [`Endpoint::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if let Some((_, channel)) = &mut self.session.channel
            && channel.poll_timeout().is_some_and(|at| at <= now)
        {
            channel.handle_timeout(now);
        }
        self.farewells.handle_timeout(now);
        self.drain_messages(now);
        if self.session.is_impatient(now) {
            self.on_broken(now);
        }
        if let Some(observation) = self.session.handle_timeout(now) {
            self.observations.push_back(observation);
        }
        self.advance_encryption(now);
        self.advance_media(now);
        if self.next_report <= now {
            self.send_reports(now);
            self.next_report = now + REPORT_INTERVAL;
        }
        self.misbehave(now);
        self.flush_channel(now);
    }

    /// When [`Endpoint::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.timeouts().into_iter().filter_map(|(_, at)| at).min()
    }

    /// What there is to do, by name, and when.
    pub fn timeouts(&self) -> [(&'static str, Option<Timestamp>); 10] {
        let channel = self.session.channel.as_ref().and_then(|(_, channel)| channel.poll_timeout());
        let entry = self.session.poll_timeout();
        let published = self.publishers.iter().filter_map(Publisher::poll_timeout).min();
        let received = self.incoming.iter().filter_map(Incoming::poll_timeout).min();
        let report = (self.next_report < Timestamp::FAR_FUTURE).then_some(self.next_report);
        let adversary = self.adversary.poll_timeout();
        let encryption = self.encryption_timeout();
        let farewell = self.farewells.poll_timeout();
        [
            ("channel", channel),
            ("farewell", farewell),
            ("entry", entry),
            ("published", published),
            ("received", received),
            ("report", report),
            ("sending", self.sending_timeout()),
            ("adversary", adversary),
            ("encryption", encryption),
            ("webrtc", self.webrtc.as_ref().and_then(WebRtc::poll_timeout)),
        ]
    }

    /// The next datagram for the network.
    pub fn poll_datagram(&mut self) -> Option<Datagram> {
        self.out.pop_front()
    }

    /// The next mail to everybody.
    pub fn poll_mail(&mut self) -> Option<Mail> {
        self.mail.pop_front()
    }

    /// The next thing that happened to this person.
    pub fn poll_observation(&mut self) -> Option<Observation> {
        self.observations.pop_front()
    }

    fn on_opening(&mut self, now: Timestamp) {
        self.observations.push_back(Observation::Opened);
        if self.opened_at.is_none() {
            self.opened_at = Some(now);
        }
    }

    fn on_entered(&mut self, now: Timestamp, participant: media_core::ParticipantId) {
        self.stays.push(participant);
        if let (Some(opened), None) = (self.opened_at, self.entered_after) {
            self.entered_after = Some(now.saturating_since(opened));
        }
        self.begin_encryption(now, participant);
        self.next_report = now + REPORT_INTERVAL;
        self.uplink = self.uplink.renewed(now);
        self.begin_webrtc(now);
        self.publish(now);
        self.update_watching(now);
    }

    /// Says which tracks this client sends, as its devices stand.
    fn publish(&mut self, now: Timestamp) {
        let camera = self.person.camera.filter(|_| self.camera_on);
        let screen = self.person.screen.filter(|_| self.screen_on);
        let wanted = [
            (MediaKind::Audio, self.person.microphone),
            (MediaKind::Camera, camera),
            (MediaKind::Screen, screen),
        ];
        for (kind, name) in wanted {
            let there = self.publishers.iter().position(|publisher| publisher.kind == kind);
            match (name.and_then(Recording::named), there) {
                (Some(recording), None) => {
                    let speaks = self.person.speaks.clone().filter(|_| kind == MediaKind::Audio);
                    let publisher = Publisher::new(recording, now, speaks, kind, &mut self.rng);
                    let offer = publisher.offer();
                    self.published
                        .extend(offer.encodings.iter().flat_map(|e| [(e.ssrc, kind), (e.rtx_ssrc, kind)]));
                    self.publishers.push(publisher);
                }
                (None, Some(there)) => {
                    let publisher = self.publishers.remove(there);
                    self.forget_waiting(&publisher);
                    self.on_unpublished(&publisher);
                }
                (Some(_), Some(_)) | (None, None) => {}
            }
        }
        if !self.wants_offer() {
            let tracks = self.publishers.iter().map(Publisher::offer).collect();
            self.session.request(now, Request::Publish { tracks });
        }
    }

    /// Outside: no media any more.
    fn on_outside(&mut self, now: Timestamp) {
        for publisher in std::mem::take(&mut self.publishers) {
            self.on_unpublished(&publisher);
        }
        if let Some(encryption) = self.encryption.take() {
            self.encrypted.ended.push(now);
            self.adversary.on_outside(encryption.into_membership());
        }
        self.begin_line_anew(now);
        self.end_webrtc();
        self.layout.clear();
        self.next_report = Timestamp::FAR_FUTURE;
        for incoming in std::mem::take(&mut self.incoming) {
            self.keep(incoming, now);
        }
    }

    /// The server will know this client anew: what waits is of no use any more, and both number and count from the beginning.
    fn begin_line_anew(&mut self, now: Timestamp) {
        self.uplink = self.uplink.renewed(now);
        self.uplink_record.switched_off += self.adaptation.switched_off();
        self.adaptation = Adaptation::default();
        self.redundancy = Redundancy::default();
        self.arrivals = ArrivalLog::default();
    }

    /// A track is sent no more: what it sent is kept.
    fn on_unpublished(&mut self, publisher: &Publisher) {
        self.sealed.extend(publisher.sealed.iter().map(|frame| (publisher.kind, *frame)));
    }

    /// Hands the channel's segments to the network.
    fn flush_channel(&mut self, now: Timestamp) {
        self.advance_webrtc(now);
        while let Some(datagram) = self.farewells.poll_datagram(now) {
            self.out.push_back(datagram);
        }
        while let Some(datagram) = self.session.scouts.poll_datagram(now) {
            self.out.push_back(datagram);
        }
        let Some((peer, channel)) = &mut self.session.channel else { return };
        while let Some(segment) = channel.poll_segment(now) {
            let bytes = Bytes::from(segment);
            self.out.push_back(Datagram { peer: *peer, channel: Wire::Signalling, bytes });
        }
    }

    fn peer(&self) -> Option<PeerId> {
        self.session.channel.as_ref().map(|(peer, _)| *peer)
    }
}

/// The credential of a licence holder: known to the pool and to the holder's clients.
pub fn credential(seed: Seed, holder: u32) -> Token {
    Token::random(&mut seed.stream_at("credential", u64::from(holder)))
}

/// The end-to-end secrets of a scenario's conferences, which their hosts make: for whoever searches a run for them.
pub fn conference_secrets(scenario: &Scenario, seed: Seed) -> Vec<[u8; 32]> {
    let hosts = scenario.conferences.iter().map(|conference| conference.host);
    hosts.filter_map(|host| Endpoint::new(scenario, host, seed, Marker::default()).secret).collect()
}
