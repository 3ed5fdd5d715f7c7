//! Owns how long one result lies behind the newest of them. No clock is asked: files say when they were written.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::bad_input::BadInput;

/// What lies further behind the newest may be of another version of what is measured.
const OUTDATED: Duration = Duration::from_hours(24);

/// Names results that are more than a day older than the newest.
pub(super) fn outdated(benches: &[PathBuf], cities: &[PathBuf]) -> Result<Vec<String>, BadInput> {
    let named = |kind: &'static str, path: &Path| -> Result<(String, SystemTime), BadInput> {
        let written: io::Result<SystemTime> = fs::metadata(path).and_then(|file| file.modified());
        let written = written.map_err(|error| BadInput::file(path, &error))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok((format!("{kind} {name}"), written))
    };
    let all = benches.iter().map(|path| named("bench", path));
    let all = all.chain(cities.iter().map(|path| named("city", path))).collect::<Result<Vec<_>, _>>()?;
    let Some(newest) = all.iter().map(|(_, written)| *written).max() else { return Ok(Vec::new()) };
    let behind = |written: SystemTime| newest.duration_since(written).unwrap_or_default();
    let old = all.into_iter().filter(|(_, written)| behind(*written) > OUTDATED);
    let told = |(name, written): (String, SystemTime)| {
        let days = behind(written).as_secs_f64() / 86_400.0;
        format!("{name}: measured {days:.1} days before the newest")
    };
    Ok(old.map(told).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_more_than_a_day_behind_the_newest_is_named_with_how_long() {
        let dir = tempfile::tempdir().unwrap();
        let begun = SystemTime::UNIX_EPOCH + Duration::from_hours(100_000);
        let left = |name: &str, hours: u64| {
            let path = dir.path().join(name);
            let file = fs::File::create(&path).unwrap();
            file.set_modified(begun + Duration::from_hours(hours)).unwrap();
            path
        };
        let benches = [left("forward.json", 72), left("srtp.json", 48)];
        let cities = [left("presenter-750-37500.json", 12)];
        let told = outdated(&benches, &cities).unwrap();
        assert_eq!(told, ["city presenter-750-37500: measured 2.5 days before the newest"]);
        assert_eq!(outdated(&[], &[]).unwrap(), Vec::<String>::new());
    }
}
