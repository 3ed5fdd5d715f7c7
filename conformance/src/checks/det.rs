//! Owns the checks of the harness itself (DET): the same run again, another seed, each source of randomness, the file
//! that repeats a run, and what a run prints.

use std::time::Duration;

use sim::seed::SOURCES;

use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, RunEvidence, Settings},
    replay::ReplayToken,
    report::{WallClock, terminal::write_summary},
};

/// Hexadecimal digits of a digest.
const DIGEST_DIGITS: usize = 32;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "the-same-run-again",
        requirements: &["DET-001"],
        scenarios: &["rathaus", "loss", "webrtc"],
        judge: Judge::Compare(again),
    },
    Check {
        name: "another-seed-another-run",
        requirements: &["DET-002"],
        scenarios: &["sources"],
        judge: Judge::Compare(other_seeds),
    },
    Check {
        name: "a-run-can-be-repeated-from-its-line-and-its-file",
        requirements: &["DET-003"],
        scenarios: &["sources", "lobby"],
        judge: Judge::Compare(repeated),
    },
    Check {
        name: "a-run-prints-digest-and-time-factor",
        requirements: &["DET-006"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(|run| printed(run, write_summary)),
    },
];

fn settings(run: &RunEvidence) -> Settings {
    Settings { sabotage: run.run().sabotage, ..Settings::default() }
}

/// Runs it once more on another thread and compares everything that is kept.
fn again(run: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let mut findings = Findings::new();
    let second = rehearse.with_settings(settings(run)).fixture(&run.scenario, run.seed)?;
    findings.expect(run.digest == second.digest, || {
        format!("the first run has digest {}, the second {}", run.digest, second.digest)
    });
    for (first, second) in run.participants.iter().zip(&second.participants) {
        findings.expect(first == second, || format!("{} had another experience the second time", first.name));
    }
    findings.count("runs compared", 1);
    findings.count("packets", run.run().server.tap.counters.datagrams);
    Ok(findings)
}

/// The next seed, and the same seed with one source after the other taken from another seed.
fn other_seeds(run: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let mut findings = Findings::new();
    let next = rehearse.with_settings(settings(run)).fixture(&run.scenario, run.seed.wrapping_add(1))?;
    findings.expect(next.digest != run.digest, || {
        format!("seeds {} and {} give the same digest {}", run.seed, next.seed, run.digest)
    });
    for source in SOURCES {
        let shifted = Settings { shifted: Some(source), ..settings(run) };
        let other = rehearse.with_settings(shifted).fixture(&run.scenario, run.seed)?;
        findings.expect(other.digest != run.digest, || {
            format!("the source `{source}` does not reach the run: without its seed the digest is the same")
        });
    }
    findings.count("sources", SOURCES.len() as u64);
    Ok(findings)
}

/// The token that a failing run would print, and the file that it would leave, lead to the same run.
fn repeated(run: &RunEvidence, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
    let mut findings = Findings::new();
    let sabotage = run.run().sabotage;
    let token = ReplayToken::Fixture { scenario: run.scenario.clone(), seed: run.seed, sabotage };
    let read = token.to_string().parse::<ReplayToken>();
    findings.expect(read.as_ref().is_ok_and(|read| *read == token), || {
        format!("the line `replay {token}` does not name the run it is printed for")
    });
    let rehearse = rehearse.with_settings(settings(run));
    if let Some(file) = rehearse.scenario_file(&run.scenario, run.seed) {
        let second = rehearse.text(&file)?;
        findings.expect(second.digest == run.digest, || {
            format!("the run of the written file has digest {}, not {}", second.digest, run.digest)
        });
        findings.count("files repeated", 1);
    }
    Ok(findings)
}

type Printer = fn(&mut dyn std::io::Write, &str, &str, f64, Option<WallClock>) -> std::io::Result<()>;

/// What is said of a printer that leaves out digest and time factor.
pub(super) fn terse_printer() -> Findings {
    let run = RunEvidence {
        scenario: "sources".to_owned(),
        seed: 1,
        digest: "0".repeat(DIGEST_DIGITS),
        simulated: Duration::from_secs(1),
        participants: Vec::new(),
        record: None,
    };
    printed(&run, |out, _, seeds, _, _| writeln!(out, "{seeds}"))
}

/// Prints the run's summary and looks for what must stand there.
fn printed(run: &RunEvidence, printer: Printer) -> Findings {
    let mut findings = Findings::new();
    let mut text = Vec::new();
    let simulated_s = run.simulated.as_secs_f64();
    let wall = WallClock::new(simulated_s, Duration::from_secs(1));
    let written = printer(&mut text, &run.digest, &run.seed.to_string(), simulated_s, Some(wall));
    let text = String::from_utf8_lossy(&text).into_owned();
    let digits = run.digest.chars().filter(char::is_ascii_hexdigit).count();
    findings.expect(written.is_ok() && digits == DIGEST_DIGITS && text.contains(&run.digest), || {
        format!("the summary of a run lacks its digest `{}`: {text}", run.digest)
    });
    findings.expect(text.contains(&format!("time factor {simulated_s:.1}")), || {
        format!("the summary of a run of {simulated_s} s in 1 s lacks the time factor: {text}")
    });
    findings.count("summaries read", 1);
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::{Sabotage, Simulation};

    #[test]
    fn a_terse_printer_is_noticed() {
        let run = Simulation::default().fixture("sources", 1).unwrap();
        assert_eq!(printed(&run, write_summary).violations_total(), 0);
        assert_eq!(terse_printer().violations_total(), 2);
    }

    #[test]
    fn a_source_that_does_not_reach_the_run_is_noticed() {
        let broken = Simulation::new(Settings { sabotage: Some(Sabotage::FixedSeed), ..Settings::default() });
        let run = broken.fixture("sources", 1).unwrap();
        assert!(other_seeds(&run, &broken).unwrap().violations_total() > 0);
    }
}
