//! Owns the comparison of two traces.

use std::fmt;

use media_core::time::Timestamp;

use super::{CHECKPOINT_EVERY, Channel, Checkpoint, Trace, TraceRecord};

/// Where two runs part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// The earlier of the two differing packets' times, when both traces keep their packets; otherwise the start of
    /// the 100 ms in which the traces part.
    pub at: Timestamp,
    /// The first trace's packet; absent when it has ended, or when packets are not kept.
    pub left: Option<TraceRecord>,
    /// The second trace's packet; absent when it has ended, or when packets are not kept.
    pub right: Option<TraceRecord>,
}

/// The first place where two traces differ; absent when they are equal.
pub fn first_divergence(a: &Trace, b: &Trace) -> Option<Divergence> {
    if a.digest == b.digest && a.recorded == b.recorded {
        return None;
    }
    match (&a.records, &b.records) {
        (Some(left), Some(right)) => first_record(left, right).or_else(|| first_window(a, b)),
        _ => first_window(a, b),
    }
}

fn first_record(left: &[TraceRecord], right: &[TraceRecord]) -> Option<Divergence> {
    let (left, right) = first_difference(left, right)?;
    let at = left.map(|record| record.at).into_iter().chain(right.map(|record| record.at)).min()?;
    Some(Divergence { at, left, right })
}

fn first_window(a: &Trace, b: &Trace) -> Option<Divergence> {
    let (left, right) = first_difference(&a.checkpoints, &b.checkpoints)?;
    let window = |checkpoint: Checkpoint| checkpoint.window;
    let first = left.map(window).into_iter().chain(right.map(window)).min()?;
    let at = Timestamp::from_nanos(first * CHECKPOINT_EVERY.as_nanos() as u64);
    Some(Divergence { at, left: None, right: None })
}

/// The items at the first index where two lists differ; absent is the one whose list has ended there.
fn first_difference<T: Copy + PartialEq>(left: &[T], right: &[T]) -> Option<(Option<T>, Option<T>)> {
    (0..left.len().max(right.len()))
        .map(|index| (left.get(index).copied(), right.get(index).copied()))
        .find(|(left, right)| left != right)
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.left.is_none() && self.right.is_none() {
            return write!(
                f,
                "the runs part within the {} ms from {}",
                CHECKPOINT_EVERY.as_millis(),
                self.at
            );
        }
        write!(f, "the runs part at {}: ", self.at)?;
        write_side(f, self.left)?;
        write!(f, " against ")?;
        write_side(f, self.right)
    }
}

fn write_side(f: &mut fmt::Formatter<'_>, record: Option<TraceRecord>) -> fmt::Result {
    let Some(TraceRecord { at, from, to, kind, len, content }) = record else {
        return write!(f, "no packet");
    };
    let kind = match kind {
        Channel::Signalling => "signalling",
        Channel::Media => "media",
    };
    write!(f, "{kind} {from} -> {to}, {len} bytes ({content:016x}) at {at}")
}
