//! Owns the harness in which the claims about the whole engine are made: JSON and packets in, outputs out, and after
//! every input the promise that the next timeout lies in the future.
#![expect(clippy::wildcard_enum_match_arm, reason = "a claim is about some of the outputs")]

mod allocations;
mod crash;
mod crowd;
mod hostile;
mod meeting;
mod secrecy;
mod time;

use bytes::Bytes;
use media_core::{
    Codec, DropReason, MediaKind, ParticipantId, PeerId, Permissions, Ssrc, Timestamp,
    conference::ConferenceConfig,
    congestion::BitrateBounds,
    engine::{Engine, EngineConfig, Event, Input, Outgoing, Output, TimeoutReason, Transmit},
    forwarding::ForwardedRtp,
    rtp::{
        AudioLevel, DependencyDescriptor, DependencyStructure, RtpHeader,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR},
    },
    secret::Token,
    signalling::{
        ClientInfo, ClientMessage, EncodingOffer, Encryption, EndpointKind, Handshake, LinkToken, Mode,
        Request, ServerMessage, TrackOffer,
    },
};

const DESK: ClientInfo = ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) };
const HOST: PeerId = PeerId(1);
/// Paths on which nothing waits.
const AMPLE: BitrateBounds =
    BitrateBounds { start: 1_000_000_000_000, min: 1_000_000_000_000, max: 1_000_000_000_000 };

/// An engine with one licence holder, and the time.
struct Server {
    config: ConferenceConfig,
    engine: Engine,
    now: Timestamp,
    request: u32,
}

impl Server {
    fn new(participants_max: u32) -> Self {
        let conference = ConferenceConfig {
            holders: vec![Token::from_bytes([1; 16])],
            participants_max,
            ..ConferenceConfig::default()
        };
        let engine = Engine::new(EngineConfig {
            conference: conference.clone(),
            speakers: 3,
            downlink: AMPLE,
            seed: [7; 32],
        });
        let engine = engine.expect("the configuration is valid");
        Self { config: conference, engine, now: Timestamp::from_millis(1), request: 0 }
    }

    /// With a conference that peer 1 has started.
    fn with_conference(mode: Mode, lobby: bool) -> (Self, LinkToken) {
        let mut server = Self::new(50);
        let link = server.start(mode, lobby);
        (server, link)
    }

    fn start(&mut self, mode: Mode, lobby: bool) -> LinkToken {
        let (credential, name) = (Some(Token::from_bytes([1; 16])), "host".to_owned());
        let outputs = self.ask(HOST, Request::Start { credential, name, mode, lobby, client: DESK });
        let invitation = messages_to(&outputs, HOST).into_iter().find_map(|message| match message {
            ServerMessage::Entered { invitation, .. } => invitation,
            _ => None,
        });
        invitation.expect("the host gets a link").link
    }

    fn join(&mut self, peer: PeerId, link: &LinkToken) -> Vec<Output> {
        let (link, name) = (link.clone(), format!("guest {peer}"));
        self.ask(
            peer,
            Request::Join { link, credential: None, resume: None, attempt: None, name, client: DESK },
        )
    }

    fn ask(&mut self, peer: PeerId, body: Request) -> Vec<Output> {
        self.request += 1;
        let message = ClientMessage { request: self.request, body }.encode();
        self.input(Input::Signal { peer, message: &message })
    }

    fn send(&mut self, peer: PeerId, datagram: &Bytes) -> Vec<Output> {
        self.input(Input::Datagram { peer, datagram: datagram.clone() })
    }

    /// What follows from an input; the timeout at the end is left out.
    fn input(&mut self, input: Input<'_>) -> Vec<Output> {
        self.engine.handle_input(self.now, input).expect("no input of a peer is an error");
        self.drain().0
    }

    /// All outputs, and the timeout that ends them.
    fn drain(&mut self) -> (Vec<Output>, Timestamp, TimeoutReason) {
        let mut outputs = Vec::new();
        loop {
            match self.engine.poll_output() {
                Output::Timeout(at, reason) => {
                    assert!(at > self.now, "a timeout at {at} would make the host spin at {}", self.now);
                    return (outputs, at, reason);
                }
                output => outputs.push(output),
            }
        }
    }

    fn publish(&mut self, peer: PeerId, kind: MediaKind, source: &Source) -> Vec<Output> {
        let ssrc = source.ssrc;
        let encodings = vec![EncodingOffer { ssrc, rtx_ssrc: Ssrc(ssrc.0 + 1), target_kbps: 500 }];
        let tracks = vec![TrackOffer { kind, codec: source.codec, encodings }];
        self.ask(peer, Request::Publish { tracks })
    }
}

/// A microphone or a camera of one encoding.
struct Source {
    ssrc: Ssrc,
    codec: Codec,
    sequence: u16,
    timestamp: u32,
    structure: DependencyStructure,
}

impl Source {
    fn new(ssrc: u32, codec: Codec) -> Self {
        let structure = DependencyStructure::l1t1(320, 180);
        Self { ssrc: Ssrc(ssrc), codec, sequence: 100, timestamp: 0, structure }
    }

    fn sound(&mut self) -> Bytes {
        let level = AudioLevel { level: 30, voice: true }.bytes();
        self.packet(960, &[(AUDIO_LEVEL, &level)])
    }

    /// A frame of one packet.
    fn frame(&mut self, key: bool) -> Bytes {
        let structure = self.structure.clone();
        let template = u8::from(!key);
        let descriptor = DependencyDescriptor::of_template(&structure, template, self.sequence, true, true)
            .expect("the structure has two templates");
        let mut data = Vec::new();
        descriptor.write(&structure, key, &mut data);
        self.packet(3_000, &[(DEPENDENCY_DESCRIPTOR, &data)])
    }

    fn packet(&mut self, ticks: u32, extensions: &[(u8, &[u8])]) -> Bytes {
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(ticks);
        let header = RtpHeader {
            ssrc: self.ssrc,
            sequence: self.sequence,
            timestamp: self.timestamp,
            payload_type: self.codec.payload_type(),
            marker: true,
            extensions,
        };
        let mut packet = Vec::new();
        header.write(&[0xC1; 160], &mut packet);
        packet.into()
    }
}

fn messages_to(outputs: &[Output], to: PeerId) -> Vec<ServerMessage> {
    let messages = outputs.iter().filter_map(|output| match output {
        Output::Transmit(Transmit { peer, packet: Outgoing::Signal(message) }) if *peer == to => {
            Some(ServerMessage::decode(message).expect("the server speaks its own language"))
        }
        _ => None,
    });
    messages.collect()
}

fn media_to(outputs: &[Output], to: PeerId) -> Vec<&ForwardedRtp> {
    let media = outputs.iter().filter_map(|output| match output {
        Output::Transmit(Transmit { peer, packet: Outgoing::Rtp(packet) }) if *peer == to => Some(packet),
        _ => None,
    });
    media.collect()
}

fn drops_of(outputs: &[Output], of: PeerId) -> Vec<DropReason> {
    let drops = outputs.iter().filter_map(|output| match output {
        Output::Event(Event::Dropped { peer, reason }) if *peer == of => Some(*reason),
        _ => None,
    });
    drops.collect()
}

/// As whom a peer is in, by the answer to its request.
fn participant_of(outputs: &[Output], peer: PeerId) -> ParticipantId {
    let entered = messages_to(outputs, peer).into_iter().find_map(|message| match message {
        ServerMessage::Entered { participant, .. } => Some(participant),
        _ => None,
    });
    entered.expect("in")
}
