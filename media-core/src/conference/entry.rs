//! Owns the ways in: starting a conference, joining by link, waiting in the lobby, being admitted.

use super::{
    Directory, Place,
    absentees::Claim,
    effect::Effect,
    lobby::{Newcomer, check_name},
    running::Running,
};
use crate::{
    RateLimit, Timestamp,
    ids::{ConferenceId, ParticipantId, PeerId},
    limits,
    secret::Token,
    signalling::{Attempt, ClientInfo, Invitation, LinkToken, Mode, OutReason, Refusal, ServerMessage},
};

/// What `Start` and `Join` have in common.
pub(super) struct Arrival {
    pub(super) peer: PeerId,
    pub(super) request: u32,
    pub(super) credential: Option<Token>,
    /// The token of an earlier stay.
    pub(super) resume: Option<Token>,
    /// Which attempt of their entry this is.
    pub(super) attempt: Option<Attempt>,
    pub(super) name: String,
    pub(super) client: ClientInfo,
}

impl Arrival {
    fn into_newcomer(self, claim: Claim) -> Newcomer {
        Newcomer {
            peer: self.peer,
            request: self.request,
            claim,
            name: self.name,
            endpoint: self.client.endpoint,
        }
    }
}

impl Directory {
    /// A licence holder starts a conference and enters it as its host, with a first link to hand out.
    pub(super) fn on_start(
        &mut self,
        now: Timestamp,
        arrival: Arrival,
        mode: Mode,
        has_lobby: bool,
    ) -> Result<(), Refusal> {
        self.check_new(arrival.peer)?;
        let host = self.pool.check_start(now, self.pool.identify(arrival.credential.as_ref()))?;
        self.check_arrival(&arrival)?;
        let encryption = arrival.client.encryption;
        if encryption.is_some_and(|encryption| !encryption.is_known()) {
            return Err(Refusal::UnknownSuite);
        }
        let participant = self.numbers.participant()?;
        let conference = self.numbers.conference()?;
        let mut running = Running::new(conference, host, mode, has_lobby);
        running.encryption = encryption;
        let invitation = running.invite(&mut self.numbers, &mut self.rng)?;

        self.pool.take(host, conference);
        self.conferences.insert(conference, running);
        self.effects.push(Effect::ConferenceStarted { conference });
        let claim = Claim { holder: Some(host), resume: None, attempt: None };
        self.enter(conference, participant, arrival.into_newcomer(claim), Some(invitation));
        Ok(())
    }

    /// Somebody comes by link. Before the link has proved valid, no answer depends on the conference (JOIN-002).
    pub(super) fn on_join(
        &mut self,
        now: Timestamp,
        mut arrival: Arrival,
        link: &LinkToken,
    ) -> Result<(), Refusal> {
        self.check_new(arrival.peer)?;
        let found = self.conferences.get(&link.conference);
        let running =
            found.filter(|running| running.invitations.admit(&link.token)).ok_or(Refusal::InvalidLink)?;
        self.check_arrival(&arrival)?;
        if arrival.client.encryption != running.encryption {
            return Err(Refusal::OtherSuite);
        }
        let holder = self.pool.identify(arrival.credential.as_ref());
        let claim = Claim { holder, resume: arrival.resume.take(), attempt: arrival.attempt.take() };
        if running.is_behind(&claim) {
            return Err(Refusal::AlreadyIn);
        }
        let known = running.knows(&claim);
        if running.locked && !known {
            return Err(Refusal::ConferenceLocked);
        }
        running.check_room(&claim, self.participants_max)?;
        let waits = running.has_lobby && !known;
        if waits {
            running.lobby.check_room(&claim)?;
        }
        if !known {
            self.charge(now, link.conference, waits)?;
        }
        let participant = self.numbers.participant()?;
        let newcomer = arrival.into_newcomer(claim);
        if waits {
            self.wait(link.conference, participant, newcomer);
        } else {
            self.enter(link.conference, participant, newcomer, None);
        }
        Ok(())
    }

