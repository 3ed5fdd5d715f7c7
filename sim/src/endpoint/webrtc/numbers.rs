//! Owns the payload types and extension identifiers of this client's offers, and their translation. They are others than the
//! session's on purpose: the media node has to translate, as it has to for browsers.

use media_core::{
    Codec, MediaKind,
    rtp::{
        RED_PAYLOAD_TYPE,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, MID, REPAIRED_RID, RID, TRANSPORT_SEQUENCE},
    },
    signalling::TrackOffer,
};
use rtc::{
    media_stream::MediaStreamTrack,
    peer_connection::configuration::media_engine::MediaEngine,
    rtp::header::Header,
    rtp_transceiver::rtp_sender::{
        RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
        RTCRtpHeaderExtensionCapability, RTCRtpRtxParameters, RtpCodecKind,
    },
};

/// The extensions: what names them in SDP, their identifier in the session, and whether they are of audio and of video.
const EXTENSIONS: [(&str, u8, bool, bool); 6] = [
    ("urn:ietf:params:rtp-hdrext:sdes:mid", MID, true, true),
    ("urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", RID, false, true),
    ("urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", REPAIRED_RID, false, true),
    ("urn:ietf:params:rtp-hdrext:ssrc-audio-level", AUDIO_LEVEL, true, false),
    (
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        TRANSPORT_SEQUENCE,
        true,
        true,
    ),
    (
        "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension",
        DEPENDENCY_DESCRIPTOR,
        false,
        true,
    ),
];

/// Payload types in the session and in this client's offers.
const PAYLOAD_TYPES: [(u8, u8); 8] = [
    (Codec::Opus.payload_type(), 109),
    (RED_PAYLOAD_TYPE, 110),
    (Codec::Vp8.payload_type(), 120),
    (Codec::Vp8.rtx_payload_type(), 121),
    (Codec::Vp9.payload_type(), 122),
    (Codec::Vp9.rtx_payload_type(), 123),
    (Codec::H264.payload_type(), 124),
    (Codec::H264.rtx_payload_type(), 125),
];

/// The payload type of a session's one in the offers.
fn offered(session: u8) -> u8 {
    PAYLOAD_TYPES.iter().find(|(known, _)| *known == session).map_or(session, |(_, offered)| *offered)
}

/// What the client can send and receive.
pub(super) fn media_engine() -> MediaEngine {
    let mut engine = MediaEngine::default();
    for (uri, _, audio, video) in EXTENSIONS {
        for (kind, there) in [(RtpCodecKind::Audio, audio), (RtpCodecKind::Video, video)] {
            if there {
                let extension = RTCRtpHeaderExtensionCapability { uri: uri.to_owned() };
                engine.register_header_extension(extension, kind, None).expect("there is room for six");
            }
        }
    }
    let mut register = |codec: RTCRtpCodec, payload_type, kind| {
        let codec = RTCRtpCodecParameters { rtp_codec: codec, payload_type };
        engine.register_codec(codec, kind).expect("each payload type stands there once");
    };
    let opus = offered(Codec::Opus.payload_type());
    register(codec(Codec::Opus), opus, RtpCodecKind::Audio);
    let red = RTCRtpCodec {
        mime_type: "audio/red".to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: format!("{opus}/{opus}"),
        rtcp_feedback: Vec::new(),
    };
    register(red, offered(RED_PAYLOAD_TYPE), RtpCodecKind::Audio);
    for of in [Codec::Vp8, Codec::Vp9, Codec::H264] {
        let payload_type = offered(of.payload_type());
        register(codec(of), payload_type, RtpCodecKind::Video);
        let repairs = RTCRtpCodec {
            mime_type: "video/rtx".to_owned(),
            clock_rate: 90_000,
            channels: 0,
            sdp_fmtp_line: format!("apt={payload_type}"),
            rtcp_feedback: Vec::new(),
        };
        register(repairs, offered(of.rtx_payload_type()), RtpCodecKind::Video);
    }
    engine
}

fn codec(codec: Codec) -> RTCRtpCodec {
    let (mime_type, fmtp) = match codec {
        Codec::Opus => ("audio/opus", "minptime=10;useinbandfec=1"),
        Codec::Vp8 => ("video/VP8", ""),
        Codec::Vp9 => ("video/VP9", "profile-id=0"),
        Codec::H264 => {
            ("video/H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f")
        }
    };
    let feedback =
        |typ: &str, parameter: &str| RTCPFeedback { typ: typ.to_owned(), parameter: parameter.to_owned() };
    let mut rtcp_feedback = vec![feedback("transport-cc", "")];
    if codec != Codec::Opus {
        rtcp_feedback.extend([feedback("ccm", "fir"), feedback("nack", ""), feedback("nack", "pli")]);
    }
    RTCRtpCodec {
        mime_type: mime_type.to_owned(),
        clock_rate: if codec == Codec::Opus { 48_000 } else { 90_000 },
        channels: if codec == Codec::Opus { 2 } else { 0 },
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback,
    }
}

/// A track of the endpoint as `rtc` sends it.
pub(super) fn local_track(track: &TrackOffer) -> MediaStreamTrack {
    let encodings = track.encodings.iter().enumerate().map(|(place, encoding)| {
        let simulcast = track.encodings.len() > 1;
        RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                rid: if simulcast { format!("r{place}").into() } else { String::new().into() },
                ssrc: Some(encoding.ssrc.0),
                rtx: track.kind.is_video().then_some(RTCRtpRtxParameters { ssrc: encoding.rtx_ssrc.0 }),
                ..RTCRtpCodingParameters::default()
            },
            codec: codec(track.codec),
            ..RTCRtpEncodingParameters::default()
        }
    });
    let (name, kind) = match track.kind {
        MediaKind::Audio => ("audio", RtpCodecKind::Audio),
        MediaKind::Camera => ("camera", RtpCodecKind::Video),
        MediaKind::Screen => ("screen", RtpCodecKind::Video),
    };
    MediaStreamTrack::new("own".into(), name.into(), name.into(), kind, encodings.collect())
}

/// The numbers of this client's offers.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Extension identifiers: the session's, and the offer's.
    extensions: Vec<(u8, u8)>,
}

impl Numbers {
    /// Takes the extension identifiers from an offer.
    pub(super) fn read_offer(&mut self, sdp: &str) {
        for line in sdp.lines().filter_map(|line| line.strip_prefix("a=extmap:")) {
            let Some((id, uri)) = line.split_once(' ') else { continue };
            let session =
                EXTENSIONS.iter().find(|(known, ..)| *known == uri).map(|(_, session, ..)| *session);
            if let (Ok(id), Some(session)) = (id.parse(), session)
                && !self.extensions.contains(&(session, id))
            {
                self.extensions.push((session, id));
            }
        }
    }

    /// From the session's numbers to the offer's.
    pub(super) fn outgoing(&self, header: &mut Header) {
        header.payload_type = offered(header.payload_type);
        header.extensions.retain_mut(|extension| {
            let known = self.extensions.iter().find(|(session, _)| *session == extension.id);
            known.is_some_and(|(_, offered)| {
                extension.id = *offered;
                true
            })
        });
    }

    /// From the offer's numbers to the session's.
    pub(super) fn incoming(&self, header: &mut Header) {
        let known = PAYLOAD_TYPES.iter().find(|(_, offered)| *offered == header.payload_type);
        header.payload_type = known.map_or(header.payload_type, |(session, _)| *session);
        for extension in &mut header.extensions {
            let known = self.extensions.iter().find(|(_, offered)| *offered == extension.id);
            extension.id = known.map_or(extension.id, |(session, _)| *session);
        }
    }
}
