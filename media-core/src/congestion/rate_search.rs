//! Owns when to look for more: at the beginning, after a fall, after a silence, and while what is sent says nothing about what
//! could be sent. How a train of packets is sent and read is `probing`'s.

use std::time::Duration;

use super::probing::{Found, Probing};
use crate::Timestamp;

/// The first two trains, in multiples of the rate at the beginning (libwebrtc's numbers).
const FIRST: [f64; 2] = [3.0, 6.0];
/// A train that shows this share of what it tried is followed by one at twice what it showed.
const SUCCESS: f64 = 0.7;
/// Later ones try this multiple of the estimate; long ones less, because what does not fit waits.
const FURTHER: f64 = 2.0;
const FURTHER_LONG: f64 = 1.5;
/// Nothing is tried beyond this multiple of what is wanted: a little more, so that the estimate can get there.
const DEMAND_MARGIN: f64 = 1.1;
/// Between two searches; doubled by each that found nothing, up to the longest.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(40);
/// How long a path that loses packets counts as new.
const START: Duration = Duration::from_secs(15);
/// Before the path was ever full.
const PAUSE_START: Duration = Duration::from_secs(1);
/// The longest after a fall: what was taken away may come back.
const PAUSE_FALLEN_MAX: Duration = Duration::from_secs(5);
/// When so much more is wanted than at the last search, there is another one soon: that one stopped at what was wanted.
const WANTED_MORE: f64 = 1.2;
const PAUSE_WANTED: Duration = Duration::from_millis(300);
/// The longest after a find that was none: others share the line, or its delay varies by itself.
const MISTRUST_MAX: Duration = Duration::from_secs(80);
/// After a queue, nothing is searched for so long: those who fill a line together make one every three seconds.
const CALM: Duration = Duration::from_secs(4);
/// Nothing is searched for on top of a longer queue than this.
const QUEUE_SHORT: Duration = Duration::from_millis(30);
/// A train that makes the queue longer by this does not fit.
const QUEUE_GROWTH: Duration = Duration::from_millis(25);
/// A success after which a queue grows within this time was none.
const TRIAL: Duration = Duration::from_secs(3);
/// What is sent says nothing of the path below this share of the estimate.
const LIMITED: f64 = 0.8;
/// How much the last feedback counts in that.
const USED_SMOOTHING: f64 = 0.1;
/// One find is followed by the next at once if the path was not full for so long.
const NOT_FULL: Duration = Duration::from_secs(30);
/// The estimate has fallen if it is below this share of what it was.
const FALLEN: f64 = 0.66;
/// Below this share of it something happened to the line, and may be over as suddenly: those who share a line do not do that
/// to each other.
const COLLAPSED: f64 = 0.2;
const PAUSE_COLLAPSED: Duration = Duration::from_millis(1_500);
/// What it was counts up to this multiple of what arrived.
const HEIGHT_MARGIN: f64 = 1.2;
/// And that is remembered for so long.
const FALL_REMEMBERED: Duration = Duration::from_mins(2);

/// What decides about a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook {
    pub(super) estimate_bps: f64,
    pub(super) demand_bps: f64,
    /// What was sent of what arrived lately.
    pub(super) sent_bps: Option<f64>,
    /// What arrives.
    pub(super) acknowledged_bps: Option<f64>,
    /// How long packets wait.
    pub(super) queue: Duration,
    /// No queue grows, and losses do not stand against more.
    pub(super) is_calm: bool,
    /// Hardly anything is lost.
    pub(super) is_free: bool,
    /// What the path has been seen to carry.
    pub(super) proven_bps: f64,
    /// What the next step would cost, if one is waited for.
    pub(super) step_bps: Option<f64>,
    /// When the estimate last went down because of a queue.
    pub(super) reduced: Option<Timestamp>,
}

/// When was searched last, and with what success.
#[derive(Debug)]
#[repr(C)]
pub(super) struct RateSearch {
    began: Option<Timestamp>,
    searched: Timestamp,
    /// How long packets waited then.
    queue_before: Duration,
    /// What was wanted then.
    searched_for: f64,
    pause: Duration,
    /// At least this long between two searches, because finds were none.
    mistrust: Duration,
    /// When a train last raised the estimate, and from what.
    raised: Option<(Timestamp, f64)>,
    /// Share of the estimate that was sent lately.
    used: f64,
    /// The highest estimate, until it is reached again or forgotten.
    height: Option<(f64, Timestamp)>,
}

impl Default for RateSearch {
    fn default() -> Self {
        Self {
            began: None,
            searched: Timestamp::ZERO,
            queue_before: Duration::ZERO,
            searched_for: 0.0,
            pause: PAUSE,
            mistrust: Duration::ZERO,
            used: 0.0,
            raised: None,
            height: None,
        }
    }
}

impl RateSearch {
    /// Whether anything was sent for which there is more to be found.
    pub(super) const fn has_begun(&self) -> bool {
        self.began.is_some()
    }

    /// Something is sent, and so much is wanted.
    pub(super) fn begin(&mut self, now: Timestamp, start_bps: f64, demand_bps: f64, probing: &mut Probing) {
        if self.began.is_some() || demand_bps <= start_bps {
            return;
        }
        self.began = Some(now);
        self.searched = now;
        self.searched_for = demand_bps;
        let most = DEMAND_MARGIN * demand_bps;
        for factor in FIRST {
            probing.ask(now, (factor * start_bps).min(most));
            if factor * start_bps >= most {
                break;
            }
        }
    }

    /// The receiver is heard again after a silence; before it the estimate was `bps`.
    pub(super) fn on_return(&mut self, now: Timestamp, bps: f64, demand_bps: f64, probing: &mut Probing) {
        self.searched = now;
        self.pause = PAUSE;
        probing.stop();
        probing.ask(now, bps.min(DEMAND_MARGIN * demand_bps));
    }

