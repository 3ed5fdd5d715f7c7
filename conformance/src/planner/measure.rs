//! Owns the reading of a rehearsed run: what the building's people experienced, and what its line did.

use std::{collections::BTreeSet, time::Duration};

use media_core::{MediaKind, ParticipantId};
use sim::{
    endpoint::{PersonRecord, ReceivedTrack},
    link::LinkDrop,
    quality::AudioMeter,
    run::Run,
    site::Carried,
    timeline::Grid,
};

use super::{
    bottleneck::Way,
    experience::Experience,
    line::Rates,
    load::Load,
    stage::{BUILDING, HOST, SETTLED},
};

/// What one run showed.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The worst that anybody of the building experienced.
    pub seen: Experience,
    /// To the building.
    pub down: Way,
    /// From it.
    pub up: Way,
    /// The run's digest, in hex.
    pub digest: String,
    /// Its length in its own time.
    pub simulated: Duration,
}

/// Reads the run of `load` behind a line of `rates`.
pub(super) fn measure(run: &Run, load: Load, rates: Rates, digest: String) -> Measured {
    let people = || run.people.iter().filter(|person| person.report.site == BUILDING);
    let judged = Judged::of(run);
    let worst = people()
        .map(|person| experience(person, load, &judged))
        .reduce(Experience::worse_of)
        .unwrap_or_else(|| experience_of_nobody(load));
    let sources: BTreeSet<ParticipantId> = people().flat_map(|person| person.stays.iter().copied()).collect();
    let host = run.people.iter().find(|person| person.report.name == HOST);
    let spoken = host.and_then(|host| spoken(host, &sources));
    let unseen = host.filter(|_| load.cameras() > 0).map(|host| {
        let from_building =
            |track: &&ReceivedTrack| track.kind == MediaKind::Camera && sources.contains(&track.source);
        missing(host, load.cameras() as usize, from_building, &judged)
    });
    let (mut down, mut up) = (Way::default(), Way::default());
    for (site, meter) in &run.links {
        if run.scenario.site(*site).name == BUILDING {
            down = way(&meter.down, rates.down_kbps, &judged);
            up = way(&meter.up, rates.up_kbps, &judged);
        }
    }
    let seen = Experience { spoken, unseen, ..worst };
    Measured { seen, down, up, digest, simulated: run.simulated }
}

/// The intervals in which pictures and lines are judged.
struct Judged {
    from: usize,
    length: Duration,
}

impl Judged {
    fn of(run: &Run) -> Self {
        let grid = Grid::of(run.scenario.duration);
        let from = SETTLED.as_nanos().div_ceil(grid.interval().as_nanos()) as usize;
        let length = (from..grid.count()).map(|index| grid.length(index)).sum();
        Self { from, length }
    }

    fn sum(&self, line: &[u32]) -> u64 {
        line.iter().skip(self.from).map(|value| u64::from(*value)).sum()
    }
}

fn experience_of_nobody(load: Load) -> Experience {
    let missing = (load.quality.pictures() > 0).then_some(1.0);
    Experience { inside: false, mos: 1.0, concealment: 1.0, spoken: None, missing, unseen: None }
}

fn experience(person: &PersonRecord, load: Load, judged: &Judged) -> Experience {
    let nobody = experience_of_nobody(load);
    let report = &person.report;
    let audio = report.audio;
    let pictures = load.quality.pictures();
    Experience {
        inside: report.join.entered_ms.is_some(),
        mos: audio.map_or(nobody.mos, |audio| audio.mos),
        concealment: audio.map_or(nobody.concealment, |audio| audio.concealment),
        missing: (pictures > 0).then(|| missing(person, pictures, |_| true, judged)),
        ..nobody
    }
}

/// Share of what the building's speakers said that was concealed, over all of them: they share one line.
fn spoken(host: &PersonRecord, sources: &BTreeSet<ParticipantId>) -> Option<f64> {
    let theirs = host.received.iter().filter(|track| sources.contains(&track.source));
    AudioMeter::report(theirs.filter_map(|track| track.heard.as_ref())).map(|heard| heard.concealment)
}

/// Share of the judged time of `wanted` pictures in which they were not moving. Whoever wants several pictures has one line
/// of time for all of them: what is missing of those that do not count stays small, because they come over a healthy line.
fn missing(
    person: &PersonRecord,
    wanted: usize,
    counts: impl Fn(&&ReceivedTrack) -> bool,
    judged: &Judged,
) -> f64 {
    let shown = person.received.iter().filter(counts).filter(|track| track.seen.is_some()).count();
    let all = wanted as f64 * judged.length.as_secs_f64() * 1_000.0;
    let watched = shown.min(wanted) as f64 * judged.length.as_secs_f64() * 1_000.0;
    let line = &person.timeline;
    let still = judged.sum(&line.frozen_ms) + judged.sum(&line.waiting_ms);
    if all > 0.0 { ((all - watched + still as f64) / all).clamp(0.0, 1.0) } else { 0.0 }
}

fn way(carried: &Carried, rate_kbps: u32, judged: &Judged) -> Way {
    let line = &carried.timeline;
    let intervals = line.carried_kbps.len().saturating_sub(judged.from);
    let carried_kbps =
        if intervals > 0 { judged.sum(&line.carried_kbps) as f64 / intervals as f64 } else { 0.0 };
    let stats = &carried.stats;
    let dropped = stats.dropped(LinkDrop::QueueFull) + stats.dropped(LinkDrop::Aqm);
    let mut waits: Vec<u32> = line.queue_ms.iter().skip(judged.from).copied().collect();
    waits.sort_unstable();
    Way {
        carried_kbps,
        utilisation: carried_kbps / f64::from(rate_kbps.max(1)),
        dropped: dropped as f64 / stats.offered.max(1) as f64,
        lost: stats.dropped(LinkDrop::Loss) as f64 / stats.served.max(1) as f64,
        queue_ms: f64::from(waits.get(waits.len() / 2).copied().unwrap_or_default()),
    }
}
