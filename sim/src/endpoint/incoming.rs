//! Owns one received track: packets are ordered and joined, opened with SFrame, and only then played. There is no way
//! from a packet to play-out or picture that does not pass [`open`] (E2E-004).

use std::time::Duration;

use bytes::Bytes;
use media_core::{
    DropCounters, DropReason, MediaKind, ParticipantId, Ssrc, Timestamp,
    e2ee::FrameMetadata,
    rtp::{
        DependencyDescriptor, FrameReader, RED_PAYLOAD_TYPE, RedView, RtpView, SequenceUnwrapper,
        TimestampUnwrapper, ext::DEPENDENCY_DESCRIPTOR,
    },
    signalling::TrackInfo,
};

use super::{
    assembler::{AssembledFrame, Assembler, FrameDiffs, VideoPacket},
    opened::{DecodedFrame, FrameCounters, Frames, Opening, UnopenedFrame, open},
    plaintext::Content,
    playout::{AudioFrame, Playout},
    received::Received,
    reception::Reception,
};
use crate::{
    quality::{AudioMeter, VideoMeter},
    timeline::{Grid, Hearing},
};

/// A received track.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) info: TrackInfo,
    grid: Grid,
    frames: Frames,
    sequences: SequenceUnwrapper,
    media: Media,
    pub(super) reception: Reception,
}

#[derive(Debug)]
enum Media {
    Audio(Box<Listening>),
    Video(Box<Watching>),
}

#[derive(Debug)]
struct Listening {
    received: Received,
    timestamps: TimestampUnwrapper,
    playout: Playout,
    /// An RTP time and the time of capture that belongs to it.
    anchor: Option<(u64, Timestamp)>,
    first_played: Option<Timestamp>,
}

#[derive(Debug)]
struct Watching {
    frames: FrameReader,
    assembler: Assembler,
    meter: Option<VideoMeter>,
    torn: u64,
    /// A frame of the base layer could not be opened: what comes after it cannot be decoded before a key frame.
    dark: bool,
    /// The stream was paused on purpose, perhaps in the middle of a frame: that one is not torn by any fault.
    cut: bool,
}

impl Incoming {
    pub(super) fn new(info: TrackInfo, grid: Grid) -> Self {
        let media = match info.kind {
            MediaKind::Audio => Media::Audio(Box::new(Listening {
                received: Received::default(),
                timestamps: TimestampUnwrapper::new(),
                playout: Playout::new().with_grid(grid),
                anchor: None,
                first_played: None,
            })),
            MediaKind::Camera | MediaKind::Screen => Media::Video(Box::new(Watching {
                frames: FrameReader::new(),
                assembler: Assembler::new(),
                meter: None,
                torn: 0,
                dark: false,
                cut: false,
            })),
        };
        Self {
            info,
            grid,
            frames: Frames::default(),
            sequences: SequenceUnwrapper::new(),
            media,
            reception: Reception::default(),
        }
    }

    /// A packet of this track, or a repaired one.
    pub(super) fn handle_packet(
        &mut self,
        now: Timestamp,
        datagram: &Bytes,
        view: &RtpView<'_>,
        original: Option<u16>,
        opening: &mut Opening<'_>,
    ) -> Result<(), DropReason> {
        let sequence = self.sequences.unwrap(original.unwrap_or(view.sequence()));
        let payload = match original {
            Some(_) => view.retransmitted()?.1,
            None => view.payload(),
        };
        if original.is_none() {
            self.reception.on_packet(now, sequence, view.timestamp(), self.info.kind.clock_rate());
        }
        let track = (&self.info, &mut self.frames);
        let handled = match &mut self.media {
            Media::Audio(listening) => {
                let redundant = view.payload_type() == RED_PAYLOAD_TYPE;
                listening.handle_packet(
                    now,
                    track,
                    (sequence, view.timestamp()),
                    (payload, redundant),
                    opening,
                )
            }
            Media::Video(watching) => {
                let payload = datagram.slice_ref(payload);
                watching.handle_packet(now, track, sequence, view, payload, opening)
            }
        };
        if let Err(reason) = handled {
            self.frames.refused.count(reason);
        }
        handled
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, opening: &mut Opening<'_>) {
        match &mut self.media {
            Media::Audio(listening) => listening.advance(now),
            Media::Video(watching) => {
                watching.assembler.handle_timeout(now);
                watching.show(now, (&self.info, &mut self.frames), opening);
            }
        }
    }

