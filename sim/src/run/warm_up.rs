//! Owns what has to happen once in each process before the first run with WebRTC stacks of others: they make tables when they
//! first need them and keep them, and that draws from the thread's randomness in the first run and in no other.

use std::sync::Once;

use super::{Options, run_here};
use crate::scenario::Scenario;

const SCENARIO: &str = include_str!("../../../fixtures/webrtc/warm-up.toml");

/// Rehearses a short conference, the first time that it is called.
///
/// # Panics
/// When the simulated network fails.
pub(crate) fn warm_up() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        let scenario = Scenario::from_toml("warm-up.toml", SCENARIO).expect("the file is valid");
        let run = || run_here(&scenario, 0, Options::default()).map(drop);
        repeatable::run(0, run).expect("the simulated network works");
    });
}
