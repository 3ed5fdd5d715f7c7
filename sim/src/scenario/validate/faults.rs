//! Owns the validation of faults.

use media_core::Timestamp;

use super::{Names, time};
use crate::{
    scenario::{
        Direction, Fault, PathChange,
        error::Problem,
        file::{DirectionName, FaultEntry},
    },
    site::file::{RATE_KBPS_MAX, loss, milliseconds, share, within},
};

/// Makes the faults in order of time.
pub(super) fn resolve(entries: &[FaultEntry], names: &Names) -> Result<Vec<Fault>, Problem> {
    let mut faults = Vec::new();
    for entry in entries {
        let at = time(&entry.at, "at", names.duration)?;
        let until = until(entry, at, names)?;
        let change = change(entry)?;
        let directions: &[Direction] = match entry.direction {
            DirectionName::Down => &[Direction::Down],
            DirectionName::Up => &[Direction::Up],
            DirectionName::Both => &[Direction::Down, Direction::Up],
        };
        for &site in names.sites.all(&entry.site, "site")? {
            faults.extend(directions.iter().map(|&direction| Fault { at, until, site, direction, change }));
        }
    }
    faults.sort_by_key(|fault| fault.at);
    Ok(faults)
}

fn until(entry: &FaultEntry, at: Timestamp, names: &Names) -> Result<Option<Timestamp>, Problem> {
    let Some(duration) = &entry.duration else { return Ok(None) };
    let until = at + duration.value.0;
    if duration.value.0.is_zero() {
        return Err(Problem::at(
            duration,
            "duration",
            "is 0, expected more, or no duration for a lasting fault",
        ));
    }
    if until > Timestamp::ZERO + names.duration {
        return Err(Problem::at(duration, "duration", "ends after the run, expected an end within it")
            .help("leave it out for a fault that lasts"));
    }
    Ok(Some(until))
}

fn change(entry: &FaultEntry) -> Result<PathChange, Problem> {
    let change = PathChange {
        outage: entry.outage.as_ref().is_some_and(|outage| outage.value),
        rate_kbps: match &entry.rate_kbps {
            Some(rate) => Some(within(rate, "rate_kbps", 1, RATE_KBPS_MAX)?),
            None => None,
        },
        delay: milliseconds(entry.delay_ms.as_ref(), "delay_ms")?,
        jitter: milliseconds(entry.jitter_ms.as_ref(), "jitter_ms")?,
        loss: loss(entry.loss_percent.as_ref(), entry.burst_loss.as_ref())?,
        reorder: share(entry.reorder_percent.as_ref(), "reorder_percent")?,
        duplicate: share(entry.duplicate_percent.as_ref(), "duplicate_percent")?,
        corrupt: share(entry.corrupt_percent.as_ref(), "corrupt_percent")?,
    };
    if change == PathChange::default() {
        return Err(Problem::at(
            &entry.at,
            "fault",
            "changes nothing, expected `outage = true`, `rate_kbps` or another",
        ));
    }
    Ok(change)
}
