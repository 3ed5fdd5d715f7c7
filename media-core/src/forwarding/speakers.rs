//! Owns the choice of the loudest microphones of one conference (FWD-005): at most N are forwarded; who starts to
//! speak takes the place of somebody silent at once, or of somebody clearly quieter after a short time. The packets
//! of that time are held back by the track and sent when the place is taken, so no first syllable is lost.

use std::time::Duration;

use crate::{
    limits::{SPEAKER_HANGOVER, SPEAKER_KEEPS_FLOOR, SPEAKER_LEVEL_MIN, SPEAKER_MARGIN_DB, SPEAKER_RISE},
    time::Timestamp,
};

use super::TrackIndex;

/// A forwarded microphone.
#[derive(Clone, Copy, Debug)]
struct Speaker {
    track: TrackIndex,
    /// Smoothed loudness in dB above -127 dBov.
    loudness: f32,
    voiced: Timestamp,
}

/// What a microphone that is not forwarded has done lately.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    track: TrackIndex,
    loudness: f32,
    louder_since: Option<Timestamp>,
    heard: Timestamp,
}

/// The forwarded microphones of one conference.
#[derive(Debug)]
pub(super) struct Speakers {
    places: usize,
    forwarded: Vec<Speaker>,
    candidates: Vec<Candidate>,
    /// Who is taken for the speaker, and when they were last heard.
    dominant: Option<(TrackIndex, Timestamp)>,
}

/// What happens to a microphone's packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Forward it.
    Forwarded,
    /// It takes a place with this packet: forward what was held back, too.
    Taken,
    /// Hold it back.
    Held,
}

impl Speakers {
    pub(super) fn new(places: usize) -> Self {
        Self { places, forwarded: Vec::with_capacity(places), candidates: Vec::new(), dominant: None }
    }

    /// Decides on a packet of `track` whose audio level is `level` (-dBov, 127 is silence).
    pub(super) fn hear(&mut self, now: Timestamp, track: TrackIndex, level: u8) -> Hearing {
        let loudness = f32::from(127 - level.min(127));
        let voiced = level <= SPEAKER_LEVEL_MIN;
        if let Some(speaker) = self.forwarded.iter_mut().find(|speaker| speaker.track == track) {
            speaker.loudness = smooth(speaker.loudness, loudness);
            if voiced {
                speaker.voiced = now;
                self.on_voice(now, track);
            }
            return Hearing::Forwarded;
        }
        if self.forwarded.len() < self.places {
            return self.take(now, track, loudness, None);
        }
        if !voiced {
            self.candidates.retain(|candidate| candidate.track != track);
            return Hearing::Held;
        }
        if let Some(silent) = self.silent_place(now) {
            return self.take(now, track, loudness, Some(silent));
        }
        self.compete(now, track, loudness)
    }

    /// Whose microphone is the speaker's: who has the word keeps it until they have been silent for a while and another
    /// talks.
    pub(super) fn dominant(&self) -> Option<TrackIndex> {
        self.dominant.map(|(track, _)| track)
    }

    fn on_voice(&mut self, now: Timestamp, track: TrackIndex) {
        let keeps = |(holder, heard): &(TrackIndex, Timestamp)| {
            *holder != track && now.saturating_since(*heard) < SPEAKER_KEEPS_FLOOR
        };
        if !self.dominant.as_ref().is_some_and(keeps) {
            self.dominant = Some((track, now));
        }
    }

    /// A microphone is gone or may no longer speak.
    pub(super) fn on_silenced(&mut self, track: TrackIndex) {
        self.dominant = self.dominant.filter(|(holder, _)| *holder != track);
        self.forwarded.retain(|speaker| speaker.track != track);
        self.candidates.retain(|candidate| candidate.track != track);
    }

    /// The place whose holder has been silent the longest, beyond the hangover.
    fn silent_place(&self, now: Timestamp) -> Option<usize> {
        let (place, speaker) = self.forwarded.iter().enumerate().min_by_key(|(_, speaker)| speaker.voiced)?;
        (now.saturating_since(speaker.voiced) >= SPEAKER_HANGOVER).then_some(place)
    }

