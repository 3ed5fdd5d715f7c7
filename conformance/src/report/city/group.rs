//! Owns the figures of a group of people: percentiles and distributions of what they experienced.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use sim::endpoint::light::LightRecord;

use crate::city::{MOS_MIN, percentile};

/// A group of people.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Group {
    /// What they have in common.
    pub name: String,
    /// Lines that they sit behind.
    pub lines: u64,
    /// How many they are.
    pub people: u64,
    /// Who heard anything.
    pub heard: u64,
    /// Who of them heard with the least score of the requirements or a better one.
    pub heard_well: u64,
    /// Mean opinion score that 95 % of them reach.
    pub mos_p5: Option<f64>,
    /// Mean opinion score of the one in the middle.
    pub mos_p50: Option<f64>,
    /// Concealed sound in percent, 95th percentile.
    pub concealed_percent_p95: Option<f64>,
    /// From mouth to ear in milliseconds, 95th percentile of each one's own.
    pub mouth_to_ear_ms_p95: Option<f64>,
    /// From opening the link to the first sound in milliseconds, 95th percentile.
    pub first_sound_ms_p95: Option<f64>,
    /// Received video in kbit/s, of the one in the middle.
    pub video_kbps_p50: Option<f64>,
    /// The same that 95 % of them reach.
    pub video_kbps_p5: Option<f64>,
    /// Frozen pictures in percent of the time, 95th percentile.
    pub frozen_percent_p95: Option<f64>,
    /// How scores are spread.
    pub mos: Histogram,
    /// How rates of video in kbit/s are spread.
    pub video_kbps: Histogram,
    /// How percentages of frozen time are spread.
    pub frozen_percent: Histogram,
}

/// How values are spread.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Histogram {
    /// Where each bin but the last ends; the last one has no end.
    pub ends: Vec<f64>,
    /// How many values there are in each.
    pub counts: Vec<u64>,
}

impl Histogram {
    fn of(ends: &[f64], values: &[f64]) -> Self {
        let mut counts = vec![0; ends.len() + 1];
        for value in values {
            counts[ends.partition_point(|end| end <= value)] += 1;
        }
        Self { ends: ends.to_vec(), counts }
    }
}

const MOS_ENDS: &[f64] = &[1.5, 2.0, 2.5, 3.0, 3.25, 3.5, 3.6, 3.75, 4.0, 4.25];
const KBPS_ENDS: &[f64] = &[25.0, 50.0, 100.0, 200.0, 400.0, 600.0, 800.0, 1_000.0, 1_500.0, 3_000.0];
const FROZEN_ENDS: &[f64] = &[0.01, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0];

/// Figures of people, as they come.
pub(super) struct Members {
    name: String,
    lines: BTreeSet<u32>,
    people: u64,
    mos: Vec<f64>,
    concealed: Vec<f64>,
    mouth_to_ear: Vec<f64>,
    first_sound: Vec<f64>,
    kbps: Vec<f64>,
    frozen: Vec<f64>,
}

impl Members {
    pub(super) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            lines: BTreeSet::new(),
            people: 0,
            mos: Vec::new(),
            concealed: Vec::new(),
            mouth_to_ear: Vec::new(),
            first_sound: Vec::new(),
            kbps: Vec::new(),
            frozen: Vec::new(),
        }
    }

    /// Somebody behind the line `line`.
    pub(super) fn add(&mut self, line: u32, experience: &LightRecord) {
        self.lines.insert(line);
        self.people += 1;
        if let Some(audio) = experience.audio {
            self.mos.push(audio.mos);
            self.concealed.push(audio.concealment * 100.0);
            self.mouth_to_ear.push(audio.mouth_to_ear_ms_p95);
        }
        if let Some(video) = experience.video {
            self.kbps.push(video.kbps);
            self.frozen.push(video.frozen_share * 100.0);
        }
        if let Some(after) = experience.heard_after {
            self.first_sound.push(after.as_secs_f64() * 1_000.0);
        }
    }

    pub(super) fn finish(mut self) -> Group {
        for values in [
            &mut self.mos,
            &mut self.concealed,
            &mut self.mouth_to_ear,
            &mut self.first_sound,
            &mut self.kbps,
            &mut self.frozen,
        ] {
            values.sort_by(f64::total_cmp);
        }
        Group {
            name: self.name,
            lines: self.lines.len() as u64,
            people: self.people,
            heard: self.mos.len() as u64,
            heard_well: self.mos.iter().filter(|mos| **mos >= MOS_MIN).count() as u64,
            mos_p5: percentile(&self.mos, 5.0),
            mos_p50: percentile(&self.mos, 50.0),
            concealed_percent_p95: percentile(&self.concealed, 95.0),
            mouth_to_ear_ms_p95: percentile(&self.mouth_to_ear, 95.0),
            first_sound_ms_p95: percentile(&self.first_sound, 95.0),
            video_kbps_p50: percentile(&self.kbps, 50.0),
            video_kbps_p5: percentile(&self.kbps, 5.0),
            frozen_percent_p95: percentile(&self.frozen, 95.0),
            mos: Histogram::of(MOS_ENDS, &self.mos),
            video_kbps: Histogram::of(KBPS_ENDS, &self.kbps),
            frozen_percent: Histogram::of(FROZEN_ENDS, &self.frozen),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_one_bin_and_an_end_belongs_to_the_bin_above() {
        let histogram = Histogram::of(&[1.0, 2.0], &[0.5, 1.0, 1.9, 2.0, 9.0]);
        assert_eq!(histogram.counts, [1, 2, 2]);
    }

    #[test]
    fn a_group_of_nobody_has_no_figures() {
        let group = Members::new("nobody").finish();
        assert_eq!((group.people, group.lines, group.mos_p5, group.video_kbps_p50), (0, 0, None, None));
    }
}
