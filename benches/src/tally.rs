//! Owns what one bench has measured in turns: the tables that it prints, and the same left beside criterion's results for
//! `generalprobe bench-report`. A bound that is missed is told here; it fails the report, and not the bench, so that those that
//! come after it are measured, too.

use std::{fmt, fmt::Write as _, ops::Range, process::ExitCode};

use conformance::measured::{self, BenchRun, Bound, Claim, Cost, Figure, Ratio, Size, Unit};

use crate::paired::{Contender, Rounds};

/// What contenders do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// What it is.
    pub load: String,
    /// How large it is, if it comes in several sizes.
    pub size: Option<Size>,
}

/// What a bench has measured so far.
#[derive(Debug)]
pub struct Tally {
    run: BenchRun,
    table: String,
}

/// Head of the table of costs beside a floor.
const HEAD: &str = "| work | | ns | ratio | at most | |\n|---|---|--:|--:|--:|---|\n";
/// Head of the table of claims.
const CLAIMS_HEAD: &str = "| claim | median | 95 % | bound | |\n|---|--:|---|---|---|\n";

impl Work {
    /// Work of one size.
    pub fn of(load: impl Into<String>) -> Self {
        Self { load: load.into(), size: None }
    }

    /// Work of this size among others.
    pub fn sized(load: impl Into<String>, size: Size) -> Self {
        Self { load: load.into(), size: Some(size) }
    }
}

impl fmt::Display for Work {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.size {
            Some(size) => write!(formatter, "{}/{}", self.load, size.count),
            None => formatter.write_str(&self.load),
        }
    }
}

impl Tally {
    /// Nothing yet.
    pub fn begin(bench: &str) -> Self {
        Self { run: BenchRun::begin(bench), table: String::new() }
    }

    /// Lets contenders do batches of so many pieces of work in turns; the first is the floor.
    ///
    /// # Panics
    /// If there is no contender, or the floor takes no time.
    pub fn compare(&mut self, work: &Work, contenders: &mut [Contender], batch: u64) {
        let rounds = Rounds::run(contenders, batch);
        self.add(work, contenders, &rounds, 0..contenders.len());
    }

    /// Adds what some of those who took turns did beside the first of them, their floor.
    pub fn add(&mut self, work: &Work, contenders: &[Contender], rounds: &Rounds, which: Range<usize>) {
        let floor = which.start;
        for place in which {
            let Contender { name, most, .. } = &contenders[place];
            let (ns, ratio) = (rounds.nanoseconds(place), rounds.ratio(place, floor));
            let beside = contenders[floor].name;
            let claim = most.map(|most| {
                let what = format!("{work}: {name} beside {beside}");
                Claim::new(what, ratio, Unit::Ratio, Bound::AtMost(most))
            });
            let (bound, verdict) = match &claim {
                Some(claim) => (format!("{:.1}", most.unwrap_or_default()), claim.verdict()),
                None => (String::new(), ""),
            };
            // Writing to a string does not fail.
            let _ = writeln!(
                self.table,
                "| {work} | {name} | {:.0} | {:.2} | {bound} | {verdict} |",
                ns.value, ratio.value
            );
            self.run.claims.extend(claim);
            self.add_cost(work, name, ns, (place > floor).then_some((beside, ratio)));
        }
    }

    /// Adds one cost that stands in no table of costs beside a floor.
    pub fn add_cost(&mut self, work: &Work, contender: &str, ns: Figure, ratio: Option<(&str, Figure)>) {
        self.run.costs.push(Cost {
            load: work.load.clone(),
            size: work.size,
            contender: contender.to_owned(),
            ns,
            ratio: ratio.map(|(beside, figure)| Ratio { beside: beside.to_owned(), figure }),
        });
    }

    /// Adds what is claimed beside the bounds of contenders.
    pub fn claim(&mut self, claim: Claim) {
        self.run.claims.push(claim);
    }

    /// The table of costs beside a floor, if there is one.
    fn table(&self) -> String {
        if self.table.is_empty() { String::new() } else { format!("{HEAD}{}", self.table) }
    }

    /// What is missed, in words; nothing if nothing is.
    fn missed(&self) -> String {
        let missed: Vec<&Claim> = self.run.claims.iter().filter(|claim| !claim.met).collect();
        if missed.is_empty() {
            return String::new();
        }
        let mut text = format!(
            "{} of {} bounds are not kept; a ratio among them fails the report (bench `summary`):\n",
            missed.len(),
            self.run.claims.len()
        );
        for claim in missed {
            let _ = writeln!(text, "  {} {}: {}", claim.verdict(), claim.what, held(claim));
        }
        text
    }

