//! Owns the validation of people: names, places, devices, licences and the times at which they come.

use std::{collections::BTreeMap, time::Duration};

use media_core::{MediaKind, Timestamp, ids::HolderId, signalling::EndpointKind};

use super::{COUNT_MAX, Names, PEOPLE_MAX, count, suites, time};
use crate::{
    recording::Recording,
    scenario::{
        Action, Conference, DurationText, Layer, Limits, LinkKind, Located, Person, PersonIndex, Step,
        error::Problem,
        file::{ConferenceEntry, EndpointName, PersonEntry, ScenarioFile, WatchName},
        names::nearest,
    },
    site::file::within,
};

/// From a conference's start until people open its link, unless they say when.
const JOIN_AFTER_START: Duration = Duration::from_millis(500);
/// Between the joins of people of one entry, unless it says so.
const JOIN_SPACING: Duration = Duration::from_millis(100);
/// People in one room.
const SEATS_MAX: u32 = 100;
/// Cameras watched at once, unless a person says so; Nextcloud Talk's grid shows nine.
const TILES_DEFAULT: usize = 9;
/// Cameras that somebody can watch at once: everybody else's.
const TILES_MAX: u32 = 49;

/// Which entry a person comes from, and as which of its people (from 0).
#[derive(Clone, Debug)]
pub(super) struct Origin {
    entry: usize,
    number: usize,
    name: String,
}

/// Gives everybody their name and index.
pub(super) fn enlist(file: &ScenarioFile, names: &mut Names) -> Result<Vec<Origin>, Problem> {
    let mut people = Vec::new();
    for (entry, person) in file.people.iter().enumerate() {
        let mut next = people.len();
        let made = names.people.add(&person.name, count(person.count.as_ref())?, || {
            next += 1;
            PersonIndex(next - 1)
        })?;
        people.extend(made.into_iter().enumerate().map(|(number, name)| Origin { entry, number, name }));
        if people.len() > PEOPLE_MAX {
            let message = format!("there are more than {PEOPLE_MAX} people with this entry");
            return Err(Problem::at(&person.name, "name", message));
        }
    }
    if people.is_empty() {
        return Err(Problem::at(&file.name, "person", "there is nobody, expected at least one `[[person]]`"));
    }
    Ok(people)
}

/// Makes the people of all entries.
pub(super) fn resolve(
    file: &ScenarioFile,
    origins: &[Origin],
    conferences: &[Conference],
    names: &Names,
) -> Result<Vec<Person>, Problem> {
    let mut people: Vec<Person> = Vec::with_capacity(origins.len());
    for (index, origin) in origins.iter().enumerate() {
        people.push(person(PersonIndex(index), origin, &file.people[origin.entry], conferences, names)?);
    }
    share_accounts(file, origins, &mut people, names)?;
    Ok(people)
}

fn person(
    index: PersonIndex,
    origin: &Origin,
    entry: &PersonEntry,
    conferences: &[Conference],
    names: &Names,
) -> Result<Person, Problem> {
    let sites = names.sites.all(&entry.site, "site")?;
    let conferences_of = names.conferences.all(&entry.conference, "conference")?;
    let conference = conferences_of[origin.number % conferences_of.len()];
    let (endpoint, seats) = endpoint(entry)?;
    let licensed = entry.licence.as_ref().is_some_and(|licence| licence.value);
    Ok(Person {
        name: origin.name.clone(),
        site: sites[origin.number % sites.len()],
        conference,
        holder: licensed.then_some(HolderId(index.0 as u32)),
        client: entry.client.unwrap_or_default(),
        endpoint,
        seats,
        encryption: suites::of_person(entry, conferences[conference.0].encryption)?,
        microphone: recording(entry.microphone.as_ref(), "microphone", MediaKind::Audio)?,
        camera: recording(entry.camera.as_ref(), "camera", MediaKind::Camera)?,
        screen: recording(entry.screen.as_ref(), "screen", MediaKind::Screen)?,
        speaks: speaks(entry, names.duration)?,
        join: join(index, origin, entry, &conferences[conference.0], names.duration)?,
        link: link(entry, names)?,
        watch: entry.watch.map_or(Some(Layer::High), WatchName::layer),
        tiles: match &entry.tiles {
            Some(tiles) => within(tiles, "tiles", 0, TILES_MAX)? as usize,
            None => TILES_DEFAULT,
        },
    })
}

