//! Owns the figures of participants as a report holds them, and which way each should move.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Whether more of a figure (`audio.mos` and so on) is better.
const MORE_IS_BETTER: [(&str, bool); 11] = [
    ("audio.mos", true),
    ("audio.concealment", false),
    ("audio.longest_gap_ms", false),
    ("audio.mouth_to_ear_ms_p95", false),
    ("video.frozen_share", false),
    ("video.freezes", false),
    ("video.first_frame_ms", false),
    ("video.kbps", true),
    ("video.torn_frames", false),
    ("join.first_audio_ms", false),
    ("join.entered_ms", false),
];

/// Whether a figure that moved did so for the better; unknown where it has no direction.
pub(super) fn is_better(figure: &str, old: f64, new: f64) -> Option<bool> {
    let (_, more_is_better) = MORE_IS_BETTER.iter().find(|(name, _)| *name == figure)?;
    Some(*more_is_better == (new > old))
}

/// All numbers of one participant, by `audio.mos` and so on.
pub(super) fn figures(groups: &Map<String, Value>) -> BTreeMap<String, f64> {
    let mut all = BTreeMap::new();
    for (group, value) in groups {
        for (figure, value) in value.as_object().into_iter().flatten() {
            if let Some(value) = value.as_f64() {
                all.insert(format!("{group}.{figure}"), value);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use sim::record::{AudioReport, JoinReport, ParticipantReport, VideoReport};

    use super::*;

    /// A participant of whom everything was measured.
    fn measured() -> ParticipantReport {
        let (first_audio_ms, entered_ms) = (Some(9.0), Some(10.0));
        let audio = AudioReport { mos: 1.0, concealment: 2.0, longest_gap_ms: 3.0, mouth_to_ear_ms_p95: 4.0 };
        let video =
            VideoReport { frozen_share: 5.0, freezes: 6, first_frame_ms: 7.0, kbps: 8.0, torn_frames: 11 };
        ParticipantReport {
            name: "Ada".to_owned(),
            site: "hall".to_owned(),
            audio: Some(audio),
            video: Some(video),
            join: JoinReport { first_audio_ms, entered_ms },
        }
    }

    #[test]
    fn every_figure_of_a_participant_has_a_direction_and_none_is_named_that_does_not_exist() {
        let value = serde_json::to_value(measured()).unwrap();
        let found: Vec<_> = figures(value.as_object().unwrap()).into_keys().collect();
        let mut named: Vec<_> = MORE_IS_BETTER.iter().map(|(name, _)| (*name).to_owned()).collect();
        named.sort_unstable();
        assert_eq!(found, named);
    }
}
