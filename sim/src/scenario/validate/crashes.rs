//! Owns the validation of crashes.

use std::time::Duration;

use media_core::Timestamp;

use super::time;
use crate::scenario::{Crash, error::Problem, file::CrashEntry};

/// Makes the crashes in order of time.
pub(super) fn resolve(entries: &[CrashEntry], run: Duration) -> Result<Vec<Crash>, Problem> {
    let mut crashes: Vec<(Crash, &CrashEntry)> = Vec::new();
    for entry in entries {
        let at = time(&entry.at, "at", run)?;
        let until = at + entry.down_for.value.0;
        if entry.down_for.value.0.is_zero() {
            return Err(Problem::at(&entry.down_for, "down_for", "is 0, expected more"));
        }
        if until >= Timestamp::ZERO + run {
            let message = "lasts to the end of the run or longer, expected a restart within it";
            return Err(Problem::at(&entry.down_for, "down_for", message));
        }
        crashes.push((Crash { at, until }, entry));
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
