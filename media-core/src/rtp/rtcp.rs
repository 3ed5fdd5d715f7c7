//! Owns reading RTCP: compounds (RFC 3550 section 6), also of reduced size (RFC 5506), become one [`Feedback`] after
//! the other. Packets that nothing here acts on (SDES, APP, XR and other feedback) are passed over. Writing is
//! [`write_nack`]'s and its neighbours'.

mod twcc;
mod write;

#[cfg(test)]
mod tests;

use rtcp_types::{
    Bye, Fir, Nack, PayloadFeedback, ReceiverReport, SenderReport, TransportFeedback as TransportPacket,
    Twcc,
    prelude::{FciParser as _, RtcpPacket as _, RtcpPacketParser as _},
};
pub use write::{
    write_bye, write_fir, write_nack, write_pli, write_receiver_report, write_remb, write_sender_report,
    write_twcc,
};

use crate::{DropReason, Ssrc, limits};

/// Header of every RTCP packet.
const HEADER_BYTES: usize = 4;
/// Header of a feedback packet: sender and media source follow the common header (RFC 4585 section 6.1).
const FEEDBACK_HEADER_BYTES: usize = 12;
/// Feedback message types, by which the count field of a feedback packet is called.
const NACK_FORMAT: u8 = 1;
const TRANSPORT_FORMAT: u8 = 15;
const PICTURE_LOSS_FORMAT: u8 = 1;
const FULL_INTRA_FORMAT: u8 = 4;
const APPLICATION_FORMAT: u8 = 15;
/// By which REMB is told from other application layer feedback (draft-alvestrand-rmcat-remb-03 section 2.2).
const REMB_IDENTIFIER: [u8; 4] = *b"REMB";

/// One thing that an RTCP compound says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feedback<'a> {
    /// How RTP time relates to the sender's clock (RFC 3550 section 6.4.1).
    SenderReport {
        /// Whose.
        ssrc: Ssrc,
        /// NTP time: seconds since 1900 in the upper 32 bits, fractions in the lower.
        ntp: u64,
        /// The same moment in RTP time.
        rtp_timestamp: u32,
        /// RTP packets sent so far.
        packets: u32,
        /// Payload bytes sent so far.
        octets: u32,
    },
    /// How a stream is received, from a sender's or a receiver's report.
    ReceiverReport {
        /// Who receives it.
        sender: Ssrc,
        /// How.
        block: ReportBlock,
    },
    /// A packet is missing (RFC 4585 section 6.2.1). One NACK gives as many of these as it names packets, up to
    /// [`limits::NACK_ENTRIES_MAX`].
    Nack {
        /// Of this stream.
        media: Ssrc,
        /// Its sequence number.
        sequence: u16,
    },
    /// A decoder needs a key frame (RFC 4585 section 6.3.1).
    PictureLoss {
        /// Of this stream.
        media: Ssrc,
    },
    /// A receiver needs a key frame (RFC 5104 section 4.3.1).
    FullIntraRequest {
        /// Of this stream.
        media: Ssrc,
    },
    /// When packets arrived, by transport-wide sequence number.
    TransportFeedback(TransportFeedback<'a>),
    /// How much the receiver believes can be sent (draft-alvestrand-rmcat-remb-03).
    Remb {
        /// In bits per second; saturates.
        bitrate_bps: u64,
        /// Over which streams it counts.
        ssrcs: RembSources<'a>,
    },
    /// A stream ends (RFC 3550 section 6.6).
    Goodbye {
        /// This one.
        ssrc: Ssrc,
    },
}

/// How one stream is received (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlock {
    /// The stream.
    pub ssrc: Ssrc,
    /// Loss since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost so far, 24 bits with sign: duplicates make it negative.
    pub cumulative_lost: i32,
    /// Highest sequence number received, with the number of cycles in the upper 16 bits.
    pub highest_sequence: u32,
    /// Interarrival jitter in RTP time.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's NTP time; 0 without one.
    pub last_sender_report: u32,
    /// Time since that report arrived, in 65,536ths of a second; 0 without one.
    pub delay_since_last_sender_report: u32,
}

/// Arrival times of packets (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportFeedback<'a> {
    /// Of a stream of the transport; it stands for all of them.
    pub media: Ssrc,
    /// Transport-wide sequence number of the first packet.
    pub base_sequence: u16,
    /// How many packets it speaks of, lost ones included.
    pub status_count: u16,
    /// From which arrival times count, in multiples of 64 ms, 24 bits with sign.
    pub reference_time: i32,
    /// Counts feedback packets, and wraps.
    pub feedback_count: u8,
    fci: &'a [u8],
}

