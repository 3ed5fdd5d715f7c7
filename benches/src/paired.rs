//! Owns the comparison of contenders in turns: each round times a short batch of every one, and the ratio to the first, the
//! floor, is taken within the round. So a machine that is slow for a while, or busy with something else, is slow for all, and
//! the median over the rounds tells what one costs beside the other.

use std::time::{Duration, Instant};

use conformance::measured::Figure;

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

/// Whether this run measures at all, which one that lists or tries the benches does not.
pub fn is_measured() -> bool {
    let has = |word: &str| std::env::args().any(|argument| argument == word);
    has("--bench") && !["--list", "--test", "--profile-time"].into_iter().any(has)
}

/// This moment, for what wants to know one.
#[expect(clippy::disallowed_methods, reason = "a bench runs by the machine's clock")]
pub fn now() -> Instant {
    Instant::now()
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

impl Rounds {
    /// Lets the contenders do batches of so many pieces of work in turns.
    ///
    /// # Panics
    /// If there is no contender, or the first takes no time.
    pub fn run(contenders: &mut [Contender], batch: u64) -> Self {
        Self::run_so_often(contenders, batch, (WARM_UP_ROUNDS, ROUNDS))
    }

    /// The same in so many rounds, those for warming up first and then those that count.
    ///
    /// # Panics
    /// As [`Rounds::run`], or if no round counts.
    pub fn run_so_often(contenders: &mut [Contender], batch: u64, (warm_up, rounds): (usize, usize)) -> Self {
        assert!(rounds > 0, "something has to be measured");
        let mut nanoseconds = vec![Vec::with_capacity(rounds); contenders.len()];
        for round in 0..warm_up + rounds {
            let times: Vec<_> =
                contenders.iter_mut().map(|contender| (contender.run)(batch).as_nanos() as f64).collect();
            if round >= warm_up {
                assert!(times[0] > 0.0, "the floor of a batch of {batch} takes no time");
                for (all, time) in nanoseconds.iter_mut().zip(&times) {
                    all.push(time / batch as f64);
                }
            }
        }
        Self { nanoseconds }
    }

    /// Nanoseconds of one piece of work of a contender.
    pub fn nanoseconds(&self, contender: usize) -> Figure {
        median(self.nanoseconds[contender].iter().copied())
    }

    /// Nanoseconds of one piece of work of a contender, on average over the rounds: for what not every round has.
    pub fn mean_nanoseconds(&self, contender: usize) -> f64 {
        let all = &self.nanoseconds[contender];
        all.iter().sum::<f64>() / all.len() as f64
    }

    /// How many times longer one contender takes than another, in the same round.
    pub fn ratio(&self, contender: usize, other: usize) -> Figure {
        let pairs = self.nanoseconds[contender].iter().zip(&self.nanoseconds[other]);
        median(pairs.map(|(one, other)| one / other))
    }
}

/// The median with its interval of 95 % confidence, which supposes nothing of how the values are distributed.
fn median(values: impl Iterator<Item = f64>) -> Figure {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let (last, middle) = (values.len() - 1, values.len() / 2);
    // How many of n values lie below their median is binomially distributed: its standard deviation is the root of n/4.
    let away = (1.96 * (values.len() as f64 / 4.0).sqrt()).ceil() as usize;
    let interval = [values[middle.saturating_sub(away)], values[(middle + away).min(last)]];
    Figure { value: values[middle], interval: Some(interval) }
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
        let rounds = Rounds::run(&mut contenders, 8);
        assert_eq!((rounds.nanoseconds(0).value, rounds.ratio(0, 0).value), (100.0, 1.0));
        assert_eq!((rounds.nanoseconds(1).value, rounds.ratio(1, 0).value), (125.0, 1.25));
    }

    #[test]
    fn only_rounds_behind_those_that_warm_up_count() {
        let mut contenders = [contender("floor", 100, None)];
        // The third of three is the busy one.
        let rounds = Rounds::run_so_often(&mut contenders, 1, (2, 1));
        assert_eq!(rounds.nanoseconds(0), Figure { value: 1_000.0, interval: Some([1_000.0, 1_000.0]) });
    }

    #[test]
    fn any_two_contenders_are_compared_within_a_round() {
        let mut contenders =
            [contender("floor", 100, None), contender("a", 125, None), contender("b", 500, None)];
        let rounds = Rounds::run(&mut contenders, 8);
        assert_eq!(rounds.ratio(2, 1), Figure { value: 4.0, interval: Some([4.0, 4.0]) });
        let mean = rounds.mean_nanoseconds(1) / 125.0;
        assert!((3.9..4.1).contains(&mean), "a third is ten times slower: {mean}");
        assert_eq!(rounds.nanoseconds(1), Figure { value: 125.0, interval: Some([125.0, 125.0]) });
    }

    #[test]
    fn a_median_lies_within_its_interval_and_the_interval_within_the_values() {
        let figure = median((0..401).rev().map(f64::from));
        assert_eq!((figure.value, figure.interval), (200.0, Some([180.0, 220.0])));
        let figure = median([3.0].into_iter());
        assert_eq!((figure.value, figure.interval), (3.0, Some([3.0, 3.0])));
    }
}
