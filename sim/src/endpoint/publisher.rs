//! Owns one track that a participant sends: the replayed encoder, the end-to-end seal, packets and their numbers, and
//! what was sent lately, for repairs. A frame that cannot be sealed is not sent (E2E-004).

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use media_core::{
    Codec, MediaKind, Ssrc, Timestamp,
    e2ee::{FrameMetadata, Sealer},
    limits::DATAGRAM_BYTES_MAX,
    rtp::{
        AudioLevel, DependencyDescriptor, DependencyStructure, RtpHeader,
        ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, TRANSPORT_SEQUENCE},
        rtcp,
    },
    signalling::{EncodingOffer, TrackOffer},
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::{
    encryption::SealedFrame,
    plaintext::{self, Marker},
};
use crate::{
    recording::{RecordedFrame, Recording, Replay, ReplayedFrame},
    sabotage::Sabotage,
};

/// Packets of one encoding that can be sent again.
const SENT_KEPT: usize = 256;
/// Room for header, extensions and the two bytes of a retransmission in front of the payload.
const HEADER_ROOM: usize = 12 + 4 + 48 + 2;
/// SRTP's authentication tag, which a deployed packet carries too, stays within the limit as well (RFC 7714).
const SRTP_TAG_BYTES: usize = 16;
/// Seconds between the NTP epoch (1900) and the Unix epoch.
const NTP_UNIX_OFFSET: u64 = 2_208_988_800;

/// One simulcast encoding as it goes out.
#[derive(Debug)]
struct Outgoing {
    offer: EncodingOffer,
    structure: Option<DependencyStructure>,
    sequence: u16,
    rtx_sequence: u16,
    /// The frame before was not permitted.
    muted_before: bool,
    /// Temporal layer of the frame before.
    temporal_before: u8,
    sent: VecDeque<(u16, Bytes)>,
    packets: u32,
    octets: u32,
}

/// A track that this participant sends.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) kind: MediaKind,
    codec: Codec,
    replay: Replay,
    encodings: Vec<Outgoing>,
    timestamp_base: u32,
    /// Outside these intervals a microphone sends silence.
    speaks: Option<Vec<(Timestamp, Timestamp)>>,
    /// What this recording sends while nobody speaks.
    quiet: Option<RecordedFrame>,
    /// The frames that were sealed.
    pub(super) sealed: Vec<SealedFrame>,
}

/// What sealing and numbering need besides the track itself.
pub(super) struct Sending<'a> {
    /// Without it nothing is sent (E2E-004).
    pub(super) sealer: Option<&'a mut Sealer>,
    /// Whether it seals in the name of somebody else: such frames are nobody's.
    pub(super) forges: bool,
    /// The place of the present epoch among those that the participant has lived.
    pub(super) epoch: usize,
    /// What is broken on purpose.
    pub(super) sabotage: Option<Sabotage>,
    /// Nobody speaks, whatever the person's times of speech are.
    pub(super) silent: bool,
    pub(super) marker: &'a Marker,
    pub(super) transport_sequence: &'a mut u16,
}

impl Publisher {
    pub(super) fn new(
        recording: &'static Recording,
        now: Timestamp,
        speaks: Option<Vec<(Timestamp, Timestamp)>>,
        kind: MediaKind,
        rng: &mut ChaCha8Rng,
    ) -> Self {
        let offset = Duration::from_millis(u64::from(rng.next_u32()) % 10_000);
        let mut replay = Replay::new(recording, offset, now);
        let video = recording.kind.is_video();
        let encodings = recording.encodings.iter().map(|track| {
            let layers = track.frames.iter().map(|frame| frame.temporal).max().unwrap_or_default();
            let (width, height) = (track.width as u16, track.height as u16);
            let structure = match layers {
                _ if !video => None,
                0 => Some(DependencyStructure::l1t1(width, height)),
                1 => Some(DependencyStructure::simulcast_l1t2(width, height)),
                _ => Some(DependencyStructure::simulcast_l1t3(width, height)),
            };
            Outgoing {
                offer: EncodingOffer {
                    ssrc: Ssrc(rng.next_u32() | 2),
                    rtx_ssrc: Ssrc(rng.next_u32() | 2),
                    target_kbps: track.target_bps / 1_000,
                },
                structure,
                sequence: rng.next_u32() as u16,
                rtx_sequence: rng.next_u32() as u16,
                muted_before: false,
                temporal_before: 0,
                sent: VecDeque::new(),
                packets: 0,
                octets: 0,
            }
        });
        let encodings: Vec<Outgoing> = encodings.collect();
        // Pictures rest until somebody watches them.
        for encoding in 0..encodings.len() {
            replay.set_active(encoding, !video, now);
        }
        let frames = &recording.encodings[0].frames;
        let quiet = frames.iter().filter(|frame| !frame.voice).max_by_key(|frame| (frame.level, frame.size));
        Self {
            kind,
            codec: recording.codec,
            replay,
            encodings,
            timestamp_base: rng.next_u32(),
            speaks,
            quiet: quiet.filter(|_| !video).copied(),
            sealed: Vec::new(),
        }
    }

