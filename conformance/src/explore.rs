//! Owns the search for rehearsals in which the system is not what the model says: drawn scenarios are run and judged, and
//! the first that breaks something is made as small as it can be. What is drawn is `arb`'s, what is right is `oracle`'s.

mod shrink;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    num::NonZero,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use aws_lc_rs::digest::{Context, SHA256};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use proptest_state_machine::ReferenceStateMachine;
use sim::scenario::Scenario;

use crate::{
    arb::{Move, Plan, Planning, script},
    check::{EVERY_SCENARIO, Judge},
    checks::checks,
    oracle::{
        self,
        wire::{Arrival, Wire},
    },
    perform::catch_panic,
    rehearsal::{HarnessError, RunEvidence, Settings, Simulation},
};

/// Moves of one drawn scenario.
const MOVES: std::ops::RangeInclusive<usize> = 3..=14;

/// How far to search.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Scenarios to draw.
    pub cases: u32,
    /// What draws them.
    pub seed: u64,
    /// Threads.
    pub jobs: NonZero<usize>,
    /// What is broken on purpose.
    pub settings: Settings,
}

/// What a search has shown.
#[derive(Clone, Debug)]
pub struct Searched {
    /// Scenarios that were run; all of them unless something was found.
    pub cases: u32,
    /// Time that passed in them.
    pub simulated: Duration,
    /// SHA-256 over the digests of all runs in the order of drawing, in hex: equal searches have equal digests.
    pub digest: String,
    /// Requests and what came of them, with how often: what the search has reached.
    pub reached: BTreeMap<String, u64>,
    /// Scenarios that came to rest and were judged at rest.
    pub settled: u64,
    /// Streams of which it was judged that they have to flow.
    pub streams_due: u64,
    /// Deeds that were followed to the server.
    pub deeds: u64,
    /// The first scenario, in the order of drawing, that broke something.
    pub found: Option<Found>,
}

/// A scenario that breaks something, made small.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which of the drawn scenarios it was, from 0.
    pub case: u32,
    /// What is wrong in it.
    pub violation: String,
    /// The scenario.
    pub scenario: Scenario,
    /// Moves before and after it was made small.
    pub moves: (usize, usize),
    /// Runs that it took to make it small.
    pub shrink_runs: u32,
}

/// A drawn rehearsal: who takes part, and what happens.
pub(crate) type Drawn = (Plan, Vec<(u32, Move)>);

/// What one run has shown.
pub(crate) struct Trial {
    /// The first violation in time, if there is one, and when it was.
    pub(crate) violation: Option<(Duration, String)>,
    digest: String,
    simulated: Duration,
    reached: Vec<String>,
    /// Runs at rest, streams due and deeds followed.
    judged: [u64; 3],
}

/// What all threads of a search share.
struct Shared {
    next: AtomicU32,
    /// The first case that is broken, as far as is known.
    broken: AtomicU32,
    /// What each case that was run has shown.
    trials: Mutex<BTreeMap<u32, Result<Trial, HarnessError>>>,
}

/// Draws and runs scenarios until one breaks something, and makes that one small. What is found does not depend on the
/// number of threads. `on_done` is called on this thread after each run, with the number of the case.
///
/// # Errors
/// The simulation itself fails.
pub fn search(search: Search, mut on_done: impl FnMut(u32)) -> Result<Searched, HarnessError> {
    let shared = Shared {
        next: AtomicU32::new(0),
        broken: AtomicU32::new(u32::MAX),
        trials: Mutex::new(BTreeMap::new()),
    };
    let (done, finished) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..search.jobs.get() {
            let (done, shared) = (done.clone(), &shared);
            scope.spawn(move || shared.work(search, &done));
        }
        drop(done);
        for case in finished {
            on_done(case);
        }
    });
    let broken = shared.broken.into_inner();
    let trials = shared.trials.into_inner().unwrap_or_else(PoisonError::into_inner);
    conclude(search, broken, trials)
}

impl Shared {
    fn work(&self, search: Search, done: &mpsc::Sender<u32>) {
        loop {
            let case = self.next.fetch_add(1, Ordering::Relaxed);
            // A case begun is finished, so the first that is broken is found whatever thread is faster.
            if case >= search.cases || case > self.broken.load(Ordering::Relaxed) {
                return;
            }
            let trial = try_case(search, case);
            if trial.as_ref().map_or(true, |trial| trial.violation.is_some()) {
                self.broken.fetch_min(case, Ordering::Relaxed);
            }
            self.trials.lock().unwrap_or_else(PoisonError::into_inner).insert(case, trial);
            if done.send(case).is_err() {
                return;
            }
        }
    }
}

