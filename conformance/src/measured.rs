//! Owns the form in which benches leave what they measured: one file for each bench, beside criterion's results. Benches write
//! it and `bench-report` reads it, so that it stands here once; nothing of criterion is needed for that.

pub mod criterion;
pub mod home;
mod machine;

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{bad_input::BadInput, report::saved::load_json};

pub use machine::Machine;

/// Version of the files; grows when a field changes its meaning.
pub const SCHEMA: u32 = 1;

/// What one bench measured in its last run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BenchRun {
    /// [`SCHEMA`] of these files.
    pub schema: u32,
    /// Name of the bench, for instance `forward`.
    pub bench: String,
    /// Where it ran.
    pub machine: Machine,
    /// What each contender cost.
    pub costs: Vec<Cost>,
    /// What is claimed of that, with bounds.
    pub claims: Vec<Claim>,
}

/// What one piece of work cost one contender.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// The work, for instance `audio` or `protect/1100`.
    pub load: String,
    /// How large it was, if it comes in several sizes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// Who did it, for instance `floor` or `engine with SRTP`.
    pub contender: String,
    /// Nanoseconds for one piece of work.
    pub ns: Figure,
    /// The same beside somebody else, in the same rounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Ratio>,
}

/// A size of the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Size {
    /// How much.
    pub count: u64,
    /// Of what.
    pub of: SizeUnit,
}

/// What sizes count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SizeUnit {
    /// Those who get each packet.
    Subscribers,
    /// Bytes of a packet's or frame's payload.
    Bytes,
    /// Pictures that share a budget.
    Pictures,
    /// Conferences at once.
    Conferences,
}

/// A measured figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Figure {
    /// The median over all rounds; the only value, or the mean, where there is no interval.
    pub value: f64,
    /// Ends of the interval of 95 % confidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
}

/// How many times longer something takes than something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ratio {
    /// Than who.
    pub beside: String,
    /// How many times.
    #[serde(flatten)]
    pub figure: Figure,
}

/// A figure and the bound that it is held against.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// Of what.
    pub what: String,
    /// What was measured.
    #[serde(flatten)]
    pub figure: Figure,
    /// Its unit.
    pub unit: Unit,
    /// What it is held against.
    pub bound: Bound,
    /// Whether the bound is kept. A ratio that does not keep its bound fails the report; any other figure depends on the
    /// machine, and it is only told whether its bound is reached.
    pub met: bool,
}

/// Units of claimed figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A ratio of two times of one run.
    Ratio,
    /// Nanoseconds.
    Ns,
    /// Simulated seconds per second.
    TimeFactor,
    /// Mebibytes.
    Mib,
}

/// On which side a figure is good.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// Not above this.
    AtMost(f64),
    /// Not below this.
    AtLeast(f64),
}

impl Size {
    /// So many subscribers.
    pub const fn subscribers(count: u64) -> Self {
        Self { count, of: SizeUnit::Subscribers }
    }

    /// So many bytes.
    pub const fn bytes(count: u64) -> Self {
        Self { count, of: SizeUnit::Bytes }
    }

    /// So many pictures.
    pub const fn pictures(count: u64) -> Self {
        Self { count, of: SizeUnit::Pictures }
    }

    /// So many conferences.
    pub const fn conferences(count: u64) -> Self {
        Self { count, of: SizeUnit::Conferences }
    }
}

impl SizeUnit {
    /// As axes and tables call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subscribers => "subscribers",
            Self::Bytes => "bytes",
            Self::Pictures => "pictures",
            Self::Conferences => "conferences",
        }
    }
}

impl Figure {
    /// A figure that was measured once, or on average.
    pub const fn single(value: f64) -> Self {
        Self { value, interval: None }
    }

    fn is_sound(&self) -> bool {
        let within = |[low, high]: [f64; 2]| low.is_finite() && low <= self.value && self.value <= high;
        self.value.is_finite() && self.value >= 0.0 && self.interval.is_none_or(within)
    }
}

