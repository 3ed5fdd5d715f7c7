//! What rehearsing a city costs for each packet that media nodes forward, over conferences of 50 people in mix `presenter`, on one
//! thread: everything from joins to meters, on metadata. Beside it the floor of such a simulation, with as many packets, and the
//! growth from 10 conferences to 30.

mod floor;

use std::{cell::Cell, process::ExitCode, rc::Rc, time::Duration};

use benches::{
    paired::{self, Contender, Rounds, time},
    tally::{Tally, Work},
};
use conformance::measured::{Bound, Claim, Size, Unit};
use floor::Floor;
use sim::{
    city::{City, CityPlan, CitySettings, Means, run},
    seed::Seed,
};

/// Conferences at once: as few as the four media nodes allow, and those that are held against each other.
const CONFERENCES: [u32; 3] = [4, 10, 30];
/// People in each.
const PEOPLE: u32 = 50;
/// Simulated time: everybody comes in, a borough's lines fail, a media node crashes.
const DURATION: Duration = Duration::from_secs(6);
/// A city is rehearsed once to warm up, and so often for the median. The interval of so few is wide.
const ROUNDS: (usize, usize) = (1, 7);
/// Times are told for so many packets, so that a nanosecond is fine enough.
const PACKETS: u64 = 1_000;
/// How much more a packet may cost in 30 conferences than in 10. It is what 750 may cost.
const GROWTH: f64 = 1.3;

fn plan(city: &City, conferences: u32, participants: u32, duration: Duration) -> CityPlan {
    let settings = CitySettings {
        conferences: Some(conferences),
        participants: Some(participants),
        duration,
        mix: "presenter".to_owned(),
        seed: Seed::new(1),
    };
    CityPlan::draw(city, &settings)
}

/// Rehearses. How long that took, and how many packets were forwarded.
fn rehearse(city: &City, plan: &CityPlan) -> (Duration, u64) {
    let mut forwarded = 0;
    let took = time(|| {
        let record = run(city, plan, Means::quick(1), None, &mut |_| {});
        forwarded = record.expect("the simulated network runs").forwarded();
    });
    assert!(forwarded > 0, "somebody is heard");
    (took, forwarded)
}

/// The floor and the city of one size. The floor does as many copies as the city forwarded last.
fn contenders(conferences: u32) -> [Contender; 2] {
    let city = City::berlin();
    let plan = plan(&city, conferences, PEOPLE, DURATION);
    let copies = Rc::new(Cell::new(0));
    let forwarded = Rc::clone(&copies);
    let mut floor = Floor::new(conferences, PEOPLE);
    let floor = move |packets: u64| {
        // Before the first rehearsal it is not known how many that are.
        let (took, arrived) = floor.run(copies.get().max(1));
        took.mul_f64(packets as f64 / arrived as f64)
    };
    let city = move |packets: u64| {
        let (took, done) = rehearse(&city, &plan);
        forwarded.set(done);
        took.mul_f64(packets as f64 / done as f64)
    };
    [
        Contender { name: "floor", most: None, run: Box::new(floor) },
        Contender { name: "city", most: None, run: Box::new(city) },
    ]
}

fn main() -> ExitCode {
    if !paired::is_measured() {
        // That it works, in a blink.
        let city = City::berlin();
        rehearse(&city, &plan(&city, CONFERENCES[0], 3, Duration::from_secs(3)));
        Floor::new(CONFERENCES[0], PEOPLE).run(1);
        return ExitCode::SUCCESS;
    }
    let mut all: Vec<Contender> = CONFERENCES.into_iter().flat_map(contenders).collect();
    let rounds = Rounds::run_so_often(&mut all, PACKETS, ROUNDS);
    let mut tally = Tally::begin("city");
    let city = |place: usize| place * 2 + 1;
    for (place, conferences) in CONFERENCES.into_iter().enumerate() {
        let work = Work::sized("presenter", Size::conferences(u64::from(conferences)));
        tally.add(&work, &all, &rounds, place * 2..place * 2 + 2);
    }
    let what = format!("a packet among {} conferences beside one among {}", CONFERENCES[2], CONFERENCES[1]);
    let growth = rounds.ratio(city(2), city(1));
    tally.claim(Claim::new(what, growth, Unit::Ratio, Bound::AtMost(GROWTH)));
    tally.finish()
}
