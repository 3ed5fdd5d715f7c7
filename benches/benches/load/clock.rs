//! Owns this machine's time.
#![expect(clippy::disallowed_methods, reason = "a bench measures the machine it runs on")]

use std::{
    thread,
    time::{Duration, Instant},
};

pub(crate) fn now() -> Instant {
    Instant::now()
}

pub(crate) fn pause(during: Duration) {
    thread::sleep(during);
}