    /// A train has arrived; gives what the estimate may be raised to.
    pub(super) fn on_found(
        &mut self,
        now: Timestamp,
        found: Found,
        outlook: Outlook,
        probing: &mut Probing,
    ) -> Option<f64> {
        let fits = outlook.is_calm && outlook.queue < self.queue_before + QUEUE_GROWTH;
        if found.bps <= 1.1 * outlook.estimate_bps || !fits {
            if !probing.is_busy() && self.raised.is_none_or(|(at, _)| at < self.searched) {
                self.pause = (2 * self.pause).min(PAUSE_MAX);
            }
            return (fits && found.bps > outlook.estimate_bps).then_some(found.bps);
        }
        self.raised = Some((now, outlook.estimate_bps));
        let next = (further(probing) * found.bps).min(DEMAND_MARGIN * outlook.demand_bps);
        let is_wide = outlook.reduced.is_none_or(|at| now.saturating_since(at) > NOT_FULL);
        let goes_on = self.is_starting(now, outlook)
            || (outlook.is_free && (is_wide || self.has_fallen(now, outlook.estimate_bps, FALLEN)));
        if goes_on && found.bps > SUCCESS * found.tried_bps && next > 1.2 * found.bps && !probing.is_busy() {
            probing.ask(now, next);
        }
        Some(found.bps)
    }

    /// Feedback has come.
    pub(super) fn on_outlook(&mut self, now: Timestamp, outlook: Outlook, probing: &mut Probing) {
        self.follow_height(now, outlook);
        let has_fallen = self.has_fallen(now, outlook.estimate_bps, FALLEN);
        let has_collapsed = self.has_fallen(now, outlook.estimate_bps, COLLAPSED);
        self.judge_raise(now, outlook);
        let wants_more = outlook.demand_bps > WANTED_MORE * self.searched_for;
        let mut pause = self.pause_before_search(has_fallen, wants_more, outlook);
        let mut calm = CALM;
        if has_collapsed {
            (pause, calm) = (pause.min(PAUSE_COLLAPSED).max(self.mistrust), PAUSE_COLLAPSED);
        }
        let used = outlook.sent_bps.unwrap_or(0.0) / outlook.estimate_bps;
        self.used += USED_SMOOTHING * (used - self.used);
        let is_limited = self.used < LIMITED;
        let is_after_queue = outlook.reduced.is_some_and(|at| now.saturating_since(at) < calm);
        if probing.is_busy()
            || self.began.is_none()
            || !outlook.is_calm
            || outlook.queue > QUEUE_SHORT
            || is_after_queue
            || !(is_limited
                || wants_more
                || self.is_starting(now, outlook)
                || (outlook.is_free && has_fallen))
            || outlook.demand_bps <= outlook.estimate_bps
            || now.saturating_since(self.searched) < pause
        {
            return;
        }
        self.searched = now;
        self.searched_for = outlook.demand_bps;
        self.queue_before = outlook.queue;
        probing.ask(now, (further(probing) * outlook.estimate_bps).min(DEMAND_MARGIN * outlook.demand_bps));
    }

    /// What a queue takes away again soon after was not found.
    fn judge_raise(&mut self, now: Timestamp, outlook: Outlook) {
        let Some((raised, from_bps)) = self.raised else { return };
        let was_reduced =
            outlook.reduced.is_some_and(|at| at >= raised && at.saturating_since(raised) < TRIAL);
        if was_reduced && outlook.estimate_bps < 1.1 * from_bps {
            self.raised = None;
            self.mistrust = (2 * self.mistrust).clamp(2 * PAUSE, MISTRUST_MAX);
        } else if now.saturating_since(raised) > TRIAL {
            self.raised = None;
            self.mistrust = Duration::ZERO;
        }
    }

    /// Those who share a line do not search at the same time: the estimate, of which no two are alike, makes the pause up to a
    /// half longer.
    fn pause_before_search(&self, has_fallen: bool, wants_more: bool, outlook: Outlook) -> Duration {
        let most = match outlook.reduced {
            _ if wants_more => PAUSE_WANTED,
            None => PAUSE_START,
            Some(_) if has_fallen => PAUSE_FALLEN_MAX,
            Some(_) => PAUSE_MAX,
        };
        let pause = self.pause.min(most).max(self.mistrust);
        pause + pause * (outlook.estimate_bps as u64 % 512) as u32 / 1024
    }

    /// Whether the path was never full; if it loses packets, for a while only.
    fn is_starting(&self, now: Timestamp, outlook: Outlook) -> bool {
        let is_new = self.began.is_none_or(|at| now.saturating_since(at) < START);
        outlook.reduced.is_none() && (outlook.is_free || is_new)
    }

    /// Whether the estimate has fallen below this share of what it was, and is not back yet.
    fn has_fallen(&self, now: Timestamp, bps: f64, share: f64) -> bool {
        self.height
            .is_some_and(|(height, at)| bps < share * height && now.saturating_since(at) < FALL_REMEMBERED)
    }

    fn follow_height(&mut self, now: Timestamp, outlook: Outlook) {
        // What was believed only and never arrived is no height.
        let proven = HEIGHT_MARGIN * outlook.acknowledged_bps.unwrap_or(0.0);
        let height = outlook.estimate_bps.min(proven);
        let is_remembered = |(before, at)| height < before && now.saturating_since(at) < FALL_REMEMBERED;
        if !self.height.is_some_and(is_remembered) {
            self.height = Some((height, now));
        }
    }
}

fn further(probing: &Probing) -> f64 {
    if probing.is_long() { FURTHER_LONG } else { FURTHER }
}
