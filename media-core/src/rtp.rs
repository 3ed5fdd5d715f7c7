//! Owns what can be read from, and written into, RTP and RTCP packets without their key: headers, header
//! extensions, feedback and sequence arithmetic. Payload bytes are never looked at; what to do with a packet is
//! decided elsewhere.

pub mod dependency;
pub mod ext;
pub mod header;
pub mod meta;
pub mod red;
pub mod rtcp;
pub mod sequence;
pub mod writer;

pub use dependency::{DependencyDescriptor, DependencyStructure};
pub use ext::{AudioLevel, StreamId};
pub use header::RtpView;
pub use meta::{FrameMeta, FrameReader, PacketMeta};
pub use red::{RED_PAYLOAD_TYPE, RedHistory, RedView, Redundant};
pub use sequence::{SequenceUnwrapper, TimestampUnwrapper, is_newer};
pub use writer::{RtpHeader, RtpWriter};

use crate::Ssrc;

/// The stream of packets that are nothing but padding and probe what a path carries, in both directions. It is nobody's
/// media: it is counted by transport-wide feedback, and goes no further. libwebrtc and str0m probe on the same one, and give feedback on
/// no other that they know nothing of.
pub const PROBE_SSRC: Ssrc = Ssrc(0);
/// Payload type of [`PROBE_SSRC`].
pub const PROBE_PAYLOAD_TYPE: u8 = 127;

/// What a datagram is, by its first two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Media (RFC 3550 section 5).
    Rtp,
    /// Reports and feedback (RFC 3550 section 6).
    Rtcp,
    /// STUN, DTLS or anything else that is not for this module.
    Other,
}

/// Tells RTP from RTCP from the rest: the first byte of both is 128 to 191 (RFC 7983 section 7), and RTCP's packet
/// type, without its top bit, lies in the range 64 to 95 that RTP payload types avoid (RFC 5761 section 4).
pub fn demux(bytes: &[u8]) -> Protocol {
    match bytes {
        [128..=191, second, ..] if (64..=95).contains(&(second & 0x7f)) => Protocol::Rtcp,
        [128..=191, _, ..] => Protocol::Rtp,
        _ => Protocol::Other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::test_runner::{Config, RngSeed};

    use super::{Protocol, demux};

    /// Many cheap cases, the same ones in every run.
    pub(super) fn many_cases() -> Config {
        Config { rng_seed: RngSeed::Fixed(0x7270), failure_persistence: None, ..Config::with_cases(10_000) }
    }

    #[test]
    fn stun_dtls_and_turn_channels_are_other() {
        for first in (0..128).chain(192..=255) {
            assert_eq!(demux(&[first, 200]), Protocol::Other, "{first}");
        }
    }

    #[test]
    fn the_payload_type_tells_rtp_from_rtcp_whatever_the_marker() {
        for marker in [0, 0x80] {
            assert_eq!(demux(&[0x80, marker + 63]), Protocol::Rtp);
            assert_eq!(demux(&[0x80, marker + 64]), Protocol::Rtcp);
            assert_eq!(demux(&[0x80, marker + 95]), Protocol::Rtcp);
            assert_eq!(demux(&[0x80, marker + 96]), Protocol::Rtp);
        }
    }

    #[test]
    fn less_than_two_bytes_are_other() {
        assert_eq!(demux(&[]), Protocol::Other);
        assert_eq!(demux(&[0x80]), Protocol::Other);
    }
}