    fn compete(&mut self, now: Timestamp, track: TrackIndex, loudness: f32) -> Hearing {
        let quietest = self
            .forwarded
            .iter()
            .enumerate()
            .min_by(|(_, a), (_, b)| a.loudness.total_cmp(&b.loudness))
            .map(|(place, speaker)| (place, speaker.loudness));
        let Some((place, floor)) = quietest else { return Hearing::Held };
        let at = self.candidate(now, track, loudness);
        let candidate = &mut self.candidates[at];
        candidate.loudness = smooth(candidate.loudness, loudness);
        candidate.heard = now;
        if candidate.loudness < floor + SPEAKER_MARGIN_DB {
            candidate.louder_since = None;
            return Hearing::Held;
        }
        let since = *candidate.louder_since.get_or_insert(now);
        if now.saturating_since(since) < SPEAKER_RISE {
            return Hearing::Held;
        }
        self.take(now, track, loudness, Some(place))
    }

    fn candidate(&mut self, now: Timestamp, track: TrackIndex, loudness: f32) -> usize {
        self.candidates.retain(|candidate| now.saturating_since(candidate.heard) < Duration::from_secs(1));
        self.candidates.iter().position(|candidate| candidate.track == track).unwrap_or_else(|| {
            self.candidates.push(Candidate { track, loudness, louder_since: None, heard: now });
            self.candidates.len() - 1
        })
    }

    fn take(&mut self, now: Timestamp, track: TrackIndex, loudness: f32, place: Option<usize>) -> Hearing {
        self.candidates.retain(|candidate| candidate.track != track);
        let speaker = Speaker { track, loudness, voiced: now };
        match place {
            Some(place) => self.forwarded[place] = speaker,
            None => self.forwarded.push(speaker),
        }
        Hearing::Taken
    }
}

/// Rises at once, falls by 1 dB a packet: a pause between words does not cost the place.
fn smooth(before: f32, heard: f32) -> f32 {
    heard.max(before - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TALK: u8 = 25;
    const QUIET: u8 = 90;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn three_talking() -> Speakers {
        let mut speakers = Speakers::new(3);
        for track in 0..3 {
            assert_eq!(speakers.hear(at(0), TrackIndex(track), TALK), Hearing::Taken);
        }
        speakers
    }

    #[test]
    fn a_fourth_equally_loud_voice_waits() {
        let mut speakers = three_talking();
        for step in 1..50 {
            for track in 0..3 {
                speakers.hear(at(step * 20), TrackIndex(track), TALK);
            }
            assert_eq!(speakers.hear(at(step * 20), TrackIndex(3), TALK), Hearing::Held);
        }
    }

    #[test]
    fn a_voice_takes_a_silent_place_with_its_first_packet() {
        let mut speakers = three_talking();
        for step in 1..40 {
            speakers.hear(at(step * 20), TrackIndex(0), QUIET);
            speakers.hear(at(step * 20), TrackIndex(1), TALK);
            speakers.hear(at(step * 20), TrackIndex(2), TALK);
        }
        assert_eq!(speakers.hear(at(800), TrackIndex(3), TALK), Hearing::Taken);
        assert_eq!(speakers.hear(at(801), TrackIndex(0), QUIET), Hearing::Held);
    }

    #[test]
    fn who_has_the_word_keeps_it_through_a_pause_and_an_interjection() {
        let mut speakers = three_talking();
        assert_eq!(speakers.dominant(), None, "nobody has gone on talking");
        speakers.hear(at(20), TrackIndex(0), TALK);
        speakers.hear(at(500), TrackIndex(1), TALK);
        assert_eq!(speakers.dominant(), Some(TrackIndex(0)));
        speakers.hear(at(1_600), TrackIndex(1), TALK);
        assert_eq!(speakers.dominant(), Some(TrackIndex(1)));
        speakers.on_silenced(TrackIndex(1));
        assert_eq!(speakers.dominant(), None);
    }

    #[test]
    fn a_clearly_louder_voice_takes_a_place_within_the_time_that_is_held_back() {
        let mut speakers = three_talking();
        let taken = (1..50).find(|step| {
            for track in 0..3 {
                speakers.hear(at(step * 20), TrackIndex(track), TALK);
            }
            speakers.hear(at(step * 20), TrackIndex(3), TALK - 12) == Hearing::Taken
        });
        let waited = Duration::from_millis((taken.expect("it gets in") - 1) * 20);
        assert!(waited >= SPEAKER_RISE && waited <= crate::limits::SPEAKER_HELD, "waited {waited:?}");
    }
}
