//! Owns the ways in (JOIN-001, JOIN-002, JOIN-007, CAP-002 to CAP-004, LIC-001, LIC-002, LIC-004).

use sim::scenario::{Encryption, HolderId, Mode, OutReason, Refusal, Role, Timestamp};

use super::{
    Connection, Door, EntryNumber, LinkNumber, Notice, Outcome, Presence, RefConference, RefServer, Reply,
    Sitting, StayNumber, Visitor,
    group::ArrivalNumber,
    presence::{Absentee, Attendee},
};

/// Suites by which members agree on keys, and suites by which they seal frames, that a conference may be started with
/// (E2E-012): those of 128 and 256 bits whose tags are whole.
const SUITES: ([u16; 2], [u16; 2]) = ([1, 2], [4, 5]);

fn is_known(encryption: Encryption) -> bool {
    SUITES.0.contains(&encryption.mls) && SUITES.1.contains(&encryption.sframe)
}

impl RefServer {
    /// A start needs a licence that is valid, free and not one too many. Who cannot encrypt, or not so that it is known to
    /// be good enough, starts nothing.
    pub(super) fn on_start(
        &mut self,
        at: Timestamp,
        who: Connection,
        visitor: Visitor,
        (mode, lobby): (Mode, bool),
    ) -> Outcome {
        let holder = visitor.holder;
        let hosting = self.hosting();
        let reasons = [
            (self.presence(who) != Presence::Outside, Refusal::AlreadyIn),
            (holder.is_none(), Refusal::NoLicence),
            (at >= self.valid_until, Refusal::LicenceExpired),
            (holder.is_some_and(|holder| hosting.contains(&holder)), Refusal::LicenceInUse),
            (self.conferences.len() >= self.licences, Refusal::AllLicencesInUse),
            (visitor.encryption.is_none(), Refusal::EncryptionRequired),
            (visitor.encryption.is_some_and(|encryption| !is_known(encryption)), Refusal::UnknownSuite),
        ];
        Outcome::unless(&reasons, || {
            let Some(host) = holder else { return Outcome::refused(Refusal::NoLicence) };
            let (sitting, link) = (Sitting(self.sittings), LinkNumber(self.links));
            self.sittings += 1;
            self.links += 1;
            let mut conference = RefConference::new(host, (mode, lobby), link, visitor.encryption);
            let claim = Claim { holder, stay: None, entry: None };
            conference.come((who, self.next_arrival()), claim, StayNumber(self.stays));
            self.stays += 1;
            self.conferences.insert(sitting, conference);
            Outcome::of(Reply::Entered { mode, link: Some(link) })
        })
    }

    /// A link that leads nowhere reveals nothing: there is one answer for all of them (JOIN-002).
    pub(super) fn on_join(
        &mut self,
        who: Connection,
        visitor: Visitor,
        door: Door,
        (stay, entry): (Option<StayNumber>, Option<(EntryNumber, u32)>),
    ) -> Outcome {
        let placed = (self.presence(who) != Presence::Outside, Refusal::AlreadyIn);
        let leads = |conference: &RefConference| match door {
            Door::Link(link) => conference.links.contains(&link),
            Door::None => false,
        };
        let (participants_max, arrival) = (self.participants_max, self.next_arrival());
        let (claim, fresh) = (Claim { holder: visitor.holder, stay, entry }, StayNumber(self.stays));
        let Some(conference) = self.conferences.values_mut().find(|conference| leads(conference)) else {
            return Outcome::unless(&[placed, (true, Refusal::InvalidLink)], Outcome::done);
        };
        let known = conference.knows(claim);
        let reasons = [
            placed,
            (visitor.encryption.is_none(), Refusal::EncryptionRequired),
            (
                visitor.encryption.is_some() && visitor.encryption != conference.encryption,
                Refusal::OtherSuite,
            ),
            (conference.is_overtaken(claim), Refusal::AlreadyIn),
            (conference.locked && !known, Refusal::ConferenceLocked),
            (!conference.has_room(claim, participants_max), Refusal::ConferenceFull),
        ];
        let mut used = false;
        let outcome = Outcome::unless(&reasons, || {
            if conference.lobby && !known {
                let mut outcome = Outcome::of(Reply::Waiting);
                outcome.notices = conference.wait(who, claim, arrival);
                return outcome;
            }
            let mut outcome = Outcome::of(Reply::Entered { mode: conference.mode, link: None });
            (outcome.notices, used) = conference.come((who, arrival), claim, fresh);
            outcome
        });
        self.stays += u32::from(used);
        outcome
    }
}

impl RefConference {
    /// Lock and lobby are for strangers: not for who moderates here, nor for who is in already and comes through another
    /// connection, nor for who had been in, did not mean to go, and can prove it.
    fn knows(&self, claim: Claim) -> bool {
        let moderates = claim.holder.is_some() && self.role_of(claim.holder) >= Role::Moderator;
        let was_in = |absentee: &Absentee| {
            absentee.holder == claim.holder && absentee.stay.is_some() && absentee.stay == claim.stay
        };
        moderates || self.present.iter().any(|there| claim.is_of(there)) || self.absent.iter().any(was_in)
    }

