//! Owns the validation of steps: who acts, about whom, and which particulars belong to which deed.

use std::collections::BTreeMap;

use media_core::{MediaKind, Permissions};

use super::{Names, time};
use crate::scenario::{
    Action, Located, Person, PersonIndex, Site, SiteIndex, Step,
    error::Problem,
    file::{ScenarioFile, StepEntry, Verb},
};

/// Makes the steps in order of time.
pub(super) fn resolve(
    file: &ScenarioFile,
    (people, sites): (&[Person], &[Site]),
    names: &Names,
) -> Result<Vec<Step>, Problem> {
    let mut steps = Vec::new();
    for entry in &file.steps {
        let at = time(&entry.at, "at", names.duration)?;
        for &who in names.people.all(&entry.who, "who")? {
            steps.push((Step { at, who, action: action(entry, who, people, names)? }, entry));
        }
    }
    // Stable: at equal times the order of the file stays.
    steps.sort_by_key(|(step, _)| step.at);
    check_moves(&steps, people, sites)?;
    Ok(steps.into_iter().map(|(step, _)| step).collect())
}

/// Whoever moves is elsewhere before, and both buildings are of one simulation host.
fn check_moves(steps: &[(Step, &StepEntry)], people: &[Person], sites: &[Site]) -> Result<(), Problem> {
    let mut places: BTreeMap<PersonIndex, SiteIndex> = BTreeMap::new();
    for (step, entry) in steps {
        let (Action::Move(to), Some(name)) = (step.action, &entry.site) else { continue };
        let person = &people[step.who.0];
        let from = places.insert(step.who, to).unwrap_or(person.site);
        if from == to {
            let message = format!("is where `{}` is at that time, expected another site", person.name);
            return Err(Problem::at(name, "site", message));
        }
        if sites[from.0].borough != sites[to.0].borough {
            let borough = |site: SiteIndex| match &sites[site.0].borough {
                Some(borough) => format!("in `{borough}`"),
                None => "in no borough".to_owned(),
            };
            let message = format!(
                "is {}, but `{}`, where `{}` is at that time, is {}; expected a site of the same borough",
                borough(to),
                sites[from.0].name,
                person.name,
                borough(from)
            );
            return Err(Problem::at(name, "site", message));
        }
    }
    Ok(())
}

fn action(entry: &StepEntry, who: PersonIndex, people: &[Person], names: &Names) -> Result<Action, Problem> {
    check_particulars(entry)?;
    let whom = || whom(entry, who, people, names);
    let own = |kind| own_recording(entry, &people[who.0], kind);
    Ok(match entry.verb.value {
        Verb::Start => Action::Start,
        Verb::Join => Action::Join,
        Verb::Leave => Action::Leave,
        Verb::End => Action::End,
        Verb::SetMode => Action::SetMode(needed(entry, "mode", entry.mode.as_ref())?),
        Verb::Lock => Action::Lock(true),
        Verb::Unlock => Action::Lock(false),
        Verb::Admit => Action::Admit(whom()?),
        Verb::AdmitAll => Action::AdmitAll,
        Verb::Remove => Action::Remove(whom()?),
        Verb::Mute => Action::Mute(whom()?, media(entry)?),
        Verb::Unmute => Action::Unmute(whom()?, media(entry)?),
        Verb::RaiseHand => Action::RaiseHand,
        Verb::LowerHand => Action::LowerHand,
        Verb::Grant => Action::Grant(whom()?, media(entry)?),
        Verb::Revoke => Action::Revoke(whom()?),
        Verb::NamePresenter => Action::NamePresenter(whom()?),
        Verb::NameModerator => Action::NameModerator(whom()?),
        Verb::HandOver => Action::HandOver(whom()?),
        Verb::CreateInvitation => Action::CreateInvitation,
        Verb::RevokeInvitation => Action::RevokeInvitation,
        Verb::Watch => Action::Watch {
            whom: whom()?,
            kind: watched_kind(entry)?,
            layer: needed(entry, "layer", entry.layer.as_ref())?.layer(),
        },
        Verb::ShareScreen => own(MediaKind::Screen).map(|()| Action::ShareScreen)?,
        Verb::StopScreen => own(MediaKind::Screen).map(|()| Action::StopScreen)?,
        Verb::CameraOn => own(MediaKind::Camera).map(|()| Action::CameraOn)?,
        Verb::CameraOff => own(MediaKind::Camera).map(|()| Action::CameraOff)?,
        Verb::Move => match &entry.site {
            Some(site) => Action::Move(names.sites.one(site, "site")?),
            None => {
                return Err(Problem::at(&entry.verb, "site", "is missing, expected `site` for this deed"));
            }
        },
        Verb::Misbehave => Action::Misbehave(needed(entry, "how", entry.how.as_ref())?),
        Verb::Behave => Action::Behave,
    })
}

