//! Owns the comparison of instruction counts with those that are committed: what has grown by too much, and what one of the two
//! does not know.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// By how much a count may grow without being looked at.
pub const GROWTH_PERCENT_MAX: u64 = 2;

/// Instructions by the name of the bench.
pub type Counts = BTreeMap<String, u64>;

/// What was counted once, and with which compiler.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    /// As it names itself: another one makes other instructions of the same lines.
    pub compiler: String,
    /// What was counted.
    pub counts: Counts,
}

/// What became of one bench.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// Both counts are there.
    Counted {
        /// What the baseline says.
        before: u64,
        /// What was counted now.
        now: u64,
    },
    /// The baseline does not know it.
    New(u64),
    /// It was not counted.
    Gone(u64),
}

impl Baseline {
    /// Reads what [`Baseline::to_json`] wrote.
    ///
    /// # Errors
    /// What is missing or is none.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let compiler = value["compiler"].as_str().ok_or("compiler: no text")?.to_owned();
        let counts = value["instructions"].as_object().ok_or("instructions: no object")?;
        let count = |(name, count): (&String, &Value)| match count.as_u64() {
            Some(count) => Ok((name.clone(), count)),
            None => Err(format!("instructions: {name}: no count")),
        };
        Ok(Self { compiler, counts: counts.iter().map(count).collect::<Result<_, _>>()? })
    }

    /// One line for each bench, so that a difference is read easily.
    ///
    /// # Panics
    /// Never: text and numbers are JSON.
    pub fn to_json(&self) -> String {
        let value = json!({ "compiler": self.compiler, "instructions": self.counts });
        serde_json::to_string_pretty(&value).expect("text and numbers are JSON") + "\n"
    }

    /// What became of each bench.
    pub fn changes(&self, now: &Counts) -> BTreeMap<String, Change> {
        let mut changes: BTreeMap<_, _> =
            self.counts.iter().map(|(name, before)| (name.clone(), Change::Gone(*before))).collect();
        for (name, now) in now {
            let change = match self.counts.get(name) {
                Some(before) => Change::Counted { before: *before, now: *now },
                None => Change::New(*now),
            };
            changes.insert(name.clone(), change);
        }
        changes
    }
}

impl Change {
    /// By how many percent the count grew, if there are two.
    pub fn growth_percent(self) -> Option<f64> {
        match self {
            Self::Counted { before, now } => Some((now as f64 / before as f64 - 1.0) * 100.0),
            Self::New(_) | Self::Gone(_) => None,
        }
    }

    /// Whether somebody has to look at it.
    pub fn fails(self) -> bool {
        match self {
            Self::Counted { before, now } => before == 0 || now * 100 > before * (100 + GROWTH_PERCENT_MAX),
            Self::New(_) | Self::Gone(_) => true,
        }
    }

    /// Its line of the report.
    pub fn line(self, name: &str) -> String {
        let verdict = if self.fails() { "FAILED" } else { "good" };
        match self {
            Self::Counted { before, now } => {
                let growth = self.growth_percent().unwrap_or(f64::NAN);
                format!("{verdict:6} {name:32} {before:>12} -> {now:>12} {growth:+.2} %")
            }
            Self::New(now) => format!("{verdict:6} {name:32} {now:>12}, which the baseline does not know"),
            Self::Gone(before) => {
                format!("{verdict:6} {name:32} {before:>12} in the baseline, not counted now")
            }
        }
    }
}

/// Name and count of one bench, out of what `gungraun` writes of it (`summary.json`).
pub fn of_summary(text: &str) -> Option<(String, u64)> {
    let value: Value = serde_json::from_str(text).ok()?;
    let name = format!("{}/{}", value["function_name"].as_str()?, value["id"].as_str()?);
    let values = value.pointer("/profiles/0/data/total/metrics/Ir/values")?;
    Some((name, values["new"].as_u64()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline(counts: &[(&str, u64)]) -> Baseline {
        let counts = counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        Baseline { compiler: "rustc 1".into(), counts }
    }

    #[test]
    fn growth_of_more_than_two_percent_fails_and_less_does_not() {
        for (now, fails) in [(10_000, false), (10_200, false), (10_201, true), (500, false)] {
            let now = baseline(&[("forward/audio", now)]).counts;
            let changes = baseline(&[("forward/audio", 10_000)]).changes(&now);
            assert_eq!(changes["forward/audio"].fails(), fails, "{changes:?}");
        }
    }

    #[test]
    fn who_fails_is_named_with_the_growth() {
        let line = Change::Counted { before: 10_000, now: 12_550 }.line("forward/audio");
        assert!(line.starts_with("FAILED forward/audio ") && line.ends_with(" +25.50 %"), "{line}");
    }

    #[test]
    fn what_only_one_of_the_two_knows_fails() {
        let changes = baseline(&[("a", 1), ("b", 1)]).changes(&baseline(&[("b", 1), ("c", 1)]).counts);
        assert_eq!(changes["a"], Change::Gone(1));
        assert_eq!(changes["c"], Change::New(1));
        let fails: Vec<_> =
            changes.iter().filter(|(_, change)| change.fails()).map(|(name, _)| name).collect();
        assert_eq!(fails, ["a", "c"]);
        assert!(Change::Counted { before: 0, now: 0 }.fails());
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written() {
        let written = baseline(&[("a", 7), ("b", 8)]);
        assert_eq!(Baseline::from_json(&written.to_json()), Ok(written));
        for broken in ["", "{}", r#"{"compiler":"a","instructions":{"a":"7"}}"#] {
            assert!(Baseline::from_json(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_count_is_found_in_a_summary() {
        let summary = r#"{"function_name":"forward","id":"audio","profiles":[{"data":{"total":{"metrics":
            {"Ir":{"values":{"new":123}}}}}}]}"#;
        assert_eq!(of_summary(summary), Some(("forward/audio".to_owned(), 123)));
        assert_eq!(of_summary("{}"), None);
    }
}
