//! Owns the figures of what a listener heard of one speaker, in steps of 20 ms, and their merging over speakers. When
//! a step is played, concealed or silent is decided by the play-out buffer, not here.

use std::time::Duration;

use crate::{quality::mean_opinion_score, record::AudioReport};

/// Length of a step in milliseconds: one Opus packet as WebRTC sends it (RFC 7587 section 4.2).
const STEP_MS: u64 = 20;
/// Delays of this and more share the last place of the histogram.
const DELAY_MS_MAX: usize = 5_000;

/// What was heard of one speaker. Merging several gives what a listener heard altogether.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AudioMeter {
    played: u64,
    recovered: u64,
    concealed: u64,
    silent: u64,
    gaps: u64,
    gap: u64,
    longest_gap: u64,
    late: u64,
    discarded: u64,
    /// Steps by delay from mouth to ear in milliseconds; as long as the largest that occurred.
    delays: Vec<u32>,
}

impl AudioMeter {
    /// A step was played `mouth_to_ear` after the capture of its first sample.
    pub fn on_played(&mut self, mouth_to_ear: Duration) {
        self.played += 1;
        self.on_heard(mouth_to_ear);
    }

    /// A step was decoded from the copy that the next frame had inside, `mouth_to_ear` after the capture of its first sample.
    /// libwebrtc does not count such audio as concealed either; a copy has a lower rate than the frame itself, for which
    /// neither G.107 nor G.113 has a value, so the score takes it for the frame.
    pub fn on_recovered(&mut self, mouth_to_ear: Duration) {
        self.recovered += 1;
        self.on_heard(mouth_to_ear);
    }

    fn on_heard(&mut self, mouth_to_ear: Duration) {
        self.gap = 0;
        let millis =
            usize::try_from(mouth_to_ear.as_millis()).map_or(DELAY_MS_MAX, |ms| ms.min(DELAY_MS_MAX));
        if self.delays.len() <= millis {
            self.delays.resize(millis + 1, 0);
        }
        self.delays[millis] += 1;
    }

    /// `steps` were filled by concealment although the speaker had something to say.
    pub fn on_concealed(&mut self, steps: u64) {
        if steps == 0 {
            return;
        }
        self.gaps += u64::from(self.gap == 0);
        self.gap += steps;
        self.concealed += steps;
        self.longest_gap = self.longest_gap.max(self.gap);
    }

    /// `steps` passed in which the speaker sent nothing on purpose.
    pub fn on_silent(&mut self, steps: u64) {
        self.silent += steps;
        if steps > 0 {
            self.gap = 0;
        }
    }

    /// A frame arrived after its play-out time.
    pub fn on_late(&mut self) {
        self.late += 1;
    }

    /// `frames` arrived but were skipped, because playing them would have kept the delay above its maximum.
    pub fn on_discarded(&mut self, frames: u64) {
        self.discarded += frames;
    }

    /// Steps played.
    pub fn played(&self) -> u64 {
        self.played
    }

    /// Steps decoded from a copy in the next frame.
    pub fn recovered(&self) -> u64 {
        self.recovered
    }

    /// Steps concealed.
    pub fn concealed(&self) -> u64 {
        self.concealed
    }

    /// Silent steps.
    pub fn silent(&self) -> u64 {
        self.silent
    }

    /// Frames that arrived after their play-out time.
    pub fn late(&self) -> u64 {
        self.late
    }

    /// Frames skipped to bring the delay back under its maximum.
    pub fn discarded(&self) -> u64 {
        self.discarded
    }

    /// Longest run of concealed steps, as time.
    pub fn longest_gap(&self) -> Duration {
        Duration::from_millis(self.longest_gap * STEP_MS)
    }

    /// The delay from mouth to ear in whole milliseconds that `percent` (0 to 100) of the steps that were heard did not
    /// exceed; absent when nothing was heard.
    pub fn mouth_to_ear_ms(&self, percent: u64) -> Option<u64> {
        let rank = (self.heard() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        self.delays
            .iter()
            .position(|steps| {
                seen += u64::from(*steps);
                seen >= rank
            })
            .map(|millis| millis as u64)
    }

    /// Adds what was heard of another speaker. Gaps of different speakers stay different gaps.
    pub fn merge(&mut self, other: &Self) {
        self.played += other.played;
        self.recovered += other.recovered;
        self.concealed += other.concealed;
        self.silent += other.silent;
        self.gaps += other.gaps;
        self.gap = 0;
        self.longest_gap = self.longest_gap.max(other.longest_gap);
        self.late += other.late;
        self.discarded += other.discarded;
        if self.delays.len() < other.delays.len() {
            self.delays.resize(other.delays.len(), 0);
        }
        for (mine, theirs) in self.delays.iter_mut().zip(&other.delays) {
            *mine += theirs;
        }
    }

    /// What a listener heard over several speakers; absent when there was nothing to hear from any. The delay that
    /// enters the score is the median. When nothing at all was played, the delay is unknown and stands as zero, and
    /// the concealment of 1 speaks for itself.
    pub fn report<'a>(meters: impl IntoIterator<Item = &'a Self>) -> Option<AudioReport> {
        let mut all = Self::default();
        for meter in meters {
            all.merge(meter);
        }
        let steps = all.heard() + all.concealed;
        if steps == 0 {
            return None;
        }
        let concealment = all.concealed as f64 / steps as f64;
        let median = all.mouth_to_ear_ms(50).unwrap_or(0) as f64;
        Some(AudioReport {
            mos: mean_opinion_score(median, concealment, all.burst_ratio()),
            concealment,
            longest_gap_ms: (all.longest_gap * STEP_MS) as f64,
            mouth_to_ear_ms_p95: all.mouth_to_ear_ms(95).unwrap_or(0) as f64,
        })
    }

