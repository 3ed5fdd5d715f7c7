//! Owns the run of a small bench: criterion's statistics of each contender, then turns and ratios, and the verdict.

use std::process::ExitCode;

use criterion::Criterion;

use crate::paired::{self, Contender, time};

/// Contenders that do the same work, the floor first.
pub struct Group {
    /// What the table calls them.
    pub name: &'static str,
    /// Whether criterion measures them, too. It would do what is prepared, which it cannot see, far too often if that is long.
    pub has_statistics: bool,
    /// Pieces of work of one turn.
    pub batch: u64,
    /// Everybody.
    pub contenders: Vec<Contender>,
}

/// Somebody who does a piece of work again and again.
pub fn contender(name: &'static str, most: Option<f64>, mut work: impl FnMut() + 'static) -> Contender {
    let run = move |pieces| {
        time(|| {
            for _ in 0..pieces {
                work();
            }
        })
    };
    Contender { name, most, run: Box::new(run) }
}

/// Somebody for whose pieces of work something has to be prepared, which is not timed; nor is dropping what is left of it.
pub fn prepared<T: 'static, R: 'static>(
    name: &'static str,
    most: Option<f64>,
    mut prepare: impl FnMut() -> T + 'static,
    mut work: impl FnMut(T) -> R + 'static,
) -> Contender {
    let run = move |pieces| {
        let mut total = std::time::Duration::ZERO;
        for _ in 0..pieces {
            let (input, mut left) = (prepare(), None);
            total += time(|| left = Some(work(input)));
        }
        total
    };
    Contender { name, most, run: Box::new(run) }
}

/// Measures and prints. The run fails when a ratio is above its bound.
#[expect(clippy::print_stdout, reason = "the table is what the run is for")]
pub fn run(groups: Vec<Group>) -> ExitCode {
    let mut criterion = Criterion::default().configure_from_args();
    let mut table = "| work | | ns | ratio | at most | |\n|---|---|--:|--:|--:|---|\n".to_owned();
    let mut all_kept = true;
    for Group { name, has_statistics, batch, mut contenders } in groups {
        if has_statistics {
            let mut group = criterion.benchmark_group(name);
            for contender in &mut contenders {
                group.bench_function(contender.name, |b| b.iter_custom(&mut contender.run));
            }
            group.finish();
        }
        if paired::is_measured() {
            let costs = paired::compare(&mut contenders, batch);
            let (rows, kept) = paired::rows(name, &contenders, &costs);
            table += &rows;
            all_kept &= kept;
        }
    }
    criterion.final_summary();
    if paired::is_measured() {
        println!("{table}");
    }
    if all_kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
