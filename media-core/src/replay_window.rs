//! Owns the memory of what was accepted of one sender: the newest counter and a bit for each of those before it. RFC 9605
//! section 9.3 asks for it for frames, RFC 3711 section 3.3.2 for packets.

use crate::{drop_reason::DropReason, limits::REPLAY_WINDOW};

const WORDS: usize = (REPLAY_WINDOW / 64) as usize + 1;
/// One word more than the window, so that the newest frame has its bit beside all those behind it.
const BITS: u64 = WORDS as u64 * 64;

/// Which counters were seen. A counter's bit stands at its remainder by [`BITS`].
#[derive(Clone, Debug)]
pub(crate) struct ReplayWindow {
    newest: Option<u64>,
    seen: [u64; WORDS],
}

impl ReplayWindow {
    pub(crate) const fn new() -> Self {
        Self { newest: None, seen: [0; WORDS] }
    }

    /// Whether something may be accepted. Changes nothing: an attacker can write any counter.
    pub(crate) fn check(&self, counter: u64) -> Result<(), DropReason> {
        let Some(newest) = self.newest else { return Ok(()) };
        if counter > newest {
            return Ok(());
        }
        if newest - counter > REPLAY_WINDOW {
            return Err(DropReason::BeyondReplayWindow);
        }
        let (word, bit) = place(counter);
        if self.seen[word] & bit != 0 { Err(DropReason::Replayed) } else { Ok(()) }
    }

    /// Remembers something whose tag was verified and that [`ReplayWindow::check`] let pass.
    pub(crate) fn on_authentic(&mut self, counter: u64) {
        match self.newest {
            None => self.newest = Some(counter),
            Some(newest) if counter > newest => {
                if counter - newest >= BITS {
                    self.seen = [0; WORDS];
                } else {
                    for passed in newest + 1..=counter {
                        let (word, bit) = place(passed);
                        self.seen[word] &= !bit;
                    }
                }
                self.newest = Some(counter);
            }
            Some(_) => {}
        }
        let (word, bit) = place(counter);
        self.seen[word] |= bit;
    }
}

fn place(counter: u64) -> (usize, u64) {
    let slot = counter % BITS;
    ((slot / 64) as usize, 1 << (slot % 64))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::ReplayWindow;
    use crate::{drop_reason::DropReason, limits::REPLAY_WINDOW};

    /// The same rule over a set of everything seen.
    fn reference(seen: &BTreeSet<u64>, counter: u64) -> Result<(), DropReason> {
        match seen.last() {
            Some(newest) if newest.saturating_sub(counter) > REPLAY_WINDOW => {
                Err(DropReason::BeyondReplayWindow)
            }
            _ if seen.contains(&counter) => Err(DropReason::Replayed),
            _ => Ok(()),
        }
    }

    proptest! {
        #[test]
        fn the_window_agrees_with_a_set_of_everything_seen(
            start in prop_oneof![0..5000_u64, (u64::MAX - 300_000)..(u64::MAX - 290_000)],
            steps in prop::collection::vec(prop_oneof![
                6 => -4..8_i64,
                3 => -1100..-1000_i64,
                1 => -1030..1200_i64,
            ], 1..300),
        ) {
            let mut window = ReplayWindow::new();
            let mut seen = BTreeSet::new();
            for step in steps {
                let newest = seen.last().copied().unwrap_or(start);
                let counter = newest.saturating_add_signed(step);
                prop_assert_eq!(window.check(counter), reference(&seen, counter));
                if window.check(counter).is_ok() {
                    window.on_authentic(counter);
                    seen.insert(counter);
                }
            }
        }
    }

    #[test]
    fn the_oldest_frame_of_the_window_passes_and_the_one_before_does_not() {
        let mut window = ReplayWindow::new();
        window.on_authentic(5000);
        assert_eq!(window.check(5000 - REPLAY_WINDOW), Ok(()));
        assert_eq!(window.check(4999 - REPLAY_WINDOW), Err(DropReason::BeyondReplayWindow));
    }

    #[test]
    fn the_last_counter_there_is_can_be_seen() {
        let mut window = ReplayWindow::new();
        window.on_authentic(0);
        window.on_authentic(u64::MAX);
        assert_eq!(window.check(u64::MAX), Err(DropReason::Replayed));
        assert_eq!(window.check(u64::MAX - 1), Ok(()));
        assert_eq!(window.check(0), Err(DropReason::BeyondReplayWindow));
    }
}
