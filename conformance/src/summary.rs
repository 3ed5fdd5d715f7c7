//! Owns what is kept of a run when its checks have judged it and the run itself is dropped: what people experienced, what
//! links carried, what happened, and the time lines that a page draws. Bounded: a run of 37,500 people leaves no more
//! than one of 100, and says how many it leaves out. Nothing is judged here.

mod events;
mod figures;
mod lines;
mod ranking;
mod sites;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::{
    endpoint::Observation,
    record::ParticipantReport,
    run::Run,
    scenario::{PersonIndex, Scenario},
};

use crate::rehearsal::RunEvidence;

pub use events::EventSummary;
pub use figures::{FIGURES, Figure, FigureSummary};
pub use lines::{ParticipantLine, RunLines, SiteLine};
pub use sites::{SiteSummary, WaySummary};

/// Participants of one run that are listed, at most.
pub const PARTICIPANTS_LISTED_MAX: usize = 100;
/// Participants of one run whose time lines are kept, at most.
pub const PARTICIPANTS_DRAWN_MAX: usize = 8;
/// Sites of one run that are listed, at most.
pub const SITES_LISTED_MAX: usize = 12;
/// Events of one run that are listed, at most.
pub const EVENTS_LISTED_MAX: usize = 60;

/// What one run showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    /// The scenario's name.
    pub scenario: String,
    /// The seed.
    pub seed: u64,
    /// What the scenario rehearses.
    pub description: String,
    /// The run's digest, in hex.
    pub digest: String,
    /// Length of the run in its own time, in seconds.
    pub simulated_s: f64,
    /// What checks found violated in this run, each violation as often as checks found it.
    pub violations_total: u64,
    /// How many participants there were, listed or not.
    pub participants_total: u64,
    /// How many of them never got in.
    pub outside_total: u64,
    /// Median and worst of each figure over all participants.
    pub figures: Vec<FigureSummary>,
    /// The participants, worst first, those who never got in last; at most 100.
    pub participants: Vec<ParticipantSummary>,
    /// How many sites there were, listed or not.
    pub sites_total: u64,
    /// The sites, longest queue first; at most 12.
    pub sites: Vec<SiteSummary>,
    /// How many steps and faults the scenario has, listed or not.
    pub events_total: u64,
    /// The scenario's steps and faults, in order of time; at most 60.
    pub events: Vec<EventSummary>,
}

/// What one participant experienced, and when they were in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ParticipantSummary {
    /// What they experienced.
    #[serde(flatten)]
    pub report: ParticipantReport,
    /// When they were in: from and to, in milliseconds of the run.
    pub inside_ms: Vec<(u64, u64)>,
    /// The reason for which the server last refused to let them in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl ParticipantSummary {
    /// How much was lost of the best, 0 to 2: the distance of the opinion score to 4.5 as a share of 3.5, plus the share of
    /// frozen pictures.
    pub fn trouble(&self) -> f64 {
        ranking::trouble(&self.report)
    }
}

impl RunSummary {
    /// What `run` showed, and the time lines of those who fared worst.
    pub fn of(run: &RunEvidence) -> (Self, RunLines) {
        let mut summary = Self {
            scenario: run.scenario.clone(),
            seed: run.seed,
            description: String::new(),
            digest: run.digest.clone(),
            simulated_s: run.simulated.as_secs_f64(),
            violations_total: 0,
            participants_total: run.participants.len() as u64,
            outside_total: 0,
            figures: figures::over(&run.participants),
            participants: Vec::new(),
            sites_total: 0,
            sites: Vec::new(),
            events_total: 0,
            events: Vec::new(),
        };
        let Some(record) = run.record.as_deref() else { return (summary, RunLines::default()) };
        let scenario = &record.scenario;
        summary.description.clone_from(&scenario.description);
        let order = ranking::worst_first(record);
        let stays = stays(record);
        let is_outside = |person: &usize| stays.get(&PersonIndex(*person)).is_none_or(Vec::is_empty);
        summary.outside_total = (0..record.people.len()).filter(is_outside).count() as u64;
        let listed = order.iter().take(PARTICIPANTS_LISTED_MAX);
        summary.participants = listed.map(|person| participant(record, *person, &stays)).collect();
        (summary.sites_total, summary.sites) = sites::worst_first(record);
        (summary.events_total, summary.events) = events::of(scenario);
        let drawn = order.into_iter().filter(|person| !is_outside(person)).take(PARTICIPANTS_DRAWN_MAX);
        let lines = RunLines::of(record, drawn, &summary.sites);
        (summary, lines)
    }

    /// The median and the worst of a figure; absent where it was measured at nobody.
    pub fn figure(&self, name: &str) -> Option<&FigureSummary> {
        self.figures.iter().find(|figure| figure.name == name)
    }

    /// [`ParticipantSummary::trouble`] of the participant who fared worst.
    pub fn trouble(&self) -> f64 {
        self.participants.first().map_or(0.0, ParticipantSummary::trouble)
    }

    /// How many participants are not listed.
    pub fn participants_left_out(&self) -> u64 {
        self.participants_total - self.participants.len() as u64
    }
}

fn participant(run: &Run, person: usize, stays: &Stays) -> ParticipantSummary {
    let refused = run.observations.iter().rev().find_map(|(_, who, seen)| {
        let Observation::Refused("start" | "join", reason) = seen else { return None };
        if who.0 == person { serde_json::to_value(reason).ok()?.as_str().map(str::to_owned) } else { None }
    });
    ParticipantSummary {
        report: run.people[person].report.clone(),
        inside_ms: stays.get(&PersonIndex(person)).cloned().unwrap_or_default(),
        refused,
    }
}

type Stays = BTreeMap<PersonIndex, Vec<(u64, u64)>>;

/// When everybody was in, in milliseconds.
fn stays(run: &Run) -> Stays {
    let mut stays = Stays::new();
    let mut entered = BTreeMap::new();
    for (at, person, seen) in &run.observations {
        if let Observation::Entered { .. } = seen {
            entered.entry(*person).or_insert(at.as_millis());
        } else if let Observation::Out(_) | Observation::Left | Observation::Disconnected = seen
            && let Some(from) = entered.remove(person)
        {
            stays.entry(*person).or_default().push((from, at.as_millis()));
        }
    }
    let end = Scenario::end(&run.scenario).as_millis();
    for (person, from) in entered {
        stays.entry(person).or_default().push((from, end));
    }
    stays
}

#[cfg(test)]
mod tests;
