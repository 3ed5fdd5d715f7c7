//! Owns claims about what was measured: a figure, a bound, and what is said of the two together.

use std::fmt::Write as _;

use crate::paired::Median;

/// On which side of its bound a figure is good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// A ratio of at most this.
    AtMost(f64),
    /// A ratio of at least this.
    AtLeast(f64),
    /// At most so many nanoseconds, which depends on the machine: it is said whether that is reached, and nothing fails.
    Nanoseconds(f64),
}

/// What is claimed of a figure.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Of what.
    pub what: String,
    /// What was measured.
    pub figure: Median,
    /// What it is held against.
    pub bound: Bound,
}

impl Claim {
    /// Whether the figure is good.
    pub fn holds(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) | Bound::Nanoseconds(most) => self.figure.median <= most,
            Bound::AtLeast(least) => self.figure.median >= least,
        }
    }

    /// Whether a run has to fail because of it.
    pub fn fails(&self) -> bool {
        !self.holds() && !matches!(self.bound, Bound::Nanoseconds(_))
    }

    /// Its line in a Markdown table under [`HEAD`].
    pub fn row(&self) -> String {
        let Median { median, interval: (low, high) } = self.figure;
        let (bound, digits) = match self.bound {
            Bound::AtMost(most) => (format!("at most {most:.2}"), 2),
            Bound::AtLeast(least) => (format!("at least {least:.1}"), 2),
            Bound::Nanoseconds(most) => (format!("at most {most:.0} ns"), 1),
        };
        let verdict = match (self.holds(), self.bound) {
            (true, Bound::Nanoseconds(_)) => "reached",
            (false, Bound::Nanoseconds(_)) => "not reached",
            (true, _) => "good",
            (false, _) => "too slow",
        };
        let mut row = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(
            row,
            "| {} | {median:.digits$} | {low:.digits$} to {high:.digits$} | {bound} | {verdict} |",
            self.what
        );
        row
    }
}

/// Head of the table of claims.
pub const HEAD: &str = "| claim | median | 95 % | bound | |\n|---|--:|---|---|---|\n";

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(median: f64, bound: Bound) -> Claim {
        Claim { what: "a".into(), figure: Median { median, interval: (median, median) }, bound }
    }

    #[test]
    fn a_bound_has_two_sides() {
        for (bound, good, bad) in [(Bound::AtMost(1.5), 1.5, 1.51), (Bound::AtLeast(4.0), 4.0, 3.99)] {
            assert!(!claim(good, bound).fails() && claim(good, bound).row().ends_with("| good |\n"));
            assert!(claim(bad, bound).fails() && claim(bad, bound).row().ends_with("| too slow |\n"));
        }
    }

    #[test]
    fn an_absolute_figure_is_said_to_be_missed_and_fails_nothing() {
        let (reached, missed) =
            (claim(60.0, Bound::Nanoseconds(60.0)), claim(60.2, Bound::Nanoseconds(60.0)));
        assert!(reached.row().ends_with("| reached |\n"));
        assert!(missed.row().ends_with("| not reached |\n") && !missed.fails() && !missed.holds());
    }
}
