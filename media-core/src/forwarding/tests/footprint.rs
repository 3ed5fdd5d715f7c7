//! Claims about memory: outputs are small, and so is what is kept of each subscriber of a stream. In a city the state of a
//! conference is never in the caches when its next packet comes.

use crate::{
    engine::Output,
    forwarding::{ForwardedRtp, Subscription},
};

const LINE: usize = 64;

#[test]
fn an_output_is_less_than_a_cache_line() {
    assert!(size_of::<ForwardedRtp>() <= 48, "{}", size_of::<ForwardedRtp>());
    assert!(size_of::<Output>() < LINE, "{}", size_of::<Output>());
}

#[test]
fn a_subscription_takes_five_cache_lines() {
    assert_eq!(size_of::<Subscription>(), 5 * LINE);
}