impl<'a> TransportFeedback<'a> {
    /// Every packet's transport-wide sequence number and arrival: `None` if it was lost, otherwise how much later
    /// than the one before (the first: than the reference time) it came, in multiples of 250 us.
    ///
    /// Ends early where statuses or times are cut off; a sender's word is not enough for `status_count` items.
    #[inline]
    pub fn packets(&self) -> impl Iterator<Item = (u16, Option<i16>)> + use<'a> {
        twcc::Packets::of(self.fci)
    }

    fn parse(media: Ssrc, fci: &'a [u8]) -> Result<Self, DropReason> {
        let twcc = Twcc::parse(fci).map_err(|_| DropReason::Malformed)?;
        Ok(Self {
            media,
            base_sequence: twcc.base_sequence_number(),
            status_count: u16::from_be_bytes([fci[2], fci[3]]),
            reference_time: sign_extend_24(twcc.reference_time()),
            feedback_count: twcc.feedback_packet_count(),
            fci,
        })
    }
}

/// The streams that a REMB counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RembSources<'a>(&'a [u8]);

impl<'a> RembSources<'a> {
    /// Every stream, in the order of the packet.
    pub fn iter(&self) -> impl Iterator<Item = Ssrc> + use<'a> {
        let (words, _) = self.0.as_chunks::<4>();
        words.iter().map(|word| Ssrc(u32::from_be_bytes(*word)))
    }
}

