//! Owns the jitter buffer and play-out clock of one received speaker: in steps of 20 ms it decides what the listener
//! hears. The delay adapts in the spirit of libwebrtc's `NetEq` (a quantile of recent relative arrival delays), with
//! whole steps inserted or left out instead of stretched samples. Samples, decoding and mixing are absent.

mod delay;

use std::{collections::VecDeque, time::Duration};

use media_core::Timestamp;

use self::delay::ArrivalDelays;
use crate::{
    quality::AudioMeter,
    timeline::{Grid, Hearing},
};

/// One step of play-out: one Opus packet as WebRTC sends it (RFC 7587 section 4.2).
pub const STEP: Duration = Duration::from_millis(20);
/// RTP ticks of a step at 48 kHz (RFC 7587 section 4.1).
const STEP_TICKS: u64 = 960;
/// Delay at the start, before anything is known: two steps, an assumption between the least target and `NetEq`'s
/// start of 80 ms.
const DELAY_START: Duration = Duration::from_millis(40);
/// Steps that may lie between the play-out position and the newest frame: 400 ms.
const BUFFER_STEPS_MAX: u64 = 20;
/// Concealed sequence numbers that are remembered, to tell a late frame from a duplicate.
const CONCEALED_KEPT: usize = 64;

/// One received Opus frame: one packet, 20 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioFrame {
    /// RTP sequence number, unwrapped.
    pub sequence: u64,
    /// RTP timestamp of the first sample, unwrapped, 48 kHz.
    pub rtp_timestamp: u64,
    /// When the first sample was captured.
    pub captured: Timestamp,
    /// Whether it is speech; otherwise comfort noise, which may be shortened.
    pub voice: bool,
    /// Whether a copy of the frame before is inside (in-band forward error correction, RFC 6716 section 2.1.7).
    pub copy_before: bool,
}

/// Plays one speaker. Each 20 ms of the play-out clock end as exactly one of
/// - *played*: the frame was there in time;
/// - *recovered*: it was not, and the next one was, with a copy of it inside;
/// - *concealed*: a frame that exists was lost, or came after its time, and the gap was filled;
/// - *silent*: the speaker sent nothing (DTX, mute, or a stream paused by the server): consecutive sequence numbers with
///   a jump of the timestamp.
///
/// While nothing at all arrives, a listener cannot tell loss from a pause. These steps stay *unresolved* and are
/// classified by the packet that ends them: missing sequence numbers were loss, a timestamp later than the next expected
/// one was a pause, and an earlier one means that the packet itself was late: the delay then grows at once by these
/// steps, which count as concealed unless a pause went before. So the meter's figures for the time since the last
/// packet come afterwards; [`Playout::finish`] settles what no packet ever ended.
///
/// The delay shrinks slowly: at most one step in [`Playout::SHRINK_INTERVAL`], and only in pauses or comfort noise.
#[derive(Clone, Debug)]
pub struct Playout {
    /// Frames not played yet, in order of sequence.
    buffer: VecDeque<AudioFrame>,
    delays: ArrivalDelays,
    clock: Option<Clock>,
    concealed: VecDeque<u64>,
    shrunk_at: Timestamp,
    /// What is lost comes again with a later packet: so many steps later, and until when that is reckoned with.
    repairs: Option<(u64, Timestamp)>,
    meter: AudioMeter,
    line: Hearing,
}

/// Where play-out stands.
#[derive(Clone, Copy, Debug)]
struct Clock {
    /// When the next step is due.
    next_step: Timestamp,
    /// RTP timestamp that the next step plays.
    position: u64,
    /// Sequence number of the last frame that was played or given up.
    last_sequence: u64,
    /// Nothing was decided yet: the first frame may still be preceded by a reordered one.
    fresh: bool,
}

impl Playout {
    /// Least time between two steps by which the delay shrinks: a tempo 10 % faster at most.
    pub const SHRINK_INTERVAL: Duration = Duration::from_millis(200);

