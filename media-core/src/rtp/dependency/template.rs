//! Owns what one frame, or one template, says of its dependencies: layer, decode target indications, frame
//! differences and chain differences. Every list is a small array; nothing here allocates.

use std::fmt;

use crate::limits;

/// What a frame is to a decode target (AV1 RTP specification, table A.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Indication {
    /// The frame does not belong to the decode target.
    NotPresent = 0,
    /// Nothing in the decode target depends on it.
    Discardable = 1,
    /// From here on the decode target can be decoded.
    Switch = 2,
    /// Something in the decode target depends on it, and it is no point to switch at.
    Required = 3,
}

impl Indication {
    /// From the lowest two bits.
    pub(super) const fn from_bits(bits: u64) -> Self {
        match bits & 3 {
            0 => Self::NotPresent,
            1 => Self::Discardable,
            2 => Self::Switch,
            _ => Self::Required,
        }
    }
}

/// One [`Indication`] for each decode target, two bits each.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Indications(u64);

impl Indications {
    /// Of these, for decode target 0 and on. What is beyond [`limits::DECODE_TARGETS_MAX`] is left out.
    pub fn of(indications: &[Indication]) -> Self {
        let mut all = Self::default();
        for (target, indication) in indications.iter().take(limits::DECODE_TARGETS_MAX).enumerate() {
            all.set(target, *indication);
        }
        all
    }

    /// For one decode target, less than [`limits::DECODE_TARGETS_MAX`].
    pub const fn get(self, target: usize) -> Indication {
        Indication::from_bits(self.0 >> (2 * target))
    }

    pub(super) const fn set(&mut self, target: usize, indication: Indication) {
        self.0 = self.0 & !(3 << (2 * target)) | (indication as u64) << (2 * target);
    }
}

impl fmt::Debug for Indications {
    /// In the letters of the specification's tables: `-` not present, D, S, R.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for target in 0..limits::DECODE_TARGETS_MAX - (self.0.leading_zeros() / 2) as usize {
            f.write_str(match self.get(target) {
                Indication::NotPresent => "-",
                Indication::Discardable => "D",
                Indication::Switch => "S",
                Indication::Required => "R",
            })?;
        }
        Ok(())
    }
}

/// How many frames back the frames lie that this one refers to. None at all: it can be decoded by itself.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct FrameDiffs {
    diffs: [u16; limits::FRAME_DIFFS_MAX],
    count: u8,
}

impl FrameDiffs {
    /// Of these, each `1..=4096`. `None` if there are more than [`limits::FRAME_DIFFS_MAX`] or one is out of range.
    pub fn of(diffs: &[u16]) -> Option<Self> {
        let mut all = Self::default();
        diffs.iter().all(|diff| all.push(*diff)).then_some(all)
    }

    /// Each `1..=4096`.
    pub fn as_slice(&self) -> &[u16] {
        &self.diffs[..usize::from(self.count)]
    }

    /// Whether the frame refers to no other.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether there was room, and the difference was in range.
    #[must_use]
    pub(super) fn push(&mut self, diff: u16) -> bool {
        let Some(slot) = self.diffs.get_mut(usize::from(self.count)) else { return false };
        if !(1..=4096).contains(&diff) {
            return false;
        }
        *slot = diff;
        self.count += 1;
        true
    }
}

impl fmt::Debug for FrameDiffs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// For each chain, how many frames back its previous frame lies; 0 where no previous frame is needed.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct ChainDiffs {
    diffs: [u8; limits::DECODE_TARGETS_MAX],
    count: u8,
}

impl ChainDiffs {
    /// Of these, for chain 0 and on. What is beyond [`limits::DECODE_TARGETS_MAX`] is left out.
    pub fn of(diffs: &[u8]) -> Self {
        let mut all = Self::default();
        for diff in diffs {
            all.push(*diff);
        }
        all
    }

    /// One for each chain.
    pub fn as_slice(&self) -> &[u8] {
        &self.diffs[..usize::from(self.count)]
    }

    pub(super) fn push(&mut self, diff: u8) {
        if let Some(slot) = self.diffs.get_mut(usize::from(self.count)) {
            *slot = diff;
            self.count += 1;
        }
    }
}

impl fmt::Debug for ChainDiffs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

/// What a frame that uses this template says of itself, unless its descriptor says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Template {
    /// Spatial layer, `0..=3`.
    pub spatial: u8,
    /// Temporal layer, `0..=7`.
    pub temporal: u8,
    /// What the frame is to each decode target.
    pub indications: Indications,
    /// Which frames it refers to; each difference `1..=16`.
    pub frame_diffs: FrameDiffs,
    /// Where the chains' previous frames are; each difference `0..=15`.
    pub chain_diffs: ChainDiffs,
}
