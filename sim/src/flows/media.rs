//! Owns a flow of media: a synthetic encoder that follows its estimate, the product's congestion control at both ends, and how
//! it is misled to show that figures notice.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use media_core::{
    Ssrc, Timestamp,
    congestion::{ArrivalLog, BitrateBounds, CongestionController, Pacer, WIRE_OVERHEAD_BYTES},
    rtp::rtcp::{self, Feedback},
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng as _;

use super::{
    Media,
    ends::{Content, Ends, Packet},
};

/// Frames are so far apart: 30 a second (RFC 8867 section 4.3).
const FRAME_INTERVAL: Duration = Duration::from_nanos(33_333_333);
/// Bytes of a packet on the wire.
const PACKET_BYTES: u32 = 1_000;
/// What is left over of a frame and shorter than this goes with the packet before.
const REST_BYTES: u32 = 100;
/// Frames are up to this much larger or smaller than the rate says, in percent.
const VARIATION_PERCENT: u64 = 10;
/// A frame is left out while so much waits in the pacer.
const BACKLOG_MAX: Duration = Duration::from_millis(300);
/// Least and highest estimate, in bits per second.
const ESTIMATE_MIN_BPS: u64 = 30_000;
const ESTIMATE_MAX_BPS: u64 = 20_000_000;

/// How congestion control is misled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sabotage {
    /// Packets are said to arrive as if there were no queue.
    DelayHidden,
    /// Encoders never take more than they began with.
    NeverMore,
    /// The first flow of media takes three times what it may.
    GreedyFirst,
    /// No feedback comes back.
    FeedbackWithheld,
}

#[derive(Debug)]
pub(super) struct MediaFlow {
    spec: Media,
    /// Propagation in one direction, by which delay is hidden.
    delay: Duration,
    sabotage: Option<Sabotage>,
    is_first: bool,
    rng: ChaCha8Rng,
    controller: CongestionController,
    pacer: Pacer<u32>,
    sequence: u16,
    next_frame: Timestamp,
    log: ArrivalLog,
    ready: VecDeque<(u32, Content)>,
}

impl MediaFlow {
    pub(super) fn new(
        spec: &Media,
        delay: Duration,
        sabotage: Option<Sabotage>,
        is_first: bool,
        rng: ChaCha8Rng,
    ) -> Self {
        let bounds = BitrateBounds { start: spec.bps.1, min: ESTIMATE_MIN_BPS, max: ESTIMATE_MAX_BPS };
        Self {
            delay: delay + spec.extra_delay,
            sabotage,
            is_first,
            rng,
            controller: CongestionController::new(spec.start, bounds),
            pacer: Pacer::default(),
            sequence: 0,
            next_frame: spec.start,
            log: ArrivalLog::default(),
            ready: VecDeque::new(),
            spec: spec.clone(),
        }
    }

    fn is_sending(&self, now: Timestamp) -> bool {
        let has_stopped = self.spec.stop.is_some_and(|stop| stop <= now);
        let is_paused = self.spec.pauses.iter().any(|(from, until)| (*from..*until).contains(&now));
        self.spec.start <= now && !has_stopped && !is_paused
    }

    fn encode(&mut self, now: Timestamp) {
        let is_sending = self.is_sending(now);
        self.controller.set_demand(if is_sending { self.spec.bps.2 } else { 0 });
        if !is_sending || self.pacer.backlog() > BACKLOG_MAX {
            return;
        }
        let (least, start, most) = self.spec.bps;
        let allowed = match self.sabotage {
            Some(Sabotage::NeverMore) => self.controller.estimate_bps().min(start),
            Some(Sabotage::GreedyFirst) if self.is_first => 3 * self.controller.estimate_bps(),
            _ => self.controller.estimate_bps(),
        };
        let percent = 100 - VARIATION_PERCENT + self.rng.next_u64() % (2 * VARIATION_PERCENT + 1);
        let bps = u128::from(allowed.clamp(least, most)) * u128::from(percent) / 100;
        let mut rest = (bps * FRAME_INTERVAL.as_nanos() / 8_000_000_000) as u32;
        while rest > 0 {
            let bytes = if rest < PACKET_BYTES + REST_BYTES { rest } else { PACKET_BYTES };
            self.pacer.push(bytes, bytes);
            rest -= bytes;
        }
    }

    fn send(&mut self, now: Timestamp, bytes: u32) {
        let sequence = self.sequence;
        self.sequence = sequence.wrapping_add(1);
        self.controller.on_sent(now, sequence, bytes);
        self.ready.push_back((bytes, Content::Media { sequence, sent: now }));
    }
}

impl Ends for MediaFlow {
    fn on_packet(&mut self, now: Timestamp, packet: Packet) {
        match packet.content {
            Content::Media { sequence, sent } => {
                let hidden = self.sabotage == Some(Sabotage::DelayHidden);
                let at = if hidden { sent + self.delay } else { now };
                self.log.on_packet(at, sequence, packet.bytes);
            }
            Content::Feedback(bytes) if self.sabotage != Some(Sabotage::FeedbackWithheld) => {
                let controller = &mut self.controller;
                let read = rtcp::read(&bytes, |feedback| {
                    if let Feedback::TransportFeedback(feedback) = feedback {
                        controller.on_feedback(now, &feedback);
                    }
                });
                debug_assert_eq!(read, Ok(()), "the line damages nothing");
            }
            Content::Feedback(_) | Content::Segment(_) | Content::Ack { .. } => {}
        }
    }

    fn handle_timeout(&mut self, now: Timestamp) {
        if self.controller.poll_timeout().is_some_and(|at| at <= now) {
            self.controller.handle_timeout(now);
        }
        while self.next_frame <= now {
            self.encode(now);
            self.next_frame = self.next_frame + FRAME_INTERVAL;
        }
        while let Some(payload) = self.controller.poll_padding(now) {
            let bytes = u32::from(payload) + WIRE_OVERHEAD_BYTES;
            self.pacer.charge(now, bytes);
            self.send(now, bytes);
        }
        self.pacer.set_rate(self.controller.pacing_bps());
        while let Some(bytes) = self.pacer.poll(now) {
            self.send(now, bytes);
        }
        let mut feedback = Vec::new();
        while self.log.write_feedback(now, Ssrc(1), Ssrc(2), &mut feedback) {
            let bytes = feedback.len() as u32 + WIRE_OVERHEAD_BYTES;
            self.ready.push_back((bytes, Content::Feedback(Bytes::from(std::mem::take(&mut feedback)))));
        }
    }

    fn poll_timeout(&self) -> Option<Timestamp> {
        let timers = [self.controller.poll_timeout(), self.pacer.poll_timeout(), self.log.poll_timeout()];
        timers.into_iter().flatten().chain([self.next_frame]).min()
    }

    fn poll_packet(&mut self, _: Timestamp) -> Option<(u32, Content)> {
        self.ready.pop_front()
    }

    fn estimate_bps(&self, now: Timestamp) -> Option<u64> {
        self.is_sending(now).then(|| self.controller.estimate_bps())
    }
}
