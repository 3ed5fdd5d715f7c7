//! Owns the way out of a participant's client: transport-wide numbers in the order of leaving, what the line to the server is
//! believed to carry, and the spacing of pictures and repairs. Audio and feedback never wait. Which encodings are made for
//! that line is decided in [`super::adaptation`].

use std::time::Duration;

use media_core::{
    MediaKind, Timestamp,
    congestion::{BitrateBounds, CongestionController, Pacer},
    rtp::{PROBE_PAYLOAD_TYPE, PROBE_SSRC, RtpHeader, ext::TRANSPORT_SEQUENCE, rtcp::TransportFeedback},
};

use super::outgoing::Unnumbered;
use crate::packet::IP_UDP_BYTES;

/// What an uplink is believed to carry: twice libwebrtc's start of 300 kbit/s, since nobody here is on less than copper, and
/// its first probes look for more at once; never less than 30 kbit/s, so that somebody is heard; 20 Mbit/s is Jitsi
/// Videobridge's most.
pub(super) const BOUNDS: BitrateBounds = BitrateBounds { start: 600_000, min: 30_000, max: 20_000_000 };
/// A picture that has waited so long is not sent any more: what is seen would fall behind what is heard, and the queue never
/// ends while the encoder is faster than the line.
const WAITING_MAX: Duration = Duration::from_millis(500);
/// The most padding that one packet can have: its last byte says how much it is (RFC 3550 section 5.1).
const PADDING_BYTES_MAX: usize = 255;

/// A packet in turn.
#[derive(Debug)]
pub(super) enum Waiting {
    /// A part of a frame.
    Media(Unnumbered),
    /// A packet that was asked for again.
    Repair(Vec<u8>),
}

/// The encodings of which frames were given up, and what that costs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct GivenUp {
    /// Whole frames.
    pub(super) frames: u64,
    /// What comes after them cannot be decoded without a key frame.
    pub(super) broken: Vec<(MediaKind, usize)>,
}

/// The line to the server.
pub(super) struct Uplink {
    controller: CongestionController,
    pacer: Pacer<(Timestamp, Waiting)>,
    /// The frame of which some packets have left and some have not.
    begun: Option<(MediaKind, usize, u32)>,
    transport_sequence: u16,
    probe_sequence: u16,
}

impl Uplink {
    /// A line of which nothing is known; its numbers go on from `transport_sequence`.
    pub(super) fn new(now: Timestamp, transport_sequence: u16) -> Self {
        Self {
            controller: CongestionController::new(now, BOUNDS),
            pacer: Pacer::default(),
            begun: None,
            transport_sequence,
            probe_sequence: 0,
        }
    }

    /// Another line to the same server: numbers go on, and nothing is known of what it carries.
    pub(super) fn on_moved(&mut self, now: Timestamp) {
        self.controller = CongestionController::new(now, BOUNDS);
    }

