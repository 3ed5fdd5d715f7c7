//! Owns the settings of a path. Names of real connections (a DSL line, a radio link) are not here.

use std::time::Duration;

use super::{Jitter, Loss, Queue, RateTimeline};

/// The settings of a one-way path. Shares are probabilities from 0 to 1, with a resolution of 2^-32.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkConfig {
    /// Bits per second over time; 0 is an outage.
    pub rate: RateTimeline,
    /// Propagation, one way. Serialisation and queueing come on top.
    pub delay: Duration,
    /// How packets wait for the wire.
    pub queue: Queue,
    /// Extra delay that differs from packet to packet.
    pub jitter: Jitter,
    /// Loss behind the queue: a lost packet has taken its time on the wire.
    pub loss: Loss,
    /// Share of packets held up for [`REORDER_DELAY`](super::REORDER_DELAY), so that later ones overtake them.
    pub reorder_share: f64,
    /// Share of packets that arrive twice.
    pub duplicate_share: f64,
    /// Share of packets that arrive damaged.
    pub corrupt_share: f64,
    /// Biggest packet in wire bytes the path lets through; absent: any.
    pub mtu_bytes: Option<u32>,
}

impl LinkConfig {
    /// A path of one rate in bits per second and one delay, with a drop-tail queue of `queue_bytes` and without any
    /// impairment.
    pub fn clean(bps: u64, delay: Duration, queue_bytes: u64) -> Self {
        Self {
            rate: RateTimeline::constant(bps),
            delay,
            queue: Queue::DropTail { bytes: queue_bytes },
            jitter: Jitter::default(),
            loss: Loss::None,
            reorder_share: 0.0,
            duplicate_share: 0.0,
            corrupt_share: 0.0,
            mtu_bytes: None,
        }
    }

    /// Whether anything that happens to a packet depends on chance.
    pub(super) fn has_chance(&self) -> bool {
        let shares = [self.reorder_share, self.duplicate_share, self.corrupt_share];
        self.loss != Loss::None || self.jitter.max > Duration::ZERO || shares.iter().any(|share| *share > 0.0)
    }

    /// Whether all shares are probabilities.
    ///
    /// # Errors
    /// The first share that is none.
    pub fn validate(&self) -> Result<(), LinkConfigError> {
        let shares = [
            ("reorder_share", self.reorder_share),
            ("duplicate_share", self.duplicate_share),
            ("corrupt_share", self.corrupt_share),
        ];
        match shares.into_iter().chain(self.loss.shares()).find(|(_, share)| !(0.0..=1.0).contains(share)) {
            Some((name, share)) => Err(LinkConfigError { name, share }),
            None => Ok(()),
        }
    }
}

/// A share that is not a probability.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {share}; a share lies from 0 to 1")]
pub struct LinkConfigError {
    /// The setting.
    pub name: &'static str,
    /// Its value.
    pub share: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_outside_of_0_to_1_is_named() {
        let clean = LinkConfig::clean(1000, Duration::ZERO, 0);
        assert_eq!(clean.validate(), Ok(()));
        let negative = LinkConfig { corrupt_share: -0.1, ..clean.clone() };
        assert_eq!(negative.validate(), Err(LinkConfigError { name: "corrupt_share", share: -0.1 }));
        let nan = LinkConfig { reorder_share: f64::NAN, ..clean.clone() };
        assert_eq!(nan.validate().unwrap_err().name, "reorder_share");
        let loss = Loss::GilbertElliott { good_to_bad: 0.1, bad_to_good: 0.1, loss_good: 0.0, loss_bad: 1.5 };
        let bursts = LinkConfig { loss, ..clean };
        assert_eq!(bursts.validate(), Err(LinkConfigError { name: "loss_bad", share: 1.5 }));
    }
}
