//! Owns a client's media on `str0m`, a third implementation of WebRTC: its socket, its camera and microphone, what came, and a line
//! that loses what a claim wants lost. Nothing works on its own: time passes in [`Station::work`].

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use media_core::{
    rtp::{DependencyDescriptor, DependencyStructure},
    signalling::{Request, ServerMessage},
};
use str0m::{
    Candidate, Event, Input, Output, Rtc, RtcConfig,
    bwe::Bitrate,
    change::{SdpAnswer, SdpPendingOffer},
    media::{Direction, MediaKind, Mid, Rid, Simulcast, SimulcastLayer},
    net::{Protocol, Receive},
    rtp::{Extension, ExtensionSerializer, ExtensionValues, RtpPacket, RtpWrite},
    stats::PeerStats,
};
use tokio::{net::UdpSocket, time::timeout};

use crate::person::Person;

/// Its name in SDP.
const DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/// Which `str0m` uses for nothing else. The session has another one.
const DESCRIPTOR_ID: u8 = 12;
/// Of encodings, from the smallest to the largest.
const RIDS: [&str; 3] = ["q", "h", "f"];
/// What one call takes from the socket.
const DATAGRAM_BYTES: usize = 2_000;

/// The bytes of a dependency descriptor, which `str0m` does not know of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Descriptor(pub(crate) Vec<u8>);

/// Puts those bytes in, and takes them out.
#[derive(Debug)]
struct AsBytes;

impl ExtensionSerializer for AsBytes {
    fn write_to(&self, buffer: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(Descriptor(bytes)) = values.user_values.get() else { return 0 };
        let Some(room) = buffer.get_mut(..bytes.len()) else { return 0 };
        room.copy_from_slice(bytes);
        bytes.len()
    }

    fn parse_value(&self, bytes: &[u8], values: &mut ExtensionValues) -> bool {
        values.user_values.set(Descriptor(bytes.to_vec()));
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        values.user_values.get::<Descriptor>().is_some_and(|Descriptor(bytes)| bytes.len() > 16)
    }
}

/// What a station offers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offered {
    /// It sends sound.
    pub(crate) microphone: bool,
    /// It sends a picture in so many encodings, of which it makes the smallest only.
    pub(crate) encodings: usize,
    /// With dependency descriptors.
    pub(crate) descriptors: bool,
    /// Sections in which it can receive sound, and pictures.
    pub(crate) receives: (usize, usize),
}

/// A client's media.
pub(crate) struct Station {
    rtc: Rtc,
    socket: UdpSocket,
    at: SocketAddr,
    microphone: Option<Mid>,
    camera: Option<(Mid, Option<Rid>)>,
    said: u16,
    packets_shown: u16,
    structure: DependencyStructure,
    wants_key: bool,
    connected: bool,
    /// What came, in the order of its arrival.
    pub(crate) heard: Vec<RtpPacket>,
    /// The latest.
    pub(crate) stats: Option<PeerStats>,
    /// Of every so many RTP packets in each direction the line loses one; none if 0.
    pub(crate) loses_one_in: u32,
    passed: u32,
    lost: u32,
}