    pub(super) fn on_feedback(&mut self, now: Timestamp, feedback: &TransportFeedback<'_>) {
        self.controller.on_feedback(now, feedback);
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        if self.controller.poll_timeout().is_some_and(|at| at <= now) {
            self.controller.handle_timeout(now);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        [self.pacer.poll_timeout(), self.controller.poll_timeout()].into_iter().flatten().min()
    }

    /// The most that could be sent, in bits per second on the wire.
    pub(super) fn set_demand(&mut self, bps: u64) {
        self.controller.set_demand(bps);
    }

    pub(super) fn estimate_bps(&self) -> u64 {
        self.controller.estimate_bps()
    }

    /// Share of packets lost lately, 0 to 1.
    pub(super) fn loss(&self) -> f64 {
        self.controller.loss()
    }

    /// What waits of this kind of media is of no use any more.
    pub(super) fn forget(&mut self, kind: MediaKind) {
        self.pacer.retain(|(_, packet)| !matches!(packet, Waiting::Media(media) if media.kind == kind));
    }

    /// The same line, and nothing of what was sent on it counts any more: the server knows this client anew.
    pub(super) fn renewed(&self, now: Timestamp) -> Self {
        Self::new(now, self.transport_sequence)
    }

    /// Puts a packet in turn.
    pub(super) fn push(&mut self, now: Timestamp, packet: Waiting) {
        self.pacer.push(wire_bytes(packet.bytes()), (now, packet));
    }

    /// The next packet whose turn it is.
    pub(super) fn poll(&mut self, now: Timestamp) -> Option<Waiting> {
        self.pacer.set_rate(self.controller.pacing_bps());
        let (_, packet) = self.pacer.poll(now)?;
        if let Waiting::Media(media) = &packet {
            self.begun = (!media.end).then(|| media.frame());
        }
        Some(packet)
    }

    /// Padding that a probe sends at this moment.
    pub(super) fn poll_padding(&mut self, now: Timestamp) -> Vec<Vec<u8>> {
        let mut packets = Vec::new();
        while let Some(bytes) = self.controller.poll_padding(now) {
            let mut rest = usize::from(bytes);
            loop {
                self.probe_sequence = self.probe_sequence.wrapping_add(1);
                let header = RtpHeader {
                    ssrc: PROBE_SSRC,
                    sequence: self.probe_sequence,
                    timestamp: 0,
                    payload_type: PROBE_PAYLOAD_TYPE,
                    marker: false,
                    extensions: &[(TRANSPORT_SEQUENCE, &[0; 2])],
                };
                let padding = rest.saturating_sub(header.len()).clamp(1, PADDING_BYTES_MAX);
                let mut packet = Vec::with_capacity(header.len() + padding);
                header.write_padding(padding as u8, &mut packet);
                self.on_leaving(now, &mut packet);
                self.pacer.charge(now, wire_bytes(&packet));
                rest = rest.saturating_sub(packet.len());
                packets.push(packet);
                if rest == 0 {
                    break;
                }
            }
        }
        packets
    }

    /// Something left without waiting.
    pub(super) fn charge(&mut self, now: Timestamp, packet: &[u8]) {
        self.pacer.charge(now, wire_bytes(packet));
    }

    /// An RTP packet leaves at this moment: it gets its transport-wide number.
    pub(super) fn on_leaving(&mut self, now: Timestamp, packet: &mut [u8]) {
        self.transport_sequence = self.transport_sequence.wrapping_add(1);
        let at = transport_number_at(packet);
        if let Some(number) = packet.get_mut(at..at + 2) {
            number.copy_from_slice(&self.transport_sequence.to_be_bytes());
        }
        self.controller.on_sent(now, self.transport_sequence, wire_bytes(packet));
    }

    /// Gives up the frames of encodings of which one has waited too long: all that wait, since they build upon one another.
    /// A frame that has begun to leave is finished.
    pub(super) fn give_up_stale(&mut self, now: Timestamp) -> GivenUp {
        let (begun, mut stale) = (self.begun, Vec::new());
        self.pacer.retain(|(since, packet)| {
            if let Waiting::Media(media) = packet
                && now.saturating_since(*since) > WAITING_MAX
                && Some(media.frame()) != begun
                && !stale.contains(&(media.kind, media.encoding))
            {
                stale.push((media.kind, media.encoding));
            }
            true
        });
        let mut given_up = GivenUp::default();
        if stale.is_empty() {
            return given_up;
        }
        self.pacer.retain(|(since, packet)| {
            let Waiting::Media(media) = packet else { return now.saturating_since(*since) <= WAITING_MAX };
            let encoding = (media.kind, media.encoding);
            if !stale.contains(&encoding) || Some(media.frame()) == begun {
                return true;
            }
            given_up.frames += u64::from(media.end);
            if media.temporal == 0 && !given_up.broken.contains(&encoding) {
                given_up.broken.push(encoding);
            }
            false
        });
        given_up
    }
}

impl Waiting {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Media(packet) => &packet.bytes,
            Self::Repair(bytes) => bytes,
        }
    }
}

fn wire_bytes(packet: &[u8]) -> u32 {
    packet.len() as u32 + IP_UDP_BYTES
}

/// Where the number's two bytes stand in a packet of this client, whose first extension element it is: behind the fixed header,
/// the extension's own four bytes, and an element header of one byte or two (RFC 8285).
fn transport_number_at(packet: &[u8]) -> usize {
    let one_byte = packet.get(12..14) == Some(&[0xbe, 0xde]);
    if one_byte { 17 } else { 18 }
}

#[cfg(test)]
mod tests;
