//! Owns which request goes where, and how one that only changes a conference's state is answered.

use super::{
    Directory, Place, absentees::Parting, delivery::Committed, effect::Effect, entry::Arrival,
    running::Running, tracks::check_tracks,
};
use crate::{
    Timestamp,
    ids::{ParticipantId, PeerId},
    media::MediaKind,
    signalling::{Refusal, Request, ServerMessage, TrackOffer},
};

impl Directory {
    /// Carries out a request, answer included, or says why not.
    pub(super) fn on_request(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        request: u32,
        body: Request,
    ) -> Result<(), Refusal> {
        let inside = self.present(peer).ok_or(Refusal::NotIn);
        match body {
            Request::Start { credential, name, mode, lobby, client } => {
                let arrival =
                    Arrival { peer, request, credential, resume: None, attempt: None, name, client };
                self.on_start(now, arrival, mode, lobby)
            }
            Request::Join { link, credential, resume, attempt, name, client } => {
                self.on_join(now, Arrival { peer, request, credential, resume, attempt, name, client }, &link)
            }
            Request::Leave => {
                let place = self.peers.get(&peer).copied().ok_or(Refusal::NotIn)?;
                let done = vec![(peer, ServerMessage::Done { request })];
                self.on_leave(now, place, Parting::Left, done);
                Ok(())
            }
            Request::Publish { tracks } => self.on_publish(inside?, request, tracks),
            Request::Negotiate { offer } => {
                self.effects.push(Effect::Offered { peer: inside?.peer, request, offer });
                Ok(())
            }
            Request::Watch { source, kind, layer } => self.on_watch(inside?, request, source, kind, layer),
            Request::RaiseHand => self.change(inside?, request, |running, by| running.on_hand(by, true)),
            Request::LowerHand => self.change(inside?, request, |running, by| running.on_hand(by, false)),
            Request::Admit { participant } => self.on_admit(inside?, request, participant),
            Request::Remove { participant } => self.on_remove(now, inside?, request, participant),
            Request::SetMode { mode } => {
                self.change(inside?, request, |running, by| running.on_set_mode(by, mode))
            }
            Request::Lock { locked } => {
                self.change(inside?, request, |running, by| running.on_lock(by, locked))
            }
            Request::SetPermissions { participant: who, permissions } => {
                self.change(inside?, request, |running, by| running.on_set_permissions(by, who, permissions))
            }
            Request::Grant { participant: who, permissions } => {
                self.change(inside?, request, |running, by| running.on_grant(by, who, permissions))
            }
            Request::NamePresenter { participant: who } => {
                self.change(inside?, request, |running, by| running.on_name_presenter(by, who))
            }
            Request::NameModerator { participant: who } => {
                self.change(inside?, request, |running, by| running.on_name_moderator(by, who))
            }
            Request::HandOver { participant } => self.on_hand_over(inside?, request, participant),
            Request::CreateInvitation => self.on_create_invitation(inside?, request),
            Request::RevokeInvitation { invitation } => {
                self.change(inside?, request, |running, by| running.on_revoke_invitation(by, invitation))
            }
            Request::End => self.on_end(inside?, request),
            Request::OfferKeyPackage { key_package } => self.on_key_package(inside?, request, key_package),
            Request::Commit { after, commit, welcome, adds } => {
                self.on_commit(inside?, request, after, Committed { commit, welcome, adds })
            }
        }
    }

    /// Changes a conference's state, and tells: first what changes for media, then the answer, then the news.
    fn change(
        &mut self,
        place: Place,
        request: u32,
        apply: impl FnOnce(&mut Running, ParticipantId) -> Result<(), Refusal>,
    ) -> Result<(), Refusal> {
        let running = self.conferences.get_mut(&place.conference).ok_or(Refusal::NotIn)?;
        apply(running, place.participant)?;
        running.announce_media(&mut self.effects);
        self.effects.send(place.peer, ServerMessage::Done { request });
        running.announce_state(&mut self.effects);
        Ok(())
    }

    fn on_hand_over(&mut self, place: Place, request: u32, to: ParticipantId) -> Result<(), Refusal> {
        let running = self.conferences.get_mut(&place.conference).ok_or(Refusal::NotIn)?;
        running.on_hand_over(place.participant, to, &mut self.pool)?;
        self.change(place, request, |_, _| Ok(()))
    }

    fn on_create_invitation(&mut self, place: Place, request: u32) -> Result<(), Refusal> {
        let running = self.conferences.get_mut(&place.conference).ok_or(Refusal::NotIn)?;
        running.check_moderator(place.participant)?;
        let invitation = running.invite(&mut self.numbers, &mut self.rng)?;
        self.effects.send(place.peer, ServerMessage::Invited { request, invitation });
        Ok(())
    }

    fn on_publish(&mut self, place: Place, request: u32, tracks: Vec<TrackOffer>) -> Result<(), Refusal> {
        self.publish(place, tracks, ServerMessage::Done { request })
    }

    fn publish(
        &mut self,
        place: Place,
        tracks: Vec<TrackOffer>,
        answer: ServerMessage,
    ) -> Result<(), Refusal> {
        check_tracks(&tracks)?;
        self.effects.push(Effect::Published { participant: place.participant, tracks });
        self.effects.send(place.peer, answer);
        Ok(())
    }

    /// An offer of [`Effect::Offered`] was read: what its sender publishes from now on, and the answer.
    pub fn on_answered(&mut self, peer: PeerId, request: u32, tracks: Vec<TrackOffer>, answer: String) {
        let published = self.present(peer).ok_or(Refusal::NotIn);
        let answer = ServerMessage::Answer { request, answer };
        if let Err(reason) = published.and_then(|place| self.publish(place, tracks, answer)) {
            self.effects.refuse(peer, request, reason);
        }
    }

    /// The answer is the caller's, who knows the tracks.
    fn on_watch(
        &mut self,
        place: Place,
        request: u32,
        source: ParticipantId,
        kind: MediaKind,
        layer: Option<u8>,
    ) -> Result<(), Refusal> {
        let running = self.conferences.get(&place.conference).ok_or(Refusal::NotIn)?;
        let subscriber = place.participant;
        if source == subscriber || running.roster.get(source).is_none() {
            return Err(Refusal::NoSuchParticipant);
        }
        if !kind.is_video() {
            return Err(Refusal::NoSuchTrack);
        }
        self.effects.push(Effect::Watch { subscriber, request, source, kind, layer });
        Ok(())
    }
}
