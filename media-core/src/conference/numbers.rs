//! Owns the numbers that conferences, participants and invitations get: counted up, never reused. When four
//! thousand million are used up the request is refused, so that no peer can make the count wrap.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ConferenceId, InvitationId, ParticipantId},
    signalling::Refusal,
};

/// The last number of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Numbers {
    conference: u32,
    participant: u32,
    invitation: u32,
}

impl Numbers {
    pub(super) fn conference(&mut self) -> Result<ConferenceId, Refusal> {
        next(&mut self.conference).map(ConferenceId).ok_or(Refusal::AllLicencesInUse)
    }

    /// Whether this number was given to a conference.
    pub(super) fn has_given(&self, conference: ConferenceId) -> bool {
        (1..=self.conference).contains(&conference.0)
    }

    pub(super) fn participant(&mut self) -> Result<ParticipantId, Refusal> {
        next(&mut self.participant).map(ParticipantId).ok_or(Refusal::ConferenceFull)
    }

    pub(super) fn invitation(&mut self) -> Result<InvitationId, Refusal> {
        next(&mut self.invitation).map(InvitationId).ok_or(Refusal::TooManyInvitations)
    }
}

fn next(counter: &mut u32) -> Option<u32> {
    *counter = counter.checked_add(1)?;
    Some(*counter)
}