    /// There are other keys than before.
    pub(super) fn on_new_keys(&mut self) {
        if let Media::Video(watching) = &mut self.media {
            watching.assembler.on_new_keys();
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.media {
            Media::Audio(listening) => listening.playout.poll_timeout(),
            // Of a picture that nobody asked for nothing is asked in turn, so there is nothing to be in time for.
            Media::Video(watching) if watching.meter.is_none() => None,
            Media::Video(watching) => watching.assembler.poll_timeout(),
        }
    }

    /// What to ask the server for: missing packets, and whether a key frame.
    pub(super) fn poll_feedback(&mut self, now: Timestamp) -> (Vec<u16>, bool) {
        match &mut self.media {
            Media::Video(watching) if watching.meter.is_some() => {
                let missing = watching.assembler.nacks(now);
                let numbers = missing.into_iter().map(|sequence| sequence as u16).collect();
                (numbers, watching.assembler.wants_key_frame(now))
            }
            Media::Audio(_) | Media::Video(_) => (Vec::new(), false),
        }
    }

    pub(super) fn set_rtt(&mut self, rtt: std::time::Duration) {
        if let Media::Video(watching) = &mut self.media {
            watching.assembler.set_rtt(rtt);
        }
    }

    /// The viewer wants (or no longer wants) this picture, and it may (or may not) be sent at the moment.
    pub(super) fn set_wanted(&mut self, now: Timestamp, wanted: bool, flows: bool) {
        let Media::Video(watching) = &mut self.media else { return };
        if watching.meter.is_none() && wanted && flows {
            watching.meter = Some(VideoMeter::new(now).with_grid(self.grid));
        }
        watching.cut |= !(wanted && flows);
        if let Some(meter) = &mut watching.meter {
            if wanted && flows {
                meter.on_resumed(now);
            } else {
                meter.on_paused(now);
            }
        }
    }

    /// When the first frame of this track was heard.
    pub(super) fn first_played(&self) -> Option<Timestamp> {
        match &self.media {
            Media::Audio(listening) => listening.first_played,
            Media::Video(_) => None,
        }
    }

    /// The track is gone, or the run is over: what is known of it, and its time line if it was heard.
    pub(super) fn finish(mut self, now: Timestamp) -> (ReceivedTrack, Option<Hearing>) {
        let (mut heard, mut line, mut seen) = (None, None, None);
        match &mut self.media {
            Media::Audio(listening) => {
                listening.playout.finish(now, false);
                heard = Some(listening.playout.meter().clone());
                line = Some(listening.playout.line().clone());
            }
            Media::Video(watching) => {
                watching.count_torn();
                if let Some(meter) = &mut watching.meter {
                    meter.on_ended(now);
                }
                seen = watching.meter.take();
            }
        }
        let Frames { counters, refused, decoded, unopened, slowest } = self.frames;
        let (source, kind) = (self.info.participant, self.info.kind);
        (
            ReceivedTrack {
                source,
                kind,
                heard,
                seen,
                frames: counters,
                refused,
                decoded,
                unopened,
                slowest,
            },
            line,
        )
    }
}

/// The last word on a received track.
#[derive(Clone, Debug)]
pub struct ReceivedTrack {
    /// Whose it is, as the server says.
    pub source: ParticipantId,
    /// Microphone, camera or screen.
    pub kind: MediaKind,
    /// What was heard of it.
    pub heard: Option<AudioMeter>,
    /// What was seen of it; absent when it was never watched.
    pub seen: Option<VideoMeter>,
    /// What became of its frames.
    pub frames: FrameCounters,
    /// Why packets of it went no further.
    pub refused: DropCounters,
    /// The frames that went to the decoder, in order; only those large enough to bear the sender's marker, without which two
    /// senders' frames may be the same.
    pub decoded: Vec<DecodedFrame>,
    /// The frames that SFrame refused, in order.
    pub unopened: Vec<UnopenedFrame>,
    /// Longest time from the capture of a frame until it was decoded, over frames that bear the marker.
    pub slowest: Duration,
}

impl Listening {
    fn handle_packet(
        &mut self,
        now: Timestamp,
        (info, frames): (&TrackInfo, &mut Frames),
        (sequence, timestamp): (u64, u32),
        (payload, redundant): (&[u8], bool),
        opening: &mut Opening<'_>,
    ) -> Result<(), DropReason> {
        let mut primary = payload;
        if redundant {
            let view = RedView::parse(payload, info.codec.payload_type())?;
            for frame in view.redundant(sequence as u16, timestamp) {
                let behind = (sequence as u16).wrapping_sub(frame.sequence);
                let before = sequence.saturating_sub(u64::from(behind));
                // Most have come by themselves: to see them again is the use of it, and nobody's fault.
                if self.received.insert(before) {
                    self.playout.on_repair(now, u64::from(behind));
                    let told = (before, frame.timestamp);
                    if let Err(reason) = self.handle_frame(now, (info, frames), told, frame.payload, opening)
                    {
                        frames.refused.count(reason);
                    }
                }
            }
            primary = view.primary();
        }
        if !self.received.insert(sequence) {
            return Err(DropReason::Duplicate);
        }
        self.handle_frame(now, (info, frames), (sequence, timestamp), primary, opening)
    }