    /// Prints the table of costs, what is missed, and where everything lies for the report. Fails only if it cannot lie there.
    #[expect(clippy::print_stdout, reason = "the tables are what the run is for")]
    pub fn finish(self) -> ExitCode {
        println!("{}{}", self.table(), self.missed());
        match self.run.save(&measured::home::criterion_home()) {
            Ok(path) => {
                println!("{} is measured, for the report: {}\n", self.run.bench, path.display());
                ExitCode::SUCCESS
            }
            Err(fault) => {
                println!("what was measured cannot be left for the report: {fault}");
                ExitCode::FAILURE
            }
        }
    }
}

/// Claims as a Markdown table.
pub fn claims_table(claims: &[Claim]) -> String {
    let mut text = CLAIMS_HEAD.to_owned();
    for claim in claims {
        let digits = claim.unit.decimals();
        let interval = claim
            .figure
            .interval
            .map_or_else(String::new, |[low, high]| format!("{low:.digits$} to {high:.digits$}"));
        let _ = writeln!(
            text,
            "| {} | {:.digits$} | {interval} | {} {} | {} |",
            claim.what,
            claim.figure.value,
            claim.bound,
            claim.unit.name(),
            claim.verdict()
        );
    }
    text
}

/// A figure and its bound in words.
fn held(claim: &Claim) -> String {
    let unit = if claim.unit.name().is_empty() { String::new() } else { format!(" {}", claim.unit.name()) };
    format!("{:.*}{unit}, and {} is asked", claim.unit.decimals(), claim.figure.value, claim.bound)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn contender(name: &'static str, nanoseconds: u64, most: Option<f64>) -> Contender {
        let run = move |work| Duration::from_nanos(work * nanoseconds);
        Contender { name, most, run: Box::new(run) }
    }

    fn tally(nanoseconds: u64) -> Tally {
        let mut tally = Tally::begin("made up");
        let mut contenders = [contender("floor", 100, None), contender("engine", nanoseconds, Some(1.3))];
        tally.compare(&Work::sized("seal", Size::bytes(160)), &mut contenders, 8);
        tally
    }

    #[test]
    fn what_is_printed_is_left_for_the_report_with_everything_that_it_was_held_against() {
        let tally = tally(130);
        assert!(
            tally.table().ends_with("| seal/160 | engine | 130 | 1.30 | 1.3 | met |\n"),
            "{}",
            tally.table()
        );
        let [floor, engine] = &tally.run.costs[..] else { panic!("{:?}", tally.run.costs) };
        assert_eq!((&*floor.load, floor.size, &floor.ratio), ("seal", Some(Size::bytes(160)), &None));
        let ratio = engine.ratio.as_ref().unwrap();
        assert_eq!(
            (&*ratio.beside, ratio.figure.value, ratio.figure.interval),
            ("floor", 1.3, Some([1.3, 1.3]))
        );
        assert_eq!(engine.ns, Figure { value: 130.0, interval: Some([130.0, 130.0]) });
        assert_eq!(tally.run.claims[0].what, "seal/160: engine beside floor");
        assert_eq!(tally.missed(), "");
    }

    #[test]
    fn a_missed_bound_is_told_with_what_was_measured_and_what_is_asked() {
        let mut tally = tally(131);
        let figure = Figure::single(82.7);
        tally.claim(Claim::new("audio to 49", figure, Unit::Ns, Bound::AtMost(60.0)));
        assert!(tally.table().ends_with("| 1.31 | 1.3 | missed |\n"), "{}", tally.table());
        let missed = tally.missed();
        assert!(missed.starts_with("2 of 2 bounds are not kept"), "{missed}");
        assert!(
            missed.contains("missed seal/160: engine beside floor: 1.31, and at most 1.3 is asked"),
            "{missed}"
        );
        assert!(missed.contains("not reached audio to 49: 82.7 ns, and at most 60 is asked"), "{missed}");
        let table = claims_table(&tally.run.claims);
        assert!(table.ends_with("| audio to 49 | 82.7 |  | at most 60 ns | not reached |\n"), "{table}");
    }
}
