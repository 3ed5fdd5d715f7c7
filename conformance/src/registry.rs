//! Owns the promise that catalogue and checks fit together: whoever holds a [`Registry`] need not ask again. What the
//! rows themselves must look like is decided in `catalogue`.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    catalogue::{Catalogue, Coverage, Requirement},
    check::{Check, EVERY_SCENARIO, Judge},
    checks::checks,
    proof::{Broken, Proof},
    rehearsal::HarnessError,
};

/// A catalogue and the checks that speak for it, known to fit together.
#[derive(Clone, Debug)]
pub struct Registry {
    catalogue: Catalogue,
    checks: &'static [Check],
}

impl Registry {
    /// The catalogue and checks this program was built with.
    ///
    /// # Errors
    /// As [`Registry::new`], or the catalogue is malformed.
    pub fn embedded() -> Result<Self, HarnessError> {
        Self::new(Catalogue::embedded()?, checks())
    }

    /// Puts `checks` beside `catalogue`.
    ///
    /// # Errors
    /// A check names an unknown requirement or one that is `todo`, a requirement is `checked` without a check, a check
    /// contradicts itself, or (where one of the checks is [`Judge::Proofs`]) a check has no proof that it can fail; one
    /// line for each fault.
    pub fn new(catalogue: Catalogue, checks: &'static [Check]) -> Result<Self, HarnessError> {
        let mut faults = Vec::new();
        let mut names = BTreeSet::new();
        let mut spoken_for = BTreeSet::new();
        for check in checks {
            if !names.insert(check.name) {
                faults.push(format!("check `{}`: the name is used twice", check.name));
            }
            faults
                .extend(faults_of(check, &catalogue).map(|fault| format!("check `{}`: {fault}", check.name)));
            spoken_for.extend(check.requirements.iter().copied());
        }
        for requirement in catalogue.requirements() {
            if requirement.coverage == Coverage::Checked && !spoken_for.contains(requirement.id.as_str()) {
                let Requirement { place, id, level, .. } = requirement;
                faults.push(format!(
                    "{place}: {id}: a {level} row is marked as checked, but no check names it; write one, or mark it as \
                     todo with a reason"
                ));
            }
        }
        if let Some(table) = proofs_in(checks) {
            faults.extend(faults_of_proofs(table, checks));
        }
        if faults.is_empty() { Ok(Self { catalogue, checks }) } else { Err(HarnessError::Catalogue(faults)) }
    }

    /// The requirements.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// All checks, in the order in which reports name them.
    pub fn checks(&self) -> &'static [Check] {
        self.checks
    }

    /// The check with this name.
    pub fn check(&self, name: &str) -> Option<&'static Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// All proofs that checks can fail.
    pub fn proofs(&self) -> &'static [Proof] {
        proofs_in(self.checks).unwrap_or_default()
    }

    /// The proofs that `check` can fail.
    pub fn proofs_of(&self, check: &Check) -> impl Iterator<Item = &'static Proof> + use<> {
        let name = check.name;
        self.proofs().iter().filter(move |proof| proof.check == name)
    }

    /// The checks that speak for a requirement.
    pub fn checks_of<'a>(
        &self,
        requirement: &'a Requirement,
    ) -> impl Iterator<Item = &'static Check> + use<'a> {
        let checks = self.checks;
        checks.iter().filter(|check| check.requirements.contains(&requirement.id.as_str()))
    }

    /// The fixture scenarios that `check` judges, in the order in which the registry first names them.
    pub fn scenarios_of(&self, check: &Check) -> Vec<&'static str> {
        let mut order = BTreeMap::new();
        for name in
            self.checks.iter().flat_map(|check| check.scenarios).filter(|&&name| name != EVERY_SCENARIO)
        {
            let next = order.len();
            order.entry(*name).or_insert(next);
        }
        let mut judged: Vec<_> = order.into_iter().filter(|(name, _)| check.judges(name)).collect();
        judged.sort_unstable_by_key(|&(_, first_named)| first_named);
        judged.into_iter().map(|(name, _)| name).collect()
    }
}

fn faults_of(check: &Check, catalogue: &Catalogue) -> impl Iterator<Item = String> {
    let mut faults = Vec::new();
    if check.requirements.is_empty() {
        faults.push("it names no requirement".to_owned());
    }
    for id in check.requirements {
        let fault = match catalogue.get(id).map(|requirement| &requirement.coverage) {
            Some(Coverage::Checked) => continue,
            Some(Coverage::Todo(_)) => "is marked as todo, yet it has this check",
            Some(Coverage::Withdrawn(_)) => "is withdrawn, yet it has this check",
            None => "is named, but there is no such requirement",
        };
        faults.push(stray(catalogue, id, fault));
    }
    match (check.judges_runs(), check.scenarios) {
        (false, [_, ..]) => faults.push("it needs no run, yet it names scenarios".to_owned()),
        (true, []) => faults.push("it judges runs, but names no scenario".to_owned()),
        (false, []) | (true, [_, ..]) => {}
    }
    faults.into_iter()
}

