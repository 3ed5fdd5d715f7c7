//! Owns how often each thing happened in the histories: a run in which something never happened says nothing about it.

use std::collections::BTreeMap;

use media_core::{DropReason, e2ee::mls::Rejection};

/// What clients, their server and strangers do.
const ACTS: [&str; 28] = [
    "bit flipped",
    "commit",
    "commit refused for whom it adds",
    "commit kept from one half",
    "commit told twice",
    "epoch",
    "fork",
    "frame held back",
    "frame in another track",
    "frame replayed",
    "frame truncated",
    "frames spliced",
    "garbage",
    "gave up",
    "key id of another",
    "metadata relabelled",
    "offer",
    "old commit",
    "old key package",
    "old welcome",
    "sealed",
    "shown ghost",
    "silent",
    "somebody hidden",
    "stranger",
    "swapped key packages",
    "told to found",
    "withheld commit",
];
/// Why frames are refused.
const REFUSALS: [DropReason; 6] = [
    DropReason::Malformed,
    DropReason::NoKey,
    DropReason::BadTag,
    DropReason::Replayed,
    DropReason::BeyondReplayWindow,
    DropReason::WrongSender,
];
/// Why messages are rejected.
const REJECTIONS: [Rejection; 4] =
    [Rejection::Invalid, Rejection::Ahead, Rejection::Unproven, Rejection::Forbidden];

/// Counts by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census {
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) refused: BTreeMap<DropReason, u64>,
    pub(crate) rejected: BTreeMap<Rejection, u64>,
}

impl Census {
    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(crate) fn count_refused(&mut self, reason: DropReason) {
        *self.refused.entry(reason).or_default() += 1;
    }

    pub(crate) fn count_rejection(&mut self, rejection: Rejection) {
        *self.rejected.entry(rejection).or_default() += 1;
    }

    /// Everything that can happen in a history has happened.
    pub(crate) fn expect_all(&self) {
        for what in ACTS {
            assert!(self.counts.contains_key(what), "never: {what}");
        }
        for reason in REFUSALS {
            assert!(self.refused.contains_key(&reason), "no frame refused as {reason:?}");
        }
        for rejection in REJECTIONS {
            assert!(self.rejected.contains_key(&rejection), "nothing rejected as {rejection:?}");
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (what, count) in &other.counts {
            *self.counts.entry(what).or_default() += count;
        }
        for (reason, count) in &other.refused {
            *self.refused.entry(*reason).or_default() += count;
        }
        for (rejection, count) in &other.rejected {
            *self.rejected.entry(*rejection).or_default() += count;
        }
    }
}
