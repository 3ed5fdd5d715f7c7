//! Owns the trying of loads behind one building's line: with several seeds, stopping at the first that breaks a bound, and
//! never the same twice. What is tried, and what follows from it, is decided by the questions.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use aws_lc_rs::digest::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bottleneck::{Bottleneck, Way, first_bottleneck},
    experience::Experience,
    line::{Line, Rates},
    load::Load,
    measure::{Measured, measure},
    quality::Fault,
    stage::scenario,
};
use crate::{
    perform::catch_panic,
    rehearsal::{HarnessError, Settings, Simulation},
};

/// Where the figures of a load behind a line come from.
pub trait Prober: Sync {
    /// What `load` behind `line` shows under `seed`.
    ///
    /// # Errors
    /// The simulation itself fails.
    fn probe(&self, line: &Line, load: Load, seed: u64) -> Result<Measured, HarnessError>;
}

/// The simulation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rehearsed {
    /// How it is run.
    pub settings: Settings,
}

impl Prober for Rehearsed {
    fn probe(&self, line: &Line, load: Load, seed: u64) -> Result<Measured, HarnessError> {
        let fault = |reason: String| HarnessError::Run {
            scenario: format!("plan of {} desks and {} rooms, {}", load.desks, load.rooms, load.quality),
            seed,
            reason,
        };
        let scenario = scenario(line, load).map_err(|error| fault(error.to_string()))?;
        let run =
            catch_panic(|| Simulation::new(self.settings).rehearse(&scenario, seed)).map_err(fault)??;
        Ok(measure(run.run(), load, line.rates(), run.digest.clone()))
    }
}

/// What a load behind a line of some rates showed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// What was tried.
    pub load: Load,
    /// Behind this.
    pub rates: Rates,
    /// Whether all bounds of the class held with every seed.
    pub holds: bool,
    /// The first bound that was broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Seeds that were run, from the first on.
    pub seeds: u32,
    /// The worst over these seeds.
    pub seen: Experience,
    /// To the building, in the last run.
    pub down: Way,
    /// From it, in the last run.
    pub up: Way,
}

impl Trial {
    fn of(rates: Rates, load: Load, run: &Measured) -> Self {
        let fault = load.quality.fault(&run.seen);
        let (down, up) = (run.down, run.up);
        Self { load, rates, holds: fault.is_none(), fault, seeds: 1, seen: run.seen, down, up }
    }

    /// Another seed's run.
    fn add(&mut self, run: &Measured) {
        let fault = self.load.quality.fault(&run.seen);
        let seen = self.seen.worse_of(run.seen);
        let (down, up) = (run.down, run.up);
        let holds = self.holds && fault.is_none();
        *self = Self { holds, fault: self.fault.or(fault), seeds: self.seeds + 1, seen, down, up, ..*self };
    }

    /// What gave way.
    pub fn bottleneck(&self) -> Bottleneck {
        first_bottleneck(&self.down, &self.up)
    }
}

/// One building's line, and what was tried behind it.
pub(super) struct Bench<'a> {
    prober: &'a dyn Prober,
    line: Line,
    seeds: u64,
    runs: Mutex<BTreeMap<(Rates, Load, u64), Measured>>,
}

impl<'a> Bench<'a> {
    /// Nothing was tried yet. Every load is tried with the seeds from 1 up to `seeds`.
    pub(super) fn new(prober: &'a dyn Prober, line: Line, seeds: u64) -> Self {
        Self { prober, line, seeds, runs: Mutex::new(BTreeMap::new()) }
    }

    /// The line's own rates.
    pub(super) fn present(&self) -> Rates {
        self.line.rates()
    }

    /// Tries `load` behind the line at `rates`, with every seed up to the first that breaks a bound.
    pub(super) fn attempt(&self, rates: Rates, load: Load) -> Result<Trial, HarnessError> {
        self.attempt_up_to(rates, load, self.seeds)
    }

    /// Whether `load` holds with the first seed: a third of the work, for searches that verify what they find.
    pub(super) fn holds_once(&self, rates: Rates, load: Load) -> Result<bool, HarnessError> {
        Ok(self.attempt_once(rates, load)?.holds)
    }

    /// Tries `load` with the first seed alone.
    pub(super) fn attempt_once(&self, rates: Rates, load: Load) -> Result<Trial, HarnessError> {
        self.attempt_up_to(rates, load, 1)
    }

    fn attempt_up_to(&self, rates: Rates, load: Load, seeds: u64) -> Result<Trial, HarnessError> {
        let first = self.run(rates, load, 1)?;
        let mut trial = Trial::of(rates, load, &first);
        for seed in 2..=seeds {
            if !trial.holds {
                break;
            }
            trial.add(&self.run(rates, load, seed)?);
        }
        Ok(trial)
    }

    fn run(&self, rates: Rates, load: Load, seed: u64) -> Result<Measured, HarnessError> {
        let known = self.lock().get(&(rates, load, seed)).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        // Two threads may ask at once; they are told the same.
        let measured = self.prober.probe(&self.line.at(rates), load, seed)?;
        self.lock().insert((rates, load, seed), measured.clone());
        Ok(measured)
    }

    /// Every load that was tried behind the line at its own rates, in order, with the seeds that it was tried with.
    pub(super) fn tried_at_present(&self) -> Vec<Trial> {
        let present = self.present();
        let mut trials: Vec<Trial> = Vec::new();
        for ((_, load, seed), run) in self.lock().iter().filter(|((rates, _, _), _)| *rates == present) {
            match trials.last_mut() {
                Some(trial) if *seed > 1 => trial.add(run),
                _ => trials.push(Trial::of(present, *load, run)),
            }
        }
        trials
    }

    /// Adds the digests of all runs in order of what was tried, and returns how many there were and how long they were.
    pub(super) fn account(&self, digest: &mut Context) -> (u64, Duration) {
        let runs = self.lock();
        for run in runs.values() {
            digest.update(run.digest.as_bytes());
            digest.update(&[0]);
        }
        (runs.len() as u64, runs.values().map(|run| run.simulated).sum())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Rates, Load, u64), Measured>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
