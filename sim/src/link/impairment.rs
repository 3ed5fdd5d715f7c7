//! Owns what a path does to packets besides queueing: loss, jitter, reordering, duplication, corruption. Each
//! departing packet draws the same number of random bits, whatever is configured, so that switching one impairment
//! on does not shift the others.

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

/// Extra delay of a packet that [`LinkConfig::reorder_share`](super::LinkConfig::reorder_share) picks. It exceeds the
/// 20 ms between a speaker's audio packets, so that even a lone audio stream sees its packets overtaken.
pub const REORDER_DELAY: Duration = Duration::from_millis(25);

/// Extra delay of each packet, uniform from zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jitter {
    /// Largest extra delay.
    pub max: Duration,
    /// Whether a packet waits for those before it; otherwise a late one is overtaken.
    pub keep_order: bool,
}

/// How a path loses packets. Shares are probabilities from 0 to 1, with a resolution of 2^-32.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Loss {
    /// Not at all.
    #[default]
    None,
    /// Each packet on its own.
    Random {
        /// Share of packets lost.
        share: f64,
    },
    /// In bursts: a Markov chain of two states, moved once for each packet and then asked for its loss (Gilbert 1960,
    /// Elliott 1963). It starts in the good state.
    GilbertElliott {
        /// Probability to go from good to bad.
        good_to_bad: f64,
        /// Probability to go from bad to good; the mean stay in the bad state is its reciprocal in packets.
        bad_to_good: f64,
        /// Share of packets lost in the good state.
        loss_good: f64,
        /// Share of packets lost in the bad state.
        loss_bad: f64,
    },
}

impl Loss {
    /// The share of packets lost in the long run.
    pub fn mean_share(&self) -> f64 {
        match *self {
            Self::None => 0.0,
            Self::Random { share } => share,
            Self::GilbertElliott { good_to_bad, bad_to_good, loss_good, loss_bad } => {
                let moving = good_to_bad + bad_to_good;
                let bad = if moving > 0.0 { good_to_bad / moving } else { 0.0 };
                loss_good * (1.0 - bad) + loss_bad * bad
            }
        }
    }

    /// The probabilities in it, with their names.
    pub(super) fn shares(&self) -> impl Iterator<Item = (&'static str, f64)> {
        let (shares, count) = match *self {
            Self::None => ([("", 0.0); 4], 0),
            Self::Random { share } => ([("loss share", share), ("", 0.0), ("", 0.0), ("", 0.0)], 1),
            Self::GilbertElliott { good_to_bad, bad_to_good, loss_good, loss_bad } => (
                [
                    ("good_to_bad", good_to_bad),
                    ("bad_to_good", bad_to_good),
                    ("loss_good", loss_good),
                    ("loss_bad", loss_bad),
                ],
                4,
            ),
        };
        shares.into_iter().take(count)
    }
}

/// A probability as the number of 32-bit draws below which it happens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share(u64);

impl Share {
    pub(super) fn new(share: f64) -> Self {
        Self((share * (1_u64 << 32) as f64).round() as u64)
    }

    pub(super) fn happens(self, draw: u32) -> bool {
        u64::from(draw) < self.0
    }
}

/// Where departing packets get their random numbers from.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    rng: ChaCha8Rng,
    /// Packets that left while nothing depended on chance: theirs are passed over when it does again.
    passed: u64,
}

impl Dice {
    pub(super) fn new(rng: ChaCha8Rng) -> Self {
        Self { rng, passed: 0 }
    }

    /// The numbers of the next packet; all zero, by which nothing happens, when it does not `matter`.
    pub(super) fn draw(&mut self, matters: bool) -> Draws {
        if !matters {
            self.passed += 1;
            return Draws::default();
        }
        let passed = u128::from(std::mem::take(&mut self.passed));
        if passed > 0 {
            self.rng.set_word_pos(self.rng.get_word_pos() + passed * Draws::WORDS);
        }
        Draws::new(&mut self.rng)
    }
}

/// The random numbers of one departing packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Draws {
    pub(super) loss_move: u32,
    pub(super) loss: u32,
    pub(super) reorder: u32,
    pub(super) duplicate: u32,
    /// Of the packet and of its copy.
    pub(super) jitter: [u32; 2],
    /// Of the packet and of its copy.
    pub(super) corrupt: [u32; 2],
}

impl Draws {
    /// Numbers of 32 bits in it.
    const WORDS: u128 = 8;

    fn new(rng: &mut ChaCha8Rng) -> Self {
        Self {
            loss_move: rng.next_u32(),
            loss: rng.next_u32(),
            reorder: rng.next_u32(),
            duplicate: rng.next_u32(),
            jitter: [rng.next_u32(), rng.next_u32()],
            corrupt: [rng.next_u32(), rng.next_u32()],
        }
    }
}

/// A [`Loss`] at work.
#[derive(Clone, Copy, Debug)]
pub(super) struct LossProcess {
    leave: [Share; 2],
    lose: [Share; 2],
    bad: bool,
}

impl LossProcess {
    pub(super) fn new(loss: Loss) -> Self {
        let (leave, drop) = match loss {
            Loss::None => ([0.0; 2], [0.0; 2]),
            Loss::Random { share } => ([0.0; 2], [share; 2]),
            Loss::GilbertElliott { good_to_bad, bad_to_good, loss_good, loss_bad } => {
                ([good_to_bad, bad_to_good], [loss_good, loss_bad])
            }
        };
        Self { leave: leave.map(Share::new), lose: drop.map(Share::new), bad: false }
    }

    /// Moves the chain by one packet and says whether that packet is lost.
    pub(super) fn on_packet(&mut self, draws: &Draws) -> bool {
        self.bad ^= self.leave[usize::from(self.bad)].happens(draws.loss_move);
        self.lose[usize::from(self.bad)].happens(draws.loss)
    }
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_packet_gets_the_same_numbers_whether_those_before_it_needed_theirs_or_not() {
        let dice = || Dice::new(ChaCha8Rng::seed_from_u64(3));
        let (mut careful, mut careless) = (dice(), dice());
        for matters in [true, false, true, false, false, false, true, true] {
            let numbers = careful.draw(true);
            let got = careless.draw(matters);
            assert_eq!(got, if matters { numbers } else { Draws::default() });
        }
    }
}
