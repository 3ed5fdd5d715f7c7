//! Owns the check that a run is what the reference model says, from the first request to the state in which it rests.

use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    oracle,
    rehearsal::RunEvidence,
};

pub(super) const CHECKS: &[Check] = &[Check {
    name: "the-reference-model-agrees",
    requirements: &[
        "LIC-001", "LIC-002", "LIC-003", "LIC-004", "CAP-002", "CAP-004", "JOIN-001", "JOIN-002", "JOIN-007",
        "PRES-001", "PRES-002", "PRES-003", "PRES-005", "FWD-008",
    ],
    scenarios: &[EVERY_SCENARIO],
    judge: Judge::Run(agrees),
}];

fn agrees(run: &RunEvidence) -> Findings {
    oracle::judge(run.run())
}
