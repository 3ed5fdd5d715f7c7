//! Owns how many frames of audio go along with each: none on a sound line, one where packets are lost, two where many are.

use std::time::Duration;

use media_core::{Timestamp, limits::REDUNDANT_BLOCKS_MAX};

/// From which share of lost packets on one frame, and two, go along. Lines lose in bursts: a share of 4 % lately is often the
/// 1 % of a radio link that loses two or three in a row, which one frame does not bridge and two do.
const LOSSES_UP: [f64; REDUNDANT_BLOCKS_MAX] = [0.01, 0.04];
/// Below which share they go along no more.
const LOSSES_DOWN: [f64; REDUNDANT_BLOCKS_MAX] = [0.005, 0.02];
/// For how long it has to be less before less goes along: losses come in bursts.
const CALM: Duration = Duration::from_secs(10);

/// What goes along at the moment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Redundancy {
    depth: usize,
    calm_since: Option<Timestamp>,
}

impl Redundancy {
    /// The line loses this share of packets (0 to 1), as far as is known.
    pub(super) fn on_loss(&mut self, now: Timestamp, loss: f64) {
        let wanted = LOSSES_UP.iter().filter(|from| loss >= **from).count();
        if wanted > self.depth {
            self.depth = wanted;
        }
        let calm = self.depth.checked_sub(1).is_some_and(|last| loss < LOSSES_DOWN[last]);
        if !calm {
            self.calm_since = None;
        } else if now.saturating_since(*self.calm_since.get_or_insert(now)) >= CALM {
            self.depth -= 1;
            self.calm_since = None;
        }
    }

    /// Frames that go along with each.
    pub(super) const fn depth(&self) -> usize {
        self.depth
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_go_along_as_soon_as_packets_are_lost_and_no_more_when_it_has_been_calm_for_long() {
        let mut redundancy = Redundancy::default();
        let mut depth_at = |seconds: u64, loss| {
            redundancy.on_loss(Timestamp::from_millis(seconds * 1_000), loss);
            redundancy.depth()
        };
        assert_eq!([depth_at(0, 0.0), depth_at(1, 0.009), depth_at(2, 0.01), depth_at(3, 0.2)], [0, 0, 1, 2]);
        assert_eq!(
            [depth_at(4, 0.03), depth_at(5, 0.01), depth_at(14, 0.01), depth_at(15, 0.01)],
            [2, 2, 2, 1]
        );
        // Between the thresholds everything stays, and calm counts anew.
        assert_eq!(
            [depth_at(16, 0.004), depth_at(20, 0.007), depth_at(29, 0.004), depth_at(38, 0.0)],
            [1; 4]
        );
        assert_eq!(depth_at(39, 0.0), 0);
    }
}