    /// Moderation lets somebody in. If there is no place, neither waits any longer for an answer: the moderator's
    /// request is refused, and so is the join.
    pub(super) fn on_admit(&mut self, place: Place, request: u32, who: ParticipantId) -> Result<(), Refusal> {
        let Place { conference, participant: by, peer, .. } = place;
        let Self { conferences, peers, effects, .. } = self;
        let running = conferences.get_mut(&conference).ok_or(Refusal::NotIn)?;
        running.check_moderator(by)?;
        let claim = &running.lobby.get(who).ok_or(Refusal::NoSuchParticipant)?.claim;
        let room = running.check_room(claim, self.participants_max);
        let newcomer = running.lobby.remove(who).ok_or(Refusal::NoSuchParticipant)?;
        if let Err(reason) = room {
            peers.remove(&newcomer.peer);
            effects.refuse(newcomer.peer, newcomer.request, reason);
            running.send_to_moderators(&ServerMessage::MemberLeft { participant: who }, effects);
            return Err(reason);
        }
        self.enter(conference, who, newcomer, None);
        self.effects.send(peer, ServerMessage::Done { request });
        Ok(())
    }

    /// Everybody inside is told of every entry, moderators of everybody who waits. As many may come at once as there are
    /// places.
    fn charge(&mut self, now: Timestamp, conference: ConferenceId, waits: bool) -> Result<(), Refusal> {
        let running = self.conferences.get_mut(&conference).ok_or(Refusal::InvalidLink)?;
        let (allowance, places) = if waits {
            (&mut running.knocks, 2 * limits::LOBBY_MAX)
        } else {
            (&mut running.entries, self.participants_max.max(limits::PARTICIPANTS_MAX_DEFAULT as usize))
        };
        let limit = RateLimit { burst: places as u32, interval: limits::ENTRY_INTERVAL };
        if allowance.take(now, limit) { Ok(()) } else { Err(Refusal::TooManyRequests) }
    }

    fn check_new(&self, peer: PeerId) -> Result<(), Refusal> {
        if self.peers.contains_key(&peer) { Err(Refusal::AlreadyIn) } else { Ok(()) }
    }

    fn check_arrival(&self, arrival: &Arrival) -> Result<(), Refusal> {
        check_name(&arrival.name)?;
        if self.encryption_required && arrival.client.encryption.is_none() {
            return Err(Refusal::EncryptionRequired);
        }
        Ok(())
    }

    fn wait(&mut self, conference: ConferenceId, participant: ParticipantId, newcomer: Newcomer) {
        let Some(running) = self.conferences.get_mut(&conference) else { return };
        let Newcomer { peer, request, .. } = newcomer;
        let knock = ServerMessage::Knock { participant, name: newcomer.name.clone() };
        if let Some((before, old)) = running.lobby.take_same(&newcomer.claim) {
            self.peers.remove(&old.peer);
            running.send_to_moderators(&ServerMessage::MemberLeft { participant: before }, &mut self.effects);
            self.effects.send(old.peer, ServerMessage::Out { reason: OutReason::Replaced });
        }
        running.lobby.insert(participant, newcomer);
        self.peers.insert(peer, Place { peer, conference, participant, waiting: true });
        self.effects.send(peer, ServerMessage::Waiting { request });
        running.send_to_moderators(&knock, &mut self.effects);
    }

    /// Somebody is in. Media first, then their own answer with mode and roster, then the news to the others
    /// (PRES-003).
    fn enter(
        &mut self,
        conference: ConferenceId,
        participant: ParticipantId,
        newcomer: Newcomer,
        invitation: Option<Invitation>,
    ) {
        let Some(running) = self.conferences.get_mut(&conference) else { return };
        let effects = &mut self.effects;
        let token = Token::random(&mut self.rng);
        let Newcomer { peer, request, .. } = newcomer;
        if let Some(ends_at) = running.ends_at.take() {
            self.timeouts.remove(&(ends_at, conference));
        }
        let replaced = running.insert(participant, newcomer, token.clone());
        self.peers.insert(peer, Place { peer, conference, participant, waiting: false });
        if let Some(old) = &replaced {
            self.peers.remove(&old.peer);
            effects.push(Effect::Left { conference, participant: old.participant, peer: old.peer });
        }
        running.announce_media(effects);
        let (mode, roster) = (running.mode, running.members());
        let resume = running.roster.get(participant).map_or(token, |attendee| attendee.resume.clone());
        effects.send(
            peer,
            ServerMessage::Entered { request, conference, participant, mode, roster, invitation, resume },
        );
        if let Some(old) = replaced {
            effects.send(old.peer, ServerMessage::Out { reason: OutReason::Replaced });
            running.announce_left(old.participant, Some(peer), effects);
            running.on_gone(old.participant, effects);
        }
        running.announce_state(effects);
    }
}