fn endpoint(entry: &PersonEntry) -> Result<(EndpointKind, u32), Problem> {
    let kind = entry.kind.as_ref().map_or(EndpointName::Desk, |kind| kind.value);
    match (kind, &entry.people, &entry.kind) {
        (EndpointName::Desk, Some(people), _) => {
            Err(Problem::at(people, "people", "is only for `kind = \"avc-room\"`"))
        }
        (EndpointName::Desk, None, _) => Ok((EndpointKind::Desk, 1)),
        (EndpointName::AvcRoom, Some(people), _) => {
            Ok((EndpointKind::AvcRoom, within(people, "people", 2, SEATS_MAX)?))
        }
        (EndpointName::AvcRoom, None, Some(kind)) => {
            Err(Problem::at(kind, "people", format!("is missing for a room, expected 2 to {SEATS_MAX}")))
        }
        (EndpointName::AvcRoom, None, None) => unreachable!("a desk is the default"),
    }
}

fn recording(
    name: Option<&Located<String>>,
    field: &'static str,
    kind: MediaKind,
) -> Result<Option<&'static str>, Problem> {
    let Some(name) = name else { return Ok(None) };
    let fitting =
        || Recording::names().filter(|name| Recording::named(name).is_some_and(|known| known.kind == kind));
    if let Some(known) = fitting().find(|known| *known == name.value) {
        return Ok(Some(known));
    }
    let message = format!(
        "`{}` is not a recording of a {field}, expected one of {}",
        name.value,
        fitting().collect::<Vec<_>>().join(", ")
    );
    let problem = Problem::at(name, field, message);
    Err(match nearest(&name.value, fitting()) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem,
    })
}

fn speaks(entry: &PersonEntry, run: Duration) -> Result<Option<Vec<(Timestamp, Timestamp)>>, Problem> {
    let Some(speaks) = &entry.speaks else { return Ok(None) };
    let wrong = |message: String| Err(Problem::at(speaks, "speaks", message));
    if entry.microphone.is_none() {
        return wrong("there is no microphone to speak into, expected `microphone` beside it".to_owned());
    }
    let mut spoken_until = Duration::ZERO;
    for &(DurationText(from), DurationText(to)) in &speaks.value {
        if from >= to || from < spoken_until || to > run {
            return wrong(format!(
                "[{}, {}] is not possible, expected [from, to] in order, apart, and within {}",
                DurationText(from),
                DurationText(to),
                DurationText(run)
            ));
        }
        spoken_until = to;
    }
    Ok(Some(
        speaks.value.iter().map(|(from, to)| (Timestamp::ZERO + from.0, Timestamp::ZERO + to.0)).collect(),
    ))
}

fn join(
    index: PersonIndex,
    origin: &Origin,
    entry: &PersonEntry,
    conference: &Conference,
    run: Duration,
) -> Result<Timestamp, Problem> {
    if conference.host == index {
        return match &entry.join {
            Some(join) => {
                let message =
                    format!("`{}` hosts `{}` and comes when it starts", origin.name, conference.name);
                Err(Problem::at(join, "join", message).help("say `start` at the conference instead"))
            }
            None => Ok(conference.start),
        };
    }
    let first = match &entry.join {
        None => conference.start + JOIN_AFTER_START,
        Some(join) => {
            let first = time(join, "join", run)?;
            if first < conference.start {
                let message =
                    format!("is {}, before `{}` starts, expected a later time", join.value, conference.name);
                return Err(Problem::at(join, "join", message));
            }
            first
        }
    };
    let spacing = entry.join_spacing.as_ref().map_or(JOIN_SPACING, |spacing| spacing.value.0);
    let join = first + spacing.saturating_mul(u32::try_from(origin.number).unwrap_or(COUNT_MAX));
    if join > Timestamp::ZERO + run {
        let message = format!("`{}` would join after the end of the run", origin.name);
        return Err(
            Problem::at(&entry.name, "join", message).help("join earlier, or with less `join_spacing`")
        );
    }
    Ok(join)
}

