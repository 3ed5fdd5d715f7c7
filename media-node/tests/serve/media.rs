//! Owns a client's media: a peer connection of the crate `webrtc` over a UDP socket of its own, one microphone, and what is heard.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use media_core::signalling::{Request, ServerMessage};
use rtc::{
    peer_connection::configuration::media_engine::MediaEngine,
    rtp::{
        Packet,
        extension::{HeaderExtension, audio_level_extension::AudioLevelExtension},
        header::Header,
    },
    rtp_transceiver::rtp_sender::{
        RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
        RTCRtpHeaderExtensionCapability, RtpCodecKind,
    },
};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use webrtc::{
    media_stream::{
        MediaStreamTrack,
        track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP},
        track_remote::{TrackRemote, TrackRemoteEvent},
    },
    peer_connection::{
        PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCPeerConnectionState,
        RTCSessionDescription,
    },
    rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit},
};

use crate::{person::Person, stage::PATIENCE};

/// A payload type that is not the session's, so that it has to be translated.
const OPUS: u8 = 109;

/// A microphone and an ear.
pub(crate) struct Media {
    connection: Arc<dyn PeerConnection>,
    microphone: Arc<TrackLocalStaticRTP>,
    ssrc: u32,
    sequence: u16,
    is_connected: watch::Receiver<bool>,
    heard: mpsc::UnboundedReceiver<Packet>,
}

struct Ear {
    connected: watch::Sender<bool>,
    heard: mpsc::UnboundedSender<Packet>,
}

#[async_trait]
impl PeerConnectionEventHandler for Ear {
    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.connected.send_replace(state == RTCPeerConnectionState::Connected);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let heard = self.heard.clone();
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    // Nobody may listen any more.
                    let _ = heard.send(packet);
                }
            }
        });
    }
}

fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: "audio/opus".to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

fn engine() -> MediaEngine {
    let mut engine = MediaEngine::default();
    let codec = RTCRtpCodecParameters { rtp_codec: opus(), payload_type: OPUS };
    engine.register_codec(codec, RtpCodecKind::Audio).expect("the only codec");
    for uri in ["urn:ietf:params:rtp-hdrext:ssrc-audio-level", "urn:ietf:params:rtp-hdrext:sdes:mid"] {
        let extension = RTCRtpHeaderExtensionCapability { uri: uri.to_owned() };
        engine.register_header_extension(extension, RtpCodecKind::Audio, None).expect("there is room");
    }
    engine
}

impl Media {
    /// A connection that sends a microphone under this SSRC and can receive so many.
    pub(crate) async fn new(ssrc: u32, receive: usize) -> Self {
        Self::with(Some(ssrc), receive).await
    }

    /// A connection that only receives.
    pub(crate) async fn listener(receive: usize) -> Self {
        Self::with(None, receive).await
    }

    async fn with(sends: Option<u32>, receive: usize) -> Self {
        let ssrc = sends.unwrap_or_default();
        let (connected, is_connected) = watch::channel(false);
        let (heard, listening) = mpsc::unbounded_channel();
        let builder = PeerConnectionBuilder::new()
            .with_media_engine(engine())
            .with_udp_addrs(vec!["127.0.0.1:0"])
            .with_handler(Arc::new(Ear { connected, heard }));
        // The future has 20 kB.
        let connection = Box::pin(builder.build()).await.expect("a peer connection");
        let coding = RTCRtpCodingParameters { ssrc: Some(ssrc), ..RTCRtpCodingParameters::default() };
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: coding,
            codec: opus(),
            ..RTCRtpEncodingParameters::default()
        };
        let track = MediaStreamTrack::new(
            "own".to_owned(),
            "voice".to_owned(),
            "voice".to_owned(),
            RtpCodecKind::Audio,
            vec![encoding],
        );
        let microphone = Arc::new(TrackLocalStaticRTP::new(track));
        let direction = |direction| Some(RTCRtpTransceiverInit { direction, ..Default::default() });
        if sends.is_some() {
            let local: Arc<dyn TrackLocal> = Arc::clone(&microphone) as _;
            let sendonly = direction(RTCRtpTransceiverDirection::Sendonly);
            connection.add_transceiver_from_track(local, sendonly).await.expect("a section that sends");
        }
        for _ in 0..receive {
            let receives = direction(RTCRtpTransceiverDirection::Recvonly);
            let section = connection.add_transceiver_from_kind(RtpCodecKind::Audio, receives).await;
            section.expect("a section that receives");
        }
        Self {
            connection: Arc::new(connection),
            microphone,
            ssrc,
            sequence: 0,
            is_connected,
            heard: listening,
        }
    }

    /// An offer, which is the local description from now on.
    pub(crate) async fn offer(&self) -> String {
        let offer = self.connection.create_offer(None).await.expect("an offer");
        let sdp = offer.sdp.clone();
        self.connection.set_local_description(offer).await.expect("its own offer");
        sdp
    }

    pub(crate) async fn on_answer(&self, answer: String) {
        let answer = RTCSessionDescription::answer(answer).expect("an answer");
        self.connection.set_remote_description(answer).await.expect("an answer that fits");
    }

    /// Agrees on the connection, or on what flows over it, by signalling.
    pub(crate) async fn negotiate(&self, person: &mut Person) {
        let offer = self.offer().await;
        let answer = person.ask(Request::Negotiate { offer }).await;
        let ServerMessage::Answer { answer, .. } = answer else {
            panic!("the offer is a good one: {answer:?}")
        };
        self.on_answer(answer).await;
    }

    /// Waits for the connection.
    pub(crate) async fn connected(&mut self) {
        let connected = self.is_connected.wait_for(|connected| *connected);
        timeout(PATIENCE, connected).await.expect("a connection in time").expect("the handler lives");
    }

    /// Says something, loudly.
    pub(crate) async fn say(&mut self, payload: &[u8]) {
        self.sequence += 1;
        let header = Header {
            version: 2,
            payload_type: OPUS,
            sequence_number: self.sequence,
            timestamp: u32::from(self.sequence) * 960,
            ssrc: self.ssrc,
            ..Header::default()
        };
        let packet = Packet { header, payload: Bytes::copy_from_slice(payload) };
        // Levels that stand still are no speech.
        let level = 10 + (self.sequence % 7) as u8 * 3;
        let level = HeaderExtension::AudioLevel(AudioLevelExtension { level, voice: true });
        self.microphone.write_rtp_with_extensions(packet, &[level]).await.expect("it is sent");
    }

    /// The next thing that is heard; none when there is silence.
    pub(crate) async fn hear(&mut self, within: std::time::Duration) -> Option<Packet> {
        timeout(within, self.heard.recv()).await.ok().flatten()
    }
}
