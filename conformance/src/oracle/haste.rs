//! Owns the one refusal that the model cannot foresee: that somebody asks too often. The text says only that floods harm
//! nobody but the liar (SEC-003), not where a flood begins; what is certain is that few requests are none.

use std::{collections::VecDeque, time::Duration};

use sim::scenario::{PersonIndex, Timestamp};

use crate::model::Ask;

/// The time that is looked back on.
const LOOKED_BACK: Duration = Duration::from_secs(10);
/// Requests of one person in that time that are never too many.
const OWN_MAX: usize = 20;
/// Requests of one person in that time after which another change of view may be one too many: each can cost others a key
/// frame.
const VIEWS_MAX: usize = 8;
/// Requests of everybody in that time that are never too many at a conference's door.
const ALL_MAX: usize = 50;

/// Who asked lately.
#[derive(Default)]
pub(super) struct Haste {
    lately: VecDeque<(Timestamp, PersonIndex, bool)>,
}

impl Haste {
    /// Somebody asks.
    pub(super) fn on_asked(&mut self, at: Timestamp, who: PersonIndex, ask: &Ask) {
        self.lately.push_back((at, who, matches!(ask, Ask::Join { .. })));
        while self.lately.front().is_some_and(|(before, ..)| at.saturating_since(*before) > LOOKED_BACK) {
            self.lately.pop_front();
        }
    }

    /// Whether a refusal for asking too often can be right; it has to change nothing then. Only what others have to hear of
    /// is bounded, or pay for, and nobody pays for others' haste but at the door.
    pub(super) fn excuses(&self, who: PersonIndex, ask: &Ask) -> bool {
        let own = self.lately.iter().filter(|(_, asked, _)| *asked == who).count();
        let joins = self.lately.iter().filter(|(.., joins)| *joins).count();
        let heard_of = matches!(
            ask,
            Ask::Start { .. }
                | Ask::Join { .. }
                | Ask::Publish { .. }
                | Ask::RaiseHand
                | Ask::LowerHand
                | Ask::OfferKeyPackage(_)
                | Ask::Commit(_)
        );
        let views = matches!(ask, Ask::Watch { .. }) && own > VIEWS_MAX;
        views || (heard_of && own > OWN_MAX) || (matches!(ask, Ask::Join { .. }) && joins > ALL_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_requests_are_never_too_many() {
        let mut haste = Haste::default();
        for second in 0..100 {
            haste.on_asked(Timestamp::from_millis(second * 1_100), PersonIndex(1), &Ask::RaiseHand);
            assert!(!haste.excuses(PersonIndex(1), &Ask::RaiseHand), "{second}");
        }
        for _ in 0..30 {
            haste.on_asked(Timestamp::from_millis(200_000), PersonIndex(1), &Ask::RaiseHand);
        }
        assert!(haste.excuses(PersonIndex(1), &Ask::RaiseHand));
        assert!(!haste.excuses(PersonIndex(1), &Ask::Lock(true)), "nobody else hears of it");
        assert!(!haste.excuses(PersonIndex(2), &Ask::RaiseHand), "nobody pays for others");
    }
}
