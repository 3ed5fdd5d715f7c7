//! Owns the rule that says what of a line gives way first, from what was measured on it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A direction that uses so much of its rate is full. Senders that heed the line stay below it, so a line that is the
/// bottleneck is seldom used up.
pub const FULL_SHARE: f64 = 0.75;
/// A direction whose queue drops so many of the packets offered to it is full.
pub const DROPPED_SHARE: f64 = 0.005;
/// A queue in which packets wait so long holds up a conversation (NET-006), in milliseconds.
pub const QUEUE_MS: f64 = 100.0;
/// A way that loses so many packets beside its queue.
pub const LOST_SHARE: f64 = 0.005;

/// What gives way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Bottleneck {
    /// The rate to the building.
    Down,
    /// The rate from the building.
    Up,
    /// The wait in a queue that is not full on average: bursts on a slow line.
    Queue,
    /// Packets that the way loses, whatever its rate.
    Loss,
    /// The line carries as many as a conference has room for.
    ConferenceFull,
}

impl Bottleneck {
    /// As reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Up => "up",
            Self::Queue => "queue",
            Self::Loss => "loss",
            Self::ConferenceFull => "conference-full",
        }
    }

    /// For people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Down => "the rate to the building",
            Self::Up => "the rate from the building",
            Self::Queue => "waiting in the line's queue",
            Self::Loss => "packets that the line loses",
            Self::ConferenceFull => "nothing of the line: the conference is full",
        }
    }
}

impl fmt::Display for Bottleneck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one direction of a line did while it was judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Way {
    /// Carried on average, in kbit/s of IP packets.
    pub carried_kbps: f64,
    /// The same as a share of the rate.
    pub utilisation: f64,
    /// Share of the packets offered that the queue dropped, over the whole run.
    pub dropped: f64,
    /// Share of the packets served that the way lost beside the queue, over the whole run.
    pub lost: f64,
    /// The wait in the queue that half of the intervals exceeded at least once, in milliseconds: a standing queue.
    pub queue_ms: f64,
}

impl Way {
    fn is_full(&self) -> bool {
        self.utilisation >= FULL_SHARE || self.dropped >= DROPPED_SHARE
    }
}

/// The first that applies:
/// 1. a direction that is full, by [`FULL_SHARE`] or [`DROPPED_SHARE`]; of two, the one that uses more of its rate;
/// 2. a way that loses at least [`LOST_SHARE`] of its packets;
/// 3. a queue of at least [`QUEUE_MS`];
/// 4. the direction that uses more of its rate.
pub fn first_bottleneck(down: &Way, up: &Way) -> Bottleneck {
    let fuller = if down.utilisation >= up.utilisation { Bottleneck::Down } else { Bottleneck::Up };
    match (down.is_full(), up.is_full()) {
        (true, false) => Bottleneck::Down,
        (false, true) => Bottleneck::Up,
        (false, false) if down.lost.max(up.lost) >= LOST_SHARE => Bottleneck::Loss,
        (false, false) if down.queue_ms.max(up.queue_ms) >= QUEUE_MS => Bottleneck::Queue,
        (true, true) | (false, false) => fuller,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Way = Way { carried_kbps: 300.0, utilisation: 0.3, dropped: 0.0, lost: 0.0, queue_ms: 20.0 };

    #[test]
    fn a_full_direction_comes_before_what_follows_from_it() {
        let full = Way { utilisation: FULL_SHARE, queue_ms: 400.0, lost: 0.02, ..IDLE };
        assert_eq!(first_bottleneck(&full, &IDLE), Bottleneck::Down);
        assert_eq!(first_bottleneck(&IDLE, &full), Bottleneck::Up);
        let fuller = Way { utilisation: 0.97, ..full };
        assert_eq!(first_bottleneck(&full, &fuller), Bottleneck::Up);
        let dropping = Way { dropped: DROPPED_SHARE, ..IDLE };
        assert_eq!(first_bottleneck(&IDLE, &dropping), Bottleneck::Up);
    }

    #[test]
    fn a_line_with_room_is_held_up_by_loss_or_its_queue() {
        let lossy = Way { lost: LOST_SHARE, queue_ms: QUEUE_MS, ..IDLE };
        assert_eq!(first_bottleneck(&lossy, &IDLE), Bottleneck::Loss);
        let waiting = Way { queue_ms: QUEUE_MS, ..IDLE };
        assert_eq!(first_bottleneck(&IDLE, &waiting), Bottleneck::Queue);
        let busier = Way { utilisation: 0.5, ..IDLE };
        assert_eq!(first_bottleneck(&IDLE, &busier), Bottleneck::Up);
    }
}
