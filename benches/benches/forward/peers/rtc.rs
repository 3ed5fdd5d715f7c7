//! Owns one end of a connection of `rtc` 0.21 with its default interceptors: negative acknowledgements, reports, and
//! transport-wide feedback of what is received. Nothing in them estimates a path.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use benches::broadcast::Load;
use bytes::{Bytes, BytesMut};
use rtc::{
    interceptor::Registry,
    media_stream::MediaStreamTrack,
    peer_connection::{
        RTCPeerConnection, RTCPeerConnectionBuilder,
        configuration::{
            RTCConfigurationBuilder,
            interceptor_registry::register_default_interceptors,
            media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8, MediaEngine},
            setting_engine::SettingEngineBuilder,
        },
        event::RTCPeerConnectionEvent,
        message::{RTCMessage, TaggedRTCMessage},
        state::RTCPeerConnectionState,
        transport::{CandidateConfig, CandidateHostConfig, RTCDtlsRole, RTCIceCandidate},
    },
    rtp::{Packet, header::Header},
    rtp_transceiver::{
        RTCRtpSenderId,
        rtp_sender::{
            RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
            RtpCodecKind,
        },
    },
    sansio::Protocol as _,
    shared::{TaggedBytesMut, TransportContext, TransportProtocol},
};

use super::room::End;

const SSRC: u32 = 0x1234_5678;
const PAYLOAD_TYPE: u8 = 96;
/// When nothing is due.
const IDLE: Duration = Duration::from_hours(1);

/// One end.
pub(in super::super) struct Rtc {
    connection: RTCPeerConnection,
    sender: Option<RTCRtpSenderId>,
    context: TransportContext,
    is_connected: bool,
}

fn codec(load: Load) -> (RTCRtpCodec, RtpCodecKind) {
    let (mime_type, clock_rate, channels, kind) = match load {
        Load::Audio => (MIME_TYPE_OPUS, 48_000, 2, RtpCodecKind::Audio),
        Load::Video => (MIME_TYPE_VP8, 90_000, 0, RtpCodecKind::Video),
    };
    let (sdp_fmtp_line, rtcp_feedback) = (String::new(), Vec::new());
    (
        RTCRtpCodec { mime_type: mime_type.to_owned(), clock_rate, channels, sdp_fmtp_line, rtcp_feedback },
        kind,
    )
}

impl Rtc {
    fn new(
        load: Load,
        local: SocketAddr,
        remote: SocketAddr,
        now: Instant,
    ) -> Result<Self, rtc::shared::error::Error> {
        let mut media = MediaEngine::default();
        let (rtp_codec, kind) = codec(load);
        let codec = RTCRtpCodecParameters { rtp_codec, payload_type: PAYLOAD_TYPE };
        media.register_codec(codec, kind)?;
        let interceptors = register_default_interceptors(Registry::new(), &mut media)?;
        let settings = SettingEngineBuilder::new().with_answering_dtls_role(RTCDtlsRole::Server).build();
        let mut connection = RTCPeerConnectionBuilder::new()
            .with_configuration(RTCConfigurationBuilder::new().build())
            .with_setting_engine(settings)
            .with_media_engine(media)
            .with_interceptor_registry(interceptors)
            .build(now)?;
        let base_config = CandidateConfig {
            network: "udp".into(),
            address: local.ip().to_string(),
            port: local.port(),
            component: 1,
            ..Default::default()
        };
        let candidate = CandidateHostConfig { base_config, ..Default::default() }.new_candidate_host()?;
        connection.add_local_candidate(RTCIceCandidate::from(&candidate).to_json()?)?;
        let context = TransportContext {
            local_addr: local,
            peer_addr: remote,
            ecn: None,
            transport_protocol: TransportProtocol::UDP,
        };
        Ok(Self { connection, sender: None, context, is_connected: false })
    }

    /// Who sends media offers.
    fn connect(
        load: Load,
        offerer: &mut Self,
        answerer: &mut Self,
        now: Instant,
    ) -> Result<(), rtc::shared::error::Error> {
        let (codec, kind) = codec(load);
        let coding = RTCRtpCodingParameters { ssrc: Some(SSRC), ..Default::default() };
        let encoding =
            RTCRtpEncodingParameters { rtp_coding_parameters: coding, codec, ..Default::default() };
        let track =
            MediaStreamTrack::new("stream".into(), "track".into(), "track".into(), kind, vec![encoding]);
        offerer.sender = Some(offerer.connection.add_track(track)?);
        let offer = offerer.connection.create_offer(None)?;
        offerer.connection.set_local_description(now, offer.clone())?;
        answerer.connection.set_remote_description(now, offer)?;
        let answer = answerer.connection.create_answer(None)?;
        answerer.connection.set_local_description(now, answer.clone())?;
        offerer.connection.set_remote_description(now, answer)
    }

    fn write(&mut self, now: Instant, packet: Packet) {
        let sender = self.sender.expect("this end sends");
        let mut sender = self.connection.rtp_sender(sender).expect("the sender is there");
        sender.write_rtp(now, packet).expect("the packet is one that was negotiated");
    }
}

impl End for Rtc {
    type Packet = Packet;

    fn pair(load: Load, up: bool, [server_at, client_at]: [SocketAddr; 2], now: Instant) -> (Self, Self) {
        let end = |local, remote| Self::new(load, local, remote, now).expect("the configuration is valid");
        let (mut server, mut client) = (end(server_at, client_at), end(client_at, server_at));
        let (offerer, answerer) = if up { (&mut client, &mut server) } else { (&mut server, &mut client) };
        Self::connect(load, offerer, answerer, now).expect("offer and answer of the same library");
        (server, client)
    }

    fn is_connected(&self) -> bool {
        self.is_connected
    }

    fn receive(&mut self, now: Instant, datagram: &[u8]) {
        let message = TaggedBytesMut { now, transport: self.context, message: BytesMut::from(datagram) };
        self.connection.handle_read(message).expect("the connection is alive");
    }

    fn on_timeout(&mut self, now: Instant) {
        self.connection.handle_timeout(now).expect("the connection is alive");
    }

    fn drain(&mut self, now: Instant, datagrams: &mut Vec<Vec<u8>>, packets: &mut Vec<Packet>) -> Instant {
        while let Some(datagram) = self.connection.poll_write() {
            datagrams.push(datagram.message.into());
        }
        while let Some(event) = self.connection.poll_event() {
            if let RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) = event {
                self.is_connected = state == RTCPeerConnectionState::Connected;
            }
        }
        while let Some(TaggedRTCMessage { message, .. }) = self.connection.poll_read() {
            if let RTCMessage::RtpPacket(_, packet) = message {
                packets.push(packet);
            }
        }
        self.connection.poll_timeout().unwrap_or(now + IDLE)
    }

    fn publish(&mut self, now: Instant, number: u64, timestamp: u32, payload: &[u8]) {
        let header = Header {
            version: 2,
            payload_type: PAYLOAD_TYPE,
            sequence_number: number as u16,
            timestamp,
            ssrc: SSRC,
            ..Default::default()
        };
        self.write(now, Packet { header, payload: Bytes::copy_from_slice(payload) });
    }

    fn forward(&mut self, now: Instant, packet: &Packet) {
        let mut packet = packet.clone();
        packet.header.ssrc = SSRC;
        // Extensions are refused unless this connection negotiated them under the same numbers.
        packet.header.extension = false;
        packet.header.extensions.clear();
        self.write(now, packet);
    }
}
