//! Owns one conference as the requirements describe it: who is there, what rank they have, which links lead in.

use std::collections::BTreeSet;

use sim::scenario::{Encryption, HolderId, MediaKind, Mode, Permissions, Refusal, Role, Timestamp};

use super::{
    Ask, Connection, LinkNumber, Notice, Outcome, Presence,
    entry::Claim,
    group::{ArrivalNumber, RefGroup},
    presence::{Absentee, Attendee, Parting},
};

/// One conference, from its start to its end.
#[derive(Clone, Debug)]
pub struct RefConference {
    pub(super) host: HolderId,
    pub(super) moderators: BTreeSet<HolderId>,
    pub(super) mode: Mode,
    pub(super) lobby: bool,
    pub(super) locked: bool,
    /// In the order of their coming.
    pub(super) present: Vec<Attendee>,
    pub(super) waiting: Vec<(Connection, Claim, ArrivalNumber)>,
    /// Links that lead in.
    pub(super) links: BTreeSet<LinkNumber>,
    pub(super) presenter: Option<Connection>,
    /// What who went away finds again.
    pub(super) absent: Vec<Absentee>,
    /// How everybody in it encrypts.
    pub(super) encryption: Option<Encryption>,
    pub(super) group: RefGroup,
    empty_since: Option<Timestamp>,
}

impl RefConference {
    pub(super) fn new(
        host: HolderId,
        (mode, lobby): (Mode, bool),
        link: LinkNumber,
        encryption: Option<Encryption>,
    ) -> Self {
        Self {
            host,
            moderators: BTreeSet::new(),
            mode,
            lobby,
            locked: false,
            present: Vec::new(),
            waiting: Vec::new(),
            links: BTreeSet::from([link]),
            presenter: None,
            absent: Vec::new(),
            encryption,
            group: RefGroup::default(),
            empty_since: None,
        }
    }

    /// Whose licence carries it.
    pub fn host(&self) -> HolderId {
        self.host
    }

    /// The mode.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Who presents, in presenter mode.
    pub fn presenter(&self) -> Option<Connection> {
        self.presenter
    }

    /// Who is in, in the order of their coming.
    pub fn present(&self) -> impl Iterator<Item = Connection> {
        self.present.iter().map(|attendee| attendee.who)
    }

    /// Who waits in the lobby.
    pub fn waiting(&self) -> impl Iterator<Item = Connection> {
        self.waiting.iter().map(|(who, ..)| *who)
    }

    /// Everybody in or waiting.
    pub(super) fn connections(&self) -> impl Iterator<Item = Connection> {
        self.present().chain(self.waiting())
    }

    /// Links that lead in.
    pub fn links(&self) -> &BTreeSet<LinkNumber> {
        &self.links
    }

    pub(super) fn add_link(&mut self, link: LinkNumber) {
        self.links.insert(link);
    }

    /// Where somebody stands.
    pub fn presence(&self, who: Connection) -> Presence {
        if self.present().any(|there| there == who) {
            Presence::In
        } else if self.waiting().any(|there| there == who) {
            Presence::Waiting
        } else {
            Presence::Outside
        }
    }

    /// Rank of somebody who is in (LIC-003): it goes with the licence, not with the connection.
    pub fn role(&self, who: Connection) -> Option<Role> {
        self.attendee(who).map(|attendee| self.role_of(attendee.holder))
    }

    /// Whether somebody's hand is up.
    pub fn hand(&self, who: Connection) -> bool {
        self.attendee(who).is_some_and(|attendee| attendee.hand)
    }

    /// What somebody said they send.
    pub fn sends(&self, who: Connection, kind: MediaKind) -> bool {
        self.attendee(who).is_some_and(|attendee| attendee.sends.contains(&kind))
    }

    /// Whether somebody may moderate.
    pub fn moderates(&self, who: Connection) -> bool {
        self.role(who) >= Some(Role::Moderator)
    }

    /// What somebody may send: in presenter mode only the presenter, and who was given the word (PRES-001, PRES-005);
    /// in either mode no more than moderation leaves them.
    pub fn may_send(&self, who: Connection) -> Permissions {
        let Some(attendee) = self.attendee(who) else { return Permissions::NONE };
        let by_mode = match self.mode {
            Mode::Discussion => Permissions::ALL,
            Mode::Presenter if self.presenter == Some(who) => Permissions::ALL,
            Mode::Presenter => attendee.given.grant,
        };
        by_mode.and(attendee.given.cap)
    }

