//! Owns what a client whose media are metadata makes of what the server says, and of a connection that breaks.

use media_core::{PeerId, Timestamp, congestion::ArrivalLog, signalling::ServerMessage};

use super::{LightEndpoint, LightTrack, Phase};
use crate::channel::{Channel, ChannelState};

impl LightEndpoint {
    pub(super) fn drain_messages(&mut self, now: Timestamp) {
        while let Some(message) =
            self.session.channel.as_mut().and_then(|(_, channel)| channel.poll_message())
        {
            if let Ok(message) = ServerMessage::decode(&message)
                && self.session.expects(&message)
            {
                let presenters = self.presenters_change(&message);
                self.session.on_message(&message);
                self.on_message(now, message, presenters);
            }
        }
        let closed =
            |(_, channel): &(PeerId, Channel)| matches!(channel.state(), ChannelState::Closed { .. });
        if self.session.channel.as_ref().is_some_and(closed) {
            self.on_broken(now);
        }
    }

    fn on_broken(&mut self, now: Timestamp) {
        if matches!(self.session.phase, Phase::In(_)) {
            self.record.returns.push((now, None));
            self.on_outside(now);
        }
        self.session.on_broken(now);
    }

    /// Whether a message changes who presents: that decides what is looked at.
    fn presenters_change(&self, message: &ServerMessage) -> bool {
        let ServerMessage::Member { member } = message else { return false };
        let before = self.session.roster.get(&member.participant).is_some_and(|before| before.presenter);
        before != member.presenter || Some(member.participant) == self.session.participant()
    }

    fn on_message(&mut self, now: Timestamp, message: ServerMessage, presenters: bool) {
        match message {
            ServerMessage::Entered { request, invitation, .. } => {
                self.session.answered(request);
                self.on_entered(now);
                self.invitation = invitation.or(self.invitation.take());
            }
            ServerMessage::Done { request } | ServerMessage::Invited { request, .. } => {
                self.session.answered(request);
            }
            ServerMessage::Refused { request, reason } => {
                let (name, _) = self.session.answered(request);
                if matches!(name, "start" | "join") && self.session.participant().is_none() {
                    self.session.entry.on_answer();
                    self.session.on_out();
                    self.record.refused = Some(reason);
                }
            }
            ServerMessage::Member { .. } if presenters => self.update_watching(now),
            ServerMessage::MemberLeft { .. } | ServerMessage::ModeChanged { .. } => self.update_watching(now),
            ServerMessage::TrackAdded { track } => {
                let is_video = track.kind.is_video();
                self.incoming.push(LightTrack::new(track));
                if is_video {
                    self.update_watching(now);
                }
            }
            ServerMessage::TrackRemoved { participant, kind } => {
                self.layout.on_removed((participant, kind));
                let gone =
                    |track: &LightTrack| track.info.participant == participant && track.info.kind == kind;
                while let Some(at) = self.incoming.iter().position(gone) {
                    let track = self.incoming.remove(at);
                    self.keep(track, now);
                }
                if kind.is_video() {
                    self.update_watching(now);
                }
            }
            ServerMessage::Demand { kind, encodings } => self.on_demand(now, kind, encodings),
            ServerMessage::Out { .. } => self.on_outside(now),
            ServerMessage::Member { .. }
            | ServerMessage::Waiting { .. }
            | ServerMessage::Knock { .. }
            | ServerMessage::FoundGroup { .. }
            | ServerMessage::KeyPackage { .. }
            | ServerMessage::Commit { .. }
            | ServerMessage::Welcome { .. }
            | ServerMessage::Answer { .. }
            | ServerMessage::OfferRefused { .. } => {}
        }
    }

    fn on_entered(&mut self, now: Timestamp) {
        if let (Some(opened), None) = (self.record.opened_at, self.record.entered_after) {
            self.record.entered_after = Some(now.saturating_since(opened));
        }
        if let Some((_, back @ None)) = self.record.returns.last_mut() {
            *back = Some(now);
        }
        self.publish(now);
        self.update_watching(now);
    }

    /// Outside: no media any more.
    fn on_outside(&mut self, now: Timestamp) {
        self.sender = None;
        self.arrivals = ArrivalLog::default();
        self.layout.clear();
        self.next_report = Timestamp::FAR_FUTURE;
        self.keep_all(now);
    }
}
