//! Owns arithmetic of RTP's numbers that wrap: which is newer, and what they are without wrapping. No history of
//! packets is kept here.

/// Whether sequence number `a` is newer than `b`: less than half the number space ahead (RFC 1982 section 3.2). Of
/// two that are exactly half the space apart, which RFC 1982 leaves open, the larger is the newer.
pub const fn is_newer(a: u16, b: u16) -> bool {
    let ahead = a.wrapping_sub(b);
    ahead != 0 && (ahead < 0x8000 || (ahead == 0x8000 && a > b))
}

macro_rules! unwrapper {
    ($(#[$doc:meta])* $name:ident, $wrapped:ty, $signed:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            newest: Option<u64>,
        }

        impl $name {
            /// The number at which the first cycle starts. One cycle of room below it keeps what was sent before
            /// the first number, and arrives after it, above zero.
            const FIRST_CYCLE: u64 = 1 << <$wrapped>::BITS;

            /// Before the first number.
            pub const fn new() -> Self {
                Self { newest: None }
            }

            /// The number without wrapping: the one nearest to the newest so far. It leaves `number` in the low
            /// bits.
            pub fn unwrap(&mut self, number: $wrapped) -> u64 {
                let Some(newest) = self.newest else {
                    let first = Self::FIRST_CYCLE + u64::from(number);
                    self.newest = Some(first);
                    return first;
                };
                let extended = Self::near(newest, number);
                self.newest = Some(newest.max(extended));
                extended
            }

            /// Like `unwrap`, without taking the number for sent. `None` before the first number.
            pub fn peek(&self, number: $wrapped) -> Option<u64> {
                self.newest.map(|newest| Self::near(newest, number))
            }

            /// The number without wrapping after a silence of unknown length: the one next above the newest so far.
            pub fn unwrap_ahead(&mut self, number: $wrapped) -> u64 {
                let Some(newest) = self.newest else { return self.unwrap(number) };
                let ahead = number.wrapping_sub(newest as $wrapped).wrapping_sub(1);
                let extended = newest + 1 + u64::from(ahead);
                self.newest = Some(extended);
                extended
            }

            /// The newest so far.
            pub const fn newest(&self) -> Option<u64> {
                self.newest
            }

            /// `newest` is at least one cycle, so that half a cycle back stays above zero.
            fn near(newest: u64, number: $wrapped) -> u64 {
                let ahead = number.wrapping_sub(newest as $wrapped) as $signed;
                newest.saturating_add_signed(i64::from(ahead))
            }
        }
    };
}

unwrapper! {
    /// Extends RTP sequence numbers (and frame numbers) to 64 bits.
    SequenceUnwrapper, u16, i16
}
unwrapper! {
    /// Extends RTP timestamps to 64 bits.
    TimestampUnwrapper, u32, i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SequenceUnwrapper, TimestampUnwrapper, is_newer};

    #[test]
    fn zero_follows_the_largest() {
        assert!(is_newer(0, u16::MAX));
        assert!(!is_newer(u16::MAX, 0));
    }

    #[test]
    fn of_two_different_numbers_exactly_one_is_newer() {
        for b in 1..=u16::MAX {
            assert_ne!(is_newer(7, 7_u16.wrapping_add(b)), is_newer(7_u16.wrapping_add(b), 7), "{b}");
        }
        assert!(!is_newer(7, 7));
    }

    #[test]
    fn what_was_sent_before_the_first_number_comes_out_below_it() {
        let mut sequence = SequenceUnwrapper::new();
        let first = sequence.unwrap(3);
        assert_eq!(first - sequence.unwrap(65_534), 5);
    }

    #[test]
    fn after_a_silence_every_number_counts_as_newer() {
        for number in [0, 7, 8, 40_000, u16::MAX] {
            let mut sequence = SequenceUnwrapper::new();
            let before = sequence.unwrap(7);
            let after = sequence.unwrap_ahead(number);
            assert!(after > before && after <= before + 65_536, "{number}");
            assert_eq!(after as u16, number);
            assert_eq!(sequence.newest(), Some(after));
        }
    }

    #[test]
    fn a_number_from_before_the_wrap_stays_in_its_cycle() {
        let mut sequence = SequenceUnwrapper::new();
        let last = sequence.unwrap(65_535);
        assert_eq!(sequence.unwrap(0), last + 1);
        assert_eq!(sequence.unwrap(65_533), last - 2);
        assert_eq!(sequence.unwrap(1), last + 2);
    }

    #[test]
    fn peeking_takes_nothing_for_sent() {
        let mut sequence = SequenceUnwrapper::new();
        assert_eq!(sequence.peek(1), None);
        let first = sequence.unwrap(1);
        assert_eq!(sequence.peek(30_000), Some(first + 29_999));
        assert_eq!(sequence.newest(), Some(first));
    }

    #[test]
    fn timestamps_wrap_at_thirty_two_bits() {
        let mut timestamp = TimestampUnwrapper::new();
        let last = timestamp.unwrap(u32::MAX);
        assert_eq!(timestamp.unwrap(89_999), last + 90_000);
    }

    proptest! {
        #[test]
        fn any_walk_of_less_than_half_a_cycle_per_step_is_followed(
            start: u16,
            steps in proptest::collection::vec(-900_i64..30_000, 1..200),
        ) {
            let mut sequence = SequenceUnwrapper::new();
            let mut newest = i64::from(start);
            let offset = sequence.unwrap(start) as i64 - newest;
            for step in steps {
                let sent = newest + step;
                prop_assert_eq!(sequence.unwrap(sent as u16) as i64, sent + offset);
                newest = newest.max(sent);
            }
        }

        #[test]
        fn no_order_of_numbers_goes_below_zero_or_panics(numbers: Vec<u16>) {
            let mut sequence = SequenceUnwrapper::new();
            for number in numbers {
                prop_assert_eq!(sequence.unwrap(number) as u16, number);
            }
        }
    }
}
