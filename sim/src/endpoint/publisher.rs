//! Owns one track that a participant sends: the replayed encoder, the end-to-end seal, and the encodings that go out. A frame that cannot be sealed is not sent (E2E-004).
//! Packets of pictures get their numbers when they leave, so that a frame that is given up while it waits leaves no gap.

use std::time::Duration;

use bytes::Bytes;
use media_core::{
    Codec, MediaKind, Ssrc, Timestamp,
    e2ee::{FrameMetadata, Sealer},
    rtp::{DependencyStructure, rtcp},
    signalling::{EncodingOffer, TrackOffer},
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::{
    adaptation::{Adaptation, Candidate},
    encryption::SealedFrame,
    light::{INSIDE_BYTES, Inside},
    outgoing::{Outgoing, PAYLOAD_BYTES_MAX, Unnumbered},
    plaintext::{self, Marker},
};
use crate::{
    recording::{RecordedFrame, Recording, Replay, ReplayedFrame},
    sabotage::Sabotage,
};

/// What a packet has on the wire beside the encoded frame: IP and UDP, RTP with its extensions, SFrame's header and tag. Those
/// of the recorded cameras have 64 to 76.
const OVERHEAD_BYTES: u64 = 72;
/// Of so many frames of a pause an encoder of discontinuous transmission sends one: every 400 ms, as the recordings show.
const COMFORT_NOISE_FRAMES: u16 = 20;
/// What a frame that goes along has beside itself: a block's header, SFrame's header and tag.
const REDUNDANT_OVERHEAD_BYTES: u64 = 4 + 24;
/// Seconds between the NTP epoch (1900) and the Unix epoch.
const NTP_UNIX_OFFSET: u64 = 2_208_988_800;

/// A track that this participant sends.
#[derive(Debug)]
pub(super) struct Publisher {
    pub(super) kind: MediaKind,
    codec: Codec,
    replay: Replay,
    encodings: Vec<Outgoing>,
    /// What the first of them gives in its busiest time, in bits per second.
    busy_bps: u64,
    /// Which of them the server asks for.
    demand: u8,
    timestamp_base: u32,
    /// Outside these intervals a microphone sends silence.
    speaks: Option<Vec<(Timestamp, Timestamp)>>,
    /// What this recording sends while nobody speaks.
    quiet: Option<RecordedFrame>,
    /// Whether its encoder is one of discontinuous transmission, which says then only now and then what silence sounds like.
    rests: bool,
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
    /// How many frames of audio go along with each.
    pub(super) redundancy: usize,
    /// Media are metadata: in the place of each sealed frame stands what plays a part of it, and nothing is sealed.
    pub(super) is_light: bool,
}

/// What SFrame adds to a frame under MLS's key ids: header and tag.
const SEAL_BYTES: usize = 24;

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
        let encodings = recording.encodings.iter().enumerate().map(|(place, track)| {
            let layers = track.frames.iter().map(|frame| frame.temporal).max().unwrap_or_default();
            let (width, height) = (track.width as u16, track.height as u16);
            let structure = match layers {
                _ if !video => None,
                0 => Some(DependencyStructure::l1t1(width, height)),
                1 => Some(DependencyStructure::simulcast_l1t2(width, height)),
                _ => Some(DependencyStructure::simulcast_l1t3(width, height)),
            };
            let offer = EncodingOffer {
                ssrc: Ssrc(rng.next_u32() | 2),
                rtx_ssrc: Ssrc(rng.next_u32() | 2),
                target_kbps: track.busy_bps(recording.fps) / 1_000,
            };
            let numbers = (rng.next_u32() as u16, rng.next_u32() as u16);
            Outgoing::new((kind, place), recording.codec, offer, structure, numbers)
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
            busy_bps: u64::from(recording.encodings[0].busy_bps(recording.fps)),
            demand: 0,
            timestamp_base: rng.next_u32(),
            speaks,
            quiet: quiet.filter(|_| !video).copied(),
            rests: frames.iter().any(RecordedFrame::is_dtx),
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
    pub(super) fn set_demand(&mut self, demand: u8) {
        self.demand = if self.kind.is_video() { demand } else { 0 };
    }

    /// The pictures that are wanted, with what each needs.
    pub(super) fn candidates(&self) -> impl Iterator<Item = Candidate> + '_ {
        let wanted = (0..self.encodings.len()).filter(|place| self.demand & 1 << place != 0);
        wanted.map(|place| Candidate { encoding: (self.kind, place), bps: self.wire_bps(place) })
    }

    /// Encodes what was chosen, and nothing else. Audio is always encoded.
    pub(super) fn adapt(&mut self, now: Timestamp, chosen: &Adaptation) {
        if self.kind.is_video() {
            for place in 0..self.encodings.len() {
                self.replay.set_active(place, chosen.is_running((self.kind, place)), now);
            }
        }
    }

    /// What audio needs on the wire when so many frames go along with each, in bits per second.
    pub(super) fn audio_bps(&self, redundancy: usize) -> u64 {
        let fps = u64::from(self.replay.recording().fps);
        self.wire_bps(0) + redundancy as u64 * (self.busy_bps + 8 * REDUNDANT_OVERHEAD_BYTES * fps)
    }

    /// What the encoding needs on the wire while it has much to say, in bits per second.
    pub(super) fn wire_bps(&self, place: usize) -> u64 {
        let fps = u64::from(self.replay.recording().fps);
        let busy = 1_000 * u64::from(self.encodings[place].offer.target_kbps);
        let parts = (busy / 8 / fps).div_ceil(PAYLOAD_BYTES_MAX as u64).max(1);
        busy + 8 * OVERHEAD_BYTES * parts * fps
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
        out: &mut Vec<Unnumbered>,
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

    /// Frames of an encoding were given up: what comes after them cannot be decoded.
    pub(super) fn on_given_up(&mut self, place: usize) {
        self.replay.request_key_frame(place);
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
    pub(super) fn on_nack(&mut self, ssrc: Ssrc, sequence: u16) -> Option<Vec<u8>> {
        self.encodings.iter_mut().find(|encoding| encoding.offer.ssrc == ssrc)?.again(sequence)
    }

    /// A packet leaves: it gets its sequence number.
    pub(super) fn on_leaving(&mut self, packet: &mut Unnumbered) {
        self.encodings[packet.encoding].on_leaving(packet);
    }

    /// A packet has left: it may be asked for again.
    pub(super) fn on_left(&mut self, place: usize, bytes: &Bytes) {
        self.encodings[place].on_left(bytes);
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
            frame.dtx = self.rests && !frame.frame_number.is_multiple_of(COMFORT_NOISE_FRAMES);
        }
    }

    fn timestamp(&self, at: Timestamp) -> u32 {
        let ticks = u128::from(at.as_nanos()) * u128::from(self.kind.clock_rate()) / 1_000_000_000;
        self.timestamp_base.wrapping_add(ticks as u32)
    }

    fn send(&mut self, frame: &ReplayedFrame, sending: &mut Sending<'_>, out: &mut Vec<Unnumbered>) {
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
        if sending.is_light {
            let frame_in_its_place = self.light_frame(frame);
            return self.cut(
                frame,
                timestamp,
                frame_in_its_place,
                (PAYLOAD_BYTES_MAX, sending.redundancy),
                out,
            );
        }
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
        self.cut(frame, timestamp, sealed, (PAYLOAD_BYTES_MAX + large, sending.redundancy), out);
    }

    /// What stands in the place of a sealed frame when media are metadata: as many bytes, and what plays a part of them.
    fn light_frame(&self, frame: &ReplayedFrame) -> Vec<u8> {
        let header = frame.frame.header.as_slice();
        let inside = Inside {
            captured: frame.at,
            voice: plaintext::is_marked(frame.frame.size as usize, header.len()),
            copy_before: !self.kind.is_video() && plaintext::has_copy(header),
            diff: self.encodings[frame.encoding].diff(frame),
        };
        let mut bytes = vec![0; frame.frame.size as usize + SEAL_BYTES];
        bytes[..INSIDE_BYTES].copy_from_slice(&inside.bytes());
        bytes
    }

    /// Cuts a frame into packets with so much room each.
    fn cut(
        &mut self,
        frame: &ReplayedFrame,
        timestamp: u32,
        sealed: Vec<u8>,
        (room, redundancy): (usize, usize),
        out: &mut Vec<Unnumbered>,
    ) {
        let parts = sealed.len().div_ceil(room);
        let each = sealed.len().div_ceil(parts);
        let encoding = &mut self.encodings[frame.encoding];
        if !self.kind.is_video() && parts == 1 {
            out.push(encoding.audio_packet(frame, timestamp, sealed, redundancy));
            return;
        }
        for (part, payload) in sealed.chunks(each).enumerate() {
            let (start, end) = (part == 0, part + 1 == parts);
            out.push(encoding.packet(frame, (start, end), timestamp, payload));
        }
    }
}
