//! Owns where every random number of a run comes from: one seed, expanded into labelled substreams. There is no
//! operating-system entropy here and no cryptography: the expansion only has to be stable and well mixed.

use std::{fmt, str::FromStr};

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

/// The increment of splitmix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// The labels of all substreams that a run draws from (DET-002).
pub const SOURCES: &[&str] = &[
    "adversary",
    "credential",
    "downlink",
    "endpoint",
    "engine",
    "guessed link",
    "marker",
    "rejoin",
    "transport",
    "uplink",
    "webrtc",
];

/// The labels of the substreams that only a rehearsal of the whole city draws from.
pub const CITY_SOURCES: &[&str] = &["city buildings", "city conferences", "city people"];

/// The number that determines a whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seed {
    value: u64,
    /// The one substream that is another seed's, to show that it reaches the run.
    shifted: Option<&'static str>,
}

impl Seed {
    /// The seed of this number.
    pub const fn new(value: u64) -> Self {
        Self { value, shifted: None }
    }

    /// The same seed, except that the substream `label` is another seed's.
    #[must_use]
    pub const fn with_shifted(self, label: Option<&'static str>) -> Self {
        Self { shifted: label, ..self }
    }

    /// The number.
    pub const fn value(self) -> u64 {
        self.value
    }

    /// Reads a seed from the command line: decimal (`42`) or hexadecimal (`0x2a`).
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, SeedError> {
        let (digits, radix) = match text.strip_prefix("0x") {
            Some(hex) => (hex, 16),
            None => (text, 10),
        };
        if digits.is_empty() {
            return Err(SeedError::Empty);
        }
        if let Some(found) = digits.chars().find(|c| !c.is_digit(radix)) {
            return Err(SeedError::NotADigit { found, radix });
        }
        u64::from_str_radix(digits, radix).map(Self::new).map_err(|_| SeedError::TooLarge)
    }

    /// The random numbers for the purpose called `label`. Each label has a stream of its own: using one more label
    /// never shifts another's numbers.
    pub fn stream(self, label: &str) -> ChaCha8Rng {
        self.stream_at(label, 0)
    }

    /// As [`Seed::stream`], one stream for each `index` (a participant's number, a link's number). Index 0 is the
    /// stream without an index.
    pub fn stream_at(self, label: &str, index: u64) -> ChaCha8Rng {
        let is_source = SOURCES.contains(&label) || CITY_SOURCES.contains(&label);
        debug_assert!(cfg!(test) || is_source, "`{label}` is not among the sources");
        let seed = if self.shifted == Some(label) { Self::new(!self.value) } else { self };
        ChaCha8Rng::from_seed(seed.key(label, index))
    }

    /// Four lanes of 64 bits, each a chain of splitmix64 steps over the lane's number, the seed, the label in words
    /// of eight bytes, its length in bytes, and the index. The chain is part of the replay format: changing it makes
    /// every committed seed stale.
    fn key(self, label: &str, index: u64) -> [u8; 32] {
        let mut key = [0; 32];
        for (lane, out) in (1..).zip(key.chunks_exact_mut(8)) {
            let mut state = splitmix64(splitmix64(lane) ^ self.value);
            for chunk in label.as_bytes().chunks(8) {
                let mut word = [0; 8];
                word[..chunk.len()].copy_from_slice(chunk);
                state = splitmix64(state ^ u64::from_le_bytes(word));
            }
            state = splitmix64(state ^ label.len() as u64);
            out.copy_from_slice(&splitmix64(state ^ index).to_le_bytes());
        }
        key
    }
}

/// The first output of splitmix64 started at `state`.
const fn splitmix64(state: u64) -> u64 {
    let z = state.wrapping_add(GOLDEN_GAMMA);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl fmt::Display for Seed {
    /// In the form the command line reads: `0x` and hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.value)
    }
}

impl FromStr for Seed {
    type Err = SeedError;

    fn from_str(text: &str) -> Result<Self, SeedError> {
        Self::parse(text)
    }
}