    pub(super) fn role_of(&self, holder: Option<HolderId>) -> Role {
        match holder {
            Some(holder) if holder == self.host => Role::Host,
            Some(holder) if self.moderators.contains(&holder) => Role::Moderator,
            Some(_) => Role::Participant,
            None => Role::Guest,
        }
    }

    pub(super) fn attendee(&self, who: Connection) -> Option<&Attendee> {
        self.present.iter().find(|attendee| attendee.who == who)
    }

    pub(super) fn attendee_mut(&mut self, who: Connection) -> Option<&mut Attendee> {
        self.present.iter_mut().find(|attendee| attendee.who == who)
    }

    pub(super) fn empty_since(&self) -> Option<Timestamp> {
        self.empty_since
    }

    pub(super) fn note_emptiness(&mut self, at: Timestamp) {
        if self.present.is_empty() {
            self.empty_since.get_or_insert(at);
        } else {
            self.empty_since = None;
        }
    }

    /// Somebody is gone. A licence holder finds again what moderation made of them; who did not mean to go, too. Says what
    /// others are told: they may have to do for the group what was left to who went.
    pub(super) fn go(&mut self, at: Timestamp, who: Connection, how: Parting) -> Vec<(Connection, Notice)> {
        self.waiting.retain(|(there, ..)| *there != who);
        self.group.forget(who);
        if let Some(place) = self.present.iter().position(|attendee| attendee.who == who) {
            let gone = self.present.remove(place);
            let stay = (how == Parting::Vanished).then_some(gone.stay);
            if gone.holder.is_some() || stay.is_some() {
                self.absent.push(Absentee { holder: gone.holder, stay, given: gone.given });
            }
            if self.presenter == Some(who) {
                self.presenter = None;
                self.find_presenter();
            }
            self.note_emptiness(at);
        }
        self.group.settle()
    }

    /// Everybody is gone at one moment, so nobody steps into anybody's place meanwhile; the lobby is empty, and so is the
    /// group, which nobody remembers.
    pub(super) fn on_crash(&mut self, at: Timestamp) {
        self.waiting.clear();
        self.group = RefGroup::default();
        self.presenter = None;
        let gone = self.present.drain(..).map(|gone| Absentee {
            holder: gone.holder,
            stay: Some(gone.stay),
            given: gone.given,
        });
        self.absent.extend(gone);
        self.note_emptiness(at);
    }

    /// Requests that change nothing but this conference.
    pub(super) fn apply(&mut self, who: Connection, ask: &Ask) -> Outcome {
        match ask {
            Ask::Publish { media } => {
                if let Some(attendee) = self.attendee_mut(who) {
                    attendee.sends.clone_from(media);
                }
                Outcome::done()
            }
            Ask::Watch { whom, kind } => {
                let there = self.presence(*whom) == Presence::In && *whom != who;
                let reasons = [
                    (!there, Refusal::NoSuchParticipant),
                    (there && !self.sends(*whom, *kind), Refusal::NoSuchTrack),
                ];
                Outcome::unless(&reasons, Outcome::done)
            }
            Ask::RaiseHand => self.hand_goes(who, true),
            Ask::LowerHand => self.hand_goes(who, false),
            Ask::SetMode(mode) => self.set_mode(who, *mode),
            Ask::Grant(whom, permissions) => self.grant(who, *whom, *permissions),
            Ask::NamePresenter(whom) => self.name_presenter(who, *whom),
            Ask::Lock(locked) => self.lock(who, *locked),
            Ask::Cap(whom, cap) => self.set_cap(who, *whom, *cap),
            Ask::NameModerator(whom) => self.name_moderator(who, *whom),
            Ask::RevokeInvitation(link) => self.revoke(who, *link),
            Ask::OfferKeyPackage(offer) => self.offer(who, *offer),
            Ask::Commit(commit) => self.commit(who, commit),
            Ask::Start { .. }
            | Ask::Join { .. }
            | Ask::Leave
            | Ask::End
            | Ask::CreateInvitation
            | Ask::HandOver(_)
            | Ask::Admit(_)
            | Ask::Remove(_) => unreachable!("the server handles what concerns more than one conference"),
        }
    }
}
