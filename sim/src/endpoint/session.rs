//! Owns a participant's signalling: one connection at a time, requests and their answers, who else is there. What to do
//! with media is decided by the [`Endpoint`](super::Endpoint).

use std::{collections::BTreeMap, time::Duration};

use media_core::{
    PeerId, Permissions, Timestamp,
    ids::{InvitationId, ParticipantId},
    secret::Token,
    signalling::{
        Attempt, ClientInfo, ClientMessage, Member, Mode, OutReason, Refusal, Request, ServerMessage,
    },
};

use super::ClientView;
use super::entry::{Door, Due, Entry};
use super::scouts::{Connection, Scouts};
use crate::{
    channel::{Channel, ChannelState},
    packet::NodeIndex,
    sabotage::Sabotage,
};

/// Silence that [`Sabotage::ImpatientClients`] takes for a broken connection.
const IMPATIENCE: Duration = Duration::from_secs(3);

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
    /// Asks to get in once more, by itself.
    AskedAgain,
    /// Has given up trying to get in: nobody answers.
    Unreachable,
    /// Lost track of the conference's group, and asked to be added to it anew.
    LeftBehind,
    /// A message that is none, or out of turn, from the server.
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
    name: String,
    client: ClientInfo,
    credential: Option<Token>,
    pub(super) entry: Entry,
    pub(super) scouts: Scouts,
    /// The media node that this client speaks with, or will next.
    node: NodeIndex,
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
        name: String,
        (client, credential): (ClientInfo, Option<Token>),
        entry: Entry,
        scouts: Scouts,
    ) -> Self {
        Self {
            name,
            client,
            credential,
            entry,
            scouts,
            node: 0,
            channel: None,
            phase: Phase::Outside,
            mode: Mode::Discussion,
            roster: BTreeMap::new(),
            knocking: BTreeMap::new(),
            requests: BTreeMap::new(),
            next_request: 1,
        }
    }

    /// The same at another media node than the first.
    pub(super) fn at(self, node: NodeIndex) -> Self {
        Self { node, ..self }
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

    /// Opens a door by hand. Who is in, or waits, asks on the connection there is.
    pub(super) fn open(&mut self, now: Timestamp, door: Door) {
        if matches!(self.phase, Phase::Outside | Phase::Asking) {
            self.entry.begin(now, door);
            self.knock(now);
        } else {
            let request = self.request_at(&door, None, None);
            self.request(now, request);
        }
    }

    /// When [`Session::handle_timeout`] has something to do.
    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        let scouts = self.heard_inside().and_then(|heard| self.scouts.poll_timeout(heard));
        [self.entry.poll_timeout(self.heard_at()), self.impatience(), scouts].into_iter().flatten().min()
    }

    /// Whether sabotage makes this client give its connection up.
    pub(super) fn is_impatient(&self, now: Timestamp) -> bool {
        self.impatience().is_some_and(|at| at <= now)
    }

    fn impatience(&self) -> Option<Timestamp> {
        let impatient = self.entry.sabotage == Some(Sabotage::ImpatientClients);
        self.heard_at().filter(|_| impatient && self.participant().is_some()).map(|heard| heard + IMPATIENCE)
    }

    /// Goes on trying to get in.
    pub(super) fn handle_timeout(&mut self, now: Timestamp) -> Option<Observation> {
        if let Some(heard) = self.heard_inside() {
            self.scouts.handle_timeout(now, heard, self.node);
        }
        match self.entry.handle_timeout(now, self.heard_at()) {
            Due::Nothing => None,
            Due::Abandon => {
                self.channel = None;
                self.node = self.scouts.next(self.node);
                None
            }
            Due::Ask => {
                self.channel = None;
                self.knock(now);
                Some(Observation::AskedAgain)
            }
            Due::GiveUp => {
                self.channel = None;
                self.on_out();
                Some(Observation::Unreachable)
            }
        }
    }

    /// Another media node lets this client in: goes on there. The connection before counts as gone.
    pub(super) fn go_over(&mut self, found: Connection) {
        self.node = found.node;
        self.channel = Some((found.peer, found.channel));
    }

    /// The connection is gone: who was in, or waited, goes back; who asked, asks again.
    pub(super) fn on_broken(&mut self, now: Timestamp) {
        self.channel = None;
        self.scouts.forget();
        match self.phase {
            Phase::Outside => {}
            Phase::Asking => {
                self.node = self.scouts.next(self.node);
                self.entry.on_broken(now);
            }
            Phase::Waiting | Phase::In(_) => {
                self.on_out();
                self.entry.begin_return(now);
            }
        }
    }

    /// Leaves by request: there is nothing to come back to. The connection on which that was said is the caller's, to be
    /// closed in order.
    pub(super) fn leave(&mut self, now: Timestamp) -> Option<(PeerId, Channel)> {
        self.request(now, Request::Leave);
        self.entry.forget();
        self.scouts.forget();
        self.on_out();
        self.channel.take()
    }

    fn heard_at(&self) -> Option<Timestamp> {
        self.channel.as_ref().map(|(_, channel)| channel.heard_at())
    }

    /// When something was last heard by somebody who is in, or waits to be let in.
    fn heard_inside(&self) -> Option<Timestamp> {
        self.heard_at().filter(|_| matches!(self.phase, Phase::Waiting | Phase::In(_)))
    }

    fn knock(&mut self, now: Timestamp) {
        let Some(door) = self.entry.door() else { return };
        let forgets = self.entry.sabotage == Some(Sabotage::TokensForgotten);
        let resume = self.entry.token().cloned().filter(|_| !forgets);
        let request = self.request_at(door, resume, self.entry.attempt());
        let dead = |channel: &Channel| matches!(channel.state(), ChannelState::Closed { .. });
        if self.channel.as_ref().is_none_or(|(_, channel)| dead(channel)) {
            let Connection { peer, channel, .. } = self.scouts.connect(now, self.node);
            self.channel = Some((peer, channel));
        }
        if self.phase == Phase::Outside {
            self.phase = Phase::Asking;
        }
        self.request(now, request);
    }

    fn request_at(&self, door: &Door, resume: Option<Token>, attempt: Option<Attempt>) -> Request {
        let (credential, name, client) = (self.credential.clone(), self.name.clone(), self.client);
        match door {
            Door::Start { mode, lobby } => {
                Request::Start { credential, name, mode: *mode, lobby: *lobby, client }
            }
            Door::Link(link) => {
                Request::Join { link: link.clone(), credential, resume, attempt, name, client }
            }
        }
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

    /// Whether a message is in turn. Somebody comes in only where they asked for it: with each stay the memory of which
    /// frames were opened begins anew, so a server that lets people in at will could play old frames again.
    pub(super) fn expects(&self, message: &ServerMessage) -> bool {
        let ServerMessage::Entered { request, .. } = message else { return true };
        self.requests.get(request).is_some_and(|(name, _)| matches!(*name, "start" | "join"))
    }

    /// Takes note of what the server says about who is there. The rest is the endpoint's.
    pub(super) fn on_message(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::Entered { conference, participant, mode, roster, invitation, resume, .. } => {
                self.entry.on_entered(*conference, resume, invitation.as_ref());
                self.phase = Phase::In(*participant);
                self.mode = *mode;
                self.roster = roster.iter().map(|member| (member.participant, member.clone())).collect();
            }
            ServerMessage::Waiting { .. } => {
                self.entry.on_answer();
                self.phase = Phase::Waiting;
            }
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
            ServerMessage::Out { .. } => {
                self.entry.forget();
                self.on_out();
            }
            ServerMessage::Invited { invitation, .. } => self.entry.on_invitation(invitation),
            ServerMessage::Done { .. }
            | ServerMessage::Refused { .. }
            | ServerMessage::TrackAdded { .. }
            | ServerMessage::TrackRemoved { .. }
            | ServerMessage::Demand { .. }
            | ServerMessage::FoundGroup { .. }
            | ServerMessage::KeyPackage { .. }
            | ServerMessage::Commit { .. }
            | ServerMessage::Welcome { .. }
            | ServerMessage::Answer { .. }
            | ServerMessage::OfferRefused { .. } => {}
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
        Request::Negotiate { .. } => "negotiate",
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
        Request::OfferKeyPackage { .. } => "offer-key-package",
        Request::Commit { .. } => "commit",
    }
}
