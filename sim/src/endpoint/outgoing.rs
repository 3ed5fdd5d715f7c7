//! Owns one encoding of a track as it goes out: its numbers, its packets as they wait, and what was sent lately, for repairs.
//! What stands in a frame, and when it is due, is the [`Publisher`](super::publisher::Publisher)'s.

use std::collections::VecDeque;

use bytes::Bytes;
use media_core::{
    Codec, MediaKind,
    limits::DATAGRAM_BYTES_MAX,
    rtp::{
        AudioLevel, DependencyDescriptor, DependencyStructure, RED_PAYLOAD_TYPE, RedHistory, RedView,
        RtpHeader, RtpView,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, TRANSPORT_SEQUENCE},
        red,
    },
    signalling::EncodingOffer,
};

use crate::recording::ReplayedFrame;

/// Packets of one encoding that can be sent again.
const SENT_KEPT: usize = 256;
/// Room for header, extensions and the two bytes of a retransmission in front of the payload.
const HEADER_ROOM: usize = 12 + 4 + 48 + 2;
/// SRTP's authentication tag, which a deployed packet carries too, stays within the limit as well (RFC 7714).
const SRTP_TAG_BYTES: usize = 16;
/// Room for the payload of one packet.
pub(super) const PAYLOAD_BYTES_MAX: usize = DATAGRAM_BYTES_MAX - HEADER_ROOM - SRTP_TAG_BYTES;
/// Where the sequence number stands in a packet (RFC 3550 section 5.1).
const SEQUENCE: std::ops::Range<usize> = 2..4;

/// A packet as it waits: its transport-wide number is 0, and so is the sequence number of a picture's.
#[derive(Debug)]
pub(super) struct Unnumbered {
    pub(super) kind: MediaKind,
    /// Its place among the track's encodings.
    pub(super) encoding: usize,
    /// Of the frame that it is a part of.
    pub(super) timestamp: u32,
    /// Temporal layer of that frame.
    pub(super) temporal: u8,
    /// It is the frame's last.
    pub(super) end: bool,
    pub(super) bytes: Vec<u8>,
}

impl Unnumbered {
    /// Which frame it is a part of.
    pub(super) const fn frame(&self) -> (MediaKind, usize, u32) {
        (self.kind, self.encoding, self.timestamp)
    }
}

/// One simulcast encoding as it goes out.
#[derive(Debug)]
pub(super) struct Outgoing {
    kind: MediaKind,
    codec: Codec,
    /// Its place among the track's encodings.
    place: usize,
    pub(super) offer: EncodingOffer,
    structure: Option<DependencyStructure>,
    sequence: u16,
    rtx_sequence: u16,
    /// The frame before was not permitted.
    pub(super) muted_before: bool,
    /// Temporal layer of the frame before.
    temporal_before: u8,
    sent: VecDeque<(u16, Bytes)>,
    /// What of it may go along with the next packet; audio only.
    history: RedHistory<Vec<u8>>,
    pub(super) packets: u32,
    pub(super) octets: u32,
}

impl Outgoing {
    /// An encoding of which nothing was sent yet; its numbers begin behind `sequence` and `rtx_sequence`.
    pub(super) fn new(
        (kind, place): (MediaKind, usize),
        codec: Codec,
        offer: EncodingOffer,
        structure: Option<DependencyStructure>,
        (sequence, rtx_sequence): (u16, u16),
    ) -> Self {
        Self {
            kind,
            codec,
            place,
            offer,
            structure,
            sequence,
            rtx_sequence,
            muted_before: false,
            temporal_before: 0,
            sent: VecDeque::new(),
            history: RedHistory::default(),
            packets: 0,
            octets: 0,
        }
    }

