//! Owns the reference model: what has to happen in conferences, written from the text of the requirements. It speaks
//! the scenario's vocabulary and does not know the engine, so that neither can hand the other its mistakes. Media is not here,
//! only who may send it; what passes on the wire is compared with it in `oracle`.

mod ask;
mod conference;
mod entry;
mod floor;
mod group;
mod moderation;
mod presence;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use sim::scenario::{HolderId, OutReason, Permissions, PersonIndex, Refusal, Role, Scenario, Timestamp};

pub use ask::{
    Ask, Connection, Door, EntryNumber, Expected, HandshakeNumber, LinkNumber, Notice, Outcome, Reply,
    StayNumber, Visitor,
};
pub use conference::RefConference;
use group::ArrivalNumber;
pub use group::RefCommit;
use presence::Parting;
pub use presence::Presence;

/// How long a conference without anybody in it keeps its licence (LIC-006).
pub const ABANDONED_FOR_MAX: Duration = Duration::from_mins(1);

/// One run of a conference, from its start to its end; the first is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sitting(pub u32);

/// Everything that a conference server has to know.
#[derive(Clone, Debug)]
pub struct RefServer {
    licences: usize,
    valid_until: Timestamp,
    participants_max: usize,
    conferences: BTreeMap<Sitting, RefConference>,
    sittings: u32,
    links: u32,
    stays: u32,
    arrivals: u32,
    overdue: Vec<(Timestamp, Connection, Notice)>,
}

