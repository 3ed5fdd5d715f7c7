//! Owns the object that `plan` prints and leaves: fields are added, never renamed. What is in it was found by
//! [`planner`](crate::planner); its table is in `plan/table.rs`, its page in `html/plan.rs`.

pub mod table;

use std::num::NonZero;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::site::Segment;

use crate::{
    gate::Verdict,
    planner::{Answer, Answers, Bottleneck, Capacity, Comparison, Load, Quality, Rates, Subject, Trial},
    report::{SCHEMA, WallClock},
};

/// What `plan` says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct PlanReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// `pass` when the line of each building carries what is asked of it as it is.
    pub verdict: Verdict,
    /// One digest over all runs, in hex.
    pub digest: String,
    /// The first seed.
    pub seed: u64,
    /// Seeds that each load was tried with: from `seed` on.
    pub seeds: u32,
    /// Runs that were needed.
    pub runs: u64,
    /// Their length in their own time, in seconds.
    pub simulated_s: f64,
    /// What it took; absent in `plan.json`.
    #[serde(flatten, skip_deserializing)]
    pub wall: Option<WallClock>,
    /// Each building, in the order asked.
    pub sites: Vec<SitePlan>,
}

/// What is known of one building's line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SitePlan {
    /// The building: a preset's name, or that of its file.
    pub name: String,
    /// What its file says of it.
    pub description: String,
    /// Where its file has the rates from.
    pub source: String,
    /// The network it is attached to.
    pub segment: Segment,
    /// Desks in it.
    pub desks: u32,
    /// AVC rooms in it.
    pub avc_rooms: u32,
    /// The line as it is.
    pub present: Rates,
    /// For each class of quality the most desks that the line carries at once, all in one conference.
    pub carries: Carries,
    /// What gives way first when one desk more than that takes part, in the class that is asked for.
    pub bottleneck: Bottleneck,
    /// The same for each class, with the bound that is broken.
    pub capacities: Vec<Capacity>,
    /// What is asked of the line.
    pub demand: Load,
    /// Whether the line carries that as it is.
    pub suffices: bool,
    /// The smallest rates, of preferred numbers 12 % apart and the present ones, that carry the demand: the present ones where
    /// they do. Null where none does, because something else than the rate is in the way.
    pub upgrade: Option<Rates>,
    /// The demand behind the line as it is.
    pub at_present: Trial,
    /// People at desks with cameras, and the same people in one AVC room.
    pub comparison: Comparison,
    /// Everything that was tried behind the line as it is, by class and number: what the charts show.
    pub tried: Vec<Trial>,
}

/// Desks, for each class of quality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Carries {
    /// Everybody hears and is heard.
    pub audio: u32,
    /// The audience of presenter mode.
    pub presentation: u32,
    /// Everybody hears, is heard, and watches ten pictures.
    pub discussion: u32,
    /// The same with cameras of their own.
    pub camera: u32,
}

impl PlanReport {
    /// The report of answers about `subjects`.
    pub fn new(
        subjects: &[Subject],
        seeds: NonZero<u32>,
        answers: &Answers,
        wall: Option<WallClock>,
    ) -> Self {
        let sites: Vec<_> = subjects
            .iter()
            .zip(&answers.answers)
            .map(|(subject, answer)| SitePlan::new(subject, answer))
            .collect();
        let suffices = sites.iter().all(|site| site.suffices);
        Self {
            schema: SCHEMA,
            verdict: if suffices { Verdict::Pass } else { Verdict::Fail },
            digest: answers.digest.clone(),
            seed: 1,
            seeds: seeds.get(),
            runs: answers.runs,
            simulated_s: answers.simulated.as_secs_f64(),
            wall,
            sites,
        }
    }
}

impl SitePlan {
    fn new(subject: &Subject, answer: &Answer) -> Self {
        let building = &subject.building;
        let of = |quality| answer.capacities.iter().find(|capacity| capacity.quality == quality);
        let desks = |quality| of(quality).map_or(0, |capacity| capacity.desks);
        let upgrade = &answer.upgrade;
        Self {
            name: subject.name.clone(),
            description: building.description.clone(),
            source: building.source.clone(),
            segment: building.segment,
            desks: building.desks,
            avc_rooms: building.avc_rooms,
            present: upgrade.present.rates,
            carries: Carries {
                audio: desks(Quality::Audio),
                presentation: desks(Quality::Presentation),
                discussion: desks(Quality::Discussion),
                camera: desks(Quality::Camera),
            },
            bottleneck: of(upgrade.load.quality)
                .map_or_else(|| upgrade.present.bottleneck(), |capacity| capacity.bottleneck),
            capacities: answer.capacities.clone(),
            demand: upgrade.load,
            suffices: upgrade.present.holds,
            upgrade: upgrade.needed,
            at_present: upgrade.present,
            comparison: answer.comparison,
            tried: answer.tried.clone(),
        }
    }
}

impl Carries {
    /// The number of a class.
    pub const fn of(&self, quality: Quality) -> u32 {
        match quality {
            Quality::Audio => self.audio,
            Quality::Presentation => self.presentation,
            Quality::Discussion => self.discussion,
            Quality::Camera => self.camera,
        }
    }
}

/// A load in words: `12 desks and 1 room in discussion`.
pub fn in_words(load: Load) -> String {
    let count = |number: u32, one: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        more => Some(format!("{more} {one}s")),
    };
    let who: Vec<_> = [count(load.desks, "desk"), count(load.rooms, "room")].into_iter().flatten().collect();
    let doing = match load.quality {
        Quality::Audio => "with audio",
        Quality::Presentation => "at a presentation",
        Quality::Discussion => "in discussion",
        Quality::Camera => "in discussion with cameras",
    };
    format!("{} {doing}", who.join(" and "))
}

/// What the demand needs, in one sentence without its full stop.
pub fn answer_in_words(site: &SitePlan) -> String {
    match site.upgrade {
        Some(_) if site.suffices => "the line suffices".to_owned(),
        Some(rates) => {
            let change = |what, needed: u32, present: u32| {
                (needed > present).then(|| format!("{} Mbit/s {what}", megabits(needed)))
            };
            let changes = [
                change("down", rates.down_kbps, site.present.down_kbps),
                change("up", rates.up_kbps, site.present.up_kbps),
            ];
            let changes: Vec<_> = changes.into_iter().flatten().collect();
            format!("needs {}", changes.join(" and "))
        }
        None => format!("no rate helps: {}", site.at_present.bottleneck().meaning()),
    }
}

/// Megabits a second with as many decimals as there are.
pub fn megabits(kbps: u32) -> String {
    let text = format!("{:.3}", f64::from(kbps) / 1_000.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_and_rates_are_told_in_words() {
        let load = |desks, rooms| Load { quality: Quality::Discussion, desks, rooms };
        assert_eq!(in_words(load(12, 1)), "12 desks and 1 room in discussion");
        assert_eq!(in_words(load(0, 2)), "2 rooms in discussion");
        assert_eq!(in_words(load(1, 0)), "1 desk in discussion");
        assert_eq!([600, 1_000, 11_200, 1_000_000].map(megabits), ["0.6", "1", "11.2", "1000"]);
    }
}
