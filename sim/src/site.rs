//! Owns the description of buildings: their access links and what stands in them. [`AccessLink`] is the resolved
//! form that a link is made from; [`mod@file`] is the TOML form; [`presets`] are the ones that come with the project.
//!
//! How a link treats packets is not here.

mod access;
pub mod file;
pub mod presets;

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use access::{AccessMeter, Carried};
pub(crate) use access::{change_link, link_config, width};
pub use file::{AccessLinkSpec, SiteFile};

use crate::scenario::ScenarioError;

/// A building as its file describes it, ready to use.
#[derive(Clone, Debug, PartialEq)]
pub struct Building {
    /// One line for lists.
    pub description: String,
    /// Where the rates come from, or `assumption: ...`. Never empty.
    pub source: String,
    /// The network it is attached to.
    pub segment: Segment,
    /// Desks from which people take part.
    pub desks: u32,
    /// AVC rooms.
    pub avc_rooms: u32,
    /// How it is attached.
    pub link: AccessLink,
}

/// How a building is attached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AccessLink {
    /// To the building.
    pub down: PathSpec,
    /// From the building.
    pub up: PathSpec,
    /// Largest IP packet in bytes, 576 to 9,000.
    pub mtu_bytes: u32,
}

/// One direction of an access link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PathSpec {
    /// Rate in kbit/s of IP packets, at least 1.
    pub rate_kbps: u32,
    /// One-way propagation delay, without queueing and without the packet's own time on the wire.
    pub delay: Duration,
    /// Bytes that may wait before the bottleneck. At least two packets of the MTU.
    pub queue_bytes: u32,
    /// What happens when they do.
    pub queue: QueueDiscipline,
    /// Additional delay per packet, at most this. It keeps the order.
    pub jitter: Duration,
    /// Loss beside that of the queue.
    pub loss: LossSpec,
    /// Share of packets that are overtaken, 0 to 1.
    pub reorder: f64,
    /// Share of packets that arrive twice, 0 to 1.
    pub duplicate: f64,
    /// Share of packets that arrive damaged, 0 to 1.
    pub corrupt: f64,
}

/// How a queue treats packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueueDiscipline {
    /// First in, first out; what does not fit is dropped.
    #[default]
    DropTail,
    /// Controlled delay (RFC 8289) with its default target and interval, and the byte limit on top.
    Codel,
}

/// Loss of a path beside that of its queue. All values are probabilities of 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum LossSpec {
    /// Nothing is lost.
    #[default]
    None,
    /// Each packet is lost independently.
    Random {
        /// With this probability.
        probability: f64,
    },
    /// Gilbert-Elliott: two states, changed before each packet.
    Burst {
        /// From good to bad, per packet.
        good_to_bad: f64,
        /// From bad to good, per packet. Its inverse is the mean length of a burst in packets.
        bad_to_good: f64,
        /// Loss in the good state.
        loss_good: f64,
        /// Loss in the bad state.
        loss_bad: f64,
    },
}

impl LossSpec {
    /// The share of packets that are lost in the long run, 0 to 1. For Gilbert-Elliott it is the loss of each state, weighted
    /// with the share of packets that find the line in it.
    pub fn share(&self) -> f64 {
        match *self {
            Self::None => 0.0,
            Self::Random { probability } => probability,
            Self::Burst { good_to_bad, bad_to_good, loss_good, loss_bad } => {
                let changes = good_to_bad + bad_to_good;
                let bad = if changes > 0.0 { good_to_bad / changes } else { 0.0 };
                loss_good * (1.0 - bad) + loss_bad * bad
            }
        }
    }
}

impl Building {
    /// Reads and validates a building's file. `file_name` is only for the error.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and field.
    pub fn from_toml(file_name: &str, text: &str) -> Result<Self, ScenarioError> {
        let file: SiteFile =
            toml::from_str(text).map_err(|error| ScenarioError::from_toml(file_name, text, &error))?;
        file.resolve().map_err(|problem| ScenarioError::from_problem(file_name, text, problem))
    }
}

impl LossSpec {
    /// Mean loss in the long run, 0 to 1.
    pub fn mean(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Random { probability } => probability,
            Self::Burst { good_to_bad, bad_to_good, loss_good, loss_bad } => {
                (loss_good * bad_to_good + loss_bad * good_to_bad) / (good_to_bad + bad_to_good)
            }
        }
    }
}

/// The network that a building is attached to (SEC-006).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Segment {
    /// The state's own network.
    #[default]
    Landesnetz,
    /// Anywhere else.
    Internet,
}

#[cfg(test)]
mod tests {
    use super::LossSpec;

    #[test]
    fn the_share_of_a_bursty_line_is_that_of_its_states_by_how_often_packets_find_them() {
        assert!(LossSpec::None.share().abs() < 1e-12);
        assert!((LossSpec::Random { probability: 0.2 }.share() - 0.2).abs() < 1e-12);
        // A quarter of the packets find the line bad: 0.75 x 0.1 + 0.25 x 0.5.
        let burst = LossSpec::Burst { good_to_bad: 0.1, bad_to_good: 0.3, loss_good: 0.1, loss_bad: 0.5 };
        assert!((burst.share() - 0.2).abs() < 1e-12, "{}", burst.share());
        let still = LossSpec::Burst { good_to_bad: 0.0, bad_to_good: 0.0, loss_good: 0.1, loss_bad: 0.5 };
        assert!((still.share() - 0.1).abs() < 1e-12, "a line that never changes stays good");
    }
}
