//! Owns what a check leaves behind: counted findings that merge over runs, and the outcome the gate reads. Nothing
//! here knows a scenario, a thread or an output format.

use std::fmt::Write as _;

use media_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Violations of one check in one run that are kept with their message; the others are only counted, so that a check
/// that fails on every packet does not fill the memory.
pub const VIOLATIONS_KEPT_MAX: usize = 20;

/// What one check concludes from all the runs it judged.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckOutcome {
    /// The check's name.
    pub check: &'static str,
    /// Ids of the requirements it speaks for.
    pub requirements: &'static [&'static str],
    /// What it concludes.
    pub status: CheckStatus,
    /// How many things it looked at; 0 is a failure.
    pub examined: u64,
    /// One line of figures.
    pub evidence: String,
    /// The first violations of each run, in the order of the plan.
    pub violations: Vec<Violation>,
    /// How many violations there were, kept or not.
    pub violations_total: u64,
    /// The token that repeats the first violating run; absent when nothing is violated or the check needs no run.
    pub replay: Option<String>,
}

/// What a check concludes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// It looked at something and found no violation.
    Pass,
    /// It found a violation, or had nothing to look at.
    Fail,
    /// Some of its runs are not part of this gate run, and those that are show no violation.
    NotRun,
}

/// One observed breach of a requirement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Violation {
    /// What was seen and what should have been, in one sentence.
    pub message: String,
    /// The scenario; empty for a check that needs no run.
    pub scenario: String,
    /// The seed of the run.
    pub seed: u64,
    /// When it happened in the run, where the breach has a moment.
    #[serde(rename = "at_ns", with = "nanos")]
    #[schemars(with = "Option<u64>")]
    pub at: Option<Timestamp>,
}

/// What a check sees in one run (or, for a check without runs, at all). Findings of several runs fold into one
/// [`CheckOutcome`] in the order of the plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Findings {
    examined: u64,
    figures: Vec<Figure>,
    breaches: Vec<Breach>,
    breaches_total: u64,
}

/// A violation before the gate has written the run's name on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Breach {
    pub(crate) message: String,
    #[serde(rename = "at_ns", with = "nanos")]
    pub(crate) at: Option<Timestamp>,
}

/// One named figure of the evidence line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Figure {
    /// A number of things; adds up over runs.
    Count { name: String, count: u64 },
    /// A measured value; runs widen the range.
    Range { name: String, unit: String, low: f64, high: f64 },
}

impl Findings {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at one thing: counts it as examined, and as violated unless `held`.
    pub fn expect(&mut self, held: bool, message: impl FnOnce() -> String) {
        self.expect_at(held, None, message);
    }

    /// As [`Findings::expect`], for a thing that has a moment in the run.
    pub fn expect_at(&mut self, held: bool, at: Option<Timestamp>, message: impl FnOnce() -> String) {
        self.examined += 1;
        if !held {
            self.violate(at, message());
        }
    }

    /// Counts `things` that were looked at and found right, where one call for each would be too slow.
    pub fn add_examined(&mut self, things: u64) {
        self.examined += things;
    }

    /// Adds `count` to the figure `name`, for instance `refusals`.
    pub fn count(&mut self, name: &str, count: u64) {
        self.fold(Figure::Count { name: name.to_owned(), count });
    }

    /// Widens the range of the figure `name` to hold `value` in `unit` (empty for a plain number). A value that is
    /// not finite is a violation: nothing was measured.
    pub fn figure(&mut self, name: &str, unit: &str, value: f64) {
        if value.is_finite() {
            self.fold(Figure::Range {
                name: name.to_owned(),
                unit: unit.to_owned(),
                low: value,
                high: value,
            });
        } else {
            self.violate(None, format!("{name} was not measured: {value}"));
        }
    }

    /// The count of the figure `name`; 0 where nothing was counted.
    pub(crate) fn counted(&self, name: &str) -> u64 {
        let counts = self.figures.iter().filter_map(|figure| match figure {
            Figure::Count { name: known, count } if known == name => Some(*count),
            Figure::Count { .. } | Figure::Range { .. } => None,
        });
        counts.sum()
    }

    /// How many things were looked at.
    pub fn examined(&self) -> u64 {
        self.examined
    }

    /// How many of them were violated.
    pub fn violations_total(&self) -> u64 {
        self.breaches_total
    }

    /// What was violated, as far as it was kept.
    pub fn messages(&self) -> impl Iterator<Item = &str> {
        self.breaches.iter().map(|breach| breach.message.as_str())
    }

    /// The figures as one line, for instance `12 refusals, mos 3.71 to 4.38`.
    pub fn evidence(&self) -> String {
        let mut line = String::new();
        for figure in &self.figures {
            if !line.is_empty() {
                line.push_str(", ");
            }
            figure.write(&mut line);
        }
        line
    }

