//! Owns the serialisation of one packet at a time onto the wire, exact to the picosecond while the rate changes
//! under it. Which packet is next is the queue's decision.

use media_core::time::Timestamp;

use super::{
    picoseconds,
    rate::{RateTimeline, work_of},
};

/// The sending side of the wire: idle, or serving one packet.
#[derive(Clone, Debug)]
pub(super) struct Transmitter {
    rate: RateTimeline,
    /// Set from outside; the timeline runs on beneath it.
    outage: bool,
    busy: bool,
    /// The work left of the packet in service at `since_ps`.
    work: u128,
    since_ps: u64,
    /// When the packet in service is out, if the rate ever allows it, and the work the started picosecond leaves.
    finish: Option<(u64, u128)>,
    /// When the last packet was out.
    idle_since_ps: u64,
    /// The work the last picosecond of service left. A packet that has been waiting takes it, so that rounding
    /// never lowers the rate of a busy link.
    spare: u128,
}

impl Transmitter {
    pub(super) fn new(rate: RateTimeline) -> Self {
        Self {
            rate,
            outage: false,
            busy: false,
            work: 0,
            since_ps: 0,
            finish: None,
            idle_since_ps: 0,
            spare: 0,
        }
    }

    /// Begins a packet that found the transmitter idle.
    pub(super) fn start_idle(&mut self, at_ps: u64, wire_bytes: u32) {
        debug_assert!(!self.busy, "one packet at a time");
        self.begin(at_ps.max(self.idle_since_ps), work_of(wire_bytes));
    }

    /// Begins a packet that has been waiting, at the moment the one before it was out.
    pub(super) fn start_waiting(&mut self, wire_bytes: u32) {
        debug_assert!(!self.busy, "one packet at a time");
        self.begin(self.idle_since_ps, work_of(wire_bytes).saturating_sub(self.spare));
    }

    /// When the packet in service is out; absent when idle or when nothing is planned to end an outage.
    pub(super) fn finish_ps(&self) -> Option<u64> {
        self.finish.map(|(at_ps, _)| at_ps)
    }

    /// Ends the service of the packet that is out at [`Transmitter::finish_ps`].
    pub(super) fn complete(&mut self) {
        if let Some((at_ps, spare)) = self.finish.take() {
            (self.idle_since_ps, self.spare, self.busy) = (at_ps, spare, false);
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// Whether nothing is being served at that time, whatever waits.
    pub(super) fn is_out(&self, now: Timestamp) -> bool {
        self.outage || self.rate.bps_at(now) == 0
    }

    pub(super) fn set_rate(&mut self, now: Timestamp, bps: u64) {
        self.account(now);
        self.rate.hold(bps);
        self.plan();
    }

    pub(super) fn set_outage(&mut self, now: Timestamp, outage: bool) {
        self.account(now);
        self.outage = outage;
        self.plan();
    }

    fn begin(&mut self, at_ps: u64, work: u128) {
        (self.busy, self.since_ps, self.work) = (true, at_ps, work);
        self.plan();
    }

    /// Takes off the work done up to `now`.
    fn account(&mut self, now: Timestamp) {
        let now_ps = picoseconds(now);
        if now_ps <= self.since_ps {
            return;
        }
        if self.busy && !self.outage {
            self.work = self.work.saturating_sub(self.rate.work_between(self.since_ps, now_ps));
        }
        self.since_ps = now_ps;
    }

    fn plan(&mut self) {
        let served = self.busy && !self.outage;
        self.finish = if served { self.rate.finish(self.since_ps, self.work) } else { None };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 125 bytes are 1000 bits: a second at 1000 bit/s.
    const PACKET: u32 = 125;

    fn serving() -> Transmitter {
        let mut transmitter = Transmitter::new(RateTimeline::constant(1000));
        transmitter.start_idle(0, PACKET);
        transmitter
    }

    fn ms(millis: u64) -> u64 {
        picoseconds(Timestamp::from_millis(millis))
    }

    #[test]
    fn a_rate_set_within_a_packet_applies_to_its_rest_only() {
        let mut transmitter = serving();
        transmitter.set_rate(Timestamp::from_millis(400), 2000);
        assert_eq!(transmitter.finish_ps(), Some(ms(700)));
        transmitter.set_rate(Timestamp::from_millis(500), 100);
        assert_eq!(transmitter.finish_ps(), Some(ms(4500)));
    }

    #[test]
    fn an_outage_shifts_the_end_by_its_own_length() {
        let mut transmitter = serving();
        transmitter.set_outage(Timestamp::from_millis(300), true);
        assert_eq!(transmitter.finish_ps(), None);
        assert!(transmitter.is_out(Timestamp::from_millis(300)));
        transmitter.set_outage(Timestamp::from_millis(800), false);
        assert_eq!(transmitter.finish_ps(), Some(ms(1500)));
    }

    #[test]
    fn rounding_never_lowers_the_rate_of_a_busy_link() {
        // 7 bit/s does not divide a picosecond evenly; seven packets of 125 bytes take 1000 s to the picosecond.
        let mut transmitter = Transmitter::new(RateTimeline::constant(7));
        transmitter.start_idle(0, PACKET);
        for _ in 0..6 {
            transmitter.complete();
            transmitter.start_waiting(PACKET);
        }
        assert_eq!(transmitter.finish_ps(), Some(ms(1_000_000)));
    }
}
