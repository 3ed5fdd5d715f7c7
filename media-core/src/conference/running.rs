//! Owns the state of one running conference, and what follows from it: ranks, and who counts as known.

use std::collections::BTreeMap;

use rand_chacha::ChaCha20Rng;

use super::{
    invitation::Invitations,
    lobby::{Lobby, Newcomer},
    numbers::Numbers,
    roster::{Attendee, Roster},
};
use crate::{
    Timestamp,
    ids::{ConferenceId, HolderId, ParticipantId},
    media::Permissions,
    secret::Token,
    signalling::{Invitation, LinkToken, Mode, Refusal, Role},
};

/// One conference, from its start to its end.
pub(super) struct Running {
    pub(super) id: ConferenceId,
    /// Whose licence carries it, present or not.
    pub(super) host: HolderId,
    /// Whom the host named, present or not; never the host.
    pub(super) moderators: Vec<HolderId>,
    pub(super) mode: Mode,
    /// Whether new joiners wait.
    pub(super) has_lobby: bool,
    pub(super) locked: bool,
    pub(super) roster: Roster,
    pub(super) lobby: Lobby,
    pub(super) invitations: Invitations,
    /// Present, and in presenter mode only.
    pub(super) presenter: Option<ParticipantId>,
    /// What holders who went away get back when they return.
    pub(super) away: BTreeMap<HolderId, Away>,
    /// The mode that people were last told.
    pub(super) shown_mode: Mode,
    /// When it ends for want of people; `Some` exactly while nobody is present.
    pub(super) ends_at: Option<Timestamp>,
}

/// What a holder who went away had been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Away {
    pub(super) cap: Permissions,
    pub(super) grant: Permissions,
}

impl Away {
    /// What somebody has of whom nothing is remembered.
    pub(super) const DEFAULT: Self = Self { cap: Permissions::ALL, grant: Permissions::NONE };
}

impl Running {
    /// A conference whose host is about to enter.
    pub(super) fn new(id: ConferenceId, host: HolderId, mode: Mode, has_lobby: bool) -> Self {
        Self {
            id,
            host,
            moderators: Vec::new(),
            mode,
            has_lobby,
            locked: false,
            roster: Roster::default(),
            lobby: Lobby::default(),
            invitations: Invitations::default(),
            presenter: None,
            away: BTreeMap::new(),
            shown_mode: mode,
            ends_at: None,
        }
    }

    /// A new link into the conference.
    pub(super) fn invite(
        &mut self,
        numbers: &mut Numbers,
        rng: &mut ChaCha20Rng,
    ) -> Result<Invitation, Refusal> {
        self.invitations.check_room()?;
        let id = numbers.invitation()?;
        let token = Token::random(rng);
        self.invitations.insert(id, token.clone());
        Ok(Invitation { id, link: LinkToken { conference: self.id, token } })
    }

    /// Rank goes with the credential, not with the connection, so that it outlives an outage (LIC-005).
    pub(super) fn role_of(&self, holder: Option<HolderId>) -> Role {
        match holder {
            None => Role::Guest,
            Some(holder) if holder == self.host => Role::Host,
            Some(holder) if self.moderators.contains(&holder) => Role::Moderator,
            Some(_) => Role::Participant,
        }
    }

    /// Whether lock and lobby are no obstacle: those who moderate here, and holders who are in already and come
    /// through another connection.
    pub(super) fn knows(&self, holder: Option<HolderId>) -> bool {
        let Some(holder) = holder else { return false };
        self.role_of(Some(holder)) >= Role::Moderator || self.roster.of_holder(holder).is_some()
    }

    /// Whether there is a place. Who comes through another connection takes their own.
    pub(super) fn check_room(
        &self,
        holder: Option<HolderId>,
        participants_max: usize,
    ) -> Result<(), Refusal> {
        let replaced = holder.is_some_and(|holder| self.roster.of_holder(holder).is_some());
        if self.roster.len() - usize::from(replaced) < participants_max {
            Ok(())
        } else {
            Err(Refusal::ConferenceFull)
        }
    }

    /// Puts somebody on the roster. Who had been away gets back what they had; who is present already is replaced,
    /// and handed to the caller.
    pub(super) fn insert(&mut self, participant: ParticipantId, newcomer: Newcomer) -> Option<Attendee> {
        let mut attendee = Attendee::new(participant, newcomer);
        let before =
            attendee.holder.and_then(|holder| self.roster.of_holder(holder)).map(|old| old.participant);
        let replaced = before.and_then(|old| self.roster.remove(old));
        if let Some(old) = &replaced {
            attendee.cap = old.cap;
            attendee.grant = old.grant;
            attendee.hand_raised = old.hand_raised;
            if self.presenter == Some(old.participant) {
                self.presenter = Some(participant);
            }
        } else if let Some(away) = attendee.holder.and_then(|holder| self.away.remove(&holder)) {
            attendee.cap = away.cap;
            attendee.grant = away.grant;
        }
        self.roster.insert(attendee);
        self.fill_presenter();
        replaced
    }

    /// Takes somebody off the roster. What moderation gave a holder is kept for their return; a guest has nothing
    /// to be recognised by.
    pub(super) fn remove(&mut self, participant: ParticipantId) -> Option<Attendee> {
        let attendee = self.roster.remove(participant)?;
        if self.presenter == Some(participant) {
            self.presenter = None;
            self.fill_presenter();
        }
        let away = Away { cap: attendee.cap, grant: attendee.grant };
        if let Some(holder) = attendee.holder.filter(|_| away != Away::DEFAULT) {
            self.away.insert(holder, away);
        }
        Some(attendee)
    }
}
