//! Owns the run of a small bench: criterion's statistics of each contender, then turns and ratios, and the verdict.

use std::process::ExitCode;

use criterion::Criterion;

use crate::{
    paired::{self, Contender, time},
    tally::{Tally, Work},
};

/// Contenders that do the same work, the floor first.
pub struct Group {
    /// What they do.
    pub work: Work,
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

/// Measures, prints, and leaves what was measured for the report.
pub fn run(bench: &str, groups: Vec<Group>) -> ExitCode {
    let mut criterion = Criterion::default().configure_from_args();
    let mut tally = Tally::begin(bench);
    for Group { work, has_statistics, batch, mut contenders } in groups {
        if has_statistics {
            let mut group = criterion.benchmark_group(work.to_string());
            for contender in &mut contenders {
                group.bench_function(contender.name, |b| b.iter_custom(&mut contender.run));
            }
            group.finish();
        }
        if paired::is_measured() {
            tally.compare(&work, &mut contenders, batch);
        }
    }
    criterion.final_summary();
    if paired::is_measured() { tally.finish() } else { ExitCode::SUCCESS }
}
