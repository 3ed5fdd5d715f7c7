//! Owns which work a gate run does: checks chosen by a filter, the (scenario, seed) runs they need, and how these are
//! dealt to shards. Nothing is run here.

mod array;

use std::{collections::BTreeSet, str::FromStr};

use globset::Glob;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    bad_input::BadInput,
    catalogue::Coverage,
    check::{Check, Judge},
    proof::Proof,
    registry::Registry,
};

/// Seeds in one gate run, at most; more is a typing error.
pub const SEEDS_MAX: u64 = 100_000;
/// One in so many proofs is demonstrated in a gate run of one seed; four such runs with successive seeds see them all.
const SAMPLED: u64 = 4;

/// What the user asked for; part of each shard's output, so that a merge can rebuild the plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Seeds of every scenario, in order; not empty.
    pub seeds: Vec<u64>,
    /// A glob over requirement ids and check names; without one, all checks.
    pub filter: Option<String>,
    /// What is broken on purpose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sabotage: Option<String>,
    /// Whether a release hangs on the verdict: then every MUST has to be shown to hold.
    #[serde(default)]
    pub release_candidate: bool,
}

/// How thorough a gate run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Profile {
    /// Each scenario with one seed and a part of the proofs: for every commit.
    #[default]
    Quick,
    /// Each scenario with eight seeds and all proofs: before a release.
    Full,
}

/// One piece of work that is done once, whichever checks read its result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WorkItem {
    /// One run of a fixture scenario.
    Run {
        /// The scenario's name.
        scenario: String,
        /// The seed.
        seed: u64,
    },
    /// A check that needs no run.
    Standing {
        /// The check's name.
        check: String,
    },
    /// A broken thing that a check has to notice.
    Proof {
        /// The name of the check that has to notice.
        check: String,
        /// What is broken, in words.
        by: String,
    },
}

/// The checks of a gate run and the work they need, in the order in which results are read.
#[derive(Clone, Debug)]
pub struct Plan {
    registry: Registry,
    selection: Selection,
    checks: Vec<&'static Check>,
    items: Vec<WorkItem>,
}

/// Which part of a plan this process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    /// From 1.
    pub index: u32,
    /// How many shards there are; at least `index`.
    pub of: u32,
}

/// Seeds `A..B`: A up to but without B, as in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedRange {
    first: u64,
    end: u64,
}

impl Profile {
    /// The committed seeds of the profile.
    pub fn seeds(self) -> Vec<u64> {
        match self {
            Self::Quick => vec![1],
            Self::Full => (1..=8).collect(),
        }
    }
}

impl Plan {
    /// The plan of a selection.
    ///
    /// # Errors
    /// The filter is not a glob, or selects no check.
    pub fn new(registry: &Registry, selection: Selection) -> Result<Self, BadInput> {
        let checks = select(registry, selection.filter.as_deref())?;
        let mut items = Vec::new();
        let mut planned = BTreeSet::new();
        for check in &checks {
            match check.judge {
                Judge::Standing(_) => items.push(WorkItem::Standing { check: check.name.to_owned() }),
                Judge::Proofs(table) => items.extend(
                    sample((table.proofs)(), &selection)
                        .map(|proof| WorkItem::Proof { check: proof.check.to_owned(), by: proof.by() }),
                ),
                Judge::Run(_) | Judge::Compare(_) | Judge::Outcomes(_) => {}
            }
            for scenario in registry.scenarios_of(check) {
                if planned.insert(scenario) {
                    let run = |&seed: &u64| WorkItem::Run { scenario: scenario.to_owned(), seed };
                    items.extend(selection.seeds.iter().map(run));
                }
            }
        }
        Ok(Self { registry: registry.clone(), selection, checks, items })
    }

    /// The catalogue and the checks that the plan was made for.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// What the user asked for.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The selected checks, in the registry's order.
    pub fn checks(&self) -> &[&'static Check] {
        &self.checks
    }

    /// All the work.
    pub fn items(&self) -> &[WorkItem] {
        &self.items
    }