    fn handle_frame(
        &mut self,
        now: Timestamp,
        (info, frames): (&TrackInfo, &mut Frames),
        (sequence, timestamp): (u64, u32),
        payload: &[u8],
        opening: &mut Opening<'_>,
    ) -> Result<(), DropReason> {
        let metadata = FrameMetadata {
            kind: info.kind,
            codec: info.codec,
            spatial_layer: 0,
            temporal_layer: 0,
            key_frame: false,
            frame_number: 0,
        };
        let opened = open(payload, metadata, info.participant, frames, opening)?;
        let rtp_timestamp = self.timestamps.unwrap(timestamp);
        if let Content::Marked(captured, _) = opened.content {
            self.anchor = Some((rtp_timestamp, captured));
        }
        let Some((anchor, captured)) = self.anchor else { return Ok(()) };
        // 48 ticks a millisecond.
        let nanos = |ticks: u64| std::time::Duration::from_nanos(ticks * 1_000_000 / 48);
        let captured = if rtp_timestamp >= anchor {
            captured + nanos(rtp_timestamp - anchor)
        } else {
            captured - nanos(anchor - rtp_timestamp)
        };
        frames.on_decoded(now, opened.content);
        let voice = opened.content != Content::Small;
        let copy_before = opened.copy_before;
        self.playout.insert(now, AudioFrame { sequence, rtp_timestamp, captured, voice, copy_before });
        Ok(())
    }

    fn advance(&mut self, now: Timestamp) {
        self.playout.handle_timeout(now);
        if self.first_played.is_none() && self.playout.meter().played() > 0 {
            self.first_played = Some(now);
        }
    }
}

impl Watching {
    fn handle_packet(
        &mut self,
        now: Timestamp,
        track: (&TrackInfo, &mut Frames),
        sequence: u64,
        view: &RtpView<'_>,
        payload: Bytes,
        opening: &mut Opening<'_>,
    ) -> Result<(), DropReason> {
        let meta = self.frames.frame_meta(view)?.ok_or(DropReason::BadExtension)?;
        let bytes = view.extension(DEPENDENCY_DESCRIPTOR).ok_or(DropReason::BadExtension)?;
        let parsed = DependencyDescriptor::parse(bytes, self.frames.structure())?;
        let diffs = FrameDiffs::new(parsed.descriptor.frame.frame_diffs.as_slice());
        if let Some(meter) = &mut self.meter {
            meter.on_payload(payload.len());
        }
        self.assembler.insert(
            now,
            VideoPacket {
                sequence,
                timestamp: view.timestamp(),
                start: meta.start,
                end: meta.end,
                frame_number: meta.number,
                spatial: meta.spatial,
                temporal: meta.temporal,
                key: meta.key,
                diffs: diffs.ok_or(DropReason::BadExtension)?,
                payload,
            },
        );
        self.show(now, track, opening);
        Ok(())
    }

    fn show(&mut self, now: Timestamp, (info, frames): (&TrackInfo, &mut Frames), opening: &mut Opening<'_>) {
        while let Some(frame) = self.assembler.poll_frame() {
            match open(&frame.payload, metadata(info, &frame), info.participant, frames, opening) {
                Ok(opened) => frames.on_decoded(now, opened.content),
                Err(reason) => {
                    frames.refused.count(reason);
                    self.assembler.on_unopened(&frame, reason == DropReason::NoKey);
                    self.dark |= frame.temporal == 0;
                    continue;
                }
            }
            self.dark &= !frame.key;
            if let Some(meter) = self.meter.as_mut().filter(|_| frame.decodable && !self.dark) {
                meter.on_frame(now, frame.spatial);
            }
        }
        self.count_torn();
    }

    fn count_torn(&mut self) {
        let torn = self.assembler.counters().torn_frames;
        if let Some(meter) = &mut self.meter {
            let mut fresh = torn - self.torn;
            if fresh > 0 && std::mem::take(&mut self.cut) {
                fresh -= 1;
            }
            meter.on_torn(fresh);
        }
        self.torn = torn;
    }
}

fn metadata(info: &TrackInfo, frame: &AssembledFrame) -> FrameMetadata {
    FrameMetadata {
        kind: info.kind,
        codec: info.codec,
        spatial_layer: frame.spatial,
        temporal_layer: frame.temporal,
        key_frame: frame.key,
        frame_number: frame.frame_number,
    }
}

/// Keeps the SSRCs of a track apart: its media and its retransmissions.
pub(super) fn belongs(info: &TrackInfo, ssrc: Ssrc) -> Option<bool> {
    if info.ssrc == ssrc {
        Some(false)
    } else if info.rtx_ssrc == ssrc {
        Some(true)
    } else {
        None
    }
}
