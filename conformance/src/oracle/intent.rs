//! Owns the claim that what people do reaches the server: a step of somebody whose line is sound, about somebody who is
//! there, is asked for on the wire soon after. So a client that swallows a click cannot pass for a server that refuses.

use std::time::Duration;

use sim::{
    run::Run,
    scenario::{Action, PersonIndex, Step, Timestamp},
};

use super::{
    DEEDS,
    course::Course,
    disturbance, name,
    wire::{Arrival, Wire},
};
use crate::{
    evidence::Findings,
    model::{Ask, Connection, Sitting},
};

/// From the deed to its arrival at the server, on a line that is not overloaded.
const ARRIVES_WITHIN: Duration = Duration::from_millis(500);
/// For so long everybody must have stood as they do, so that their client knows.
const KNOWN_FOR: Duration = Duration::from_millis(300);

pub(super) fn judge(run: &Run, course: &Course, wire: &Wire, findings: &mut Findings) {
    let mut followed = 0;
    for step in &run.scenario.steps {
        let Some((deed, whom)) = request_of(step.action) else { continue };
        let until = step.at + ARRIVES_WITHIN;
        let sound = until < run.scenario.end().min(course.parted)
            && !disturbance::is_troubled(&run.scenario, step.at - ARRIVES_WITHIN, until);
        let Some(sitting) = settled(course, wire, step.who, step.at).filter(|_| sound) else { continue };
        let knows = |whom| settled(course, wire, whom, step.at) == Some(sitting);
        if !whom.is_none_or(knows) {
            continue;
        }
        followed += 1;
        findings.expect_at(arrived(wire, step, deed, until), Some(step.at), || {
            let who = name(run, Connection { person: step.who, number: 0 });
            format!("{who} did {:?}, and the server was not asked within {ARRIVES_WITHIN:?}", step.action)
        });
    }
    findings.count(DEEDS, followed);
}

/// The sitting in which somebody has been for a while, by one connection and without a break.
fn settled(course: &Course, wire: &Wire, who: PersonIndex, at: Timestamp) -> Option<Sitting> {
    let all = wire.connections(who);
    let inside = |at| {
        let mut there = all.iter().filter_map(move |who| {
            let mut standings = course.standings_at(*who, at);
            let first = standings.next().and_then(|standing| standing.inside())?;
            standings.all(|standing| standing.inside() == Some(first)).then_some((*who, first))
        });
        there.next()
    };
    let (now, before) = (inside(at), inside(at - KNOWN_FOR));
    let unchanged =
        now == before && now.is_some_and(|(who, _)| !course.changed_between(who, at - KNOWN_FOR, at));
    now.filter(|_| unchanged).map(|(_, sitting)| sitting)
}

fn arrived(wire: &Wire, step: &Step, deed: &str, until: Timestamp) -> bool {
    let first = wire.occurrences.partition_point(|occurrence| occurrence.at < step.at);
    let after = wire.occurrences[first..].iter().take_while(|occurrence| occurrence.at <= until);
    after.into_iter().any(|occurrence| match &occurrence.what {
        Arrival::Request { who, ask, .. } => who.person == step.who && name_of(ask) == deed,
        Arrival::Gone(_) | Arrival::Crash => false,
    })
}

/// What a deed asks the server for, and about whom; nothing for deeds that do not always ask for something.
const fn request_of(action: Action) -> Option<(&'static str, Option<PersonIndex>)> {
    Some(match action {
        Action::Leave => ("leave", None),
        Action::End => ("end", None),
        Action::SetMode(_) => ("set-mode", None),
        Action::Lock(_) => ("lock", None),
        Action::RaiseHand => ("raise-hand", None),
        Action::LowerHand => ("lower-hand", None),
        Action::CreateInvitation => ("create-invitation", None),
        Action::Remove(whom) => ("remove", Some(whom)),
        Action::Mute(whom, _) | Action::Unmute(whom, _) => ("cap", Some(whom)),
        Action::Grant(whom, _) | Action::Revoke(whom) => ("grant", Some(whom)),
        Action::NamePresenter(whom) => ("name-presenter", Some(whom)),
        Action::NameModerator(whom) => ("name-moderator", Some(whom)),
        Action::HandOver(whom) => ("hand-over", Some(whom)),
        Action::Start
        | Action::Join
        | Action::Admit(_)
        | Action::AdmitAll
        | Action::RevokeInvitation
        | Action::Watch { .. }
        | Action::ShareScreen
        | Action::StopScreen
        | Action::CameraOn
        | Action::CameraOff
        | Action::Move(_)
        | Action::Misbehave(_)
        | Action::Behave => return None,
    })
}

const fn name_of(ask: &Ask) -> &'static str {
    match ask {
        Ask::Start { .. } => "start",
        Ask::Join { .. } => "join",
        Ask::Leave => "leave",
        Ask::Publish { .. } => "publish",
        Ask::Watch { .. } => "watch",
        Ask::RaiseHand => "raise-hand",
        Ask::LowerHand => "lower-hand",
        Ask::Admit(_) => "admit",
        Ask::Remove(_) => "remove",
        Ask::SetMode(_) => "set-mode",
        Ask::Lock(_) => "lock",
        Ask::Cap(..) => "cap",
        Ask::Grant(..) => "grant",
        Ask::NamePresenter(_) => "name-presenter",
        Ask::NameModerator(_) => "name-moderator",
        Ask::HandOver(_) => "hand-over",
        Ask::CreateInvitation => "create-invitation",
        Ask::RevokeInvitation(_) => "revoke-invitation",
        Ask::End => "end",
        Ask::OfferKeyPackage(_) => "offer-key-package",
        Ask::Commit(_) => "commit",
    }
}
