//! Owns who may moderate, and what moderation changes besides the mode (LIC-003, LIC-005).
//!
//! Moderation is the business of the host and of licence holders whom the host named. Only the host names them, hands
//! the conference over, and ends it. Without anybody of them present nobody moderates until one returns.

use super::{licence::LicencePool, running::Running};
use crate::{
    ids::{HolderId, InvitationId, ParticipantId, PeerId},
    media::Permissions,
    signalling::{Refusal, Role},
};

impl Running {
    /// Whether somebody may moderate.
    pub(super) fn check_moderator(&self, who: ParticipantId) -> Result<(), Refusal> {
        if self.role_of_participant(who) >= Some(Role::Moderator) {
            Ok(())
        } else {
            Err(Refusal::NotModerator)
        }
    }

    /// Whether somebody is the host.
    pub(super) fn check_host(&self, who: ParticipantId) -> Result<(), Refusal> {
        if self.role_of_participant(who) == Some(Role::Host) { Ok(()) } else { Err(Refusal::NotHost) }
    }

    /// Moderation closes or opens the conference for those who would join. Who waits already can be admitted still.
    pub(super) fn on_lock(&mut self, by: ParticipantId, locked: bool) -> Result<(), Refusal> {
        self.check_moderator(by)?;
        self.locked = locked;
        Ok(())
    }

    /// Moderation bounds what somebody may send, the host not excepted: an open microphone is one.
    pub(super) fn on_set_permissions(
        &mut self,
        by: ParticipantId,
        who: ParticipantId,
        cap: Permissions,
    ) -> Result<(), Refusal> {
        self.check_moderator(by)?;
        self.roster.get_mut(who).ok_or(Refusal::NoSuchParticipant)?.cap = cap;
        Ok(())
    }

    /// Moderation makes a link useless. Who came in by it stays.
    pub(super) fn on_revoke_invitation(
        &mut self,
        by: ParticipantId,
        invitation: InvitationId,
    ) -> Result<(), Refusal> {
        self.check_moderator(by)?;
        self.invitations.revoke(invitation)
    }

    /// The host names a moderator. Naming one again changes nothing.
    pub(super) fn on_name_moderator(&mut self, by: ParticipantId, who: ParticipantId) -> Result<(), Refusal> {
        self.check_host(by)?;
        let holder = self.other_holder(who)?;
        if !self.moderators.contains(&holder) {
            self.moderators.push(holder);
        }
        Ok(())
    }

    /// The host passes role and licence on, and stays as a moderator. Who presents does not change.
    pub(super) fn on_hand_over(
        &mut self,
        by: ParticipantId,
        to: ParticipantId,
        pool: &mut LicencePool,
    ) -> Result<(), Refusal> {
        self.check_host(by)?;
        let heir = self.other_holder(to)?;
        pool.hand_over(self.host, heir)?;
        self.moderators.retain(|moderator| *moderator != heir);
        self.moderators.push(self.host);
        self.host = heir;
        Ok(())
    }

    /// The connection of somebody present, if moderation may put them out.
    pub(super) fn check_removable(&self, who: ParticipantId) -> Result<PeerId, Refusal> {
        let attendee = self.roster.get(who).ok_or(Refusal::NoSuchParticipant)?;
        if attendee.holder == Some(self.host) { Err(Refusal::NotApplicable) } else { Ok(attendee.peer) }
    }

    /// Somebody is put out. A moderator loses that rank with it, because it would carry them past lock and lobby
    /// straight in again; a granted word is not kept for them either. Their cap is.
    pub(super) fn on_put_out(&mut self, who: ParticipantId) {
        let Some(attendee) = self.roster.get_mut(who) else { return };
        attendee.grant = Permissions::NONE;
        let holder = attendee.holder;
        self.moderators.retain(|moderator| Some(*moderator) != holder);
    }

    /// Rank of somebody present.
    fn role_of_participant(&self, who: ParticipantId) -> Option<Role> {
        self.roster.get(who).map(|attendee| self.role_of(attendee.holder))
    }

    /// The credential of somebody present who is not the host.
    fn other_holder(&self, who: ParticipantId) -> Result<HolderId, Refusal> {
        let attendee = self.roster.get(who).ok_or(Refusal::NoSuchParticipant)?;
        let holder = attendee.holder.ok_or(Refusal::NotLicenceHolder)?;
        if holder == self.host { Err(Refusal::NotApplicable) } else { Ok(holder) }
    }
}
