//! Owns how one picture goes up and down between its rungs: down at once, up only after a while, and later each time that a
//! climb was a mistake (NET-003).

use std::time::Duration;

use crate::{
    limits::{CLIMB_INTERVAL, CLIMB_PAUSE, CLIMB_PAUSE_MAX, CLIMB_TRIAL},
    time::Timestamp,
};

/// The temporal layer of a rung on which nothing is left out.
pub(super) const TEMPORAL_ALL: u8 = u8::MAX;

/// A way in which a picture can be sent; a higher rung is a better picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rung {
    /// Which simulcast encoding.
    pub(super) encoding: u8,
    /// Its highest temporal layer that goes through.
    pub(super) temporal: u8,
}

/// On which rung a picture stands, and when it may climb.
#[derive(Debug)]
pub(super) struct Climber {
    rung: Option<Rung>,
    since: Timestamp,
    climbs_from: Timestamp,
    climbed: Option<Timestamp>,
    pause: Duration,
}

impl Default for Climber {
    fn default() -> Self {
        Self {
            rung: None,
            since: Timestamp::ZERO,
            climbs_from: Timestamp::ZERO,
            climbed: None,
            pause: CLIMB_PAUSE,
        }
    }
}

impl Climber {
    /// Where it stands; `None`: it is not sent.
    pub(super) fn rung(&self) -> Option<Rung> {
        self.rung
    }

    /// Whether it may climb.
    pub(super) fn may_climb(&self, now: Timestamp) -> bool {
        now >= self.climbs_from
    }

    /// The viewer wants something else: that is not a matter of the path.
    pub(super) fn on_wish(&mut self) {
        self.climbs_from = Timestamp::ZERO;
    }

    /// Nobody watches.
    pub(super) fn clear(&mut self) {
        self.rung = None;
    }

    /// From here on it stands on this rung.
    pub(super) fn set(&mut self, now: Timestamp, rung: Option<Rung>) {
        let before = std::mem::replace(&mut self.rung, rung);
        if rung == before {
            return;
        }
        let stood = now.saturating_since(std::mem::replace(&mut self.since, now));
        // What gives way to something more important before it was seen has not fallen.
        if rung < before && (self.climbed.is_some() || stood >= CLIMB_INTERVAL) {
            let hasty = self.climbed.take().is_some_and(|at| now.saturating_since(at) < CLIMB_TRIAL);
            self.pause = if hasty { (self.pause * 2).min(CLIMB_PAUSE_MAX) } else { CLIMB_PAUSE };
            // Nothing at all is worse than a picture that changes.
            let pause = if rung.is_none() && !hasty { CLIMB_INTERVAL } else { self.pause };
            self.climbs_from = now + pause;
        } else if rung > before {
            if before.is_some() {
                self.climbed = Some(now);
            }
            self.climbs_from = now + CLIMB_INTERVAL;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: Option<Rung> = Some(Rung { encoding: 0, temporal: TEMPORAL_ALL });
    const HIGH: Option<Rung> = Some(Rung { encoding: 2, temporal: TEMPORAL_ALL });

    fn pause_after(falls: u64) -> u64 {
        let mut climber = Climber::default();
        let mut now = 0;
        for _ in 0..falls {
            climber.set(Timestamp::from_millis(now), HIGH);
            climber.set(Timestamp::from_millis(now + 1_000), LOW);
            now += 1_000;
            while !climber.may_climb(Timestamp::from_millis(now)) {
                now += 100;
            }
        }
        climber.set(Timestamp::from_millis(now), HIGH);
        climber.set(Timestamp::from_millis(now + 1_000), LOW);
        (0..1_000)
            .map(|step| step * 100)
            .find(|step| climber.may_climb(Timestamp::from_millis(now + 1_000 + step)))
            .unwrap()
    }

    #[test]
    fn each_climb_that_was_a_mistake_makes_the_next_one_wait_longer() {
        assert_eq!(pause_after(0), 4_000, "it did not climb, it began there");
        assert_eq!(pause_after(1), 8_000);
        assert_eq!(pause_after(2), 16_000);
        assert_eq!(pause_after(9), 40_000);
    }

    #[test]
    fn a_fall_long_after_the_climb_is_no_mistake_of_it() {
        let mut climber = Climber::default();
        climber.set(Timestamp::ZERO, LOW);
        climber.set(Timestamp::from_millis(2_000), HIGH);
        climber.set(Timestamp::from_millis(60_000), LOW);
        assert!(!climber.may_climb(Timestamp::from_millis(63_999)));
        assert!(climber.may_climb(Timestamp::from_millis(64_000)));
    }

    #[test]
    fn what_gives_way_before_it_was_seen_waits_for_nothing() {
        let mut climber = Climber::default();
        climber.set(Timestamp::ZERO, LOW);
        climber.set(Timestamp::from_millis(999), None);
        assert!(climber.may_climb(Timestamp::from_millis(1_000)));
    }

    #[test]
    fn less_of_the_same_encoding_is_a_lower_rung() {
        let base = Some(Rung { encoding: 1, temporal: 0 });
        assert!(LOW < base && base < Some(Rung { encoding: 1, temporal: TEMPORAL_ALL }) && None < LOW);
    }
}
