//! Owns the checks of congestion control without a conference: the cases of RFC 8867, the bands that libwebrtc asserts, and
//! lines that many share (`fixtures/rfc8867`). What a case says stands in its file.

use std::sync::LazyLock;

use sim::{
    flows::{Case, Course, Sabotage, run},
    seed::Seed,
};

use crate::{
    check::{Check, Judge},
    evidence::Findings,
};

macro_rules! cases {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../../fixtures/rfc8867/", $name, ".toml"))),)*]
    };
}

/// Name and text of each file, in the order in which they are shown.
const FILES: &[(&str, &str)] = cases! {
    "5.1-variable-capacity-100ms",
    "5.1-variable-capacity-50ms",
    "5.1-variable-capacity-short-queue",
    "5.2-variable-capacity-two-flows-100ms",
    "5.2-variable-capacity-two-flows-50ms",
    "5.3-congested-feedback-100ms",
    "5.3-congested-feedback-50ms",
    "5.4-self-fairness-100ms",
    "5.4-self-fairness-50ms",
    "5.5-rtt-fairness",
    "5.6-long-tcp-100ms-queue-1000ms",
    "5.6-long-tcp-100ms-queue-300ms",
    "5.6-long-tcp-50ms-queue-1000ms",
    "5.6-long-tcp-50ms-queue-300ms",
    "5.7-short-tcps-100ms",
    "5.7-short-tcps-50ms",
    "5.8-pause-and-resume-100ms",
    "5.8-pause-and-resume-50ms",
    "libwebrtc-500-to-800",
    "libwebrtc-800-to-100",
    "libwebrtc-loss-10-percent",
    "libwebrtc-loss-3-percent",
    "libwebrtc-no-feedback",
    "libwebrtc-steady-500",
    "shared-line-2-on-2000",
    "shared-line-30-on-16000",
    "shared-line-30-on-2000",
    "shared-line-8-on-6000",
    "to-a-tenth-and-back",
};

/// What draws sizes of frames, pauses, jitter and losses. A gate decides alike each time.
const SEED: Seed = Seed::new(1);
/// The sources of the cases that [`RFC_CHECK`] judges begin so.
const RFC: &str = "RFC 8867";
/// The check of the cases of the RFC, and that of all others.
pub(crate) const RFC_CHECK: &str = "the-cases-of-rfc-8867-hold";
pub(super) const BANDS_CHECK: &str = "estimates-keep-their-bands-and-share-lines";
/// What a misled controller is shown: one flow on a line that changes, and three that share one.
const SHOWN: &[&str] = &["5.1-variable-capacity-50ms", "5.4-self-fairness-50ms"];
const SHOWN_BANDS: &[&str] = &["libwebrtc-500-to-800", "shared-line-2-on-2000"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: RFC_CHECK,
        requirements: &["NET-010"],
        scenarios: &[],
        judge: Judge::Standing(|| judged(courses().iter().filter(|(case, _)| case.source.starts_with(RFC)))),
    },
    Check {
        name: BANDS_CHECK,
        requirements: &["NET-010"],
        scenarios: &[],
        judge: Judge::Standing(|| judged(courses().iter().filter(|(case, _)| !case.source.starts_with(RFC)))),
    },
];

/// All cases and what became of them. They are run once in a process: equal cases have equal courses.
pub(crate) fn courses() -> &'static [(Case, Course)] {
    static COURSES: LazyLock<Vec<(Case, Course)>> = LazyLock::new(|| of(|_| true, None));
    &COURSES
}

fn of(is_wanted: impl Fn(&str) -> bool, sabotage: Option<Sabotage>) -> Vec<(Case, Course)> {
    let wanted = FILES.iter().filter(|(name, _)| is_wanted(name));
    wanted
        .map(|(name, text)| {
            let case = Case::from_toml(&format!("{name}.toml"), text).expect("a test reads every case");
            let course = run(&case, SEED, sabotage);
            (case, course)
        })
        .collect()
}

fn judged<'a>(courses: impl Iterator<Item = &'a (Case, Course)>) -> Findings {
    let mut findings = Findings::new();
    let mut cases = 0;
    for (case, course) in courses {
        cases += 1;
        for measured in &course.measured {
            let bound = &measured.bound;
            findings.expect(measured.holds(), || {
                let value = measured.value.map_or("nothing".to_owned(), |value| format!("{value:.3}"));
                let (from, until) = (bound.from.as_millis() / 1000, bound.until.as_millis() / 1000);
                format!(
                    "{}: {} from {from} to {until} s is {value}, expected {} to {}",
                    case.name, bound.figure, bound.at_least, bound.at_most
                )
            });
        }
    }
    findings.count("cases", cases);
    findings
}

/// What is said when congestion control is misled.
fn misled(shown: &[&str], sabotage: Sabotage) -> Findings {
    judged(of(|name| shown.contains(&name), Some(sabotage)).iter())
}

/// A controller that sees no delay.
pub(super) fn delay_hidden() -> Findings {
    misled(SHOWN, Sabotage::DelayHidden)
}

/// Encoders that never take more than they began with.
pub(super) fn never_more() -> Findings {
    misled(SHOWN, Sabotage::NeverMore)
}

/// Receivers that say nothing.
pub(super) fn feedback_withheld() -> Findings {
    misled(SHOWN, Sabotage::FeedbackWithheld)
}

/// A flow that takes three times what it may.
pub(super) fn bands_greedy_flow() -> Findings {
    misled(SHOWN_BANDS, Sabotage::GreedyFirst)
}

/// A controller that sees no delay, on the lines of the second check.
pub(super) fn bands_without_delay() -> Findings {
    misled(SHOWN_BANDS, Sabotage::DelayHidden)
}

/// Encoders that never take more, on the lines of the second check.
pub(super) fn bands_never_more() -> Findings {
    misled(SHOWN_BANDS, Sabotage::NeverMore)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_case_is_listed_and_called_like_its_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/rfc8867");
        let there: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let listed: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(there, listed);
        for (name, text) in FILES {
            assert_eq!(Case::from_toml(name, text).unwrap_or_else(|error| panic!("{error}")).name, *name);
        }
    }

    #[test]
    fn every_section_of_the_rfc_has_a_case_with_two_sides() {
        let cases: Vec<&Case> = courses().iter().map(|(case, _)| case).collect();
        for section in 1..=8 {
            let source = format!("{RFC} section 5.{section}");
            let own: Vec<_> = cases.iter().filter(|case| case.source.starts_with(&source)).collect();
            assert!(!own.is_empty(), "{source}");
            for case in own {
                let two_sided = |bound: &sim::flows::Bound| bound.at_least > 0.0 && bound.at_most.is_finite();
                assert!(case.bounds.iter().any(two_sided), "{}", case.name);
            }
        }
    }

    #[test]
    fn each_way_of_misleading_shows_in_the_figure_that_it_spoils() {
        let spoiled = |findings: &Findings, figure: &str| {
            findings.breaches().iter().any(|breach| breach.message.contains(figure))
        };
        assert!(spoiled(&delay_hidden(), "queue-p95-ms"));
        assert!(spoiled(&never_more(), "utilisation"));
        assert!(spoiled(&bands_greedy_flow(), "fairness"));
        assert!(spoiled(&feedback_withheld(), "utilisation"));
    }
}
