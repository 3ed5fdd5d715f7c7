//! Owns how many segments may be in flight: slow start and additive increase (RFC 5681) from an initial window of 10
//! segments (RFC 6928).

use super::receiver::WINDOW_SEGMENTS;

/// RFC 6928.
const START: u32 = 10;

/// The congestion window.
#[derive(Clone, Debug)]
pub(super) struct Window {
    size: u32,
    /// Segments acknowledged since it last grew, in congestion avoidance.
    credit: u32,
    slow_start_until: u32,
    /// End of the loss episode: it shrinks once until this number is acknowledged.
    recovery: Option<u32>,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self { size: START, credit: 0, slow_start_until: u32::MAX, recovery: None }
    }

    pub(super) const fn size(&self) -> u32 {
        self.size
    }

    pub(super) const fn is_recovering(&self) -> bool {
        self.recovery.is_some()
    }

    /// Everything below `ack` has arrived, and `newly` segments of which that was not known.
    pub(super) fn on_ack(&mut self, ack: u32, newly: u32) {
        if self.recovery.is_some_and(|until| ack >= until) {
            self.recovery = None;
        }
        if self.recovery.is_none() {
            self.grow(newly);
        }
    }

    /// Segments are lost, while everything below `end` was sent: half of it, once per episode.
    pub(super) fn on_loss(&mut self, end: u32) {
        if self.recovery.is_none() {
            self.slow_start_until = (self.size / 2).max(2);
            self.size = self.slow_start_until;
            self.credit = 0;
            self.recovery = Some(end);
        }
    }

    /// The timer expired with `in_flight` segments under way. A lost SYN says nothing about congestion in established
    /// state: RFC 5681 section 3.1 asks for a window of one, and no more.
    pub(super) fn on_expired(&mut self, in_flight: u32, is_established: bool) {
        if is_established {
            self.slow_start_until = (in_flight / 2).max(2);
        }
        self.size = 1;
        self.credit = 0;
        self.recovery = None;
    }

    fn grow(&mut self, newly: u32) {
        for _ in 0..newly {
            if self.size >= WINDOW_SEGMENTS {
                return;
            }
            if self.size < self.slow_start_until {
                self.size += 1;
                continue;
            }
            self.credit += 1;
            if self.credit >= self.size {
                self.credit = 0;
                self.size += 1;
            }
        }
    }
}
