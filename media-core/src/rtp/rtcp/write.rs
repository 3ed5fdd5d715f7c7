//! Owns writing RTCP packets. Every function appends at most one packet of at most
//! [`limits::DATAGRAM_BYTES_MAX`] bytes; a compound is made by calling several, and its length is the caller's.

use bytes::BufMut as _;
use rtcp_types::{
    Bye, Fir, Nack, PayloadFeedback, Pli, ReceiverReport, SenderReport, TransportFeedback, Twcc,
    TwccPacketStatus,
    prelude::{RtcpPacket as _, RtcpPacketWriter},
};

use super::{APPLICATION_FORMAT, FEEDBACK_HEADER_BYTES, REMB_IDENTIFIER, ReportBlock};
use crate::{Ssrc, limits};

/// The count field has five bits.
const COUNT_MAX: usize = 31;
/// Sources of a REMB: their number has eight bits.
const REMB_SOURCES_MAX: usize = 255;
/// REMB's exponent and mantissa have six and 18 bits.
const REMB_MANTISSA_BITS: u32 = 18;

/// Appends a NACK (RFC 4585 section 6.2.1) and returns how many of `sequences` it names: all, or the first
/// [`limits::NACK_ENTRIES_MAX`]. None at all write nothing.
pub fn write_nack(sender: Ssrc, media: Ssrc, sequences: &[u16], out: &mut Vec<u8>) -> usize {
    let named = &sequences[..sequences.len().min(limits::NACK_ENTRIES_MAX)];
    if !named.is_empty() {
        let nack = named.iter().fold(Nack::builder(), |nack, sequence| nack.add_rtp_sequence(*sequence));
        append(&TransportFeedback::builder(&nack).sender_ssrc(sender.0).media_ssrc(media.0), out);
    }
    named.len()
}

/// Appends a picture loss indication (RFC 4585 section 6.3.1).
pub fn write_pli(sender: Ssrc, media: Ssrc, out: &mut Vec<u8>) {
    append(&PayloadFeedback::builder(&Pli::builder()).sender_ssrc(sender.0).media_ssrc(media.0), out);
}

/// Appends a full intra request (RFC 5104 section 4.3.1). `count` increases with each new request, and stays when
/// one is repeated.
pub fn write_fir(sender: Ssrc, media: Ssrc, count: u8, out: &mut Vec<u8>) {
    let request = Fir::builder().add_ssrc(media.0, count);
    append(&PayloadFeedback::builder(&request).sender_ssrc(sender.0), out);
}

/// Appends a sender report (RFC 3550 section 6.4.1) without report blocks. `ntp` has seconds since 1900 in its upper
/// 32 bits; `rtp_timestamp` is the same moment in RTP time; `packets` and `octets` of payload were sent so far.
pub fn write_sender_report(
    ssrc: Ssrc,
    ntp: u64,
    rtp_timestamp: u32,
    packets: u32,
    octets: u32,
    out: &mut Vec<u8>,
) {
    let report = SenderReport::builder(ssrc.0)
        .ntp_timestamp(ntp)
        .rtp_timestamp(rtp_timestamp)
        .packet_count(packets)
        .octet_count(octets);
    append(&report, out);
}

/// Appends a receiver report (RFC 3550 section 6.4.2) and returns how many of `blocks` it has: all, or the first 31.
/// Without blocks it is an empty report, as a compound may need at its head.
pub fn write_receiver_report(sender: Ssrc, blocks: &[ReportBlock], out: &mut Vec<u8>) -> usize {
    let taken = &blocks[..blocks.len().min(COUNT_MAX)];
    let report = taken.iter().fold(ReceiverReport::builder(sender.0), |report, block| {
        report.add_report_block(
            rtcp_types::ReportBlock::builder(block.ssrc.0)
                .fraction_lost(block.fraction_lost)
                .cumulative_lost(signed_24(block.cumulative_lost))
                .extended_sequence_number(block.highest_sequence)
                .interarrival_jitter(block.jitter)
                .last_sender_report_timestamp(block.last_sender_report)
                .delay_since_last_sender_report_timestamp(block.delay_since_last_sender_report),
        )
    });
    append(&report, out);
    taken.len()
}

