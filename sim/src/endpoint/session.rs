//! Owns a participant's signalling: one connection at a time, requests and their answers, who else is there. What to do
//! with media is decided by the [`Endpoint`](super::Endpoint).

use std::collections::BTreeMap;

use media_core::{
    PeerId, Permissions, Timestamp,
    ids::{InvitationId, ParticipantId},
    secret::Token,
    signalling::{ClientInfo, ClientMessage, Member, Mode, OutReason, Refusal, Request, ServerMessage},
};

use super::ClientView;
use crate::{
    channel::{Channel, ChannelState},
    mail::FullLink,
    packet::peer_of,
    scenario::PersonIndex,
};

/// What a request was, for logs: the name of its variant.
pub type RequestName = &'static str;

/// Something that happened to a participant, as the participant saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Observation {
    /// Opened the link (or asked to start).
    Opened,
    /// Is in.
    Entered {
        /// As whom.
        participant: ParticipantId,
        /// In this mode.
        mode: Mode,
    },
    /// Waits in the lobby.
    Waiting,
    /// A request was done.
    Done(RequestName),
    /// A request was refused.
    Refused(RequestName, Refusal),
    /// The mode changed.
    Mode(Mode),
    /// What this participant may send changed.
    Permissions(Permissions),
    /// Was put out.
    Out(OutReason),
    /// Left.
    Left,
    /// The connection broke.
    Disconnected,
    /// A message that is none, from the server.
    Malformed,
}

/// Where the participant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Outside.
    Outside,
    /// Has asked to get in.
    Asking,
    /// In the lobby.
    Waiting,
    /// In.
    In(ParticipantId),
}

/// One participant's signalling.
pub(super) struct Session {
    person: PersonIndex,
    name: String,
    client: ClientInfo,
    credential: Option<Token>,
    connections: u32,
    pub(super) channel: Option<(PeerId, Channel)>,
    pub(super) phase: Phase,
    pub(super) mode: Mode,
    pub(super) roster: BTreeMap<ParticipantId, Member>,
    /// Who waits in the lobby, for moderators.
    pub(super) knocking: BTreeMap<ParticipantId, String>,
    requests: BTreeMap<u32, (RequestName, Option<InvitationId>)>,
    next_request: u32,
}

impl Session {
    pub(super) fn new(
        person: PersonIndex,
        name: String,
        client: ClientInfo,
        credential: Option<Token>,
    ) -> Self {
        Self {
            person,
            name,
            client,
            credential,
            connections: 0,
            channel: None,
            phase: Phase::Outside,
            mode: Mode::Discussion,
            roster: BTreeMap::new(),
            knocking: BTreeMap::new(),
            requests: BTreeMap::new(),
            next_request: 1,
        }
    }

    pub(super) fn participant(&self) -> Option<ParticipantId> {
        match self.phase {
            Phase::In(participant) => Some(participant),
            Phase::Outside | Phase::Asking | Phase::Waiting => None,
        }
    }

    /// The conference as this participant knows it; nothing outside.
    pub(super) fn view(&self) -> Option<ClientView> {
        let participant = match self.phase {
            Phase::Outside | Phase::Asking => return None,
            Phase::Waiting => None,
            Phase::In(participant) => Some(participant),
        };
        let (peer, _) = self.channel.as_ref()?;
        let roster = self.roster.values().cloned().collect();
        Some(ClientView { peer: *peer, participant, mode: self.mode, roster })
    }

    /// What this participant may send, as far as it knows.
    pub(super) fn permissions(&self) -> Permissions {
        let own = self.participant().and_then(|participant| self.roster.get(&participant));
        own.map_or(Permissions::NONE, |member| member.permissions)
    }

    /// Somebody present (or waiting) of this name.
    pub(super) fn named(&self, name: &str) -> Option<ParticipantId> {
        let present =
            self.roster.values().find(|member| member.name == name).map(|member| member.participant);
        present.or_else(|| self.knocking.iter().find(|(_, known)| *known == name).map(|(id, _)| *id))
    }

    /// Asks to start a conference.
    pub(super) fn start(&mut self, now: Timestamp, mode: Mode, lobby: bool) {
        let request = Request::Start {
            credential: self.credential.clone(),
            name: self.name.clone(),
            mode,
            lobby,
            client: self.client,
        };
        self.knock(now, request);
    }

