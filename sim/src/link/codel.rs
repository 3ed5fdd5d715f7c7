//! Owns CoDel's control law (RFC 8289): when a packet at the head of the queue is dropped because the queue stands.
//! The packets themselves stay in the queue.

use super::queue::{Waiting, WaitingQueue};

/// The state of RFC 8289 section 5. Times are in picoseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct CoDelControl {
    target_ps: u64,
    interval_ps: u64,
    /// A queue of at most this many bytes is never regarded as standing.
    packet_bytes_max: u64,
    /// When the queue will have been above target for an interval; absent while it is below.
    first_above_ps: Option<u64>,
    dropping: bool,
    drop_next_ps: u64,
    /// Drops since the dropping state was entered.
    count: u64,
    /// `count` when the dropping state was last entered.
    count_on_entry: u64,
}

impl CoDelControl {
    pub(super) fn new(target_ps: u64, interval_ps: u64, packet_bytes_max: u32) -> Self {
        Self {
            target_ps,
            interval_ps,
            packet_bytes_max: u64::from(packet_bytes_max),
            first_above_ps: None,
            dropping: false,
            drop_next_ps: 0,
            count: 0,
            count_on_entry: 0,
        }
    }

    /// The next packet to serve, and how many were dropped before it (RFC 8289 section 5.5).
    pub(super) fn poll_next<T>(
        &mut self,
        queue: &mut WaitingQueue<T>,
        now_ps: u64,
    ) -> (Option<Waiting<T>>, u64) {
        let (mut head, mut standing) = self.poll_head(queue, now_ps);
        let mut dropped = 0;
        if self.dropping {
            self.dropping = standing;
            while self.dropping && now_ps >= self.drop_next_ps {
                dropped += 1;
                self.count += 1;
                (head, standing) = self.poll_head(queue, now_ps);
                if standing {
                    self.drop_next_ps += self.spacing_ps();
                } else {
                    self.dropping = false;
                }
            }
        } else if standing {
            dropped += 1;
            (head, _) = self.poll_head(queue, now_ps);
            self.on_dropping(now_ps);
        }
        (head, dropped)
    }

    /// Enters the dropping state. If it was left a short while ago, the drop rate that controlled the queue then is
    /// where this one begins.
    fn on_dropping(&mut self, now_ps: u64) {
        let delta = self.count.saturating_sub(self.count_on_entry);
        // Signed in the RFC: a `drop_next` still ahead is recent as well.
        let recent = now_ps < self.drop_next_ps.saturating_add(self.interval_ps.saturating_mul(16));
        self.dropping = true;
        self.count = if delta > 1 && recent { delta } else { 1 };
        self.drop_next_ps = now_ps + self.spacing_ps();
        self.count_on_entry = self.count;
    }

    /// Takes the head out and says whether the queue has stood above target for an interval (RFC 8289
    /// section 5.6).
    fn poll_head<T>(&mut self, queue: &mut WaitingQueue<T>, now_ps: u64) -> (Option<Waiting<T>>, bool) {
        let Some(head) = queue.pop() else {
            self.first_above_ps = None;
            return (None, false);
        };
        let sojourn_ps = now_ps.saturating_sub(head.offered_ps);
        if sojourn_ps < self.target_ps || queue.bytes() <= self.packet_bytes_max {
            self.first_above_ps = None;
            return (Some(head), false);
        }
        let first_above_ps = *self.first_above_ps.get_or_insert(now_ps + self.interval_ps);
        // An interval of zero makes the queue standing at once, which the RFC leaves open.
        (Some(head), now_ps >= first_above_ps)
    }

    /// The control law: the interval over the square root of the drop count.
    fn spacing_ps(&self) -> u64 {
        let interval_ps = u128::from(self.interval_ps);
        (interval_ps * interval_ps / u128::from(self.count.max(1))).isqrt() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::{duration_ps, queue::Queue};
    use std::time::Duration;

    const MS: u64 = 1_000_000_000;

    /// A queue that is always refilled, so that its head has always waited 20 ms: the schedule of drops shows bare.
    fn drop_times_ms(until_ms: u64) -> Vec<u64> {
        let mut queue = WaitingQueue::new(Queue::DropTail { bytes: u64::MAX }, 1500);
        let mut codel = CoDelControl::new(
            duration_ps(Duration::from_millis(5)),
            duration_ps(Duration::from_millis(100)),
            1500,
        );
        let mut times = Vec::new();
        for now_ms in 20..until_ms {
            while queue.len() < 20 {
                assert!(queue.push(Waiting { item: (), wire_bytes: 1000, offered_ps: (now_ms - 20) * MS }));
            }
            let (_, dropped) = codel.poll_next(&mut queue, now_ms * MS);
            times.extend(std::iter::repeat_n(now_ms, dropped as usize));
        }
        times
    }

    #[test]
    fn drops_of_a_standing_queue_come_at_the_intervals_of_the_control_law() {
        // Above target first at 20 ms, so the first drop is at 120 ms; then 100 ms / sqrt(n) apart for the n-th:
        // 100, 70.7, 57.7, 50, 44.7.
        let times = drop_times_ms(500);
        assert_eq!(times[..6], [120, 220, 291, 349, 399, 444]);
    }

    #[test]
    fn a_drop_rate_left_a_short_while_ago_is_taken_up_again() {
        let at_return = |after: u64| {
            let mut codel = CoDelControl::new(5 * MS, 100 * MS, 1500);
            (codel.count, codel.count_on_entry, codel.drop_next_ps) = (7, 2, 1000 * MS);
            codel.on_dropping(1000 * MS + after);
            (codel.count, codel.count_on_entry, codel.drop_next_ps - 1000 * MS - after)
        };
        // Five drops in the last cycle: 100 ms / sqrt(5) until the next.
        assert_eq!(at_return(1599 * MS), (5, 5, 44_721_359_549));
        assert_eq!(at_return(1600 * MS), (1, 1, 100 * MS));
    }

    #[test]
    fn the_spacing_follows_the_square_root_of_the_count() {
        let mut codel = CoDelControl::new(5 * MS, 100 * MS, 1500);
        for (count, spacing_ps) in [(1, 100 * MS), (4, 50 * MS), (100, 10 * MS), (2, 70_710_678_118)] {
            codel.count = count;
            assert_eq!(codel.spacing_ps(), spacing_ps);
        }
    }
}
