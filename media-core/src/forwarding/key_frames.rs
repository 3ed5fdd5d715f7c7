//! Owns the requests for key frames of one encoding: merged over all subscribers, repeated until a key frame comes,
//! and never closer together than [`KEY_FRAME_REQUEST_INTERVAL`] (FWD-004).

use crate::{limits::KEY_FRAME_REQUEST_INTERVAL, time::Timestamp};

/// Whether somebody waits for a key frame, and when the publisher was last asked.
#[derive(Debug, Default)]
pub(super) struct KeyFrameRequests {
    wanted: bool,
    asked: Option<Timestamp>,
}

impl KeyFrameRequests {
    /// Somebody cannot go on without a key frame.
    pub(super) fn want(&mut self) {
        self.wanted = true;
    }

    /// Whether somebody waits already.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted
    }

    /// The encoding begins at this moment, with a key frame of its own: to ask for one would make a second.
    pub(super) fn on_woken(&mut self, now: Timestamp) {
        self.asked = Some(now);
    }

    /// Nobody waits: a key frame begins, or the encoding is not sent.
    pub(super) fn on_served(&mut self) {
        self.wanted = false;
    }

    /// Whether to ask the publisher at `now`.
    pub(super) fn poll(&mut self, now: Timestamp) -> bool {
        let due = self.poll_timeout().is_some_and(|at| at <= now);
        if due {
            self.asked = Some(now);
        }
        due
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.wanted.then(|| self.asked.map_or(Timestamp::ZERO, |asked| asked + KEY_FRAME_REQUEST_INTERVAL))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_requests_asks_once_in_each_interval_until_a_key_frame_comes() {
        let mut requests = KeyFrameRequests::default();
        let mut asked = 0;
        for millis in 0..1_000 {
            requests.want();
            asked += u32::from(requests.poll(Timestamp::from_millis(millis)));
        }
        assert_eq!(asked, 2);
        requests.on_served();
        assert_eq!(requests.poll_timeout(), None);
    }
}
