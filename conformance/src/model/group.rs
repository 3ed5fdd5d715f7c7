//! Owns the group in which a conference's members agree on keys, as the server has to see it (E2E-001, E2E-002): it reads
//! nothing that they say to one another, and only says whose word comes first and who hears it.

use std::collections::{BTreeMap, BTreeSet};

use sim::scenario::Refusal;

use super::{Connection, HandshakeNumber, Notice, Outcome, RefConference};

/// How many members are asked to take in who wants in: more than one, because one may fail.
const COMMITTERS: usize = 3;

/// Whose coming came when; who came first has the lowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ArrivalNumber(pub(super) u32);

/// Who is in the group and who wants to be.
#[derive(Clone, Debug, Default)]
pub(super) struct RefGroup {
    /// In the order in which they became members.
    members: Vec<Connection>,
    /// What those who want in have offered.
    offers: BTreeMap<ArrivalNumber, (Connection, HandshakeNumber)>,
    /// Which member has been told of whose present offer.
    told: BTreeSet<(Connection, ArrivalNumber)>,
    commits: u64,
}

/// A commit, as the server sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefCommit {
    /// How many commits the committer knows of.
    pub after: u64,
    /// What the members have to hear.
    pub commit: HandshakeNumber,
    /// What those who are taken in have to hear.
    pub welcome: Option<HandshakeNumber>,
    /// Whom it takes in.
    pub adds: Vec<Connection>,
}

impl RefGroup {
    /// Somebody is neither a member nor wants in.
    pub(super) fn forget(&mut self, who: Connection) {
        self.members.retain(|member| *member != who);
        self.told.retain(|(member, _)| *member != who);
        let arrivals = self.offers.iter().filter(|(_, (whose, _))| *whose == who);
        for arrival in arrivals.map(|(arrival, _)| *arrival).collect::<Vec<_>>() {
            self.withdraw(arrival);
        }
    }

    /// What has to be said so that everything holds again: if anybody wants in, there is a group, and each of the members
    /// who were in it first has been told once of everybody who wants in.
    pub(super) fn settle(&mut self) -> Vec<(Connection, Notice)> {
        let mut notices = Vec::new();
        if self.members.is_empty()
            && let Some((arrival, (founder, _))) = self.offers.first_key_value()
        {
            let (arrival, founder) = (*arrival, *founder);
            self.withdraw(arrival);
            self.members.push(founder);
            notices.push((founder, Notice::FoundGroup { sequence: self.commits }));
        }
        for member in self.members.iter().take(COMMITTERS) {
            for (arrival, (whose, offer)) in &self.offers {
                if self.told.insert((*member, *arrival)) {
                    notices.push((*member, Notice::KeyPackage { whose: *whose, offer: *offer }));
                }
            }
        }
        notices
    }

    fn withdraw(&mut self, arrival: ArrivalNumber) {
        self.offers.remove(&arrival);
        self.told.retain(|(_, offered)| *offered != arrival);
    }
}

impl RefConference {
    /// Who offers wants in, whatever they were before.
    pub(super) fn offer(&mut self, who: Connection, offer: HandshakeNumber) -> Outcome {
        let Some(arrival) = self.attendee(who).map(|attendee| attendee.arrival) else {
            return Outcome::refused(Refusal::NotIn);
        };
        self.group.forget(who);
        self.group.offers.insert(arrival, (who, offer));
        let mut outcome = Outcome::done();
        outcome.notices = self.group.settle();
        outcome
    }

    /// The first commit that knows of all before it counts; whom it takes in are members from then on.
    pub(super) fn commit(&mut self, by: Connection, asked: &RefCommit) -> Outcome {
        let group = &mut self.group;
        let named: BTreeSet<Connection> = asked.adds.iter().copied().collect();
        let member = group.members.contains(&by);
        let waits = |who: &Connection| group.offers.values().any(|(whose, _)| whose == who);
        let bad = named.len() != asked.adds.len()
            || asked.welcome.is_some() == named.is_empty()
            || !named.iter().all(waits);
        let reasons = [
            (!member, Refusal::NotInGroup),
            (member && asked.after != group.commits, Refusal::StaleCommit),
            (member && bad, Refusal::BadCommit),
        ];
        Outcome::unless(&reasons, || {
            let mut outcome = Outcome::done();
            group.commits += 1;
            let sequence = group.commits;
            let commit = Notice::Commit { sequence, commit: asked.commit };
            outcome.notices.extend(group.members.iter().map(|member| (*member, commit)));
            for added in &asked.adds {
                let arrival = group.offers.iter().find(|(_, (whose, _))| whose == added);
                let (Some((arrival, _)), Some(welcome)) = (arrival, asked.welcome) else { continue };
                group.withdraw(*arrival);
                group.members.push(*added);
                outcome.notices.push((*added, Notice::Welcome { sequence, welcome }));
            }
            outcome.notices.extend(group.settle());
            outcome
        })
    }
}