impl RefServer {
    /// A server on which nothing has happened, configured as a scenario says.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            licences: scenario.licences.count as usize,
            valid_until: scenario.licences.valid_until,
            participants_max: scenario.limits.participants_max as usize,
            conferences: BTreeMap::new(),
            sittings: 0,
            links: 0,
            stays: 0,
            arrivals: 0,
            overdue: Vec::new(),
        }
    }

    /// A request reaches the server: what has to be answered, and what others have to learn.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "whatever needs no other conference is that conference's"
    )]
    pub fn ask(&mut self, at: Timestamp, who: Connection, ask: &Ask) -> Outcome {
        self.end_abandoned(at);
        match ask {
            Ask::Start { visitor, mode, lobby } => self.on_start(at, who, *visitor, (*mode, *lobby)),
            Ask::Join { visitor, door, stay, entry } => self.on_join(who, *visitor, *door, (*stay, *entry)),
            Ask::Leave => self.on_leave(at, who),
            Ask::End => self.on_end(who),
            Ask::CreateInvitation => self.on_create_invitation(who),
            Ask::HandOver(heir) => {
                let hosting = self.hosting();
                self.change(who, |conference| conference.hand_over(who, *heir, &hosting))
            }
            Ask::Admit(whom) => {
                let (participants_max, fresh) = (self.participants_max, StayNumber(self.stays));
                let sitting = self.sitting_of(who);
                let Some(conference) = sitting.and_then(|sitting| self.conferences.get_mut(&sitting)) else {
                    return Outcome::refused(Refusal::NotIn);
                };
                let (outcome, used) = conference.admit(who, *whom, participants_max, fresh);
                self.stays += u32::from(used);
                outcome
            }
            Ask::Remove(whom) => self.change_at(at, who, |conference| conference.put_out(who, *whom)),
            other => self.change(who, |conference| conference.apply(who, other)),
        }
    }

    /// The server has noticed that a connection is gone: what others have to learn.
    pub fn vanish(&mut self, at: Timestamp, who: Connection) -> Vec<(Connection, Notice)> {
        self.end_abandoned(at);
        let conference = self.conference_of_mut(who);
        conference.map(|conference| conference.go(at, who, Parting::Vanished)).unwrap_or_default()
    }

    /// What people had to be told without anybody's asking, up to `at`, since this was last asked for.
    pub fn take_overdue(&mut self, at: Timestamp) -> Vec<(Timestamp, Connection, Notice)> {
        self.end_abandoned(at);
        std::mem::take(&mut self.overdue)
    }

    /// The media node has crashed: everybody is gone, and those in lobbies wait no longer (LIC-006).
    pub fn crash(&mut self, at: Timestamp) {
        self.end_abandoned(at);
        self.conferences.values_mut().for_each(|conference| conference.on_crash(at));
    }

    /// In which sitting somebody is, waiting or in.
    pub fn sitting_of(&self, who: Connection) -> Option<Sitting> {
        let of = |(sitting, conference): (&Sitting, &RefConference)| {
            (conference.presence(who) != Presence::Outside).then_some(*sitting)
        };
        self.conferences.iter().find_map(of)
    }

    /// Where somebody stands.
    pub fn presence(&self, who: Connection) -> Presence {
        self.sitting_of(who).map_or(Presence::Outside, |sitting| self.conferences[&sitting].presence(who))
    }

    /// What somebody may send; nothing outside.
    pub fn may_send(&self, who: Connection) -> Permissions {
        let conference = self.sitting_of(who).map(|sitting| &self.conferences[&sitting]);
        conference.map_or(Permissions::NONE, |conference| conference.may_send(who))
    }

    /// The conferences that run, the empty ones that still keep their licence included.
    pub fn conferences(&self) -> impl Iterator<Item = (Sitting, &RefConference)> {
        self.conferences.iter().map(|(sitting, conference)| (*sitting, conference))
    }

    /// The connection by which a person is in or waits, the newest if there are several.
    pub fn connection_of(&self, person: PersonIndex) -> Option<Connection> {
        let conferences = self.conferences.values();
        conferences.flat_map(RefConference::connections).filter(|who| who.person == person).max()
    }

    fn next_arrival(&mut self) -> ArrivalNumber {
        self.arrivals += 1;
        ArrivalNumber(self.arrivals)
    }

    /// Whose licences carry a conference.
    fn hosting(&self) -> BTreeSet<HolderId> {
        self.conferences.values().map(RefConference::host).collect()
    }

    fn conference_of_mut(&mut self, who: Connection) -> Option<&mut RefConference> {
        let sitting = self.sitting_of(who)?;
        self.conferences.get_mut(&sitting)
    }

    /// A conference that nobody has been in for too long is over, and its licence free (LIC-006). Who still waited in
    /// its lobby is told.
    fn end_abandoned(&mut self, at: Timestamp) {
        let overdue = &mut self.overdue;
        self.conferences.retain(|_, conference| {
            let ends = conference.empty_since().map(|since| since + ABANDONED_FOR_MAX);
            let Some(ends) = ends.filter(|ends| *ends <= at) else { return true };
            overdue.extend(conference.waiting().map(|who| (ends, who, Notice::Out(OutReason::Ended))));
            false
        });
    }

    fn on_leave(&mut self, at: Timestamp, who: Connection) -> Outcome {
        match self.conference_of_mut(who) {
            None => Outcome::refused(Refusal::NotIn),
            Some(conference) => {
                let mut outcome = Outcome::done();
                outcome.notices = conference.go(at, who, Parting::Meant);
                outcome
            }
        }
    }

    /// The host ends it for everybody, those in the lobby included, and the licence is free at once (LIC-006).
    fn on_end(&mut self, who: Connection) -> Outcome {
        let Some(sitting) = self.sitting_inside(who) else { return Outcome::refused(Refusal::NotIn) };
        let conference = &self.conferences[&sitting];
        if conference.role(who) != Some(Role::Host) {
            return Outcome::refused(Refusal::NotHost);
        }
        let mut outcome = Outcome::done();
        let others = conference.connections().filter(|other| *other != who);
        outcome.notices.extend(others.map(|other| (other, Notice::Out(OutReason::Ended))));
        self.conferences.remove(&sitting);
        outcome
    }

    fn on_create_invitation(&mut self, who: Connection) -> Outcome {
        let Some(sitting) = self.sitting_inside(who) else { return Outcome::refused(Refusal::NotIn) };
        let link = LinkNumber(self.links);
        let Some(conference) = self.conferences.get_mut(&sitting) else {
            return Outcome::refused(Refusal::NotIn);
        };
        if !conference.moderates(who) {
            return Outcome::refused(Refusal::NotModerator);
        }
        conference.add_link(link);
        self.links += 1;
        Outcome::of(Reply::Invited(link))
    }

    fn sitting_inside(&self, who: Connection) -> Option<Sitting> {
        self.sitting_of(who).filter(|_| self.presence(who) == Presence::In)
    }

    /// A request of somebody who has to be in.
    fn change(&mut self, who: Connection, how: impl FnOnce(&mut RefConference) -> Outcome) -> Outcome {
        match self.sitting_inside(who).and_then(|sitting| self.conferences.get_mut(&sitting)) {
            None => Outcome::refused(Refusal::NotIn),
            Some(conference) => how(conference),
        }
    }

    /// The same, for what may leave a conference empty.
    fn change_at(
        &mut self,
        at: Timestamp,
        who: Connection,
        how: impl FnOnce(&mut RefConference) -> Outcome,
    ) -> Outcome {
        let sitting = self.sitting_inside(who);
        let outcome = self.change(who, how);
        if let Some(conference) = sitting.and_then(|sitting| self.conferences.get_mut(&sitting)) {
            conference.note_emptiness(at);
        }
        outcome
    }
}
