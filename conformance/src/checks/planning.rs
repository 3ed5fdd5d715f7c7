//! Owns the checks of the planner (NET-009, AVC-003): what it recommends is rehearsed, and so is the next smaller; and
//! people at desks are compared with the same people in one room.

use std::{num::NonZero, ops::RangeInclusive};

use sim::site::{Building, presets};

use crate::{
    check::{Check, Judge},
    evidence::Findings,
    planner::{
        Capacity, Comparison, Line, Load, Prober, Quality, Rates, Rehearsed, Upgrade, below, capacity_of,
        comparison_of, ladder, upgrade_of,
    },
    rehearsal::HarnessError,
    report::html::comparison_text,
};

/// Small questions about slow lines, each with a demand that the line as it is does not carry.
const ASKED: [(&str, Load); 2] = [
    ("adsl-6-06", Load { quality: Quality::Audio, desks: 14, rooms: 0 }),
    ("sdsl-2-2", Load { quality: Quality::Presentation, desks: 4, rooms: 0 }),
];
/// Where people at desks are compared with a room.
const COMPARED: &str = "copper-town-hall";
/// A gate decides alike each time. `generalprobe plan` takes three.
const SEEDS: NonZero<u32> = NonZero::<u32>::MIN;
/// A room is one endpoint where its people at desks would be six: it takes about a sixth of what comes down to them. Twice as
/// much, or less than half of it, is another thing than a room.
const SHARE_DOWN: RangeInclusive<f64> = 0.08..=0.35;
/// One of the building's pictures is large elsewhere, in a room as at desks; the desks' other five are small. So a room sends
/// a third to six tenths of what they send, by how large the line lets the large one be.
const SHARE_UP: RangeInclusive<f64> = 0.15..=0.85;
/// Opinion scores that differ by less than this differ by chance.
const SCORE_TOLERANCE: f64 = 0.1;

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "what-is-planned-holds-and-the-next-smaller-does-not",
        requirements: &["NET-009"],
        scenarios: &[],
        judge: Judge::Standing(|| planned(&ASKED, find, &Rehearsed::default())),
    },
    Check {
        name: "a-room-is-compared-with-its-people-at-desks",
        requirements: &["AVC-003"],
        scenarios: &[],
        judge: Judge::Standing(|| compared(comparison_of)),
    },
];

/// Somebody who plans: how many the line carries in the class of the demand, and what the demand needs.
type Planner = fn(&Building, Load, &dyn Prober) -> Result<(Capacity, Upgrade), HarnessError>;
/// Somebody who compares.
type Comparer = fn(&Building, NonZero<u32>, &dyn Prober) -> Result<Comparison, HarnessError>;

fn find(building: &Building, load: Load, prober: &dyn Prober) -> Result<(Capacity, Upgrade), HarnessError> {
    Ok((capacity_of(building, load.quality, SEEDS, prober)?, upgrade_of(building, load, SEEDS, prober)?))
}

fn planned(asked: &[(&str, Load)], planner: Planner, prober: &dyn Prober) -> Findings {
    let mut findings = Findings::new();
    for &(name, load) in asked {
        let judged =
            presets::find(name).map(|building| judge(&mut findings, name, &building, load, planner, prober));
        match judged {
            Some(Ok(())) => {}
            Some(Err(error)) => findings.expect(false, || format!("{name}: {error}")),
            None => findings.expect(false, || format!("there is no building {name}")),
        }
    }
    findings
}

/// Rehearses what the planner says of one building. Nothing that it tried itself is taken from it.
fn judge(
    findings: &mut Findings,
    name: &str,
    building: &Building,
    load: Load,
    planner: Planner,
    prober: &dyn Prober,
) -> Result<(), HarnessError> {
    let line = Line::of(building);
    let own = line.rates();
    let holds = |rates: Rates, load: Load| {
        let seen = prober.probe(&line.at(rates), load, 1)?.seen;
        Ok::<_, HarnessError>(load.quality.fault(&seen))
    };
    let (capacity, upgrade) = planner(building, load, prober)?;
    let (quality, desks) = (load.quality, capacity.desks);
    if desks > 0 {
        let fault = holds(own, Load::of_desks(quality, desks))?;
        findings.expect(fault.is_none(), || {
            format!("{name} is to carry {desks} desks with {quality}, but {fault:?}")
        });
    }
    if desks < Load::desks_max(quality) {
        let fault = holds(own, Load::of_desks(quality, desks + 1))?;
        findings.expect(fault.is_some(), || format!("{name} carries more than {desks} desks with {quality}"));
    }
    findings.expect(!upgrade.present.holds, || {
        format!("{name} needs no upgrade for {load:?}: nothing was tried")
    });
    let Some(needed) = upgrade.needed else {
        findings.expect(false, || format!("no upgrade of {name} is said to carry {load:?}"));
        return Ok(());
    };
    let fault = holds(needed, load)?;
    findings
        .expect(fault.is_none(), || format!("{name} with {needed:?} is to carry {load:?}, but {fault:?}"));
    let mut raised = 0;
    for smaller in next_smaller(needed, own) {
        raised += 1;
        let fault = holds(smaller, load)?;
        findings.expect(fault.is_some(), || {
            format!("{name} is to need {needed:?} for {load:?}; {smaller:?} will do")
        });
    }
    findings.expect(raised > 0, || format!("the upgrade of {name} raises nothing: {needed:?}"));
    findings.count(&format!("desks at {name} with {quality}"), u64::from(desks));
    findings.figure(&format!("{name} down"), "kbit/s", f64::from(needed.down_kbps));
    findings.figure(&format!("{name} up"), "kbit/s", f64::from(needed.up_kbps));
    Ok(())
}

