//! Owns what the observer notes of addresses: whose are whose, and where the media node mentions one in what it sends (SEC-004). In
//! requests, messages and RTCP they stand as text; in answers to ICE's checks as RFC 8489 section 14.2 has it. Payloads of media are
//! sealed by their senders, and not looked into.

use core::net::IpAddr;
use std::collections::{BTreeMap, BTreeSet};

use media_core::PeerId;
use stun_types::{attribute::XorMappedAddress, message::Message};

/// Bytes of the longest address as text.
const TEXT_BYTES_MAX: usize = 45;

/// What was noted.
#[derive(Clone, Debug, Default)]
pub struct SeenAddresses {
    /// From where datagrams of each connection came, and what its offers name.
    pub of: BTreeMap<PeerId, BTreeSet<IpAddr>>,
    /// What answers to checks and RTCP mention, by whom they were sent to.
    pub told: BTreeMap<PeerId, BTreeSet<IpAddr>>,
    /// Answers to checks that were read.
    pub checks: u64,
    /// RTCP compounds that were searched.
    pub compounds: u64,
}

impl SeenAddresses {
    pub(super) fn learn(&mut self, peer: PeerId, address: IpAddr) {
        self.of.entry(peer).or_default().insert(address);
    }

    /// A client names its own.
    pub(super) fn on_offer(&mut self, peer: PeerId, offer: &str) {
        for address in addresses_in(offer.as_bytes()) {
            self.learn(peer, address);
        }
    }

    /// What the media node sends beside media and DTLS is an answer to a check.
    pub(super) fn on_protected(&mut self, peer: PeerId, datagram: &[u8]) {
        if datagram.first().is_none_or(|first| *first > 3) {
            return;
        }
        let Ok(message) = Message::from_bytes(datagram) else { return };
        if let Ok(mapped) = message.attribute::<XorMappedAddress>() {
            self.checks += 1;
            let told = mapped.addr(message.transaction_id()).ip();
            self.told.entry(peer).or_default().insert(told);
        }
    }

    pub(super) fn on_rtcp(&mut self, peer: PeerId, compound: &[u8]) {
        self.compounds += 1;
        self.told.entry(peer).or_default().extend(addresses_in(compound));
    }
}

/// The addresses that a text mentions, apart from those that are nobody's.
pub fn addresses_in(text: &[u8]) -> impl Iterator<Item = IpAddr> {
    let words = text.split(|byte| !byte.is_ascii_hexdigit() && !matches!(byte, b'.' | b':'));
    let short = words.filter(|word| (2..=TEXT_BYTES_MAX).contains(&word.len()));
    let addresses = short.filter_map(|word| {
        let word = std::str::from_utf8(word).ok()?.trim_end_matches('.');
        let bare = || word.rsplit_once(':').map_or(word, |(address, _port)| address);
        word.parse().or_else(|_| bare().parse()).ok()
    });
    addresses.filter(|address: &IpAddr| !address.is_unspecified() && !address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_wherever_they_stand() {
        let text = br#"{"answer":"c=IN IP4 0.0.0.0\r\na=candidate:1 1 udp 7 10.4.0.9 1024 typ host\r\na=x:[2001:db8::7] 192.168.0.3:40000."}"#;
        let found: BTreeSet<IpAddr> = addresses_in(text).collect();
        let wanted = ["10.4.0.9", "2001:db8::7", "192.168.0.3"];
        assert_eq!(found, wanted.into_iter().map(|address| address.parse().expect("one")).collect());
    }

    #[test]
    fn fingerprints_versions_and_times_are_no_addresses() {
        let text = b"a=fingerprint:sha-256 BF:8C:2B:7F:6F:FC:7A:2E:98:B3 o=- 12 1.2.3 10:30:00 3.0 ::";
        assert_eq!(addresses_in(text).count(), 0);
    }
}
