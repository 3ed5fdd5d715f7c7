//! Owns what can happen next in a drawn rehearsal: every move that makes sense at a moment, each with its weight.
//! Some moves are meant to be refused; none is meaningless.

use sim::scenario::{Action, Layer, MediaKind, Misbehaviour, Mode, Permissions, PersonIndex, Role};

use super::{plan::Plan, script::SITES};
use crate::model::{Presence, RefConference};

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Somebody opens the link for the first time.
    Arrive(PersonIndex),
    /// Somebody who has arrived does something.
    Act(PersonIndex, Action),
    /// A building's line is in trouble for a while.
    Trouble {
        /// Index of the building.
        site: usize,
        /// How.
        trouble: Trouble,
        /// For how long, in milliseconds.
        millis: u32,
    },
    /// The media node crashes, and it or another one carries on after so many milliseconds.
    Crash {
        /// For how long the conferences are down.
        millis: u32,
        /// Whether another node carries on.
        moves: bool,
    },
}

/// What can be wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing passes.
    Outage,
    /// One packet in ten is lost.
    Loss,
    /// Packets overtake one another and come twice.
    Disorder,
    /// A tenth of the rate, and slow.
    Narrow,
}

const AUDIO: Permissions = Permissions { audio: true, ..Permissions::NONE };
const AUDIO_AND_VIDEO: Permissions = Permissions { video: true, ..AUDIO };
const SCREEN: Permissions = Permissions { screen: true, ..Permissions::NONE };

/// Moves with their weights, the simplest first.
#[derive(Default)]
struct Choice(Vec<(u32, Move)>);

impl Choice {
    /// The unit is a quarter: hostile deeds are many and get less each.
    fn add(&mut self, weight: u32, who: PersonIndex, action: Action) {
        self.0.push((4 * weight, Move::Act(who, action)));
    }

    /// Somebody breaks the rules in one of all the ways, or behaves again.
    fn hostile(&mut self, who: PersonIndex) {
        self.add(3, who, Action::Misbehave(Misbehaviour::IgnoreMode));
        self.0.extend(Misbehaviour::ALL.iter().map(|how| (1, Move::Act(who, Action::Misbehave(*how)))));
        self.add(1, who, Action::Behave);
    }
}

/// Everything that can happen next, with weights.
pub(super) fn choices(plan: &Plan) -> Vec<(u32, Move)> {
    let mut choice = Choice::default();
    for person in plan.people() {
        if !plan.has_arrived(person) {
            choice.0.push((160, Move::Arrive(person)));
            continue;
        }
        let who = plan.connection(person);
        match plan.server.presence(who) {
            Presence::Outside => {
                choice.add(20, person, Action::Join);
                choice.add(4, person, Action::Start);
            }
            Presence::Waiting => choice.add(8, person, Action::Leave),
            Presence::In => {
                let sitting = plan.server.sitting_of(who);
                let conference = plan.server.conferences().find(|(other, _)| Some(*other) == sitting);
                if let Some((_, conference)) = conference {
                    of_own(&mut choice, plan, person, conference);
                    of_moderation(&mut choice, plan, person, conference);
                }
            }
        }
    }
    for site in 0..SITES.len() {
        for (trouble, millis) in [
            (Trouble::Loss, 800),
            (Trouble::Outage, 300),
            (Trouble::Outage, 1_200),
            (Trouble::Disorder, 800),
            (Trouble::Narrow, 600),
        ] {
            choice.0.push((8, Move::Trouble { site, trouble, millis }));
        }
        // So long that both ends take the connection for dead: seldom, because it takes its time.
        choice.0.push((1, Move::Trouble { site, trouble: Trouble::Outage, millis: 17_000 }));
    }
    if !plan.has_crashed() {
        let crashes = [(100, false), (900, false), (900, true)];
        choice.0.extend(crashes.map(|(millis, moves)| (6, Move::Crash { millis, moves })));
    }
    choice.0
}

