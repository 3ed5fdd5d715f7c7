//! Owns how the sender finds out what was lost before the retransmission timer does: by the time at which segments were
//! sent (RACK, RFC 8985 section 6), which also finds a retransmission that was lost, and by a probe that repeats the last
//! segment when nothing comes back (TLP, section 7), because nothing is sent beyond the last segment that could tell.
//! Linux does both.

use std::time::Duration;

use media_core::Timestamp;

use super::rtt::RttEstimator;

/// The probe waits for two round trips, and for this at least (draft-dukkipati-tcpm-tcp-loss-probe-01).
const PROBE_MIN: Duration = Duration::from_millis(10);

/// What was sent last of all that is known to have arrived.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rack {
    /// When it was sent, and which it was.
    newest: Option<(Timestamp, u32)>,
    /// How long it took.
    rtt: Duration,
}

impl Rack {
    /// A segment has arrived that was sent last at `sent`. If it was sent `again`, and that only just, its first copy has
    /// arrived, which says nothing of the second (section 6.2, step 2).
    pub(super) fn on_delivered(
        &mut self,
        now: Timestamp,
        (sent, sequence, again): (Timestamp, u32, bool),
        rtt: &RttEstimator,
    ) {
        let took = now.saturating_since(sent);
        if again && took < rtt.minimum() {
            return;
        }
        if self.newest.is_none_or(|newest| newest < (sent, sequence)) {
            self.newest = Some((sent, sequence));
            self.rtt = took;
        }
    }

    /// When a segment that has not arrived counts as lost: a round trip after it was sent, and what reordering may add, if
    /// something that was sent later has arrived (section 6.2, step 5).
    pub(super) fn lost_at(&self, sent: Timestamp, sequence: u32, rtt: &RttEstimator) -> Option<Timestamp> {
        let overtaken = self.newest.is_some_and(|newest| (sent, sequence) < newest);
        overtaken.then(|| sent + self.rtt + rtt.minimum() / 4)
    }
}

/// When the last segment is to be repeated, if nothing has come back since something was sent at `now` (section 7.2). The
/// other end acknowledges at once, so there is no allowance for delayed acknowledgements.
pub(super) fn probe_at(now: Timestamp, rtt: &RttEstimator) -> Option<Timestamp> {
    let after = (rtt.smoothed()? * 2).max(PROBE_MIN);
    (after < rtt.rto()).then(|| now + after)
}
