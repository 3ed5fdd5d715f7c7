//! Owns the sender's side of congestion control on one path: what was sent, what the receiver says of it, and the estimate
//! that follows.

use std::time::Duration;

use super::{
    inter_arrival::InterArrival,
    loss::{LossVerdict, Losses},
    probing::Probing,
    proven::Proven,
    rate_control::{Observation, RateControl},
    rate_search::{Outlook, RateSearch},
    sent_log::{Sent, SentLog, Told},
    standing_queue::StandingQueue,
    step_trial::StepTrial,
    throughput::{Rates, Throughput},
    trendline::{Trendline, Usage},
};
use crate::{Timestamp, rtp::rtcp::TransportFeedback};

/// Resolution of arrival times (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.5), and of the time they
/// count from (section 3.1).
const TICK_MICROS: i64 = 250;
const REFERENCE_MICROS: i64 = 64_000;
/// What was sent before this is not waited for any more.
const MEMORY: Duration = Duration::from_secs(10);
/// Without any feedback for this time, and three times longer than usual, the receiver may be gone.
const SILENCE: Duration = Duration::from_millis(500);
/// Each time so much longer halves the estimate.
const SILENCE_STEP: Duration = Duration::from_millis(200);
/// So often at most.
const HALVINGS_MAX: u32 = 16;
/// Who sends nothing hears nothing, and would never learn that a path is there again: so much later padding asks.
const KNOCK: Duration = Duration::from_secs(2);
/// Before anything was sent it asks so soon: only sound, or a smaller picture, would be a reason to wait for.
const FIRST_KNOCK: Duration = Duration::from_millis(300);
/// At this rate at least.
const KNOCK_BPS: f64 = 100_000.0;
/// How long a train is waited for, after a round trip.
const TRAIN_PATIENCE: Duration = Duration::from_secs(1);
/// How much faster than the estimate packets leave.
const PACING_PERCENT: u64 = 250;
const PACING_LOSSY_PERCENT: u64 = 125;
/// Round-trip time before any is known.
const RTT: Duration = Duration::from_millis(100);
/// Round-trip times beyond this are somebody's lie.
const RTT_MAX: Duration = Duration::from_secs(10);

/// Which part of what is held has to have arrived before a path counts as ample. What is held has room for sound that nobody may make
/// and for repairs (a tenth and more), and what a sender makes of its picture goes up and down.
const AMPLE_SHARE: f64 = 0.75;
/// What arrives counts as proven on no longer a queue.
const PROVEN_QUEUE: Duration = Duration::from_millis(25);

/// Between what an estimate stays, in bits per second on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BitrateBounds {
    /// Before anything is known.
    pub start: u64,
    /// At least.
    pub min: u64,
    /// At most.
    pub max: u64,
}

/// Estimates what one path carries. What each packet that leaves needs stands first and together.
#[derive(Debug)]
#[repr(C)]
pub struct CongestionController {
    sent: SentLog,
    /// When something was sent. At first the beginning: a picture that does not fit into what paths are believed to carry then would
    /// wait for ever for somebody else's packets to show that there is more.
    last_sent: Timestamp,
    heard: Heard,
    probing: Probing,
    search: RateSearch,
    bounds: BitrateBounds,
    demand: u64,
    /// What the next step would cost.
    step: Option<u64>,
    /// What is sent grows in steps, of which the controller is told.
    is_stepped: bool,
    groups: InterArrival,
    trend: Trendline,
    queue: StandingQueue,
    throughput: Throughput,
    losses: Losses,
    rate: RateControl,
    trial: StepTrial,
    proven: Proven,
    /// The receiver is heard again after a silence, and nothing has shown yet what the path carries.
    is_back: bool,
    rtt: Option<Duration>,
    /// Last reference time, and the same without wrapping.
    reference: Option<(i32, i64)>,
    /// Kept for its memory: what one feedback says has arrived, by the receiver's clock.
    arrived: Vec<(i64, Sent)>,
}

/// When the receiver was heard of.
#[derive(Debug, Default)]
#[repr(C)]
struct Heard {
    /// When something was sent for the first time since then.
    waiting_since: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Time between two feedbacks, smoothed.
    interval: Duration,
    /// How often the estimate was halved since then, and what it was before.
    halvings: u32,
    before_bps: f64,
}

