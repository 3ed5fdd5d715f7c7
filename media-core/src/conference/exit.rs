//! Owns the ways out: leaving, vanishing, being put out, and the end of a conference.

use super::{Directory, Place, absentees::Parting, effect::Effect};
use crate::{
    Timestamp,
    ids::{ConferenceId, ParticipantId, PeerId},
    limits,
    signalling::{OutReason, Refusal, ServerMessage},
};

/// Messages that go out as soon as the caller knows what changes for media.
type Answers = Vec<(PeerId, ServerMessage)>;

impl Directory {
    /// A connection leaves the conference or lobby it is in, by request or by vanishing.
    pub(super) fn on_leave(&mut self, now: Timestamp, place: Place, parting: Parting, answers: Answers) {
        let Place { conference, participant, .. } = place;
        if place.waiting {
            self.turn_away(conference, participant, answers);
        } else {
            self.take_out(now, (conference, participant), parting, answers);
        }
    }

    /// Moderation puts somebody out of the conference, or turns them away at its lobby.
    pub(super) fn on_remove(
        &mut self,
        now: Timestamp,
        place: Place,
        request: u32,
        who: ParticipantId,
    ) -> Result<(), Refusal> {
        let Place { conference, participant: by, peer, .. } = place;
        let running = self.conferences.get_mut(&conference).ok_or(Refusal::NotIn)?;
        running.check_moderator(by)?;
        let done = (peer, ServerMessage::Done { request });
        let out = |peer, reason| (peer, ServerMessage::Out { reason });
        if let Some(newcomer) = running.lobby.get(who) {
            let answers = vec![out(newcomer.peer, OutReason::Denied), done];
            self.turn_away(conference, who, answers);
            return Ok(());
        }
        let target = running.check_removable(who)?;
        running.on_put_out(who);
        let answers = vec![out(target, OutReason::Removed), done];
        self.take_out(now, (conference, who), Parting::Removed, answers);
        Ok(())
    }

    /// The host ends the conference.
    pub(super) fn on_end(&mut self, place: Place, request: u32) -> Result<(), Refusal> {
        let running = self.conferences.get(&place.conference).ok_or(Refusal::NotIn)?;
        running.check_host(place.participant)?;
        self.end(place.conference, Some((place.peer, request)));
        Ok(())
    }

    /// Ends the conferences whose time is up.
    pub(super) fn end_abandoned(&mut self, now: Timestamp) {
        while let Some((due, conference)) = self.timeouts.first().copied() {
            if due > now {
                break;
            }
            self.end(conference, None);
        }
    }

    fn take_out(
        &mut self,
        now: Timestamp,
        (conference, who): (ConferenceId, ParticipantId),
        parting: Parting,
        answers: Answers,
    ) {
        let Self { conferences, peers, timeouts, effects, .. } = self;
        let Some(running) = conferences.get_mut(&conference) else { return };
        let Some(peer) = running.remove(who, parting) else { return };
        peers.remove(&peer);
        effects.push(Effect::Left { conference, participant: who, peer });
        running.announce_media(effects);
        for (peer, message) in answers {
            effects.send(peer, message);
        }
        running.announce_left(who, None, effects);
        running.on_gone(who, effects);
        running.announce_state(effects);
        if running.roster.is_empty() {
            let ends_at = now + limits::EMPTY_CONFERENCE_GRACE;
            running.ends_at = Some(ends_at);
            timeouts.insert((ends_at, conference));
        }
    }

    fn turn_away(&mut self, conference: ConferenceId, who: ParticipantId, answers: Answers) {
        let Some(running) = self.conferences.get_mut(&conference) else { return };
        let Some(newcomer) = running.lobby.remove(who) else { return };
        self.peers.remove(&newcomer.peer);
        for (peer, message) in answers {
            self.effects.send(peer, message);
        }
        running.send_to_moderators(&ServerMessage::MemberLeft { participant: who }, &mut self.effects);
    }

    fn end(&mut self, conference: ConferenceId, asked: Option<(PeerId, u32)>) {
        let Self { conferences, peers, timeouts, effects, pool, .. } = self;
        let Some(running) = conferences.remove(&conference) else { return };
        pool.release(running.host);
        if let Some(ends_at) = running.ends_at {
            timeouts.remove(&(ends_at, conference));
        }
        for attendee in running.roster.as_slice() {
            let (participant, peer) = (attendee.participant, attendee.peer);
            effects.push(Effect::Left { conference, participant, peer });
        }
        effects.push(Effect::ConferenceEnded { conference });
        if let Some((peer, request)) = asked {
            effects.send(peer, ServerMessage::Done { request });
        }
        let present = running.roster.as_slice().iter().map(|attendee| attendee.peer);
        let waiting = running.lobby.iter().map(|(_, newcomer)| newcomer.peer);
        for peer in present.chain(waiting) {
            peers.remove(&peer);
            if asked.is_none_or(|(host, _)| host != peer) {
                effects.send(peer, ServerMessage::Out { reason: OutReason::Ended });
            }
        }
    }
}
