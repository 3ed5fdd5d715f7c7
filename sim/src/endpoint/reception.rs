//! Owns the figures of one received stream that a receiver reports: loss and jitter as RFC 3550 has them (section 6.4.1,
//! appendices A.3 and A.8). Retransmissions are a stream of their own and do not count (RFC 4588 section 4).

use media_core::{Ssrc, Timestamp, rtp::rtcp::ReportBlock};

/// What came of one stream.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reception {
    /// The first and the highest sequence number, unwrapped.
    range: Option<(u64, u64)>,
    packets: u64,
    /// Expected and received when the last report was made.
    reported: (u64, u64),
    /// Arrival minus timestamp of the packet before, in units of the timestamp.
    transit: Option<u32>,
    /// Sixteen times the jitter.
    scaled_jitter: u32,
}

impl Reception {
    /// A packet with this number came; its timestamp counts at `clock_rate`.
    pub(super) fn on_packet(&mut self, now: Timestamp, sequence: u64, timestamp: u32, clock_rate: u32) {
        self.packets += 1;
        let (first, highest) = self.range.unwrap_or((sequence, sequence));
        self.range = Some((first.min(sequence), highest.max(sequence)));
        let arrival = u128::from(now.as_nanos()) * u128::from(clock_rate) / 1_000_000_000;
        let transit = (arrival as u32).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = transit.wrapping_sub(before).cast_signed().unsigned_abs();
            // A.8: J += (|D| - J) / 16, in integers.
            self.scaled_jitter = self
                .scaled_jitter
                .saturating_add(difference)
                .saturating_sub(self.scaled_jitter.saturating_add(8) >> 4);
        }
    }

    /// The highest sequence number so far.
    pub(super) fn highest(&self) -> Option<u64> {
        self.range.map(|(_, highest)| highest)
    }

    /// What is to be reported now; the next report counts from here. Nothing before the first packet.
    pub(super) fn report(&mut self, ssrc: Ssrc) -> Option<ReportBlock> {
        let (first, highest) = self.range?;
        let expected = highest - first + 1;
        let lost = expected as i64 - self.packets as i64;
        let (expected_before, received_before) =
            std::mem::replace(&mut self.reported, (expected, self.packets));
        // A first packet that was overtaken makes more expected than the counts before say: the difference is this interval's.
        let expected_now = expected - expected_before;
        let lost_now = expected_now.saturating_sub(self.packets - received_before);
        let fraction = (lost_now << 8).checked_div(expected_now).unwrap_or(0);
        Some(ReportBlock {
            ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: i32::try_from(lost).unwrap_or(if lost < 0 { i32::MIN } else { i32::MAX }),
            highest_sequence: highest as u32,
            jitter: self.scaled_jitter >> 4,
            last_sender_report: 0,
            delay_since_last_sender_report: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: u32 = 48_000;

    fn reported(reception: &mut Reception) -> (u8, i32, u32) {
        let block = reception.report(Ssrc(5)).unwrap();
        (block.fraction_lost, block.cumulative_lost, block.jitter)
    }

    /// Frames `sequences` of 20 ms, each 50 ms under way and `later` as many milliseconds.
    fn receive(
        reception: &mut Reception,
        sequences: impl IntoIterator<Item = u64>,
        later: impl Fn(u64) -> u64,
    ) {
        for sequence in sequences {
            let at = Timestamp::from_millis(sequence * 20 + 50 + later(sequence));
            reception.on_packet(at, sequence, (sequence * 960) as u32, AUDIO);
        }
    }

    #[test]
    fn loss_is_told_for_the_time_since_the_last_report_and_altogether() {
        let mut reception = Reception::default();
        assert!(reception.report(Ssrc(5)).is_none());
        receive(&mut reception, (0..100).filter(|n| n % 4 != 1), |_| 0);
        assert_eq!(reported(&mut reception), (64, 25, 0));
        receive(&mut reception, 100..200, |_| 0);
        assert_eq!(reported(&mut reception), (0, 25, 0));
        // Nothing new is no loss.
        assert_eq!(reported(&mut reception), (0, 25, 0));
    }

    #[test]
    fn what_comes_twice_makes_up_for_a_loss_in_the_sum_and_never_less_than_none_in_the_share() {
        let mut reception = Reception::default();
        receive(&mut reception, [0, 0, 1, 1, 2], |_| 0);
        assert_eq!(reported(&mut reception).1, -2);
        assert_eq!(reported(&mut reception).0, 0);
    }

    #[test]
    fn a_steady_path_has_no_jitter_and_an_alternating_one_comes_near_its_difference() {
        let mut reception = Reception::default();
        receive(&mut reception, 0..1_000, |sequence| 8 * (sequence % 2));
        // 8 ms are 384 ticks; A.8 rounds down by less than one in sixteen.
        let (_, _, jitter) = reported(&mut reception);
        assert!((360..=384).contains(&jitter), "{jitter}");
    }
}