impl Station {
    /// On a free port of loopback.
    pub(crate) async fn new(offered: Offered) -> (Self, String, SdpPendingOffer) {
        let mut config = RtcConfig::new()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .enable_bwe(Some(Bitrate::kbps(1_000)))
            .set_stats_interval(Some(Duration::from_millis(100)));
        if offered.descriptors {
            config = config.set_extension(DESCRIPTOR_ID, Extension::with_serializer(DESCRIPTOR, AsBytes));
        }
        let mut rtc = config.build(now());
        let (socket, at) = free_socket().await;
        rtc.add_local_candidate(Candidate::host(at, "udp").expect("an address"));
        let mut change = rtc.sdp_api();
        let mut sends = |wanted: bool, kind, layers| {
            wanted.then(|| change.add_media(kind, Direction::SendOnly, None, None, layers))
        };
        let microphone = sends(offered.microphone, MediaKind::Audio, None);
        let layers = RIDS.iter().take(offered.encodings).map(|rid| SimulcastLayer::new(rid)).collect();
        let simulcast = (offered.encodings > 1).then_some(Simulcast { send: layers, recv: Vec::new() });
        let smallest = simulcast.is_some().then(|| Rid::from(RIDS[0]));
        let camera = sends(offered.encodings > 0, MediaKind::Video, simulcast).map(|mid| (mid, smallest));
        for (kind, count) in [(MediaKind::Audio, offered.receives.0), (MediaKind::Video, offered.receives.1)]
        {
            for _ in 0..count {
                change.add_media(kind, Direction::RecvOnly, None, None, None);
            }
        }
        let (offer, pending) = change.apply().expect("there is something to offer");
        let station = Self {
            rtc,
            socket,
            at,
            microphone,
            camera,
            said: 0,
            packets_shown: 0,
            structure: DependencyStructure::l1t1(640, 360),
            wants_key: true,
            connected: false,
            heard: Vec::new(),
            stats: None,
            loses_one_in: 0,
            passed: 0,
            lost: 0,
        };
        (station, offer.to_sdp_string(), pending)
    }

    /// One that has agreed with the server, by the signalling of somebody.
    pub(crate) async fn of(person: &mut Person, offered: Offered) -> Self {
        let (mut station, offer, pending) = Self::new(offered).await;
        station.negotiate(person, offer, pending).await;
        station
    }

    async fn negotiate(&mut self, person: &mut Person, offer: String, pending: SdpPendingOffer) {
        let answer = person.ask(Request::Negotiate { offer }).await;
        let ServerMessage::Answer { answer, .. } = answer else {
            panic!("the offer is a good one: {answer:?}")
        };
        self.accept(&answer, pending);
    }

    /// The server's answer.
    pub(crate) fn accept(&mut self, answer: &str, pending: SdpPendingOffer) {
        let answer = SdpAnswer::from_sdp_string(answer).expect("an answer that str0m reads");
        self.rtc.sdp_api().accept_answer(pending, answer).expect("an answer that str0m takes");
    }

    /// Offers one section more to receive in, and so asks for whatever there is by now.
    pub(crate) async fn renegotiate(&mut self, person: &mut Person, kind: MediaKind) {
        let mut change = self.rtc.sdp_api();
        change.add_media(kind, Direction::RecvOnly, None, None, None);
        let (offer, pending) = change.apply().expect("there is something new");
        self.negotiate(person, offer.to_sdp_string(), pending).await;
    }

    /// Goes to another port, and restarts ICE.
    pub(crate) async fn move_away(&mut self, person: &mut Person) {
        let before = Candidate::host(self.at, "udp").expect("an address");
        (self.socket, self.at) = free_socket().await;
        self.rtc.direct_api().invalidate_candidate(&before);
        let mut change = self.rtc.sdp_api();
        change.ice_restart(false);
        let (offer, pending) = change.apply().expect("a restart is a change");
        self.negotiate(person, offer.to_sdp_string(), pending).await;
        self.rtc.add_local_candidate(Candidate::host(self.at, "udp").expect("an address"));
    }

    /// Comes from another port without knowing, as behind a NAT that has forgotten it.
    pub(crate) async fn is_moved(&mut self) {
        self.socket = free_socket().await.0;
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.connected && self.rtc.is_connected()
    }

    /// How many RTP packets its line has lost.
    pub(crate) fn lost(&self) -> u32 {
        self.lost
    }

    /// What came, without order.
    pub(crate) fn payloads(&self) -> BTreeSet<&[u8]> {
        self.heard.iter().map(|packet| &packet.payload[..]).collect()
    }

