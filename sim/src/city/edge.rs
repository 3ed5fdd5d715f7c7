//! Owns the edge between engine and city: what a client gets to see of a packet that the engine forwards, as metadata and as bytes
//! that are read again.

use media_core::{
    Codec,
    congestion::WIRE_OVERHEAD_BYTES,
    forwarding::{ForwardedRtp, SourcePacket},
    rtp::{RED_PAYLOAD_TYPE, RtpView},
};

use crate::endpoint::light::{Earlier, FramePart, Inside, LightPacket};

/// A packet that is forwarded, as metadata.
pub(super) fn light(packet: &ForwardedRtp) -> LightPacket {
    let meta = &packet.source.meta;
    let part = meta.frame.map_or_else(FramePart::default, |frame| FramePart {
        video: true,
        start: frame.start,
        end: frame.end,
        key: frame.key,
        number: frame.number,
        spatial: frame.spatial,
        temporal: frame.temporal,
    });
    LightPacket {
        ssrc: packet.ssrc,
        timestamp: packet.timestamp,
        sequence: packet.original_sequence.unwrap_or(packet.sequence),
        transport: packet.transport_sequence,
        bytes: (packet.wire_bytes() - WIRE_OVERHEAD_BYTES) as u16,
        payload: meta.payload_len,
        part,
        inside: inside(&packet.source),
    }
}

/// The same, with everything that its bytes say themselves. What cannot be read leaves a packet of nothing.
pub(super) fn read_again(light: LightPacket, bytes: &[u8]) -> LightPacket {
    let nothing = LightPacket::padding(0, 0);
    let Ok(view) = RtpView::parse(bytes) else { return nothing };
    let is_redundant = view.payload_type() == RED_PAYLOAD_TYPE;
    let (sequence, payload) = if is_repair(&view) {
        match view.retransmitted() {
            Ok(retransmitted) => retransmitted,
            Err(_) => return nothing,
        }
    } else {
        (view.sequence(), view.payload())
    };
    LightPacket {
        ssrc: view.ssrc(),
        timestamp: view.timestamp(),
        sequence,
        transport: view.transport_sequence().unwrap_or_default(),
        bytes: bytes.len() as u16,
        payload: if is_redundant { light.payload } else { payload.len() as u16 },
        inside: if is_redundant { light.inside } else { Inside::read(payload).unwrap_or_default() },
        ..light
    }
}

/// The frames that go along with a packet, oldest first.
pub(super) fn earlier(packet: &ForwardedRtp) -> Vec<Earlier> {
    let frames = packet.redundant.as_deref().unwrap_or_default();
    let source = packet.source.meta;
    let earlier = frames.iter().map(|frame| Earlier {
        behind: source.sequence.wrapping_sub(frame.meta.sequence),
        timestamp: packet.timestamp.wrapping_sub(source.timestamp.wrapping_sub(frame.meta.timestamp)),
        inside: inside(frame),
    });
    earlier.collect()
}

fn is_repair(view: &RtpView<'_>) -> bool {
    let codecs = [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264];
    codecs.iter().any(|codec| codec.rtx_payload_type() == view.payload_type())
}

fn inside(source: &SourcePacket) -> Inside {
    Inside::read(source.payload_front()).unwrap_or_default()
}
