//! Owns the trial of the next step on a path that was full once: for half a second padding fills what is sent up to what the
//! step would cost. Only what arrives so, and makes no queue, is climbed to; what does not fit ends with the first sign of a queue,
//! long before anybody's sound would wait.

use std::time::Duration;

use super::{
    probing::{Found, Probing},
    rate_search::Outlook,
};
use crate::Timestamp;

/// Long enough that a step which is a twentieth too large for the path shows as [`QUEUE_GROWTH`].
const LENGTH: Duration = Duration::from_millis(500);
/// So much more than the step is tried, so that what arrives is not a little less.
const MARGIN: f64 = 1.05;
/// No more is tried at once than this multiple of what was proven, or so much beyond it.
const FURTHER: f64 = 1.3;
const FURTHER_BPS: f64 = 250_000.0;
/// Below this share of what was proven in the last half minute something happened to the path, and may be over as suddenly:
/// trials are not long in coming, and grow, until this share of it is reached again.
const COLLAPSED: f64 = 0.5;
const RECOVERED: f64 = 0.9;
const REMEMBERED: Duration = Duration::from_secs(30);
/// So soon after one that succeeded the next tries so much more.
const SOON_AFTER: Duration = Duration::from_secs(3);
const FURTHER_BOLD: f64 = 1.8;
const CALM_COLLAPSED: Duration = Duration::from_millis(300);
const PAUSE_COLLAPSED: Duration = Duration::from_secs(1);
const PAUSE_COLLAPSED_MAX: Duration = Duration::from_secs(4);
/// A queue that has grown by this when a trial is over is its own.
const QUEUE_GROWTH: Duration = Duration::from_millis(25);
/// So much of its rate a trial keeps on its way if it fits.
const KEPT: f64 = 0.96;
/// A longer one ends it at once. Between the two it may be somebody else's burst, which is gone when the trial is over.
const QUEUE_MOST: Duration = Duration::from_millis(30);
/// None is begun on top of a longer queue, and so soon after one.
const QUEUE_SHORT: Duration = Duration::from_millis(20);
const CALM: Duration = Duration::from_secs(2);
/// See [`modesty`].
const MODEST_BPS: f64 = 600_000.0;
/// Between two trials; doubled by each that fails, up to the longest.
const PAUSE_SUCCESS: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_secs(3);
const PAUSE_MAX: Duration = Duration::from_secs(12);
/// Those who share a line do not try at the same time: each waits for up to this long at 1 Mbit/s and in proportion at other
/// rates, so that who has less tries more often, but for no less than that.
const WAIT: Duration = Duration::from_secs(4);
const WAIT_MIN: Duration = Duration::from_secs(1);

/// When was tried last, and with what success.
#[derive(Debug, Default)]
pub(super) struct StepTrial {
    runs: bool,
    tried: Timestamp,
    queue_before: Duration,
    pause: Duration,
    /// Drawn anew for each trial.
    wait: Duration,
    lot: u64,
    /// Since when a step is waited for.
    wanted: Option<Timestamp>,
    /// It carries much less than before, or has been getting more again since.
    recovers: bool,
    /// The most that was proven lately.
    height: Option<(f64, Timestamp)>,
    /// The last one succeeded: the next may be larger.
    succeeded: bool,
    /// The pause after the next failure.
    next_pause: Duration,
}

impl StepTrial {
    /// Whoever shares a line draws other lots.
    pub(super) fn set_lot(&mut self, lot: u64) {
        self.lot = lot;
        self.wait = self.draw_wait(0.0);
    }

    /// Whether one runs: the queue that it makes is no sign of too high an estimate.
    pub(super) const fn runs(&self) -> bool {
        self.runs
    }

    /// Feedback has come: how far the path is below what it was.
    pub(super) fn follow(&mut self, now: Timestamp, proven_bps: f64) {
        let is_kept = |(height, at)| proven_bps < height && now.saturating_since(at) < REMEMBERED;
        let (height, _) = *match &mut self.height {
            Some(height) if is_kept(*height) => height,
            height => height.insert((proven_bps, now)),
        };
        self.recovers = proven_bps < COLLAPSED * height || (self.recovers && proven_bps < RECOVERED * height);
    }

    /// Feedback has come; `proven_bps` is what the path has been seen to carry.
    pub(super) fn on_outlook(&mut self, now: Timestamp, outlook: Outlook, probing: &mut Probing) {
        if self.runs {
            if !outlook.is_free || outlook.queue > self.queue_before + QUEUE_MOST.mul_f64(modesty(outlook)) {
                probing.stop();
            }
            if !probing.is_busy() {
                self.fail();
            }
            return;
        }
        let Some(step) = outlook.step_bps.filter(|step| *step > outlook.proven_bps) else {
            self.wanted = None;
            return;
        };
        let wanted = *self.wanted.get_or_insert(now);
        let (pause, wait, calm) = if self.recovers {
            (self.pause.min(PAUSE_COLLAPSED_MAX), Duration::ZERO, CALM_COLLAPSED)
        } else {
            (self.pause, self.wait, CALM.div_f64(modesty(outlook)))
        };
        let is_after_queue = outlook.reduced.is_some_and(|at| now.saturating_since(at) < calm);
        if probing.is_busy()
            || !outlook.is_calm
            || outlook.queue > QUEUE_SHORT
            || is_after_queue
            || now < wanted.max(self.tried + pause) + wait
        {
            return;
        }
        self.queue_before = outlook.queue;
        // What was taken away may have come back: after a success more is tried than the next step needs.
        let is_bold = self.recovers && self.succeeded && now.saturating_since(self.tried) < SOON_AFTER;
        self.runs = true;
        self.tried = now;
        let factor = if is_bold { FURTHER_BOLD } else { FURTHER };
        let most = (factor * outlook.proven_bps).max(outlook.proven_bps + FURTHER_BPS);
        let tried = if is_bold { step.max(most.min(outlook.demand_bps)) } else { step };
        probing.ask_for(now, (MARGIN * tried).min(most), LENGTH);
        self.wait = self.draw_wait(outlook.proven_bps);
    }

    fn draw_wait(&mut self, bps: f64) -> Duration {
        let most = WAIT.mul_f64((bps / 1e6).min(2.0)).max(WAIT_MIN);
        // Knuth's linear congruential generator (MMIX): any spread will do.
        self.lot = self.lot.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        most.mul_f64((self.lot >> 40) as f64 / f64::from(1 << 24))
    }

    /// The trial has arrived; gives what the path has been shown to carry.
    pub(super) fn on_found(&mut self, found: Found, outlook: Outlook) -> Option<f64> {
        if found.kept < KEPT || outlook.queue > self.queue_before + QUEUE_GROWTH.mul_f64(modesty(outlook)) {
            self.fail();
            return None;
        }
        self.runs = false;
        self.succeeded = true;
        self.pause = PAUSE_SUCCESS;
        self.next_pause = Duration::ZERO;
        Some(found.bps)
    }

    fn fail(&mut self) {
        self.runs = false;
        self.succeeded = false;
        self.pause = self.next_pause.max(if self.recovers { PAUSE_COLLAPSED } else { PAUSE });
        self.next_pause = (2 * self.pause).min(PAUSE_MAX);
        self.recovers = false;
    }
}

/// Who has little is bolder than who has much, so that those who share a line come to have the same: 1 at [`MODEST_BPS`], more
/// below it.
fn modesty(outlook: Outlook) -> f64 {
    (MODEST_BPS / outlook.proven_bps.max(1.0)).sqrt().clamp(0.5, 2.0)
}