    const fn heard(&self) -> u64 {
        self.played + self.recovered
    }

    /// Mean length of a gap over the mean length 1 / (1 - p) that random loss of share p gives (G.107 section 7.4).
    fn burst_ratio(&self) -> f64 {
        if self.gaps == 0 {
            return 1.0;
        }
        let mean = self.concealed as f64 / self.gaps as f64;
        let share = self.concealed as f64 / (self.heard() + self.concealed) as f64;
        (mean * (1.0 - share)).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(meter: &mut AudioMeter, millis: &[u64]) {
        for ms in millis {
            meter.on_played(Duration::from_millis(*ms));
        }
    }

    #[test]
    fn percentiles_are_the_nearest_ranks() {
        let mut meter = AudioMeter::default();
        assert_eq!(meter.mouth_to_ear_ms(50), None);
        played(&mut meter, &(1..=100).collect::<Vec<_>>());
        assert_eq!(meter.mouth_to_ear_ms(50), Some(50));
        assert_eq!(meter.mouth_to_ear_ms(95), Some(95));
        assert_eq!(meter.mouth_to_ear_ms(100), Some(100));
        played(&mut meter, &[u64::MAX]);
        assert_eq!(meter.mouth_to_ear_ms(100), Some(5_000));
    }

    #[test]
    fn a_gap_ends_with_speech_or_silence_and_the_longest_is_kept() {
        let mut meter = AudioMeter::default();
        meter.on_concealed(2);
        meter.on_concealed(3);
        played(&mut meter, &[60]);
        meter.on_concealed(4);
        meter.on_silent(1);
        meter.on_concealed(4);
        assert_eq!(meter.longest_gap(), Duration::from_millis(100));
        assert_eq!(meter.gaps, 3);
        meter.on_silent(0);
        meter.on_concealed(2);
        assert_eq!(meter.longest_gap(), Duration::from_millis(120));
        assert_eq!(meter.gaps, 3);
    }

    #[test]
    fn silence_is_neither_played_nor_concealed() {
        let mut meter = AudioMeter::default();
        meter.on_silent(1_000);
        assert_eq!(AudioMeter::report([&meter]), None);
        played(&mut meter, &[60; 75]);
        meter.on_concealed(25);
        let report = AudioMeter::report([&meter]).unwrap();
        assert!((report.concealment - 0.25).abs() < 1e-12);
    }

    #[test]
    fn a_report_over_two_speakers_weighs_them_by_their_time_and_keeps_the_longest_gap() {
        let (mut clean, mut broken) = (AudioMeter::default(), AudioMeter::default());
        played(&mut clean, &[60; 90]);
        broken.on_concealed(7);
        played(&mut broken, &[300]);
        broken.on_concealed(2);
        let report = AudioMeter::report([&clean, &broken]).unwrap();
        assert!((report.concealment - 0.09).abs() < 1e-12);
        assert!((report.longest_gap_ms - 140.0).abs() < 1e-12);
        assert!((report.mouth_to_ear_ms_p95 - 60.0).abs() < 1e-12);
        let alone = AudioMeter::report([&clean]).unwrap();
        assert!(report.mos < alone.mos && alone.mos > 4.3);
    }

    #[test]
    fn what_was_recovered_is_heard_and_no_gap() {
        let mut meter = AudioMeter::default();
        meter.on_concealed(2);
        meter.on_recovered(Duration::from_millis(80));
        meter.on_concealed(2);
        played(&mut meter, &[60; 5]);
        let report = AudioMeter::report([&meter]).unwrap();
        assert!((report.concealment - 0.4).abs() < 1e-12);
        assert_eq!((meter.longest_gap().as_millis(), meter.mouth_to_ear_ms(100)), (40, Some(80)));
        assert_eq!((meter.played(), meter.recovered()), (5, 1));
    }

    #[test]
    fn the_same_loss_in_one_piece_is_worse_than_scattered() {
        let (mut scattered, mut burst) = (AudioMeter::default(), AudioMeter::default());
        for _ in 0..10 {
            played(&mut scattered, &[60; 9]);
            scattered.on_concealed(1);
        }
        played(&mut burst, &[60; 90]);
        burst.on_concealed(10);
        let (scattered, burst) =
            (AudioMeter::report([&scattered]).unwrap(), AudioMeter::report([&burst]).unwrap());
        assert!((scattered.concealment - burst.concealment).abs() < 1e-12);
        assert!(burst.mos < scattered.mos - 0.1);
    }
}
