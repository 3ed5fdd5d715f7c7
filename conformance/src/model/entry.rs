//! Owns the ways in (JOIN-001, JOIN-002, JOIN-007, CAP-002 to CAP-004, LIC-001, LIC-002, LIC-004).

use sim::scenario::{HolderId, Mode, OutReason, Refusal, Role, Timestamp};

use super::{
    Connection, Door, LinkNumber, Notice, Outcome, Presence, RefConference, RefServer, Reply, Sitting,
    presence::Attendee,
};

impl RefServer {
    /// A start needs a licence that is valid, free and not one too many. Who cannot encrypt starts nothing.
    pub(super) fn on_start(&mut self, at: Timestamp, who: Connection, mode: Mode, lobby: bool) -> Outcome {
        let holder = self.holder(who);
        let hosting = self.hosting();
        let reasons = [
            (self.presence(who) != Presence::Outside, Refusal::AlreadyIn),
            (holder.is_none(), Refusal::NoLicence),
            (at >= self.valid_until, Refusal::LicenceExpired),
            (holder.is_some_and(|holder| hosting.contains(&holder)), Refusal::LicenceInUse),
            (self.conferences.len() >= self.licences, Refusal::AllLicencesInUse),
            (!self.visitors[who.person.0].encrypts, Refusal::EncryptionRequired),
        ];
        Outcome::unless(&reasons, || {
            let Some(host) = holder else { return Outcome::refused(Refusal::NoLicence) };
            let (sitting, link) = (Sitting(self.sittings), LinkNumber(self.links));
            self.sittings += 1;
            self.links += 1;
            let mut conference = RefConference::new(host, mode, lobby, link);
            conference.come(who, holder);
            self.conferences.insert(sitting, conference);
            Outcome::of(Reply::Entered { mode, link: Some(link) })
        })
    }

    /// A link that leads nowhere reveals nothing: there is one answer for all of them (JOIN-002).
    pub(super) fn on_join(&mut self, who: Connection, door: Door) -> Outcome {
        let placed = (self.presence(who) != Presence::Outside, Refusal::AlreadyIn);
        let leads = |conference: &RefConference| match door {
            Door::Link(link) => conference.links.contains(&link),
            Door::None => false,
        };
        let found = self.conferences.iter().find(|(_, conference)| leads(conference));
        let Some(sitting) = found.map(|(sitting, _)| *sitting) else {
            return Outcome::unless(&[placed, (true, Refusal::InvalidLink)], Outcome::done);
        };
        let (holder, encrypts) = (self.holder(who), self.visitors[who.person.0].encrypts);
        let participants_max = self.participants_max;
        let Some(conference) = self.conferences.get_mut(&sitting) else {
            return Outcome::refused(Refusal::InvalidLink);
        };
        let known = conference.knows(holder);
        let reasons = [
            placed,
            (!encrypts, Refusal::EncryptionRequired),
            (conference.locked && !known, Refusal::ConferenceLocked),
            (!conference.has_room(holder, participants_max), Refusal::ConferenceFull),
        ];
        Outcome::unless(&reasons, || {
            if conference.lobby && !known {
                conference.waiting.push((who, holder));
                return Outcome::of(Reply::Waiting);
            }
            let mut outcome = Outcome::of(Reply::Entered { mode: conference.mode, link: None });
            outcome.notices = conference.come(who, holder);
            outcome
        })
    }
}

impl RefConference {
    /// Lock and lobby are for strangers: not for who moderates here, nor for a licence holder who is in already and
    /// comes through another connection.
    fn knows(&self, holder: Option<HolderId>) -> bool {
        holder.is_some()
            && (self.role_of(holder) >= Role::Moderator
                || self.present.iter().any(|attendee| attendee.holder == holder))
    }

    /// The place of who comes again is their own.
    fn has_room(&self, holder: Option<HolderId>, participants_max: usize) -> bool {
        let others = self.present.iter().filter(|there| holder.is_none() || there.holder != holder).count();
        others < participants_max
    }

    /// Somebody is in; who was in by the same licence is out, and everything that was theirs passes on.
    fn come(&mut self, who: Connection, holder: Option<HolderId>) -> Vec<(Connection, Notice)> {
        let mut attendee = Attendee::new(who, holder);
        let mut notices = Vec::new();
        let before = self.present.iter().position(|there| holder.is_some() && there.holder == holder);
        if let Some(before) = before {
            let old = self.present.remove(before);
            attendee.given = old.given;
            attendee.hand = old.hand;
            if self.presenter == Some(old.who) {
                self.presenter = Some(who);
            }
            notices.push((old.who, Notice::Out(OutReason::Replaced)));
        } else if let Some(given) = holder.and_then(|holder| self.kept.remove(&holder)) {
            attendee.given = given;
        }
        self.present.push(attendee);
        self.note_emptiness(Timestamp::ZERO);
        self.find_presenter();
        notices
    }

    /// A moderator lets somebody in. Without a place both are told so, and the waiting is over.
    pub(super) fn admit(&mut self, by: Connection, whom: Connection, participants_max: usize) -> Outcome {
        if self.presence(by) != Presence::In {
            return Outcome::refused(Refusal::NotIn);
        }
        let holder = self.waiting.iter().find(|(who, _)| *who == whom).map(|(_, holder)| *holder);
        let reasons =
            [(!self.moderates(by), Refusal::NotModerator), (holder.is_none(), Refusal::NoSuchParticipant)];
        Outcome::unless(&reasons, || {
            let holder = holder.flatten();
            self.waiting.retain(|(who, _)| *who != whom);
            if !self.has_room(holder, participants_max) {
                let mut outcome = Outcome::refused(Refusal::ConferenceFull);
                outcome.notices.push((whom, Notice::Refused(Refusal::ConferenceFull)));
                return outcome;
            }
            let mut outcome = Outcome::done();
            outcome.notices = self.come(whom, holder);
            outcome.notices.push((whom, Notice::Entered));
            outcome
        })
    }
}