    pub(super) fn offer(&self) -> TrackOffer {
        TrackOffer {
            kind: self.kind,
            codec: self.codec,
            encodings: self.encodings.iter().map(|encoding| encoding.offer).collect(),
        }
    }

    /// Which encodings are wanted (bit n is encoding n). Audio is always wanted.
    pub(super) fn set_demand(&mut self, now: Timestamp, demand: u8) {
        if self.kind.is_video() {
            for encoding in 0..self.encodings.len() {
                self.replay.set_active(encoding, demand & 1 << encoding != 0, now);
            }
        }
    }

    /// What the active encodings aim at together, in bits per second.
    pub(super) fn target_bps(&self) -> u32 {
        let tracks = self.replay.recording().encodings.iter().enumerate();
        tracks.filter(|(index, _)| self.replay.is_active(*index)).map(|(_, track)| track.target_bps).sum()
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.replay.next_at()
    }

    /// The packets of the next frame that is due, or nothing when none is. The encoder runs on while sending is not
    /// `permitted`, so that media and clock stay in step.
    pub(super) fn poll(
        &mut self,
        now: Timestamp,
        permitted: bool,
        sending: &mut Sending<'_>,
        out: &mut Vec<Bytes>,
    ) -> bool {
        let Some(mut frame) = self.replay.poll(now) else { return false };
        let encoding = &mut self.encodings[frame.encoding];
        if !permitted {
            encoding.muted_before = true;
            return true;
        }
        if std::mem::take(&mut encoding.muted_before) && self.kind.is_video() && !frame.frame.key {
            // Whoever watched before the break lacks what was encoded meanwhile.
            encoding.muted_before = true;
            self.replay.request_key_frame(frame.encoding);
            return true;
        }
        self.silence(&mut frame, sending.silent);
        if !frame.dtx {
            self.send(&frame, sending, out);
        }
        true
    }

    /// A key frame is wanted of the encoding that uses `ssrc`.
    pub(super) fn on_key_frame_wanted(&mut self, ssrc: Ssrc) {
        if let Some(encoding) = self.encodings.iter().position(|encoding| encoding.offer.ssrc == ssrc) {
            self.replay.request_key_frame(encoding);
        }
    }

    /// Somebody has come into the group who cannot open anything that came before: without a key frame they see nothing.
    pub(super) fn on_newcomers(&mut self) {
        for encoding in 0..self.encodings.len() {
            if self.kind.is_video() && self.replay.is_active(encoding) {
                self.replay.request_key_frame(encoding);
            }
        }
    }

    /// A packet is asked for again.
    pub(super) fn on_nack(
        &mut self,
        ssrc: Ssrc,
        sequence: u16,
        transport_sequence: &mut u16,
    ) -> Option<Bytes> {
        let codec = self.codec;
        let encoding = self.encodings.iter_mut().find(|encoding| encoding.offer.ssrc == ssrc)?;
        let (_, packet) = encoding.sent.iter().find(|(sent, _)| *sent == sequence)?;
        let view = media_core::rtp::RtpView::parse(packet).ok()?;
        let number = next(transport_sequence).to_be_bytes();
        let extensions: Vec<(u8, &[u8])> = view
            .extensions()
            .map(|(id, data)| if id == TRANSPORT_SEQUENCE { (id, &number[..]) } else { (id, data) })
            .collect();
        let header = RtpHeader {
            ssrc: encoding.offer.rtx_ssrc,
            sequence: next(&mut encoding.rtx_sequence),
            timestamp: view.timestamp(),
            payload_type: codec.rtx_payload_type(),
            marker: view.marker(),
            extensions: &extensions,
        };
        let mut out = Vec::with_capacity(packet.len() + 2);
        header.write_retransmission(sequence, view.payload(), &mut out);
        Some(Bytes::from(out))
    }

    /// Sender reports of the encodings that have sent anything (RFC 3550 section 6.4.1).
    pub(super) fn write_reports(&self, now: Timestamp, clock_unix_ns: u64, out: &mut Vec<u8>) {
        let unix_ns = clock_unix_ns + now.as_nanos();
        let (seconds, nanos) = (unix_ns / 1_000_000_000 + NTP_UNIX_OFFSET, unix_ns % 1_000_000_000);
        let ntp = (seconds << 32) | ((nanos << 32) / 1_000_000_000);
        for encoding in self.encodings.iter().filter(|encoding| encoding.packets > 0) {
            let rtp = self.timestamp(now);
            rtcp::write_sender_report(encoding.offer.ssrc, ntp, rtp, encoding.packets, encoding.octets, out);
        }
    }

