//! Owns what a client makes of what the server says, and of a connection that breaks. What it then sends and plays is decided
//! by its neighbours.

use media_core::{
    Timestamp,
    signalling::{Invitation, OutReason, Refusal, ServerMessage},
};

use super::{Endpoint, Observation, incoming::Incoming, session::Phase};
use crate::{channel::ChannelState, mail::Mail};

impl Endpoint {
    pub(super) fn drain_messages(&mut self, now: Timestamp) {
        while let Some(message) =
            self.session.channel.as_mut().and_then(|(_, channel)| channel.poll_message())
        {
            match ServerMessage::decode(&message) {
                Ok(message) if self.session.expects(&message) => {
                    self.adversary.on_message(now, &message);
                    self.session.on_message(&message);
                    self.on_message(now, message);
                }
                Ok(_) | Err(_) => self.observations.push_back(Observation::Malformed),
            }
        }
        let closed = self
            .session
            .channel
            .as_ref()
            .is_some_and(|(_, channel)| matches!(channel.state(), ChannelState::Closed { .. }));
        if closed {
            self.on_broken(now);
        }
    }

    pub(super) fn on_broken(&mut self, now: Timestamp) {
        if matches!(self.session.phase, Phase::Waiting | Phase::In(_)) {
            self.observations.push_back(Observation::Disconnected);
            self.on_outside(now);
        }
        self.session.on_broken(now);
    }

    /// Another media node lets this client in, while its own is silent: goes over to it.
    pub(super) fn follow_scout(&mut self, now: Timestamp) {
        let Some(found) = self.session.scouts.poll_found() else { return };
        self.on_broken(now);
        self.session.go_over(found);
    }

    fn on_message(&mut self, now: Timestamp, message: ServerMessage) {
        self.inform_encryption(now, &message);
        match message {
            ServerMessage::Entered { request, participant, mode, invitation, .. } => {
                self.session.answered(request);
                self.observations.push_back(Observation::Entered { participant, mode });
                self.on_entered(now, participant);
                if let Some(invitation) = invitation {
                    self.adversary.on_link(&invitation.link);
                    self.send_mail(invitation);
                }
            }
            ServerMessage::Waiting { .. } => self.observations.push_back(Observation::Waiting),
            ServerMessage::Done { request } => self.on_done(now, request),
            ServerMessage::Invited { request, invitation } => self.on_invited(request, invitation),
            ServerMessage::Refused { request, reason } => {
                let (name, _) = self.session.answered(request);
                if matches!(name, "start" | "join") && self.session.participant().is_none() {
                    self.session.entry.on_answer();
                    // Who waits does so in spite of a second attempt.
                    if reason != Refusal::AlreadyIn {
                        self.session.on_out();
                    }
                }
                if matches!(name, "offer-key-package" | "commit") {
                    self.on_handshake_refused(now, reason);
                }
                self.observations.push_back(Observation::Refused(name, reason));
            }
            ServerMessage::Member { member } if Some(member.participant) == self.session.participant() => {
                self.observations.push_back(Observation::Permissions(member.permissions));
                self.update_watching(now);
            }
            ServerMessage::Member { .. } | ServerMessage::MemberLeft { .. } => self.update_watching(now),
            ServerMessage::Knock { .. }
            | ServerMessage::FoundGroup { .. }
            | ServerMessage::KeyPackage { .. }
            | ServerMessage::Commit { .. }
            | ServerMessage::Welcome { .. } => {}
            ServerMessage::ModeChanged { mode } => {
                self.observations.push_back(Observation::Mode(mode));
                self.update_watching(now);
            }
            ServerMessage::TrackAdded { track } => {
                self.incoming.push(Incoming::new(track, self.grid));
                self.wants_offer();
                self.update_watching(now);
            }
            ServerMessage::TrackRemoved { participant, kind } => {
                self.on_track_removed(now, participant, kind);
                self.update_watching(now);
            }
            ServerMessage::Answer { request, answer } => self.on_webrtc_answer(now, request, Some(&answer)),
            ServerMessage::OfferRefused { request, .. } => self.on_webrtc_answer(now, request, None),
            ServerMessage::Demand { kind, encodings } => self.on_demand(now, kind, encodings),
            ServerMessage::Out { reason } => {
                self.observations.push_back(Observation::Out(reason));
                self.on_outside(now);
            }
        }
    }

    fn on_invited(&mut self, request: u32, invitation: Invitation) {
        let (name, _) = self.session.answered(request);
        self.observations.push_back(Observation::Done(name));
        self.send_mail(invitation);
    }

    fn on_done(&mut self, now: Timestamp, request: u32) {
        let (name, revoked) = self.session.answered(request);
        self.observations.push_back(Observation::Done(name));
        if let Some(invitation) = revoked {
            self.mail.push_back(Mail::Revoked { conference: self.conference, invitation });
        }
        // Who ends the conference is told that it is done, and is out like everybody else.
        if name == "end" {
            self.session.entry.forget();
            self.session.on_out();
            self.observations.push_back(Observation::Out(OutReason::Ended));
            self.on_outside(now);
        }
    }

    fn send_mail(&mut self, invitation: Invitation) {
        if let Some(secret) = self.secret {
            self.mail.push_back(Mail::Link { conference: self.conference, invitation, secret });
        }
    }
}
