//! Owns the two modes: who may send what, who presents, whose hand is up (PRES-001 to PRES-006).
//!
//! In discussion mode everybody may send what moderation leaves them. In presenter mode the presenter may, and those
//! who were granted the word; nobody else. There is one presenter; when they go, the host takes their place, else the
//! moderator who came first, else the next of these to come in.

use super::{
    roster::{Attendee, Standing},
    running::Running,
};
use crate::{
    ids::ParticipantId,
    media::Permissions,
    signalling::{Mode, Refusal, Role},
};

/// What a hand can be granted: the word, or the word and a camera, or nothing again (PRES-005).
const GRANTS: [Permissions; 3] = [
    Permissions::NONE,
    Permissions { audio: true, video: false, screen: false },
    Permissions { audio: true, video: true, screen: false },
];

impl Running {
    /// What somebody may send: what moderation leaves them, and the mode.
    pub(super) fn permissions(&self, attendee: &Attendee) -> Permissions {
        match self.mode {
            Mode::Discussion => attendee.cap,
            Mode::Presenter if self.presenter == Some(attendee.participant) => attendee.cap,
            Mode::Presenter => attendee.grant.and(attendee.cap),
        }
    }

    /// How somebody stands.
    pub(super) fn standing(&self, attendee: &Attendee) -> Standing {
        Standing {
            role: self.role_of(attendee.holder),
            presenter: self.presenter == Some(attendee.participant),
            hand_raised: attendee.hand_raised,
            permissions: self.permissions(attendee),
        }
    }

    /// Moderation changes the mode. To the mode there is: done, and nothing changes.
    pub(super) fn on_set_mode(&mut self, by: ParticipantId, mode: Mode) -> Result<(), Refusal> {
        self.check_moderator(by)?;
        if mode == self.mode {
            return Ok(());
        }
        self.mode = mode;
        self.presenter = None;
        self.absentees.clear_grants();
        for attendee in self.roster.as_mut_slice() {
            attendee.grant = Permissions::NONE;
            attendee.hand_raised = false;
        }
        self.fill_presenter();
        Ok(())
    }

    /// Moderation makes somebody the presenter.
    pub(super) fn on_name_presenter(&mut self, by: ParticipantId, who: ParticipantId) -> Result<(), Refusal> {
        self.check_moderator(by)?;
        self.check_presenter_mode()?;
        self.roster.get(who).ok_or(Refusal::NoSuchParticipant)?;
        self.set_presenter(who);
        Ok(())
    }

    /// Moderation gives somebody the word, whether they asked for it or not, or takes it back.
    pub(super) fn on_grant(
        &mut self,
        by: ParticipantId,
        who: ParticipantId,
        permissions: Permissions,
    ) -> Result<(), Refusal> {
        self.check_moderator(by)?;
        self.check_presenter_mode()?;
        let attendee = self.roster.get_mut(who).ok_or(Refusal::NoSuchParticipant)?;
        if self.presenter == Some(who) || !GRANTS.contains(&permissions) {
            return Err(Refusal::NotApplicable);
        }
        attendee.grant = permissions;
        attendee.hand_raised = false;
        Ok(())
    }

    /// Somebody asks for the word, or no longer does.
    pub(super) fn on_hand(&mut self, who: ParticipantId, raised: bool) -> Result<(), Refusal> {
        self.check_presenter_mode()?;
        if self.presenter == Some(who) {
            return Err(Refusal::NotApplicable);
        }
        self.roster.get_mut(who).ok_or(Refusal::NotIn)?.hand_raised = raised;
        Ok(())
    }

    /// Finds a presenter where one is missing.
    pub(super) fn fill_presenter(&mut self) {
        if self.mode != Mode::Presenter || self.presenter.is_some() {
            return;
        }
        if let Some(successor) = self.first_of(Role::Host).or_else(|| self.first_of(Role::Moderator)) {
            self.set_presenter(successor);
        }
    }

    fn first_of(&self, role: Role) -> Option<ParticipantId> {
        let mut attendees = self.roster.as_slice().iter();
        attendees.find(|attendee| self.role_of(attendee.holder) == role).map(|attendee| attendee.participant)
    }

    fn check_presenter_mode(&self) -> Result<(), Refusal> {
        if self.mode == Mode::Presenter { Ok(()) } else { Err(Refusal::NotInPresenterMode) }
    }

    /// A presenter has no use for a hand or a grant, and keeps neither for the time after.
    fn set_presenter(&mut self, who: ParticipantId) {
        self.presenter = Some(who);
        if let Some(attendee) = self.roster.get_mut(who) {
            attendee.grant = Permissions::NONE;
            attendee.hand_raised = false;
        }
    }
}