    /// One frame of audio, and up to `redundancy` of those before it that go along. It gets its number at once: audio does not
    /// wait.
    pub(super) fn audio_packet(
        &mut self,
        frame: &ReplayedFrame,
        timestamp: u32,
        sealed: Vec<u8>,
        redundancy: usize,
    ) -> Unnumbered {
        let sequence = next(&mut self.sequence);
        let before = self.history.before((sequence, timestamp), sealed.len(), redundancy, PAYLOAD_BYTES_MAX);
        let (mut redundant, mut payload_type) = (Vec::new(), self.codec.payload_type());
        if !before.is_empty() {
            red::write(&before, payload_type, &sealed, &mut redundant);
            payload_type = RED_PAYLOAD_TYPE;
        }
        let level = AudioLevel { level: frame.frame.level, voice: frame.frame.voice }.bytes();
        let header = RtpHeader {
            ssrc: self.offer.ssrc,
            sequence,
            timestamp,
            payload_type,
            marker: false,
            extensions: &[(TRANSPORT_SEQUENCE, &[0; 2]), (AUDIO_LEVEL, &level)],
        };
        let payload = if redundant.is_empty() { &sealed } else { &redundant };
        let mut bytes = Vec::with_capacity(header.len() + payload.len());
        header.write(payload, &mut bytes);
        self.octets = self.octets.wrapping_add(payload.len() as u32);
        self.history.push(sequence, timestamp, sealed);
        Unnumbered { kind: self.kind, encoding: self.place, timestamp, temporal: 0, end: true, bytes }
    }

    /// A part of a picture.
    pub(super) fn packet(
        &mut self,
        frame: &ReplayedFrame,
        (start, end): (bool, bool),
        timestamp: u32,
        payload: &[u8],
    ) -> Unnumbered {
        let mut descriptor = Vec::new();
        if let Some(structure) = &self.structure {
            let template = template_index(structure, frame, self.temporal_before);
            let written =
                DependencyDescriptor::of_template(structure, template, frame.frame_number, start, end);
            if let Some(written) = written {
                written.write(structure, frame.frame.key && start, &mut descriptor);
            }
        }
        let header = RtpHeader {
            ssrc: self.offer.ssrc,
            sequence: 0,
            timestamp,
            payload_type: self.codec.payload_type(),
            marker: end,
            extensions: &[(TRANSPORT_SEQUENCE, &[0; 2]), (DEPENDENCY_DESCRIPTOR, &descriptor)],
        };
        let mut bytes = Vec::with_capacity(header.len() + payload.len());
        header.write(payload, &mut bytes);
        let temporal = frame.frame.temporal;
        if end {
            self.temporal_before = temporal;
        }
        self.octets = self.octets.wrapping_add(payload.len() as u32);
        Unnumbered { kind: self.kind, encoding: self.place, timestamp, temporal, end, bytes }
    }

    /// How many frames back the frame is that this one depends on first; 0 where it depends on none.
    pub(super) fn diff(&self, frame: &ReplayedFrame) -> u8 {
        let Some(structure) = &self.structure else { return 0 };
        let template = template_index(structure, frame, self.temporal_before);
        let diffs = structure.templates().get(usize::from(template)).map(|template| template.frame_diffs);
        diffs.and_then(|diffs| diffs.as_slice().first().copied()).unwrap_or_default() as u8
    }

    /// A packet leaves: it gets its sequence number.
    pub(super) fn on_leaving(&mut self, packet: &mut Unnumbered) {
        if self.kind.is_video() {
            packet.bytes[SEQUENCE].copy_from_slice(&next(&mut self.sequence).to_be_bytes());
        }
        self.packets = self.packets.wrapping_add(1);
    }

    /// A packet has left: it may be asked for again.
    pub(super) fn on_left(&mut self, bytes: &Bytes) {
        if self.sent.len() == SENT_KEPT {
            self.sent.pop_front();
        }
        let sequence = u16::from_be_bytes([bytes[SEQUENCE.start], bytes[SEQUENCE.start + 1]]);
        self.sent.push_back((sequence, bytes.clone()));
    }

    /// A packet that was sent, once more; of redundant audio only the frame that is its own.
    pub(super) fn again(&mut self, sequence: u16) -> Option<Vec<u8>> {
        let (_, packet) = self.sent.iter().find(|(sent, _)| *sent == sequence)?;
        let view = RtpView::parse(packet).ok()?;
        let payload = if view.payload_type() == RED_PAYLOAD_TYPE {
            RedView::parse(view.payload(), self.codec.payload_type()).ok()?.primary()
        } else {
            view.payload()
        };
        let extensions: Vec<(u8, &[u8])> = view.extensions().collect();
        let header = RtpHeader {
            ssrc: self.offer.rtx_ssrc,
            sequence: next(&mut self.rtx_sequence),
            timestamp: view.timestamp(),
            payload_type: self.codec.rtx_payload_type(),
            marker: view.marker(),
            extensions: &extensions,
        };
        let mut out = Vec::with_capacity(packet.len() + 2);
        header.write_retransmission(sequence, payload, &mut out);
        Some(out)
    }
}

