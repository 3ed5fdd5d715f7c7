//! That neither direction takes memory per packet once its streams are known. What is counted is what Rust allocates; the
//! library in C works in the contexts that it is given.

use allocation_counter::measure;

use super::*;

#[test]
fn protecting_opening_and_refusing_allocate_nothing_once_warm() {
    for profile in SrtpProfile::ALL {
        let (mut sender, mut receiver) = pair(profile);
        let (payload, mut packet, mut replay) = ([7; 1_100], Vec::new(), Vec::new());
        let mut sequence = 0;
        let mut round = || {
            sequence += 1;
            packet.clear();
            replay.clear();
            sender.protect_rtp(&header(SSRC, sequence, 0, Some(2)), &payload, &mut packet).unwrap();
            replay.extend_from_slice(&packet);
            receiver.unprotect_rtp(&mut packet).unwrap();
            assert!(receiver.unprotect_rtp(&mut replay).is_err());
            packet.clear();
            sender.protect_rtcp(&report(SSRC), &mut packet).unwrap();
            receiver.unprotect_rtcp(&mut packet).unwrap();
        };
        let cold = measure(&mut round);
        assert!(cold.count_total > 0, "the counter counts");
        // What makes the packets of this test.
        let own = measure(|| drop((header(SSRC, 1, 0, Some(2)), report(SSRC)))).count_total;
        let warm = measure(|| (0..100).for_each(|_| round()));
        assert_eq!(warm.count_total, 100 * own, "{profile:?}: {warm:?}");
    }
}
