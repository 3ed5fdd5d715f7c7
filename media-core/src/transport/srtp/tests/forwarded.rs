//! Claims about packets that the forwarder gives out: what is protected straight into a send buffer is what would be written
//! and then protected.

use std::sync::Arc;

use bytes::Bytes;

use super::*;
use crate::{
    Codec, Ssrc,
    forwarding::{ForwardedRtp, SourcePacket},
    rtp::{AudioLevel, PacketMeta, RtpHeader, RtpView, ext::AUDIO_LEVEL},
};

fn sound(sequence: u16, payload: &[u8]) -> SourcePacket {
    let level = AudioLevel { level: 30, voice: true }.bytes();
    let header = RtpHeader {
        ssrc: Ssrc(10),
        sequence,
        timestamp: 960 * u32::from(sequence),
        payload_type: Codec::Opus.payload_type(),
        marker: false,
        extensions: &[(AUDIO_LEVEL, &level)],
    };
    let mut datagram = Vec::new();
    header.write(payload, &mut datagram);
    let datagram = Bytes::from(datagram);
    let meta = PacketMeta::from_view(&RtpView::parse(&datagram).unwrap(), None);
    SourcePacket::new(meta, datagram)
}

fn forwarded(sequence: u16) -> ForwardedRtp {
    ForwardedRtp {
        ssrc: Ssrc(SSRC),
        sequence,
        timestamp: 7_000,
        payload_type: Codec::Opus.payload_type(),
        marker: true,
        transport_sequence: 9,
        original_sequence: None,
        redundant: None,
        source: Arc::new(sound(20, b"ciphertext of a frame")),
    }
}

#[test]
fn every_form_of_a_forwarded_packet_is_protected_as_it_is_written() {
    let redundant = Some(vec![Arc::new(sound(19, b"ciphertext of the frame before"))].into_boxed_slice());
    let forms = [
        forwarded(1),
        ForwardedRtp { original_sequence: Some(77), ..forwarded(2) },
        ForwardedRtp { redundant, ..forwarded(3) },
    ];
    for profile in SrtpProfile::ALL {
        let (mut straight, mut receiver) = pair(profile);
        let mut twice = pair(profile).0;
        let mut out = b"what stands in front".to_vec();
        for packet in &forms {
            let mut plain = Vec::new();
            packet.write(&mut plain);
            let view = RtpView::parse(&plain).unwrap();
            let (header, payload) = plain.split_at(view.payload_offset());
            let mut expected = Vec::new();
            twice.protect_rtp(header, payload, &mut expected).unwrap();
            let begin = out.len();
            straight.protect_forwarded(packet, &mut out).unwrap();
            assert_eq!(out[begin..], expected);
            receiver.unprotect_rtp(&mut expected).unwrap();
            assert_eq!(expected, plain);
        }
        assert!(out.starts_with(b"what stands in front"));
    }
}
