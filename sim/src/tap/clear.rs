//! Owns what stands in clear in media: which header extensions, contributing sources and RTCP packets an observer reads
//! without any key (E2E-011).

use std::collections::BTreeMap;

use media_core::rtp::RtpView;

/// Which fields stood in clear, and in how many packets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClearFields {
    /// RTP packets looked at.
    pub packets: u64,
    /// Packets with each header extension, by its identifier.
    pub extensions: BTreeMap<u8, u64>,
    /// Packets with contributing sources.
    pub with_sources: u64,
    /// RTCP packets, by packet type (RFC 3550 section 12.1).
    pub rtcp: BTreeMap<u8, u64>,
}

impl ClearFields {
    pub(super) fn on_rtp(&mut self, bytes: &[u8], view: &RtpView<'_>) {
        self.packets += 1;
        self.with_sources += u64::from(bytes.first().is_some_and(|first| first & 0x0f != 0));
        for (id, _) in view.extensions() {
            *self.extensions.entry(id).or_default() += 1;
        }
    }

    /// Reads the packet types of a compound, whatever stands in them.
    pub(super) fn on_rtcp(&mut self, mut bytes: &[u8]) {
        while let [_, kind, high, low, ..] = bytes {
            *self.rtcp.entry(*kind).or_default() += 1;
            let length = 4 * (usize::from(u16::from_be_bytes([*high, *low])) + 1);
            bytes = bytes.get(length..).unwrap_or_default();
        }
    }
}
