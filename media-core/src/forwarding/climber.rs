//! Owns how one picture goes up and down between its rungs: down at once, and after a fall up only after a while (NET-003).

use crate::{
    limits::{CLIMB_INTERVAL, CLIMB_PAUSE},
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

/// Why a picture falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shortage {
    /// The path would carry what the picture had, but something else is more important.
    Elsewhere,
    /// The path carries less than that.
    Path,
}

/// On which rung a picture stands, and when it may climb.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Climber {
    rung: Option<Rung>,
    since: Timestamp,
    climbs_from: Timestamp,
    climbed: Option<Timestamp>,
}

impl Default for Climber {
    fn default() -> Self {
        Self { rung: None, since: Timestamp::ZERO, climbs_from: Timestamp::ZERO, climbed: None }
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

    /// Whether it has climbed just now, so that what is sent does not show yet what it costs.
    pub(super) fn is_settling(&self, now: Timestamp) -> bool {
        self.climbed.is_some_and(|at| now.saturating_since(at) < CLIMB_INTERVAL)
    }

    /// From here on it stands on this rung; if that is a lower one, for want of this.
    pub(super) fn set(&mut self, now: Timestamp, rung: Option<Rung>, shortage: Shortage) {
        let before = std::mem::replace(&mut self.rung, rung);
        if rung == before {
            return;
        }
        let stood = now.saturating_since(std::mem::replace(&mut self.since, now));
        if rung > before {
            self.climbed = before.map(|_| now);
            self.climbs_from = now + CLIMB_INTERVAL;
            return;
        }
        self.climbed = None;
        let soon = now + CLIMB_INTERVAL;
        self.climbs_from = match shortage {
            Shortage::Elsewhere => soon,
            // Nothing at all is worse than a picture that changes.
            Shortage::Path if rung.is_none() => self.climbs_from.min(soon),
            // What was not seen has not fallen.
            Shortage::Path if stood < CLIMB_INTERVAL => self.climbs_from,
            Shortage::Path => now + CLIMB_PAUSE,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: Option<Rung> = Some(Rung { encoding: 0, temporal: TEMPORAL_ALL });
    const HIGH: Option<Rung> = Some(Rung { encoding: 2, temporal: TEMPORAL_ALL });

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_millis(ms)
    }

    /// How long a picture that has stood for a minute waits after a fall.
    fn pause_after(to: Option<Rung>, shortage: Shortage) -> u64 {
        let mut climber = Climber::default();
        climber.set(Timestamp::ZERO, HIGH, Shortage::Elsewhere);
        climber.set(at(60_000), to, shortage);
        (0..1_000).map(|step| step * 100).find(|ms| climber.may_climb(at(60_000 + ms))).unwrap()
    }

    #[test]
    fn a_picture_that_fell_for_want_of_room_stays_there_for_ten_seconds() {
        assert_eq!(pause_after(LOW, Shortage::Path), 10_000);
    }

    #[test]
    fn one_that_gave_way_or_is_not_sent_at_all_comes_back_soon() {
        assert_eq!(pause_after(LOW, Shortage::Elsewhere), 1_000);
        assert_eq!(pause_after(None, Shortage::Path), 0, "it could have climbed all the time");
        let mut climber = Climber::default();
        climber.set(Timestamp::ZERO, HIGH, Shortage::Elsewhere);
        climber.set(at(60_000), LOW, Shortage::Path);
        climber.set(at(61_000), None, Shortage::Path);
        assert!(!climber.may_climb(at(61_999)) && climber.may_climb(at(62_000)));
    }

    #[test]
    fn a_climb_settles_for_a_second() {
        let mut climber = Climber::default();
        climber.set(Timestamp::ZERO, LOW, Shortage::Elsewhere);
        climber.set(at(5_000), HIGH, Shortage::Elsewhere);
        assert!(climber.is_settling(at(5_999)) && !climber.may_climb(at(5_999)));
        assert!(!climber.is_settling(at(6_000)) && climber.may_climb(at(6_000)));
    }

    #[test]
    fn what_gives_way_before_it_was_seen_waits_for_nothing() {
        let mut climber = Climber::default();
        climber.set(Timestamp::ZERO, LOW, Shortage::Path);
        climber.set(Timestamp::from_millis(999), None, Shortage::Path);
        assert!(climber.may_climb(Timestamp::from_millis(1_000)));
    }

    #[test]
    fn less_of_the_same_encoding_is_a_lower_rung() {
        let base = Some(Rung { encoding: 1, temporal: 0 });
        assert!(LOW < base && base < Some(Rung { encoding: 1, temporal: TEMPORAL_ALL }) && None < LOW);
    }
}
