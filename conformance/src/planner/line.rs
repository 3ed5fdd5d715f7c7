//! Owns a building's line at other rates than its own: the ladder of rates that an upgrade is chosen from, and what stays
//! as it is when the rate changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim::{
    scenario::Located,
    site::{
        AccessLink, AccessLinkSpec, Building, LossSpec, PathSpec, Segment,
        file::{BurstLossSpec, DirectionSpec},
    },
};

/// The rate of a line that is no bottleneck, in kbit/s: the end of the ladder.
pub const AMPLE_KBPS: u32 = 1_000_000;

/// Preferred numbers R20 (ISO 3): twenty steps to a decade, about 12 % apart. Nobody sells lines more finely graded, and a finer
/// grid would promise more than a simulation of some seconds can tell.
const R20: [u32; 20] =
    [100, 112, 125, 140, 160, 180, 200, 224, 250, 280, 315, 355, 400, 450, 500, 560, 630, 710, 800, 900];

/// Rates of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Rates {
    /// To the building, in kbit/s of IP packets.
    pub down_kbps: u32,
    /// From the building, in kbit/s of IP packets.
    pub up_kbps: u32,
}

/// How a building is attached, at rates that may be changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    link: AccessLink,
    segment: Segment,
}

impl Line {
    /// The building's own.
    pub const fn of(building: &Building) -> Self {
        Self { link: building.link, segment: building.segment }
    }

    /// Its rates.
    pub const fn rates(&self) -> Rates {
        Rates { down_kbps: self.link.down.rate_kbps, up_kbps: self.link.up.rate_kbps }
    }

    /// The network it belongs to.
    pub const fn segment(&self) -> Segment {
        self.segment
    }

    /// The same line at other rates. Its queues stay as long in time as they are, because equipment is sized for its rate;
    /// delays and losses stay, because they belong to the way.
    #[must_use]
    pub fn at(&self, rates: Rates) -> Self {
        let mut line = *self;
        for (path, rate_kbps) in [(&mut line.link.down, rates.down_kbps), (&mut line.link.up, rates.up_kbps)]
        {
            let bytes = u64::from(path.queue_bytes) * u64::from(rate_kbps) / u64::from(path.rate_kbps.max(1));
            path.queue_bytes = u32::try_from(bytes).unwrap_or(u32::MAX).max(2 * self.link.mtu_bytes);
            path.rate_kbps = rate_kbps;
        }
        line
    }

    /// Share of packets that the way loses whatever its rate, 0 to 1: the worse of both directions.
    pub fn loss(&self) -> f64 {
        self.link.down.loss.mean().max(self.link.up.loss.mean())
    }

    /// As a scenario writes it.
    pub fn spec(&self) -> AccessLinkSpec {
        AccessLinkSpec {
            mtu_bytes: Some(self.link.mtu_bytes.into()),
            down: direction(&self.link.down),
            up: direction(&self.link.up),
        }
    }
}

/// The rates to choose from, in rising order: the present one, then every rung of the ladder above it.
pub fn ladder(present_kbps: u32) -> Vec<u32> {
    std::iter::once(present_kbps).chain(rungs().filter(|rate| *rate > present_kbps)).collect()
}

/// The rung below a rate; none at the lowest.
pub fn below(rate_kbps: u32) -> Option<u32> {
    rungs().take_while(|rung| *rung < rate_kbps).last()
}

fn rungs() -> impl Iterator<Item = u32> {
    [1, 10, 100, 1_000].into_iter().flat_map(|decade| R20.map(|rung| rung * decade)).chain([AMPLE_KBPS])
}

fn direction(path: &PathSpec) -> DirectionSpec {
    let percent = |share: f64| (share > 0.0).then(|| Located::from(share * 100.0));
    let millis = |time: std::time::Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    let queue_ms = u64::from(path.queue_bytes) * 8 / u64::from(path.rate_kbps.max(1));
    let (loss_percent, burst_loss) = match path.loss {
        LossSpec::None => (None, None),
        LossSpec::Random { probability } => (percent(probability), None),
        LossSpec::Burst { good_to_bad, bad_to_good, loss_good, loss_bad } => {
            let burst = BurstLossSpec {
                good_to_bad_percent: (good_to_bad * 100.0).into(),
                bad_to_good_percent: (bad_to_good * 100.0).into(),
                loss_good_percent: Some((loss_good * 100.0).into()),
                loss_bad_percent: Some((loss_bad * 100.0).into()),
            };
            (None, Some(burst.into()))
        }
    };
    DirectionSpec {
        rate_kbps: path.rate_kbps.into(),
        delay_ms: millis(path.delay).into(),
        queue_ms: Some(u32::try_from(queue_ms.clamp(1, 10_000)).unwrap_or(1).into()),
        queue_kb: None,
        queue: Some(path.queue),
        jitter_ms: Some(millis(path.jitter).into()),
        loss_percent,
        reorder_percent: percent(path.reorder),
        duplicate_percent: percent(path.duplicate),
        corrupt_percent: percent(path.corrupt),
        burst_loss,
    }
}

#[cfg(test)]
mod tests {
    use sim::site::presets;

    use super::*;

    #[test]
    fn every_line_of_the_project_is_written_as_it_is_read() {
        for name in presets::names() {
            let building = presets::find(name).unwrap();
            let spec = toml::to_string(&Line::of(&building).spec()).unwrap().replace("[down", "[link.down");
            let spec = spec.replace("[up", "[link.up");
            let text = format!("description = \"d\"\nsource = \"s\"\n[link]\n{spec}");
            let read =
                Building::from_toml("made.toml", &text).unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(read.link, building.link, "{name}");
        }
    }

    #[test]
    fn at_another_rate_a_queue_is_as_long_in_time() {
        let line = Line::of(&presets::find("adsl-6-06").unwrap());
        let wide = line.at(Rates { down_kbps: 12_000, up_kbps: 600 });
        assert_eq!(wide.link.down.queue_bytes, 2 * line.link.down.queue_bytes);
        assert_eq!((wide.link.up, wide.link.down.delay), (line.link.up, line.link.down.delay));
        assert_eq!(wide.rates(), Rates { down_kbps: 12_000, up_kbps: 600 });
    }

    #[test]
    fn the_ladder_rises_from_the_present_rate_to_an_ample_one_in_small_steps() {
        for present in [1, 600, 1_000, 16_000, 1_000_000, 2_000_000] {
            let rates = ladder(present);
            assert_eq!(rates[0], present);
            assert!(rates.is_sorted_by(|one, next| one < next), "{rates:?}");
            assert!(rates.len() == 1 || rates.last() == Some(&AMPLE_KBPS));
            let steps = rates.windows(2).skip(1);
            assert!(steps.clone().all(|pair| f64::from(pair[1]) / f64::from(pair[0]) <= 1.15), "{rates:?}");
        }
        assert_eq!((below(1_120), below(1_000_000), below(100)), (Some(1_000), Some(900_000), None));
    }
}
