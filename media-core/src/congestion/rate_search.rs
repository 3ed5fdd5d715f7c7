//! Owns when to look for more: at the beginning, after a fall, after a silence, and while what is sent says nothing about what
//! could be sent. How a train of packets is sent and read is `probing`'s.

use std::time::Duration;

use super::probing::{Found, Probing};
use crate::Timestamp;

/// The first two trains, in multiples of the rate at the beginning (libwebrtc's numbers).
const FIRST: [f64; 2] = [3.0, 6.0];
/// A train that shows this share of what it tried is followed by one at twice what it showed.
const SUCCESS: f64 = 0.7;
/// Later ones try this multiple of the estimate.
const FURTHER: f64 = 2.0;
/// Nothing is tried beyond this multiple of what is wanted: a little more, so that the estimate can get there.
const DEMAND_MARGIN: f64 = 1.1;
/// Between two searches; doubled by each that found nothing, up to the longest.
const PAUSE: Duration = Duration::from_secs(5);
const PAUSE_MAX: Duration = Duration::from_secs(40);
/// The longest after a fall: what was taken away may come back.
const PAUSE_FALLEN_MAX: Duration = Duration::from_secs(6);
/// When so much more is wanted than at the last search, there is another one soon: that one stopped at what was wanted.
const WANTED_MORE: f64 = 1.2;
const PAUSE_WANTED: Duration = Duration::from_millis(300);
/// After a queue, nothing is searched for so long.
const CALM: Duration = Duration::from_secs(2);
/// A success after which a queue grows within this time was none.
const TRIAL: Duration = Duration::from_secs(3);
/// What is sent says nothing of the path below this share of the estimate.
const LIMITED: f64 = 0.8;
/// The estimate has fallen if it is below this share of what it was.
const FALLEN: f64 = 0.66;
/// And that is remembered for so long.
const FALL_REMEMBERED: Duration = Duration::from_mins(2);

/// What decides about a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook {
    pub(super) estimate_bps: f64,
    pub(super) demand_bps: f64,
    /// What was sent of what arrived lately.
    pub(super) sent_bps: Option<f64>,
    /// No queue grows or stands, and losses do not stand against more.
    pub(super) is_calm: bool,
    /// When the estimate last went down because of a queue.
    pub(super) reduced: Option<Timestamp>,
}

/// When was searched last, and with what success.
#[derive(Debug)]
pub(super) struct RateSearch {
    has_begun: bool,
    searched: Timestamp,
    /// What was wanted then.
    searched_for: f64,
    pause: Duration,
    /// When a train last raised the estimate, and from what.
    raised: Option<(Timestamp, f64)>,
    /// The highest estimate, until it is reached again or forgotten.
    height: Option<(f64, Timestamp)>,
}

impl Default for RateSearch {
    fn default() -> Self {
        Self {
            has_begun: false,
            searched: Timestamp::ZERO,
            searched_for: 0.0,
            pause: PAUSE,
            raised: None,
            height: None,
        }
    }
}

impl RateSearch {
    /// Something is sent, and so much is wanted.
    pub(super) fn begin(&mut self, now: Timestamp, start_bps: f64, demand_bps: f64, probing: &mut Probing) {
        if self.has_begun || demand_bps <= start_bps {
            return;
        }
        self.has_begun = true;
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
        if found.bps <= 1.1 * outlook.estimate_bps {
            if !probing.is_busy() && self.raised.is_none_or(|(at, _)| at < self.searched) {
                self.pause = (2 * self.pause).min(PAUSE_MAX);
            }
            return (found.bps > outlook.estimate_bps).then_some(found.bps);
        }
        self.raised = Some((now, outlook.estimate_bps));
        let next = (FURTHER * found.bps).min(DEMAND_MARGIN * outlook.demand_bps);
        if found.bps > SUCCESS * found.tried_bps && next > 1.2 * found.bps && !probing.is_busy() {
            probing.ask(now, next);
        }
        Some(found.bps)
    }

    /// Feedback has come.
    pub(super) fn on_outlook(&mut self, now: Timestamp, outlook: Outlook, probing: &mut Probing) {
        let has_fallen = self.follow_height(now, outlook.estimate_bps);
        self.judge_raise(outlook);
        let wants_more = outlook.demand_bps > WANTED_MORE * self.searched_for;
        let pause = match has_fallen {
            _ if wants_more => PAUSE_WANTED,
            true => self.pause.min(PAUSE_FALLEN_MAX),
            false => self.pause,
        };
        let is_limited = outlook.sent_bps.is_none_or(|bps| bps < LIMITED * outlook.estimate_bps);
        let is_after_queue = outlook.reduced.is_some_and(|at| now.saturating_since(at) < CALM);
        if probing.is_busy()
            || !self.has_begun
            || !outlook.is_calm
            || is_after_queue
            || !(is_limited || has_fallen || wants_more)
            || outlook.demand_bps <= outlook.estimate_bps
            || now.saturating_since(self.searched) < pause
        {
            return;
        }
        self.searched = now;
        self.searched_for = outlook.demand_bps;
        probing.ask(now, (FURTHER * outlook.estimate_bps).min(DEMAND_MARGIN * outlook.demand_bps));
    }

    /// What a queue takes away again soon after was not found.
    fn judge_raise(&mut self, outlook: Outlook) {
        let Some((raised, from_bps)) = self.raised else { return };
        let is_on_trial = |at: Timestamp| at >= raised && at.saturating_since(raised) < TRIAL;
        if outlook.reduced.is_some_and(is_on_trial) && outlook.estimate_bps < 1.1 * from_bps {
            self.raised = None;
            self.pause = (2 * self.pause).min(PAUSE_MAX);
        }
    }

    /// Whether the estimate has fallen far and is not back yet.
    fn follow_height(&mut self, now: Timestamp, bps: f64) -> bool {
        match self.height {
            Some((height, at)) if bps < FALLEN * height && now.saturating_since(at) < FALL_REMEMBERED => true,
            Some((height, at)) if bps < height && now.saturating_since(at) < FALL_REMEMBERED => false,
            _ => {
                self.height = Some((bps, now));
                false
            }
        }
    }
}
