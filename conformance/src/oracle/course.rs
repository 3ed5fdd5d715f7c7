//! Owns the course of a run as the model sees it: every request that reached the server is put to the model, too, and
//! the answers are compared. What the model knew at each moment is kept for judges of media.

use std::collections::BTreeMap;

use media_core::ParticipantId;
use sim::{
    run::Run,
    scenario::{Permissions, Refusal, Timestamp},
};

use super::{
    calm::{self, Calm},
    haste::Haste,
    name,
    wire::{Arrival, Occurrence, Wire},
};
use crate::{
    evidence::Findings,
    model::{Ask, Connection, Expected, Notice, Outcome, Presence, RefServer, Reply, Sitting},
};

/// How somebody stands, as the model sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where; absent outside.
    pub sitting: Option<Sitting>,
    /// How.
    pub presence: Presence,
    /// What they may send.
    pub may_send: Permissions,
}

/// A run as the model sees it.
pub struct Course {
    /// What it came to.
    pub server: RefServer,
    /// Which connection goes by which number.
    pub participants: BTreeMap<ParticipantId, Connection>,
    /// From when on the run is not what the model says, so that nothing more can be compared.
    pub parted: Timestamp,
    pub(super) calms: Vec<Calm>,
    standings: BTreeMap<Connection, Vec<(Timestamp, Standing)>>,
    haste: Haste,
    expected: Vec<(Timestamp, Connection, Notice)>,
}

impl Standing {
    const OUTSIDE: Self = Self { sitting: None, presence: Presence::Outside, may_send: Permissions::NONE };

    /// The conference in which somebody is, not in its lobby.
    pub fn inside(&self) -> Option<Sitting> {
        self.sitting.filter(|_| self.presence == Presence::In)
    }
}

impl Course {
    /// Puts everything that reached the server to the model and compares the answers.
    pub fn follow(run: &Run, wire: &Wire, findings: &mut Findings) -> Self {
        let mut course = Self {
            server: RefServer::new(&run.scenario),
            participants: wire.participants.clone(),
            parted: Timestamp::FAR_FUTURE,
            calms: Vec::new(),
            standings: BTreeMap::new(),
            haste: Haste::default(),
            expected: Vec::new(),
        };
        let mut last = Timestamp::ZERO;
        for occurrence in &wire.occurrences {
            course.calms.extend(calm::between(run, &course.server, last, occurrence.at));
            last = occurrence.at;
            course.expected.extend(course.server.take_overdue(occurrence.at));
            if !course.take(run, occurrence, findings) {
                course.parted = occurrence.at;
                break;
            }
        }
        let end = run.scenario.end().min(course.parted);
        course.calms.extend(calm::between(run, &course.server, last, end));
        course.expected.extend(course.server.take_overdue(end));
        course.compare_notices(run, wire.notices.clone(), findings);
        findings.count("requests put to the model", wire.occurrences.len() as u64);
        course
    }

    /// The times in which nothing happens, each with who is present in one conference.
    pub(super) fn rests(&self) -> impl Iterator<Item = (Timestamp, Timestamp, &[Connection])> {
        self.calms
            .iter()
            .flat_map(|calm| calm.present.iter().map(|present| (calm.since, calm.until, present.as_slice())))
    }

    /// How somebody may stand at one moment: as they did before it, and as what happens in it makes them stand.
    pub fn standings_at(&self, who: Connection, at: Timestamp) -> impl Iterator<Item = Standing> {
        let all = self.standings.get(&who).map_or(&[][..], Vec::as_slice);
        let until = all.partition_point(|(from, _)| *from <= at);
        let before = all[..until].partition_point(|(from, _)| *from < at);
        let first = before.checked_sub(1).map_or(Standing::OUTSIDE, |last| all[last].1);
        std::iter::once(first).chain(all[before..until].iter().map(|(_, standing)| *standing))
    }

    /// Whether somebody's standing changed after `from`, up to `to`.
    pub fn changed_between(&self, who: Connection, from: Timestamp, to: Timestamp) -> bool {
        let all = self.standings.get(&who).map_or(&[][..], Vec::as_slice);
        all.iter().any(|(at, _)| *at > from && *at <= to)
    }

