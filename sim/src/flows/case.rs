//! Owns what a case is, in its validated form: a bottleneck, flows over it, and what is expected of them.

use std::{fmt, time::Duration};

use media_core::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::{CaseFile, validate};
use crate::{
    link::{Jitter, LinkConfig, Loss, Queue, RateTimeline},
    scenario::ScenarioError,
};

/// One test of congestion control.
#[derive(Clone, Debug)]
pub struct Case {
    /// Of its file.
    pub name: String,
    /// Where it comes from: the section of an RFC, or a test of another project.
    pub source: String,
    /// One line for reports.
    pub description: String,
    /// Simulated time.
    pub duration: Duration,
    /// From media senders to receivers.
    pub forward: Path,
    /// The other way.
    pub backward: Path,
    /// Flows under test.
    pub media: Vec<Media>,
    /// Flows that compete with them.
    pub tcp: Vec<Tcp>,
    /// What is expected.
    pub bounds: Vec<Bound>,
}

impl Case {
    /// Reads a case from its TOML form.
    ///
    /// # Errors
    /// What is wrong, with file, line and field.
    pub fn from_toml(file_name: &str, text: &str) -> Result<Self, ScenarioError> {
        let file: CaseFile =
            toml::from_str(text).map_err(|error| ScenarioError::from_toml(file_name, text, &error))?;
        validate(&file).map_err(|problem| ScenarioError::from_problem(file_name, text, problem))
    }

    /// The path in one direction.
    pub fn path(&self, direction: Direction) -> &Path {
        match direction {
            Direction::Forward => &self.forward,
            Direction::Backward => &self.backward,
        }
    }
}

/// A direction of the bottleneck.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The one that a case is about.
    #[default]
    Forward,
    /// That of feedback.
    Backward,
}

impl Direction {
    /// The way back.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// One direction of the bottleneck.
#[derive(Clone, Debug)]
pub struct Path {
    /// Rate over time, in bits per second on the wire.
    pub rate: RateTimeline,
    /// Propagation, one way.
    pub delay: Duration,
    /// What the drop-tail queue holds at the rate of the beginning.
    pub queue: Duration,
    /// Extra delay of packets, uniform from zero; they keep their order.
    pub jitter: Duration,
    /// Share of packets lost at random behind the queue.
    pub loss: f64,
}

impl Path {
    pub(super) fn config(&self) -> LinkConfig {
        let bps = self.rate.bps_at(Timestamp::ZERO);
        let bytes = (u128::from(bps) * self.queue.as_nanos() / 8_000_000_000) as u64;
        LinkConfig {
            rate: self.rate.clone(),
            delay: self.delay,
            queue: Queue::DropTail { bytes },
            jitter: Jitter { max: self.jitter, keep_order: true },
            loss: if self.loss > 0.0 { Loss::Random { share: self.loss } } else { Loss::None },
            reorder_share: 0.0,
            duplicate_share: 0.0,
            corrupt_share: 0.0,
            mtu_bytes: None,
        }
    }
}

/// A flow of media: an encoder that follows the estimate of a congestion controller.
#[derive(Clone, Debug)]
pub struct Media {
    /// Unique in its case.
    pub name: String,
    /// Which way media go.
    pub direction: Direction,
    /// Propagation of its own in each direction, on top of the bottleneck's.
    pub extra_delay: Duration,
    /// From when on it sends.
    pub start: Timestamp,
    /// Until when; the end of the case when absent.
    pub stop: Option<Timestamp>,
    /// When it sends nothing in between.
    pub pauses: Vec<(Timestamp, Timestamp)>,
    /// What the encoder can do, in bits per second on the wire: least, at the beginning, most.
    pub bps: (u64, u64, u64),
}

/// TCP flows that are alike.
#[derive(Clone, Debug)]
pub struct Tcp {
    /// Unique in its case.
    pub name: String,
    /// How many.
    pub count: usize,
    /// From when on.
    pub start: Timestamp,
    /// Mean of the exponential pauses between transfers of 100 kB to 1 MB; one transfer without an end when absent.
    pub pause_mean: Option<Duration>,
}

/// What is expected of one figure.
#[derive(Clone, Debug)]
pub struct Bound {
    /// Which.
    pub figure: Figure,
    /// Of which flow (or of all TCP flows of this name); of all flows of media when absent.
    pub flow: Option<usize>,
    /// Over which path.
    pub direction: Direction,
    /// What a time until something counts from.
    pub from: Timestamp,
    /// The end of what is looked at.
    pub until: Timestamp,
    /// What is to be reached: kbit/s or milliseconds.
    pub level: f64,
    /// At least.
    pub at_least: f64,
    /// At most.
    pub at_most: f64,
    /// Where the bound comes from.
    pub reason: String,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Figure {
    /// Share of the capacity that was carried, by all flows together.
    Utilisation,
    /// 95th percentile of the time that the queue takes to leave, in milliseconds.
    QueueP95Ms,
    /// The longest.
    QueueMaxMs,
    /// Seconds until the queue is below the level in milliseconds, and stays so for a second.
    QueueBelowAfterS,
    /// Mean of the estimate in kbit/s.
    EstimateMeanKbps,
    /// The least estimate in kbit/s.
    EstimateMinKbps,
    /// The highest.
    EstimateMaxKbps,
    /// The least divided by the highest.
    EstimateSteadiness,
    /// Seconds until the estimate has reached the level in kbit/s.
    EstimateReachesAfterS,
    /// What arrived in kbit/s, headers included.
    ReceivedKbps,
    /// Jain's index of what arrived of the flows of media.
    Fairness,
    /// Share of packets that did not arrive.
    LostShare,
}

impl Figure {
    /// Name in files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utilisation => "utilisation",
            Self::QueueP95Ms => "queue-p95-ms",
            Self::QueueMaxMs => "queue-max-ms",
            Self::QueueBelowAfterS => "queue-below-after-s",
            Self::EstimateMeanKbps => "estimate-mean-kbps",
            Self::EstimateMinKbps => "estimate-min-kbps",
            Self::EstimateMaxKbps => "estimate-max-kbps",
            Self::EstimateSteadiness => "estimate-steadiness",
            Self::EstimateReachesAfterS => "estimate-reaches-after-s",
            Self::ReceivedKbps => "received-kbps",
            Self::Fairness => "fairness",
            Self::LostShare => "lost-share",
        }
    }

    /// Whether it is about one flow.
    pub(super) const fn needs_flow(self) -> bool {
        matches!(
            self,
            Self::EstimateMeanKbps
                | Self::EstimateMinKbps
                | Self::EstimateMaxKbps
                | Self::EstimateSteadiness
                | Self::EstimateReachesAfterS
                | Self::ReceivedKbps
        )
    }

    /// Whether it needs a level.
    pub const fn needs_level(self) -> bool {
        matches!(self, Self::QueueBelowAfterS | Self::EstimateReachesAfterS)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
