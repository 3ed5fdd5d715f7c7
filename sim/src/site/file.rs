//! Owns the TOML form of buildings and access links, and turns it into the resolved form.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{AccessLink, Building, LossSpec, PathSpec, QueueDiscipline, Segment};
use crate::scenario::{Located, error::Problem};

/// Fastest access link: 10 Gbit/s. More is a slip of the pen.
pub const RATE_KBPS_MAX: u32 = 10_000_000;
/// Longest one-way delay or jitter.
pub const DELAY_MS_MAX: u32 = 10_000;
/// Longest queue in milliseconds at the path's rate.
pub const QUEUE_MS_MAX: u32 = 10_000;
/// Largest queue in kilobytes.
pub const QUEUE_KB_MAX: u32 = 100_000;
/// Desks or rooms of one building.
pub const DESKS_MAX: u32 = 10_000;

/// A building: the form of `fixtures/sites/*.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteFile {
    /// One line for lists.
    pub description: String,
    /// Where the rates come from, or `assumption: ...`.
    pub source: Located<String>,
    /// The network it is attached to; landesnetz when absent.
    pub segment: Option<Segment>,
    /// Desks from which people take part; 0 when absent.
    pub desks: Option<Located<u32>>,
    /// AVC rooms; 0 when absent.
    pub avc_rooms: Option<Located<u32>>,
    /// How it is attached.
    pub link: AccessLinkSpec,
}

/// An access link: `[link]` of a building's file, or `link = { .. }` of a scenario's site.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessLinkSpec {
    /// Largest IP packet, 576 to 9,000; 1,500 when absent.
    pub mtu_bytes: Option<Located<u32>>,
    /// To the building.
    pub down: DirectionSpec,
    /// From the building.
    pub up: DirectionSpec,
}

/// One direction of an access link.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DirectionSpec {
    /// Rate in kbit/s of IP packets.
    pub rate_kbps: Located<u32>,
    /// One-way propagation delay in milliseconds.
    pub delay_ms: Located<u32>,
    /// Length of the queue as time at the full rate; 200 ms when neither this nor `queue_kb` is given.
    pub queue_ms: Option<Located<u32>>,
    /// Length of the queue in kilobytes (1,000 bytes).
    pub queue_kb: Option<Located<u32>>,
    /// Drop-tail when absent.
    pub queue: Option<QueueDiscipline>,
    /// Largest additional delay of a packet in milliseconds; 0 when absent.
    pub jitter_ms: Option<Located<u32>>,
    /// Packets lost independently, 0 to 100.
    pub loss_percent: Option<Located<f64>>,
    /// Packets overtaken, 0 to 100.
    pub reorder_percent: Option<Located<f64>>,
    /// Packets that arrive twice, 0 to 100.
    pub duplicate_percent: Option<Located<f64>>,
    /// Packets that arrive damaged, 0 to 100.
    pub corrupt_percent: Option<Located<f64>>,
    /// Packets lost in bursts.
    pub burst_loss: Option<Located<BurstLossSpec>>,
}

/// Gilbert-Elliott loss.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BurstLossSpec {
    /// Chance per packet that a bad spell begins.
    pub good_to_bad_percent: Located<f64>,
    /// Chance per packet that a bad spell ends.
    pub bad_to_good_percent: Located<f64>,
    /// Loss in good spells; 0 when absent.
    pub loss_good_percent: Option<Located<f64>>,
    /// Loss in bad spells; 100 when absent.
    pub loss_bad_percent: Option<Located<f64>>,
}

/// A link by its preset's name, or the link itself.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum LinkRef {
    /// One of [`super::presets::names`].
    Preset(String),
    /// The link.
    Inline(Box<AccessLinkSpec>),
}

impl Default for LinkRef {
    fn default() -> Self {
        Self::Preset(String::new())
    }
}

impl From<&str> for Located<LinkRef> {
    fn from(preset: &str) -> Self {
        LinkRef::Preset(preset.to_owned()).into()
    }
}

impl<'de> Deserialize<'de> for LinkRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EitherForm;

        impl<'de> Visitor<'de> for EitherForm {
            type Value = LinkRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a preset's name or a table with `down` and `up`")
            }

            fn visit_str<E>(self, preset: &str) -> Result<LinkRef, E> {
                Ok(LinkRef::Preset(preset.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<LinkRef, M::Error> {
                let link = AccessLinkSpec::deserialize(MapAccessDeserializer::new(map))?;
                Ok(LinkRef::Inline(Box::new(link)))
            }
        }

        // An untagged enum would lose the place of each value inside.
        deserializer.deserialize_any(EitherForm)
    }
}

impl SiteFile {
    /// The building with defaults filled in and every value checked.
    pub(super) fn resolve(&self) -> Result<Building, Problem> {
        if self.source.trim().is_empty() {
            return Err(Problem::at(&self.source, "source", "is empty")
                .help("say where the rates come from, or `assumption: ...`"));
        }
        let count = |number: &Option<Located<u32>>, field| match number {
            Some(number) => within(number, field, 0, DESKS_MAX),
            None => Ok(0),
        };
        Ok(Building {
            description: self.description.clone(),
            source: self.source.value.clone(),
            segment: self.segment.unwrap_or_default(),
            desks: count(&self.desks, "desks")?,
            avc_rooms: count(&self.avc_rooms, "avc_rooms")?,
            link: self.link.resolve()?,
        })
    }
}