    /// Whether the answer is right.
    fn take(&mut self, run: &Run, occurrence: &Occurrence, findings: &mut Findings) -> bool {
        let at = occurrence.at;
        match &occurrence.what {
            Arrival::Crash => {
                let everybody: Vec<Connection> = self.standings.keys().copied().collect();
                self.server.crash(at);
                for who in everybody {
                    self.note(at, who);
                }
                true
            }
            Arrival::Gone(who) => {
                let before = self.server.sitting_of(*who);
                let notices = self.server.vanish(at, *who);
                self.expected.extend(notices.into_iter().map(|(whom, notice)| (at, whom, notice)));
                self.note_all(at, *who, before);
                true
            }
            Arrival::Request { who, ask, reply } if self.is_hasty(at, *who, ask, reply.as_ref()) => true,
            Arrival::Request { who, ask, reply } => {
                let before = self.server.sitting_of(*who);
                let Outcome { expected, notices } = self.server.ask(at, *who, ask);
                self.expected.extend(notices.into_iter().map(|(whom, notice)| (at, whom, notice)));
                self.note_all(at, *who, before);
                let agrees = reply.as_ref().is_some_and(|reply| expected.allows(reply));
                findings.expect_at(agrees, Some(at), || {
                    let who = name(run, *who);
                    format!("{who} asked for {ask:?} and {}; {}", answered(reply.as_ref()), due(&expected))
                });
                agrees
            }
        }
    }

    /// Writes down how everybody stands whom an event may have touched: who caused it, who was told of it, and everybody
    /// in the conference in which it happened, `before` or after.
    fn note_all(&mut self, at: Timestamp, who: Connection, before: Option<Sitting>) {
        self.note(at, who);
        let told = self.expected.iter().rev().take_while(|(then, ..)| *then == at);
        let mut touched: Vec<Connection> = told.map(|(_, whom, _)| *whom).collect();
        for sitting in [before, self.server.sitting_of(who)].into_iter().flatten() {
            let conference = self.server.conferences().find(|(other, _)| *other == sitting);
            touched.extend(conference.iter().flat_map(|(_, conference)| conference.present()));
        }
        for who in touched {
            self.note(at, who);
        }
    }

    /// Whether somebody is refused for asking too often, and did: nothing changes then.
    fn is_hasty(&mut self, at: Timestamp, who: Connection, ask: &Ask, reply: Option<&Reply>) -> bool {
        self.haste.on_asked(at, who.person, ask);
        reply == Some(&Reply::Refused(Refusal::TooManyRequests)) && self.haste.excuses(who.person, ask)
    }

    /// Writes down how somebody stands, if it is not as before.
    fn note(&mut self, at: Timestamp, who: Connection) {
        let standing = Standing {
            sitting: self.server.sitting_of(who),
            presence: self.server.presence(who),
            may_send: self.server.may_send(who),
        };
        let before = self.standings.entry(who).or_default();
        if before.last().map(|(_, last)| *last) != Some(standing) {
            before.push((at, standing));
        }
    }

    fn compare_notices(
        &mut self,
        run: &Run,
        mut seen: Vec<(Timestamp, Connection, Notice)>,
        findings: &mut Findings,
    ) {
        seen.retain(|(at, ..)| *at < self.parted);
        self.expected.retain(|(at, ..)| *at < self.parted);
        seen.sort_unstable();
        self.expected.sort_unstable();
        findings.add_examined(seen.len() as u64);
        let differs = seen.iter().zip(&self.expected).position(|(seen, expected)| seen != expected);
        let differs = differs.unwrap_or(seen.len().min(self.expected.len()));
        let first = [seen.get(differs), self.expected.get(differs)].into_iter().flatten().min();
        let Some((at, whom, notice)) = first.copied() else { return };
        let whom = name(run, whom);
        findings.expect_at(false, Some(at), || {
            if seen.get(differs) == first {
                format!("{whom} was told {notice:?} without cause")
            } else {
                format!("{whom} was not told {notice:?}")
            }
        });
        self.parted = at;
    }
}

fn answered(reply: Option<&Reply>) -> String {
    match reply {
        None => "got no answer".to_owned(),
        Some(reply) => format!("was answered {reply:?}"),
    }
}

fn due(expected: &Expected) -> String {
    match expected {
        Expected::Reply(reply) => format!("{reply:?} was due"),
        Expected::RefusedAs(reasons) => format!("a refusal as {reasons:?} was due"),
    }
}
