//! What reading costs: an RTP packet with three extensions, and transport-wide feedback of 20 packets. The floors read the same
//! fields of packets that are known to be sound; the peers are `rtc-rtp` and `rtc-rtcp`.

use std::{hint::black_box, process::ExitCode};

use benches::{
    fixed,
    small::{self, Group, contender},
    tally::Work,
};
use bytes::Bytes;
use media_core::Timestamp;
use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
use rtc_rtp::Packet;
use rtc_shared::marshal::Unmarshal as _;

/// SSRC, sequence number, transport-wide number, audio level: one-byte extensions (RFC 8285 section 4.2), no padding.
fn rtp_floor(packet: &[u8]) -> Option<(u32, u16, u16, u8)> {
    let fixed = packet.first_chunk::<12>()?;
    let sequence = u16::from_be_bytes([fixed[2], fixed[3]]);
    let ssrc = u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]);
    let (mut number, mut level) = (0, 0);
    if fixed[0] & 0x10 != 0 {
        let words = u16::from_be_bytes([*packet.get(14)?, *packet.get(15)?]);
        let mut rest = packet.get(16..16 + 4 * usize::from(words))?;
        while let [head, after @ ..] = rest {
            let length = usize::from(head & 0x0f) + 1;
            match (head >> 4, after) {
                (0, _) => {
                    rest = after;
                    continue;
                }
                (id, [first, second, ..]) if id == media_core::rtp::ext::TRANSPORT_SEQUENCE => {
                    number = u16::from_be_bytes([*first, *second]);
                }
                (id, [first, ..]) if id == media_core::rtp::ext::AUDIO_LEVEL => level = *first,
                _ => {}
            }
            rest = after.get(length..)?;
        }
    }
    Some((ssrc, sequence, number, level))
}

/// How many packets have come: one run of small deltas, which is what the packet here has.
fn twcc_floor(packet: &[u8]) -> (usize, u32) {
    let [.., chunk, chunk_low] = packet[..22] else { return (0, 0) };
    let count = usize::from(u16::from_be_bytes([chunk, chunk_low]) & 0x1fff);
    let ticks = packet[22..22 + count].iter().map(|delta| u32::from(*delta)).sum();
    (count, ticks)
}

fn rtp() -> Group {
    let packet = fixed::rtp_packet();
    let expected = fixed::read_rtp(&packet).map(|(ssrc, sequence, number, _)| (ssrc.0, sequence, number));
    let floor = rtp_floor(&packet).map(|(ssrc, sequence, number, _)| (ssrc, sequence, number));
    assert!(floor.is_some() && floor == expected, "the floor reads the same");
    let (for_floor, for_peer) = (packet.clone(), Bytes::from(packet.clone()));
    Group {
        work: Work::of("parse/rtp"),
        has_statistics: true,
        batch: 1_000,
        contenders: vec![
            contender("floor", None, move || _ = black_box(rtp_floor(black_box(&for_floor)))),
            contender("engine", Some(RTP_MOST), move || _ = black_box(fixed::read_rtp(black_box(&packet)))),
            contender("peer", None, move || {
                let mut packet = black_box(for_peer.clone());
                black_box(Packet::unmarshal(&mut packet).expect("the packet is sound"));
            }),
        ],
    }
}

fn twcc() -> Group {
    let packet = fixed::twcc_packet(7, Timestamp::from_millis(12_345), 1);
    assert_eq!(twcc_floor(&packet).0, fixed::read_twcc(&packet), "the floor reads the same");
    let (for_floor, for_peer) = (packet.clone(), Bytes::from(packet.clone()));
    Group {
        work: Work::of("parse/twcc"),
        has_statistics: true,
        batch: 500,
        contenders: vec![
            contender("floor", None, move || _ = black_box(twcc_floor(black_box(&for_floor)))),
            contender("engine", None, move || _ = black_box(fixed::read_twcc(black_box(&packet)))),
            contender("peer", None, move || {
                let mut packet = black_box(for_peer.clone());
                black_box(TransportLayerCc::unmarshal(&mut packet).expect("the packet is sound"));
            }),
        ],
    }
}

/// The engine checks what it reads, and keeps where the payload lies.
const RTP_MOST: f64 = 4.0;

fn main() -> ExitCode {
    small::run("parse", vec![rtp(), twcc()])
}
