//! What dividing a budget among 9 and 25 pictures costs. The floor gives everybody the same share, and the highest rung that fits
//! into it: no importance, no patience, and no rest that somebody else could use.

use std::{hint::black_box, process::ExitCode};

use benches::{
    fixed,
    small::{self, Group, contender},
    tally::Work,
};
use conformance::measured::Size;
use media_core::congestion::allocation::{Budget, Demand, allocate};

fn equal_shares(demands: &[Demand], budget: Budget) -> Vec<Option<usize>> {
    let share = budget.believed_bps / demands.len() as u64;
    demands.iter().map(|demand| demand.rungs.iter().rposition(|cost| *cost <= share)).collect()
}

fn group(count: usize) -> Group {
    let (demands, budget) = fixed::pictures(count);
    let for_floor = demands.clone();
    Group {
        work: Work::sized("allocate", Size::pictures(count as u64)),
        has_statistics: true,
        batch: 100,
        contenders: vec![
            contender("floor", None, move || {
                black_box(equal_shares(black_box(&for_floor), black_box(budget)));
            }),
            contender("engine", None, move || {
                black_box(allocate(black_box(&demands), black_box(budget)));
            }),
        ],
    }
}

fn main() -> ExitCode {
    small::run("allocate", vec![group(9), group(25)])
}