/// What somebody does by themselves.
fn of_own(choice: &mut Choice, plan: &Plan, who: PersonIndex, conference: &RefConference) {
    let device = plan.device(who);
    let present = conference.mode() == Mode::Presenter;
    choice.add(5, who, Action::Leave);
    choice.add(if present { 8 } else { 1 }, who, Action::RaiseHand);
    choice.add(if present { 2 } else { 1 }, who, Action::LowerHand);
    if device.has_camera() {
        choice.add(3, who, Action::CameraOff);
        choice.add(3, who, Action::CameraOn);
    }
    if device.has_screen() {
        choice.add(3, who, Action::StopScreen);
        choice.add(4, who, Action::ShareScreen);
    }
    for whom in conference.present().map(|there| there.person).filter(|whom| plan.device(*whom).has_camera())
    {
        for layer in [None, Some(Layer::High)] {
            choice.add(1, who, Action::Watch { whom, kind: MediaKind::Camera, layer });
        }
    }
    choice.add(1, who, Action::Start);
    choice.add(1, who, Action::Join);
    choice.hostile(who);
}

/// What somebody does to others, whether they may or not.
fn of_moderation(choice: &mut Choice, plan: &Plan, who: PersonIndex, conference: &RefConference) {
    let role = conference.role(plan.connection(who)).unwrap_or(Role::Guest);
    // Who may not tries sometimes.
    let often = |weight: u32, least: Role| if role >= least { weight * 3 } else { weight.div_ceil(3) };
    let other = if conference.mode() == Mode::Presenter { Mode::Discussion } else { Mode::Presenter };
    choice.add(often(6, Role::Moderator), who, Action::SetMode(other));
    choice.add(often(1, Role::Moderator), who, Action::SetMode(conference.mode()));
    choice.add(often(2, Role::Moderator), who, Action::Lock(true));
    choice.add(often(1, Role::Moderator), who, Action::Lock(false));
    choice.add(often(1, Role::Moderator), who, Action::CreateInvitation);
    choice.add(often(1, Role::Moderator), who, Action::RevokeInvitation);
    choice.add(often(1, Role::Host), who, Action::End);
    for waiting in conference.waiting() {
        choice.add(often(8, Role::Moderator), who, Action::Admit(waiting.person));
        choice.add(often(2, Role::Moderator), who, Action::Remove(waiting.person));
        choice.add(often(2, Role::Moderator), who, Action::AdmitAll);
    }
    for whom in conference.present().map(|there| there.person) {
        let often = |weight: u32, least: Role| often(weight, least);
        choice.add(often(2, Role::Moderator), who, Action::Mute(whom, AUDIO));
        choice.add(often(1, Role::Moderator), who, Action::Mute(whom, Permissions::ALL));
        choice.add(often(1, Role::Moderator), who, Action::Mute(whom, SCREEN));
        choice.add(often(1, Role::Moderator), who, Action::Unmute(whom, AUDIO));
        choice.add(often(2, Role::Moderator), who, Action::Remove(whom));
        choice.add(often(4, Role::Host), who, Action::NameModerator(whom));
        choice.add(often(3, Role::Host), who, Action::HandOver(whom));
        if conference.mode() == Mode::Presenter {
            choice.add(often(2, Role::Moderator), who, Action::NamePresenter(whom));
            choice.add(often(3, Role::Moderator), who, Action::Grant(whom, AUDIO));
            choice.add(often(2, Role::Moderator), who, Action::Grant(whom, AUDIO_AND_VIDEO));
            choice.add(often(1, Role::Moderator), who, Action::Grant(whom, SCREEN));
            choice.add(often(2, Role::Moderator), who, Action::Revoke(whom));
        }
    }
}

/// Whether a media kind is sent with a device.
pub(super) fn sends(plan: &Plan, who: PersonIndex) -> std::collections::BTreeSet<MediaKind> {
    let device = plan.device(who);
    let all = [
        (MediaKind::Audio, device.has_microphone()),
        (MediaKind::Camera, device.has_camera()),
        (MediaKind::Screen, device.has_screen()),
    ];
    all.into_iter().filter(|(_, has)| *has).map(|(kind, _)| kind).collect()
}
