//! Owns the comparison of two report objects: by requirement and by what each participant experienced. Reading them
//! is owned by `report::saved`.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde_json::{Map, Value};

use crate::{
    gate::RequirementStatus,
    report::{
        saved::{SavedParticipant, SavedReport},
        terminal::status_word,
    },
};

/// Relative change of a figure below which it counts as equal: the bound within which a run counts as undisturbed.
const TOLERANCE: f64 = 0.01;

/// What differs between two reports.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Requirements that no longer hold, figures that moved the wrong way.
    pub worse: Vec<String>,
    /// The reverse.
    pub better: Vec<String>,
    /// Differences without a direction.
    pub changed: Vec<String>,
    /// Only in the new report.
    pub appeared: Vec<String>,
    /// Only in the old report.
    pub vanished: Vec<String>,
}

/// Which way a figure should move, and by how much at least to matter where the old value is near zero.
struct Sense {
    name: &'static str,
    higher_is_better: bool,
    step: f64,
}

/// The figures of a participant (`audio.mos` and so on).
const SENSES: [Sense; 11] = [
    Sense { name: "audio.mos", higher_is_better: true, step: 0.01 },
    Sense { name: "audio.concealment", higher_is_better: false, step: 0.0005 },
    Sense { name: "audio.longest_gap_ms", higher_is_better: false, step: 1.0 },
    Sense { name: "audio.mouth_to_ear_ms_p95", higher_is_better: false, step: 1.0 },
    Sense { name: "video.frozen_share", higher_is_better: false, step: 0.0005 },
    Sense { name: "video.freezes", higher_is_better: false, step: 0.5 },
    Sense { name: "video.first_frame_ms", higher_is_better: false, step: 1.0 },
    Sense { name: "video.kbps", higher_is_better: true, step: 1.0 },
    Sense { name: "video.torn_frames", higher_is_better: false, step: 0.5 },
    Sense { name: "join.first_audio_ms", higher_is_better: false, step: 1.0 },
    Sense { name: "join.entered_ms", higher_is_better: false, step: 1.0 },
];

impl Changes {
    /// Compares two reports.
    pub fn between(old: &SavedReport, new: &SavedReport) -> Self {
        let mut changes = Self::default();
        let status_of = |report: &SavedReport| -> BTreeMap<String, RequirementStatus> {
            report.requirements.iter().map(|row| (row.id.clone(), row.status)).collect()
        };
        changes.compare_all(&status_of(old), &status_of(new), Self::compare_status);
        let people = |report: &SavedReport| -> BTreeMap<String, SavedParticipant> {
            report.participants.iter().map(|person| (person.name.clone(), person.clone())).collect()
        };
        changes.compare_all(&people(old), &people(new), |changes, name, old, new| {
            changes.compare_all(
                &figures(name, &old.figures),
                &figures(name, &new.figures),
                Self::compare_figure,
            );
        });
        changes
    }

    /// Writes one line for each difference.
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
        for (kind, lines) in kinds {
            for line in lines {
                writeln!(out, "{kind:<9} {line}")?;
            }
        }
        let counts: Vec<_> = kinds.iter().map(|(kind, lines)| format!("{} {kind}", lines.len())).collect();
        writeln!(out, "{}", counts.join(", "))
    }

    fn compare_all<T: Clone>(
        &mut self,
        old: &BTreeMap<String, T>,
        new: &BTreeMap<String, T>,
        compare: impl Fn(&mut Self, &str, T, T),
    ) {
        for (name, was) in old {
            match new.get(name) {
                Some(is) => compare(self, name, was.clone(), is.clone()),
                None => self.vanished.push(name.clone()),
            }
        }
        self.appeared.extend(new.keys().filter(|name| !old.contains_key(*name)).cloned());
    }

    fn compare_status(&mut self, id: &str, old: RequirementStatus, new: RequirementStatus) {
        use RequirementStatus::{Fail, NotRun, Pass, Todo, Withdrawn};
        if old == new {
            return;
        }
        let line = format!("{id}: {} to {}", status_word(old), status_word(new));
        // A requirement that held and is not shown to hold any longer got worse, whatever the reason, unless the row
        // itself was withdrawn: that is a decision, whose reason stands in the catalogue.
        match (old, new) {
            (Pass, Fail | Todo | NotRun) | (_, Fail) => self.worse.push(line),
            (Fail | Todo | NotRun | Withdrawn, Pass) => self.better.push(line),
            (_, Todo | NotRun | Withdrawn) | (Pass, Pass) => self.changed.push(line),
        }
    }

    fn compare_figure(&mut self, name: &str, old: f64, new: f64) {
        let sense = SENSES.iter().find(|sense| name.ends_with(sense.name));
        let step = sense.map_or(0.0, |sense| sense.step);
        if (new - old).abs() <= (old.abs() * TOLERANCE).max(step) {
            return;
        }
        let line = format!("{name}: {old} to {new}");
        match sense {
            None => self.changed.push(line),
            Some(sense) if sense.higher_is_better == (new > old) => self.better.push(line),
            Some(_) => self.worse.push(line),
        }
    }
}