/// The table of proofs, which one of the checks demonstrates.
fn proofs_in(checks: &[Check]) -> Option<&'static [Proof]> {
    checks.iter().find_map(|check| match check.judge {
        Judge::Proofs(table) => Some((table.proofs)()),
        Judge::Run(_) | Judge::Compare(_) | Judge::Standing(_) | Judge::Outcomes(_) => None,
    })
}

fn faults_of_proofs(table: &[Proof], checks: &[Check]) -> Vec<String> {
    let mut faults = Vec::new();
    for check in checks.iter().filter(|check| !table.iter().any(|proof| proof.check == check.name)) {
        faults.push(format!("check `{}`: no proof shows that it can fail", check.name));
    }
    for proof in table {
        let what = match (checks.iter().find(|check| check.name == proof.check), proof.broken) {
            (None, _) => "there is no such check",
            (Some(check), Broken::Run { .. }) if !check.judges_runs() => "the check judges no runs",
            (Some(check), Broken::Run { scenario, .. }) if !check.judges(scenario) => {
                "the check does not judge that scenario"
            }
            (Some(_), _) => continue,
        };
        faults.push(format!("proof of `{}` by {}: {what}", proof.check, proof.by()));
    }
    faults
}

/// What is wrong with the id that a check names, with the row that is meant or most like it.
fn stray(catalogue: &Catalogue, id: &str, what: &str) -> String {
    match catalogue.get(id) {
        Some(row) => format!("{}: {id}: it {what}", row.place),
        None => match catalogue.nearest(id) {
            Some(row) => format!("{id} {what}; the nearest is {} at {}", row.id, row.place),
            None => format!("{id} {what}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{evidence::Findings, testing};

    fn faults(checks: &'static [Check]) -> String {
        Registry::new(testing::catalogue(), checks).unwrap_err().to_string()
    }

    #[test]
    fn catalogue_and_checks_that_fit_are_accepted() {
        assert_eq!(testing::registry().checks().len(), testing::CHECKS.len());
    }

    #[test]
    fn a_check_of_an_unknown_requirement_is_refused() {
        static STRAY: Check = Check { requirements: &["LIC-999"], ..testing::CHECKS[0] };
        assert!(faults(std::slice::from_ref(&STRAY)).contains(
            "check `only-holders-start`: LIC-999 is named, but there is no such requirement; the nearest is LIC-001 at \
             fixtures/requirements/lic.toml:2"
        ));
    }

    #[test]
    fn a_check_of_a_todo_requirement_is_refused() {
        static EARLY: Check = Check { requirements: &["CAP-002"], ..testing::CHECKS[0] };
        assert!(faults(std::slice::from_ref(&EARLY)).contains(
            "fixtures/requirements/cap.toml:2: CAP-002: it is marked as todo, yet it has this check"
        ));
    }

    #[test]
    fn a_requirement_marked_as_checked_needs_a_check() {
        let faults = faults(&[]);
        assert!(
            faults.contains(
                "fixtures/requirements/lic.toml:2: LIC-001: a MUST row is marked as checked, but no check"
            ),
            "{faults}"
        );
    }

    #[test]
    fn a_check_name_is_used_once() {
        static TWICE: [Check; 2] = [testing::CHECKS[0], testing::CHECKS[0]];
        assert!(faults(&TWICE).contains("the name is used twice"));
    }

    #[test]
    fn a_check_that_judges_runs_names_scenarios_and_a_standing_one_does_not() {
        static BLIND: Check = Check { scenarios: &[], ..testing::CHECKS[0] };
        static BUSY: Check = Check { judge: Judge::Standing(Findings::new), ..testing::CHECKS[0] };
        assert!(faults(std::slice::from_ref(&BLIND)).contains("names no scenario"));
        assert!(faults(std::slice::from_ref(&BUSY)).contains("yet it names scenarios"));
    }

    #[test]
    fn where_proofs_are_demonstrated_every_check_needs_one_that_it_can_be_shown() {
        static ELSEWHERE: Check = Check { scenarios: &["small"], ..testing::CHECKS[1] };
        assert!(faults(&testing::UNPROVEN).contains("check `vectors-pass`: no proof shows that it can fail"));
        let proven = Registry::new(testing::catalogue(), &testing::PROVEN).unwrap();
        assert_eq!(proven.proofs_of(&testing::CHECKS[1]).count(), 2);
        let checks = &testing::PROVEN[..1];
        let told = faults_of_proofs(proven.proofs(), checks).join("\n");
        assert!(
            told.contains("proof of `others-conclude` by a blind gate: there is no such check"),
            "{told}"
        );
        let told = faults_of_proofs(&proven.proofs()[3..], std::slice::from_ref(&ELSEWHERE)).join("\n");
        assert!(
            told.contains("by sabotage wide-links in weak: the check does not judge that scenario"),
            "{told}"
        );
    }

    #[test]
    fn every_scenario_means_those_that_other_checks_name() {
        let registry = testing::registry();
        let all = registry.check("packets-are-conserved").unwrap();
        assert_eq!(registry.scenarios_of(all), ["small", "weak"]);
    }
}
