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

/// What contenders took, round by round.
#[derive(Clone, Debug)]
pub struct Rounds {
    /// For each contender, nanoseconds for one piece of work.
    nanoseconds: Vec<Vec<f64>>,
}

/// A median over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Median {
    /// The median itself.
    pub median: f64,
    /// The ends of its interval of 95 % confidence, which supposes nothing of how the values are distributed.
    pub interval: (f64, f64),
}

impl Rounds {
    /// Lets the contenders do batches of so many pieces of work in turns.
    ///
    /// # Panics
    /// If there is no contender, or the first takes no time.
    pub fn run(contenders: &mut [Contender], batch: u64) -> Self {
        let mut nanoseconds = vec![Vec::with_capacity(ROUNDS); contenders.len()];
        for round in 0..WARM_UP_ROUNDS + ROUNDS {
            let times: Vec<_> =
                contenders.iter_mut().map(|contender| (contender.run)(batch).as_nanos() as f64).collect();
            if round >= WARM_UP_ROUNDS {
                assert!(times[0] > 0.0, "the floor of a batch of {batch} takes no time");
                for (all, time) in nanoseconds.iter_mut().zip(&times) {
                    all.push(time / batch as f64);
                }
            }
        }
        Self { nanoseconds }
    }

    /// Nanoseconds of one piece of work of a contender.
    pub fn nanoseconds(&self, contender: usize) -> Median {
        Median::of(self.nanoseconds[contender].iter().copied())
    }

    /// Nanoseconds of one piece of work of a contender, on average over the rounds: for what not every round has.
    pub fn mean_nanoseconds(&self, contender: usize) -> f64 {
        let all = &self.nanoseconds[contender];
        all.iter().sum::<f64>() / all.len() as f64
    }

    /// How many times longer one contender takes than another, in the same round.
    pub fn ratio(&self, contender: usize, other: usize) -> Median {
        let pairs = self.nanoseconds[contender].iter().zip(&self.nanoseconds[other]);
        Median::of(pairs.map(|(one, other)| one / other))
    }
}

impl Median {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<_> = values.collect();
        values.sort_by(f64::total_cmp);
        let (last, middle) = (values.len() - 1, values.len() / 2);
        // How many of n values lie below their median is binomially distributed: its standard deviation is the root of n/4.
        let away = (1.96 * (values.len() as f64 / 4.0).sqrt()).ceil() as usize;
        let interval = (values[middle.saturating_sub(away)], values[(middle + away).min(last)]);
        Self { median: values[middle], interval }
    }
}

/// Lets the contenders do batches of so many pieces of work in turns; the first is the floor. A cost for each.
///
/// # Panics
/// If there is no contender, or the floor takes no time.
pub fn compare(contenders: &mut [Contender], batch: u64) -> Vec<Cost> {
    let rounds = Rounds::run(contenders, batch);
    (0..contenders.len())
        .map(|contender| Cost {
            nanoseconds: rounds.nanoseconds(contender).median,
            ratio: rounds.ratio(contender, 0).median,
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
    fn any_two_contenders_are_compared_within_a_round() {
        let mut contenders =
            [contender("floor", 100, None), contender("a", 125, None), contender("b", 500, None)];
        let rounds = Rounds::run(&mut contenders, 8);
        assert_eq!(rounds.ratio(2, 1), Median { median: 4.0, interval: (4.0, 4.0) });
        let mean = rounds.mean_nanoseconds(1) / 125.0;
        assert!((3.9..4.1).contains(&mean), "a third is ten times slower: {mean}");
        assert_eq!(rounds.nanoseconds(1), Median { median: 125.0, interval: (125.0, 125.0) });
    }

    #[test]
    fn a_median_lies_within_its_interval_and_the_interval_within_the_values() {
        let Median { median, interval } = Median::of((0..401).rev().map(f64::from));
        assert_eq!((median, interval), (200.0, (180.0, 220.0)));
        assert_eq!(Median::of([3.0].into_iter()), Median { median: 3.0, interval: (3.0, 3.0) });
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
