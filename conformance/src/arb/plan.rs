//! Owns the plan of a drawn rehearsal: what the model says of a conference in which everything arrives at once. It decides
//! which moves make sense next; what really happens is judged from the wire.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;
use sim::scenario::{Action, Permissions, Person, PersonIndex, Scenario, Timestamp};

use super::{
    cast::{Cast, Device},
    moves::{Move, choices, sends},
    script::stage,
};
use crate::model::{Ask, Connection, Door, LinkNumber, Presence, RefServer, Visitor};

/// Pauses before moves in milliseconds, the simplest first: enough for everything to arrive, hardly enough, not enough, so
/// that messages cross, and (seldom) enough for media to find its way and be judged.
const PAUSES: [u32; 13] = [400, 400, 400, 400, 150, 150, 150, 40, 40, 40, 3, 3, 1_500];

/// A rehearsal up to a moment.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Who takes part.
    pub cast: Cast,
    /// What the model says so far.
    pub server: RefServer,
    visitors: Vec<Visitor>,
    connections: Vec<Option<u32>>,
    now: Timestamp,
    crashed: bool,
}

/// The state machine of plans.
#[derive(Debug)]
pub struct Planning;

impl Plan {
    /// A rehearsal in which only the hosts have come.
    pub fn new(cast: Cast) -> Self {
        let stage: Scenario = stage(&cast);
        let visitor = |person: &Person| Visitor { holder: person.holder, encryption: person.encryption };
        let mut plan = Self {
            server: RefServer::new(&stage),
            visitors: stage.people.iter().map(visitor).collect(),
            connections: vec![None; stage.people.len()],
            now: Timestamp::ZERO,
            crashed: false,
            cast,
        };
        for host in 0..plan.hosts() {
            plan.arrive(PersonIndex(host));
        }
        plan
    }

    /// Everybody in the cast, hosts first.
    pub(super) fn people(&self) -> impl Iterator<Item = PersonIndex> + use<> {
        (0..self.visitors.len()).map(PersonIndex)
    }

    pub(super) fn hosts(&self) -> usize {
        1 + usize::from(self.cast.second)
    }

    /// Whether the media node has crashed: once in a rehearsal is enough.
    pub(super) fn has_crashed(&self) -> bool {
        self.crashed
    }

    pub(super) fn has_arrived(&self, who: PersonIndex) -> bool {
        self.connections[who.0].is_some()
    }

    pub(super) fn connection(&self, who: PersonIndex) -> Connection {
        Connection { person: who, number: self.connections[who.0].unwrap_or_default() }
    }

    pub(super) fn device(&self, who: PersonIndex) -> Device {
        match who.0.checked_sub(self.hosts()) {
            Some(player) => self.cast.players[player].device,
            None if who.0 == 0 => self.cast.host,
            None => Device::Microphone,
        }
    }

    fn arrive(&mut self, who: PersonIndex) {
        self.connections[who.0] = Some(self.connections[who.0].map_or(0, |before| before + 1));
        let connection = self.connection(who);
        if who.0 < self.hosts() {
            let ask = self.start(who);
            self.ask(connection, &ask);
        } else {
            self.join(connection);
        }
    }

    fn start(&self, who: PersonIndex) -> Ask {
        Ask::Start { visitor: self.visitors[who.0], mode: self.cast.mode, lobby: self.cast.lobby }
    }

    fn join(&mut self, who: Connection) {
        let second = who.person.0.checked_sub(self.hosts()).is_some_and(|p| self.cast.players[p].second);
        let host = PersonIndex(usize::from(second && self.cast.second));
        let sitting = self.server.conferences().nth(host.0);
        let link = sitting.and_then(|(_, conference)| conference.links().last().copied());
        self.ask(
            who,
            &Ask::Join {
                visitor: self.visitors[who.person.0],
                door: link.map_or(Door::None, Door::Link),
                stay: None,
                entry: None,
            },
        );
    }

    fn ask(&mut self, who: Connection, ask: &Ask) {
        self.server.ask(self.now, who, ask);
        if self.server.presence(who) == Presence::In {
            let media = sends(self, who.person);
            self.server.ask(self.now, who, &Ask::Publish { media });
        }
    }