fn link(entry: &PersonEntry, names: &Names) -> Result<LinkKind, Problem> {
    let Some(link) = &entry.link else { return Ok(LinkKind::Invitation) };
    match link.value.as_str() {
        "invitation" => Ok(LinkKind::Invitation),
        "without-key" => Ok(LinkKind::WithoutKey),
        "wrong" => Ok(LinkKind::Wrong),
        "revoked" => Ok(LinkKind::Revoked),
        other => {
            let Some(conference) = other.strip_prefix("foreign:") else {
                let message = format!(
                    "is `{other}`, expected `invitation`, `without-key`, `wrong`, `revoked` or `foreign:<conference>`"
                );
                return Err(Problem::at(link, "link", message));
            };
            let target = Located { value: conference.to_owned(), span: link.span.clone() };
            let foreign = names.conferences.one(&target, "link")?;
            if conference == entry.conference.value {
                return Err(Problem::at(link, "link", "is their own conference, expected another"));
            }
            Ok(LinkKind::Foreign(foreign))
        }
    }
}

/// Gives the second devices of an account the licence of the first.
fn share_accounts(
    file: &ScenarioFile,
    origins: &[Origin],
    people: &mut [Person],
    names: &Names,
) -> Result<(), Problem> {
    for (index, origin) in origins.iter().enumerate() {
        let entry = &file.people[origin.entry];
        let Some(account) = &entry.account else { continue };
        if entry.licence.is_some() {
            return Err(Problem::at(account, "account", "`licence` is given too, expected one of them"));
        }
        let owner = names.people.one(account, "account")?;
        // Only who has a licence of their own can share it, so the order of entries does not matter.
        if !file.people[origins[owner.0].entry].licence.as_ref().is_some_and(|licence| licence.value) {
            let message = format!("`{}` holds no licence, expected `licence = true` there", account.value);
            return Err(Problem::at(account, "account", message));
        }
        people[index].holder = people[owner.0].holder;
    }
    Ok(())
}

/// Refuses hosts who cannot host.
pub(super) fn check_hosts(
    entries: &[&ConferenceEntry],
    conferences: &[Conference],
    people: &[Person],
) -> Result<(), Problem> {
    for (index, (entry, conference)) in entries.iter().zip(conferences).enumerate() {
        let host = &people[conference.host.0];
        if host.conference.0 != index {
            let elsewhere = &conferences[host.conference.0].name;
            let message =
                format!("`{}` belongs to conference `{elsewhere}`, expected one of this", host.name);
            return Err(Problem::at(&entry.host, "host", message));
        }
        if host.holder.is_none() {
            return Err(Problem::at(&entry.host, "host", format!("`{}` holds no licence", host.name))
                .help(format!("give `{}` a `licence = true`", host.name)));
        }
        if host.link != LinkKind::Invitation {
            let message = format!("`{}` opens no link, expected a person without `link`", host.name);
            return Err(Problem::at(&entry.host, "host", message));
        }
    }
    Ok(())
}

/// Refuses conferences that are larger than the limit, unless the file states the limit and so means it.
pub(super) fn check_sizes(
    file: &ScenarioFile,
    entries: &[&ConferenceEntry],
    people: &[Person],
    limits: Limits,
) -> Result<(), Problem> {
    if file.limits.as_ref().is_some_and(|entry| entry.participants_max.is_some()) {
        return Ok(());
    }
    let mut sizes: BTreeMap<usize, u32> = BTreeMap::new();
    for person in
        people.iter().filter(|person| matches!(person.link, LinkKind::Invitation | LinkKind::WithoutKey))
    {
        *sizes.entry(person.conference.0).or_default() += 1;
    }
    for (index, size) in sizes {
        if size > limits.participants_max {
            let name = &entries[index].name;
            let message =
                format!("`{}` has {size} people, expected at most {}", name.value, limits.participants_max);
            return Err(Problem::at(name, "conference", message)
                .help("state `participants_max` under `[limits]` to raise it, or to rehearse the overflow"));
        }
    }
    Ok(())
}

/// Refuses people with a revoked link where nothing is revoked before they come.
pub(super) fn check_links(
    file: &ScenarioFile,
    origins: &[Origin],
    people: &[Person],
    steps: &[Step],
) -> Result<(), Problem> {
    for (person, origin) in people.iter().zip(origins).filter(|(person, _)| person.link == LinkKind::Revoked)
    {
        let revoked = steps.iter().any(|step| {
            step.action == Action::RevokeInvitation
                && people[step.who.0].conference == person.conference
                && step.at < person.join
        });
        if let (false, Some(link)) = (revoked, &file.people[origin.entry].link) {
            let message = format!("no link is revoked before `{}` joins", person.name);
            return Err(Problem::at(link, "link", message)
                .help("add a step `do = \"revoke-invitation\"` at an earlier time"));
        }
    }
    Ok(())
}