/// Cases beyond the first that is broken are left out: which of them were run is a matter of chance.
fn conclude(
    search: Search,
    broken: u32,
    trials: BTreeMap<u32, Result<Trial, HarnessError>>,
) -> Result<Searched, HarnessError> {
    let mut searched = Searched {
        cases: 0,
        simulated: Duration::ZERO,
        digest: String::new(),
        reached: BTreeMap::new(),
        settled: 0,
        streams_due: 0,
        deeds: 0,
        found: None,
    };
    let mut digest = Context::new(&SHA256);
    for (_, trial) in trials.into_iter().take_while(|(case, _)| *case <= broken) {
        let trial = trial?;
        searched.cases += 1;
        searched.simulated += trial.simulated;
        digest.update(trial.digest.as_bytes());
        digest.update(&[0]);
        let [settled, streams_due, deeds] = trial.judged;
        searched.settled += settled;
        searched.streams_due += streams_due;
        searched.deeds += deeds;
        for label in trial.reached {
            *searched.reached.entry(label).or_default() += 1;
        }
    }
    searched.digest = hex::encode(digest.finish());
    searched.found = (broken < u32::MAX).then(|| shrink::shrink(search, broken)).transpose()?;
    Ok(searched)
}

fn try_case(search: Search, case: u32) -> Result<Trial, HarnessError> {
    let (plan, moves, _) = draw(search.seed, case).current();
    attempt(search.settings, case, &(plan, moves))
}

/// The scenario number `case` of a seed, ready to be made smaller.
fn draw(seed: u64, case: u32) -> impl ValueTree<Value = (Plan, Vec<(u32, Move)>, Option<Arc<AtomicUsize>>)> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..12].copy_from_slice(&case.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let config = Config { failure_persistence: None, max_local_rejects: 1_000_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng);
    Planning::sequential_strategy(MOVES).new_tree(&mut runner).expect("every drawn move is possible")
}

/// The name of a scenario that was drawn.
fn name(case: u32) -> String {
    format!("drawn-{case}")
}

/// Runs one scenario and judges it by the model and by every check that judges all scenarios.
pub(crate) fn attempt(settings: Settings, case: u32, drawn: &Drawn) -> Result<Trial, HarnessError> {
    let (plan, moves) = drawn;
    let scenario = script(&name(case), &plan.cast, moves);
    let run = catch_panic(|| Simulation::new(settings).rehearse(&scenario, u64::from(case)));
    let run = match run {
        Ok(run) => run?,
        // The engine has no business to panic, whatever happens to it.
        Err(panic) => {
            let violation = Some((Duration::ZERO, panic));
            return Ok(Trial {
                violation,
                digest: String::new(),
                simulated: scenario.duration,
                reached: Vec::new(),
                judged: [0; 3],
            });
        }
    };
    let (violation, reached) = (first_violation(&run), reached(&run));
    let compared = oracle::judge(run.run());
    let judged =
        [oracle::SETTLED_RUNS, oracle::STREAMS_DUE, oracle::DEEDS].map(|name| compared.counted(name));
    Ok(Trial { violation, digest: run.digest, simulated: run.simulated, reached, judged })
}

/// What is wrong in a run, by every check that judges all of them: the first in time.
pub fn first_violation(run: &RunEvidence) -> Option<(Duration, String)> {
    let mut first: Option<(Duration, String)> = None;
    for check in checks().iter().filter(|check| check.scenarios == [EVERY_SCENARIO]) {
        let Judge::Run(judge) = check.judge else { continue };
        for breach in judge(run).breaches() {
            let at = breach.at.map_or(run.simulated, |at| Duration::from_nanos(at.as_nanos()));
            if first.as_ref().is_none_or(|(earliest, _)| at < *earliest) {
                first = Some((at, format!("{}: {}", check.name, breach.message)));
            }
        }
    }
    first
}

fn reached(run: &RunEvidence) -> Vec<String> {
    let wire = Wire::read(run.run());
    let label = |arrival: &Arrival| match arrival {
        Arrival::Gone(_) => "gone".to_owned(),
        Arrival::Crash => "crash".to_owned(),
        Arrival::Request { ask, reply, .. } => {
            let ask = format!("{ask:?}");
            let ask = ask.split([' ', '(', '{']).next().unwrap_or_default().to_owned();
            let reply = reply.map_or_else(String::new, |reply| format!("{reply:?}"));
            format!("{ask}: {}", reply.split([' ', '{']).next().unwrap_or_default())
        }
    };
    wire.occurrences.iter().map(|occurrence| label(&occurrence.what)).collect()
}
