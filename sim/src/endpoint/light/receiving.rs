//! Owns one received track of a client whose media are metadata: the same play-out, assembler and meters as everywhere, fed with
//! what stands in a packet's metadata.

use bytes::Bytes;
use media_core::{
    Ssrc, Timestamp,
    rtp::{SequenceUnwrapper, TimestampUnwrapper},
    signalling::TrackInfo,
};

use super::{
    super::{
        assembler::{Assembler, FrameDiffs, VideoPacket},
        playout::{AudioFrame, Playout},
        received::Received,
    },
    packet::{Earlier, Inside, LightPacket},
};
use crate::quality::{AudioMeter, VideoMeter};

/// Stands for a payload that is not there.
const ABSENT: Bytes = Bytes::from_static(&[0]);

/// A received track.
#[derive(Debug)]
pub(super) struct LightTrack {
    pub(super) info: TrackInfo,
    sequences: SequenceUnwrapper,
    media: Media,
}

#[derive(Debug)]
enum Media {
    /// Sound that has not been heard yet needs no room.
    Unheard,
    Heard(Box<Heard>),
    Seen(Box<Seen>),
}

#[derive(Debug)]
struct Heard {
    received: Received,
    timestamps: TimestampUnwrapper,
    playout: Playout,
}

#[derive(Debug)]
struct Seen {
    assembler: Assembler,
    meter: Option<VideoMeter>,
    torn: u64,
}

/// What is left of a track that is over.
#[derive(Debug)]
pub(super) enum Remains {
    Nothing,
    Heard(AudioMeter),
    Seen(Box<VideoMeter>),
}

impl LightTrack {
    pub(super) fn new(info: TrackInfo) -> Self {
        let media = if info.kind.is_video() {
            Media::Seen(Box::new(Seen { assembler: Assembler::new(), meter: None, torn: 0 }))
        } else {
            Media::Unheard
        };
        Self { info, sequences: SequenceUnwrapper::new(), media }
    }

    pub(super) fn has(&self, ssrc: Ssrc) -> bool {
        self.info.ssrc == ssrc || self.info.rtx_ssrc == ssrc
    }

    /// A packet of this track, or a repaired one.
    pub(super) fn handle_packet(&mut self, now: Timestamp, packet: &LightPacket, earlier: &[Earlier]) {
        let sequence = self.sequences.unwrap(packet.sequence);
        if matches!(self.media, Media::Unheard) {
            self.media = Media::Heard(Box::new(Heard {
                received: Received::default(),
                timestamps: TimestampUnwrapper::new(),
                playout: Playout::new(),
            }));
        }
        match &mut self.media {
            Media::Unheard => {}
            Media::Heard(heard) => {
                for frame in earlier {
                    let before = sequence.saturating_sub(u64::from(frame.behind));
                    if heard.received.insert(before) {
                        heard.playout.on_repair(now, u64::from(frame.behind));
                        heard.handle_frame(now, before, frame.timestamp, frame.inside);
                    }
                }
                if heard.received.insert(sequence) {
                    heard.handle_frame(now, sequence, packet.timestamp, packet.inside);
                }
            }
            Media::Seen(seen) => seen.handle_packet(now, sequence, packet),
        }
    }

    /// When the first sound was played, if any was.
    pub(super) fn has_played(&self) -> bool {
        matches!(&self.media, Media::Heard(heard) if heard.playout.meter().played() > 0)
    }