/// Refuses particulars that the deed does not take.
fn check_particulars(entry: &StepEntry) -> Result<(), Problem> {
    let taken: &[&str] = match entry.verb.value {
        Verb::Mute | Verb::Unmute | Verb::Grant => &["whom", "media"],
        Verb::Watch => &["whom", "kind", "layer"],
        Verb::SetMode => &["mode"],
        Verb::Misbehave => &["how"],
        Verb::Move => &["site"],
        Verb::Admit
        | Verb::Remove
        | Verb::Revoke
        | Verb::NamePresenter
        | Verb::NameModerator
        | Verb::HandOver => &["whom"],
        Verb::Start
        | Verb::Join
        | Verb::Leave
        | Verb::End
        | Verb::Lock
        | Verb::Unlock
        | Verb::AdmitAll
        | Verb::RaiseHand
        | Verb::LowerHand
        | Verb::CreateInvitation
        | Verb::RevokeInvitation
        | Verb::ShareScreen
        | Verb::StopScreen
        | Verb::CameraOn
        | Verb::CameraOff
        | Verb::Behave => &[],
    };
    let given = [
        ("whom", entry.whom.as_ref().map(|value| &value.span)),
        ("mode", entry.mode.as_ref().map(|value| &value.span)),
        ("media", entry.media.as_ref().map(|value| &value.span)),
        ("kind", entry.kind.as_ref().map(|value| &value.span)),
        ("layer", entry.layer.as_ref().map(|value| &value.span)),
        ("how", entry.how.as_ref().map(|value| &value.span)),
        ("site", entry.site.as_ref().map(|value| &value.span)),
    ];
    for (field, span) in given {
        if let (Some(span), false) = (span, taken.contains(&field)) {
            let expected = if taken.is_empty() { "nothing".to_owned() } else { taken.join(", ") };
            let message =
                format!("does not belong to this deed, expected {expected} beside `at`, `who` and `do`");
            return Err(Problem::at(&Located { value: (), span: span.clone() }, field, message));
        }
    }
    Ok(())
}

fn needed<T: Copy>(entry: &StepEntry, field: &str, value: Option<&Located<T>>) -> Result<T, Problem> {
    value.map(|value| value.value).ok_or_else(|| {
        Problem::at(&entry.verb, field, format!("is missing, expected `{field}` for this deed"))
    })
}

fn whom(
    entry: &StepEntry,
    who: PersonIndex,
    people: &[Person],
    names: &Names,
) -> Result<PersonIndex, Problem> {
    let Some(name) = &entry.whom else {
        return Err(Problem::at(&entry.verb, "whom", "is missing, expected `whom` for this deed"));
    };
    let whom = names.people.one(name, "whom")?;
    if people[whom.0].conference != people[who.0].conference {
        let message =
            format!("`{}` takes part in another conference than `{}`", name.value, people[who.0].name);
        return Err(Problem::at(name, "whom", message));
    }
    Ok(whom)
}

fn media(entry: &StepEntry) -> Result<Permissions, Problem> {
    let Some(media) = &entry.media else { return Ok(Permissions { audio: true, ..Permissions::NONE }) };
    if media.is_empty() {
        return Err(Problem::at(media, "media", "is empty, expected some of audio, camera, screen"));
    }
    let has = |kind| media.contains(&kind);
    Ok(Permissions {
        audio: has(MediaKind::Audio),
        video: has(MediaKind::Camera),
        screen: has(MediaKind::Screen),
    })
}

fn watched_kind(entry: &StepEntry) -> Result<MediaKind, Problem> {
    match &entry.kind {
        None => Ok(MediaKind::Camera),
        Some(kind) if kind.value.is_video() => Ok(kind.value),
        Some(kind) => {
            Err(Problem::at(kind, "kind", "is audio, which is always received, expected camera or screen"))
        }
    }
}

fn own_recording(entry: &StepEntry, person: &Person, kind: MediaKind) -> Result<(), Problem> {
    let (recording, field) = match kind {
        MediaKind::Audio => (person.microphone, "microphone"),
        MediaKind::Camera => (person.camera, "camera"),
        MediaKind::Screen => (person.screen, "screen"),
    };
    recording.map(|_| ()).ok_or_else(|| {
        let message = format!("`{}` has no {field}, expected `{field}` at the person", person.name);
        Problem::at(&entry.verb, "do", message)
    })
}
