//! Owns the keys of the epochs whose frames are still opened: the present one, and for a while those before it, because
//! frames of senders who heard of a change a little later are under way.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    drop_reason::DropReason,
    e2ee::{BaseKey, CipherSuite, KeyId, KeySource, Opened, Opener},
    ids::ParticipantId,
    limits,
    time::Timestamp,
};

/// Gives the epoch's base key for those who are in the group: their frame keys differ by the key id (RFC 9605 section 5.2).
struct EpochKeys {
    base: BaseKey,
    /// Who may be opened, by leaf. Never oneself: nobody plays one's own voice back.
    senders: BTreeMap<u32, ParticipantId>,
}

impl KeySource for EpochKeys {
    fn base_key(&mut self, sender: KeyId) -> Option<BaseKey> {
        self.senders.contains_key(&sender.leaf()?).then(|| self.base.clone())
    }
}

struct Epoch {
    number: u64,
    opener: Opener<EpochKeys>,
    /// When it is forgotten; the present epoch has no end yet.
    until: Option<Timestamp>,
}

/// The present epoch and those before it.
#[derive(Default)]
pub(super) struct Epochs {
    /// From the oldest to the present one.
    epochs: VecDeque<Epoch>,
}

impl Epochs {
    /// The group is in another epoch. `senders` are the others in it.
    pub(super) fn begin(
        &mut self,
        now: Timestamp,
        number: u64,
        suite: CipherSuite,
        base: BaseKey,
        senders: BTreeMap<u32, ParticipantId>,
    ) {
        for before in &mut self.epochs {
            before.until.get_or_insert(now + limits::EPOCH_OVERLAP);
            // Who is gone is heard no more, in no epoch.
            before.opener.keys_mut().senders.retain(|leaf, who| senders.get(leaf) == Some(who));
        }
        while self.epochs.len() >= limits::EPOCHS_KEPT_MAX {
            self.epochs.pop_front();
        }
        let opener = Opener::new(suite, EpochKeys { base, senders });
        self.epochs.push_back(Epoch { number, opener, until: None });
    }

    /// The group is left: what is under way still opens for a while.
    pub(super) fn end(&mut self, now: Timestamp) {
        for epoch in &mut self.epochs {
            epoch.until.get_or_insert(now + limits::EPOCH_OVERLAP);
        }
    }

    /// Forgets what is over.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        while self.epochs.front().and_then(|epoch| epoch.until).is_some_and(|until| until <= now) {
            self.epochs.pop_front();
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.epochs.front().and_then(|epoch| epoch.until)
    }

    /// Whether a frame is of an epoch that comes after all of these.
    pub(super) fn is_ahead(&self, sender: KeyId) -> bool {
        self.epochs.back().is_some_and(|present| sender.epochs_after(present.number) > 0)
    }

    /// Opens a frame that came in the track of `from`.
    pub(super) fn open(
        &mut self,
        from: ParticipantId,
        sealed: &[u8],
        metadata: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Opened, DropReason> {
        out.clear();
        let sender = KeyId::of_frame(sealed)?;
        let leaf = sender.leaf().ok_or(DropReason::NoKey)?;
        let mut refused = None;
        // The newest first. There are two of one number when a member has come into another group: the tag tells.
        let same = self.epochs.iter_mut().rev().filter(|epoch| sender.epochs_after(epoch.number) == 0);
        for epoch in same {
            let opened = match epoch.opener.keys_mut().senders.get(&leaf) {
                None => Err(DropReason::NoKey),
                Some(who) if *who != from => Err(DropReason::WrongSender),
                Some(_) => epoch.opener.open(sealed, metadata, out),
            };
            match opened {
                Ok(opened) => return Ok(opened),
                Err(reason) => refused = refused.or(Some(reason)),
            }
        }
        Err(refused.unwrap_or(DropReason::NoKey))
    }
}