impl AccessLinkSpec {
    /// The link with defaults filled in and every value checked.
    pub(crate) fn resolve(&self) -> Result<AccessLink, Problem> {
        let mtu_bytes = match &self.mtu_bytes {
            Some(mtu) => within(mtu, "mtu_bytes", 576, 9_000)?,
            None => 1_500,
        };
        Ok(AccessLink { down: self.down.resolve(mtu_bytes)?, up: self.up.resolve(mtu_bytes)?, mtu_bytes })
    }
}

impl DirectionSpec {
    fn resolve(&self, mtu_bytes: u32) -> Result<PathSpec, Problem> {
        let rate_kbps = within(&self.rate_kbps, "rate_kbps", 1, RATE_KBPS_MAX)?;
        let queue_bytes = match (&self.queue_ms, &self.queue_kb) {
            (Some(_), Some(kb)) => {
                return Err(Problem::at(kb, "queue_kb", "`queue_ms` is given too, expected one of them"));
            }
            (None, Some(kb)) => within(kb, "queue_kb", 1, QUEUE_KB_MAX)? * 1_000,
            (Some(ms), None) => bytes_in(rate_kbps, within(ms, "queue_ms", 1, QUEUE_MS_MAX)?),
            (None, None) => bytes_in(rate_kbps, 200),
        };
        Ok(PathSpec {
            rate_kbps,
            delay: milliseconds(Some(&self.delay_ms), "delay_ms")?.unwrap_or_default(),
            // A queue shorter than this would lose every second packet of a sender that keeps below the rate.
            queue_bytes: queue_bytes.max(2 * mtu_bytes),
            queue: self.queue.unwrap_or_default(),
            jitter: milliseconds(self.jitter_ms.as_ref(), "jitter_ms")?.unwrap_or_default(),
            loss: loss(self.loss_percent.as_ref(), self.burst_loss.as_ref())?.unwrap_or_default(),
            reorder: share(self.reorder_percent.as_ref(), "reorder_percent")?.unwrap_or(0.0),
            duplicate: share(self.duplicate_percent.as_ref(), "duplicate_percent")?.unwrap_or(0.0),
            corrupt: share(self.corrupt_percent.as_ref(), "corrupt_percent")?.unwrap_or(0.0),
        })
    }
}

impl BurstLossSpec {
    fn resolve(&self) -> Result<LossSpec, Problem> {
        let good_to_bad = percent(&self.good_to_bad_percent, "good_to_bad_percent")?;
        let bad_to_good = percent(&self.bad_to_good_percent, "bad_to_good_percent")?;
        if bad_to_good == 0.0 {
            return Err(Problem::at(
                &self.bad_to_good_percent,
                "bad_to_good_percent",
                "is 0, expected more: a bad spell would never end",
            ));
        }
        Ok(LossSpec::Burst {
            good_to_bad,
            bad_to_good,
            loss_good: share(self.loss_good_percent.as_ref(), "loss_good_percent")?.unwrap_or(0.0),
            loss_bad: share(self.loss_bad_percent.as_ref(), "loss_bad_percent")?.unwrap_or(1.0),
        })
    }
}

/// Loss by either of its two descriptions.
pub(crate) fn loss(
    random: Option<&Located<f64>>,
    burst: Option<&Located<BurstLossSpec>>,
) -> Result<Option<LossSpec>, Problem> {
    match (random, burst) {
        (Some(_), Some(burst)) => {
            Err(Problem::at(burst, "burst_loss", "`loss_percent` is given too, expected one of them"))
        }
        (None, Some(burst)) => burst.resolve().map(Some),
        (Some(random), None) => match percent(random, "loss_percent")? {
            0.0 => Ok(Some(LossSpec::None)),
            probability => Ok(Some(LossSpec::Random { probability })),
        },
        (None, None) => Ok(None),
    }
}

/// A percentage as a share of 0 to 1.
pub(crate) fn share(percentage: Option<&Located<f64>>, field: &'static str) -> Result<Option<f64>, Problem> {
    percentage.map(|value| percent(value, field)).transpose()
}

/// Milliseconds of at most [`DELAY_MS_MAX`].
pub(crate) fn milliseconds(
    number: Option<&Located<u32>>,
    field: &'static str,
) -> Result<Option<Duration>, Problem> {
    number
        .map(|value| within(value, field, 0, DELAY_MS_MAX).map(|ms| Duration::from_millis(u64::from(ms))))
        .transpose()
}

/// The number, when it lies in the range, ends included.
pub(crate) fn within(number: &Located<u32>, field: &'static str, min: u32, max: u32) -> Result<u32, Problem> {
    if (min..=max).contains(&number.value) {
        Ok(number.value)
    } else {
        Err(Problem::at(number, field, format!("is {}, expected {min} to {max}", number.value)))
    }
}

pub(crate) fn percent(percentage: &Located<f64>, field: &'static str) -> Result<f64, Problem> {
    // Written so that NaN, which TOML has, is refused as well.
    if (0.0..=100.0).contains(&percentage.value) {
        Ok(percentage.value / 100.0)
    } else {
        Err(Problem::at(percentage, field, format!("is {}, expected 0 to 100", percentage.value)))
    }
}

const fn bytes_in(rate_kbps: u32, milliseconds: u32) -> u32 {
    let bytes = rate_kbps as u64 * milliseconds as u64 / 8;
    if bytes > QUEUE_KB_MAX as u64 * 1_000 { QUEUE_KB_MAX * 1_000 } else { bytes as u32 }
}