    /// How long after a repair the delay leaves room for another: at 1 % of loss one packet in two seconds is lost.
    const REPAIRS_EXPECTED: Duration = Duration::from_secs(10);

    /// Nothing received yet; the clock starts with the first frame.
    pub fn new() -> Self {
        Self {
            buffer: VecDeque::with_capacity(BUFFER_STEPS_MAX as usize + 2),
            delays: ArrivalDelays::new(),
            clock: None,
            concealed: VecDeque::with_capacity(CONCEALED_KEPT),
            shrunk_at: Timestamp::ZERO,
            repairs: None,
            meter: AudioMeter::default(),
            line: Hearing::new(Grid::default()),
        }
    }

    /// The same with its time line on `grid`, before anything was received.
    #[must_use]
    pub(crate) fn with_grid(self, grid: Grid) -> Self {
        Self { line: Hearing::new(grid), ..self }
    }

    /// A frame that was lost comes, or came, with the packet `steps` behind it: the delay has to leave room for that.
    pub fn on_repair(&mut self, now: Timestamp, steps: u64) {
        let before = self.repairs.filter(|(_, until)| *until > now).map_or(0, |(steps, _)| steps);
        self.repairs = Some((before.max(steps).min(BUFFER_STEPS_MAX / 2), now + Self::REPAIRS_EXPECTED));
    }

    /// Takes a frame that arrived at `now`. Duplicates are ignored; a frame after its time is counted as late.
    pub fn insert(&mut self, now: Timestamp, frame: AudioFrame) {
        self.handle_timeout(now);
        let Some(clock) = &mut self.clock else {
            self.delays.on_arrival(now, frame.rtp_timestamp);
            self.buffer.push_back(frame);
            self.clock = Some(Clock {
                next_step: now + DELAY_START,
                position: frame.rtp_timestamp,
                last_sequence: frame.sequence.saturating_sub(1),
                fresh: true,
            });
            return;
        };
        if clock.fresh && frame.sequence <= clock.last_sequence && frame.rtp_timestamp < clock.position {
            clock.last_sequence = frame.sequence.saturating_sub(1);
            clock.position = frame.rtp_timestamp;
        }
        if frame.sequence <= clock.last_sequence {
            self.on_passed(now, frame);
            return;
        }
        let place = self.buffer.partition_point(|held| held.sequence < frame.sequence);
        if self.buffer.get(place).is_some_and(|held| held.sequence == frame.sequence) {
            return;
        }
        self.delays.on_arrival(now, frame.rtp_timestamp);
        if self.buffer.is_empty() {
            self.on_starvation_over(now, frame);
        }
        self.buffer.insert(place, frame);
        self.discard_excess();
    }

