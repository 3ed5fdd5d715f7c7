//! Owns how a change becomes effects: by comparing what is with what was last said. So nothing that changes can go
//! unsaid, and nothing is said twice.

use super::{
    effect::{Effect, Effects},
    roster::Attendee,
    running::Running,
};
use crate::{
    ids::{ParticipantId, PeerId},
    signalling::{Member, Role, ServerMessage},
};

impl Running {
    /// Says to the caller what changes for media. The presenter comes first, so that the next one can be heard
    /// before the last one falls silent (PRES-006).
    pub(super) fn announce_media(&mut self, effects: &mut Effects) {
        if let Some(presenter) = self.presenter {
            self.announce_media_of(presenter, effects);
        }
        for index in 0..self.roster.len() {
            let participant = self.roster.as_slice()[index].participant;
            self.announce_media_of(participant, effects);
        }
    }

    /// Says to everybody present what changes for them.
    pub(super) fn announce_state(&mut self, effects: &mut Effects) {
        if self.mode != self.shown_mode {
            self.shown_mode = self.mode;
            self.send_to_all(&ServerMessage::ModeChanged { mode: self.mode }, effects);
        }
        for index in 0..self.roster.len() {
            let attendee = &self.roster.as_slice()[index];
            let (participant, peer, shown) = (attendee.participant, attendee.peer, attendee.shown);
            let standing = self.standing(attendee);
            if shown == Some(standing) {
                continue;
            }
            let message = ServerMessage::Member { member: self.member(attendee) };
            for receiver in self.roster.as_slice() {
                // Who has just come in has seen themselves in the roster of their `Entered`.
                if shown.is_some() || receiver.participant != participant {
                    effects.send(receiver.peer, message.clone());
                }
            }
            if standing.role >= Role::Moderator && shown.is_none_or(|before| before.role < Role::Moderator) {
                self.announce_lobby(peer, effects);
            }
            self.roster.as_mut_slice()[index].shown = Some(standing);
        }
    }

    /// Everybody present, as they stand.
    pub(super) fn members(&self) -> Vec<Member> {
        self.roster.as_slice().iter().map(|attendee| self.member(attendee)).collect()
    }

    /// A message to everybody present.
    pub(super) fn send_to_all(&self, message: &ServerMessage, effects: &mut Effects) {
        for attendee in self.roster.as_slice() {
            effects.send(attendee.peer, message.clone());
        }
    }

    /// A message to those who moderate.
    pub(super) fn send_to_moderators(&self, message: &ServerMessage, effects: &mut Effects) {
        for attendee in self.roster.as_slice() {
            if self.role_of(attendee.holder) >= Role::Moderator {
                effects.send(attendee.peer, message.clone());
            }
        }
    }

    /// Says to everybody present that somebody is gone; except to who came in their place and never saw them.
    pub(super) fn announce_left(
        &self,
        participant: ParticipantId,
        except: Option<PeerId>,
        effects: &mut Effects,
    ) {
        for attendee in self.roster.as_slice() {
            if Some(attendee.peer) != except {
                effects.send(attendee.peer, ServerMessage::MemberLeft { participant });
            }
        }
    }

    fn announce_media_of(&mut self, participant: ParticipantId, effects: &mut Effects) {
        let conference = self.id;
        let Some(attendee) = self.roster.get(participant) else { return };
        let permissions = self.permissions(attendee);
        let (peer, before) = (attendee.peer, attendee.effective);
        match before {
            Some(before) if before == permissions => return,
            Some(_) => effects.push(Effect::PermissionsChanged { participant, permissions }),
            None => effects.push(Effect::Entered { conference, participant, peer, permissions }),
        }
        if let Some(attendee) = self.roster.get_mut(participant) {
            attendee.effective = Some(permissions);
        }
    }

    /// Who has come to moderate hears of everybody who waits.
    fn announce_lobby(&self, moderator: PeerId, effects: &mut Effects) {
        for (participant, newcomer) in self.lobby.iter() {
            let message = ServerMessage::Knock { participant: *participant, name: newcomer.name.clone() };
            effects.send(moderator, message);
        }
    }

    fn member(&self, attendee: &Attendee) -> Member {
        let standing = self.standing(attendee);
        Member {
            participant: attendee.participant,
            name: attendee.name.clone(),
            role: standing.role,
            presenter: standing.presenter,
            hand_raised: standing.hand_raised,
            permissions: standing.permissions,
            endpoint: attendee.endpoint,
        }
    }
}
