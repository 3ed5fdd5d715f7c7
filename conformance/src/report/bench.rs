//! Owns the object that `bench-report` prints and leaves: fields are added, never renamed. What benches and cities left is
//! gathered here and held together; nothing is measured. Its table is in `bench/table.rs`, its page in `html/bench.rs`.

mod age;
pub mod change;
pub mod city;
pub mod need;
pub mod table;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    bad_input::BadInput,
    gate::Verdict,
    measured::{
        BenchRun, Claim, Machine,
        criterion::{self, Statistics},
    },
    report::{SCHEMA, saved::load_json},
};
use change::Comparison;
use city::CityRun;
use need::{Need, NodeSize};

/// What belongs into a whole report: each bench, and what measures it.
const BENCHES: [(&str, &str); 11] = [
    ("allocate", "cargo bench -p benches --bench allocate"),
    ("city", "cargo bench -p benches --bench city"),
    ("conference", "cargo bench -p benches --bench conference"),
    ("estimate", "cargo bench -p benches --bench estimate"),
    ("forward", "cargo bench -p benches --bench forward"),
    ("forward beside peers", "cargo bench -p benches --bench forward --features peers"),
    ("load", "cargo bench -p benches --bench load"),
    ("parse", "cargo bench -p benches --bench parse"),
    ("sframe", "cargo bench -p benches --bench sframe"),
    ("srtp", "cargo bench -p benches --bench srtp"),
    ("stranger", "cargo bench -p benches --bench stranger"),
];
/// The mixes of Berlin.
const MIXES: [&str; 3] = ["presenter", "discussion", "berlin"];

/// What `bench-report` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BenchReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// `pass` when at least one ratio is held against a bound, and no ratio misses its own.
    pub verdict: Verdict,
    /// Figures that are held against a bound.
    pub examined: u64,
    /// Machines on which benches and cities ran; more than one means that not all figures belong together.
    pub machines: Vec<Machine>,
    /// What benches compared in turns.
    pub benches: Vec<BenchRun>,
    /// What is claimed of cities.
    pub city_claims: Vec<Claim>,
    /// What criterion says of each contender for itself.
    pub criterion: Vec<Statistics>,
    /// Rehearsals of cities, the last of each mix and size.
    pub cities: Vec<CityRun>,
    /// How large a media node is taken to be in `needs`.
    pub node: NodeSize,
    /// What each of these cities needs.
    pub needs: Vec<Need>,
    /// What belongs here and was not measured, with the command that does it.
    pub not_measured: Vec<String>,
    /// What was measured more than a day before the newest, and how long before: it may be of another version.
    #[serde(default)]
    pub outdated: Vec<String>,
    /// What changed since an earlier report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<Comparison>,
}

/// Where everything is found.
#[derive(Clone, Debug)]
pub struct Sources {
    /// Criterion's home, with what benches leave in it.
    pub home: PathBuf,
    /// What `city` left, with what it took.
    pub cities: Vec<PathBuf>,
    /// An earlier report.
    pub before: Option<PathBuf>,
    /// How large a media node is.
    pub node: NodeSize,
}

impl BenchReport {
    /// Reads everything and holds it together.
    ///
    /// # Errors
    /// A file cannot be read or says something impossible, and the error names file and field; or nothing was measured at all.
    pub fn gather(sources: &Sources) -> Result<Self, BadInput> {
        let benches = BenchRun::load_all(&sources.home)?;
        let criterion = criterion::load_all(&sources.home)?;
        let loaded: Result<Vec<CityRun>, BadInput> =
            sources.cities.iter().map(|path| CityRun::load(path)).collect();
        let mut cities = loaded?;
        cities.sort_by(|one, other| one.rank().cmp(&other.rank()));
        if benches.is_empty() && criterion.is_empty() && cities.is_empty() {
            let message =
                format!("{}: nothing was measured, so there is nothing to report", sources.home.display());
            return Err(
                BadInput::new(message).with_help("`cargo bench` measures; `generalprobe city` does the rest")
            );
        }
        let mut report = Self::of(benches, criterion, cities, sources.node);
        report.outdated = age::outdated(&BenchRun::files(&sources.home)?, &sources.cities)?;
        if let Some(path) = &sources.before {
            report.comparison = Some(Comparison::between(&Self::load(path)?, &report));
        }
        Ok(report)
    }

    /// Reads an earlier report.
    ///
    /// # Errors
    /// The file cannot be read, is no such report, or is of another schema.
    pub fn load(path: &Path) -> Result<Self, BadInput> {
        let report: Self = load_json(path)?;
        if report.schema != SCHEMA {
            let (found, shown) = (report.schema, path.display());
            let message = format!("{shown}: schema is {found}, but this program reads schema {SCHEMA}");
            return Err(BadInput::new(message));
        }
        Ok(report)
    }

    fn of(benches: Vec<BenchRun>, criterion: Vec<Statistics>, cities: Vec<CityRun>, node: NodeSize) -> Self {
        let (city_claims, mut not_measured) = city::claims(&cities);
        let needs: Vec<Need> = cities.iter().map(|city| Need::of(city, &benches, node)).collect();
        let missing = BENCHES.iter().filter(|(name, _)| benches.iter().all(|run| run.bench != *name));
        let mut all: Vec<String> =
            missing.map(|(name, command)| format!("bench {name}: {command}")).collect();
        let whole = |mix: &str| cities.iter().any(|city| city.mix == mix);
        let missing = MIXES.into_iter().filter(|mix| !whole(mix));
        all.extend(
            missing.map(|mix| format!("city, mix {mix}: generalprobe city --mix {mix} --duration 30s")),
        );
        all.append(&mut not_measured);
        let claims = || benches.iter().flat_map(|run| &run.claims).chain(&city_claims);
        let judged = claims().filter(|claim| claim.unit == crate::measured::Unit::Ratio).count();
        let holds = judged > 0 && !claims().any(Claim::fails);
        Self {
            schema: SCHEMA,
            verdict: if holds { Verdict::Pass } else { Verdict::Fail },
            examined: claims().count() as u64,
            machines: machines(&benches, &cities),
            city_claims,
            criterion,
            node,
            needs,
            not_measured: all,
            outdated: Vec::new(),
            comparison: None,
            benches,
            cities,
        }
    }

    /// Everything that is held against a bound, with the bench that it is of.
    pub fn claims(&self) -> impl Iterator<Item = (&str, &Claim)> {
        let of_benches =
            self.benches.iter().flat_map(|run| run.claims.iter().map(|claim| (&*run.bench, claim)));
        of_benches.chain(self.city_claims.iter().map(|claim| ("city run", claim)))
    }
}

/// Each machine once.
fn machines(benches: &[BenchRun], cities: &[CityRun]) -> Vec<Machine> {
    let mut machines: Vec<Machine> = Vec::new();
    let all =
        benches.iter().map(|run| &run.machine).chain(cities.iter().filter_map(|city| city.machine.as_ref()));
    for machine in all {
        if !machines.contains(machine) {
            machines.push(machine.clone());
        }
    }
    machines
}

#[cfg(test)]
pub(crate) mod tests;
