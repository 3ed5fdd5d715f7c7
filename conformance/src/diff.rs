//! Owns the comparison of two report objects: by requirement, by run, and by what each participant experienced. Simulated
//! figures are exact, so any difference is one. Reading reports is owned by `report::saved`.

mod change;
mod figures;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use crate::{
    gate::RequirementStatus,
    report::{
        saved::{SavedReport, SavedRun},
        terminal::status_word,
    },
};

pub use change::Change;
use figures::{figures, is_better};

/// Changes of one figure in one run that are told one by one; the others are counted.
const TOLD_OF_A_FIGURE_MAX: usize = 3;

/// What differs between two reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Requirements that no longer hold, figures that moved the wrong way or are no longer measured.
    pub worse: Vec<Change>,
    /// The reverse.
    pub better: Vec<Change>,
    /// Differences without a direction.
    pub changed: Vec<Change>,
    /// Only in the new report.
    pub appeared: Vec<Change>,
    /// Only in the old report.
    pub vanished: Vec<Change>,
}

impl Changes {
    /// Compares two reports.
    pub fn between(old: &SavedReport, new: &SavedReport) -> Self {
        let mut changes = Self::default();
        let statuses = |report: &SavedReport| -> BTreeMap<String, RequirementStatus> {
            report.requirements.iter().map(|row| (row.id.clone(), row.status)).collect()
        };
        changes.compare_all(&statuses(old), &statuses(new), |changes, id, was, is| {
            changes.compare_status(id, *was, *is);
        });
        let (was, is) = (runs(old), runs(new));
        changes.compare_all(&was, &is, Self::compare_run);
        changes
    }

    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Writes the differences, worst kind first. A figure that changed for many participants of a run is told for those
    /// for whom it changed most, and counted for the others.
    ///
    /// # Errors
    /// Writing fails.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let kinds = [
            ("worse", &self.worse),
            ("better", &self.better),
            ("changed", &self.changed),
            ("appeared", &self.appeared),
            ("vanished", &self.vanished),
        ];
        for (kind, changes) in kinds {
            write_kind(out, kind, changes)?;
        }
        let counts: Vec<_> =
            kinds.iter().map(|(kind, changes)| format!("{} {kind}", changes.len())).collect();
        writeln!(out, "{}", counts.join(", "))
    }

    fn compare_all<T>(
        &mut self,
        old: &BTreeMap<String, T>,
        new: &BTreeMap<String, T>,
        compare: impl Fn(&mut Self, &str, &T, &T),
    ) {
        for (name, was) in old {
            match new.get(name) {
                Some(is) => compare(self, name, was, is),
                None => self.vanished.push(Change::of(name)),
            }
        }
        self.appeared.extend(new.keys().filter(|name| !old.contains_key(*name)).map(|name| Change::of(name)));
    }

    fn compare_status(&mut self, id: &str, old: RequirementStatus, new: RequirementStatus) {
        use RequirementStatus::{Fail, NotRun, Pass, Todo, Withdrawn};
        if old == new {
            return;
        }
        let change = Change::of(id).with_values(status_word(old), status_word(new));
        // A requirement that held and is not shown to hold any longer got worse, whatever the reason, unless the row
        // itself was withdrawn: that is a decision, whose reason stands in the catalogue.
        match (old, new) {
            (Pass, Fail | Todo | NotRun) | (_, Fail) => self.worse.push(change),
            (Fail | Todo | NotRun | Withdrawn, Pass) => self.better.push(change),
            (_, Todo | NotRun | Withdrawn) | (Pass, Pass) => self.changed.push(change),
        }
    }

    fn compare_run(&mut self, run: &str, old: &SavedRun, new: &SavedRun) {
        if old.digest != new.digest && !old.digest.is_empty() && !new.digest.is_empty() {
            self.changed.push(Change::of(run).figure("digest").with_values(&old.digest, &new.digest));
        }
        let was: BTreeMap<_, _> =
            old.participants.iter().map(|person| (person.name.as_str(), person)).collect();
        let is: BTreeMap<_, _> =
            new.participants.iter().map(|person| (person.name.as_str(), person)).collect();
        for name in was.keys().chain(is.keys()).collect::<BTreeSet<_>>() {
            let place = if run.is_empty() { (*name).to_owned() } else { format!("{run} {name}") };
            match (was.get(name), is.get(name)) {
                (Some(was), Some(is)) => {
                    self.compare_person(&place, run, &figures(&was.figures), &figures(&is.figures));
                }
                // A report lists a part of the participants of a large run: who is not listed has not gone.
                (Some(_), None) if !new.leaves_out() => self.vanished.push(Change::of(&place)),
                (None, Some(_)) if !old.leaves_out() => self.appeared.push(Change::of(&place)),
                (Some(_) | None, _) => {}
            }
        }
    }

    #[expect(clippy::float_cmp, reason = "simulated figures are exact: the smallest difference is one")]
    fn compare_person(
        &mut self,
        place: &str,
        run: &str,
        old: &BTreeMap<String, f64>,
        new: &BTreeMap<String, f64>,
    ) {
        for figure in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let change = Change::of(place).in_run(run).figure(figure);
            match (old.get(figure), new.get(figure)) {
                (Some(was), Some(is)) if was == is => {}
                (Some(was), Some(is)) => {
                    let change = change.moved(*was, *is);
                    match is_better(figure, *was, *is) {
                        Some(true) => self.better.push(change),
                        Some(false) => self.worse.push(change),
                        None => self.changed.push(change),
                    }
                }
                // What is no longer measured is no longer shown: who was heard before is silent, who was in is out.
                (Some(was), None) => self.worse.push(change.with_values(was, "nothing")),
                (None, Some(is)) => self.appeared.push(change.with_values("nothing", is)),
                (None, None) => {}
            }
        }
    }
}

/// The runs of a report by name: all of a gate run, or the one of a single run, which has none.
fn runs(report: &SavedReport) -> BTreeMap<String, SavedRun> {
    let mut runs: BTreeMap<_, _> = report.runs.iter().map(|run| (run.token(), run.clone())).collect();
    if report.requirements.is_empty() && report.runs.is_empty() {
        runs.insert(String::new(), SavedRun::alone(&report.digest, report.participants.clone()));
    }
    runs
}

fn write_kind(out: &mut dyn Write, kind: &str, changes: &[Change]) -> io::Result<()> {
    // What belongs to no figure of participants stands for itself, first and in its order.
    for change in changes.iter().filter(|change| change.group().is_none()) {
        writeln!(out, "{kind:<9} {change}")?;
    }
    let mut groups: BTreeMap<(&str, &str), Vec<&Change>> = BTreeMap::new();
    for change in changes {
        if let Some(group) = change.group() {
            groups.entry(group).or_default().push(change);
        }
    }
    for ((run, figure), mut changes) in groups {
        changes.sort_by(|one, other| other.size().total_cmp(&one.size()));
        for change in changes.iter().take(TOLD_OF_A_FIGURE_MAX) {
            writeln!(out, "{kind:<9} {change}")?;
        }
        if let Some(rest @ 1..) = changes.len().checked_sub(TOLD_OF_A_FIGURE_MAX) {
            let run = if run.is_empty() { "" } else { " in " }.to_owned() + run;
            writeln!(out, "{kind:<9} and {figure} of {rest} more{run}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
