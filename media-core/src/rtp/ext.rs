//! Owns the RTP header extensions of the session: their identifiers and the meaning of all but the dependency
//! descriptor, which is in [`super::dependency`].

use super::header::RtpView;

/// Audio level (RFC 6464).
pub const AUDIO_LEVEL: u8 = 1;
/// Transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2).
pub const TRANSPORT_SEQUENCE: u8 = 3;
/// Media description identification (RFC 9143 section 15).
pub const MID: u8 = 4;
/// RTP stream identifier (RFC 8852 section 3.1).
pub const RID: u8 = 10;
/// RTP stream identifier of what a retransmission repairs (RFC 8852 section 3.2).
pub const REPAIRED_RID: u8 = 11;
/// Dependency descriptor (AV1 RTP specification, appendix A).
pub const DEPENDENCY_DESCRIPTOR: u8 = 13;

/// How loud a packet of audio is (RFC 6464 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// In -dBov, `0..=127`: 0 is the loudest, 127 is silence.
    pub level: u8,
    /// Whether the sender believes that somebody speaks.
    pub voice: bool,
}

impl AudioLevel {
    /// Reads the extension's data; `None` unless it is one byte.
    pub const fn read(data: &[u8]) -> Option<Self> {
        match data {
            [byte] => Some(Self { level: *byte & 0x7f, voice: *byte & 0x80 != 0 }),
            _ => None,
        }
    }

    /// The extension's data. A level beyond 127 is written as 127.
    pub const fn bytes(self) -> [u8; 1] {
        let level = if self.level > 127 { 127 } else { self.level };
        [level | (self.voice as u8) << 7]
    }
}

/// A MID or RID, short enough to be copied about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    bytes: [u8; Self::BYTES_MAX],
    length: u8,
}

impl StreamId {
    /// The longest identifier that fits a one-byte extension element.
    pub const BYTES_MAX: usize = 16;

    /// Of 1 to [`StreamId::BYTES_MAX`] bytes; `None` otherwise.
    pub fn new(id: &[u8]) -> Option<Self> {
        if id.is_empty() || id.len() > Self::BYTES_MAX {
            return None;
        }
        let mut bytes = [0; Self::BYTES_MAX];
        bytes[..id.len()].copy_from_slice(id);
        Some(Self { bytes, length: id.len() as u8 })
    }

    /// The identifier's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl<'a> RtpView<'a> {
    /// How loud it is, if it says so.
    pub fn audio_level(&self) -> Option<AudioLevel> {
        self.extension(AUDIO_LEVEL).and_then(AudioLevel::read)
    }

    /// The transport-wide sequence number, if it has one.
    pub fn transport_sequence(&self) -> Option<u16> {
        self.extension(TRANSPORT_SEQUENCE)?.try_into().ok().map(u16::from_be_bytes)
    }

    /// The MID, if it has one.
    pub fn mid(&self) -> Option<&'a [u8]> {
        self.extension(MID)
    }

    /// The RID, if it has one.
    pub fn rid(&self) -> Option<&'a [u8]> {
        self.extension(RID)
    }

    /// The RID of what it repairs, if it is a retransmission that says so.
    pub fn repaired_rid(&self) -> Option<&'a [u8]> {
        self.extension(REPAIRED_RID)
    }
}

#[cfg(test)]
mod tests {
    use super::{AudioLevel, StreamId};

    #[test]
    fn the_top_bit_of_an_audio_level_says_voice() {
        assert_eq!(AudioLevel::read(&[0x80 + 30]), Some(AudioLevel { level: 30, voice: true }));
        assert_eq!(AudioLevel::read(&[127]), Some(AudioLevel { level: 127, voice: false }));
    }

    #[test]
    fn an_audio_level_of_another_length_is_none() {
        assert_eq!(AudioLevel::read(&[]), None);
        assert_eq!(AudioLevel::read(&[1, 2]), None);
    }

    #[test]
    fn every_audio_level_survives_the_wire() {
        for level in 0..=127 {
            for voice in [false, true] {
                let sent = AudioLevel { level, voice };
                assert_eq!(AudioLevel::read(&sent.bytes()), Some(sent));
            }
        }
    }

    #[test]
    fn a_level_that_is_too_low_does_not_turn_into_voice() {
        assert_eq!(AudioLevel { level: 200, voice: false }.bytes(), [127]);
    }

    #[test]
    fn a_stream_id_has_one_to_sixteen_bytes() {
        assert_eq!(StreamId::new(b""), None);
        assert_eq!(StreamId::new(&[b'a'; 17]), None);
        assert_eq!(StreamId::new(b"q").map(|id| id.as_bytes().to_vec()), Some(b"q".to_vec()));
        assert_eq!(StreamId::new(&[b'a'; 16]).map(|id| id.as_bytes().len()), Some(16));
    }
}
