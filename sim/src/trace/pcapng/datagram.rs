//! Owns the IPv4 (RFC 791) and UDP (RFC 768) headers put around a payload in the file. No such headers exist in the
//! simulation itself.

use std::net::Ipv4Addr;

const IPV4_HEADER_BYTES: usize = 20;
const UDP_HEADER_BYTES: usize = 8;
/// IPv4's protocol number of UDP.
const PROTOCOL_UDP: u8 = 17;

/// Most bytes a UDP datagram in IPv4 can carry.
pub(super) const PAYLOAD_BYTES_MAX: usize = u16::MAX as usize - IPV4_HEADER_BYTES - UDP_HEADER_BYTES;

/// Fills `packet` with an IPv4 packet that holds a UDP datagram from and to `port`. The payload is at most
/// [`PAYLOAD_BYTES_MAX`] long; when `hidden`, zeros of its length stand for it.
pub(super) fn write_datagram(
    packet: &mut Vec<u8>,
    (from, to): (Ipv4Addr, Ipv4Addr),
    port: u16,
    payload: &[u8],
    hidden: bool,
) {
    debug_assert!(payload.len() <= PAYLOAD_BYTES_MAX, "the caller splits what is longer");
    let udp_bytes = (UDP_HEADER_BYTES + payload.len()) as u16;
    packet.clear();
    // Version 4, five words of header; no DSCP, identification 0.
    packet.extend([0x45, 0]);
    packet.extend((udp_bytes + IPV4_HEADER_BYTES as u16).to_be_bytes());
    packet.extend([0, 0]);
    // Don't fragment; 64 hops; the checksum's place.
    packet.extend([0x40, 0, 64, PROTOCOL_UDP, 0, 0]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    let header_sum = checksum(0, packet);
    packet[10..12].copy_from_slice(&header_sum.to_be_bytes());

    packet.extend(port.to_be_bytes());
    packet.extend(port.to_be_bytes());
    packet.extend(udp_bytes.to_be_bytes());
    packet.extend([0, 0]);
    if hidden {
        packet.resize(packet.len() + payload.len(), 0);
    } else {
        packet.extend_from_slice(payload);
    }
    // The pseudo-header's protocol and length; its addresses are bytes 12 to 20 of the packet.
    let pseudo = u64::from(PROTOCOL_UDP) + u64::from(udp_bytes);
    let udp_sum = match checksum(pseudo, &packet[12..]) {
        // Zero would mean that there is none.
        0 => u16::MAX,
        sum => sum,
    };
    packet[IPV4_HEADER_BYTES + 6..IPV4_HEADER_BYTES + 8].copy_from_slice(&udp_sum.to_be_bytes());
}

/// The Internet checksum (RFC 1071) of `sum` and big-endian words; an odd last byte is padded with zero.
fn checksum(sum: u64, bytes: &[u8]) -> u16 {
    let mut sum = bytes.chunks(2).fold(sum, |sum, word| {
        let low = word.get(1).copied().unwrap_or(0);
        sum + u64::from(u16::from_be_bytes([word[0], low]))
    });
    while sum > u64::from(u16::MAX) {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_rfcs_example() {
        // RFC 1071 section 3: the words 0001 f203 f4f5 f6f7 sum to ddf2.
        assert_eq!(checksum(0, &[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
    }

    #[test]
    fn headers_with_their_checksums_sum_to_zero() {
        let ends = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 1, 2, 3));
        for len in [0, 1, 2, 1200, PAYLOAD_BYTES_MAX] {
            let payload: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let mut packet = vec![1, 2, 3];
            write_datagram(&mut packet, ends, 5004, &payload, false);
            assert_eq!(checksum(0, &packet[..20]), 0, "header, {len} bytes of payload");
            let pseudo = 17 + (packet.len() as u64 - 20);
            assert_eq!(checksum(pseudo, &packet[12..]), 0, "datagram, {len} bytes of payload");
            assert_eq!(packet[28..], payload);
        }
    }

    #[test]
    fn a_checksum_of_zero_is_sent_as_all_ones() {
        // Every payload of two bytes gives another sum, so one of them gives zero.
        let ends = (Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2));
        let mut packet = Vec::new();
        let mut all_ones = 0;
        for word in 0..=u16::MAX {
            write_datagram(&mut packet, ends, 5004, &word.to_be_bytes(), false);
            assert_ne!(packet[26..28], [0, 0]);
            all_ones += u32::from(packet[26..28] == [0xff, 0xff]);
        }
        assert!((1..=2).contains(&all_ones), "{all_ones}");
    }
}