/// All numbers of one participant, by `NAME audio.mos` and so on.
fn figures(person: &str, groups: &Map<String, Value>) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for (group, value) in groups {
        for (figure, value) in value.as_object().into_iter().flatten() {
            if let Some(value) = value.as_f64() {
                all.insert(format!("{person} {group}.{figure}"), value);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn report(parts: &Value) -> SavedReport {
        let mut whole = json!({ "schema": 1, "verdict": "pass", "digest": "00" });
        whole.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    fn statuses(rows: &[(&str, &str)]) -> SavedReport {
        let row = |(id, status): &(&str, &str)| json!({ "id": id, "level": "MUST", "status": status, "checks": [] });
        report(&json!({ "requirements": rows.iter().map(row).collect::<Vec<_>>() }))
    }

    fn person(audio: &Value) -> SavedReport {
        report(&json!({ "participants": [{ "name": "Ada", "site": "hall", "audio": audio }] }))
    }

    #[test]
    fn equal_reports_show_no_change() {
        let same = statuses(&[("LIC-001", "pass"), ("CAP-002", "todo")]);
        assert_eq!(Changes::between(&same, &same), Changes::default());
    }

    #[test]
    fn a_requirement_that_held_got_worse_when_it_is_not_shown_to_hold() {
        for status in ["fail", "todo", "not_run"] {
            let changes =
                Changes::between(&statuses(&[("LIC-001", "pass")]), &statuses(&[("LIC-001", status)]));
            assert_eq!(changes.worse.len(), 1, "{status}");
        }
        let back = Changes::between(&statuses(&[("LIC-001", "fail")]), &statuses(&[("LIC-001", "pass")]));
        assert_eq!((back.worse.len(), back.better), (0, vec!["LIC-001: fail to pass".to_owned()]));
    }

    #[test]
    fn hiding_a_failure_is_not_called_better() {
        let changes = Changes::between(&statuses(&[("LIC-001", "fail")]), &statuses(&[("LIC-001", "todo")]));
        assert_eq!(changes.changed, ["LIC-001: fail to todo"]);
        assert!(changes.better.is_empty());
    }

    #[test]
    fn what_is_only_in_one_report_appeared_or_vanished() {
        let changes = Changes::between(&statuses(&[("LIC-001", "pass")]), &statuses(&[("LIC-002", "pass")]));
        assert_eq!(
            (changes.appeared, changes.vanished),
            (vec!["LIC-002".to_owned()], vec!["LIC-001".to_owned()])
        );
    }

    #[test]
    fn a_figure_is_judged_by_its_sense() {
        let old = person(&json!({ "mos": 4.0, "concealment": 0.02, "echo": 1.0 }));
        let new = person(&json!({ "mos": 3.0, "concealment": 0.01, "echo": 2.0 }));
        let changes = Changes::between(&old, &new);
        assert_eq!(changes.worse, ["Ada audio.mos: 4 to 3"]);
        assert_eq!(changes.better, ["Ada audio.concealment: 0.02 to 0.01"]);
        assert_eq!(changes.changed, ["Ada audio.echo: 1 to 2"]);
    }

    #[test]
    fn a_change_within_the_tolerance_is_none_and_one_beyond_it_is_one() {
        let worse = |new: f64| {
            Changes::between(&person(&json!({ "mos": 4.0 })), &person(&json!({ "mos": new }))).worse.len()
        };
        assert_eq!(worse(3.97), 0);
        assert_eq!(worse(3.95), 1);
        let first_loss = Changes::between(
            &person(&json!({ "concealment": 0.0 })),
            &person(&json!({ "concealment": 0.001 })),
        );
        assert_eq!(first_loss.worse.len(), 1);
    }

    #[test]
    fn a_participant_that_hears_nothing_any_longer_has_vanished_figures() {
        let changes = Changes::between(&person(&json!({ "mos": 4.0 })), &person(&Value::Null));
        assert_eq!(changes.vanished, ["Ada audio.mos"]);
    }
}
