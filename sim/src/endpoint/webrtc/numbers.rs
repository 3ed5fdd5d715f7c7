//! Owns the payload types and extension identifiers of this client's offers, and their translation. They are others than the
//! session's on purpose: the media node has to translate, as it has to for browsers.

use bytes::Bytes;
use media_core::{
    Codec, MediaKind,
    rtp::{
        PROBE_PAYLOAD_TYPE, RED_PAYLOAD_TYPE,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, MID, REPAIRED_RID, RID, TRANSPORT_SEQUENCE},
    },
    signalling::TrackOffer,
};
use rtc::{
    media_stream::MediaStreamTrack,
    peer_connection::configuration::media_engine::MediaEngine,
    rtp::{Packet, header::Header},
    rtp_transceiver::rtp_sender::{
        RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
        RTCRtpHeaderExtensionCapability, RtpCodecKind,
    },
};

/// The extensions: what names them in SDP, their identifier in the session, and whether they are of audio and of video. `rtc`
/// numbers them from 1 in this order.
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
const PAYLOAD_TYPES: [(u8, u8); 9] = [
    (Codec::Opus.payload_type(), 109),
    (RED_PAYLOAD_TYPE, 110),
    (Codec::Vp8.payload_type(), 120),
    (Codec::Vp8.rtx_payload_type(), 121),
    (Codec::Vp9.payload_type(), 122),
    (Codec::Vp9.rtx_payload_type(), 123),
    (Codec::H264.payload_type(), 124),
    (Codec::H264.rtx_payload_type(), 125),
    // Not in the offers: probes have the highest number that is not, in both directions.
    (PROBE_PAYLOAD_TYPE, 127),
];

/// The identifier of a session's extension in the offers.
pub(super) fn offered_id(session: u8) -> Option<u8> {
    EXTENSIONS.iter().position(|(_, known, ..)| *known == session).map(|place| place as u8 + 1)
}

/// The session's identifier of an extension in the offers.
fn session_id(offered: u8) -> Option<u8> {
    EXTENSIONS.get(usize::from(offered.checked_sub(1)?)).map(|(_, session, ..)| *session)
}

/// Whether a payload type of the offers carries pictures.
pub(super) fn is_picture(payload_type: u8) -> bool {
    [Codec::Vp8, Codec::Vp9, Codec::H264].iter().any(|codec| offered(codec.payload_type()) == payload_type)
}

/// Whether a payload type of the offers carries retransmissions.
pub(super) fn is_repair(payload_type: u8) -> bool {
    [Codec::Vp8, Codec::Vp9, Codec::H264]
        .iter()
        .any(|codec| offered(codec.rtx_payload_type()) == payload_type)
}

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

/// The name of a simulcast encoding by its place.
pub(super) fn rid(place: usize) -> String {
    format!("r{place}")
}

/// A track of the endpoint as `rtc` sends it.
pub(super) fn local_track(track: &TrackOffer) -> MediaStreamTrack {
    let simulcast = track.encodings.len() > 1;
    let encodings = track.encodings.iter().enumerate().map(|(place, encoding)| RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters {
            rid: if simulcast { rid(place) } else { String::new() },
            ssrc: Some(encoding.ssrc.0),
            ..RTCRtpCodingParameters::default()
        },
        codec: codec(track.codec),
        ..RTCRtpEncodingParameters::default()
    });
    let kind = if track.kind.is_video() { RtpCodecKind::Video } else { RtpCodecKind::Audio };
    let name = name_of(track.kind);
    MediaStreamTrack::new(STREAM.into(), name.into(), name.into(), kind, encodings.collect())
}

/// The stream of the own tracks.
const STREAM: &str = "own";

const fn name_of(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Camera => "camera",
        MediaKind::Screen => "screen",
    }
}

/// The numbers of this client's offers.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The sections of the own tracks.
    mids: Vec<(MediaKind, String)>,
}

impl Numbers {
    /// Takes the names of the own tracks' sections from an offer.
    ///
    /// # Panics
    /// When the offer has other identifiers of extensions than this client translates to.
    pub(super) fn read_offer(&mut self, sdp: &str) {
        for line in sdp.lines().filter_map(|line| line.strip_prefix("a=extmap:")) {
            let Some((id, uri)) = line.split_once(' ') else { continue };
            let session = EXTENSIONS.iter().find(|(known, ..)| *known == uri.trim_end());
            let expected = session.and_then(|(_, session, ..)| offered_id(*session));
            assert_eq!(
                id.parse().ok(),
                expected,
                "`rtc` numbers extensions in the order of registration: {line}"
            );
        }
        for section in sdp.split("\nm=").skip(1) {
            let own = MediaKind::ALL.into_iter().find(|kind| {
                let msid = format!("a=msid:{STREAM} {}", name_of(*kind));
                section.lines().any(|line| line.trim_end() == msid)
            });
            let mid = section.lines().find_map(|line| line.strip_prefix("a=mid:"));
            if let (Some(kind), Some(mid)) = (own, mid)
                && !self.mids.iter().any(|(known, _)| *known == kind)
            {
                self.mids.push((kind, mid.trim_end().to_owned()));
            }
        }
    }

    /// Names the section and the encoding of a packet, as browsers do until they hear of the stream from its receiver (RFC 8843
    /// section 9.2); this receiver never reports on it.
    pub(super) fn name(&self, header: &mut Header, kind: MediaKind, place: usize) {
        let mid = self.mids.iter().find(|(known, _)| *known == kind).map(|(_, mid)| mid.clone());
        for (extension, name) in [(MID, mid), (RID, Some(rid(place)))] {
            if let (Some(id), Some(name)) = (offered_id(extension), name) {
                // Fails only beyond what an element can hold.
                drop(header.set_extension(id, Bytes::from(name)));
            }
        }
    }

    /// From the session's numbers to the offer's.
    pub(super) fn outgoing(packet: &mut Packet) {
        if packet.header.payload_type == RED_PAYLOAD_TYPE {
            packet.payload = translate_blocks(&packet.payload, offered);
        }
        packet.header.payload_type = offered(packet.header.payload_type);
        for extension in &mut packet.header.extensions {
            extension.id = offered_id(extension.id).unwrap_or(extension.id);
        }
    }

    /// From the offer's numbers to the session's.
    pub(super) fn incoming(packet: &mut Packet) {
        packet.header.payload_type = in_session(packet.header.payload_type);
        if packet.header.payload_type == RED_PAYLOAD_TYPE {
            packet.payload = translate_blocks(&packet.payload, in_session);
        }
        for extension in &mut packet.header.extensions {
            extension.id = session_id(extension.id).unwrap_or(extension.id);
        }
    }
}

/// The session's payload type of one in the offers.
fn in_session(offered: u8) -> u8 {
    PAYLOAD_TYPES.iter().find(|(_, known)| *known == offered).map_or(offered, |(session, _)| *session)
}

/// The payload types in the block headers of redundant audio (RFC 2198 section 3): four bytes each, one for the last.
fn translate_blocks(payload: &Bytes, translate: fn(u8) -> u8) -> Bytes {
    const FOLLOWED: u8 = 0x80;
    let mut translated = payload.to_vec();
    let mut at = 0;
    while let Some(first) = translated.get_mut(at) {
        let followed = *first & FOLLOWED;
        *first = followed | translate(*first & !FOLLOWED);
        if followed == 0 {
            break;
        }
        at += 4;
    }
    translated.into()
}