impl Bound {
    /// Whether the bound is kept.
    pub fn is_met(self, figure: Figure) -> bool {
        match self {
            Self::AtMost(most) => figure.value <= most,
            Self::AtLeast(least) => figure.value >= least,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(formatter, "at most {most}"),
            Self::AtLeast(least) => write!(formatter, "at least {least}"),
        }
    }
}

impl Unit {
    /// As it stands behind a figure; nothing behind a ratio.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ratio => "",
            Self::Ns => "ns",
            Self::TimeFactor => "simulated s per s",
            Self::Mib => "MiB",
        }
    }

    /// Digits behind the point that say something.
    pub const fn decimals(self) -> usize {
        match self {
            Self::Ratio | Self::TimeFactor => 2,
            Self::Ns => 1,
            Self::Mib => 0,
        }
    }
}

impl Claim {
    /// Holds a figure against its bound.
    pub fn new(what: impl Into<String>, figure: Figure, unit: Unit, bound: Bound) -> Self {
        Self { what: what.into(), figure, unit, bound, met: bound.is_met(figure) }
    }

    /// Whether a report has to fail because of it.
    pub fn fails(&self) -> bool {
        !self.met && self.unit == Unit::Ratio
    }

    /// What is said of figure and bound.
    pub const fn verdict(&self) -> &'static str {
        match (self.met, self.unit) {
            (true, Unit::Ratio) => "met",
            (false, Unit::Ratio) => "missed",
            (true, _) => "reached",
            (false, _) => "not reached",
        }
    }
}

impl BenchRun {
    /// Nothing yet, on this machine.
    pub fn begin(bench: &str) -> Self {
        Self {
            schema: SCHEMA,
            bench: bench.to_owned(),
            machine: Machine::here(),
            costs: Vec::new(),
            claims: Vec::new(),
        }
    }

    /// Leaves it in the folder of measured runs below criterion's home.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, home: &Path) -> Result<PathBuf, BadInput> {
        let folder = home::measured(home);
        fs::create_dir_all(&folder).map_err(|error| BadInput::file(&folder, &error))?;
        let path = folder.join(format!("{}.json", self.bench.replace(' ', "-")));
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| BadInput::new(format!("{}: {error}", path.display())))?;
        fs::write(&path, text + "\n").map_err(|error| BadInput::file(&path, &error))?;
        Ok(path)
    }

    /// Reads one, and makes sure that it says nothing impossible.
    ///
    /// # Errors
    /// The file cannot be read, is malformed, or a field has a value that no measurement gives; the error names file and field.
    pub fn load(path: &Path) -> Result<Self, BadInput> {
        let run: Self = load_json(path)?;
        let wrong = |what: String| Err(BadInput::new(format!("{}: {what}", path.display())));
        if run.schema != SCHEMA {
            return wrong(format!("schema is {}, but this program reads schema {SCHEMA}", run.schema));
        }
        for (number, cost) in run.costs.iter().enumerate() {
            if !cost.ns.is_sound() {
                return wrong(format!("costs[{number}].ns: its value is not within its interval"));
            }
            if cost.ratio.as_ref().is_some_and(|ratio| !ratio.figure.is_sound()) {
                return wrong(format!("costs[{number}].ratio: its value is not within its interval"));
            }
        }
        for (number, claim) in run.claims.iter().enumerate() {
            if !claim.figure.is_sound() {
                return wrong(format!("claims[{number}]: its value is not within its interval"));
            }
            if claim.met != claim.bound.is_met(claim.figure) {
                let (value, bound) = (claim.figure.value, claim.bound);
                return wrong(format!(
                    "claims[{number}].met is {}, but {value} is held against {bound}",
                    claim.met
                ));
            }
        }
        Ok(run)
    }

    /// Reads all that lie below criterion's home, in the order of their names. None where the folder is missing.
    ///
    /// # Errors
    /// As [`BenchRun::load`].
    pub fn load_all(home: &Path) -> Result<Vec<Self>, BadInput> {
        Self::files(home)?.iter().map(|path| Self::load(path)).collect()
    }

    /// Where all of them lie.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn files(home: &Path) -> Result<Vec<PathBuf>, BadInput> {
        let mut paths = home::entries(&home::measured(home))?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        Ok(paths)
    }
}

#[cfg(test)]
pub(crate) mod tests;
