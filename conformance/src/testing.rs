//! Owns the small catalogue, checks and made-up runs that the unit tests of this crate judge. Compiled for tests only.

use std::{path::Path, time::Duration};

use crate::{
    bad_input::BadInput,
    catalogue::Catalogue,
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    proof::{Broken, Proof, ProofTable},
    registry::Registry,
    rehearsal::{HarnessError, RehearsalError, Rehearse, RunEvidence, Settings},
};

/// Four areas: a checked MUST with two checks, a todo, a checked SHOULD, a MUST that needs no run.
pub(crate) fn catalogue() -> Catalogue {
    let row = |id: &str, level: &str, rest: &str| {
        format!(
            "[[requirement]]\nid = \"{id}\"\nlevel = \"{level}\"\nstatement = \"What {id} asks for.\"\nsource = \"brief 2\"\n{rest}\n"
        )
    };
    let lic = row("LIC-001", "MUST", "status = \"checked\"");
    let cap = row("CAP-002", "MUST", "status = \"todo\"\nreason = \"needs the city\"");
    let net = row("NET-001", "SHOULD", "status = \"checked\"");
    let e2e = row("E2E-001", "MUST", "status = \"checked\"");
    let fwd = row("FWD-007", "MUST", "status = \"checked\"");
    let files =
        [("lic.toml", &lic), ("cap.toml", &cap), ("net.toml", &net), ("e2e.toml", &e2e), ("fwd.toml", &fwd)];
    Catalogue::from_files(&files.map(|(name, text)| (name, text.as_str()))).unwrap()
}

pub(crate) const CHECKS: [Check; 4] = [
    Check {
        name: "only-holders-start",
        requirements: &["LIC-001"],
        scenarios: &["small"],
        judge: Judge::Run(|run| judge(run, "starts refused")),
    },
    Check {
        name: "links-are-shared",
        requirements: &["NET-001"],
        scenarios: &["weak"],
        judge: Judge::Run(|run| judge(run, "links")),
    },
    Check {
        name: "vectors-pass",
        requirements: &["E2E-001"],
        scenarios: &[],
        judge: Judge::Standing(|| {
            let mut findings = Findings::new();
            findings.expect(true, String::new);
            findings.count("vectors", 1);
            findings
        }),
    },
    Check {
        name: "packets-are-conserved",
        requirements: &["FWD-007", "LIC-001"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(|run| judge(run, "packets")),
    },
];

pub(crate) static REGISTERED: [Check; 4] = CHECKS;

pub(crate) fn registry() -> Registry {
    Registry::new(catalogue(), &REGISTERED).unwrap()
}

/// A check for which there is no proof, and the check that demonstrates proofs.
pub(crate) static UNPROVEN: [Check; 2] =
    [CHECKS[2], Check { requirements: &["E2E-001"], ..PROOFS_OF_NOTHING }];

const PROOFS_OF_NOTHING: Check = Check {
    name: "checks-can-fail",
    requirements: &["FWD-007"],
    scenarios: &[],
    judge: Judge::Proofs(ProofTable { proofs: || &[], checks: || &UNPROVEN }),
};

const fn seen_to_fail(check: &'static str, fault: &'static str) -> Proof {
    let judge = || {
        let mut findings = Findings::new();
        findings.expect(false, || "something is broken".to_owned());
        findings
    };
    Proof { check, broken: Broken::Fixture { fault, judge } }
}

/// Checks with proofs of all of them, one of which notices nothing, and a check of what the others conclude.
pub(crate) static PROVEN: [Check; 4] = [
    CHECKS[2],
    Check { requirements: &["LIC-001"], judge: Judge::Proofs(PROOF_TABLE), ..PROOFS_OF_NOTHING },
    Check {
        name: "others-conclude",
        requirements: &["FWD-007"],
        scenarios: &[],
        judge: Judge::Outcomes(|_, outcomes| {
            let mut findings = Findings::new();
            findings.add_examined(outcomes.len() as u64);
            findings.count("outcomes", outcomes.len() as u64);
            findings
        }),
    },
    CHECKS[1],
];

const PROOF_TABLE: ProofTable = ProofTable { proofs: || &TABLE, checks: || &PROVEN };

static TABLE: [Proof; 5] = [
    seen_to_fail("vectors-pass", "a wrong vector"),
    seen_to_fail("checks-can-fail", "a blind check"),
    seen_to_fail("others-conclude", "a blind gate"),
    seen_to_fail("links-are-shared", "a wide link"),
    Proof {
        check: "links-are-shared",
        broken: Broken::Run { sabotage: crate::rehearsal::Sabotage::WideLinks, scenario: "weak" },
    },
];

/// A made-up run lasts `seed` seconds; checks find a violation where the scenario is in `broken`.
#[derive(Clone, Debug, Default)]
pub(crate) struct MadeUp {
    /// `(scenario, seed)` of runs whose digest says that they are broken.
    pub(crate) broken: Vec<(&'static str, u64)>,
    /// `(scenario, seed)` of runs that panic.
    pub(crate) panicking: Vec<(&'static str, u64)>,
}

impl Rehearse for MadeUp {
    fn has_fixture(&self, scenario: &str) -> bool {
        ["small", "weak"].contains(&scenario)
    }

    fn fixture(&self, scenario: &str, seed: u64) -> Result<RunEvidence, HarnessError> {
        assert!(!self.panicking.contains(&(scenario_name(scenario), seed)), "the engine lost its way");
        let state = if self.broken.contains(&(scenario_name(scenario), seed)) { "bad" } else { "900d" };
        Ok(RunEvidence {
            scenario: scenario.to_owned(),
            seed,
            digest: format!("{state}{seed:08x}"),
            simulated: Duration::from_secs(seed),
            participants: Vec::new(),
            record: None,
        })
    }

    fn file(&self, path: &Path, seed: Option<u64>) -> Result<RunEvidence, RehearsalError> {
        match path.file_stem().and_then(|stem| stem.to_str()) {
            Some(scenario @ ("small" | "weak")) => Ok(self.fixture(scenario, seed.unwrap_or(1))?),
            _ => Err(BadInput::new(format!("{}: not a scenario", path.display())).into()),
        }
    }

    fn text(&self, _: &str) -> Result<RunEvidence, HarnessError> {
        self.fixture("small", 1)
    }

    fn with_settings(&self, _: Settings) -> Box<dyn Rehearse> {
        Box::new(self.clone())
    }

    fn scenario_file(&self, scenario: &str, seed: u64) -> Option<String> {
        self.has_fixture(scenario).then(|| format!("name = \"{scenario}\"\nseed = {seed}\n"))
    }
}

fn scenario_name(scenario: &str) -> &'static str {
    match scenario {
        "small" => "small",
        "weak" => "weak",
        _ => panic!("no test names the scenario {scenario}"),
    }
}

fn judge(run: &RunEvidence, what: &str) -> Findings {
    let mut findings = Findings::new();
    findings.count(what, run.seed);
    findings.figure("share", "", 0.1 * run.seed as f64);
    for n in 0..3 {
        findings.expect(!run.digest.starts_with("bad"), || {
            format!("{what} {n} of seed {} went astray", run.seed)
        });
    }
    findings
}
