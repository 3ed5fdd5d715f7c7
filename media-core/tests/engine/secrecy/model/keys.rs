//! Owns which frames one stay may open: those of the epochs it has been in, while it remembers them, of people who are in
//! the group still, each once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use media_core::{DropReason, ParticipantId, Timestamp, limits};

/// SFrame's header as RFC 9605 section 4.3 writes it: a config byte with the length of key id and counter, or the values
/// themselves below 8. The key id and counter, and how long all of it is; nothing for what is no header.
pub(crate) fn read_header(frame: &[u8]) -> Option<(u64, u64, usize)> {
    let config = *frame.first()?;
    let mut at = 1;
    let mut number = |field: u8| {
        if field & 8 == 0 {
            return Some(u64::from(field));
        }
        let digits = frame.get(at..at + usize::from(field & 7) + 1)?;
        at += digits.len();
        let number = digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit));
        (digits[0] != 0 && number > 7).then_some(number)
    };
    let (key_id, counter) = (number(config >> 4)?, number(config & 15)?);
    Some((key_id, counter, at))
}

/// An epoch that a stay has been in.
struct Kept {
    epoch: usize,
    number: u64,
    until: Option<Timestamp>,
    senders: BTreeMap<u32, ParticipantId>,
    opened: BTreeMap<u32, BTreeSet<u64>>,
}

/// A genuine frame: which epoch's, at which leaf, with which counter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Genuine {
    pub(crate) epoch: usize,
    pub(crate) leaf: u32,
    pub(crate) counter: u64,
}

/// The epochs of one stay, the present one last.
#[derive(Default)]
pub(super) struct Keys(VecDeque<Kept>);

impl Keys {
    pub(super) fn begin(
        &mut self,
        now: Timestamp,
        (epoch, number): (usize, u64),
        senders: BTreeMap<u32, ParticipantId>,
    ) {
        self.end(now);
        for kept in &mut self.0 {
            kept.senders.retain(|leaf, who| senders.get(leaf) == Some(who));
        }
        self.0.push_back(Kept { epoch, number, until: None, senders, opened: BTreeMap::new() });
        while self.0.len() > limits::EPOCHS_KEPT_MAX {
            self.0.pop_front();
        }
    }

    pub(super) fn end(&mut self, now: Timestamp) {
        for kept in &mut self.0 {
            kept.until = kept.until.or(Some(now + limits::EPOCH_OVERLAP));
        }
    }

    /// Whether this genuine frame opens in the track of `from`; then it does so never again.
    pub(super) fn opens(&mut self, now: Timestamp, from: ParticipantId, frame: Genuine) -> bool {
        self.expire(now);
        let Some(kept) = self.0.iter_mut().find(|kept| kept.epoch == frame.epoch) else { return false };
        if kept.senders.get(&frame.leaf) != Some(&from) {
            return false;
        }
        let opened = kept.opened.entry(frame.leaf).or_default();
        !is_beyond(opened, frame.counter) && opened.insert(frame.counter)
    }

    /// For what reasons something may be refused that comes in the track of `from`.
    pub(super) fn reasons(
        &mut self,
        now: Timestamp,
        from: ParticipantId,
        frame: &[u8],
    ) -> BTreeSet<DropReason> {
        self.expire(now);
        let Some((key_id, counter, length)) = read_header(frame) else {
            return BTreeSet::from([DropReason::Malformed]);
        };
        let leaf = u32::try_from(key_id >> 8).ok();
        let same = self.0.iter().filter(|kept| kept.number as u8 == key_id as u8);
        let mut reasons: BTreeSet<DropReason> = same
            .map(|kept| match leaf.and_then(|leaf| Some((leaf, kept.senders.get(&leaf)?))) {
                None => DropReason::NoKey,
                Some((_, who)) if *who != from => DropReason::WrongSender,
                Some(_) if frame.len() < length + 16 => DropReason::Malformed,
                Some((leaf, _)) => match kept.opened.get(&leaf) {
                    Some(opened) if is_beyond(opened, counter) => DropReason::BeyondReplayWindow,
                    Some(opened) if opened.contains(&counter) => DropReason::Replayed,
                    _ => DropReason::BadTag,
                },
            })
            .collect();
        if reasons.is_empty() {
            reasons.insert(DropReason::NoKey);
        }
        reasons
    }

    /// Whether a frame says that it is of an epoch after the present one.
    pub(super) fn is_ahead(&self, frame: &[u8]) -> bool {
        let Some((key_id, ..)) = read_header(frame) else { return false };
        let Some(present) = self.0.back() else { return false };
        (1..128).contains(&(key_id as u8).wrapping_sub(present.number as u8))
    }

    fn expire(&mut self, now: Timestamp) {
        self.0.retain(|kept| kept.until.is_none_or(|until| until > now));
    }
}

fn is_beyond(opened: &BTreeSet<u64>, counter: u64) -> bool {
    opened.last().is_some_and(|newest| newest.saturating_sub(counter) > limits::REPLAY_WINDOW)
}
