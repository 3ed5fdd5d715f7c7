//! Owns the command `city`: what is rehearsed of the whole city, and where the answer goes.

use std::{
    num::NonZero,
    time::Duration,
    thread,
};

use clap::Args;
use sim::{
    city::{City, CityPlan, CitySettings},
    seed::Seed,
};

use super::{Exit, Failure, Stage, wall_now};
use crate::{bad_input::BadInput, rehearsal::HarnessError};

#[derive(Args)]
pub(super) struct CityArgs {
    /// Conferences at once; without it, all of the city's.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    conferences: Option<u32>,
    /// People in each; without it, as many as the city's file says.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    participants: Option<u32>,
    /// Simulated time, from 10s on.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    duration: Duration,
    /// Which kinds of conferences: a mix of the city's file.
    #[arg(long, value_name = "NAME", default_value = "presenter")]
    mix: String,
    /// What is drawn is drawn from this.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Threads, whose number changes nothing but the time; without it, as many as the machine runs at once.
    #[arg(long, value_name = "N")]
    threads: Option<NonZero<usize>>,
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches('s');
    let seconds: u64 = digits.parse().map_err(|_| format!("`{text}` is no time, for instance 60s"))?;
    if seconds < 10 { Err("below 10s nobody is in".to_owned()) } else { Ok(Duration::from_secs(seconds)) }
}

pub(super) fn city(args: &CityArgs, stage: &mut Stage<'_>) -> Result<Exit, Failure> {
    let city = City::berlin();
    if city.mix(&args.mix).is_none() {
        let known: Vec<&str> = city.file.mix.iter().map(|mix| mix.name.as_str()).collect();
        return Err(BadInput::new(format!("--mix {}: there is no such mix; there are {}", args.mix, known.join(", "))).into());
    }
    let settings = CitySettings {
        conferences: args.conferences,
        participants: args.participants,
        duration: args.duration,
        mix: args.mix.clone(),
        seed: Seed::new(args.seed),
    };
    let threads = args.threads.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZero::get);
    let plan = CityPlan::draw(&city, &settings);
    let started = wall_now();
    let record = sim::city::run(&city, &plan, threads, &mut |_| {})
        .map_err(|error| HarnessError::Run { scenario: "city".to_owned(), seed: args.seed, reason: error.to_string() })?;
    let wall = started.elapsed();
    let people: Vec<_> = record.buildings.iter().flat_map(|building| &building.people).collect();
    let entered = people.iter().filter(|(_, record)| record.entered_after.is_some()).count();
    let heard = people.iter().filter(|(_, record)| record.heard_after.is_some()).count();
    let mut mos: Vec<f64> = people.iter().filter_map(|(_, record)| record.audio.map(|audio| audio.mos)).collect();
    mos.sort_by(f64::total_cmp);
    let mut kbps: Vec<f64> = people.iter().filter_map(|(_, record)| record.video.map(|video| video.kbps)).collect();
    kbps.sort_by(f64::total_cmp);
    let at = |values: &[f64], share: f64| values.get((values.len() as f64 * share) as usize).copied().unwrap_or_default();
    writeln!(stage.out, "{} people, {entered} in, {heard} heard; mos p1 {:.2} p50 {:.2} n {}; kbps p5 {:.0} p50 {:.0} p95 {:.0}; ",
        people.len(), at(&mos, 0.01), at(&mos, 0.5), mos.len(), at(&kbps, 0.05), at(&kbps, 0.5), at(&kbps, 0.95))?;
    for node in &record.nodes { writeln!(stage.out, "{node:?}")?; }
    let broken = people.iter().filter(|(_, r)| !r.returns.is_empty()).count();
    let back = people.iter().filter(|(_, r)| r.returns.iter().all(|(_, b)| b.is_some()) && !r.returns.is_empty()).count();
    let refused = people.iter().filter(|(_, r)| r.refused.is_some()).count();
    writeln!(stage.out, "broken {broken}, back {back}, refused {refused}; buildings {}", record.buildings.len())?;
    let forwarded = record.forwarded();
    writeln!(stage.out, "forwarded {forwarded}, delivered {}; digest {:016x}; wall {:.2} s, factor {:.2}, {:.0} ns per forward",
        record.delivered, record.digest, wall.as_secs_f64(), args.duration.as_secs_f64() / wall.as_secs_f64(),
        wall.as_secs_f64() * 1e9 * threads as f64 / forwarded as f64)?;
    Ok(Exit::Holds)
}