impl CongestionController {
    /// For a path of which nothing is known.
    pub fn new(now: Timestamp, bounds: BitrateBounds) -> Self {
        Self {
            bounds,
            demand: 0,
            step: None,
            is_stepped: false,
            sent: SentLog::default(),
            groups: InterArrival::default(),
            trend: Trendline::default(),
            queue: StandingQueue::default(),
            throughput: Throughput::default(),
            losses: Losses::default(),
            rate: RateControl::new(now, bounds.start, bounds.min, bounds.max),
            search: RateSearch::default(),
            trial: StepTrial::default(),
            proven: Proven::default(),
            probing: Probing::default(),
            last_sent: now,
            is_back: false,
            rtt: None,
            reference: None,
            heard: Heard::default(),
            arrived: Vec::new(),
        }
    }

    /// Those who share a line look for more at different times if each is given another `lot`.
    pub fn set_lot(&mut self, lot: u64) {
        self.trial.set_lot(lot);
    }

    /// A packet leaves, with its transport-wide sequence number; `bytes` on the wire. Padding of a probe counts, too. Says
    /// whether [`CongestionController::poll_timeout`] may now be sooner than it was: mostly it is not.
    pub fn on_sent(&mut self, now: Timestamp, sequence: u16, bytes: u32) -> bool {
        self.begin_search(now);
        self.last_sent = now;
        let cluster = self.probing.on_sent(now, bytes);
        self.sent.on_sent(now, sequence, bytes, cluster);
        // Padding is due while a train leaves, a knock is once it has left, and an answer is awaited from the first packet on.
        let is_first = self.heard.waiting_since.is_none();
        self.heard.waiting_since.get_or_insert(now);
        is_first || cluster != 0
    }

    /// The receiver says what came when. What it says of packets that were never sent is passed over.
    pub fn on_feedback(&mut self, now: Timestamp, feedback: &TransportFeedback<'_>) {
        let (mut total, mut lost, found) = self.take_statuses(feedback);
        self.sent.forget_before(now - MEMORY);
        if total == 0 && found == 0 {
            return;
        }
        if self.heard.halvings > 0 {
            // What was lost while nothing went through says nothing of what a rate causes.
            (total, lost) = (0, 0);
        }
        self.on_heard(now);
        self.take_arrivals(now);
        if self.trial.runs() {
            self.rate.on_train(now);
        }
        let before = self.rate.bps();
        let rates = self.throughput.rates();
        let losses_are_new = self.losses.on_feedback(now, self.rate.bps(), (total, lost, found)).is_some();
        self.rate.on_observation(
            now,
            Observation {
                usage: self.trend.usage(),
                queue: self.queue.delay(),
                acknowledged_bps: rates.map(|rates| rates.acknowledged_bps),
                sent_bps: rates.map(|rates| rates.sent_bps),
                rtt: self.rtt.unwrap_or(RTT),
                losses: self.losses.verdict(),
                lost_share: self.losses.share(),
                losses_are_new,
            },
        );
        self.prove(now, before, rates);
        self.trial.follow(now, self.proven.bps());
        self.look_for_more(now, rates);
    }

