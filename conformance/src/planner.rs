//! Owns the answer to what a building's line carries (NET-009): how many of its people in which quality, what gives way
//! first, and the smallest rates that carry a demand. Everything is found by rehearsing; how the answer is shown is not
//! here.
//!
//! The questions about a building are independent of each other, and each is answered on one thread, so the answer does
//! not depend on the number of threads.

mod bench;
mod bottleneck;
mod demand;
mod experience;
mod line;
mod load;
mod measure;
mod quality;
mod questions;
mod search;
mod stage;

#[cfg(test)]
pub(crate) mod tests;

use std::{
    num::NonZero,
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};
use sim::site::Building;

pub use bench::{Prober, Rehearsed, Trial};
pub use bottleneck::{Bottleneck, DROPPED_SHARE, FULL_SHARE, LOST_SHARE, QUEUE_MS, Way, first_bottleneck};
pub use demand::{DESKS_AT_ONCE, Demand, DemandError};
pub use experience::Experience;
pub use line::{AMPLE_KBPS, Line, Rates, below, ladder};
pub use load::{CONFERENCE_MAX, Load};
pub use measure::Measured;
pub use quality::{CONCEALMENT_MAX, Fault, MISSING_MAX, MOS_MIN, Quality};
pub use questions::{COMPARED_PEOPLE, Capacity, Comparison, Upgrade};
pub use stage::{SETTLED_S, scenario};

use self::bench::Bench;
use crate::rehearsal::HarnessError;

/// A building to plan for.
#[derive(Clone, Debug)]
pub struct Subject {
    /// What it is called: a preset's name, or that of its file.
    pub name: String,
    /// The building.
    pub building: Building,
    /// What its line is asked to carry.
    pub demand: Load,
}

/// What is known of one building's line.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// For each class of [`Quality::ALL`], in that order.
    pub capacities: Vec<Capacity>,
    /// What the demand needs.
    pub upgrade: Upgrade,
    /// People at desks, and the same people in a room.
    pub comparison: Comparison,
    /// Everything that was tried behind the line as it is, by class and number.
    pub tried: Vec<Trial>,
}

/// What is known of all buildings.
#[derive(Clone, Debug, PartialEq)]
pub struct Answers {
    /// In the order of the buildings.
    pub answers: Vec<Answer>,
    /// SHA-256 over the digests of all runs, in hex: equal plans have equal digests.
    pub digest: String,
    /// Runs that were needed.
    pub runs: u64,
    /// Their length in their own time.
    pub simulated: Duration,
}

/// Questions about one building.
pub const QUESTIONS: usize = Quality::ALL.len() + 2;

/// Answers all questions about each of `subjects`, on up to `jobs` threads. Every load is tried with the seeds from 1 up to
/// `seeds`. `on_done` is called on this thread after each question, with the building's name.
///
/// # Errors
/// The first question in order that could not be answered, because a run failed.
pub fn plan(
    subjects: &[Subject],
    seeds: NonZero<u32>,
    jobs: NonZero<usize>,
    prober: &dyn Prober,
    mut on_done: impl FnMut(&str),
) -> Result<Answers, HarnessError> {
    let benches: Vec<Bench<'_>> = subjects
        .iter()
        .map(|subject| Bench::new(prober, Line::of(&subject.building), u64::from(seeds.get())))
        .collect();
    let questions = subjects.len() * QUESTIONS;
    let (next, failed) = (&AtomicUsize::new(0), &AtomicBool::new(false));
    let (done, finished) = mpsc::channel();
    let mut found: Vec<Option<Result<Found, HarnessError>>> = (0..questions).map(|_| None).collect();
    thread::scope(|scope| {
        for _ in 0..jobs.get().min(questions) {
            let (done, benches) = (done.clone(), &benches);
            scope.spawn(move || {
                while !failed.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= questions {
                        return;
                    }
                    let (site, question) = (number / QUESTIONS, number % QUESTIONS);
                    let result = ask(&benches[site], question, subjects[site].demand);
                    if result.is_err() {
                        failed.store(true, Ordering::Relaxed);
                    }
                    if done.send((number, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        for (number, result) in finished {
            on_done(&subjects[number / QUESTIONS].name);
            found[number] = Some(result);
        }
    });
    // Questions are begun in order and finished, so the first failure is the same for any number of threads.
    let found: Vec<Found> = found.into_iter().flatten().collect::<Result<_, _>>()?;
    collect(&benches, &found)
}

/// How many desks of one class the line of `building` carries.
///
/// # Errors
/// A run failed.
pub fn capacity_of(
    building: &Building,
    quality: Quality,
    seeds: NonZero<u32>,
    prober: &dyn Prober,
) -> Result<Capacity, HarnessError> {
    questions::capacity(&Bench::new(prober, Line::of(building), u64::from(seeds.get())), quality)
}

/// The smallest rates at which the line of `building` carries `load`.
///
/// # Errors
/// A run failed.
pub fn upgrade_of(
    building: &Building,
    load: Load,
    seeds: NonZero<u32>,
    prober: &dyn Prober,
) -> Result<Upgrade, HarnessError> {
    questions::upgrade(&Bench::new(prober, Line::of(building), u64::from(seeds.get())), load)
}

/// People at desks and in a room, behind the line of `building`.
///
/// # Errors
/// A run failed.
pub fn comparison_of(
    building: &Building,
    seeds: NonZero<u32>,
    prober: &dyn Prober,
) -> Result<Comparison, HarnessError> {
    questions::comparison(&Bench::new(prober, Line::of(building), u64::from(seeds.get())))
}

/// The answer to one question.
#[derive(Clone, Copy)]
enum Found {
    Capacity(Capacity),
    Upgrade(Upgrade),
    Comparison(Comparison),
}

/// Answers one of the [`QUESTIONS`].
fn ask(bench: &Bench<'_>, question: usize, demand: Load) -> Result<Found, HarnessError> {
    match Quality::ALL.get(question) {
        Some(quality) => questions::capacity(bench, *quality).map(Found::Capacity),
        None if question == Quality::ALL.len() => questions::upgrade(bench, demand).map(Found::Upgrade),
        None => questions::comparison(bench).map(Found::Comparison),
    }
}

fn collect(benches: &[Bench<'_>], found: &[Found]) -> Result<Answers, HarnessError> {
    let mut answers = Vec::new();
    let mut digest = Context::new(&SHA256);
    let (mut runs, mut simulated) = (0, Duration::ZERO);
    for (bench, found) in benches.iter().zip(found.chunks(QUESTIONS)) {
        let capacities = found.iter().filter_map(|found| match found {
            Found::Capacity(capacity) => Some(*capacity),
            Found::Upgrade(_) | Found::Comparison(_) => None,
        });
        let capacities: Vec<Capacity> = capacities.collect();
        let tried = bench.tried_at_present();
        let (count, length) = bench.account(&mut digest);
        runs += count;
        simulated += length;
        if let [.., Found::Upgrade(upgrade), Found::Comparison(comparison)] = *found {
            answers.push(Answer { capacities, upgrade, comparison, tried });
        }
    }
    if answers.len() != benches.len() {
        let reason = format!("{} of {} buildings were answered", answers.len(), benches.len());
        return Err(HarnessError::Check { check: "plan".to_owned(), reason });
    }
    Ok(Answers { answers, digest: hex::encode(digest.finish()), runs, simulated })
}
