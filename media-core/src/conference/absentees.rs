//! Owns what a conference remembers of people who are away, and how they prove on return that they are the same
//! (JOIN-006). What is remembered of a guest is bounded by [`limits::GUESTS_REMEMBERED_MAX`], of holders by their number.

use serde::{Deserialize, Serialize};

use super::roster::Attendee;
use crate::{ids::HolderId, limits, media::Permissions, secret::Token, signalling::Attempt};

/// What somebody who comes shows to be recognised by.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    /// Whom their credential proves them to be. An unknown credential proves nothing: they are a guest.
    pub(super) holder: Option<HolderId>,
    /// The token of an earlier stay, right or wrong.
    pub(super) resume: Option<Token>,
    /// Which attempt of their entry this is.
    pub(super) attempt: Option<Attempt>,
}

impl Claim {
    /// Whether this is an attempt of the same entry as another.
    pub(super) fn is_same_entry(&self, other: Option<&Attempt>) -> bool {
        self.attempt.as_ref().zip(other).is_some_and(|(one, other)| one.is_of_same_entry(other))
    }

    /// Whether the entry has got its place by a later attempt, or by this one.
    pub(super) fn is_behind(&self, other: Option<&Attempt>) -> bool {
        let number = |attempt: Option<&Attempt>| attempt.map(Attempt::number);
        self.is_same_entry(other) && number(self.attempt.as_ref()) <= number(other)
    }
}

/// How somebody goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Parting {
    /// Their connection broke: their token stays good.
    Vanished,
    /// By their own request.
    Left,
    /// By moderation.
    Removed,
}

/// What somebody who went away gets back when they return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Absentee {
    pub(super) holder: Option<HolderId>,
    /// Of who vanished; who went by request or was put out has none.
    pub(super) resume: Option<Token>,
    pub(super) cap: Permissions,
    pub(super) grant: Permissions,
}

impl Absentee {
    fn remembers_nothing(&self) -> bool {
        self.resume.is_none() && self.cap == Permissions::ALL && self.grant == Permissions::NONE
    }
}

/// Everybody who is away, in the order of their going: a holder at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Absentees {
    away: Vec<Absentee>,
}

impl Absentees {
    /// Somebody goes. Nothing is remembered of a guest who does not vanish: nothing could prove their return.
    pub(super) fn insert(&mut self, attendee: &Attendee, parting: Parting) {
        let Attendee { holder, cap, grant, .. } = *attendee;
        let resume = (parting == Parting::Vanished).then(|| attendee.resume.clone());
        let absentee = Absentee { holder, resume, cap, grant };
        if absentee.remembers_nothing() || holder.is_none() && absentee.resume.is_none() {
            return;
        }
        debug_assert!(holder.is_none_or(|holder| self.of_holder(holder).is_none()), "a holder is away once");
        self.away.push(absentee);
        let guests = self.away.iter().filter(|absentee| absentee.holder.is_none()).count();
        if guests > limits::GUESTS_REMEMBERED_MAX
            && let Some(first) = self.away.iter().position(|absentee| absentee.holder.is_none())
        {
            self.away.remove(first);
        }
    }

    /// Whether somebody who comes proves with their token that they had been in.
    pub(super) fn admit(&self, claim: &Claim) -> bool {
        let shown = claim.resume.as_ref();
        match claim.holder {
            Some(holder) => self
                .of_holder(holder)
                .and_then(|index| self.away[index].resume.as_ref())
                .is_some_and(|token| shown == Some(token)),
            None => self.guest(shown).is_some(),
        }
    }

    /// What somebody who comes gets back: a holder by credential, a guest by token.
    pub(super) fn take(&mut self, claim: &Claim) -> Option<Absentee> {
        let index = match claim.holder {
            Some(holder) => self.of_holder(holder)?,
            None => self.guest(claim.resume.as_ref())?,
        };
        Some(self.away.remove(index))
    }

    /// The mode has changed: words that were granted in the last one are void.
    pub(super) fn clear_grants(&mut self) {
        for absentee in &mut self.away {
            absentee.grant = Permissions::NONE;
        }
        self.away.retain(|absentee| !absentee.remembers_nothing());
    }

    /// Everybody, in the order of their going.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Absentee> {
        self.away.iter()
    }

    fn of_holder(&self, holder: HolderId) -> Option<usize> {
        self.away.iter().position(|absentee| absentee.holder == Some(holder))
    }

    /// Compares with every guest, however early one matches, so that the time it takes says nothing about the token.
    fn guest(&self, shown: Option<&Token>) -> Option<usize> {
        let shown = shown?;
        let mut found = None;
        for (index, absentee) in self.away.iter().enumerate() {
            if absentee.holder.is_none() && absentee.resume.as_ref() == Some(shown) {
                found = Some(index);
            }
        }
        found
    }
}