    /// The part of the work that one shard does: every `of`-th item, so that the many seeds of one heavy scenario are
    /// spread over the shards.
    pub fn shard(&self, shard: Shard) -> Vec<WorkItem> {
        let skipped = shard.index.saturating_sub(1) as usize;
        self.items.iter().skip(skipped).step_by(shard.of.max(1) as usize).cloned().collect()
    }
}

impl WorkItem {
    /// Whether `check` reads this item's result.
    pub fn is_read_by(&self, check: &Check) -> bool {
        match (self, check.judge) {
            (Self::Standing { check: name }, Judge::Standing(_)) => name == check.name,
            (Self::Run { scenario, .. }, Judge::Run(_) | Judge::Compare(_)) => check.judges(scenario),
            (Self::Proof { .. }, Judge::Proofs(_)) => true,
            (Self::Standing { .. } | Self::Run { .. } | Self::Proof { .. }, _) => false,
        }
    }
}

impl Shard {
    /// The whole plan.
    pub const WHOLE: Self = Self { index: 1, of: 1 };
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (index, of) = text.split_once('/')?;
            let shard = Self { index: index.parse().ok()?, of: of.parse().ok()? };
            (1..=shard.of).contains(&shard.index).then_some(shard)
        };
        read().ok_or_else(|| "a shard is I/N with I from 1 to N, for instance 2/4".to_owned())
    }
}

impl SeedRange {
    /// The seeds, in order.
    pub fn seeds(self) -> Vec<u64> {
        (self.first..self.end).collect()
    }
}

impl FromStr for SeedRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (first, end) = text.split_once("..")?;
            Some(Self { first: first.parse().ok()?, end: end.parse().ok()? })
        };
        let range = read().ok_or("seeds are A..B, A up to but without B, for instance 1..9")?;
        match range.end.checked_sub(range.first) {
            None | Some(0) => Err(format!("no seed lies in {text}; B must be larger than A")),
            Some(seeds) if seeds > SEEDS_MAX => {
                Err(format!("{seeds} seeds; at most {SEEDS_MAX} in one gate run"))
            }
            Some(_) => Ok(range),
        }
    }
}

/// The proofs that a gate run demonstrates: all with several seeds; with one seed every [`SAMPLED`]th, another part for
/// each seed.
fn sample<'a>(table: &'a [Proof], selection: &Selection) -> impl Iterator<Item = &'a Proof> + use<'a> {
    let (skipped, step) = match selection.seeds.as_slice() {
        [seed] => ((seed % SAMPLED) as usize, SAMPLED as usize),
        _ => (0, 1),
    };
    // A short table is no reason to demonstrate nothing.
    table.iter().skip(if skipped < table.len() { skipped } else { 0 }).step_by(step)
}

fn select(registry: &Registry, filter: Option<&str>) -> Result<Vec<&'static Check>, BadInput> {
    let Some(filter) = filter else { return Ok(registry.checks().iter().collect()) };
    let glob = Glob::new(filter)
        .map_err(|error| BadInput::new(format!("--filter {filter}: {}", error.kind())))?
        .compile_matcher();
    let is_wanted =
        |check: &&Check| glob.is_match(check.name) || check.requirements.iter().any(|id| glob.is_match(id));
    let checks: Vec<_> = registry.checks().iter().filter(is_wanted).collect();
    if !checks.is_empty() {
        return Ok(checks);
    }
    let unchecked = registry.catalogue().requirements().iter().find_map(|row| match &row.coverage {
        Coverage::Todo(reason) if glob.is_match(&row.id) => {
            Some(format!("{} has no check yet: {reason}", row.id))
        }
        Coverage::Withdrawn(reason) if glob.is_match(&row.id) => {
            Some(format!("{} is withdrawn: {reason}", row.id))
        }
        Coverage::Todo(_) | Coverage::Withdrawn(_) | Coverage::Checked => None,
    });
    let help = unchecked.unwrap_or_else(|| {
        "globs match requirement ids and check names, for instance `PRES-*`; `generalprobe list` shows both".to_owned()
    });
    Err(BadInput::new(format!("--filter {filter}: no check matches")).with_help(help))
}

#[cfg(test)]
mod tests;