    /// Says something, loudly.
    pub(crate) fn say(&mut self, payload: &[u8]) {
        self.said += 1;
        // Levels that stand still are no speech.
        let level = -10 - (self.said % 7) as i8 * 3;
        let values =
            ExtensionValues { audio_level: Some(level), voice_activity: Some(true), ..Default::default() };
        let microphone = self.microphone.expect("it has a microphone");
        self.write((microphone, None), self.said, u32::from(self.said) * 960, payload, values, false);
    }

    /// Shows a frame of one packet: a key frame if somebody needs one.
    pub(crate) fn show(&mut self, payload: &[u8]) {
        let number = self.packets_shown;
        self.packets_shown += 1;
        let is_key = std::mem::take(&mut self.wants_key);
        let descriptor =
            DependencyDescriptor::of_template(&self.structure, u8::from(!is_key), number, true, true);
        let mut bytes = Vec::new();
        descriptor.expect("the structure has two templates").write(&self.structure, is_key, &mut bytes);
        let mut values = ExtensionValues::default();
        values.user_values.set(Descriptor(bytes));
        let camera = self.camera.expect("it has a camera");
        self.write(camera, number, u32::from(number) * 1_800, payload, values, true);
    }

    fn write(
        &mut self,
        (mid, rid): (Mid, Option<Rid>),
        number: u16,
        timestamp: u32,
        payload: &[u8],
        values: ExtensionValues,
        is_picture: bool,
    ) {
        let types = self.rtc.media(mid).and_then(|media| media.remote_pts().first().copied());
        let Some(payload_type) = types else { return };
        let packet =
            RtpWrite::new(payload_type, u64::from(number).into(), timestamp, now(), payload.to_vec())
                .marker(is_picture)
                .nackable(is_picture)
                .ext_vals(values);
        let mut direct = self.rtc.direct_api();
        direct.stream_tx_by_mid(mid, rid).expect("the stream was negotiated").write_rtp(packet);
    }

    /// Lets it send, receive and wait for so long.
    pub(crate) async fn work(&mut self, lasts: Duration) {
        let end = now() + lasts;
        let mut buffer = [0; DATAGRAM_BYTES];
        loop {
            self.on_input(Input::Timeout(now()));
            let next = self.drain().await.min(end);
            let wait = next.saturating_duration_since(now()).max(Duration::from_millis(1));
            if let Ok(Ok((length, from))) = timeout(wait, self.socket.recv_from(&mut buffer)).await {
                let datagram = &buffer[..length];
                if !self.loses(datagram) {
                    let received = Receive::new(Protocol::Udp, from, self.at, datagram);
                    self.on_input(Input::Receive(now(), received.expect("str0m knows the protocol")));
                }
            } else if now() >= end {
                return;
            }
        }
    }

    fn on_input(&mut self, input: Input<'_>) {
        self.rtc.handle_input(input).expect("the connection lives");
    }

    async fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().expect("the connection lives") {
                Output::Timeout(at) => return at,
                Output::Transmit(transmit) => {
                    if !self.loses(&transmit.contents) {
                        let sent = self.socket.send_to(&transmit.contents, transmit.destination).await;
                        sent.expect("loopback takes it");
                    }
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::RtpPacket(packet)) => self.heard.push(packet),
                Output::Event(Event::KeyframeRequest(_)) => self.wants_key = true,
                Output::Event(Event::PeerStats(stats)) => self.stats = Some(stats),
                Output::Event(_) => {}
            }
        }
    }

    /// Whether the line loses a datagram. What sets up the connection, and RTCP (RFC 5761 section 4), arrives.
    fn loses(&mut self, datagram: &[u8]) -> bool {
        let is_rtp = matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind));
        if !is_rtp || self.loses_one_in == 0 {
            return false;
        }
        self.passed += 1;
        let loses = self.passed.is_multiple_of(self.loses_one_in);
        self.lost += u32::from(loses);
        loses
    }
}

async fn free_socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a socket");
    let at = socket.local_addr().expect("it is bound");
    (socket, at)
}

#[expect(clippy::disallowed_methods, reason = "a real network has real time")]
fn now() -> Instant {
    Instant::now()
}