    /// Opens a link.
    pub(super) fn join(&mut self, now: Timestamp, link: &FullLink) {
        let request = Request::Join {
            link: link.link.clone(),
            credential: self.credential.clone(),
            resume: None,
            name: self.name.clone(),
            client: self.client,
        };
        self.knock(now, request);
    }

    fn knock(&mut self, now: Timestamp, request: Request) {
        let dead = |channel: &Channel| matches!(channel.state(), ChannelState::Closed { .. });
        if self.channel.as_ref().is_none_or(|(_, channel)| dead(channel)) {
            self.channel = Some((peer_of(self.person, self.connections), Channel::connect(now)));
            self.connections += 1;
        }
        if self.phase == Phase::Outside {
            self.phase = Phase::Asking;
        }
        self.request(now, request);
    }

    /// Sends a request on the present connection; without one there is nobody to ask.
    #[expect(clippy::wildcard_enum_match_arm, reason = "only a revocation leaves something to remember")]
    pub(super) fn request(&mut self, now: Timestamp, body: Request) {
        let Some((_, channel)) = &mut self.channel else { return };
        let request = self.next_request;
        self.next_request += 1;
        let revoked = match &body {
            Request::RevokeInvitation { invitation } => Some(*invitation),
            _ => None,
        };
        self.requests.insert(request, (name_of(&body), revoked));
        channel.send(now, ClientMessage { request, body }.encode());
    }

    /// Sends bytes that are no request on the present connection.
    pub(super) fn send_raw(&mut self, now: Timestamp, message: Vec<u8>) {
        if let Some((_, channel)) = &mut self.channel {
            channel.send(now, message);
        }
    }

    /// The invitation that a finished request has revoked, and what the request was.
    pub(super) fn answered(&mut self, request: u32) -> (RequestName, Option<InvitationId>) {
        self.requests.remove(&request).unwrap_or(("unknown", None))
    }

    /// Takes note of what the server says about who is there. The rest is the endpoint's.
    pub(super) fn on_message(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Entered { participant, mode, roster, .. } => {
                self.phase = Phase::In(*participant);
                self.mode = *mode;
                self.roster = roster.iter().map(|member| (member.participant, member.clone())).collect();
            }
            ServerMessage::Waiting { .. } => self.phase = Phase::Waiting,
            ServerMessage::Member { member } => {
                self.knocking.remove(&member.participant);
                self.roster.insert(member.participant, member.clone());
            }
            ServerMessage::MemberLeft { participant } => {
                self.roster.remove(participant);
                self.knocking.remove(participant);
            }
            ServerMessage::Knock { participant, name } => {
                self.knocking.insert(*participant, name.clone());
            }
            ServerMessage::ModeChanged { mode } => self.mode = *mode,
            ServerMessage::Out { .. } => self.on_out(),
            ServerMessage::Done { .. }
            | ServerMessage::Invited { .. }
            | ServerMessage::Refused { .. }
            | ServerMessage::TrackAdded { .. }
            | ServerMessage::TrackRemoved { .. }
            | ServerMessage::Demand { .. } => {}
        }
    }

    /// Outside again.
    pub(super) fn on_out(&mut self) {
        self.phase = Phase::Outside;
        self.roster.clear();
        self.knocking.clear();
    }
}

/// The name of a request's variant, as on the wire.
const fn name_of(request: &Request) -> RequestName {
    match request {
        Request::Start { .. } => "start",
        Request::Join { .. } => "join",
        Request::Leave => "leave",
        Request::Publish { .. } => "publish",
        Request::Watch { .. } => "watch",
        Request::RaiseHand => "raise-hand",
        Request::LowerHand => "lower-hand",
        Request::Admit { .. } => "admit",
        Request::Remove { .. } => "remove",
        Request::SetMode { .. } => "set-mode",
        Request::Lock { .. } => "lock",
        Request::SetPermissions { .. } => "set-permissions",
        Request::Grant { .. } => "grant",
        Request::NamePresenter { .. } => "name-presenter",
        Request::NameModerator { .. } => "name-moderator",
        Request::HandOver { .. } => "hand-over",
        Request::CreateInvitation => "create-invitation",
        Request::RevokeInvitation { .. } => "revoke-invitation",
        Request::End => "end",
    }
}
