//! Owns the checks of the whole city in small: a twenty-fifth of Berlin with everything that befalls it, all its conferences with few
//! people in each, and that neither the machine nor the form of media decides what happens. The whole city is rehearsed
//! by the command `city`, and judged alike.

use std::{sync::LazyLock, time::Duration};

use sim::{
    city::{City, CityPlan, CityRecord, CitySabotage, CitySettings, Means, run},
    seed::Seed,
};

use crate::{
    check::{Check, Judge},
    city::judge,
    evidence::Findings,
};

const SEED: Seed = Seed::new(1);
pub(super) const SMALL_CITY: &str = "a-small-city-holds";
pub(super) const ALL_CONFERENCES: &str = "all-conferences-run-at-once";
pub(super) const SAME_CITY: &str = "a-city-is-the-same-on-any-machine-and-in-any-form";

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: SMALL_CITY,
        requirements: &["CAP-002", "JOIN-003", "JOIN-005", "JOIN-006"],
        scenarios: &[],
        judge: Judge::Standing(|| judged(&SMALL)),
    },
    Check {
        name: ALL_CONFERENCES,
        requirements: &["CAP-001"],
        scenarios: &[],
        judge: Judge::Standing(|| judged(&WIDE)),
    },
    Check {
        name: SAME_CITY,
        requirements: &["DET-001"],
        scenarios: &[],
        judge: Judge::Standing(|| compared(None)),
    },
];

/// How large a city is rehearsed.
struct Size {
    conferences: u32,
    participants: u32,
    seconds: u64,
    mix: &'static str,
}

/// One conference in twenty-five of Berlin's, each as large as there.
const SMALL_SIZE: Size = Size { conferences: 30, participants: 50, seconds: 20, mix: "presenter" };
/// All of Berlin's conferences, with two people in each.
const WIDE_SIZE: Size = Size { conferences: 750, participants: 2, seconds: 10, mix: "presenter" };
/// Large enough for everything that can happen to happen.
const TINY_SIZE: Size = Size { conferences: 8, participants: 6, seconds: 18, mix: "berlin" };

/// Equal rehearsals end alike: each is done once in a process.
static SMALL: LazyLock<CityRecord> = LazyLock::new(|| rehearse(&SMALL_SIZE, Means::quick(1), None));
static WIDE: LazyLock<CityRecord> = LazyLock::new(|| rehearse(&WIDE_SIZE, Means::quick(1), None));

fn rehearse(size: &Size, means: Means, sabotage: Option<CitySabotage>) -> CityRecord {
    let city = City::berlin();
    let settings = CitySettings {
        conferences: Some(size.conferences),
        participants: Some(size.participants),
        duration: Duration::from_secs(size.seconds),
        mix: size.mix.to_owned(),
        seed: SEED,
    };
    let plan = CityPlan::draw(&city, &settings);
    run(&city, &plan, means, sabotage, &mut |_| {}).expect("the simulated network runs")
}

fn judged(record: &CityRecord) -> Findings {
    let mut findings = judge(record);
    findings.count("packets forwarded", record.forwarded());
    findings
}

/// The same city on one thread and on two, with clients that look at packets at once, and with whole packets.
fn compared(sabotage: Option<CitySabotage>) -> Findings {
    let mut findings = Findings::new();
    let quick = rehearse(&TINY_SIZE, Means::quick(1), sabotage);
    let others = [
        ("on two threads", Means::quick(2)),
        ("with clients that look at each packet at once", Means { is_lazy: false, ..Means::quick(1) }),
        ("with whole packets", Means { is_light: false, ..Means::quick(1) }),
    ];
    for (name, means) in others {
        // What is broken is the form that is meant to be quick, not the one that it is compared with.
        let other = rehearse(&TINY_SIZE, means, None);
        findings.expect(other.digest == quick.digest, || {
            format!("{name} the digest is {:016x}, expected {:016x}", other.digest, quick.digest)
        });
        findings.expect(other.nodes == quick.nodes, || format!("{name} media nodes did something else"));
        for (one, another) in quick.experiences().zip(other.experiences()) {
            findings.expect(one == another, || format!("{name} person {} had another experience", one.0.0));
        }
    }
    findings.count("packets compared", 3 * quick.forwarded());
    findings
}

fn broken(sabotage: CitySabotage) -> Findings {
    judged(&rehearse(&TINY_SIZE, Means::quick(1), Some(sabotage)))
}

/// Media nodes with a licence more than there are.
pub(super) fn spare_licence() -> Findings {
    broken(CitySabotage::SpareLicence)
}

/// A media node that forgets its conferences in a crash.
pub(super) fn forgetful_node() -> Findings {
    broken(CitySabotage::ForgetfulNode)
}

/// Media nodes that keep sound to themselves.
pub(super) fn silent_nodes() -> Findings {
    broken(CitySabotage::SilentNodes)
}

/// Metadata that state a wrong length now and then.
pub(super) fn wrong_length() -> Findings {
    compared(Some(CitySabotage::WrongLength))
}
