//! Owns what a check is: a named judgement that speaks for requirements, and the scenarios it has to see. The checks
//! themselves are in `checks`, the decision what their findings mean is in `gate`.

use std::fmt;

use crate::{
    evidence::{CheckOutcome, Findings},
    proof::ProofTable,
    registry::Registry,
    rehearsal::{HarnessError, Rehearse, RunEvidence},
};

/// In [`Check::scenarios`]: every scenario that any check of the registry names. `run` and `replay` judge a scenario
/// of the user's own by these checks.
pub const EVERY_SCENARIO: &str = "*";

/// A judgement that speaks for requirements.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Unique, in words joined by `-`, for instance `late-joiners-cannot-send`.
    pub name: &'static str,
    /// Ids of the catalogue rows it gives evidence for; at least one.
    pub requirements: &'static [&'static str],
    /// Names of the fixture scenarios it judges, or [`EVERY_SCENARIO`]; empty exactly where [`Judge`] needs
    /// no run.
    pub scenarios: &'static [&'static str],
    /// How it judges.
    pub judge: Judge,
}

/// How a check comes to its findings.
#[derive(Clone, Copy)]
pub enum Judge {
    /// Looks at each finished run.
    Run(fn(&RunEvidence) -> Findings),
    /// Looks at each finished run and starts further runs to compare it with, for instance the same one again.
    Compare(fn(&RunEvidence, &dyn Rehearse) -> Result<Findings, HarnessError>),
    /// Needs no run: published test vectors, the module graph.
    Standing(fn() -> Findings),
    /// Looks at what all the other checks concluded, once all their work is done.
    Outcomes(fn(&Registry, &[CheckOutcome]) -> Findings),
    /// Shows broken things to the checks that have to notice them, as this table says.
    Proofs(ProofTable),
}

impl Check {
    /// Whether it judges runs of scenarios.
    pub fn judges_runs(&self) -> bool {
        matches!(self.judge, Judge::Run(_) | Judge::Compare(_))
    }

    /// Whether a run of `scenario` is among those it judges.
    pub fn judges(&self, scenario: &str) -> bool {
        self.scenarios.iter().any(|&name| name == EVERY_SCENARIO || name == scenario)
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run(_) => "Run",
            Self::Compare(_) => "Compare",
            Self::Standing(_) => "Standing",
            Self::Outcomes(_) => "Outcomes",
            Self::Proofs(_) => "Proofs",
        })
    }
}