/// Appends transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1) and returns of
/// how many of `arrivals` it speaks: all, or as many as there is room for. None at all write nothing.
///
/// `arrivals[n]` is that of packet `base_sequence + n`: `None` if it is lost, otherwise how much later than the one
/// before (the first: than `reference_time`) it came, in multiples of 250 us. `reference_time` is in multiples of
/// 64 ms and is cut to 24 bits; `feedback_count` increases with each feedback and wraps.
pub fn write_twcc(
    sender: Ssrc,
    media: Ssrc,
    base_sequence: u16,
    reference_time: i32,
    feedback_count: u8,
    arrivals: &[Option<i16>],
    out: &mut Vec<u8>,
) -> usize {
    let statuses: Vec<_> = arrivals
        .iter()
        .map(|arrival| match arrival {
            Some(delta) => TwccPacketStatus::Received { delta: *delta },
            None => TwccPacketStatus::NotReceived,
        })
        .collect();
    let reference_time = reference_time as u32 & 0x00ff_ffff;
    let room = limits::DATAGRAM_BYTES_MAX - FEEDBACK_HEADER_BYTES;
    let feedback = Twcc::builder(base_sequence, reference_time, feedback_count, &statuses, Some(room));
    if feedback.packet_status_count() > 0 {
        append(&TransportFeedback::builder(&feedback).sender_ssrc(sender.0).media_ssrc(media.0), out);
    }
    feedback.packet_status_count()
}

/// Appends a receiver's estimate of the bandwidth (draft-alvestrand-rmcat-remb-03 section 2.2) for `ssrcs`, of which
/// it takes the first 255. The bitrate is rounded down to the 18 bits that the format has.
pub fn write_remb(sender: Ssrc, bitrate_bps: u64, ssrcs: &[Ssrc], out: &mut Vec<u8>) {
    let ssrcs = &ssrcs[..ssrcs.len().min(REMB_SOURCES_MAX)];
    let exponent = (u64::BITS - bitrate_bps.leading_zeros()).saturating_sub(REMB_MANTISSA_BITS);
    let words = (FEEDBACK_HEADER_BYTES + 8) / 4 + ssrcs.len();
    out.put_u8(0x80 | APPLICATION_FORMAT);
    out.put_u8(PayloadFeedback::PACKET_TYPE);
    out.put_u16(words as u16 - 1);
    out.put_u32(sender.0);
    // The media source is always 0 (section 2.2).
    out.put_u32(0);
    out.put_slice(&REMB_IDENTIFIER);
    out.put_u32(
        (ssrcs.len() as u32) << 24 | exponent << REMB_MANTISSA_BITS | (bitrate_bps >> exponent) as u32,
    );
    for ssrc in ssrcs {
        out.put_u32(ssrc.0);
    }
}

/// Appends a BYE (RFC 3550 section 6.6) for `ssrcs`, of which it takes the first 31.
pub fn write_bye(ssrcs: &[Ssrc], out: &mut Vec<u8>) {
    let goodbye =
        ssrcs.iter().take(COUNT_MAX).fold(Bye::builder(), |goodbye, ssrc| goodbye.add_source(ssrc.0));
    append(&goodbye, out);
}

/// Loss beyond 24 bits with sign stays at the nearest that fits (RFC 3550 section 6.4.1 leaves it open).
fn signed_24(value: i32) -> u32 {
    value.clamp(-0x80_0000, 0x7f_ffff) as u32 & 0x00ff_ffff
}

fn append(packet: &impl RtcpPacketWriter, out: &mut Vec<u8>) {
    let size = packet.calculate_size().expect("counts and sizes are bounded above");
    assert!(size <= limits::DATAGRAM_BYTES_MAX, "every packet fits a datagram");
    let start = out.len();
    out.resize(start + size, 0);
    packet.write_into_unchecked(&mut out[start..]);
}