    fn silence(&self, frame: &mut ReplayedFrame, silent: bool) {
        let Some(quiet) = self.quiet else { return };
        let speaks = |times: &Vec<(Timestamp, Timestamp)>| {
            times.iter().any(|(from, to)| (*from..*to).contains(&frame.at))
        };
        if silent || !self.speaks.as_ref().is_none_or(speaks) {
            frame.frame = quiet;
            frame.dtx = quiet.is_dtx();
        }
    }

    fn timestamp(&self, at: Timestamp) -> u32 {
        let ticks = u128::from(at.as_nanos()) * u128::from(self.kind.clock_rate()) / 1_000_000_000;
        self.timestamp_base.wrapping_add(ticks as u32)
    }

    fn send(&mut self, frame: &ReplayedFrame, sending: &mut Sending<'_>, out: &mut Vec<Bytes>) {
        let timestamp = self.timestamp(frame.at);
        let video = self.kind.is_video();
        let metadata = FrameMetadata {
            kind: self.kind,
            codec: self.codec,
            spatial_layer: 0,
            temporal_layer: frame.frame.temporal,
            key_frame: frame.frame.key,
            frame_number: if video { frame.frame_number } else { 0 },
        };
        let (mut clear, mut sealed) = (Vec::new(), Vec::new());
        let filling = frame.at.as_nanos() ^ u64::from(self.timestamp_base) << 32;
        plaintext::write(&frame.frame, sending.marker, frame.at, filling, &mut clear);
        let mut is_sealed = false;
        if let Some(sealer) = &mut sending.sealer {
            let (sender, counter) = (sealer.sender(), sealer.frames());
            is_sealed = sealer.seal(&clear, &metadata.to_bytes(), &mut sealed).is_ok();
            let (at, identity) = (frame.at, plaintext::frame_identity(&clear));
            if !sending.forges {
                self.sealed.push(SealedFrame { at, epoch: sending.epoch, sender, counter, identity });
            }
        }
        if !is_sealed && sending.sabotage != Some(Sabotage::FailOpen) {
            return;
        }
        if matches!(sending.sabotage, Some(Sabotage::Plaintext | Sabotage::FailOpen)) {
            sealed = clear;
        }
        let large = if sending.sabotage == Some(Sabotage::BigPackets) { 100 } else { 0 };
        let room = DATAGRAM_BYTES_MAX - HEADER_ROOM - SRTP_TAG_BYTES + large;
        let parts = sealed.len().div_ceil(room);
        let each = sealed.len().div_ceil(parts);
        for (part, payload) in sealed.chunks(each).enumerate() {
            let (start, end) = (part == 0, part + 1 == parts);
            out.push(self.packet(frame, (start, end), timestamp, payload, sending.transport_sequence));
        }
    }

    fn packet(
        &mut self,
        frame: &ReplayedFrame,
        (start, end): (bool, bool),
        timestamp: u32,
        payload: &[u8],
        transport_sequence: &mut u16,
    ) -> Bytes {
        let encoding = &mut self.encodings[frame.encoding];
        let number = next(transport_sequence).to_be_bytes();
        let mut descriptor = Vec::new();
        let level = AudioLevel { level: frame.frame.level, voice: frame.frame.voice }.bytes();
        let extension: (u8, &[u8]) = match &encoding.structure {
            Some(structure) => {
                let template = template_index(structure, frame, encoding.temporal_before);
                let written =
                    DependencyDescriptor::of_template(structure, template, frame.frame_number, start, end);
                if let Some(written) = written {
                    written.write(structure, frame.frame.key && start, &mut descriptor);
                }
                (DEPENDENCY_DESCRIPTOR, &descriptor)
            }
            None => (AUDIO_LEVEL, &level),
        };
        let header = RtpHeader {
            ssrc: encoding.offer.ssrc,
            sequence: next(&mut encoding.sequence),
            timestamp,
            payload_type: self.codec.payload_type(),
            marker: self.kind.is_video() && end,
            extensions: &[(TRANSPORT_SEQUENCE, &number), extension],
        };
        let mut packet = Vec::with_capacity(header.len() + payload.len());
        header.write(payload, &mut packet);
        let packet = Bytes::from(packet);
        if end {
            encoding.temporal_before = frame.frame.temporal;
        }
        encoding.packets = encoding.packets.wrapping_add(1);
        encoding.octets = encoding.octets.wrapping_add(payload.len() as u32);
        if encoding.sent.len() == SENT_KEPT {
            encoding.sent.pop_front();
        }
        encoding.sent.push_back((header.sequence, packet.clone()));
        packet
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
