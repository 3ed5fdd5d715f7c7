//! Owns the WebRTC connection: a microphone, a camera, places for the tracks of others, and the packets that come in.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use rtc::{
    media_stream::MediaStreamTrack,
    peer_connection::configuration::{
        interceptor_registry::{configure_rtcp_reports, configure_twcc_receiver_only},
        media_engine::MediaEngine,
    },
    rtp::{Packet, header::Header},
    rtp_transceiver::rtp_sender::{
        RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
        RTCRtpHeaderExtensionCapability, RtpCodecKind,
    },
};
use tokio::sync::mpsc;
use webrtc::{
    media_stream::{
        track_local::{TrackLocal, static_rtp::TrackLocalStaticRTP},
        track_remote::{TrackRemote, TrackRemoteEvent},
    },
    peer_connection::{
        PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCSessionDescription, Registry,
    },
    rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit},
};

/// Payload types of the offers.
const OPUS: u8 = 109;
const VP8: u8 = 120;
/// Identifiers of header extensions in the offers: `rtc` numbers them from 1 in the order of their registration.
pub(crate) const AUDIO_LEVEL: u8 = 2;
pub(crate) const DEPENDENCY_DESCRIPTOR: u8 = 3;
const MID_URI: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const AUDIO_LEVEL_URI: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const DESCRIPTOR_URI: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

/// What is sent: a microphone or a camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Medium {
    Audio,
    Video,
}

impl Medium {
    const fn kind(self) -> RtpCodecKind {
        match self {
            Self::Audio => RtpCodecKind::Audio,
            Self::Video => RtpCodecKind::Video,
        }
    }

    const fn payload_type(self) -> u8 {
        match self {
            Self::Audio => OPUS,
            Self::Video => VP8,
        }
    }

    /// Any that differ will do.
    const fn ssrc(self) -> u32 {
        self.payload_type() as u32 * 1_000_003
    }

    fn codec(self) -> RTCRtpCodec {
        let (mime_type, clock_rate, channels, sdp_fmtp_line) = match self {
            Self::Audio => ("audio/opus", 48_000, 2, "minptime=10;useinbandfec=1"),
            Self::Video => ("video/VP8", 90_000, 0, ""),
        };
        RTCRtpCodec {
            mime_type: mime_type.to_owned(),
            clock_rate,
            channels,
            sdp_fmtp_line: sdp_fmtp_line.to_owned(),
            rtcp_feedback: Vec::new(),
        }
    }
}

struct Receiving(mpsc::UnboundedSender<Packet>);

#[async_trait]
impl PeerConnectionEventHandler for Receiving {
    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let packets = self.0.clone();
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    // Nobody may listen any more.
                    let _ = packets.send(packet);
                }
            }
        });
    }
}

/// A connection to the media node.
pub(crate) struct Connection {
    peer: Arc<dyn PeerConnection>,
    tracks: [(Arc<TrackLocalStaticRTP>, u16); 2],
    /// Places for audio and video of others.
    places: [usize; 2],
    packets: mpsc::UnboundedReceiver<Packet>,
}

impl Connection {
    pub(crate) async fn new() -> Result<Self, Box<dyn Error>> {
        let (sender, packets) = mpsc::unbounded_channel();
        let mut engine = engine()?;
        let registry = configure_twcc_receiver_only(Registry::new(), &mut engine)?;
        let builder = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_interceptor_registry(configure_rtcp_reports(registry))
            .with_udp_addrs(vec!["127.0.0.1:0"])
            .with_handler(Arc::new(Receiving(sender)));
        // The future has 20 kB.
        let connection = Box::pin(builder.build()).await?;
        let tracks = [Medium::Audio, Medium::Video].map(|medium| (Arc::new(track(medium)), 0));
        for (track, _) in &tracks {
            let local: Arc<dyn TrackLocal> = Arc::clone(track) as _;
            connection
                .add_transceiver_from_track(local, Some(towards(RTCRtpTransceiverDirection::Sendonly)))
                .await?;
        }
        Ok(Self { peer: Arc::new(connection), tracks, places: [0; 2], packets })
    }

    /// An offer with places for so much audio and video of others.
    pub(crate) async fn offer(&mut self, wanted: [usize; 2]) -> Result<String, Box<dyn Error>> {
        for (medium, place) in [(Medium::Audio, 0), (Medium::Video, 1)] {
            while self.places[place] < wanted[place] {
                let receives = Some(towards(RTCRtpTransceiverDirection::Recvonly));
                self.peer.add_transceiver_from_kind(medium.kind(), receives).await?;
                self.places[place] += 1;
            }
        }
        let offer = self.peer.create_offer(None).await?;
        let sdp = offer.sdp.clone();
        self.peer.set_local_description(offer).await?;
        Ok(sdp)
    }

    pub(crate) async fn on_answer(&self, answer: String) -> Result<(), Box<dyn Error>> {
        self.peer.set_remote_description(RTCSessionDescription::answer(answer)?).await?;
        Ok(())
    }

    /// Sends one packet, with one header extension. Before there is a connection it goes nowhere.
    pub(crate) async fn send(
        &mut self,
        medium: Medium,
        (time, marker): (u32, bool),
        extension: (u8, Vec<u8>),
        payload: Vec<u8>,
    ) {
        let (track, sequence) = &mut self.tracks[usize::from(medium == Medium::Video)];
        *sequence = sequence.wrapping_add(1);
        let mut header = Header {
            version: 2,
            marker,
            payload_type: medium.payload_type(),
            sequence_number: *sequence,
            timestamp: time,
            ssrc: medium.ssrc(),
            ..Header::default()
        };
        header.set_extension(extension.0, Bytes::from(extension.1)).expect("it is short enough");
        let _ = track.write_rtp(Packet { header, payload: payload.into() }).await;
    }

    /// The next packet of somebody.
    pub(crate) async fn next(&mut self) -> Option<Packet> {
        self.packets.recv().await
    }
}

fn towards(direction: RTCRtpTransceiverDirection) -> RTCRtpTransceiverInit {
    RTCRtpTransceiverInit { direction, ..Default::default() }
}

fn track(medium: Medium) -> TrackLocalStaticRTP {
    let coding = RTCRtpCodingParameters { ssrc: Some(medium.ssrc()), ..RTCRtpCodingParameters::default() };
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters: coding,
        codec: medium.codec(),
        ..RTCRtpEncodingParameters::default()
    };
    let name = format!("{medium:?}");
    TrackLocalStaticRTP::new(MediaStreamTrack::new(
        "own".to_owned(),
        name.clone(),
        name,
        medium.kind(),
        vec![encoding],
    ))
}

fn engine() -> Result<MediaEngine, Box<dyn Error>> {
    let mut engine = MediaEngine::default();
    for medium in [Medium::Audio, Medium::Video] {
        let codec = RTCRtpCodecParameters { rtp_codec: medium.codec(), payload_type: medium.payload_type() };
        engine.register_codec(codec, medium.kind())?;
    }
    for (uri, mediums) in [
        (MID_URI, &[Medium::Audio, Medium::Video][..]),
        (AUDIO_LEVEL_URI, &[Medium::Audio]),
        (DESCRIPTOR_URI, &[Medium::Video]),
    ] {
        for medium in mediums {
            let extension = RTCRtpHeaderExtensionCapability { uri: uri.to_owned() };
            engine.register_header_extension(extension, medium.kind(), None)?;
        }
    }
    Ok(engine)
}
