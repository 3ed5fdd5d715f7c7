//! Owns what losses say: the share that was lost lately, and how much of it the path loses by itself, whatever is sent.

use std::{collections::VecDeque, time::Duration};

use crate::Timestamp;

/// A window is complete after this time and with so many packets.
const WINDOW: Duration = Duration::from_millis(400);
const WINDOW_PACKETS: u32 = 20;
/// A window does not take longer, however few packets there are.
const WINDOW_MAX: Duration = Duration::from_secs(5);
/// Windows that are remembered: 8 s or more.
const WINDOWS: usize = 20;
/// If so many of them had less than this share of the highest rate, and lost packets all the same, the path loses by itself.
const SLOW_WINDOWS: usize = 3;
const SLOW: f64 = 0.93;
/// How much the last window counts in what is reported.
const SMOOTHING: f64 = 0.3;
/// Up to this share losses hinder nothing, above that one the rate goes down (draft-ietf-rmcat-gcc-02 section 6).
const FREE: f64 = 0.02;
const HIGH: f64 = 0.10;
/// Losses are taken for the path's own up to this multiple of the least, and a little more: windows are small.
const OWN_FACTOR: f64 = 1.5;
const OWN_MARGIN: f64 = 0.03;

/// What losses say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum LossVerdict {
    /// Nothing stands against more.
    Free,
    /// The path loses by itself; what is sent changes little. More only slowly.
    Own,
    /// Not more.
    Hold,
    /// Less: this share was lost.
    High(f64),
}

/// Losses over time.
#[derive(Debug, Default)]
pub(super) struct Losses {
    began: Option<Timestamp>,
    lost: u32,
    total: u32,
    /// Rate and share lost of each.
    windows: VecDeque<(f64, f64)>,
    /// What the path loses by itself.
    own: f64,
    smoothed: f64,
    last: f64,
}

impl Losses {
    /// At this rate, feedback spoke of so many packets for the first time, of which so many are missing; so many more had been called missing
    /// and are not.
    pub(super) fn on_feedback(
        &mut self,
        now: Timestamp,
        bps: f64,
        (total, lost, found): (u32, u32, u32),
    ) -> Option<LossVerdict> {
        self.total = self.total.saturating_add(total);
        self.lost = self.lost.saturating_add(lost).saturating_sub(found);
        let age = now.saturating_since(*self.began.get_or_insert(now));
        if self.total == 0 || ((age < WINDOW || self.total < WINDOW_PACKETS) && age < WINDOW_MAX) {
            return None;
        }
        self.last = f64::from(self.lost.min(self.total)) / f64::from(self.total);
        self.smoothed += SMOOTHING * (self.last - self.smoothed);
        if self.windows.len() == WINDOWS {
            self.windows.pop_front();
        }
        self.windows.push_back((bps, self.last));
        self.learn();
        (self.began, self.lost, self.total) = (Some(now), 0, 0);
        Some(self.verdict())
    }

    /// Share of packets lost lately, 0 to 1.
    pub(super) fn share(&self) -> f64 {
        self.smoothed
    }

    /// What the last complete windows say.
    pub(super) fn verdict(&self) -> LossVerdict {
        // The mean of the last two: one window has few packets.
        let before = self.windows.iter().rev().nth(1).map_or(self.last, |(_, share)| *share);
        let share = f64::midpoint(self.last, before);
        if share < FREE {
            return LossVerdict::Free;
        }
        let is_own = self.own > 0.0 && share < OWN_FACTOR * self.own + OWN_MARGIN;
        match (is_own, share > HIGH) {
            (true, _) => LossVerdict::Own,
            (false, true) => LossVerdict::High(share),
            (false, false) => LossVerdict::Hold,
        }
    }
}

impl Losses {
    /// Losses that do not become fewer when less is sent are the path's own.
    fn learn(&mut self) {
        let highest = self.windows.iter().map(|(bps, _)| *bps).fold(0.0, f64::max);
        let slow = self.windows.iter().filter(|(bps, _)| *bps < SLOW * highest).map(|(_, share)| *share);
        if slow.clone().count() >= SLOW_WINDOWS {
            self.own = slow.fold(f64::INFINITY, f64::min);
        }
        // The mean of three windows shows when the path has become better.
        let lately = self.windows.iter().rev().take(SLOW_WINDOWS).map(|(_, share)| share).sum::<f64>();
        self.own = self.own.min(lately / SLOW_WINDOWS as f64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_verdict(windows: &[(f64, u32)]) -> LossVerdict {
        let mut losses = Losses::default();
        losses.on_feedback(Timestamp::ZERO, 1e6, (0, 0, 0));
        for (n, (bps, lost)) in (1..).zip(windows) {
            losses.on_feedback(Timestamp::from_millis(n * 400), *bps, (100, *lost, 0)).unwrap();
        }
        losses.verdict()
    }

    #[test]
    fn a_few_losses_hinder_nothing() {
        assert_eq!(last_verdict(&[(1e6, 1), (1e6, 2), (1e6, 1)]), LossVerdict::Free);
    }

    #[test]
    fn many_losses_at_once_are_congestion() {
        assert_eq!(last_verdict(&[(1e6, 0), (1e6, 20), (1e6, 20)]), LossVerdict::High(0.2));
        assert_eq!(last_verdict(&[(1e6, 0), (1e6, 5), (1e6, 5)]), LossVerdict::Hold);
    }

    #[test]
    fn losses_that_do_not_follow_the_rate_are_the_paths_own() {
        let mut windows = vec![(1e6, 11); 10];
        assert_eq!(last_verdict(&windows), LossVerdict::High(0.11));
        windows.extend([(0.8e6, 11); 3]);
        assert_eq!(last_verdict(&windows), LossVerdict::Own);
        windows.push((0.8e6, 30));
        assert!(matches!(last_verdict(&windows), LossVerdict::High(_)));
    }

    #[test]
    fn losses_that_follow_the_rate_are_not() {
        let windows = [(1e6, 11), (1e6, 11), (0.8e6, 0), (0.8e6, 0), (0.8e6, 0), (1e6, 11), (1e6, 11)];
        assert_eq!(last_verdict(&windows), LossVerdict::High(0.11));
    }

    #[test]
    fn a_packet_that_was_only_late_is_not_lost() {
        let mut losses = Losses::default();
        losses.on_feedback(Timestamp::ZERO, 1e6, (50, 10, 0));
        assert_eq!(
            losses.on_feedback(Timestamp::from_millis(500), 1e6, (50, 0, 10)),
            Some(LossVerdict::Free)
        );
        assert!(losses.share().abs() < f64::EPSILON);
    }
}