    /// When [`Playout::handle_timeout`] is to be called; absent while the buffer is empty, because the time without
    /// frames is settled by the next frame.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if self.buffer.is_empty() { None } else { self.clock.map(|clock| clock.next_step) }
    }

    /// Plays the steps that are due. Stops where the buffer runs empty.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while let Some(mut clock) = self.clock
            && clock.next_step <= now
            && let Some(front) = self.buffer.front().copied()
        {
            clock.fresh = false;
            if front.rtp_timestamp <= clock.position {
                self.play(&mut clock, front);
            } else if front.copy_before && front.sequence == clock.last_sequence + 2 {
                self.recover(&mut clock, front);
            } else if front.sequence > clock.last_sequence + 1 {
                clock.last_sequence += 1;
                self.remember_concealed(clock.last_sequence);
                self.conceal(clock.next_step, 1);
                clock.position += STEP_TICKS;
            } else {
                self.pass_silence(clock.next_step, 1);
                clock.position += self.ticks_of_pause(&clock);
            }
            clock.next_step = clock.next_step + STEP;
            self.clock = Some(clock);
        }
    }

    /// The stream is over, or the listener left. Steps that no packet classified count as concealed when the caller
    /// knows that frames were `lost` (the link broke while the speaker spoke), otherwise as silent.
    pub fn finish(&mut self, now: Timestamp, lost: bool) {
        self.handle_timeout(now);
        let Some(clock) = self.clock else { return };
        if self.buffer.is_empty() {
            let steps = steps_due(&clock, now);
            if lost {
                self.conceal(clock.next_step, steps);
            } else {
                self.pass_silence(clock.next_step, steps);
            }
        }
        self.buffer.clear();
        self.clock = None;
    }

    /// What was heard so far.
    pub fn meter(&self) -> &AudioMeter {
        &self.meter
    }

    /// When it was heard.
    pub(crate) fn line(&self) -> &Hearing {
        &self.line
    }

    /// The delay that the buffer aims at.
    pub fn target_delay(&self) -> Duration {
        let at = self.clock.map_or(Timestamp::ZERO, |clock| clock.next_step);
        let steps = self.repairs.filter(|(_, until)| *until > at).map_or(0, |(steps, _)| steps + 1);
        self.delays.target().max(STEP * steps as u32)
    }

    /// How much later than the fastest recent packet the next step plays its sample; absent before the first frame.
    pub fn delay(&self) -> Option<Duration> {
        self.clock.map(|clock| self.delays.behind_fastest(clock.next_step, clock.position))
    }

    fn play(&mut self, clock: &mut Clock, frame: AudioFrame) {
        self.meter.on_played(clock.next_step.saturating_since(frame.captured));
        self.line.on_played(clock.next_step);
        clock.last_sequence = frame.sequence;
        clock.position = frame.rtp_timestamp.saturating_add(STEP_TICKS);
        self.buffer.pop_front();
        // Comfort noise is played in the time of nothing to shorten the delay, if the next frame is there to follow.
        let next_follows = self.buffer.front().is_some_and(|next| {
            !next.voice && next.sequence == frame.sequence + 1 && next.rtp_timestamp == clock.position
        });
        if !frame.voice && next_follows && self.may_shrink(clock) {
            self.buffer.pop_front();
            clock.last_sequence += 1;
            clock.position += STEP_TICKS;
            self.shrunk_at = clock.next_step;
        }
    }

    /// The frame before `next` is missing, and `next` has a copy of it: it covers the 20 ms before `next`, and if there is more
    /// time than that, a pause comes first.
    fn recover(&mut self, clock: &mut Clock, next: AudioFrame) {
        if next.rtp_timestamp > clock.position.saturating_add(STEP_TICKS) {
            self.pass_silence(clock.next_step, 1);
            clock.position +=
                self.ticks_of_pause(clock).min(next.rtp_timestamp - STEP_TICKS - clock.position);
            return;
        }
        self.meter.on_recovered((clock.next_step + STEP).saturating_since(next.captured));
        self.line.on_played(clock.next_step);
        clock.last_sequence += 1;
        clock.position = next.rtp_timestamp;
        self.on_repair(clock.next_step, 1);
    }

    /// How far the position moves in a step of a pause: twice as far to shrink the delay, not at all to grow it.
    fn ticks_of_pause(&mut self, clock: &Clock) -> u64 {
        if self.may_shrink(clock) {
            self.shrunk_at = clock.next_step;
            return 2 * STEP_TICKS;
        }
        let delay = self.delays.behind_fastest(clock.next_step, clock.position);
        if delay + STEP <= self.target_delay() { 0 } else { STEP_TICKS }
    }

    fn may_shrink(&self, clock: &Clock) -> bool {
        let delay = self.delays.behind_fastest(clock.next_step, clock.position);
        delay >= self.target_delay() + STEP
            && clock.next_step.saturating_since(self.shrunk_at) >= Self::SHRINK_INTERVAL
    }

    /// A frame of which the time is over: late if it was concealed, otherwise a duplicate.
    fn on_passed(&mut self, now: Timestamp, frame: AudioFrame) {
        if let Some(place) = self.concealed.iter().position(|sequence| *sequence == frame.sequence) {
            self.concealed.remove(place);
            self.delays.on_arrival(now, frame.rtp_timestamp);
            self.meter.on_late();
        }
    }

    /// Classifies the steps that passed without any frame, by the frame that ended them.
    fn on_starvation_over(&mut self, now: Timestamp, frame: AudioFrame) {
        let Some(mut clock) = self.clock else { return };
        let due = steps_due(&clock, now);
        let ahead = frame.rtp_timestamp.saturating_sub(clock.position).div_ceil(STEP_TICKS);
        let before = due.min(ahead);
        // The one that is missing is directly before this one, which has a copy of it, and its time is yet to come.
        let comes = frame.copy_before && frame.sequence == clock.last_sequence + 2 && due < ahead;
        let lost = if comes { 0 } else { before.min(frame.sequence - clock.last_sequence - 1) };
        let late = due - before;
        for _ in 0..lost.min(CONCEALED_KEPT as u64) {
            clock.last_sequence += 1;
            self.remember_concealed(clock.last_sequence);
        }
        clock.last_sequence += lost.saturating_sub(CONCEALED_KEPT as u64);
        let after = |steps: u64| clock.next_step + STEP * u32::try_from(steps).unwrap_or(u32::MAX);
        if lost > 0 && frame.copy_before {
            // The copy came too late for the step that it was for.
            self.on_repair(now, 1);
        }
        self.conceal(clock.next_step, lost);
        self.pass_silence(after(lost), before - lost);
        // Words that begin late after a pause make the pause longer; nothing that was heard is interrupted.
        let paused = before > 0 && lost == 0;
        if paused {
            self.pass_silence(after(before), late);
        } else {
            self.conceal(after(before), late);
        }
        if late > 0 {
            self.meter.on_late();
        }
        clock.next_step = after(due);
        clock.position = clock.position.saturating_add(before * STEP_TICKS);
        clock.fresh &= due == 0;
        self.clock = Some(clock);
    }

    fn conceal(&mut self, from: Timestamp, steps: u64) {
        self.meter.on_concealed(steps);
        self.line.on_concealed(from, STEP, steps);
    }

    fn pass_silence(&mut self, from: Timestamp, steps: u64) {
        self.meter.on_silent(steps);
        self.line.on_silent(from, STEP, steps);
    }

    fn remember_concealed(&mut self, sequence: u64) {
        if self.concealed.len() == CONCEALED_KEPT {
            self.concealed.pop_front();
        }
        self.concealed.push_back(sequence);
    }

    /// Frames held up somewhere and released together, or a sender whose timestamps jumped, would hold the delay above
    /// its maximum for good: the position jumps to the target delay before the newest frame.
    fn discard_excess(&mut self) {
        let target_ticks = delay::ticks(self.target_delay());
        let (Some(clock), Some(newest)) = (&mut self.clock, self.buffer.back().copied()) else { return };
        if newest.rtp_timestamp.saturating_sub(clock.position) <= BUFFER_STEPS_MAX * STEP_TICKS
            && self.buffer.len() <= BUFFER_STEPS_MAX as usize + 1
        {
            return;
        }
        clock.position = newest.rtp_timestamp.saturating_sub(target_ticks);
        let mut discarded = 0;
        while let Some(front) = self.buffer.front().copied()
            && (front.rtp_timestamp < clock.position || self.buffer.len() > BUFFER_STEPS_MAX as usize + 1)
        {
            self.buffer.pop_front();
            discarded += 1;
        }
        if let Some(front) = self.buffer.front() {
            clock.last_sequence = front.sequence.saturating_sub(1);
        }
        clock.fresh = false;
        self.meter.on_discarded(discarded);
    }
}

impl Default for Playout {
    fn default() -> Self {
        Self::new()
    }
}

/// Steps that are due at `now`.
fn steps_due(clock: &Clock, now: Timestamp) -> u64 {
    if clock.next_step > now {
        return 0;
    }
    let elapsed = now.saturating_since(clock.next_step).as_nanos() as u64;
    elapsed / STEP.as_nanos() as u64 + 1
}

#[cfg(test)]
mod tests;
