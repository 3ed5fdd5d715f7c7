//! Owns the figures of participants by name and unit, and their median and worst over all of a run.

use std::cmp::Ordering;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::record::ParticipantReport;

/// A figure that a participant may have.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// Its place in the report object, for instance `audio.mos`.
    pub name: &'static str,
    /// As people call it.
    pub title: &'static str,
    /// Empty for a plain number.
    pub unit: &'static str,
    /// Decimals worth telling.
    pub decimals: usize,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Its value; absent where it was not measured.
    pub of: fn(&ParticipantReport) -> Option<f64>,
}

/// Median and worst of one figure over all participants of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FigureSummary {
    /// The figure's place in a participant's report, for instance `audio.mos`.
    pub name: String,
    /// At how many participants it was measured; at least one.
    pub measured: u64,
    /// The lower median, in the figure's own unit.
    pub median: f64,
    /// The worst value.
    pub worst: f64,
    /// Whose it is; the first of several.
    pub worst_of: String,
}

/// All figures, in the order of telling.
pub const FIGURES: [Figure; 9] = [
    Figure {
        name: "audio.mos",
        title: "MOS",
        unit: "",
        decimals: 2,
        higher_is_better: true,
        of: |report| report.audio.map(|audio| audio.mos),
    },
    Figure {
        name: "audio.concealment",
        title: "concealed",
        unit: "%",
        decimals: 2,
        higher_is_better: false,
        of: |report| report.audio.map(|audio| audio.concealment * 100.0),
    },
    Figure {
        name: "audio.longest_gap_ms",
        title: "longest gap",
        unit: "ms",
        decimals: 0,
        higher_is_better: false,
        of: |report| report.audio.map(|audio| audio.longest_gap_ms),
    },
    Figure {
        name: "audio.mouth_to_ear_ms_p95",
        title: "mouth to ear",
        unit: "ms",
        decimals: 0,
        higher_is_better: false,
        of: |report| report.audio.map(|audio| audio.mouth_to_ear_ms_p95),
    },
    Figure {
        name: "video.frozen_share",
        title: "frozen",
        unit: "%",
        decimals: 2,
        higher_is_better: false,
        of: |report| report.video.map(|video| video.frozen_share * 100.0),
    },
    Figure {
        name: "video.freezes",
        title: "freezes",
        unit: "",
        decimals: 0,
        higher_is_better: false,
        of: |report| report.video.map(|video| video.freezes as f64),
    },
    Figure {
        name: "video.first_frame_ms",
        title: "first frame",
        unit: "ms",
        decimals: 0,
        higher_is_better: false,
        of: |report| report.video.map(|video| video.first_frame_ms),
    },
    Figure {
        name: "video.kbps",
        title: "video rate",
        unit: "kbit/s",
        decimals: 0,
        higher_is_better: true,
        of: |report| report.video.map(|video| video.kbps),
    },
    Figure {
        name: "join.entered_ms",
        title: "got in after",
        unit: "ms",
        decimals: 0,
        higher_is_better: false,
        of: |report| report.join.entered_ms,
    },
];

impl Figure {
    /// The figure of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FIGURES.iter().find(|figure| figure.name == name)
    }

    /// A value with the decimals worth telling and its unit.
    pub fn show(&self, value: f64) -> String {
        let unit = if self.unit.is_empty() { String::new() } else { format!("\u{a0}{}", self.unit) };
        format!("{value:.*}{unit}", self.decimals)
    }
}

/// Each figure that was measured at anybody.
pub(super) fn over(participants: &[ParticipantReport]) -> Vec<FigureSummary> {
    FIGURES.iter().filter_map(|figure| summarise(figure, participants)).collect()
}

fn summarise(figure: &Figure, participants: &[ParticipantReport]) -> Option<FigureSummary> {
    let better = |one: &f64, other: &f64| -> Ordering {
        let order = one.total_cmp(other);
        if figure.higher_is_better { order } else { order.reverse() }
    };
    let measured = participants.iter().filter_map(|report| Some(((figure.of)(report)?, &report.name)));
    // Worst first; a stable sort keeps the first of equals.
    let mut measured: Vec<_> = measured.collect();
    measured.sort_by(|(one, _), (other, _)| better(one, other));
    let (worst, worst_of) = *measured.first()?;
    let mut values: Vec<f64> = measured.iter().map(|(value, _)| *value).collect();
    values.sort_by(f64::total_cmp);
    Some(FigureSummary {
        name: figure.name.to_owned(),
        measured: values.len() as u64,
        median: values[(values.len() - 1) / 2],
        worst,
        worst_of: worst_of.clone(),
    })
}
