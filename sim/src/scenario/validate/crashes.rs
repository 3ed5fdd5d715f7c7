//! Owns the validation of crashes.

use std::time::Duration;

use media_core::Timestamp;

use super::time;
use crate::{
    packet::NODES_MAX,
    scenario::{Crash, error::Problem, file::CrashEntry},
};

/// Makes the crashes in order of time.
pub(super) fn resolve(entries: &[CrashEntry], run: Duration) -> Result<Vec<Crash>, Problem> {
    let mut crashes: Vec<(Crash, &CrashEntry)> = Vec::new();
    let mut moves = 0;
    for entry in entries {
        let crash = resolve_one(entry, run)?;
        moves += u32::from(crash.moves);
        if moves >= NODES_MAX {
            let message = format!(
                "is one too many, expected {} at most: there are {NODES_MAX} media nodes",
                NODES_MAX - 1
            );
            return Err(Problem::at(&entry.at, "taken_over_after", message));
        }
        crashes.push((crash, entry));
    }
    crashes.sort_by_key(|(crash, _)| crash.at);
    for pair in crashes.windows(2) {
        let [(before, _), (after, entry)] = pair else { continue };
        if after.at <= before.until {
            let message =
                format!("is {}, while the node is down already until {}", entry.at.value, before.until);
            return Err(Problem::at(&entry.at, "at", message).help("let it be up in between"));
        }
    }
    Ok(crashes.into_iter().map(|(crash, _)| crash).collect())
}

fn resolve_one(entry: &CrashEntry, run: Duration) -> Result<Crash, Problem> {
    let at = time(&entry.at, "at", run)?;
    let (field, lasts, moves) = match (&entry.down_for, &entry.taken_over_after) {
        (Some(down_for), None) => ("down_for", down_for, false),
        (None, Some(after)) => ("taken_over_after", after, true),
        (None, None) => {
            let message = "is missing: the node carries on after it, or another one after `taken_over_after`";
            return Err(Problem::at(&entry.at, "down_for", message));
        }
        (Some(_), Some(after)) => {
            let message = "is given beside `down_for`, expected one of them: the conferences have one place";
            return Err(Problem::at(after, "taken_over_after", message));
        }
    };
    let until = at + lasts.value.0;
    if lasts.value.0.is_zero() {
        return Err(Problem::at(lasts, field, "is 0, expected more"));
    }
    if until >= Timestamp::ZERO + run {
        let message = "lasts to the end of the run or longer, expected a restart within it";
        return Err(Problem::at(lasts, field, message));
    }
    Ok(Crash { at, until, moves })
}