    /// Whether a later attempt of the same entry is here or waits.
    fn is_overtaken(&self, claim: Claim) -> bool {
        let inside = self.present.iter().map(|there| there.entry);
        let mut all = inside.chain(self.waiting.iter().map(|(_, waiting, _)| waiting.entry));
        all.any(|entry| claim.is_behind(entry))
    }

    /// Somebody waits, in place of their earlier attempt if that one does.
    fn wait(&mut self, who: Connection, claim: Claim, arrival: ArrivalNumber) -> Vec<(Connection, Notice)> {
        let before = self.waiting.iter().position(|(_, waiting, _)| claim.is_entry(waiting.entry));
        let old = before.map(|place| self.waiting.remove(place));
        self.waiting.push((who, claim, arrival));
        old.map(|(old, ..)| (old, Notice::Out(OutReason::Replaced))).into_iter().collect()
    }

    /// The place of who comes again is their own.
    fn has_room(&self, claim: Claim, participants_max: usize) -> bool {
        self.present.iter().filter(|there| !claim.is_of(there)).count() < participants_max
    }

    /// Somebody is in; who was in by the same claim is out, and everything that was theirs passes on. Says what others
    /// are told, and whether the secret of a stay is a new one.
    fn come(
        &mut self,
        (who, arrival): (Connection, ArrivalNumber),
        claim: Claim,
        fresh: StayNumber,
    ) -> (Vec<(Connection, Notice)>, bool) {
        let mut attendee = Attendee::new((who, arrival), claim, fresh);
        let mut notices = Vec::new();
        if let Some(before) = self.present.iter().position(|there| claim.is_of(there)) {
            let old = self.present.remove(before);
            (attendee.given, attendee.hand, attendee.stay) = (old.given, old.hand, old.stay);
            if self.presenter == Some(old.who) {
                self.presenter = Some(who);
            }
            notices.push((old.who, Notice::Out(OutReason::Replaced)));
            self.group.forget(old.who);
            notices.extend(self.group.settle());
        } else if let Some(away) = self.absent.iter().position(|absentee| claim.brings_back(absentee)) {
            let absentee = self.absent.remove(away);
            attendee.given = absentee.given;
            attendee.stay = absentee.stay.unwrap_or(fresh);
        }
        let used = attendee.stay == fresh;
        self.present.push(attendee);
        self.note_emptiness(Timestamp::ZERO);
        self.find_presenter();
        (notices, used)
    }

    /// A moderator lets somebody in. Without a place both are told so, and the waiting is over. Says also whether the
    /// secret of the stay is a new one.
    pub(super) fn admit(
        &mut self,
        by: Connection,
        whom: Connection,
        participants_max: usize,
        fresh: StayNumber,
    ) -> (Outcome, bool) {
        if self.presence(by) != Presence::In {
            return (Outcome::refused(Refusal::NotIn), false);
        }
        let found = self.waiting.iter().find(|(who, ..)| *who == whom);
        let waits = found.map(|(_, claim, arrival)| (*claim, *arrival));
        let reasons =
            [(!self.moderates(by), Refusal::NotModerator), (waits.is_none(), Refusal::NoSuchParticipant)];
        let mut used = false;
        let outcome = Outcome::unless(&reasons, || {
            let Some((claim, arrival)) = waits else { return Outcome::refused(Refusal::NoSuchParticipant) };
            self.waiting.retain(|(who, ..)| *who != whom);
            if !self.has_room(claim, participants_max) {
                let mut outcome = Outcome::refused(Refusal::ConferenceFull);
                outcome.notices.push((whom, Notice::Refused(Refusal::ConferenceFull)));
                return outcome;
            }
            let mut outcome = Outcome::done();
            (outcome.notices, used) = self.come((whom, arrival), claim, fresh);
            outcome.notices.push((whom, Notice::Entered));
            outcome
        });
        (outcome, used)
    }
}

/// As whom somebody comes: by a licence, by the secret of an earlier stay, or by that of an entry they asked for before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    pub(super) holder: Option<HolderId>,
    pub(super) stay: Option<StayNumber>,
    pub(super) entry: Option<(EntryNumber, u32)>,
}

impl Claim {
    /// Whether somebody present is the same: a licence holder by the licence, a guest by a secret.
    fn is_of(self, there: &Attendee) -> bool {
        if let Some(holder) = self.holder {
            return there.holder == Some(holder);
        }
        there.holder.is_none() && (self.stay == Some(there.stay) || self.is_entry(there.entry))
    }

    /// Whether this is an attempt of the same entry as another.
    fn is_entry(self, other: Option<(EntryNumber, u32)>) -> bool {
        self.entry.zip(other).is_some_and(|((one, _), (other, _))| one == other)
    }

    /// Whether a later attempt of the entry, or this one, has come already.
    fn is_behind(self, other: Option<(EntryNumber, u32)>) -> bool {
        self.is_entry(other) && self.entry <= other
    }

    /// Whether somebody absent is the same.
    fn brings_back(self, absentee: &Absentee) -> bool {
        match self.holder {
            Some(holder) => absentee.holder == Some(holder),
            None => absentee.holder.is_none() && self.stay.is_some() && absentee.stay == self.stay,
        }
    }
}
