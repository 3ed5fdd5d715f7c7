//! Owns the way from a file to a scenario: fills in defaults, expands counts, resolves names, and refuses what
//! cannot be run or cannot be meant. It stops at the first problem.

mod crashes;
mod expectations;
mod faults;
mod people;
mod steps;
mod suites;

use std::time::Duration;

use jiff::{ZonedDateTime, civil::Date, tz::TimeZone};
use media_core::{Timestamp, limits, signalling::Mode};

use super::{
    Conference, ConferenceIndex, DurationText, Licences, Limits, Located, PersonIndex, Scenario, Site,
    SiteIndex,
    error::Problem,
    file::{ConferenceEntry, LicencesEntry, LimitsEntry, ScenarioFile, SiteEntry},
    names::{Directory, check_name, nearest},
};
use crate::site::{
    file::{LinkRef, within},
    presets,
};

/// The version of the file form that is read.
const SCHEMA: u32 = 1;
/// Shortest and longest run.
const DURATION_RANGE: (Duration, Duration) = (Duration::from_secs(1), Duration::from_hours(1));
/// Things that one entry with a count makes.
const COUNT_MAX: u32 = 1_000;
/// People in all; the city of 750 conferences of 50 is 37,500.
const PEOPLE_MAX: usize = 50_000;
/// Licences that can be configured.
const LICENCES_MAX: u32 = 100_000;
/// What the clock shows when a scenario does not say.
const CLOCK_DEFAULT: &str = "2020-06-15T09:00:00[Europe/Berlin]";
/// Last valid day of the licences when a scenario does not say (LIC-004).
const VALID_THROUGH_DEFAULT: Date = jiff::civil::date(2021, 10, 31);

/// What entries can refer to by name.
#[derive(Debug)]
struct Names {
    sites: Directory<SiteIndex>,
    conferences: Directory<ConferenceIndex>,
    people: Directory<PersonIndex>,
    duration: Duration,
}

/// Makes the scenario that the file describes.
pub(super) fn validate(file: &ScenarioFile) -> Result<Scenario, Problem> {
    if file.schema.value != SCHEMA {
        let message = format!("is {}, expected {SCHEMA}", file.schema.value);
        return Err(Problem::at(&file.schema, "schema", message));
    }
    check_name(&file.name)?;
    let duration = duration(&file.duration)?;
    let clock = clock(file.clock.as_ref())?;
    let clock_unix_ns = unix_ns(&clock);
    let limits = limits(file.limits.as_ref())?;

    let mut names = Names {
        sites: Directory::new("site"),
        conferences: Directory::new("conference"),
        people: Directory::new("person"),
        duration,
    };
    let sites = sites(&file.sites, &mut names)?;
    let called = call_conferences(file, &mut names)?;
    let entry_of = people::enlist(file, &mut names)?;
    let conferences = conferences(&called, &names)?;
    let people = people::resolve(file, &entry_of, &conferences, &names)?;
    let called: Vec<&ConferenceEntry> = called.iter().map(|called| called.entry).collect();
    people::check_hosts(&called, &conferences, &people)?;
    people::check_sizes(file, &called, &people, limits)?;
    let steps = steps::resolve(file, (&people, &sites), &names)?;
    people::check_links(file, &entry_of, &people, &steps)?;
    Ok(Scenario {
        name: file.name.value.clone(),
        description: file.description.value.clone(),
        duration,
        seed: file.seed.map_or(0, |seed| seed.0),
        clock_unix_ns,
        licences: licences(file.licences.as_ref(), clock_unix_ns)?,
        limits,
        expectations: expectations::resolve(&file.expectations, &people)?,
        faults: faults::resolve(&file.faults, &names)?,
        crashes: crashes::resolve(&file.crashes, duration)?,
        sites,
        conferences,
        people,
        steps,
        file: file.clone(),
    })
}

fn duration(duration: &Located<DurationText>) -> Result<Duration, Problem> {
    let (min, max) = DURATION_RANGE;
    if (min..=max).contains(&duration.value.0) {
        Ok(duration.value.0)
    } else {
        let message = format!("is {}, expected 1s to 1h", duration.value);
        Err(Problem::at(duration, "duration", message))
    }
}

fn clock(clock: Option<&Located<ZonedDateTime>>) -> Result<ZonedDateTime, Problem> {
    let Some(clock) = clock else {
        return Ok(CLOCK_DEFAULT.parse().expect("the default clock is valid"));
    };
    if (1970..=2200).contains(&clock.value.with_time_zone(TimeZone::UTC).year()) {
        Ok(clock.value.clone())
    } else {
        Err(Problem::at(clock, "clock", format!("is {}, expected a year of 1970 to 2200", clock.value)))
    }
}

fn unix_ns(instant: &ZonedDateTime) -> u64 {
    u64::try_from(instant.timestamp().as_nanosecond()).unwrap_or(0)
}

fn licences(entry: Option<&LicencesEntry>, clock_unix_ns: u64) -> Result<Licences, Problem> {
    let count = match entry.and_then(|entry| entry.count.as_ref()) {
        Some(count) => within(count, "count", 0, LICENCES_MAX)?,
        None => limits::LICENCES_DEFAULT,
    };
    let valid_through = entry.and_then(|entry| entry.valid_through).unwrap_or(VALID_THROUGH_DEFAULT);
    let berlin = TimeZone::get("Europe/Berlin").expect("the time zone database is bundled");
    // Days beyond the calendar's end never come.
    let over_ns = valid_through
        .tomorrow()
        .and_then(|day| day.to_zoned_datetime(berlin))
        .map_or(u64::MAX, |midnight| unix_ns(&midnight));
    Ok(Licences { count, valid_until: Timestamp::from_nanos(over_ns.saturating_sub(clock_unix_ns)) })
}

