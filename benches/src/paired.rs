//! Owns the comparison of contenders in turns: each round times a short batch of every one, and the ratio to the first, the
//! floor, is taken within the round. So a machine that is slow for a while, or busy with something else, is slow for all, and
//! the median over the rounds tells what one costs beside the other.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

/// Rounds that count, behind those that warm caches and buffers.
const ROUNDS: usize = 401;
const WARM_UP_ROUNDS: usize = 40;

/// Somebody who does the same work as the others.
pub struct Contender {
    /// What the table calls it.
    pub name: &'static str,
    /// The largest ratio to the floor that is good, if there is one.
    pub most: Option<f64>,
    /// Does the work so many times and says how long that took, without what was prepared for it.
    pub run: Box<dyn FnMut(u64) -> Duration>,
}

/// What one contender cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Median over the rounds, in nanoseconds for one piece of work.
    pub nanoseconds: f64,
    /// Median over the rounds of the ratio to the floor.
    pub ratio: f64,
}

/// Whether this run measures at all, which one that lists or tries the benches does not.
pub fn is_measured() -> bool {
    let has = |word: &str| std::env::args().any(|argument| argument == word);
    has("--bench") && !["--list", "--test", "--profile-time"].into_iter().any(has)
}

/// The time that `work` takes.
#[expect(clippy::disallowed_methods, reason = "a bench measures the machine it runs on")]
pub fn time(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

/// Lets the contenders do batches of so many pieces of work in turns; the first is the floor. A cost for each.
///
/// # Panics
/// If there is no contender, or the floor takes no time.
pub fn compare(contenders: &mut [Contender], batch: u64) -> Vec<Cost> {
    let mut rounds = vec![Vec::new(); contenders.len()];
    for round in 0..WARM_UP_ROUNDS + ROUNDS {
        let times: Vec<_> =
            contenders.iter_mut().map(|contender| (contender.run)(batch).as_nanos() as f64).collect();
        if round >= WARM_UP_ROUNDS {
            assert!(times[0] > 0.0, "the floor of a batch of {batch} takes no time");
            for (costs, time) in rounds.iter_mut().zip(&times) {
                costs.push(Cost { nanoseconds: time / batch as f64, ratio: time / times[0] });
            }
        }
    }
    rounds
        .iter()
        .map(|costs| Cost {
            nanoseconds: median(costs.iter().map(|cost| cost.nanoseconds)),
            ratio: median(costs.iter().map(|cost| cost.ratio)),
        })
        .collect()
}

/// The lines of one group in a Markdown table, and whether every bound was kept.
pub fn rows(group: &str, contenders: &[Contender], costs: &[Cost]) -> (String, bool) {
    let (mut text, mut kept) = (String::new(), true);
    for (Contender { name, most, .. }, Cost { nanoseconds, ratio }) in contenders.iter().zip(costs) {
        let (bound, verdict) = match most {
            Some(most) => (format!("{most:.1}"), if ratio <= most { "good" } else { "too slow" }),
            None => (String::new(), ""),
        };
        kept &= verdict != "too slow";
        // Writing to a string does not fail.
        let _ = writeln!(text, "| {group} | {name} | {nanoseconds:.0} | {ratio:.2} | {bound} | {verdict} |");
    }
    (text, kept)
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes this many nanoseconds for each piece of work; in every third round the machine is busy and ten times slower.
    fn contender(name: &'static str, nanoseconds: u64, most: Option<f64>) -> Contender {
        let mut round = 0;
        let run = move |work| {
            round += 1;
            let busy = if round % 3 == 0 { 10 } else { 1 };
            Duration::from_nanos(work * nanoseconds * busy)
        };
        Contender { name, most, run: Box::new(run) }
    }

    #[test]
    fn a_busy_machine_changes_no_ratio() {
        let mut contenders = [contender("floor", 100, None), contender("engine", 125, Some(1.3))];
        let costs = compare(&mut contenders, 8);
        assert_eq!(costs[0], Cost { nanoseconds: 100.0, ratio: 1.0 });
        assert_eq!(costs[1], Cost { nanoseconds: 125.0, ratio: 1.25 });
    }

    #[test]
    fn a_ratio_above_its_bound_is_said_to_be_too_slow() {
        for (nanoseconds, verdict) in [(130, "| 1.30 | 1.3 | good |\n"), (131, "| 1.31 | 1.3 | too slow |\n")]
        {
            let mut contenders = [contender("floor", 100, None), contender("engine", nanoseconds, Some(1.3))];
            let costs = compare(&mut contenders, 8);
            let (text, kept) = rows("seal/160", &contenders, &costs);
            assert!(text.ends_with(verdict), "{text}");
            assert_eq!(kept, nanoseconds == 130);
        }
    }
}