    /// Adds what another run showed, except its violations, which are kept with the run's name on them.
    pub(crate) fn merge_counts(&mut self, other: &Self) {
        self.examined += other.examined;
        self.breaches_total += other.breaches_total;
        for figure in &other.figures {
            self.fold(figure.clone());
        }
    }

    pub(crate) fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    fn violate(&mut self, at: Option<Timestamp>, message: String) {
        self.breaches_total += 1;
        if self.breaches.len() < VIOLATIONS_KEPT_MAX {
            self.breaches.push(Breach { message, at });
        }
    }

    fn fold(&mut self, figure: Figure) {
        for known in &mut self.figures {
            if known.absorb(&figure) {
                return;
            }
        }
        self.figures.push(figure);
    }
}

impl Figure {
    /// Takes `other` in when it is the same figure.
    fn absorb(&mut self, other: &Self) -> bool {
        match (self, other) {
            (Self::Count { name, count }, Self::Count { name: other_name, count: more })
                if name == other_name =>
            {
                *count += more;
                true
            }
            (
                Self::Range { name, unit, low, high },
                Self::Range { name: other_name, unit: other_unit, low: l, high: h },
            ) if name == other_name && unit == other_unit => {
                *low = low.min(*l);
                *high = high.max(*h);
                true
            }
            (Self::Count { .. } | Self::Range { .. }, _) => false,
        }
    }

    fn write(&self, line: &mut String) {
        match self {
            Self::Count { name, count } => _ = write!(line, "{count} {name}"),
            Self::Range { name, unit, low, high } => {
                _ = write!(line, "{name} {}", plain(*low));
                if plain(*low) != plain(*high) {
                    _ = write!(line, " to {}", plain(*high));
                }
                if !unit.is_empty() {
                    _ = write!(line, " {unit}");
                }
            }
        }
    }
}

/// A value with at most three decimals and no trailing zeros.
fn plain(value: f64) -> String {
    let fixed = format!("{value:.3}");
    let short = fixed.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// Timestamps as whole nanoseconds.
mod nanos {
    use media_core::Timestamp;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[expect(clippy::ref_option, reason = "the signature is serde's")]
    pub(super) fn serialize<S: Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
        at.map(Timestamp::as_nanos).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
        Ok(Option::<u64>::deserialize(from)?.map(Timestamp::from_nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violated_expectation_is_counted_and_kept_with_its_moment() {
        let mut findings = Findings::new();
        findings.expect(true, || unreachable!("a kept expectation needs no message"));
        findings.expect_at(false, Some(Timestamp::from_millis(7)), || "late".to_owned());
        assert_eq!(findings.examined(), 2);
        assert_eq!(findings.violations_total(), 1);
        let kept = Breach { message: "late".to_owned(), at: Some(Timestamp::from_millis(7)) };
        assert_eq!(findings.breaches(), [kept]);
    }

    #[test]
    fn violations_beyond_the_kept_ones_are_still_counted() {
        let mut findings = Findings::new();
        for n in 0..100 {
            findings.expect(false, || format!("violation {n}"));
        }
        assert_eq!(findings.violations_total(), 100);
        assert_eq!(findings.breaches().len(), VIOLATIONS_KEPT_MAX);
        assert_eq!(findings.breaches()[0].message, "violation 0");
    }

    #[test]
    fn counts_add_up_and_ranges_widen_over_runs() {
        let mut all = Findings::new();
        for (joins, mos) in [(2, 4.0), (3, 3.25)] {
            let mut run = Findings::new();
            run.count("joins", joins);
            run.figure("mos", "", mos);
            run.figure("wait", "ms", 5.0);
            all.merge_counts(&run);
        }
        assert_eq!(all.evidence(), "5 joins, mos 3.25 to 4, wait 5 ms");
    }

    #[test]
    fn a_figure_that_is_not_a_number_is_a_violation() {
        let mut findings = Findings::new();
        findings.figure("mos", "", f64::NAN);
        assert_eq!(findings.violations_total(), 1);
        assert_eq!(findings.evidence(), "");
    }

    #[test]
    fn findings_survive_being_written_and_read_to_the_last_bit() {
        let mut findings = Findings::new();
        findings.figure("share", "", 0.1 + 0.2);
        findings.figure("tiny", "s", 5e-324);
        findings.count("joins", u64::MAX);
        findings.expect_at(false, Some(Timestamp::FAR_FUTURE), || "never".to_owned());
        let text = serde_json::to_string(&findings).unwrap();
        assert_eq!(serde_json::from_str::<Findings>(&text).unwrap(), findings);
    }
}
