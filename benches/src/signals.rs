//! Owns what benches say to an engine so that there is a conference: who starts it, comes in, publishes and watches.

use media_core::{
    Codec, MediaKind, ParticipantId, PeerId, Ssrc, Timestamp,
    conference::ConferenceConfig,
    congestion::BitrateBounds,
    engine::{Engine, EngineConfig, Event, Input, Outgoing, Output, Transmit},
    secret::Token,
    signalling::{
        ClientInfo, ClientMessage, EncodingOffer, Encryption, EndpointKind, LinkToken, Mode, Request,
        ServerMessage, TrackOffer,
    },
};

/// The connection of whoever starts a conference, and who they are in it.
pub const HOST: PeerId = PeerId(1);
/// As whom [`HOST`] takes part.
pub const HOST_PARTICIPANT: ParticipantId = ParticipantId(1);
const CLIENT: ClientInfo = ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) };

/// An engine for one conference of so many people, the estimates of whose downlinks stay between `downlink`.
///
/// # Panics
/// When the configuration is not valid.
pub fn engine(people: u32, downlink: BitrateBounds) -> Engine {
    let conference = ConferenceConfig {
        holders: vec![Token::from_bytes([1; 16])],
        participants_max: people,
        ..ConferenceConfig::default()
    };
    Engine::new(EngineConfig { conference, speakers: 3, downlink, seed: [1; 32] })
        .expect("the configuration is valid")
}

/// [`HOST`] starts a conference; the link to it.
///
/// # Panics
/// When that is refused.
pub fn start(engine: &mut Engine) -> LinkToken {
    let (credential, name) = (Some(Token::from_bytes([1; 16])), "host".into());
    let start = Request::Start { credential, name, mode: Mode::Discussion, lobby: false, client: CLIENT };
    ask(engine, Timestamp::ZERO, HOST, &encode(start)).expect("the host gets a link")
}

/// The request of a guest to come in.
pub fn join(link: &LinkToken) -> Vec<u8> {
    let (link, name) = (link.clone(), "guest".into());
    encode(Request::Join { link, credential: None, resume: None, attempt: None, name, client: CLIENT })
}

/// The request to publish a track of one encoding with this SSRC.
pub fn publish(kind: MediaKind, codec: Codec, ssrc: Ssrc, target_kbps: u32) -> Vec<u8> {
    let encodings = vec![EncodingOffer { ssrc, rtx_ssrc: Ssrc(ssrc.0 + 1), target_kbps }];
    encode(Request::Publish { tracks: vec![TrackOffer { kind, codec, encodings }] })
}

/// The request to see a picture in its lowest layer.
pub fn watch(source: ParticipantId, kind: MediaKind) -> Vec<u8> {
    encode(Request::Watch { source, kind, layer: Some(0) })
}

fn encode(body: Request) -> Vec<u8> {
    ClientMessage { request: 1, body }.encode()
}

/// Hands a request in, and takes everything that follows; the link that comes with the answer, if one does.
///
/// # Panics
/// When it is refused: what is measured then is something else.
pub fn ask(engine: &mut Engine, now: Timestamp, peer: PeerId, message: &[u8]) -> Option<LinkToken> {
    engine.handle_input(now, Input::Signal { peer, message }).expect("time does not go back");
    let mut link = None;
    loop {
        match engine.poll_output() {
            Output::Timeout(..) => return link,
            Output::Transmit(Transmit { peer: to, packet: Outgoing::Signal(message) }) => {
                if to == HOST && link.is_none() {
                    link = invitation(&message);
                }
            }
            Output::Event(Event::Refused { reason, .. }) => panic!("refused: {reason:?}"),
            Output::Transmit(_) | Output::Event(_) | Output::Offered { .. } => {}
        }
    }
}

fn invitation(message: &[u8]) -> Option<LinkToken> {
    match ServerMessage::decode(message) {
        Ok(ServerMessage::Entered { invitation, .. }) => invitation.map(|invitation| invitation.link),
        _ => None,
    }
}