/// Reads a compound and hands over what it says, one thing after the other.
///
/// # Errors
/// [`DropReason::Oversized`] beyond [`limits::DATAGRAM_BYTES_MAX`]; [`DropReason::WrongVersion`] and
/// [`DropReason::Malformed`] if the packets do not fill the datagram exactly, in which case nothing has been handed
/// over. [`DropReason::Malformed`] also when a packet's content is broken; what stood before it has been handed over.
/// Packets beyond [`limits::RTCP_PACKETS_MAX`] are not read.
pub fn read(bytes: &[u8], mut on_feedback: impl FnMut(Feedback<'_>)) -> Result<(), DropReason> {
    if bytes.len() > limits::DATAGRAM_BYTES_MAX {
        return Err(DropReason::Oversized);
    }
    let mut rest = bytes;
    while !rest.is_empty() {
        rest = split_packet(rest)?.1;
    }
    let mut rest = bytes;
    for _ in 0..limits::RTCP_PACKETS_MAX {
        if rest.is_empty() {
            break;
        }
        let packet;
        (packet, rest) = split_packet(rest)?;
        read_packet(packet, &mut on_feedback)?;
    }
    if bytes.is_empty() { Err(DropReason::Malformed) } else { Ok(()) }
}

/// The first packet and what follows it. Padding belongs to the last (RFC 3550 section 6.4.1), but `str0m` lets extended reports
/// follow padded transport-wide feedback, and libwebrtc reads on, too (`RTCPReceiver::ParseCompoundPacket`): so it may stand anywhere.
fn split_packet(bytes: &[u8]) -> Result<(&[u8], &[u8]), DropReason> {
    let [first, _, high, low, ..] = bytes else { return Err(DropReason::Malformed) };
    if first >> 6 != 2 {
        return Err(DropReason::WrongVersion);
    }
    let length = 4 * (usize::from(u16::from_be_bytes([*high, *low])) + 1);
    bytes.split_at_checked(length).ok_or(DropReason::Malformed)
}

fn is_padded(packet: &[u8]) -> bool {
    packet[0] & 0x20 != 0
}

/// Reads one packet of at least a header. The crate that knows the formats takes padding for content, so that a
/// padded packet is read from a copy without it. Padding is a multiple of four bytes (RFC 3550 section 6.4.1), but what
/// libwebrtc, Pion and webrtc-rs fill the last word of transport-wide feedback with is counted as padding, too: it stays, behind
/// the last arrival time, where nobody reads.
fn read_packet(packet: &[u8], on_feedback: &mut impl FnMut(Feedback<'_>)) -> Result<(), DropReason> {
    if !is_padded(packet) {
        return read_unpadded(packet, on_feedback);
    }
    let padding = packet.last().map_or(0, |count| usize::from(*count));
    let fills_a_word = matches!(padding, 1..4)
        && packet[1] == TransportPacket::PACKET_TYPE
        && format_of(packet) == TRANSPORT_FORMAT;
    let sound = padding > 0 && padding.is_multiple_of(4) && padding <= packet.len() - HEADER_BYTES;
    if !sound && !fills_a_word {
        return Err(DropReason::Malformed);
    }
    let length = if fills_a_word { packet.len() } else { packet.len() - padding };
    let mut copy = [0; limits::DATAGRAM_BYTES_MAX];
    copy[..length].copy_from_slice(&packet[..length]);
    copy[0] &= !0x20;
    copy[2..4].copy_from_slice(&((length / 4 - 1) as u16).to_be_bytes());
    read_unpadded(&copy[..length], on_feedback)
}

fn read_unpadded(packet: &[u8], on_feedback: &mut impl FnMut(Feedback<'_>)) -> Result<(), DropReason> {
    match packet[1] {
        SenderReport::PACKET_TYPE => read_sender_report(packet, on_feedback),
        ReceiverReport::PACKET_TYPE => read_receiver_report(packet, on_feedback),
        Bye::PACKET_TYPE => {
            let goodbye = Bye::parse(packet).map_err(|_| DropReason::Malformed)?;
            goodbye.ssrcs().for_each(|ssrc| on_feedback(Feedback::Goodbye { ssrc: Ssrc(ssrc) }));
            Ok(())
        }
        TransportPacket::PACKET_TYPE => read_transport_layer(packet, on_feedback),
        PayloadFeedback::PACKET_TYPE => read_payload_specific(packet, on_feedback),
        _ => Ok(()),
    }
}

fn read_sender_report(packet: &[u8], on_feedback: &mut impl FnMut(Feedback<'_>)) -> Result<(), DropReason> {
    let report = SenderReport::parse(packet).map_err(|_| DropReason::Malformed)?;
    on_feedback(Feedback::SenderReport {
        ssrc: Ssrc(report.ssrc()),
        ntp: report.ntp_timestamp(),
        rtp_timestamp: report.rtp_timestamp(),
        packets: report.packet_count(),
        octets: report.octet_count(),
    });
    let sender = Ssrc(report.ssrc());
    for block in report.report_blocks() {
        on_feedback(Feedback::ReceiverReport { sender, block: ReportBlock::of(&block) });
    }
    Ok(())
}

fn read_receiver_report(packet: &[u8], on_feedback: &mut impl FnMut(Feedback<'_>)) -> Result<(), DropReason> {
    let report = ReceiverReport::parse(packet).map_err(|_| DropReason::Malformed)?;
    let sender = Ssrc(report.ssrc());
    for block in report.report_blocks() {
        on_feedback(Feedback::ReceiverReport { sender, block: ReportBlock::of(&block) });
    }
    Ok(())
}

fn read_transport_layer(packet: &[u8], on_feedback: &mut impl FnMut(Feedback<'_>)) -> Result<(), DropReason> {
    let feedback = TransportPacket::parse(packet).map_err(|_| DropReason::Malformed)?;
    let media = Ssrc(feedback.media_ssrc());
    match format_of(packet) {
        NACK_FORMAT => {
            let nack = feedback.parse_fci::<Nack<'_>>().map_err(|_| DropReason::Malformed)?;
            for sequence in nack.entries().take(limits::NACK_ENTRIES_MAX) {
                on_feedback(Feedback::Nack { media, sequence });
            }
        }
        TRANSPORT_FORMAT => on_feedback(Feedback::TransportFeedback(TransportFeedback::parse(
            media,
            &packet[FEEDBACK_HEADER_BYTES..],
        )?)),
        _ => {}
    }
    Ok(())
}

fn read_payload_specific(
    packet: &[u8],
    on_feedback: &mut impl FnMut(Feedback<'_>),
) -> Result<(), DropReason> {
    let feedback = PayloadFeedback::parse(packet).map_err(|_| DropReason::Malformed)?;
    match format_of(packet) {
        PICTURE_LOSS_FORMAT => on_feedback(Feedback::PictureLoss { media: Ssrc(feedback.media_ssrc()) }),
        FULL_INTRA_FORMAT => {
            let request = feedback.parse_fci::<Fir<'_>>().map_err(|_| DropReason::Malformed)?;
            for entry in request.entries() {
                on_feedback(Feedback::FullIntraRequest { media: Ssrc(entry.ssrc()) });
            }
        }
        APPLICATION_FORMAT => {
            if let Some(content) = packet[FEEDBACK_HEADER_BYTES..].strip_prefix(&REMB_IDENTIFIER) {
                on_feedback(read_remb(content)?);
            }
        }
        _ => {}
    }
    Ok(())
}

/// `content` follows the identifier: how many sources, exponent (6 bits) and mantissa (18 bits), sources.
fn read_remb(content: &[u8]) -> Result<Feedback<'_>, DropReason> {
    let (head, sources) = content.split_first_chunk::<4>().ok_or(DropReason::Malformed)?;
    let sources = sources.get(..4 * usize::from(head[0])).ok_or(DropReason::Malformed)?;
    let exponent = u32::from(head[1] >> 2);
    let mantissa = u64::from(u32::from_be_bytes([0, head[1] & 3, head[2], head[3]]));
    let bitrate_bps = if exponent > mantissa.leading_zeros() { u64::MAX } else { mantissa << exponent };
    Ok(Feedback::Remb { bitrate_bps, ssrcs: RembSources(sources) })
}

/// The feedback message type, where other packets have their count.
fn format_of(packet: &[u8]) -> u8 {
    packet[0] & 0x1f
}

fn sign_extend_24(value: u32) -> i32 {
    (value << 8) as i32 >> 8
}

impl ReportBlock {
    fn of(block: &rtcp_types::ReportBlock<'_>) -> Self {
        Self {
            ssrc: Ssrc(block.ssrc()),
            fraction_lost: block.fraction_lost(),
            cumulative_lost: sign_extend_24(block.cumulative_lost()),
            highest_sequence: block.extended_sequence_number(),
            jitter: block.interarrival_jitter(),
            last_sender_report: block.last_sender_report_timestamp(),
            delay_since_last_sender_report: block.delay_since_last_sender_report_timestamp(),
        }
    }
}
