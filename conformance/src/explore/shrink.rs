//! Owns making a broken scenario small: fewer moves first, then simpler ones and a simpler cast, as long as anything stays
//! broken. What is broken may change on the way; the smallest scenario is its own witness.

use std::sync::atomic::Ordering;
use std::time::Duration;

use proptest::strategy::ValueTree;

use super::{Drawn, Found, Search, attempt, draw, name};
use crate::{arb::script, rehearsal::HarnessError};

/// Runs that may be spent on making one scenario small.
const RUNS_MAX: u32 = 400;

/// The smallest scenario, its violation, and what it took.
struct Smallest {
    search: Search,
    case: u32,
    drawn: Drawn,
    at: Duration,
    violation: String,
    runs: u32,
}

/// Makes the broken scenario number `case` small.
pub(super) fn shrink(search: Search, case: u32) -> Result<Found, HarnessError> {
    let mut tree = draw(search.seed, case);
    let (plan, moves, seen) = tree.current();
    let drawn_moves = moves.len();
    let mut smallest = Smallest {
        search,
        case,
        drawn: (plan, moves),
        at: Duration::ZERO,
        violation: String::new(),
        runs: 0,
    };
    let whole = smallest.drawn.clone();
    assert!(smallest.accept(&whole)?, "what was broken is broken again");
    if let Some(seen) = seen {
        seen.store(drawn_moves, Ordering::SeqCst);
    }
    while smallest.runs < RUNS_MAX && tree.simplify() {
        loop {
            let (plan, moves, _) = tree.current();
            if smallest.accept(&(plan, moves))? || smallest.runs >= RUNS_MAX || !tree.complicate() {
                break;
            }
        }
    }
    smallest.drop_moves()?;
    let (plan, moves) = &smallest.drawn;
    let scenario = script(&name(case), &plan.cast, moves).with_seed(u64::from(case));
    let moves = (drawn_moves, moves.len());
    Ok(Found { case, violation: smallest.violation, scenario, moves, shrink_runs: smallest.runs })
}

impl Smallest {
    /// Whether a candidate is broken, too; then it is the smallest so far.
    fn accept(&mut self, candidate: &Drawn) -> Result<bool, HarnessError> {
        self.runs += 1;
        let trial = attempt(self.search.settings, self.case, candidate)?;
        let Some((at, violation)) = trial.violation else { return Ok(false) };
        self.drawn = candidate.clone();
        self.at = at;
        self.violation = violation;
        Ok(true)
    }

    /// Leaves out one move after the other, also those without which the rest would not have been drawn, until none can
    /// be spared. Those behind it come earlier by its pause, or when they came before.
    fn drop_moves(&mut self) -> Result<(), HarnessError> {
        let mut spared = true;
        while std::mem::take(&mut spared) && self.runs < RUNS_MAX {
            for place in (0..self.drawn.1.len()).rev() {
                let mut fewer = self.drawn.clone();
                let (pause, _) = fewer.1.remove(place);
                spared |= self.accept(&fewer)?;
                if self.drawn.1.len() > fewer.1.len()
                    && let Some((next, _)) = fewer.1.get_mut(place)
                {
                    *next += pause;
                    spared |= self.accept(&fewer)?;
                }
            }
        }
        Ok(())
    }
}
