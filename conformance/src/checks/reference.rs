//! Owns the checks by the reference model: every run is what it says, what was wrong once is right, and so are scenarios
//! that are drawn at random.

use std::num::NonZero;

use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    explore::{Search, first_violation, search},
    oracle,
    rehearsal::{REGRESSIONS, RunEvidence, Sabotage, Settings},
};

/// What the model speaks of.
const SPOKEN_OF: &[&str] = &[
    "LIC-001", "LIC-002", "LIC-003", "LIC-004", "CAP-002", "CAP-004", "JOIN-001", "JOIN-002", "JOIN-007",
    "PRES-001", "PRES-002", "PRES-003", "PRES-005", "FWD-008",
];
/// Scenarios that every gate run draws; `generalprobe explore` draws as many as one likes.
const DRAWN: u32 = 80;
/// What draws them. A gate decides alike each time, so it does not go looking for something new.
const SEED: u64 = 1;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "the-reference-model-agrees",
        requirements: SPOKEN_OF,
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(agrees),
    },
    Check {
        name: "what-was-wrong-once-stays-right",
        requirements: &["DET-003"],
        scenarios: REGRESSIONS,
        judge: Judge::Run(stays_right),
    },
    Check {
        name: "drawn-scenarios-are-as-the-model-says",
        requirements: SPOKEN_OF,
        scenarios: &[],
        judge: Judge::Standing(drawn_scenarios_hold),
    },
];

fn agrees(run: &RunEvidence) -> Findings {
    oracle::judge(run.run())
}

fn stays_right(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let violation = first_violation(run);
    let rested = oracle::judge(run.run()).counted(oracle::SETTLED_RUNS) == 1;
    findings.expect(violation.is_some() || rested, || "the run was not judged at rest".to_owned());
    findings.expect(violation.is_none(), || violation.map(|(_, violation)| violation).unwrap_or_default());
    findings
}

fn drawn_scenarios_hold() -> Findings {
    drawn(Settings::default())
}

fn drawn(settings: Settings) -> Findings {
    let mut findings = Findings::new();
    match search(Search { cases: DRAWN, seed: SEED, jobs: NonZero::<usize>::MIN, settings }, |_| {}) {
        Ok(searched) => {
            findings.count("scenarios", u64::from(searched.cases));
            findings.count("kinds of requests and answers", searched.reached.len() as u64);
            findings.count("streams due", searched.streams_due);
            findings.count("deeds followed", searched.deeds);
            let blind = searched.streams_due == 0 || searched.deeds == 0;
            let rested = searched.found.is_some() || searched.settled == u64::from(searched.cases);
            findings.expect(rested && !blind, || format!("only a part was judged: {searched:?}"));
            findings.add_examined(u64::from(searched.cases) - u64::from(searched.found.is_some()));
            if let Some(found) = searched.found {
                findings.expect(false, || {
                    let (_, moves) = found.moves;
                    format!(
                        "drawn scenario {} of seed {SEED}, {moves} moves: {}",
                        found.case, found.violation
                    )
                });
            }
        }
        Err(error) => findings.expect(false, || error.to_string()),
    }
    findings
}

/// What the check of drawn scenarios says of a server that admits nobody without a licence.
pub(super) fn drawn_where_guests_are_turned_away() -> Findings {
    drawn(Settings { sabotage: Some(Sabotage::GuestsUnwelcome), ..Settings::default() })
}
