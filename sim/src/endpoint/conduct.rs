//! Owns what a participant does by the scenario's steps, good conduct and bad.

use bytes::Bytes;
use media_core::{
    Permissions, Ssrc, Timestamp,
    rtp::rtcp,
    signalling::{Mode, Request},
};
use rand_core::Rng;

use super::{Endpoint, Observation};
use crate::{
    mail::Mailbox,
    scenario::{Action, Misbehaviour, Scenario},
};

impl Endpoint {
    /// Does what a step of the scenario says. People are known by name; who is not there cannot be acted upon, and the
    /// server is asked about nobody.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whatever is not done at once here is a request to the server"
    )]
    pub fn handle_action(&mut self, now: Timestamp, action: Action, scenario: &Scenario, mailbox: &Mailbox) {
        match action {
            Action::Start => self.start(now, scenario),
            Action::Join => {
                let wrong = media_core::secret::Token::random(&mut self.rng);
                if let Some(link) = mailbox.link(self.conference, self.person.link, &wrong) {
                    self.join(now, &link);
                }
            }
            Action::Leave => {
                self.session.request(now, Request::Leave);
                self.observations.push_back(Observation::Left);
                if let Some((_, channel)) = &mut self.session.channel {
                    channel.close(now);
                }
                self.session.on_out();
                self.on_outside(now);
            }
            Action::Misbehave(how) => self.misbehaviour = Some(how),
            Action::CameraOn | Action::CameraOff => {
                self.camera_on = action == Action::CameraOn;
                self.publish(now);
            }
            Action::ShareScreen | Action::StopScreen => {
                self.screen_on = action == Action::ShareScreen;
                if self.session.participant().is_some() {
                    self.publish(now);
                }
            }
            Action::Watch { whom, kind, layer } => {
                if let Some(source) = self.session.named(&scenario.person(whom).name) {
                    self.layout.choose((source, kind), layer.map(crate::scenario::Layer::index));
                    self.update_watching(now);
                }
            }
            Action::AdmitAll => {
                for participant in self.session.knocking.keys().copied().collect::<Vec<_>>() {
                    self.session.request(now, Request::Admit { participant });
                }
            }
            Action::RevokeInvitation => {
                if let Some(invitation) = mailbox.newest_invitation(self.conference) {
                    self.session.request(now, Request::RevokeInvitation { invitation });
                }
            }
            _ => {
                if let Some(request) = self.request_for(action, scenario) {
                    self.session.request(now, request);
                }
            }
        }
        self.flush_channel(now);
    }

    fn request_for(&self, action: Action, scenario: &Scenario) -> Option<Request> {
        let whom = |person| self.session.named(&scenario.person(person).name);
        Some(match action {
            Action::End => Request::End,
            Action::SetMode(mode) => Request::SetMode { mode },
            Action::Lock(locked) => Request::Lock { locked },
            Action::Admit(person) => Request::Admit { participant: whom(person)? },
            Action::Remove(person) => Request::Remove { participant: whom(person)? },
            Action::Mute(person, media) => Request::SetPermissions {
                participant: whom(person)?,
                permissions: without(Permissions::ALL, media),
            },
            Action::Unmute(person, _) => {
                Request::SetPermissions { participant: whom(person)?, permissions: Permissions::ALL }
            }
            Action::RaiseHand => Request::RaiseHand,
            Action::LowerHand => Request::LowerHand,
            Action::Grant(person, permissions) => Request::Grant { participant: whom(person)?, permissions },
            Action::Revoke(person) => {
                Request::Grant { participant: whom(person)?, permissions: Permissions::NONE }
            }
            Action::NamePresenter(person) => Request::NamePresenter { participant: whom(person)? },
            Action::NameModerator(person) => Request::NameModerator { participant: whom(person)? },
            Action::HandOver(person) => Request::HandOver { participant: whom(person)? },
            Action::CreateInvitation => Request::CreateInvitation,
            Action::Start
            | Action::Join
            | Action::Leave
            | Action::AdmitAll
            | Action::RevokeInvitation
            | Action::Watch { .. }
            | Action::ShareScreen
            | Action::StopScreen
            | Action::CameraOn
            | Action::CameraOff
            | Action::Misbehave(_) => return None,
        })
    }

    /// What a misbehaving client makes of a packet of its own.
    pub(super) fn distort(&mut self, bytes: Bytes) -> Bytes {
        if self.misbehaviour != Some(Misbehaviour::ForeignSsrc) || bytes.len() < 12 {
            return bytes;
        }
        // Every fourth packet speaks for another participant, as this client knows them.
        let Some(victim) = self.incoming.first().map(|incoming| incoming.info.ssrc) else { return bytes };
        if !self.rng.next_u32().is_multiple_of(4) {
            return bytes;
        }
        let mut forged = bytes.to_vec();
        forged[8..12].copy_from_slice(&victim.0.to_be_bytes());
        Bytes::from(forged)
    }

    /// What a misbehaving client sends on top, each time it reports.
    pub(super) fn misbehave(&mut self) {
        let Some(how) = self.misbehaviour else { return };
        let streams: Vec<Ssrc> = self.incoming.iter().map(|incoming| incoming.info.ssrc).collect();
        let mut packet = Vec::new();
        match how {
            Misbehaviour::NackFlood => {
                let everything: Vec<u16> = (0..200).collect();
                for ssrc in streams.into_iter().take(8) {
                    rtcp::write_nack(Ssrc(2), ssrc, &everything, &mut packet);
                }
            }
            Misbehaviour::KeyFrameStorm => {
                for ssrc in streams.into_iter().take(8) {
                    rtcp::write_pli(Ssrc(2), ssrc, &mut packet);
                }
            }
            Misbehaviour::Garbage => {
                packet.resize(200, 0);
                self.rng.fill_bytes(&mut packet);
            }
            Misbehaviour::ForeignSsrc | Misbehaviour::IgnoreMode => return,
        }
        if !packet.is_empty() {
            self.send_media(Bytes::from(packet));
        }
    }

    /// The mode as this participant knows it.
    pub fn mode(&self) -> Mode {
        self.session.mode
    }
}

const fn without(all: Permissions, taken: Permissions) -> Permissions {
    Permissions {
        audio: all.audio && !taken.audio,
        video: all.video && !taken.video,
        screen: all.screen && !taken.screen,
    }
}
