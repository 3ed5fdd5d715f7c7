//! Owns the comparison of one engine with several: each of several engines gets the media of its own conferences only, and
//! decides about them as the one does that carries all. Requests go to all of them, so that numbers and tokens are alike.

use media_core::{PeerId, Timestamp, engine::Input};

use super::{Comparison, Happening, drive, engine, happenings, peer_of};
use crate::{packet::person_of, run::Run, sabotage::Sabotage};

/// Under [`Sabotage::LossyShare`] an engine that has only a part of the conferences misses one in so many datagrams.
const MISSED_EVERY: u64 = 40;

/// Feeds one engine with everything and `parts` engines with a part of the conferences each, and compares what comes out
/// for the people of each conference. The run has to have kept its datagrams.
///
/// # Panics
/// When an engine refuses the calls of its host, which keep its contract.
pub fn compare_split(run: &Run, parts: usize) -> Comparison {
    let mut comparison = Comparison::default();
    let part_of = |peer: PeerId| run.scenario.person(person_of(peer)).conference.0 % parts;
    let mut all = engine(run);
    let mut shares: Vec<_> = (0..parts).map(|_| engine(run)).collect();
    let mut timeouts = vec![Timestamp::FAR_FUTURE; parts + 1];
    for (at, peer, happening) in &happenings(run) {
        // An engine without the media of a conference waits for less; each is woken when it wants to be, and what one of
        // them does then is compared at once.
        while let Some(now) = timeouts.iter().min().copied().filter(|now| now <= at) {
            let one = if timeouts[parts] == now { Some(drive(&mut all, now, Input::Timeout)) } else { None };
            let mut two = Vec::new();
            for (part, share) in shares.iter_mut().enumerate() {
                let due = timeouts[part] == now;
                two.push(due.then(|| drive(share, now, Input::Timeout)));
            }
            comparison.shares(now, &mut timeouts, one, two, part_of);
        }
        let one = drive(&mut all, *at, happening.input(*peer));
        let mut two = Vec::new();
        let media = matches!(happening, Happening::Media(_));
        comparison.datagrams += u64::from(media);
        for (part, share) in shares.iter_mut().enumerate() {
            let missed = run.sabotage == Some(Sabotage::LossyShare)
                && comparison.datagrams.is_multiple_of(MISSED_EVERY);
            let withheld = media && (part_of(*peer) != part || missed);
            comparison.altered += u64::from(withheld);
            two.push((!withheld).then(|| drive(share, *at, happening.input(*peer))));
        }
        comparison.shares(*at, &mut timeouts, Some(one), two, part_of);
    }
    comparison
}

impl Comparison {
    /// Compares what the one gave out for each part with what its share did, and notes when each wants to be woken.
    fn shares(
        &mut self,
        now: Timestamp,
        timeouts: &mut [Timestamp],
        one: Option<super::Outputs>,
        two: Vec<Option<super::Outputs>>,
        part_of: impl Fn(PeerId) -> usize,
    ) {
        let parts = two.len();
        if let Some((_, timeout)) = &one {
            timeouts[parts] = *timeout;
        }
        let one = one.map(|(outputs, _)| outputs).unwrap_or_default();
        for (part, outputs) in two.into_iter().enumerate() {
            if let Some((_, timeout)) = &outputs {
                timeouts[part] = *timeout;
            }
            let outputs = outputs.map(|(outputs, _)| outputs).unwrap_or_default();
            let is_of_part = |peer: Option<PeerId>| peer.is_some_and(|peer| part_of(peer) == part);
            let of_part = |outputs: &'_ [_]| -> Vec<_> {
                outputs.iter().filter(|output| is_of_part(peer_of(output))).cloned().collect()
            };
            let (whole, share) = (of_part(&one), of_part(&outputs));
            self.compare(now, &whole.iter().collect::<Vec<_>>(), &share.iter().collect::<Vec<_>>());
        }
    }
}
