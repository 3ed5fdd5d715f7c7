//! Owns the state of one running conference, and what follows from it: ranks, and who counts as known.

use rand_chacha::ChaCha20Rng;

use super::{
    absentees::{Absentees, Claim, Parting},
    delivery::Delivery,
    invitation::Invitations,
    lobby::{Lobby, Newcomer},
    numbers::Numbers,
    roster::{Attendee, Roster},
};
use crate::{
    Timestamp,
    allowance::Allowance,
    ids::{ConferenceId, HolderId, ParticipantId, PeerId},
    secret::Token,
    signalling::{Encryption, Invitation, LinkToken, Mode, Refusal, Role},
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
    /// Entries by link of people who are not known.
    pub(super) entries: Allowance,
    /// Of those who had to wait instead.
    pub(super) knocks: Allowance,
    /// Present, and in presenter mode only.
    pub(super) presenter: Option<ParticipantId>,
    /// What people who went away get back when they return.
    pub(super) absentees: Absentees,
    /// How its clients encrypt; `None` in a conference that is not encrypted.
    pub(super) encryption: Option<Encryption>,
    /// Its MLS messages.
    pub(super) delivery: Delivery,
    /// The mode that people were last told.
    pub(super) shown_mode: Mode,
    /// When it ends for want of people; `Some` exactly while nobody is present.
    pub(super) ends_at: Option<Timestamp>,
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
            entries: Allowance::default(),
            knocks: Allowance::default(),
            presenter: None,
            absentees: Absentees::default(),
            encryption: None,
            delivery: Delivery::default(),
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

    /// Whether lock and lobby are no obstacle: those who moderate here, those who are in already and come through
    /// another connection, and those whose token proves that they had been in.
    pub(super) fn knows(&self, claim: &Claim) -> bool {
        self.role_of(claim.holder) >= Role::Moderator
            || self.roster.current(claim).is_some()
            || self.absentees.admit(claim)
    }

    /// Whether the same entry has got a place here, or in the lobby, by a later attempt.
    pub(super) fn is_behind(&self, claim: &Claim) -> bool {
        let inside = self.roster.as_slice().iter().map(|attendee| attendee.attempt.as_ref());
        let waiting = self.lobby.iter().map(|(_, newcomer)| newcomer.claim.attempt.as_ref());
        inside.chain(waiting).any(|attempt| claim.is_behind(attempt))
    }

    /// Whether there is a place. Who comes through another connection takes their own.
    pub(super) fn check_room(&self, claim: &Claim, participants_max: usize) -> Result<(), Refusal> {
        let replaced = self.roster.current(claim).is_some();
        if self.roster.len() - usize::from(replaced) < participants_max {
            Ok(())
        } else {
            Err(Refusal::ConferenceFull)
        }
    }

    /// Puts somebody on the roster, with `token` as the token of their stay. Who had been away gets back what they
    /// had; who is present already is replaced, and handed to the caller. Either way the token they had stays good:
    /// should the answer be lost on its way, the client has no other.
    pub(super) fn insert(
        &mut self,
        participant: ParticipantId,
        newcomer: Newcomer,
        token: Token,
    ) -> Option<Attendee> {
        let before = self.roster.current(&newcomer.claim).map(|old| old.participant);
        let absentee = if before.is_none() { self.absentees.take(&newcomer.claim) } else { None };
        let replaced = before.and_then(|old| self.roster.remove(old));
        let mut attendee = Attendee::new(participant, newcomer, token);
        if let Some(old) = &replaced {
            attendee.resume = old.resume.clone();
            attendee.cap = old.cap;
            attendee.grant = old.grant;
            attendee.hand_raised = old.hand_raised;
            if self.presenter == Some(old.participant) {
                self.presenter = Some(participant);
            }
        } else if let Some(absentee) = absentee {
            attendee.resume = absentee.resume.unwrap_or(attendee.resume);
            attendee.cap = absentee.cap;
            attendee.grant = absentee.grant;
        }
        self.roster.insert(attendee);
        self.fill_presenter();
        replaced
    }

    /// Takes somebody off the roster, and remembers for their return what moderation gave them.
    pub(super) fn remove(&mut self, participant: ParticipantId, parting: Parting) -> Option<PeerId> {
        let attendee = self.roster.remove(participant)?;
        if self.presenter == Some(participant) {
            self.presenter = None;
            self.fill_presenter();
        }
        self.absentees.insert(&attendee, parting);
        Some(attendee.peer)
    }
}