    /// The time that [`CongestionController::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        while self.silence_ends().is_some_and(|at| at <= now) {
            if self.heard.halvings == 0 {
                self.heard.before_bps = self.rate.bps();
                self.probing.stop();
            }
            self.heard.halvings += 1;
            self.rate.halve();
            self.proven.on_reduced(self.rate.bps());
        }
        if self.knocks_at().is_some_and(|at| at <= now) {
            self.probing.stop();
            self.probing.ask(now, self.rate.bps().max(KNOCK_BPS));
        }
    }

    /// When [`CongestionController::handle_timeout`] has something to do, or padding is to be sent.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        [self.probing.poll_timeout(), self.silence_ends(), self.knocks_at()].into_iter().flatten().min()
    }

    /// The most that could be of use: nothing is probed beyond it, but for a little. In bits per second on the wire.
    pub fn set_demand(&mut self, bps: u64) {
        self.demand = bps;
    }

    /// What is sent needs `held_bps`: once a short queue has drained, the estimate goes back to that. And what the next step would
    /// cost, if somebody waits for it: on a path that was full once it is tried with padding, and [`CongestionController::proven_bps`]
    /// shows with what success. In bits per second on the wire.
    pub fn set_steps(&mut self, now: Timestamp, held_bps: u64, next_bps: Option<u64>) {
        self.rate.set_held(now, held_bps as f64);
        self.step = next_bps;
        self.is_stepped |= next_bps.is_some();
    }

    /// What the path is believed to carry, in bits per second on the wire.
    pub fn estimate_bps(&self) -> u64 {
        (self.rate.bps() as u64).clamp(self.bounds.min, self.bounds.max.max(self.bounds.min))
    }

    /// How fast packets may leave: more than the estimate, so that a large frame does not wait long; in a probe its rate.
    pub fn pacing_bps(&self) -> u64 {
        // Where packets are lost, bursts may be what does not fit.
        let percent =
            if self.losses.verdict() == LossVerdict::Free { PACING_PERCENT } else { PACING_LOSSY_PERCENT };
        let usual = self.estimate_bps().saturating_mul(percent) / 100;
        self.probing.bps().map_or(usual, |bps| usual.max(bps as u64))
    }

    /// The rate of a train that leaves and looks for more, in bits per second on the wire.
    pub fn search_bps(&self) -> Option<u64> {
        self.probing.bps().map(|bps| bps as u64)
    }

    /// Bytes of padding (UDP payload) to send at this moment for a probe. To be called until it says nothing.
    pub fn poll_padding(&mut self, now: Timestamp) -> Option<u16> {
        self.probing.poll_padding(now)
    }

    /// Round-trip time as feedback shows it, if any has come.
    pub fn rtt(&self) -> Option<Duration> {
        self.rtt
    }

    /// The most that has arrived lately without a queue, in bits per second on the wire, on a path that was full once. What an
    /// estimate says beyond that is a guess: others may use the rest.
    pub fn proven_bps(&self) -> Option<u64> {
        self.rate.reduced()?;
        Some(self.proven.bps() as u64)
    }

    /// Whether the path was never full, is believed to carry everything that is wanted, and has been seen to carry what is sent.
    pub fn is_ample(&self) -> bool {
        self.rate.reduced().is_none()
            && self.demand <= self.estimate_bps()
            && self.proven.bps() >= AMPLE_SHARE * self.rate.held_bps()
    }

    /// How long packets wait on the path.
    pub fn queue(&self) -> Duration {
        self.queue.delay()
    }

    /// Share of packets that were lost lately, 0 to 1.
    pub fn loss(&self) -> f64 {
        self.losses.share()
    }

    fn begin_search(&mut self, now: Timestamp) {
        if self.search.has_begun() {
            return;
        }
        let (start, demand) = (self.rate.bps(), self.demand as f64);
        self.search.begin(now, start, demand, &mut self.probing);
    }

    /// Puts what arrived in order of arrival. How many packets are spoken of for the first time, how many of them are
    /// missing, and how many that were missing have come.
    fn take_statuses(&mut self, feedback: &TransportFeedback<'_>) -> (u32, u32, u32) {
        let mut micros = self.unwrapped_reference(feedback.reference_time);
        let (mut total, mut lost, mut found) = (0, 0, 0);
        self.arrived.clear();
        for (sequence, delta) in feedback.packets() {
            micros = micros.saturating_add(delta.map_or(0, |delta| i64::from(delta) * TICK_MICROS));
            match self.sent.on_status(sequence, delta.is_some()) {
                Some(Told::Arrived(sent)) => {
                    total += 1;
                    self.arrived.push((micros, sent));
                }
                Some(Told::ArrivedLate(sent)) => {
                    found += 1;
                    self.arrived.push((micros, sent));
                }
                Some(Told::Missing) => (total, lost) = (total + 1, lost + 1),
                None => {}
            }
        }
        self.arrived.sort_by_key(|(micros, _)| *micros);
        (total, lost, found)
    }

    /// In microseconds of the receiver's clock; the 24 bits of the reference time wrap.
    fn unwrapped_reference(&mut self, reference: i32) -> i64 {
        let unwrapped = match self.reference {
            Some((before, unwrapped)) => {
                let step = (reference.wrapping_sub(before) << 8) >> 8;
                unwrapped.saturating_add(i64::from(step) * REFERENCE_MICROS)
            }
            None => i64::from(reference) * REFERENCE_MICROS,
        };
        self.reference = Some((reference, unwrapped));
        unwrapped
    }

    fn on_heard(&mut self, now: Timestamp) {
        if let Some(last) = self.heard.last {
            let interval = now.saturating_since(last).min(Duration::from_secs(1));
            self.heard.interval = (7 * self.heard.interval + interval) / 8;
        }
        self.heard.last = Some(now);
        self.heard.waiting_since = (self.sent.bytes_under_way() > 0).then_some(now);
        if self.heard.halvings > 0 {
            self.heard.halvings = 0;
            self.groups = InterArrival::default();
            self.trend = Trendline::default();
            self.throughput.clear();
            // Later feedback will speak of what was lost in the silence, too.
            self.sent.forget_before(now);
            let (before, demand) = (self.heard.before_bps, self.demand as f64);
            self.search.on_return(now, before, demand, &mut self.probing);
            self.is_back = true;
        }
    }

    fn take_arrivals(&mut self, now: Timestamp) {
        let mut least_delay: Option<i64> = None;
        let mut newest: Option<Timestamp> = None;
        for (micros, sent) in &self.arrived {
            if let Some(group) = self.groups.on_arrival(sent.at, *micros) {
                self.trend.on_group(group);
            }
            self.throughput.on_arrival(sent.at, *micros, sent.bytes());
            if sent.cluster != 0 {
                self.probing.on_arrival(*sent, *micros);
            }
            let delay = micros.saturating_sub((sent.at.as_nanos() / 1000) as i64);
            least_delay = Some(least_delay.map_or(delay, |least| least.min(delay)));
            newest = newest.max(Some(sent.at));
        }
        if let (Some(delay), Some(newest)) = (least_delay, newest) {
            self.queue.on_least_delay(now, delay);
            let rtt = now.saturating_since(newest).min(RTT_MAX);
            self.rtt = Some(self.rtt.map_or(rtt, |before| (7 * before + rtt) / 8));
        }
    }

    /// Takes note of what arrives without a queue; `before` was the estimate.
    fn prove(&mut self, now: Timestamp, before: f64, rates: Option<Rates>) {
        if self.rate.bps() < before {
            self.proven.on_reduced(self.rate.bps());
        } else if self.trend.usage() != Usage::Over
            && self.queue.delay() < PROVEN_QUEUE
            && let Some(Rates { acknowledged_bps, .. }) = rates
        {
            self.proven.on_arrival(now, acknowledged_bps);
        }
    }

    fn look_for_more(&mut self, now: Timestamp, rates: Option<Rates>) {
        let losses = self.losses.verdict();
        let has_room = self.trend.usage() != Usage::Over && !matches!(losses, LossVerdict::High(_));
        self.probing.set_variation(self.trend.variation_ms());
        let patience = self.rtt.unwrap_or(RTT) + TRAIN_PATIENCE;
        while let Some(found) = self.probing.poll_found(now, patience) {
            let outlook = self.outlook(has_room, rates);
            let raised = if self.trial.runs() {
                let shown = self.trial.on_found(found, outlook);
                shown.inspect(|bps| self.proven.on_arrival(now, *bps))
            } else {
                let raised = self.search.on_found(now, found, outlook, &mut self.probing);
                // After a silence a path is mostly what it was.
                raised.inspect(|bps| {
                    if std::mem::take(&mut self.is_back) {
                        self.proven.on_arrival(now, *bps);
                    }
                })
            };
            if let Some(bps) = raised {
                self.rate.raise_to(now, bps);
            }
        }
        let outlook = self.outlook(has_room, rates);
        if self.trial.runs() || (self.is_stepped && self.rate.reduced().is_some()) {
            self.trial.on_outlook(now, outlook, &mut self.probing);
        } else {
            self.search.on_outlook(now, outlook, &mut self.probing);
        }
    }

    fn outlook(&self, is_calm: bool, rates: Option<Rates>) -> Outlook {
        Outlook {
            estimate_bps: self.rate.bps(),
            demand_bps: (self.demand as f64).min(self.bounds.max as f64),
            sent_bps: rates.map(|rates| rates.sent_bps),
            acknowledged_bps: rates.map(|rates| rates.acknowledged_bps),
            queue: self.queue.delay(),
            is_calm,
            is_free: self.losses.verdict() == LossVerdict::Free,
            proven_bps: self.proven.bps(),
            step_bps: self.step.map(|bps| bps as f64),
            reduced: self.rate.reduced(),
        }
    }

    /// When padding asks for an answer: more is wanted than the path is believed to carry, and nothing is sent that would show
    /// it.
    fn knocks_at(&self) -> Option<Timestamp> {
        let is_short = self.demand > self.estimate_bps() && self.probing.bps().is_none();
        let since = self.heard.last.map_or(self.last_sent, |heard| heard.max(self.last_sent));
        let is_untried = self.heard.last.is_none() && self.heard.waiting_since.is_none();
        is_short.then(|| since + if is_untried { FIRST_KNOCK } else { KNOCK })
    }

    /// When the estimate is to be halved next, because nothing is heard.
    fn silence_ends(&self) -> Option<Timestamp> {
        let since = self.heard.waiting_since.filter(|_| self.heard.halvings < HALVINGS_MAX)?;
        let usual = SILENCE.max(3 * self.heard.interval) + self.rtt.unwrap_or(2 * RTT);
        Some(since + usual + self.heard.halvings * SILENCE_STEP)
    }
}

#[cfg(test)]
mod tests;
