//! Owns a second, small account of who may send what when, read off the wire: requests as they reached the server and
//! acknowledgements as they left it. A change holds from its acknowledgement on; between request and acknowledgement
//! the server may do either. The engine's own idea of modes and roles is deliberately not consulted.

use std::collections::BTreeMap;

use media_core::{
    ConferenceId, MediaKind, ParticipantId, PeerId, Permissions, Timestamp,
    secret::Token,
    signalling::{Mode, Request, ServerMessage},
};
use sim::run::Run;

/// Whether something may be sent at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    May,
    MayNot,
    /// A change is under way that decides about it.
    Either,
}

/// Who may send what in one conference, between two changes.
#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) mode: Mode,
    pub(super) presenter: Option<ParticipantId>,
    pub(super) grants: BTreeMap<ParticipantId, Permissions>,
    caps: BTreeMap<ParticipantId, Permissions>,
    host: Option<Token>,
    moderators: Vec<Token>,
    /// In the order of entry, with the credential they showed.
    present: Vec<(ParticipantId, Option<Token>)>,
}

/// A change of a conference, and how it stood from then on.
pub(super) struct Change {
    /// When it was asked for.
    pub(super) asked: Timestamp,
    /// When its acknowledgement left.
    pub(super) acknowledged: Timestamp,
    /// Whether it is a switch from one mode to the other.
    pub(super) switch: bool,
    /// From then on.
    pub(super) room: Room,
}

/// All conferences of a run.
#[derive(Default)]
pub(super) struct PresenterModel {
    pub(super) conferences: BTreeMap<ConferenceId, Vec<Change>>,
    inside: BTreeMap<PeerId, (ConferenceId, ParticipantId)>,
    pending: BTreeMap<(PeerId, u32), (Timestamp, Request)>,
}