fn limits(entry: Option<&LimitsEntry>) -> Result<Limits, Problem> {
    let most = limits::PARTICIPANTS_MAX_CONFIGURABLE;
    let participants_max = match entry.and_then(|entry| entry.participants_max.as_ref()) {
        Some(number) => within(number, "participants_max", 2, most)?,
        None => limits::PARTICIPANTS_MAX_DEFAULT,
    };
    let speakers = match entry.and_then(|entry| entry.speakers.as_ref()) {
        Some(number) => within(number, "speakers", 1, 50)? as usize,
        None => limits::SPEAKERS_DEFAULT,
    };
    let frames_per_key = match entry.and_then(|entry| entry.frames_per_key.as_ref()) {
        Some(number) => Some(u64::from(within(number, "frames_per_key", 50, 1_000_000)?)),
        None => None,
    };
    Ok(Limits { participants_max, speakers, frames_per_key })
}

fn sites(entries: &[SiteEntry], names: &mut Names) -> Result<Vec<Site>, Problem> {
    let mut sites = Vec::new();
    for entry in entries {
        let (link, segment) = match &entry.link.value {
            LinkRef::Inline(link) => (link.resolve()?, entry.segment.unwrap_or_default()),
            LinkRef::Preset(name) => {
                let building = presets::find(name).ok_or_else(|| unknown_preset(entry, name))?;
                (building.link, entry.segment.unwrap_or(building.segment))
            }
        };
        if let Some(borough) = &entry.borough {
            check_name(borough).map_err(|_| {
                Problem::at(borough, "borough", "expected lower-case letters, digits and hyphens")
            })?;
        }
        let mut next = sites.len();
        let made = names.sites.add(&entry.name, count(entry.count.as_ref())?, || {
            next += 1;
            SiteIndex(next - 1)
        })?;
        sites.extend(made.into_iter().map(|name| Site {
            name,
            link,
            segment,
            borough: entry.borough.as_ref().map(|borough| borough.value.clone()),
        }));
    }
    Ok(sites)
}

fn unknown_preset(entry: &SiteEntry, name: &str) -> Problem {
    let known = presets::names().collect::<Vec<_>>().join(", ");
    let problem =
        Problem::at(&entry.link, "link", format!("there is no preset `{name}`, expected one of {known}"));
    match nearest(name, presets::names()) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

/// A conference that an entry asks for.
struct Called<'a> {
    entry: &'a ConferenceEntry,
    /// Which of the entry's, from 0.
    number: usize,
    name: String,
}

/// Gives every conference its name and index.
fn call_conferences<'a>(file: &'a ScenarioFile, names: &mut Names) -> Result<Vec<Called<'a>>, Problem> {
    let mut conferences = Vec::new();
    for entry in &file.conferences {
        let mut next = conferences.len();
        let made = names.conferences.add(&entry.name, count(entry.count.as_ref())?, || {
            next += 1;
            ConferenceIndex(next - 1)
        })?;
        conferences.extend(made.into_iter().enumerate().map(|(number, name)| Called { entry, number, name }));
    }
    Ok(conferences)
}

fn conferences(called: &[Called<'_>], names: &Names) -> Result<Vec<Conference>, Problem> {
    called
        .iter()
        .map(|Called { entry, number, name }| {
            Ok(Conference {
                name: name.clone(),
                host: host(entry, *number, names)?,
                mode: entry.mode.unwrap_or(Mode::Discussion),
                lobby: entry.lobby.unwrap_or(false),
                start: match &entry.start {
                    Some(start) => time(start, "start", names.duration)?,
                    None => Timestamp::ZERO,
                },
                encryption: suites::of_conference(entry)?,
            })
        })
        .collect()
}

/// Who starts a conference: of several alike, each has its own host.
fn host(entry: &ConferenceEntry, number: usize, names: &Names) -> Result<PersonIndex, Problem> {
    let Some(count) = &entry.count else { return names.people.one(&entry.host, "host") };
    let hosts = names.people.all(&entry.host, "host")?;
    if hosts.len() == count.value as usize {
        return Ok(hosts[number]);
    }
    let message = format!(
        "`{}` stands for {} people, expected {}: one for each conference",
        entry.host.value,
        hosts.len(),
        count.value
    );
    Err(Problem::at(&entry.host, "host", message))
}

/// A count of an entry, in range.
fn count(count: Option<&Located<u32>>) -> Result<Option<u32>, Problem> {
    count.map(|count| within(count, "count", 1, COUNT_MAX)).transpose()
}

/// A time within the run.
fn time(time: &Located<DurationText>, field: &str, run: Duration) -> Result<Timestamp, Problem> {
    if time.value.0 > run {
        let message =
            format!("is {}, after the end of the run, expected at most {}", time.value, DurationText(run));
        return Err(Problem::at(time, field, message));
    }
    Ok(Timestamp::ZERO + time.value.0)
}