/// The rates with one direction a rung lower, where it is above the line's own.
fn next_smaller(needed: Rates, own: Rates) -> Vec<Rates> {
    let lower = |rate: u32, own: u32| (rate > own).then(|| below(rate).unwrap_or(own).max(own));
    let down = lower(needed.down_kbps, own.down_kbps).map(|down_kbps| Rates { down_kbps, ..needed });
    let up = lower(needed.up_kbps, own.up_kbps).map(|up_kbps| Rates { up_kbps, ..needed });
    down.into_iter().chain(up).collect()
}

fn compared(comparer: Comparer) -> Findings {
    let mut findings = Findings::new();
    let Some(building) = presets::find(COMPARED) else {
        findings.expect(false, || format!("there is no building {COMPARED}"));
        return findings;
    };
    match comparer(&building, SEEDS, &Rehearsed::default()) {
        Ok(comparison) => judge_comparison(&mut findings, &comparison),
        Err(error) => findings.expect(false, || error.to_string()),
    }
    findings
}

fn judge_comparison(findings: &mut Findings, comparison: &Comparison) {
    let Comparison { people, desks, room } = *comparison;
    findings.expect(desks.load.desks == people && desks.load.rooms == 0, || {
        format!("at desks sit {:?}", desks.load)
    });
    findings
        .expect(room.load.desks == 0 && room.load.rooms == 1, || format!("in the room are {:?}", room.load));
    let down = (room.down.carried_kbps, desks.down.carried_kbps);
    let up = (room.up.carried_kbps, desks.up.carried_kbps);
    for (way, (of_room, of_desks), bounds) in [("down", down, SHARE_DOWN), ("up", up, SHARE_UP)] {
        let share = of_room / of_desks;
        findings.expect(bounds.contains(&share), || {
            format!("{way}: the room takes {of_room:.0} kbit/s, {people} desks {of_desks:.0}: {share:.2}")
        });
        findings.figure(&format!("share of the room {way}"), "", share);
    }
    findings.expect(room.holds, || format!("a room alone is served badly: {room:?}"));
    findings.expect(room.seen.mos >= desks.seen.mos - SCORE_TOLERANCE, || {
        format!("the room hears worse than desks: {:.2} and {:.2}", room.seen.mos, desks.seen.mos)
    });
    findings.figure("opinion score in the room", "", room.seen.mos);
    let text = comparison_text(comparison);
    for trial in [&desks, &room] {
        let told = [format!("{:.2}", trial.seen.mos), format!("{:.2} %", trial.seen.concealment * 100.0)];
        findings.expect(told.iter().all(|figure| text.contains(figure)), || {
            format!("the page does not tell {told:?}")
        });
    }
}

/// What is said of a planner whose upgrades are a rung too small.
pub(super) fn frugal_planner() -> Findings {
    planned(
        &ASKED[..1],
        |building, load, prober| {
            let (capacity, mut upgrade) = find(building, load, prober)?;
            let own = Line::of(building).rates();
            upgrade.needed =
                upgrade.needed.map(|needed| *next_smaller(needed, own).first().unwrap_or(&needed));
            Ok((capacity, upgrade))
        },
        &Rehearsed::default(),
    )
}

/// What is said of a planner whose upgrades are a rung larger than needed.
pub(super) fn lavish_planner() -> Findings {
    planned(
        &ASKED[..1],
        |building, load, prober| {
            let (capacity, mut upgrade) = find(building, load, prober)?;
            let higher = |rate: u32| ladder(rate).get(2).copied().unwrap_or(rate);
            upgrade.needed = upgrade.needed.map(|Rates { down_kbps, up_kbps }| Rates {
                down_kbps: higher(down_kbps),
                up_kbps: higher(up_kbps),
            });
            Ok((capacity, upgrade))
        },
        &Rehearsed::default(),
    )
}

/// What is said of a comparison in which a room is an endpoint for each of its people.
pub(super) fn room_by_heads() -> Findings {
    compared(|building, seeds, prober| {
        let mut comparison = comparison_of(building, seeds, prober)?;
        comparison.room = comparison.desks;
        Ok(comparison)
    })
}