    /// When [`LightTrack::handle_timeout`] has something to do. What is heard is settled by the packets that come.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        match &self.media {
            Media::Seen(seen) if seen.meter.is_some() => seen.assembler.poll_timeout(),
            Media::Unheard | Media::Heard(_) | Media::Seen(_) => None,
        }
    }

    /// Whether packets that come in order are no reason to do anything.
    pub(super) fn is_calm(&self) -> bool {
        match &self.media {
            Media::Seen(seen) if seen.meter.is_some() => seen.assembler.is_running(),
            Media::Unheard | Media::Heard(_) | Media::Seen(_) => true,
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        if let Media::Seen(seen) = &mut self.media {
            seen.assembler.handle_timeout(now);
            seen.show(now);
        }
    }

    /// Missing packets to ask for, and whether to ask for a key frame.
    pub(super) fn poll_feedback(&mut self, now: Timestamp) -> (Vec<u16>, bool) {
        match &mut self.media {
            Media::Seen(seen) if seen.meter.is_some() => {
                let missing = seen.assembler.nacks(now).into_iter().map(|sequence| sequence as u16).collect();
                (missing, seen.assembler.wants_key_frame(now))
            }
            Media::Unheard | Media::Heard(_) | Media::Seen(_) => (Vec::new(), false),
        }
    }

    pub(super) fn set_rtt(&mut self, rtt: std::time::Duration) {
        if let Media::Seen(seen) = &mut self.media {
            seen.assembler.set_rtt(rtt);
        }
    }

    /// The viewer wants (or no longer wants) this picture, and it may (or may not) be sent at the moment.
    pub(super) fn set_wanted(&mut self, now: Timestamp, wanted: bool) {
        let Media::Seen(seen) = &mut self.media else { return };
        if seen.meter.is_none() && wanted {
            seen.meter = Some(VideoMeter::new(now));
        }
        if let Some(meter) = &mut seen.meter {
            if wanted {
                meter.on_resumed(now);
            } else {
                meter.on_paused(now);
            }
        }
    }

    /// The track is gone, or the run is over.
    pub(super) fn finish(self, now: Timestamp) -> Remains {
        match self.media {
            Media::Unheard => Remains::Nothing,
            Media::Heard(mut heard) => {
                heard.playout.finish(now, false);
                Remains::Heard(heard.playout.meter().clone())
            }
            Media::Seen(mut seen) => {
                seen.count_torn();
                match seen.meter.take() {
                    Some(mut meter) => {
                        meter.on_ended(now);
                        Remains::Seen(Box::new(meter))
                    }
                    None => Remains::Nothing,
                }
            }
        }
    }
}

impl Heard {
    fn handle_frame(&mut self, now: Timestamp, sequence: u64, timestamp: u32, inside: Inside) {
        let rtp_timestamp = self.timestamps.unwrap(timestamp);
        let Inside { captured, voice, copy_before, .. } = inside;
        self.playout.insert(now, AudioFrame { sequence, rtp_timestamp, captured, voice, copy_before });
    }
}

impl Seen {
    fn handle_packet(&mut self, now: Timestamp, sequence: u64, packet: &LightPacket) {
        if let Some(meter) = &mut self.meter {
            meter.on_payload(usize::from(packet.payload));
        }
        let part = packet.part;
        let diffs = if packet.inside.diff == 0 {
            FrameDiffs::NONE
        } else {
            FrameDiffs::new(&[u16::from(packet.inside.diff)]).unwrap_or(FrameDiffs::NONE)
        };
        self.assembler.insert(
            now,
            VideoPacket {
                sequence,
                timestamp: packet.timestamp,
                start: part.start,
                end: part.end,
                frame_number: part.number,
                spatial: part.spatial,
                temporal: part.temporal,
                key: part.key,
                diffs,
                payload: if packet.payload == 0 { Bytes::new() } else { ABSENT },
            },
        );
        self.show(now);
    }

    fn show(&mut self, now: Timestamp) {
        while let Some(frame) = self.assembler.poll_frame() {
            if let Some(meter) = self.meter.as_mut().filter(|_| frame.decodable) {
                meter.on_frame(now, frame.spatial);
            }
        }
        self.count_torn();
    }

    fn count_torn(&mut self) {
        let torn = self.assembler.counters().torn_frames;
        if let Some(meter) = &mut self.meter {
            meter.on_torn(torn - self.torn);
        }
        self.torn = torn;
    }
}
