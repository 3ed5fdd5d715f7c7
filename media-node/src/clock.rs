//! Owns the server's clock: the operating system's monotonic one, as nanoseconds since the start of the process.

use std::time::{Duration, Instant};

use media_core::Timestamp;

/// Counts from the moment at which it was made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    anchor: Instant,
}

impl Clock {
    /// Begins to count.
    #[expect(
        clippy::disallowed_methods,
        reason = "a server lives by the wall clock; nothing is repeated here"
    )]
    pub(crate) fn start() -> Self {
        Self { anchor: Instant::now() }
    }

    /// [`Timestamp::ZERO`] in the operating system's clock.
    pub(crate) const fn anchor(self) -> Instant {
        self.anchor
    }

    pub(crate) fn now(self) -> Timestamp {
        Timestamp::ZERO + self.anchor.elapsed()
    }

    /// When something is due; what is due never, in a day: whoever waits looks again then.
    pub(crate) fn instant(self, at: Timestamp) -> Instant {
        const DAY: Duration = Duration::from_hours(24);
        let until = at.saturating_since(self.now()).min(DAY);
        self.anchor + self.now().saturating_since(Timestamp::ZERO) + until
    }
}