    /// Something happens.
    fn play(&mut self, pause: u32, happening: Move) {
        self.now = self.now + std::time::Duration::from_millis(pause.into());
        match happening {
            Move::Arrive(who) => self.arrive(who),
            Move::Act(who, action) => self.act(who, action),
            Move::Trouble { .. } => {}
            Move::Crash { .. } => {
                self.crashed = true;
                self.server.crash(self.now);
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "what remains changes no plan")]
    fn act(&mut self, person: PersonIndex, action: Action) {
        let who = self.connection(person);
        let other = |person: PersonIndex| self.connection(person);
        let without = |taken: Permissions| Permissions {
            audio: !taken.audio,
            video: !taken.video,
            screen: !taken.screen,
        };
        let ask = match action {
            Action::Start => self.start(person),
            Action::Join => {
                self.connections[person.0] = self.connections[person.0].map(|before| before + 1);
                let again = self.connection(person);
                return self.join(again);
            }
            Action::Leave => Ask::Leave,
            Action::End => Ask::End,
            Action::SetMode(mode) => Ask::SetMode(mode),
            Action::Lock(locked) => Ask::Lock(locked),
            Action::Admit(whom) => Ask::Admit(other(whom)),
            Action::Remove(whom) => Ask::Remove(other(whom)),
            Action::Mute(whom, taken) => Ask::Cap(other(whom), without(taken)),
            Action::Unmute(whom, _) => Ask::Cap(other(whom), Permissions::ALL),
            Action::RaiseHand => Ask::RaiseHand,
            Action::LowerHand => Ask::LowerHand,
            Action::Grant(whom, word) => Ask::Grant(other(whom), word),
            Action::Revoke(whom) => Ask::Grant(other(whom), Permissions::NONE),
            Action::NamePresenter(whom) => Ask::NamePresenter(other(whom)),
            Action::NameModerator(whom) => Ask::NameModerator(other(whom)),
            Action::HandOver(whom) => Ask::HandOver(other(whom)),
            Action::CreateInvitation => Ask::CreateInvitation,
            Action::RevokeInvitation => {
                let sitting = self.server.sitting_of(who);
                let conference = self.server.conferences().find(|(other, _)| Some(*other) == sitting);
                let newest = conference.and_then(|(_, conference)| conference.links().last().copied());
                Ask::RevokeInvitation(newest.unwrap_or(LinkNumber(u32::MAX)))
            }
            Action::AdmitAll => {
                let sitting = self.server.sitting_of(who);
                let conference = self.server.conferences().find(|(other, _)| Some(*other) == sitting);
                let waiting: Vec<Connection> =
                    conference.map(|(_, conference)| conference.waiting().collect()).unwrap_or_default();
                for whom in waiting {
                    self.server.ask(self.now, who, &Ask::Admit(whom));
                }
                return;
            }
            _ => return,
        };
        self.ask(who, &ask);
    }
}

impl ReferenceStateMachine for Planning {
    type State = Plan;
    type Transition = (u32, Move);

    fn init_state() -> BoxedStrategy<Plan> {
        Cast::arbitrary().prop_map(Plan::new).boxed()
    }

    fn transitions(plan: &Plan) -> BoxedStrategy<(u32, Move)> {
        let choices = choices(plan);
        let total: u32 = choices.iter().map(|(weight, _)| weight).sum();
        let pick = move |mut drawn: u32| {
            let chosen = choices.iter().find(|(weight, _)| {
                let found = drawn < *weight;
                drawn = drawn.saturating_sub(*weight);
                found
            });
            chosen.expect("the weights add up to the total").1
        };
        let pause = prop::sample::select(PAUSES.as_slice());
        (pause, (0..total).prop_map(pick)).boxed()
    }

    fn apply(mut plan: Plan, (pause, happening): &(u32, Move)) -> Plan {
        plan.play(*pause, *happening);
        plan
    }

    fn preconditions(plan: &Plan, (_, happening): &(u32, Move)) -> bool {
        choices(plan).iter().any(|(_, possible)| possible == happening)
    }
}
