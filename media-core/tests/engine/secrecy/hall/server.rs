//! Owns what passes the hall's server: requests, answers and frames, each through the hands of its [lies](super::Lies).

use std::rc::Rc;

use media_core::{
    PeerId,
    conference::Effect,
    signalling::{ClientMessage, Request, ServerMessage},
};

use super::{Frame, Hall, Input, Parcel, Presence};

impl Hall {
    pub(super) fn deliver(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::ToServer(peer, message) => self.on_request(peer, message),
            Parcel::Hangup(peer) => {
                self.directory.handle_disconnect(self.now, peer);
                self.client(peer.0).presence = Presence::Gone;
                self.changed_at = self.now;
                self.send_effects();
            }
            Parcel::ToClient(peer, message) => self.on_message(peer, &message),
            Parcel::Frame(peer, track, frame) => {
                if matches!(self.clients[&peer].presence, Presence::In | Presence::Gone) {
                    let _verdict_was_compared = self.open_frame(peer.0, track, &frame);
                }
            }
        }
    }

    fn on_request(&mut self, peer: PeerId, message: ClientMessage) {
        if matches!(message.body, Request::Join { .. } | Request::Start { .. } | Request::Leave) {
            self.changed_at = self.now;
        }
        let instead = self.lies.on_request(peer, &message);
        if let Some(lies) = instead {
            self.model.census.count("fork");
            for (to, lie) in lies {
                self.network.signal(self.now, to, false, Parcel::ToClient(to, lie));
            }
            return;
        }
        self.directory.handle_request(self.now, peer, message);
        self.send_effects();
    }

    fn send_effects(&mut self) {
        while let Some(effect) = self.directory.poll_effect() {
            let Effect::Send { peer, message } = effect else { continue };
            for message in self.lies.on_message(peer, message, &mut self.model.census) {
                self.network.signal(self.now, peer, false, Parcel::ToClient(peer, message));
            }
        }
        if self.lies.eavesdroppers {
            self.pass_commits_on();
        }
    }

    /// Who has left goes on hearing commits.
    fn pass_commits_on(&mut self) {
        let gone: Vec<PeerId> = self
            .clients
            .iter()
            .filter(|(_, client)| client.presence == Presence::Gone && client.membership.is_some())
            .map(|(peer, _)| *peer)
            .collect();
        for commit in self.lies.fresh_commits() {
            for peer in &gone {
                self.network.signal(self.now, *peer, false, Parcel::ToClient(*peer, commit.clone()));
            }
        }
    }

    fn on_message(&mut self, peer: PeerId, message: &ServerMessage) {
        let client = &self.clients[&peer];
        match client.presence {
            Presence::Mute => return,
            // What is under way to somebody who leaves still arrives, but there is nothing more to ask for.
            Presence::Gone if client.membership.is_none() => return,
            Presence::Gone if matches!(message, ServerMessage::Refused { .. }) => return,
            Presence::Waiting => return self.on_entered(peer, message),
            Presence::In | Presence::Gone => {}
        }
        let input = match message {
            ServerMessage::Refused { request, reason } if client.handshakes.contains(request) => {
                Some(Input::Refused(*reason))
            }
            other => Input::of(other),
        };
        if let Some(input) = input {
            self.tell(peer, &input);
        }
    }

    /// Everybody who is in seals a frame, and the server forwards it: to all who are in, and if it lies, to all who ever
    /// were.
    pub(super) fn send_frames(&mut self) {
        for from in self.present() {
            let Some(frame) = self.seal(from) else {
                self.model.census.count("silent");
                continue;
            };
            self.forward(from, &frame);
        }
    }

    /// The server forwards a frame.
    pub(crate) fn forward(&mut self, from: u32, frame: &Rc<Frame>) {
        let track = self.participant(from);
        let hears = |client: &super::Client| match client.presence {
            Presence::In => true,
            Presence::Gone => self.lies.eavesdroppers && client.membership.is_some(),
            Presence::Mute | Presence::Waiting => false,
        };
        let to: Vec<PeerId> = self
            .clients
            .iter()
            .filter(|(peer, client)| peer.0 != from && hears(client))
            .map(|(peer, _)| *peer)
            .collect();
        for to in to {
            let lies = self.lies.on_frame(to, track, frame, &mut self.model.census);
            for (track, frame) in lies {
                self.network.media(self.now, to, track, &frame);
            }
            self.network.media(self.now, to, track, frame);
        }
    }
}
