//! Owns what a participant does by the scenario's steps. What bad conduct consists of is in [`crate::adversary`].

use media_core::{
    Permissions, Timestamp,
    signalling::{Mode, Request},
};

use super::{Endpoint, Incoming, Observation, Publisher, encryption::Encryption};
use crate::{
    adversary::{Act, Knowledge, Misbehaviour},
    mail::Mailbox,
    sabotage::Sabotage,
    scenario::{Action, Scenario},
};

impl Endpoint {
    /// Does what a step of the scenario says. People are known by name; who is not there cannot be acted upon, and the
    /// server is asked about nobody.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whatever is not done at once here is a request to the server"
    )]
    pub fn handle_action(&mut self, now: Timestamp, action: Action, scenario: &Scenario, mailbox: &Mailbox) {
        if self.swallows(action) {
            return;
        }
        match action {
            Action::Start => self.start(now, scenario),
            Action::Join => {
                let wrong = media_core::secret::Token::random(&mut self.rng);
                if let Some(link) = mailbox.link(self.conference, self.person.link, &wrong) {
                    self.join(now, &link);
                }
            }
            Action::Leave => {
                if let Some(connection) = self.session.leave(now) {
                    self.farewells.push(now, connection);
                }
                self.observations.push_back(Observation::Left);
                self.on_outside(now);
            }
            Action::Misbehave(how) => self.begin_misbehaviour(now, how),
            Action::Behave => self.end_misbehaviour(now),
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
                let name = &scenario.person(whom).name;
                self.layout.choose(name, kind, layer.map(crate::scenario::Layer::index));
                self.update_watching(now);
            }
            Action::Move(_) => self.on_moved(now),
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
        self.misbehave(now);
        self.flush_channel(now);
    }

    const fn swallows(&self, action: Action) -> bool {
        matches!(self.sabotage, Some(Sabotage::SwallowedClick))
            && matches!(action, Action::SetMode(_) | Action::Lock(_) | Action::RaiseHand | Action::LowerHand)
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
            | Action::Move(_)
            | Action::Misbehave(_)
            | Action::Behave => return None,
        })
    }

    fn begin_misbehaviour(&mut self, now: Timestamp, how: Misbehaviour) {
        self.adversary.begin(now, how);
        if let Some(key) = self.encryption.as_ref().and_then(Encryption::base_key) {
            self.adversary.on_key(key);
        }
    }

    /// What it asked for in between is forgotten: it sends and watches what its devices and its user say.
    fn end_misbehaviour(&mut self, now: Timestamp) {
        self.adversary.end(now);
        if self.session.participant().is_some() {
            self.publish(now);
            self.layout.clear();
            self.update_watching(now);
        }
    }

    /// Does what the bad side of this client has in mind, and hands over what its further connections send.
    pub(super) fn misbehave(&mut self, now: Timestamp) {
        if self.adversary.poll_timeout().is_some_and(|at| at <= now) {
            let knowledge = self.knowledge();
            for act in self.adversary.handle_timeout(now, &knowledge) {
                match act {
                    Act::Media(bytes) => self.send_unchanged(bytes),
                    Act::Request(body) => self.session.request(now, body),
                    Act::Message(message) => self.session.send_raw(now, message),
                }
            }
        }
        while let Some(datagram) = self.adversary.poll_datagram(now) {
            self.out.push_back(datagram);
        }
    }

    fn knowledge(&self) -> Knowledge {
        let own = self.session.participant();
        let newest = |incoming: &Incoming| incoming.reception.highest().map(|highest| highest as u16);
        Knowledge {
            own,
            others: self.session.roster.keys().copied().filter(|other| Some(*other) != own).collect(),
            tracks: self.incoming.iter().map(|incoming| (incoming.info.clone(), newest(incoming))).collect(),
            offers: self.publishers.iter().map(Publisher::offer).collect(),
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
