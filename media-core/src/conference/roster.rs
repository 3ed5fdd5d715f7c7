//! Owns who is present in a conference, in the order of their numbers.

use super::{absentees::Claim, lobby::Newcomer};
use crate::{
    ids::{HolderId, ParticipantId, PeerId},
    media::Permissions,
    secret::Token,
    signalling::{Attempt, EndpointKind, Role},
};

/// Somebody present. A desk or an AVC room is one attendee each (AVC-001).
#[derive(Debug)]
pub(super) struct Attendee {
    pub(super) participant: ParticipantId,
    pub(super) peer: PeerId,
    pub(super) holder: Option<HolderId>,
    pub(super) name: String,
    pub(super) endpoint: EndpointKind,
    /// By which they are recognised when they come through another connection (JOIN-006).
    pub(super) resume: Token,
    /// By which their own repeated request for this entry is recognised.
    pub(super) attempt: Option<Attempt>,
    /// What moderation lets them send at most, in any mode.
    pub(super) cap: Permissions,
    /// What a granted hand lets them send in presenter mode; nothing in discussion mode and for the presenter.
    pub(super) grant: Permissions,
    pub(super) hand_raised: bool,
    /// What the caller was last told they may send; `None` until their `Entered`.
    pub(super) effective: Option<Permissions>,
    /// What the others were last told; `None` before the first time.
    pub(super) shown: Option<Standing>,
}

/// What can change about an attendee in the eyes of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) role: Role,
    pub(super) presenter: bool,
    pub(super) hand_raised: bool,
    pub(super) permissions: Permissions,
}

impl Attendee {
    /// Newly arrived: nothing is capped, granted or asked for.
    pub(super) fn new(participant: ParticipantId, newcomer: Newcomer, resume: Token) -> Self {
        Self {
            participant,
            peer: newcomer.peer,
            holder: newcomer.claim.holder,
            name: newcomer.name,
            endpoint: newcomer.endpoint,
            resume,
            attempt: newcomer.claim.attempt,
            cap: Permissions::ALL,
            grant: Permissions::NONE,
            hand_raised: false,
            effective: None,
            shown: None,
        }
    }

    /// Whether a claim shows the token of this stay or the secret of its entry; both are compared in any case.
    fn is_shown_by(&self, claim: &Claim) -> bool {
        let is_stay = claim.resume.as_ref() == Some(&self.resume);
        let is_entry = claim.is_same_entry(self.attempt.as_ref());
        is_stay | is_entry
    }
}

/// Everybody present.
#[derive(Debug, Default)]
pub(super) struct Roster {
    attendees: Vec<Attendee>,
}

impl Roster {
    pub(super) fn insert(&mut self, attendee: Attendee) {
        let index = self.attendees.partition_point(|present| present.participant < attendee.participant);
        self.attendees.insert(index, attendee);
    }

    pub(super) fn remove(&mut self, participant: ParticipantId) -> Option<Attendee> {
        Some(self.attendees.remove(self.index(participant)?))
    }

    pub(super) fn get(&self, participant: ParticipantId) -> Option<&Attendee> {
        Some(&self.attendees[self.index(participant)?])
    }

    pub(super) fn get_mut(&mut self, participant: ParticipantId) -> Option<&mut Attendee> {
        let index = self.index(participant)?;
        Some(&mut self.attendees[index])
    }

    /// Who is present already of those who come: a holder by credential, a guest by the token of the stay or the secret of
    /// the entry. Compares with every guest, however early one matches, so that the time it takes says nothing about either.
    pub(super) fn current(&self, claim: &Claim) -> Option<&Attendee> {
        let mut found = None;
        for attendee in &self.attendees {
            let is_same = match claim.holder {
                Some(_) => attendee.holder == claim.holder,
                None => attendee.holder.is_none() && attendee.is_shown_by(claim),
            };
            if is_same {
                found = Some(attendee);
            }
        }
        found
    }

    pub(super) fn as_slice(&self) -> &[Attendee] {
        &self.attendees
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [Attendee] {
        &mut self.attendees
    }

    pub(super) fn len(&self) -> usize {
        self.attendees.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.attendees.is_empty()
    }

    fn index(&self, participant: ParticipantId) -> Option<usize> {
        self.attendees.binary_search_by_key(&participant, |attendee| attendee.participant).ok()
    }
}
