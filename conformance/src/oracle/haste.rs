//! Owns the one refusal that the model cannot foresee: that somebody asks too often. The text says only that floods harm
//! nobody but the liar (SEC-003), not where a flood begins; what is certain is that few requests are none.

use std::{collections::VecDeque, time::Duration};

use sim::scenario::{PersonIndex, Timestamp};

/// The time that is looked back on.
const LOOKED_BACK: Duration = Duration::from_secs(10);
/// Requests of one person in that time that are never too many.
const OWN_MAX: usize = 10;
/// Requests of everybody in that time that are never too many at a conference's door.
const ALL_MAX: usize = 50;

/// Who asked lately.
#[derive(Default)]
pub(super) struct Haste {
    lately: VecDeque<(Timestamp, PersonIndex)>,
}

impl Haste {
    /// Somebody asks.
    pub(super) fn on_asked(&mut self, at: Timestamp, who: PersonIndex) {
        self.lately.push_back((at, who));
        while self.lately.front().is_some_and(|(before, _)| at.saturating_since(*before) > LOOKED_BACK) {
            self.lately.pop_front();
        }
    }

    /// Whether a refusal for asking too often can be right; it has to change nothing then.
    pub(super) fn excuses(&self, who: PersonIndex) -> bool {
        let own = self.lately.iter().filter(|(_, asked)| *asked == who).count();
        own > OWN_MAX || self.lately.len() > ALL_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_requests_are_never_too_many() {
        let mut haste = Haste::default();
        for second in 0..100 {
            haste.on_asked(Timestamp::from_millis(second * 1_100), PersonIndex(1));
            assert!(!haste.excuses(PersonIndex(1)), "{second}");
        }
        (0..20).for_each(|_| haste.on_asked(Timestamp::from_millis(200_000), PersonIndex(1)));
        assert!(haste.excuses(PersonIndex(1)) && !haste.excuses(PersonIndex(2)));
    }
}
