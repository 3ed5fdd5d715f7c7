//! Owns the questions about one building's line, and how each is answered by trying.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    bench::{Bench, Trial},
    bottleneck::Bottleneck,
    line::{AMPLE_KBPS, Rates, ladder},
    load::Load,
    quality::{Fault, Quality},
    search::boundary,
};
use crate::rehearsal::HarnessError;

/// People whom a room seats, and who are compared at as many desks.
pub const COMPARED_PEOPLE: u32 = 6;

/// How many desks of one class the line carries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Capacity {
    /// What they do.
    pub quality: Quality,
    /// The most desks for which all bounds held: with one more they did not, or the conference is full.
    pub desks: u32,
    /// What gave way with one more.
    pub bottleneck: Bottleneck,
    /// The bound that was broken with one more; absent where the conference is full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// What carries a demand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Upgrade {
    /// The demand.
    pub load: Load,
    /// The demand behind the line as it is.
    pub present: Trial,
    /// The smallest rates that carry it, the present ones included; none where no rate does.
    pub needed: Option<Rates>,
}

/// The same people at desks with cameras and in one room.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// How many people.
    pub people: u32,
    /// Each at a desk with a camera.
    pub desks: Trial,
    /// All in one AVC room.
    pub room: Trial,
}

/// The most desks of a class. One desk is tried first: where it does not hold, the line carries none.
pub(super) fn capacity(bench: &Bench<'_>, quality: Quality) -> Result<Capacity, HarnessError> {
    let rates = bench.present();
    let trial = |desks: u32| bench.attempt(rates, Load::of_desks(quality, desks));
    let most = Load::desks_max(quality);
    let mut desks = 0;
    if trial(1)?.holds {
        let guess = expected(rates, quality).saturating_sub(2);
        desks = 1 + boundary(most - 1, guess, |place| {
            bench.holds_once(rates, Load::of_desks(quality, place + 2))
        })?;
        // The first seed has shown where to look; the others may be harder to please.
        if !trial(desks)?.holds {
            desks = 1 + boundary(desks - 2, desks.saturating_sub(3), |place| Ok(trial(place + 2)?.holds))?;
        }
    }
    if desks == most {
        return Ok(Capacity { quality, desks, bottleneck: Bottleneck::ConferenceFull, fault: None });
    }
    let beyond = trial(desks + 1)?;
    Ok(Capacity { quality, desks, bottleneck: beyond.bottleneck(), fault: beyond.fault })
}

/// How many desks the estimate gives a line.
fn expected(rates: Rates, quality: Quality) -> u32 {
    let one = Load::of_desks(quality, 1).estimate();
    let fits = |rate: u32, each: u32| rate / each.max(1);
    fits(rates.down_kbps, one.down_kbps).min(fits(rates.up_kbps, one.up_kbps))
}

/// The smallest rates from the ladder that carry `load`. Each direction is searched with the other ample; then both
/// together are raised until they hold, and lowered as long as they hold. So with either of the answer's rates one rung
/// lower the load does not hold, unless that rate is the present one.
pub(super) fn upgrade(bench: &Bench<'_>, load: Load) -> Result<Upgrade, HarnessError> {
    let own = bench.present();
    let present = bench.attempt(own, load)?;
    let needed = |needed| Upgrade { load, present, needed };
    if present.holds {
        return Ok(needed(Some(own)));
    }
    let ample = Rates { down_kbps: own.down_kbps.max(AMPLE_KBPS), up_kbps: own.up_kbps.max(AMPLE_KBPS) };
    if !bench.holds_once(ample, load)? {
        return Ok(needed(None));
    }
    let (downs, ups) = (ladder(own.down_kbps), ladder(own.up_kbps));
    let estimate = load.estimate();
    let mut down = first_rung(&downs, estimate.down_kbps, |rate| {
        bench.holds_once(Rates { down_kbps: rate, ..ample }, load)
    })?;
    let mut up =
        first_rung(&ups, estimate.up_kbps, |rate| bench.holds_once(Rates { up_kbps: rate, ..ample }, load))?;
    let at = |down: usize, up: usize| bench.attempt(Rates { down_kbps: downs[down], up_kbps: ups[up] }, load);
    loop {
        let together = at(down, up)?;
        let (higher, wider) = (up + 1 < ups.len(), down + 1 < downs.len());
        if together.holds {
            break;
        }
        let rises = higher && (together.bottleneck() == Bottleneck::Up || !wider);
        if rises {
            up += 1;
        } else if wider {
            down += 1;
        } else {
            return Ok(needed(None));
        }
    }
    loop {
        if down > 0 && at(down - 1, up)?.holds {
            down -= 1;
        } else if up > 0 && at(down, up - 1)?.holds {
            up -= 1;
        } else {
            return Ok(needed(Some(Rates { down_kbps: downs[down], up_kbps: ups[up] })));
        }
    }
}

/// The first rung that holds; the last one where none below it does.
fn first_rung(
    rungs: &[u32],
    estimate_kbps: u32,
    mut holds: impl FnMut(u32) -> Result<bool, HarnessError>,
) -> Result<usize, HarnessError> {
    let below_last = rungs.len() as u32 - 1;
    let guess = rungs.partition_point(|rate| *rate < estimate_kbps) as u32;
    let first = boundary(below_last, guess.saturating_sub(1), |place| Ok(!holds(rungs[place as usize])?))?;
    Ok(first as usize)
}

/// Tries the same people at desks and in a room, behind the line as it is, once each: it is told, not searched.
pub(super) fn comparison(bench: &Bench<'_>) -> Result<Comparison, HarnessError> {
    let rates = bench.present();
    Ok(Comparison {
        people: COMPARED_PEOPLE,
        desks: bench.attempt_once(rates, Load::of_desks(Quality::Camera, COMPARED_PEOPLE))?,
        room: bench.attempt_once(rates, Load { quality: Quality::Camera, desks: 0, rooms: 1 })?,
    })
}