enum Seen<'a> {
    Request(PeerId, u32, &'a Request),
    Message(PeerId, &'a ServerMessage),
}

impl PresenterModel {
    /// Reads the wire of a run.
    pub(super) fn new(run: &Run) -> Self {
        let tap = &run.server.tap;
        let requests = tap.requests.iter().map(|r| (r.at, Seen::Request(r.peer, r.request, &r.body)));
        let messages = tap.messages.iter().map(|m| (m.at, Seen::Message(m.peer, &m.body)));
        let mut seen: Vec<(Timestamp, Seen<'_>)> = requests.chain(messages).collect();
        // Stable: of one moment, requests come before the answers to them.
        seen.sort_by_key(|(at, _)| *at);
        let mut model = Self::default();
        for (at, seen) in seen {
            match seen {
                Seen::Request(peer, _, Request::Leave) => model.on_left(at, peer),
                Seen::Request(peer, number, body) => {
                    model.pending.insert((peer, number), (at, body.clone()));
                }
                Seen::Message(peer, body) => model.on_message(at, peer, body),
            }
        }
        model
    }

    /// Whether a participant may send media of `kind` at one moment.
    pub(super) fn verdict(
        &self,
        conference: ConferenceId,
        participant: ParticipantId,
        kind: MediaKind,
        at: Timestamp,
    ) -> Verdict {
        let mut rooms = self.rooms_at(conference, at).map(|room| room.may(participant, kind));
        let Some(first) = rooms.next() else { return Verdict::Either };
        match (first, rooms.all(|other| other == first)) {
            (_, false) => Verdict::Either,
            (true, true) => Verdict::May,
            (false, true) => Verdict::MayNot,
        }
    }

    /// Whether presenter mode is on, beyond doubt.
    pub(super) fn presents(&self, conference: ConferenceId, at: Timestamp) -> bool {
        let mut rooms = self.rooms_at(conference, at).peekable();
        rooms.peek().is_some() && rooms.all(|room| room.mode == Mode::Presenter)
    }

    /// How a conference may stand at one moment: with what was acknowledged before, and with what is under way.
    fn rooms_at(&self, conference: ConferenceId, at: Timestamp) -> impl Iterator<Item = &Room> {
        let changes = self.conferences.get(&conference).map_or(&[][..], Vec::as_slice);
        let settled = changes.partition_point(|change| change.acknowledged < at);
        let asked = changes.iter().rposition(|change| change.asked <= at).map_or(0, |last| last + 1);
        let first = settled.saturating_sub(1);
        changes[first..asked.max(first)].iter().map(|change| &change.room)
    }

    /// From when to when a statement about a conference held: from its acknowledgement to the next request that ended
    /// it (or the end of time).
    pub(super) fn spans<T: PartialEq>(
        &self,
        conference: ConferenceId,
        what: impl Fn(&Room) -> Option<T>,
    ) -> Vec<(Timestamp, Timestamp, T)> {
        let mut spans: Vec<(Timestamp, Timestamp, T)> = Vec::new();
        let mut open = false;
        for change in self.conferences.get(&conference).into_iter().flatten() {
            let value = what(&change.room);
            let last = spans.last_mut().filter(|_| open);
            if last.as_ref().map(|(_, _, before)| before) == value.as_ref() {
                continue;
            }
            if let Some((_, until, _)) = last {
                *until = change.asked;
            }
            open = value.is_some();
            spans.extend(value.map(|value| (change.acknowledged, Timestamp::FAR_FUTURE, value)));
        }
        spans
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some of the messages change who may send")]
    fn on_message(&mut self, at: Timestamp, peer: PeerId, message: &ServerMessage) {
        match message {
            ServerMessage::Entered { request, conference, participant, .. } => {
                let asked = self.pending.remove(&(peer, *request));
                self.on_entered(at, peer, (*conference, *participant), asked.map(|(_, request)| request));
            }
            ServerMessage::Done { request } => {
                let Some((asked, body)) = self.pending.remove(&(peer, *request)) else { return };
                let Some((conference, _)) = self.inside.get(&peer).copied() else { return };
                self.change(conference, asked, at, |room| room.apply(&body));
            }
            ServerMessage::Out { .. } => self.on_left(at, peer),
            ServerMessage::MemberLeft { participant } => {
                let gone = self.inside.iter().find(|(_, (_, inside))| inside == participant);
                if let Some(gone) = gone.map(|(peer, _)| *peer) {
                    self.on_left(at, gone);
                }
            }
            _ => {}
        }
    }

    fn on_entered(
        &mut self,
        at: Timestamp,
        peer: PeerId,
        (conference, participant): (ConferenceId, ParticipantId),
        asked: Option<Request>,
    ) {
        self.inside.insert(peer, (conference, participant));
        let credential = match asked {
            Some(Request::Start { credential, mode, .. }) => {
                let room = Room::new(mode, credential.clone());
                let change = Change { asked: at, acknowledged: at, switch: false, room };
                self.conferences.entry(conference).or_default().push(change);
                credential
            }
            Some(Request::Join { credential, .. }) => credential,
            _ => None,
        };
        self.change(conference, at, at, |room| room.on_entered(participant, credential));
    }

    fn on_left(&mut self, at: Timestamp, peer: PeerId) {
        if let Some((conference, participant)) = self.inside.remove(&peer) {
            self.change(conference, at, at, |room| room.on_left(participant));
        }
    }

    fn change(
        &mut self,
        conference: ConferenceId,
        asked: Timestamp,
        acknowledged: Timestamp,
        how: impl FnOnce(&mut Room),
    ) {
        let Some(changes) = self.conferences.get_mut(&conference) else { return };
        let Some(before) = changes.last() else { return };
        let mut room = before.room.clone();
        how(&mut room);
        let switch = room.mode != before.room.mode;
        changes.push(Change { asked, acknowledged, switch, room });
    }
}

impl Room {
    fn new(mode: Mode, host: Option<Token>) -> Self {
        Self {
            mode,
            presenter: None,
            grants: BTreeMap::new(),
            caps: BTreeMap::new(),
            host,
            moderators: Vec::new(),
            present: Vec::new(),
        }
    }

    /// Everybody who is there.
    pub(super) fn present(&self) -> impl Iterator<Item = ParticipantId> {
        self.present.iter().map(|(participant, _)| *participant)
    }

    fn may(&self, participant: ParticipantId, kind: MediaKind) -> bool {
        if !self.present().any(|present| present == participant) {
            return false;
        }
        let cap = self.caps.get(&participant).copied().unwrap_or(Permissions::ALL);
        let by_mode = if self.mode == Mode::Discussion || self.presenter == Some(participant) {
            Permissions::ALL
        } else {
            self.grants.get(&participant).copied().unwrap_or(Permissions::NONE)
        };
        by_mode.and(cap).allows(kind)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "only some of the requests change who may send")]
    fn apply(&mut self, request: &Request) {
        let credential = |room: &Self, who: &ParticipantId| {
            room.present.iter().find(|(there, _)| there == who).and_then(|(_, credential)| credential.clone())
        };
        match request {
            Request::SetMode { mode } if *mode != self.mode => {
                self.mode = *mode;
                self.presenter = None;
                self.grants.clear();
            }
            Request::NamePresenter { participant } => {
                self.presenter = Some(*participant);
                self.grants.remove(participant);
            }
            Request::Grant { participant, permissions } if *permissions == Permissions::NONE => {
                self.grants.remove(participant);
            }
            Request::Grant { participant, permissions } => {
                self.grants.insert(*participant, *permissions);
            }
            Request::SetPermissions { participant, permissions } => {
                self.caps.insert(*participant, *permissions);
            }
            Request::NameModerator { participant } => {
                self.moderators.extend(credential(self, participant));
            }
            Request::HandOver { participant } => self.host = credential(self, participant),
            _ => {}
        }
        self.fill_presenter();
    }

    fn on_entered(&mut self, participant: ParticipantId, credential: Option<Token>) {
        self.present.push((participant, credential));
        self.fill_presenter();
    }

    fn on_left(&mut self, participant: ParticipantId) {
        self.present.retain(|(present, _)| *present != participant);
        self.grants.remove(&participant);
        self.caps.remove(&participant);
        if self.presenter == Some(participant) {
            self.presenter = None;
        }
        self.fill_presenter();
    }

    /// The host presents by default, a moderator in their absence.
    fn fill_presenter(&mut self) {
        if self.mode != Mode::Presenter || self.presenter.is_some() {
            return;
        }
        let holds = |credential: &Option<Token>, wanted: &Token| credential.as_ref() == Some(wanted);
        let host = self.host.as_ref().and_then(|host| self.present.iter().find(|(_, c)| holds(c, host)));
        let moderator =
            || self.present.iter().find(|(_, c)| self.moderators.iter().any(|moderator| holds(c, moderator)));
        self.presenter = host.or_else(moderator).map(|(participant, _)| *participant);
    }
}