/// Why a text is not a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeedError {
    /// There are no digits.
    #[error("a seed needs digits: decimal (42) or hexadecimal (0x2a)")]
    Empty,
    /// A character is no digit of the number's base.
    #[error("`{found}` is not a digit of base {radix}; a seed is decimal (42) or hexadecimal (0x2a)")]
    NotADigit {
        /// The first such character.
        found: char,
        /// 10 or 16.
        radix: u32,
    },
    /// The number needs more than 64 bits.
    #[error("the seed is above the largest one, {}", u64::MAX)]
    TooLarge,
}

#[cfg(test)]
mod tests {
    use rand_core::Rng;

    use super::*;

    fn first(mut rng: ChaCha8Rng) -> [u64; 4] {
        std::array::from_fn(|_| rng.next_u64())
    }

    #[test]
    fn splitmix64_gives_the_published_numbers() {
        // The widely published outputs for the state 1234567.
        let outputs: Vec<u64> =
            (0..3).map(|i| splitmix64(1_234_567_u64.wrapping_add(GOLDEN_GAMMA.wrapping_mul(i)))).collect();
        assert_eq!(
            outputs,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn the_expansion_is_the_one_that_committed_seeds_were_found_with() {
        // Computed from the description of `Seed::key` and of ChaCha with 8 rounds by an independent program.
        let key = Seed::new(42).key("link.loss", 7);
        let words: Vec<u64> =
            key.chunks_exact(8).map(|word| u64::from_be_bytes(word.try_into().unwrap())).collect();
        assert_eq!(
            words,
            [0x38fa_48fb_35db_fef8, 0x1857_b7b0_7608_5e79, 0x600a_58c3_a875_21a5, 0x3e67_327a_0b62_e85c]
        );
        assert_eq!(Seed::new(42).stream_at("link.loss", 7).next_u64(), 0x2097_12f5_230b_47e8);
    }

    #[test]
    fn equal_seeds_and_labels_give_equal_streams() {
        assert_eq!(first(Seed::new(7).stream("loss")), first(Seed::new(7).stream("loss")));
        assert_eq!(first(Seed::new(7).stream("loss")), first(Seed::new(7).stream_at("loss", 0)));
    }

    #[test]
    fn seed_label_and_index_each_give_other_numbers() {
        let mut seen = Vec::new();
        for seed in [0, 1, u64::MAX] {
            for label in ["", "a", "b", "ab", "a\0", "loss", "lossloss", "losslossl", "link.loss"] {
                for index in [0, 1, 2, 1 << 40] {
                    seen.extend(first(Seed::new(seed).stream_at(label, index)));
                }
            }
        }
        let drawn = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), drawn);
    }

    #[test]
    fn a_flipped_seed_bit_flips_about_half_of_the_key() {
        let base = Seed::new(0x0123_4567_89ab_cdef);
        for bit in 0..64 {
            let flipped = Seed::new(base.value() ^ (1 << bit)).key("link", 3);
            let distance: u32 =
                base.key("link", 3).iter().zip(flipped).map(|(a, b)| (a ^ b).count_ones()).sum();
            // 256 fair bits: mean 128, standard deviation 8; five of them either way.
            assert!((88..=168).contains(&distance), "bit {bit}: {distance}");
        }
    }

    #[test]
    fn a_seed_is_read_in_decimal_and_in_hexadecimal() {
        assert_eq!(Seed::parse("42"), Ok(Seed::new(42)));
        assert_eq!("0x2A".parse(), Ok(Seed::new(42)));
        assert_eq!(Seed::parse("18446744073709551615"), Ok(Seed::new(u64::MAX)));
        assert_eq!(Seed::parse(&Seed::new(u64::MAX).to_string()), Ok(Seed::new(u64::MAX)));
    }

    #[test]
    fn a_malformed_seed_is_named_precisely() {
        assert_eq!(Seed::parse(""), Err(SeedError::Empty));
        assert_eq!(Seed::parse("0x"), Err(SeedError::Empty));
        assert_eq!(Seed::parse("2a"), Err(SeedError::NotADigit { found: 'a', radix: 10 }));
        assert_eq!(Seed::parse("+1"), Err(SeedError::NotADigit { found: '+', radix: 10 }));
        assert_eq!(Seed::parse("0x1g"), Err(SeedError::NotADigit { found: 'g', radix: 16 }));
        assert_eq!(Seed::parse("18446744073709551616"), Err(SeedError::TooLarge));
        assert_eq!(Seed::parse("0x10000000000000000"), Err(SeedError::TooLarge));
    }
}
