//! Owns the time lines that are kept of a run: of the participants who fared worst, and of the links that they sit behind
//! or that queued longest.

use serde::{Deserialize, Serialize};
use sim::{
    run::Run,
    timeline::{Grid, LinkTimeline, ParticipantTimeline},
};

use super::SiteSummary;

/// The time lines of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunLines {
    /// Length of an interval in milliseconds; the last may be shorter.
    pub interval_ms: u64,
    /// Number of intervals.
    pub intervals: u64,
    /// Participants, worst first.
    pub participants: Vec<ParticipantLine>,
    /// Their sites and those with the longest queues, longest first.
    pub sites: Vec<SiteLine>,
}

/// One participant's time lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParticipantLine {
    /// The participant.
    pub name: String,
    /// The site they sit at.
    pub site: String,
    /// What they heard, saw and received.
    pub line: ParticipantTimeline,
}

/// One site's time lines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteLine {
    /// The site.
    pub name: String,
    /// To the building.
    pub down: LinkTimeline,
    /// From the building.
    pub up: LinkTimeline,
}

impl RunLines {
    /// The lines of the participants `drawn`, of their sites and of the sites `listed`.
    pub(super) fn of(run: &Run, drawn: impl Iterator<Item = usize>, listed: &[SiteSummary]) -> Self {
        let grid = Grid::of(run.scenario.duration);
        let line = |person: usize| ParticipantLine {
            name: run.people[person].report.name.clone(),
            site: run.people[person].report.site.clone(),
            line: run.people[person].timeline.clone(),
        };
        let participants: Vec<_> = drawn.map(line).collect();
        let mut names: Vec<&str> = listed.iter().map(|site| site.name.as_str()).collect();
        for participant in &participants {
            if !names.contains(&participant.site.as_str()) {
                names.push(&participant.site);
            }
        }
        let site = |name: &&str| {
            let (_, meter) = run.links.iter().find(|(index, _)| run.scenario.site(*index).name == **name)?;
            let (down, up) = (meter.down.timeline.clone(), meter.up.timeline.clone());
            Some(SiteLine { name: (*name).to_owned(), down, up })
        };
        Self {
            interval_ms: grid.interval().as_millis() as u64,
            intervals: grid.count() as u64,
            sites: names.iter().filter_map(site).collect(),
            participants,
        }
    }

    /// The lines of a site.
    pub fn site(&self, name: &str) -> Option<&SiteLine> {
        self.sites.iter().find(|site| site.name == name)
    }
}
