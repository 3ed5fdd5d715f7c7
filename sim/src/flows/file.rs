//! Owns the TOML form of a case, and the way from there to a case that can be run. It stops at the first problem.

use std::time::Duration;

use media_core::Timestamp;
use serde::Deserialize;

use super::{Bound, Case, Direction, Figure, Media, Path, Tcp};
use crate::{
    link::RateTimeline,
    scenario::{DurationText, Located, error::Problem},
};

/// What an encoder can do unless a file says otherwise, in kbit/s: least, at the beginning, most (RFC 8867 section 4.3).
const KBPS: (u32, u32, u32) = (150, 150, 1_500);
const KBPS_MAX: u32 = 10_000_000;
/// Longest case, delay and queue.
const DURATION_MAX: Duration = Duration::from_mins(10);
const DELAY_MAX: Duration = Duration::from_secs(10);
/// Flows alike.
const COUNT_MAX: u32 = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFile {
    name: Located<String>,
    source: Located<String>,
    description: Located<String>,
    duration: Located<DurationText>,
    forward: PathEntry,
    backward: PathEntry,
    #[serde(default)]
    media: Vec<MediaEntry>,
    #[serde(default)]
    tcp: Vec<TcpEntry>,
    #[serde(default)]
    expect: Vec<ExpectEntry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathEntry {
    rates: Located<Vec<RateEntry>>,
    delay: Located<DurationText>,
    queue: Located<DurationText>,
    jitter: Option<Located<DurationText>>,
    loss: Option<Located<f64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RateEntry {
    at: Located<DurationText>,
    kbps: Located<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MediaEntry {
    name: Located<String>,
    #[serde(default)]
    direction: Direction,
    count: Option<Located<u32>>,
    extra_delay: Option<Located<DurationText>>,
    start: Option<Located<DurationText>>,
    stop: Option<Located<DurationText>>,
    #[serde(default)]
    pauses: Vec<PauseEntry>,
    min_kbps: Option<Located<u32>>,
    start_kbps: Option<Located<u32>>,
    max_kbps: Option<Located<u32>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseEntry {
    from: Located<DurationText>,
    until: Located<DurationText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TcpEntry {
    name: Located<String>,
    count: Option<Located<u32>>,
    start: Option<Located<DurationText>>,
    pause_mean: Option<Located<DurationText>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectEntry {
    figure: Located<Figure>,
    flow: Option<Located<String>>,
    #[serde(default)]
    direction: Direction,
    from: Located<DurationText>,
    until: Located<DurationText>,
    level: Option<Located<f64>>,
    at_least: Located<f64>,
    at_most: Located<f64>,
    reason: Located<String>,
}

/// Makes the case that the file describes.
pub(super) fn validate(file: &CaseFile) -> Result<Case, Problem> {
    for (field, text) in [("name", &file.name), ("source", &file.source), ("description", &file.description)]
    {
        if text.trim().is_empty() {
            return Err(Problem::at(text, field, "is empty"));
        }
    }
    let duration = within(&file.duration, "duration", DURATION_MAX)?;
    if duration.is_zero() {
        return Err(Problem::at(&file.duration, "duration", "is zero"));
    }
    let end = Timestamp::ZERO + duration;
    let mut names = Vec::new();
    let mut media = Vec::new();
    for entry in &file.media {
        media.extend(media_flows(entry, end, &mut names)?);
    }
    let tcp =
        file.tcp.iter().map(|entry| tcp_flows(entry, end, &mut names)).collect::<Result<Vec<_>, _>>()?;
    if names.is_empty() {
        return Err(Problem::at(&file.name, "media", "there is no flow"));
    }
    let bounds = file.expect.iter().map(|entry| bound(entry, end, &names)).collect::<Result<Vec<_>, _>>()?;
    if bounds.is_empty() {
        return Err(Problem::at(&file.name, "expect", "nothing is expected, so nothing can fail"));
    }
    Ok(Case {
        name: file.name.value.clone(),
        source: file.source.value.clone(),
        description: file.description.value.clone(),
        duration,
        forward: path(&file.forward, end)?,
        backward: path(&file.backward, end)?,
        media,
        tcp,
        bounds,
    })
}

fn path(entry: &PathEntry, end: Timestamp) -> Result<Path, Problem> {
    let mut steps = Vec::new();
    for rate in &entry.rates.value {
        steps.push((moment(&rate.at, "at", end)?, 1000 * u64::from(kbps(&rate.kbps, "kbps")?)));
    }
    let rate = RateTimeline::from_steps(steps)
        .map_err(|error| Problem::at(&entry.rates, "rates", error.to_string()))?;
    let loss = entry.loss.as_ref().map_or(0.0, |loss| loss.value);
    if let Some(entry) = entry.loss.as_ref().filter(|loss| !(0.0..1.0).contains(&loss.value)) {
        return Err(Problem::at(entry, "loss", format!("is {loss}; a share lies from 0 to 1")));
    }
    let jitter = entry.jitter.as_ref().map(|jitter| within(jitter, "jitter", DELAY_MAX)).transpose()?;
    Ok(Path {
        rate,
        delay: within(&entry.delay, "delay", DELAY_MAX)?,
        queue: within(&entry.queue, "queue", DELAY_MAX)?,
        jitter: jitter.unwrap_or_default(),
        loss,
    })
}

fn media_flows(entry: &MediaEntry, end: Timestamp, names: &mut Vec<String>) -> Result<Vec<Media>, Problem> {
    let rate = |entry: &Option<Located<u32>>, field, default| {
        entry.as_ref().map_or(Ok(default), |entry| kbps(entry, field)).map(|kbps| 1000 * u64::from(kbps))
    };
    let bps = (
        rate(&entry.min_kbps, "min_kbps", KBPS.0)?,
        rate(&entry.start_kbps, "start_kbps", KBPS.1)?,
        rate(&entry.max_kbps, "max_kbps", KBPS.2)?,
    );
    if bps.0 > bps.2 || !(bps.0..=bps.2).contains(&bps.1) {
        let message = "rates have to be least <= at the beginning <= most";
        return Err(Problem::at(&entry.name, "media", message));
    }
    let mut pauses = Vec::new();
    for pause in &entry.pauses {
        pauses.push((moment(&pause.from, "from", end)?, moment(&pause.until, "until", end)?));
        if pause.until.value <= pause.from.value {
            return Err(Problem::at(&pause.until, "until", "is not later than `from`"));
        }
    }
    let start = optional_moment(entry.start.as_ref(), "start", end)?;
    let flow = Media {
        name: String::new(),
        direction: entry.direction,
        extra_delay: entry
            .extra_delay
            .as_ref()
            .map_or(Ok(Duration::ZERO), |at| within(at, "extra_delay", DELAY_MAX))?,
        start: start.unwrap_or_default(),
        stop: optional_moment(entry.stop.as_ref(), "stop", end)?,
        pauses,
        bps,
    };
    let count = count(entry.count.as_ref())?;
    let mut flows = Vec::new();
    for n in 1..=count {
        let name = if count == 1 { entry.name.value.clone() } else { format!("{}-{n}", entry.name.value) };
        add_name(&entry.name, name.clone(), names)?;
        flows.push(Media { name, ..flow.clone() });
    }
    Ok(flows)
}

fn tcp_flows(entry: &TcpEntry, end: Timestamp, names: &mut Vec<String>) -> Result<Tcp, Problem> {
    add_name(&entry.name, entry.name.value.clone(), names)?;
    let pause_mean =
        entry.pause_mean.as_ref().map(|mean| within(mean, "pause_mean", DURATION_MAX)).transpose()?;
    Ok(Tcp {
        name: entry.name.value.clone(),
        count: count(entry.count.as_ref())? as usize,
        start: optional_moment(entry.start.as_ref(), "start", end)?.unwrap_or_default(),
        pause_mean,
    })
}

fn bound(entry: &ExpectEntry, end: Timestamp, names: &[String]) -> Result<Bound, Problem> {
    let figure = entry.figure.value;
    let flow = match &entry.flow {
        Some(flow) => {
            let known = names.iter().position(|name| *name == flow.value);
            Some(
                known
                    .ok_or_else(|| Problem::at(flow, "flow", format!("there is no flow `{}`", flow.value)))?,
            )
        }
        None if figure.needs_flow() => {
            return Err(Problem::at(&entry.figure, "figure", format!("{figure} is about a `flow`")));
        }
        None => None,
    };
    let (from, until) = (moment(&entry.from, "from", end)?, moment(&entry.until, "until", end)?);
    if until <= from {
        return Err(Problem::at(&entry.until, "until", "is not later than `from`"));
    }
    if figure.needs_level() != entry.level.is_some() {
        let message =
            format!("{figure} {} a `level`", if figure.needs_level() { "needs" } else { "has not" });
        return Err(Problem::at(&entry.figure, "figure", message));
    }
    let (at_least, at_most) = (entry.at_least.value, entry.at_most.value);
    if at_least.is_nan() || at_most.is_nan() || at_least > at_most {
        return Err(Problem::at(&entry.at_most, "at_most", "is less than `at_least`"));
    }
    if entry.reason.trim().is_empty() {
        return Err(Problem::at(&entry.reason, "reason", "is empty"));
    }
    Ok(Bound {
        figure,
        flow,
        direction: entry.direction,
        from,
        until,
        level: entry.level.as_ref().map_or(0.0, |level| level.value),
        at_least,
        at_most,
        reason: entry.reason.value.clone(),
    })
}

fn add_name(entry: &Located<String>, name: String, names: &mut Vec<String>) -> Result<(), Problem> {
    if name.trim().is_empty() || names.contains(&name) {
        return Err(Problem::at(entry, "name", format!("`{name}` is empty or used twice")));
    }
    names.push(name);
    Ok(())
}

fn count(entry: Option<&Located<u32>>) -> Result<u32, Problem> {
    match entry {
        Some(count) if !(1..=COUNT_MAX).contains(&count.value) => {
            Err(Problem::at(count, "count", format!("is {}, expected 1 to {COUNT_MAX}", count.value)))
        }
        Some(count) => Ok(count.value),
        None => Ok(1),
    }
}

fn kbps(entry: &Located<u32>, field: &str) -> Result<u32, Problem> {
    if (0..=KBPS_MAX).contains(&entry.value) {
        return Ok(entry.value);
    }
    Err(Problem::at(entry, field, format!("is {}, expected at most {KBPS_MAX}", entry.value)))
}

fn within(entry: &Located<DurationText>, field: &str, most: Duration) -> Result<Duration, Problem> {
    let duration = entry.value.0;
    if duration > most {
        let message = format!("is {}, expected at most {}", entry.value, DurationText(most));
        return Err(Problem::at(entry, field, message));
    }
    Ok(duration)
}

fn moment(entry: &Located<DurationText>, field: &str, end: Timestamp) -> Result<Timestamp, Problem> {
    let at = Timestamp::ZERO + entry.value.0;
    if at > end {
        return Err(Problem::at(entry, field, format!("{} is after the end of the case", entry.value)));
    }
    Ok(at)
}

fn optional_moment(
    entry: Option<&Located<DurationText>>,
    field: &str,
    end: Timestamp,
) -> Result<Option<Timestamp>, Problem> {
    entry.map(|entry| moment(entry, field, end)).transpose()
}
