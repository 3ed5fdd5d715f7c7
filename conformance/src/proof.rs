//! Owns what a proof is: something broken on purpose, and the check that has to turn red on it (DET-005). Which proof
//! stands for which check is listed in `checks::proofs`.

use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::{HarnessError, Rehearse, Sabotage, Settings},
};

/// The seed of every proof. It is fixed, so that a proof does not depend on what a gate run was asked to try.
pub const SEED: u64 = 7;

/// One way in which a check was seen to fail.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// The check's name.
    pub check: &'static str,
    /// What it is shown.
    pub broken: Broken,
}

/// The proofs, and the checks that they speak of.
#[derive(Clone, Copy, Debug)]
pub struct ProofTable {
    /// All proofs, in the order of the checks.
    pub proofs: fn() -> &'static [Proof],
    /// All checks.
    pub checks: fn() -> &'static [Check],
}

/// Something that is broken on purpose.
#[derive(Clone, Copy, Debug)]
pub enum Broken {
    /// A fixture scenario under a sabotage.
    Run {
        /// What misbehaves.
        sabotage: Sabotage,
        /// In which scenario.
        scenario: &'static str,
    },
    /// Something that is no run: altered test vectors, a source text, outcomes of a gate.
    Fixture {
        /// What is wrong with it, in words.
        fault: &'static str,
        /// What the check says of it.
        judge: fn() -> Findings,
    },
}

impl ProofTable {
    /// Demonstrates the proof of `check` by `by`.
    ///
    /// # Errors
    /// There is no such proof or check, or as [`Proof::seen`].
    pub fn demonstrate(
        self,
        check: &str,
        by: &str,
        rehearse: &dyn Rehearse,
    ) -> Result<Findings, HarnessError> {
        let proof = (self.proofs)().iter().find(|proof| proof.check == check && proof.by() == by);
        let judge = (self.checks)().iter().find(|judge| judge.name == check);
        let (Some(proof), Some(judge)) = (proof, judge) else {
            let reason = format!("there is no proof of it by {by}");
            return Err(HarnessError::Check { check: check.to_owned(), reason });
        };
        proof.demonstrate(judge, rehearse)
    }
}

impl Proof {
    /// What is broken, in words: the name of the proof beside its check.
    pub fn by(&self) -> String {
        match self.broken {
            Broken::Run { sabotage, scenario } => format!("sabotage {sabotage} in {scenario}"),
            Broken::Fixture { fault, .. } => fault.to_owned(),
        }
    }

    /// Shows the broken thing to its check. A check that does not notice is a violation.
    ///
    /// # Errors
    /// As [`Proof::seen`].
    pub fn demonstrate(&self, check: &Check, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
        let seen = self.seen(check, rehearse)?;
        let mut findings = Findings::new();
        findings.expect(seen.violations_total() > 0, || {
            format!("{} does not notice: {}; it looked at {} things", self.check, self.by(), seen.examined())
        });
        findings.count("proofs run", 1);
        findings.count("violations provoked", seen.violations_total());
        Ok(findings)
    }

    /// What the check finds in the broken thing.
    ///
    /// # Errors
    /// The sabotaged run did not come to its end, or the check does not judge it.
    pub fn seen(&self, check: &Check, rehearse: &dyn Rehearse) -> Result<Findings, HarnessError> {
        let (sabotage, scenario) = match self.broken {
            Broken::Fixture { judge, .. } => return Ok(judge()),
            Broken::Run { sabotage, scenario } => (sabotage, scenario),
        };
        // Further runs that a check starts for comparison are broken in the same way.
        let broken = rehearse.with_settings(Settings { sabotage: Some(sabotage), ..Settings::default() });
        let fault =
            |reason: &str| HarnessError::Check { check: check.name.to_owned(), reason: reason.to_owned() };
        if !check.judges(scenario) {
            return Err(fault(&format!("its proof is in {scenario}, which it does not judge")));
        }
        let run = broken.fixture(scenario, SEED)?;
        match check.judge {
            Judge::Run(judge) => Ok(judge(&run)),
            Judge::Compare(judge) => judge(&run, &*broken),
            Judge::Standing(_) | Judge::Outcomes(_) | Judge::Proofs(_) => {
                Err(fault("it judges no runs, yet its proof is a sabotage"))
            }
        }
    }
}