/// The template that fits the frame. Of several for one layer, the later one is for frames behind a higher layer.
fn template_index(structure: &DependencyStructure, frame: &ReplayedFrame, temporal_before: u8) -> u8 {
    let fits = structure.templates().iter().enumerate().filter(|(_, template)| {
        template.temporal == frame.frame.temporal && template.frame_diffs.is_empty() == frame.frame.key
    });
    let mut fits = fits.map(|(index, _)| index as u8);
    let first = fits.next().unwrap_or_default();
    if temporal_before > 0 { fits.next().unwrap_or(first) } else { first }
}

fn next(number: &mut u16) -> u16 {
    *number = number.wrapping_add(1);
    *number
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use media_core::{Ssrc, Timestamp};

    use super::*;
    use crate::recording::{Recording, Replay};

    fn encoding(kind: MediaKind, codec: Codec) -> Outgoing {
        let offer = EncodingOffer { ssrc: Ssrc(8), rtx_ssrc: Ssrc(9), target_kbps: 32 };
        Outgoing::new((kind, 0), codec, offer, None, (65_534, 7))
    }

    fn frames(recording: &str, count: usize) -> Vec<ReplayedFrame> {
        let mut replay = Replay::new(Recording::named(recording).unwrap(), Duration::ZERO, Timestamp::ZERO);
        let late = Timestamp::from_millis(10_000);
        (0..count).map(|_| replay.poll(late).unwrap()).collect()
    }

    #[test]
    fn each_packet_of_redundant_audio_has_the_frames_before_and_is_sent_again_without_them() {
        let mut voice = encoding(MediaKind::Audio, Codec::Opus);
        let packets: Vec<Bytes> = frames("talk-vbr", 3)
            .iter()
            .enumerate()
            .map(|(place, frame)| {
                let mut packet = voice.audio_packet(frame, 960 * place as u32, vec![place as u8; 60], 2);
                voice.on_leaving(&mut packet);
                let bytes = Bytes::from(packet.bytes);
                voice.on_left(&bytes);
                bytes
            })
            .collect();
        let views: Vec<RtpView<'_>> = packets.iter().map(|packet| RtpView::parse(packet).unwrap()).collect();
        let opus = Codec::Opus.payload_type();
        assert_eq!(views[0].payload_type(), opus);
        let red = RedView::parse(views[2].payload(), opus).unwrap();
        let told: Vec<(u16, u32, u8)> = red
            .redundant(views[2].sequence(), views[2].timestamp())
            .map(|frame| (frame.sequence, frame.timestamp, frame.payload[0]))
            .collect();
        assert_eq!((views[2].payload_type(), views[2].sequence()), (RED_PAYLOAD_TYPE, 1));
        assert_eq!((told, red.primary()), (vec![(65_535, 0, 0), (0, 960, 1)], &[2; 60][..]));
        let again = voice.again(1).unwrap();
        let again = RtpView::parse(&again).unwrap();
        assert_eq!(again.retransmitted().unwrap(), (1, &[2; 60][..]));
    }

    #[test]
    fn a_frame_that_never_leaves_takes_no_number() {
        let mut picture = encoding(MediaKind::Camera, Codec::Vp8);
        let frames = frames("camera-vp9", 3);
        let mut packets: Vec<Unnumbered> =
            frames.iter().map(|frame| picture.packet(frame, (true, true), 0, &[1; 50])).collect();
        packets.remove(1);
        let numbers = packets.iter_mut().map(|packet| {
            picture.on_leaving(packet);
            RtpView::parse(&packet.bytes).unwrap().sequence()
        });
        assert_eq!(numbers.collect::<Vec<_>>(), [65_535, 0]);
    }
}
