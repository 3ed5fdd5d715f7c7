//! Claims about the digest of a trace, and about the first place at which two traces part.

use super::*;

/// A packet as given to [`Trace::record`].
type Packet = (u64, u32, u32, Channel, &'static [u8]);

const PACKETS: [Packet; 5] = [
    (0, 1, 2, Channel::Signalling, b"hello"),
    (5, 2, 1, Channel::Media, b"rtp one"),
    (5, 2, 3, Channel::Media, b"rtp one"),
    (150, 1, 2, Channel::Media, b"rtp two"),
    (420, 3, 1, Channel::Media, b""),
];

fn fill(mut trace: Trace, packets: &[Packet]) -> Trace {
    for &(millis, from, to, kind, bytes) in packets {
        trace.record(Timestamp::from_millis(millis), from, to, kind, bytes);
    }
    trace
}

fn kept(packets: &[Packet]) -> Trace {
    fill(Trace::keeping(), packets)
}

/// The packets with one of them changed.
fn changed(index: usize, change: impl FnOnce(&mut Packet)) -> Vec<Packet> {
    let mut packets = PACKETS.to_vec();
    change(&mut packets[index]);
    packets
}

#[test]
fn equal_runs_have_equal_digests_whether_or_not_packets_are_kept() {
    let (keeping, digest_only) = (kept(&PACKETS), fill(Trace::digest_only(), &PACKETS));
    assert_eq!(keeping.digest(), digest_only.digest());
    assert_eq!(first_divergence(&keeping, &digest_only), None);
    assert_eq!(first_divergence(&Trace::keeping(), &Trace::digest_only()), None);
    assert_eq!((keeping.records().unwrap().len(), digest_only.records()), (5, None));
    assert_eq!(keeping.recorded(), 5);
}

#[test]
fn every_part_of_every_packet_changes_the_digest() {
    let mut digests =
        vec![kept(&PACKETS).digest(), kept(&PACKETS[1..]).digest(), kept(&PACKETS[..4]).digest()];
    for index in 0..PACKETS.len() {
        let changes: [fn(&mut Packet); 5] = [
            |packet| packet.0 += 1,
            |packet| packet.1 += 7,
            |packet| packet.2 += 7,
            |packet| {
                packet.3 = match packet.3 {
                    Channel::Signalling => Channel::Media,
                    Channel::Media => Channel::Signalling,
                }
            },
            |packet| packet.4 = b"other",
        ];
        digests.extend(changes.map(|change| kept(&changed(index, change)).digest()));
    }
    let mut swapped = PACKETS;
    swapped.swap(1, 2);
    digests.push(kept(&swapped).digest());
    let count = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), count);
}

#[test]
fn the_first_differing_packet_is_named() {
    let other = kept(&changed(3, |packet| packet.4 = b"rtp too"));
    let divergence = first_divergence(&kept(&PACKETS), &other).unwrap();
    assert_eq!(divergence.at, Timestamp::from_millis(150));
    let (left, right) = (divergence.left.unwrap(), divergence.right.unwrap());
    assert_ne!(left.content, right.content);
    assert_eq!(TraceRecord { content: 0, ..left }, TraceRecord { content: 0, ..right });
    assert_eq!((left.from, left.to, left.kind, left.len), (1, 2, Channel::Media, 7));
}

#[test]
fn the_runs_part_at_the_earlier_of_two_packets_that_differ_in_time() {
    let later = kept(&changed(3, |packet| packet.0 = 160));
    for (a, b) in [(kept(&PACKETS), later.clone()), (later, kept(&PACKETS))] {
        assert_eq!(first_divergence(&a, &b).unwrap().at, Timestamp::from_millis(150));
    }
}

#[test]
fn a_packet_only_one_run_has_is_named() {
    let divergence = first_divergence(&kept(&PACKETS[..4]), &kept(&PACKETS)).unwrap();
    assert_eq!((divergence.at, divergence.left), (Timestamp::from_millis(420), None));
    assert_eq!(divergence.right.unwrap().from, 3);
    assert!(divergence.to_string().contains("no packet against media 3 -> 1, 0 bytes"), "{divergence}");
}

#[test]
fn without_packets_the_100_ms_in_which_runs_part_are_named() {
    let base = fill(Trace::digest_only(), &PACKETS);
    let first_at = |packets: &[Packet]| {
        let divergence = first_divergence(&fill(Trace::digest_only(), packets), &base).unwrap();
        assert_eq!((divergence.left, divergence.right), (None, None));
        divergence.at.as_millis()
    };
    assert_eq!(first_at(&changed(0, |packet| packet.4 = b"hullo")), 0);
    assert_eq!(first_at(&changed(3, |packet| packet.0 = 160)), 100);
    assert_eq!(first_at(&changed(3, |packet| packet.0 = 250)), 100);
    assert_eq!(first_at(&changed(4, |packet| packet.4 = b"x")), 400);
    assert_eq!(first_at(&PACKETS[..4]), 400);
    assert_eq!(first_at(&PACKETS[..2]), 0);
}

#[test]
fn a_record_takes_32_bytes_and_a_checkpoint_24() {
    assert_eq!(size_of::<TraceRecord>(), 32);
    assert_eq!(size_of::<Checkpoint>(), 24);
}

#[test]
fn a_digest_shows_as_32_hexadecimal_digits() {
    assert_eq!(Digest::EMPTY.to_string(), "0".repeat(32));
    // The published XXH3 128-bit value of no input (xxHash's specification and sanity tests).
    assert_eq!(Digest::of(b"").to_string(), "99aa06d3014798d86001c324468d497f");
}
