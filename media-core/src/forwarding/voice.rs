//! Owns the doubt about audio levels. A client says itself how loud it is (RFC 6464), and the server cannot listen: the
//! sound is sealed. What it can tell is whether the levels can be those of speech. Speech rises and falls with every
//! syllable and stops for breath; a level that stands still, or never pauses, is a machine or a lie, and counts as
//! silence in the choice of the loudest.
//!
//! Such a microphone is forwarded as long as a place is free; it takes none from anybody and holds none that somebody
//! wants. A liar who imitates the rise and fall of speech cannot be told from one who talks all the time: it keeps one of
//! the places until a moderator mutes it. That is left open on purpose. To bound how long anybody may hold a place would
//! silence lecturers, too. Jitsi Videobridge, which also routes the loudest by their clients' word, has no such bound.

use crate::{
    limits::{SPEAKER_BREATH, SPEAKER_FLAT, SPEAKER_FLAT_DB, SPEAKER_LEVEL_MIN},
    time::Timestamp,
};

/// What a quiet microphone claims.
const SILENCE: u8 = 127;

/// How the levels of one microphone have gone lately.
#[derive(Debug, Default)]
pub(super) struct Voice {
    spell: Option<Spell>,
}

/// Packets in a row that all claim speech.
#[derive(Clone, Copy, Debug)]
struct Spell {
    since: Timestamp,
    /// Since when all levels have lain between `loudest` and `softest`, which are near each other.
    flat_since: Timestamp,
    loudest: u8,
    softest: u8,
}

impl Voice {
    /// The level that counts for a packet that claims `level` (-dBov): itself, or silence when it cannot be speech.
    pub(super) fn weigh(&mut self, now: Timestamp, level: u8) -> u8 {
        if level > SPEAKER_LEVEL_MIN {
            self.spell = None;
            return level;
        }
        let fresh = Spell { since: now, flat_since: now, loudest: level, softest: level };
        let spell = self.spell.get_or_insert(fresh);
        spell.loudest = spell.loudest.min(level);
        spell.softest = spell.softest.max(level);
        if spell.softest - spell.loudest > SPEAKER_FLAT_DB {
            *spell = Spell { since: spell.since, ..fresh };
        }
        let flat = now.saturating_since(spell.flat_since) >= SPEAKER_FLAT;
        let breathless = now.saturating_since(spell.since) >= SPEAKER_BREATH;
        if flat || breathless { SILENCE } else { level }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For how many packets of 20 ms the levels count, the first time that they do.
    fn counts_for(levels: impl Iterator<Item = u8>) -> usize {
        let mut voice = Voice::default();
        let mut weighed = levels
            .enumerate()
            .map(|(packet, level)| voice.weigh(Timestamp::from_millis(20 * packet as u64), level));
        weighed.by_ref().take_while(|level| *level <= SPEAKER_LEVEL_MIN).count()
    }

    #[test]
    fn a_level_that_stands_still_counts_for_a_second() {
        assert_eq!(counts_for(std::iter::repeat_n(0, 500)), 50);
        assert_eq!(counts_for((0..500_u16).map(|n| 20 + (n % 4) as u8)), 50);
    }

    #[test]
    fn a_level_that_never_pauses_counts_for_ten_seconds() {
        assert_eq!(counts_for((0..1_000_u16).map(|n| 10 + 7 * (n % 4) as u8)), 500);
    }

    #[test]
    fn who_rises_and_falls_and_stops_for_breath_is_never_doubted() {
        let mut voice = Voice::default();
        for packet in 0..5_000_u64 {
            let breath = packet % 150 < 10;
            let level = if breath { 70 } else { 20 + (packet * 7 % 25) as u8 };
            assert_eq!(voice.weigh(Timestamp::from_millis(20 * packet), level), level, "{packet}");
        }
    }

    #[test]
    fn a_pause_ends_the_doubt() {
        let mut voice = Voice::default();
        (0..200).for_each(|packet| _ = voice.weigh(Timestamp::from_millis(20 * packet), 5));
        assert_eq!(voice.weigh(Timestamp::from_millis(4_000), 5), SILENCE);
        voice.weigh(Timestamp::from_millis(4_020), 90);
        assert_eq!(voice.weigh(Timestamp::from_millis(4_040), 5), 5);
    }
}
