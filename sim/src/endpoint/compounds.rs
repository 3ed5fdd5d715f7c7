//! Owns how RTCP packets come together in datagrams: as many in one compound as a datagram takes, and no more (NET-007).

use bytes::Bytes;
use media_core::limits::DATAGRAM_BYTES_MAX;

/// RTCP packets on their way into datagrams.
#[derive(Debug, Default)]
pub(super) struct Compounds {
    full: Vec<Bytes>,
    open: Vec<u8>,
}

impl Compounds {
    /// Adds what `write` appends, which fits one datagram.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.open.len();
        write(&mut self.open);
        if before > 0 && self.open.len() > DATAGRAM_BYTES_MAX {
            let rest = self.open.split_off(before);
            let full = std::mem::replace(&mut self.open, rest);
            self.full.push(Bytes::from(full));
        }
    }

    /// The datagrams, in order.
    pub(super) fn finish(mut self) -> Vec<Bytes> {
        if !self.open.is_empty() {
            self.full.push(Bytes::from(self.open));
        }
        self.full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_share_datagrams_that_none_of_them_bursts() {
        let mut compounds = Compounds::default();
        for packet in 0..7 {
            compounds.add(|out| out.resize(out.len() + 500, packet));
        }
        let datagrams = compounds.finish();
        assert_eq!(datagrams.iter().map(Bytes::len).collect::<Vec<_>>(), [1_000, 1_000, 1_000, 500]);
        assert_eq!(datagrams[1][..], [[2; 500], [3; 500]].concat());
    }

    #[test]
    fn nothing_to_say_makes_no_datagram() {
        let mut compounds = Compounds::default();
        compounds.add(|_| {});
        assert!(compounds.finish().is_empty());
    }
}
