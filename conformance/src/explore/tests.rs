//! Claims about the search.

use std::num::NonZero;

use super::{Search, search};
use crate::rehearsal::{Sabotage, Settings};

const TWO: NonZero<usize> = NonZero::new(2).unwrap();

fn searched(cases: u32, sabotage: Option<Sabotage>) -> super::Searched {
    let settings = Settings { sabotage, ..Settings::default() };
    search(Search { cases, seed: 1, jobs: TWO, settings }, || {}).unwrap()
}

#[test]
fn two_thousand_drawn_scenarios_are_what_the_model_says() {
    let started = std::time::Instant::now();
    let searched = searched(1500, None);
    println!("{} cases, {:?} simulated, {:?}", searched.cases, searched.simulated, started.elapsed());
    for (label, count) in &searched.reached {
        println!("{count:6} {label}");
    }
    if let Some(found) = searched.found {
        panic!(
            "{} -> {:?} moves, {} runs\n{}\n{}",
            found.case,
            found.moves,
            found.shrink_runs,
            found.violation,
            found.scenario.to_toml()
        );
    }
}
