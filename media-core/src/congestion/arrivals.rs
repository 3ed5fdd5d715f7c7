//! Owns the receiver's side of transport-wide feedback: which packets came and when, until the sender is told
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use std::time::Duration;

use crate::{Ssrc, Timestamp, rtp::rtcp};

/// Time between two feedback packets.
const INTERVAL: Duration = Duration::from_millis(100);

/// What arrived since the last feedback.
#[derive(Debug, Default)]
pub struct ArrivalLog {
    arrivals: Vec<(u16, Timestamp)>,
    feedback_count: u8,
    due: Option<Timestamp>,
}

impl ArrivalLog {
    /// A packet with this transport-wide sequence number came; `bytes` on the wire.
    pub fn on_packet(&mut self, now: Timestamp, sequence: u16, bytes: u32) {
        let _ = bytes;
        self.arrivals.push((sequence, now));
        self.due.get_or_insert(now + INTERVAL);
    }

    /// When [`ArrivalLog::write_feedback`] has something to say.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.due
    }

    /// Appends at most one feedback packet, if one is due. To be called until it says that there was none: a datagram each.
    pub fn write_feedback(&mut self, now: Timestamp, sender: Ssrc, media: Ssrc, out: &mut Vec<u8>) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return false;
        }
        self.due = None;
        let Some((base, at)) = self.arrivals.first().copied() else { return false };
        let reference = (at.as_millis() / 64) as i32;
        let arrivals = [Some(0)];
        rtcp::write_twcc(sender, media, base, reference, self.feedback_count, &arrivals, out);
        self.feedback_count = self.feedback_count.wrapping_add(1);
        self.arrivals.clear();
        true
    }
}
